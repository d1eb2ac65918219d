-- A hook of phase before_commit fires once, when the transaction that did the
-- action commits, and hears what was done: whatever statements did it, in
-- however many rows, and nothing of what was rolled back.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA at_commit;
SET search_path = at_commit;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE part (id int, note text) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (100);
CREATE TABLE part2 (note text, id int);
ALTER TABLE part ATTACH PARTITION part2 FOR VALUES FROM (100) TO (200);
CREATE FUNCTION told(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% % on %: %', event->>'hook', event->>'action', event->>'relation',
    (SELECT string_agg(format('%s %s %s', c->>'relation', c->>'action', coalesce(c->>'rows', '-')), ', ' ORDER BY n)
       FROM jsonb_array_elements(event->'changes') WITH ORDINALITY AS a (c, n));
END $$;
SELECT hooks.register('parents', 'before_commit', 'write', 'parent', 'told'),
       hooks.register('children', 'before_commit', 'delete, update', 'child', 'told'),
       hooks.register('parts', 'before_commit', 'write', 'part', 'told');

-- one statement, its own transaction
INSERT INTO parent SELECT generate_series(1, 5);
-- several statements; one firing, when all is done
BEGIN;
INSERT INTO parent VALUES (6), (7);
UPDATE parent SET id = 60 WHERE id = 6;
INSERT INTO parent VALUES (8);
\echo commit now
COMMIT;
-- by the cascade of a foreign key
INSERT INTO child SELECT i, i FROM generate_series(1, 5) i;
DELETE FROM parent WHERE id < 3;
UPDATE parent SET id = 30 WHERE id = 3;
-- COPY, TRUNCATE with CASCADE, MERGE, ON CONFLICT
COPY parent FROM stdin;
70
71
\.
MERGE INTO parent p USING (VALUES (70), (72)) v (id) ON p.id = v.id
  WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.id);
INSERT INTO parent VALUES (71), (73) ON CONFLICT (id) DO UPDATE SET id = 75;
INSERT INTO parent VALUES (75) ON CONFLICT DO NOTHING;
TRUNCATE parent CASCADE;
-- a statement that changes no row has not done the action
DELETE FROM parent;
-- rows of partitions, whichever table is named; one that moves is deleted and inserted
INSERT INTO part VALUES (1, 'a'), (2, 'b'), (101, 'c');
UPDATE part2 SET note = 'd';
UPDATE part SET id = 150 WHERE id = 1;
-- TRUNCATE is of the table that is named
TRUNCATE part1;
TRUNCATE part;

-- what was rolled back was not done; what came before and after it was
BEGIN;
INSERT INTO parent VALUES (1);
SAVEPOINT a;
INSERT INTO parent VALUES (2), (3);
DELETE FROM parent;
TRUNCATE part;
ROLLBACK TO a;
SAVEPOINT b;
INSERT INTO parent VALUES (4);
RELEASE b;
COMMIT;
-- only in what is rolled back, then again
BEGIN;
SAVEPOINT a;
DELETE FROM parent;
ROLLBACK TO a;
\echo none
COMMIT;
BEGIN;
SAVEPOINT a;
DELETE FROM parent;
ROLLBACK TO a;
DELETE FROM parent WHERE id = 1;
COMMIT;
-- blocks of PL/pgSQL are savepoints
DO $$
BEGIN
  BEGIN
    INSERT INTO parent VALUES (10), (4);
  EXCEPTION WHEN unique_violation THEN
    INSERT INTO parent VALUES (11);
  END;
  BEGIN
    INSERT INTO parent VALUES (12);
  EXCEPTION WHEN unique_violation THEN NULL;
  END;
END $$;
-- a procedure that commits: each transaction by itself
DO $$
BEGIN
  INSERT INTO parent VALUES (20);
  COMMIT;
  INSERT INTO parent VALUES (21), (22);
END $$;
BEGIN;
INSERT INTO parent VALUES (99);
ROLLBACK;

-- what context() tells; and it is NULL again
CREATE FUNCTION context(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  c hooks.context := hooks.context();
BEGIN
  RAISE NOTICE '%', to_jsonb(c) - '{caller,session_user,transaction_id,fired_at}'::text[];
  RAISE NOTICE '% %', c.transaction_id = pg_current_xact_id(), c.caller = current_user;
END $$;
SELECT hooks.register('parents', 'before_commit', 'insert, delete', 'parent', 'context', replace => true);
SET hooks.metadata = '{"request": 7}';
BEGIN;
INSERT INTO parent VALUES (50);
DELETE FROM parent WHERE id = 50;
COMMIT;
SELECT hooks.context() IS NULL;

-- each UPDATE has its own columns, also one within another whose first row is at the same place
-- of another partition
CREATE TABLE halves (id int, a int, b int) PARTITION BY RANGE (id);
CREATE TABLE halves_1 PARTITION OF halves FOR VALUES FROM (0) TO (10);
CREATE TABLE halves_2 PARTITION OF halves FOR VALUES FROM (10) TO (20);
INSERT INTO halves VALUES (1, 0, 0), (11, 0, 0), (12, 0, 0);
CREATE FUNCTION update_other() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE at_commit.halves SET a = 1 WHERE id < 10;
  RETURN NEW;
END $$;
CREATE TRIGGER other BEFORE UPDATE ON halves_2 FOR EACH ROW WHEN (NEW.id = 12) EXECUTE FUNCTION update_other();
SELECT hooks.register('columns', 'before_commit', 'update', 'halves', 'told', columns => '{a}');
UPDATE halves SET b = 1 WHERE id > 10;
SELECT hooks.unregister('columns');

-- the triggers go with the hooks
SELECT hooks.unregister('parents');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'parent'::regclass AND NOT tgisinternal;
SET client_min_messages = warning;
DROP SCHEMA at_commit CASCADE;
