-- What after_commit hooks are to hear of is written to the log by the statement
-- itself: one event, with the rows, however many hooks want it; nothing if it is
-- rolled back.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_after_commit;
SET search_path = test_after_commit;
\i sql/include/log.psql
CREATE TABLE t (id int PRIMARY KEY, name text, extra text DEFAULT 'x');

-- one event a statement, which both hooks share
SELECT hooks.register('ac_all', 'after_commit', 'write', 't', 'callback');
SELECT hooks.register('ac_insert', 'after_commit', 'insert', 't', 'callback');
INSERT INTO t SELECT g, 'n' || g FROM generate_series(1, 3) g;
UPDATE t SET name = upper(name) WHERE id < 3;
DELETE FROM t WHERE id = 3;
TRUNCATE t;
INSERT INTO t SELECT 1 WHERE false;
SELECT action, hooks, old_rows, new_rows, selections FROM written();
SELECT seen();

-- what an event tells, and that it is the transaction's
BEGIN;
SET LOCAL hooks.metadata = '{"request": 7}';
INSERT INTO t VALUES (1, 'one');
SELECT event FROM written();
SELECT transaction_id = pg_current_xact_id(), relation::regclass FROM written();
ROLLBACK;
SELECT count(*) FROM written();

-- savepoints and blocks that caught an error leave nothing of what they took back
BEGIN;
INSERT INTO t VALUES (1, 'stays');
SAVEPOINT s;
INSERT INTO t VALUES (2, 'goes');
ROLLBACK TO s;
DO $$
BEGIN
  INSERT INTO t VALUES (3, 'goes');
  INSERT INTO t VALUES (1, 'duplicate');
EXCEPTION WHEN unique_violation THEN
  INSERT INTO t VALUES (4, 'stays');
END $$;
COMMIT;
SELECT new_rows FROM written();
SELECT seen();

-- a statement of many rows has an event for each hooks.delivery_rows of them
SET hooks.delivery_rows = 400;
INSERT INTO t SELECT g, 'n' || g FROM generate_series(1001, 2000) g;
RESET hooks.delivery_rows;
SELECT n_new, new_rows->0->'id', new_rows->-1->'id' FROM written();
SELECT seen();

-- each statement inside a function is one of its own
CREATE FUNCTION two() RETURNS void LANGUAGE sql AS $$ UPDATE t SET name = 'a' WHERE id = 1; UPDATE t SET name = 'b' WHERE id = 1 $$;
SELECT two();
SELECT action, old_rows, new_rows FROM written();
SELECT seen();

-- ON CONFLICT, MERGE and COPY: an event for each thing that they do
INSERT INTO t VALUES (1, 'again'), (5, 'new') ON CONFLICT (id) DO UPDATE SET name = excluded.name;
MERGE INTO t USING (VALUES (1), (5), (6)) v (id) ON t.id = v.id
  WHEN MATCHED AND t.id = 1 THEN DELETE
  WHEN MATCHED THEN UPDATE SET name = 'merged'
  WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'merged');
COPY t FROM stdin;
7	copied	x
8	copied	y
\.
SELECT action, n_old, n_new, coalesce(new_rows, old_rows) FROM written();
SELECT seen();

-- rows that are frozen at once
BEGIN;
CREATE TABLE fresh (id int);
SELECT hooks.register('ac_fresh', 'after_commit', 'insert', 'fresh', 'callback');
COPY fresh FROM stdin WITH (FREEZE);
1
2
\.
COMMIT;
SELECT action, hooks, new_rows FROM written();
SELECT seen();

-- what an AFTER trigger of the statement does to a row comes after it, and
-- each event has the version that its statement wrote
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE t SET name = 'changed' WHERE id = NEW.id;
  DELETE FROM t WHERE id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER again AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION again();
INSERT INTO t VALUES (9, 'first');
SELECT action, coalesce(new_rows, old_rows) FROM written();

SET client_min_messages = warning;
DROP SCHEMA test_after_commit CASCADE;
SELECT count(*) FROM hooks.registry WHERE name LIKE 'ac_%';
