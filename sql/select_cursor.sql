-- What a callback does to the cursor whose last read it is told of: it can neither close it,
-- which is about to happen, nor fetch from it.
\i sql/include/preload.psql
CREATE SCHEMA test_select_cursor;
SET search_path = test_select_cursor;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 3) i;
CREATE FUNCTION run(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% rows, % cursors', event->'rows', (SELECT count(*) FROM pg_cursors WHERE name IN ('c', 'd'));
  EXECUTE current_setting('test.command');
  RAISE NOTICE '% cursors are left', (SELECT count(*) FROM pg_cursors WHERE name IN ('c', 'd'));
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE '%', sqlerrm;
END $$;
SELECT hooks.register('run', 'after', 'select', 't', 'run', on_error => 'abort');
CREATE FUNCTION fail(event jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'failed'; END $$;

-- closed, by its name
SET test.command = 'CLOSE c';
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; FETCH 1 FROM c; CLOSE c; SELECT name FROM pg_cursors; COMMIT;
-- with all others, of which each goes once
SET test.command = 'CLOSE ALL';
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; DECLARE d CURSOR FOR SELECT 1; FETCH 1 FROM c; CLOSE c; SELECT name FROM pg_cursors; COMMIT;
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; DECLARE d CURSOR FOR SELECT id FROM t; FETCH 1 FROM c; FETCH 1 FROM d; CLOSE ALL; SELECT name FROM pg_cursors; COMMIT;
-- by the end of the transaction
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; FETCH 1 FROM c; COMMIT;
-- kept
BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT id FROM t; FETCH 1 FROM c; COMMIT;
FETCH ALL FROM c;
CLOSE c;
-- read on
SET test.command = 'FETCH 1 FROM c';
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; FETCH 1 FROM c; CLOSE c; COMMIT;
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; FETCH 1 FROM c; COMMIT;
SET test.command = 'MOVE ALL FROM c';
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; FETCH ALL FROM c; COMMIT;

-- A failure leaves a cursor that can be closed, and a transaction that goes on at the savepoint
SELECT hooks.register('fail', 'after', 'select', 't', 'fail', on_error => 'abort');
SET test.command = 'CLOSE ALL';
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; SAVEPOINT s; FETCH 1 FROM c;
CLOSE c;
ROLLBACK TO s; SELECT count(*) FROM pg_cursors WHERE name = 'c';
FETCH 1 FROM c;
ROLLBACK TO s; CLOSE c;
COMMIT;
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; FETCH 1 FROM c; SAVEPOINT s; CLOSE c; ROLLBACK TO s; COMMIT;
BEGIN; SAVEPOINT s; DECLARE c CURSOR FOR SELECT id FROM t; FETCH 1 FROM c; CLOSE c; ROLLBACK TO s; COMMIT;
DO $$ DECLARE c CURSOR FOR SELECT id FROM test_select_cursor.t; n int; BEGIN OPEN c; FETCH c INTO n; BEGIN CLOSE c; EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE '%', sqlerrm; END; END $$;
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; FETCH 1 FROM c;
COMMIT;
SELECT count(*) FROM pg_cursors WHERE name = 'c';

SELECT hooks.unregister('run'), hooks.unregister('fail');
SET client_min_messages = warning;
DROP SCHEMA test_select_cursor CASCADE;
\i sql/include/preload_end.psql
