-- A before_commit hook can stop the commit; its policy says what else an
-- error of it means.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA vetoes;
SET search_path = vetoes;
CREATE TABLE t (id int);
CREATE TABLE log (what text);
CREATE FUNCTION stops(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hooks.cancel('not this', 'a detail', 'a hint');
END $$;
CREATE FUNCTION fails(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO log VALUES (event->>'hook');
  RAISE EXCEPTION 'failed';
END $$;
CREATE FUNCTION logs(event jsonb) RETURNS int LANGUAGE sql AS $$
  INSERT INTO log VALUES (event->>'hook') RETURNING 1 $$;
CREATE FUNCTION sleeps(event jsonb) RETURNS void LANGUAGE sql AS 'SELECT pg_sleep(60)';

-- a veto, also under isolate, takes the whole transaction back
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'stops', on_error => 'isolate');
INSERT INTO t VALUES (1);
\echo :LAST_ERROR_SQLSTATE
BEGIN;
INSERT INTO log VALUES ('before');
INSERT INTO t VALUES (2);
INSERT INTO log VALUES ('after');
COMMIT;
SELECT count(*) FROM t, log;
BEGIN;
INSERT INTO t VALUES (3);
PREPARE TRANSACTION 'not this';
SELECT count(*) FROM pg_prepared_xacts;
-- no firing is left over from it
SELECT hooks.context() IS NULL;

-- abort, isolate, quarantine
\set SHOW_CONTEXT never
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'fails', replace => true),
       hooks.register('logs', 'before_commit', 'insert, update', 't', 'logs', priority => 5);
SELECT on_error FROM hooks.registry WHERE name = 'h';
INSERT INTO t VALUES (1);
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'fails', on_error => 'isolate', replace => true);
BEGIN;
INSERT INTO t VALUES (1);
INSERT INTO t VALUES (2);
UPDATE t SET id = 3 WHERE id = 2;
COMMIT;
TABLE t;
TABLE log;
SELECT hook, phase, action, relation, sqlstate, message, caller FROM hooks.failure WHERE hook = 'h';
SET hooks.quarantine_after = 2;
SELECT hooks.register('h', 'before_commit', 'insert, update', 't', 'fails', on_error => 'quarantine', replace => true);
BEGIN;
INSERT INTO t VALUES (4);
UPDATE t SET id = 5 WHERE id = 4;
COMMIT;
INSERT INTO t VALUES (4);
INSERT INTO t VALUES (4);
SELECT enabled, quarantined FROM hooks.registry WHERE name = 'h';
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'fails', on_error => 'retry', replace => true);

-- timeout of a callback
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'sleeps', timeout => '20 ms', replace => true);
INSERT INTO t VALUES (6);
\echo :LAST_ERROR_SQLSTATE
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'sleeps', timeout => '20 ms', on_error => 'isolate', replace => true);
INSERT INTO t VALUES (6);
-- a cancel is nobody's failure
CREATE FUNCTION cancels(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_cancel_backend(pg_backend_pid());
  PERFORM pg_sleep(60);
END $$;
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'cancels', on_error => 'isolate', replace => true);
BEGIN;
INSERT INTO t VALUES (7);
COMMIT;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM t WHERE id = 7;
-- a serialization failure is for the client to retry
CREATE FUNCTION conflicts(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'again' USING ERRCODE = 'serialization_failure'; END $$;
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'conflicts', on_error => 'isolate', replace => true);
INSERT INTO t VALUES (8);
\echo :LAST_ERROR_SQLSTATE

-- what a callback may not do, and the session afterwards
CREATE FUNCTION commits(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN COMMIT; END';
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'commits', replace => true);
INSERT INTO t VALUES (9);
-- one that drops its own hook, or its table
CREATE FUNCTION leaves(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN PERFORM hooks.unregister(event->>'hook'); END $$;
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'leaves', replace => true);
INSERT INTO t VALUES (10);
SELECT count(*) FROM hooks.registry WHERE name = 'h';
CREATE FUNCTION drops(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN DROP TABLE vetoes.t; END';
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'drops', priority => -1, run_after => '{logs}');
SELECT hooks.register('later', 'before_commit', 'insert', 't', 'logs', run_after => '{h}');
TRUNCATE log;
INSERT INTO t VALUES (11);
TABLE log;
SELECT count(*) FROM hooks.registry WHERE name IN ('h', 'later', 'logs');
SET client_min_messages = warning;
DROP SCHEMA vetoes CASCADE;
