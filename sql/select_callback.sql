-- What the callback of a hook on select may do: refuse, fail, read itself, write.
\i sql/include/preload.psql
CREATE SCHEMA test_select_callback;
SET search_path = test_select_callback;
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_select_owner;
CREATE ROLE regress_select_user;
GRANT USAGE ON SCHEMA test_select_callback TO regress_select_owner, regress_select_user;
CREATE TABLE t (id int, v text);
INSERT INTO t VALUES (1, 'a'), (2, 'b');
GRANT SELECT ON t TO regress_select_user;
GRANT TRIGGER, SELECT ON t TO regress_select_owner;
CREATE TABLE seen (n serial, who name, "as" name, what text, root text, columns name[], statement text);
GRANT INSERT ON seen TO regress_select_owner;
GRANT USAGE ON seen_n_seq TO regress_select_owner;
CREATE FUNCTION note(event jsonb) RETURNS int LANGUAGE plpgsql AS $$
DECLARE c hooks.context := hooks.context();
BEGIN
  ASSERT c.hook = event->>'hook' AND c.caller = event->>'caller' AND c.statement = event->>'statement' AND c.phase = event->>'phase';
  ASSERT c.action = 'select' AND c.level = 'statement' AND c.relation::regclass = (event->>'relation')::regclass;
  ASSERT c.cascade_depth = 0 AND c.constraint_name IS NULL AND c.fired_at = (event->>'fired_at')::timestamptz;
  ASSERT c.transaction_id::text IS NOT DISTINCT FROM event->>'transaction_id' AND c.session_user = event->>'session_user';
  INSERT INTO seen (who, "as", what, root, columns, statement)
  VALUES (c.caller, current_user, c.phase, concat_ws(' ', c.root_action, c.root_relation::regclass), c.columns, c.statement);
  RETURN 1;
