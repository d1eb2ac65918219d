-- hooks.context(): what a trigger function cannot know.
\pset format unaligned
\pset tuples_only on
\pset null null
CREATE SCHEMA test_context;
SET search_path = test_context;

CREATE TABLE roots (id int PRIMARY KEY, note text, "odd Name" int);
CREATE TABLE children (id int PRIMARY KEY,
                       root_id int CONSTRAINT children_root_fkey REFERENCES roots ON DELETE CASCADE ON UPDATE CASCADE,
                       spare_id int CONSTRAINT children_spare_fkey REFERENCES roots ON DELETE SET NULL);
CREATE TABLE leaves (child_id int CONSTRAINT leaves_fkey REFERENCES children ON DELETE CASCADE);

CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, hook text, phase text, action text, level text, relation regclass,
                  root regclass, root_action text, direct boolean, fkey name, columns name[]);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    INSERT INTO log (hook, phase, action, level, relation, root, root_action, direct, fkey, columns)
    VALUES (c.hook, c.phase, c.action, c.level, c.relation, c.root_relation, c.root_action,
            c.cascade_depth IS NOT DISTINCT FROM 0, c.constraint_name, c.columns);
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION read_log() RETURNS SETOF log LANGUAGE sql AS $$
    WITH l AS (DELETE FROM log RETURNING *) SELECT * FROM l ORDER BY n $$;

-- Outside a firing there is none.
SELECT hooks.context() IS NULL AS outside;

-- A direct statement, at all phases and levels: hook, phase, action, level,
-- relation, root_relation, root_action, whether cascade_depth is 0,
-- constraint_name, columns.
SELECT hooks.register('a', 'before', 'write', 'roots', 'note', level => 'statement', package => 'context');
SELECT hooks.register('b', 'before', 'write', 'roots', 'note', package => 'context');
SELECT hooks.register('c', 'before_cascade', 'update, delete', 'roots', 'note', package => 'context');
SELECT hooks.register('d', 'after', 'write', 'roots', 'note', package => 'context');
SELECT hooks.register('e', 'after', 'write', 'roots', 'note', level => 'statement', package => 'context');
INSERT INTO roots VALUES (1), (2), (3), (4);
SELECT DISTINCT hook, phase, action, level, relation, root, root_action, direct, fkey, columns FROM read_log() ORDER BY hook;
UPDATE roots SET "odd Name" = 1, id = 10 WHERE id = 1;
SELECT hook, phase, action, level, relation, root, root_action, direct, fkey, columns FROM read_log();
TRUNCATE roots CASCADE;
SELECT hook, phase, action, level, relation, root, root_action, direct, fkey, columns FROM read_log();
SELECT hooks.unregister_package('context');

-- In a cascade: the table of the hook, the table and action of the client's
-- statement, and the foreign key by which it came here.
INSERT INTO roots VALUES (1), (2), (3);
INSERT INTO children VALUES (11, 1, 3), (12, 2, 3), (13, NULL, 1);
INSERT INTO leaves VALUES (11), (12);
SELECT hooks.register('a', 'before_cascade', 'delete', 'roots', 'note', package => 'context');
SELECT hooks.register('b', 'before_cascade', 'delete', 'children', 'note', package => 'context');
SELECT hooks.register('c', 'before', 'write', 'children', 'note', package => 'context');
SELECT hooks.register('d', 'before', 'delete', 'leaves', 'note', package => 'context');
SELECT hooks.register('e', 'after', 'delete', 'children', 'note', package => 'context');
BEGIN;
DELETE FROM roots WHERE id = 1;
SELECT hook, relation, root, root_action, direct FROM log WHERE hook = 'e';
SELECT hook, relation, root, root_action, direct, fkey, columns FROM read_log() WHERE hook <> 'e' ORDER BY hook, columns;
UPDATE roots SET id = 20 WHERE id = 2;
SELECT hook, relation, root, root_action, direct, fkey, columns FROM read_log();
ROLLBACK;
SELECT hooks.unregister_package('context');
DELETE FROM log;

