-- Rows are judged when they are written: only those count that meet the
-- hook's condition and columns.  If there is none, it does not fire.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA judged;
SET search_path = judged;
CREATE TABLE t (id int PRIMARY KEY, state text, big text);
CREATE TABLE part (id int, state text) PARTITION BY LIST (id);
CREATE TABLE part1 (state text, dropped int, id int);
ALTER TABLE part1 DROP dropped;
ALTER TABLE part ATTACH PARTITION part1 FOR VALUES IN (1, 2, 3);
CREATE FUNCTION told(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: %', event->>'hook',
    (SELECT string_agg(format('%s %s', c->>'action', c->>'rows'), ', ' ORDER BY n)
       FROM jsonb_array_elements(event->'changes') WITH ORDINALITY AS a (c, n));
END $$;
SELECT hooks.register('paid', 'before_commit', 'insert, update', 't', 'told', condition => $$NEW.state = 'paid'$$),
       hooks.register('left', 'before_commit', 'update', 't', 'told',
                      condition => $$OLD.state = 'paid' AND NEW.state IS DISTINCT FROM OLD.state$$),
       hooks.register('gone', 'before_commit', 'delete', 't', 'told', condition => 'OLD.id > 100 AND length(OLD.big) > 1000'),
       hooks.register('assigned', 'before_commit', 'insert, update', 't', 'told', columns => '{state}'),
       hooks.register('both', 'before_commit', 'update', 't', 'told', columns => '{state}', condition => 'NEW.id = 1');

INSERT INTO t VALUES (1, 'new'), (2, 'paid'), (3, 'paid');
INSERT INTO t SELECT 100 + i, 'new', repeat('x', 900 + i) FROM generate_series(99, 103) i;
BEGIN;
UPDATE t SET state = 'sent' WHERE id < 3;
UPDATE t SET big = 'y' WHERE id < 3;
-- later the row is as it was; it was judged then
UPDATE t SET state = 'paid' WHERE id = 2;
COMMIT;
UPDATE t SET big = 'z' WHERE id = 1;
-- a column that the statement assigns, with the value that it has
UPDATE t SET state = state, big = big WHERE id < 3;
DELETE FROM t WHERE id > 100;
-- MERGE, ON CONFLICT, and a query in WITH
MERGE INTO t USING (VALUES (1), (9)) v (id) ON t.id = v.id
  WHEN MATCHED THEN UPDATE SET state = 'paid' WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'new');
INSERT INTO t VALUES (1, 'x'), (10, 'paid') ON CONFLICT (id) DO UPDATE SET big = 'c';
WITH u AS (UPDATE t SET state = 'with' WHERE id = 3 RETURNING id) UPDATE t SET big = 'w' WHERE id = 2;
-- a cursor's row
BEGIN;
DECLARE cur CURSOR FOR SELECT * FROM t WHERE id = 1 FOR UPDATE;
FETCH cur;
UPDATE t SET state = 'cursor' WHERE CURRENT OF cur;
COMMIT;
-- a column assigned in a savepoint, once kept and once not
BEGIN;
SAVEPOINT a;
UPDATE t SET state = 'a' WHERE id = 1;
ROLLBACK TO a;
UPDATE t SET state = 'b' WHERE id = 2;
SAVEPOINT b;
UPDATE t SET state = 'c' WHERE id = 3;
RELEASE b;
COMMIT;
-- a BEFORE trigger has the last word about the row
CREATE FUNCTION pays() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.state := 'paid'; RETURN NEW; END$$;
CREATE TRIGGER pays BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pays();
INSERT INTO t VALUES (20, 'new');
SELECT hooks.unregister(name) FROM hooks.registry WHERE relation = 't'::regclass;

-- a foreign key's action assigns its columns
CREATE TABLE ref (id int, t_id int REFERENCES t ON UPDATE CASCADE ON DELETE SET NULL, other int);
INSERT INTO ref VALUES (1, 1), (2, 1), (3, 2);
SELECT hooks.register('key', 'before_commit', 'update', 'ref', 'told', columns => '{t_id}'),
       hooks.register('not_key', 'before_commit', 'update', 'ref', 'told', columns => '{other}'),
       hooks.register('nulled', 'before_commit', 'update', 'ref', 'told', columns => '{t_id}', condition => 'NEW.t_id IS NULL');
UPDATE t SET id = id + 1000 WHERE id < 3;
DELETE FROM t WHERE id = 1001;

-- of a partitioned table, whose partition has its columns elsewhere
SELECT hooks.register('part', 'before_commit', 'insert, update', 'part', 'told', condition => $$NEW.state = 'yes'$$),
       hooks.register('part_column', 'before_commit', 'update', 'part', 'told', columns => '{state}');
INSERT INTO part VALUES (1, 'no'), (2, 'yes');
UPDATE part SET state = 'yes' WHERE id = 1;
UPDATE part1 SET id = 3 WHERE id = 1;

-- action name: the rows that get their name
CREATE TABLE person (id int, first text, last text);
SELECT hooks.register('named', 'before_commit', 'name', 'person', 'told', columns => '{first,last}');
BEGIN;
INSERT INTO person VALUES (1, 'a', 'b'), (2, 'c', NULL), (3, NULL, NULL);
UPDATE person SET last = 'd' WHERE id = 2;
UPDATE person SET last = 'e' WHERE id = 1;
COMMIT;
UPDATE person SET last = 'f' WHERE id = 1;

-- a condition without rows; one that fails, under each policy
CREATE FUNCTION picky(int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF $1 = 13 THEN RAISE EXCEPTION 'not %', $1; END IF;
  RETURN $1 > 10;
END $$;
SELECT hooks.register('who', 'before_commit', 'insert, truncate', 'person', 'told', condition => $$current_user = 'nobody'$$),
       hooks.register('abort', 'before_commit', 'insert', 'person', 'told', condition => 'picky(NEW.id)');
INSERT INTO person (id) VALUES (1), (11);
TRUNCATE person;
INSERT INTO person (id) VALUES (11), (12), (13);
SELECT hooks.register('abort', 'before_commit', 'insert', 'person', 'told', condition => 'picky(NEW.id)',
                      on_error => 'isolate', replace => true);
INSERT INTO person (id) VALUES (11), (12), (13);
SELECT hook, phase, action, message FROM hooks.failure WHERE hook = 'abort';
SET client_min_messages = warning;
DROP SCHEMA judged CASCADE;