END $$;
CREATE FUNCTION refuse(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF event->'columns' ? 'v' THEN PERFORM hooks.cancel('column v is not for you', hint => 'Ask.'); END IF;
END $$;
CREATE FUNCTION fail(event jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'failed'; END $$;

-- It runs as the hook's owner, and knows who reads
SET ROLE regress_select_owner;
SELECT hooks.register('note', 'after', 'select', 't', 'note', on_error => 'abort');
RESET ROLE;
SET ROLE regress_select_user;
SELECT id FROM t;
RESET ROLE;
UPDATE t SET v = 'c' WHERE id = 2;
SELECT who, "as", what, root, columns, statement FROM seen ORDER BY n;
SELECT hooks.unregister('note');

-- A veto before, under every policy; after, it is a failure
SELECT hooks.register('refuse', 'before', 'select', 't', 'refuse', on_error => 'isolate');
SELECT id FROM t;
SELECT v FROM t;
UPDATE t SET id = 3 WHERE v = 'c';
DO $$ BEGIN PERFORM v FROM t; EXCEPTION WHEN SQLSTATE 'KH001' THEN RAISE NOTICE 'caught: %', sqlerrm; END $$;
BEGIN;
DECLARE c CURSOR FOR SELECT v FROM t;
FETCH 1 FROM c;
ROLLBACK;
SELECT hooks.register('refuse', 'after', 'select', 't', 'refuse', replace => true);
SELECT v FROM t WHERE id = 1;
SELECT hooks.register('refuse', 'after', 'select', 't', 'refuse', on_error => 'abort', replace => true);
SELECT v FROM t WHERE id = 1;
SELECT hooks.unregister('refuse');

-- Failures
SELECT hooks.register('fail', 'before', 'select', 't', 'fail');
SELECT id FROM t;
SELECT hooks.register('fail', 'before', 'select', 't', 'fail', on_error => 'quarantine', replace => true);
SET hooks.quarantine_after = 2;
SELECT id FROM t WHERE id = 1;
SELECT id FROM t WHERE id = 1;
SELECT id FROM t WHERE id = 1;
SELECT phase, action, relation, message FROM hooks.failure WHERE hook = 'fail' ORDER BY failure_id;
SELECT hooks.unregister('fail');

-- In a transaction that reads only, no row tells of a failure.  To write there is one
-- that no policy swallows: the caller could bring it about.
TRUNCATE hooks.failure, seen;
SELECT hooks.register('fail', 'before', 'select', 't', 'fail', on_error => 'quarantine');
BEGIN READ ONLY;
SELECT id FROM t WHERE id = 1;
SELECT pg_current_xact_id_if_assigned() IS NULL;
COMMIT;
SELECT hooks.register('fail', 'before', 'select', 't', 'note', on_error => 'isolate', replace => true);
BEGIN READ ONLY;
\set VERBOSITY terse
SELECT id FROM t WHERE id = 1;
\set VERBOSITY default
COMMIT;
SELECT count(*) FROM hooks.failure;
SELECT count(*) FROM seen;
SELECT hooks.unregister('fail');

-- Hooks fire for what callbacks read, too: not for ever
CREATE FUNCTION read_again(event jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM id FROM t; END $$;
SELECT hooks.register('again', 'before', 'select', 't', 'read_again');
SET hooks.max_depth = 3;
\set VERBOSITY terse
SELECT id FROM t;
\set VERBOSITY default
RESET hooks.max_depth;
SELECT hooks.unregister('again');

-- What the callback writes is not there for the statement, as with triggers
CREATE FUNCTION add(event jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO test_select_callback.t VALUES (9, 'z') $$;
SELECT hooks.register('add', 'before', 'select', 't', 'add');
SELECT count(*) FROM t;
SELECT count(*) FROM t;
SELECT hooks.unregister('add');

-- Conditions without a row; pause, switch, replication role, opt-in; counted
SELECT hooks.register('note', 'before', 'select', 't', 'note', condition => $$current_setting('test.note', true) = 'on'$$);
TRUNCATE seen;
SELECT count(*) FROM t;
SET test.note = on;
SELECT count(*) FROM t;
SELECT count(*) FROM seen;
SELECT hooks.reset_stats();
BEGIN;
SELECT hooks.pause('note', 'test');
SELECT count(*) FROM t;
COMMIT;
SET hooks.enabled = off;
SELECT count(*) FROM t;
RESET hooks.enabled;
SET session_replication_role = replica;
SELECT count(*) FROM t;
RESET session_replication_role;
SELECT count(*) FROM seen;
SELECT calls, rows, bypassed FROM hooks.stats WHERE hook = 'note';
SELECT hooks.register('note', 'before', 'select', 't', 'note', activation => 'opt_in', replace => true);
SELECT count(*) FROM t;
SET hooks.opt_in = 'note';
SELECT count(*) FROM t;
RESET hooks.opt_in;
SELECT count(*) FROM seen;

-- A change is in force from the next statement on
SELECT hooks.register('note', 'before', 'select', 't', 'note', replace => true);
SELECT hooks.disable('note') FROM t LIMIT 1;
SELECT count(*) FROM t;
SELECT count(*) FROM seen;
SELECT hooks.unregister('note');

-- A parallel operation: an error under abort, else left out
CREATE TABLE large AS SELECT i AS id FROM generate_series(1, 1000) i;
CREATE FUNCTION reads(int) RETURNS bigint LANGUAGE sql PARALLEL SAFE AS 'SELECT count(*) FROM test_select_callback.t';
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
ALTER TABLE large SET (parallel_workers = 2);
ANALYZE large;
SET parallel_leader_participation = off;
SELECT hooks.register('large', 'before', 'select', 'large', 'note');
TRUNCATE seen;
SELECT count(*) FROM large WHERE id > 0;
SELECT count(*) FROM seen;
SELECT hooks.register('note', 'before', 'select', 't', 'note');
\set VERBOSITY sqlstate
SELECT sum(reads(id)) FROM large WHERE id <= 10;
\set VERBOSITY default
SELECT hooks.register('note', 'before', 'select', 't', 'note', on_error => 'isolate', replace => true);
SELECT sum(reads(id)) FROM large WHERE id <= 10;
SELECT count(*) FROM seen;
-- which is counted
SET parallel_leader_participation = on;
SET max_parallel_workers = 0;
SELECT hooks.reset_stats();
SELECT sum(reads(id)) FROM large WHERE id <= 10;
SELECT hook, calls, bypassed FROM hooks.stats ORDER BY hook;
RESET max_parallel_workers;

SELECT hooks.unregister('note'), hooks.unregister('large');
SET client_min_messages = warning;
DROP SCHEMA test_select_callback CASCADE;
DROP OWNED BY regress_select_owner, regress_select_user;
DROP ROLE regress_select_owner, regress_select_user;
\i sql/include/preload_end.psql