-- Nested firings: each has its own context, and the outer one is back when the
-- inner one is over, failed ones included.
CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    RAISE NOTICE '% begins: % on %', c.hook, c.action, c.relation;
    BEGIN
        IF TG_TABLE_NAME = 'roots' THEN
            UPDATE children SET spare_id = NULL WHERE spare_id = OLD.id;
        ELSE
            RAISE EXCEPTION 'no';
        END IF;
    EXCEPTION WHEN raise_exception THEN
        RAISE NOTICE '% fails', (hooks.context()).hook;
    END;
    RAISE NOTICE '% ends', (hooks.context()).hook;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION throw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 / 0;
END $$;
SELECT hooks.register('outer', 'before', 'delete', 'roots', 'nest', package => 'context');
SELECT hooks.register('inner', 'before', 'update', 'children', 'nest', package => 'context');
SELECT hooks.register('isolated', 'before', 'update', 'children', 'throw', on_error => 'isolate', priority => 1,
                      package => 'context');
SELECT hooks.register('last', 'before', 'update', 'children', 'nest', priority => 2, package => 'context');
BEGIN;
DELETE FROM roots WHERE id = 1;
SELECT hooks.context() IS NULL AS outside;
ROLLBACK;
SELECT hooks.register('aborted', 'before', 'delete', 'roots', 'throw', priority => 1, package => 'context');
\set VERBOSITY terse
BEGIN;
SAVEPOINT s;
DELETE FROM roots WHERE id = 3;
ROLLBACK TO s;
SELECT hooks.context() IS NULL AS outside;
ROLLBACK;
SELECT hooks.unregister_package('context');

-- caller: the role that issued the statement, also in a cascade, where
-- current_user is somebody else; and the text of the statement, and what
-- hooks.metadata held.
CREATE ROLE regress_hooks_context;
GRANT USAGE ON SCHEMA test_context TO regress_hooks_context;
GRANT SELECT, DELETE ON roots TO regress_hooks_context;
CREATE FUNCTION who() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    RAISE NOTICE '%: % by %, %, %', c.hook, c.caller, current_user = c.caller, c.statement, c.metadata;
    RAISE NOTICE '%', c.session_user = session_user AND c.transaction_id = pg_current_xact_id()
        AND c.fired_at BETWEEN statement_timestamp() AND clock_timestamp();
    RETURN OLD;
END $$;
SELECT hooks.register('direct', 'before', 'delete', 'roots', 'who', package => 'context');
SELECT hooks.register('cascaded', 'before', 'delete', 'children', 'who', package => 'context');
SET hooks.metadata = '{"request": 7}';
SET ROLE regress_hooks_context;
DELETE FROM roots WHERE id = 2;
RESET ROLE;

-- A command in a function that runs as somebody else is issued by that one,
-- whosever statement fires the function.
CREATE FUNCTION who_drops(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% by %, %', event->>'action', event->>'caller', (hooks.context()).caller;
END $$;
CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DROP TABLE test_context.doomed;
    RETURN NULL;
END $$;
CREATE TABLE doomed (id int);
GRANT CREATE ON SCHEMA test_context TO regress_hooks_context;
ALTER TABLE doomed OWNER TO regress_hooks_context;
ALTER FUNCTION drop_it OWNER TO regress_hooks_context;
CREATE TRIGGER drop_it AFTER INSERT ON roots EXECUTE FUNCTION drop_it();
SELECT hooks.register('drops', 'before', 'drop', 'doomed', 'who_drops');
INSERT INTO roots VALUES (5);

-- The statement is that of the function, not that of its caller, also where
-- only the partitioned table has a trigger.
CREATE FUNCTION what() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% of %', (hooks.context()).statement, (hooks.context()).root_relation;
    RETURN NULL;
END $$;
CREATE TABLE tree (id int) PARTITION BY LIST (id);
CREATE TABLE branch PARTITION OF tree FOR VALUES IN (1);
CREATE FUNCTION cut() RETURNS void LANGUAGE sql AS 'DELETE FROM test_context.tree';
SELECT hooks.register('what', 'after', 'delete', 'tree', 'what', level => 'statement', package => 'context');
SELECT cut();

SELECT hooks.unregister_package('context');
SET client_min_messages = warning;
DROP SCHEMA test_context CASCADE;
DROP ROLE regress_hooks_context;
