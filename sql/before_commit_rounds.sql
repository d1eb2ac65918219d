-- Several hooks at one commit: their order across tables, what one does for
-- another, and that none goes on for ever.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA rounds;
SET search_path = rounds;
CREATE TABLE a (id int);
CREATE TABLE b (id int);
CREATE TABLE c (id int);
CREATE FUNCTION told(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: %', event->>'hook',
    (SELECT string_agg(format('%s %s %s', c->>'relation', c->>'action', c->>'rows'), ', ' ORDER BY n)
       FROM jsonb_array_elements(event->'changes') WITH ORDINALITY AS a (c, n));
END $$;
-- writes to another table, whose name is in the hook's
CREATE FUNCTION writes(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM told(event);
  EXECUTE format('INSERT INTO %I VALUES (0)', right(event->>'hook', 1));
END $$;

-- priority, run_after and age, whatever the tables and the order of the statements
SELECT hooks.register('third', 'before_commit', 'insert', 'a', 'told', priority => 5, package => 'order'),
       hooks.register('first', 'before_commit', 'insert', 'b', 'told', priority => -5, package => 'order'),
       hooks.register('second', 'before_commit', 'insert', 'c', 'told', package => 'order'),
       hooks.register('last', 'before_commit', 'insert', 'b', 'told', priority => -9, run_after => '{third}', package => 'order');
BEGIN;
INSERT INTO a VALUES (1);
INSERT INTO c VALUES (1);
INSERT INTO b VALUES (1), (2);
COMMIT;
SELECT hooks.unregister_package('order');

-- what a hook before it did is in the event of the next one, which fires once
SELECT hooks.register('a_to_b', 'before_commit', 'insert', 'a', 'writes', package => 'p'),
       hooks.register('b_told', 'before_commit', 'insert', 'b', 'told', package => 'p');
BEGIN;
INSERT INTO b VALUES (1);
INSERT INTO a VALUES (1);
COMMIT;
-- one that has not been written to fires in the next round; one that has fired
-- does so once more, with what is new
INSERT INTO a VALUES (1);
SELECT hooks.register('c_to_a', 'before_commit', 'insert', 'c', 'writes', package => 'p');
BEGIN;
INSERT INTO a VALUES (1);
INSERT INTO c VALUES (1);
COMMIT;
SELECT hooks.unregister_package('p');

-- what its own callback does is no reason for a hook to fire once more, nor
-- what that causes
CREATE TABLE child (a int PRIMARY KEY, parent int REFERENCES child ON DELETE CASCADE);
CREATE FUNCTION deletes(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM told(event);
  DELETE FROM child WHERE a = 1;
END $$;
INSERT INTO child VALUES (1, NULL), (2, 1), (3, NULL);
SELECT hooks.register('self', 'before_commit', 'delete', 'child', 'deletes');
DELETE FROM child WHERE a = 3;
SELECT count(*) FROM child;
SELECT hooks.unregister('self');

-- two that go on making one another fire are stopped
SELECT hooks.register('a_to_b', 'before_commit', 'insert', 'a', 'writes', package => 'p'),
       hooks.register('b_to_a', 'before_commit', 'insert', 'b', 'writes', package => 'p');
SET hooks.max_depth = 3;
TRUNCATE a, b;
INSERT INTO a VALUES (1);
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM a;
-- so are a hook and a deferred trigger
SELECT hooks.unregister('b_to_a');
CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO a VALUES (0);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER back AFTER INSERT ON b DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION back();
INSERT INTO a VALUES (1);
-- one round back is none too many: the next transaction starts anew
DROP TRIGGER back ON b;
CREATE CONSTRAINT TRIGGER back AFTER INSERT ON b DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.id = 7) EXECUTE FUNCTION back();
BEGIN;
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (7);
COMMIT;
RESET hooks.max_depth;
SELECT hooks.unregister_package('p');

-- a deferred constraint that the callback breaks is looked at
CREATE TABLE strict (id int REFERENCES child DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION breaks(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO rounds.strict VALUES (99)';
SELECT hooks.register('breaks', 'before_commit', 'insert', 'a', 'breaks', on_error => 'isolate');
INSERT INTO a VALUES (5);
SELECT count(*) FROM a WHERE id = 5;
SELECT hooks.unregister('breaks');

-- a callback that fires other hooks while it runs, and has savepoints
CREATE FUNCTION inner_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'row hook in %', (hooks.context()).hook;
  RETURN NEW;
END $$;
CREATE FUNCTION tries(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    INSERT INTO b VALUES (1), (2);
    RAISE EXCEPTION 'taken back';
  EXCEPTION WHEN raise_exception THEN
    INSERT INTO c VALUES (1);
  END;
END $$;
SELECT hooks.register('row', 'before', 'insert', 'c', 'inner_row', package => 'p'),
       hooks.register('tries', 'before_commit', 'insert', 'a', 'tries', package => 'p'),
       hooks.register('b_told', 'before_commit', 'insert', 'b', 'told', package => 'p'),
       hooks.register('c_told', 'before_commit', 'insert', 'c', 'told', package => 'p');
INSERT INTO a VALUES (6);
SET client_min_messages = warning;
DROP SCHEMA rounds CASCADE;
