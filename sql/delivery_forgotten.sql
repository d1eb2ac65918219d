-- When the last after_commit hook goes, the log is emptied: with whatever waited
-- for it, whoever it belonged to, and though no worker had anything to do.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_forgotten;
SET search_path = test_forgotten;
SET client_min_messages = warning;
CREATE ROLE regress_hooks_forgotten;
GRANT USAGE, CREATE ON SCHEMA test_forgotten TO regress_hooks_forgotten;
CREATE FUNCTION log_size() RETURNS bigint LANGUAGE sql AS $$
  SELECT sum(pg_relation_size(oid)) + sum(pg_relation_size(nullif(reltoastrelid, 0)))
    FROM pg_class WHERE relnamespace = 'hooks'::regnamespace AND relname ~ '^(log|position)_[123]$'
$$;
-- whether the log is empty, soon
CREATE PROCEDURE await_empty(INOUT is_empty boolean DEFAULT false) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..500 LOOP
    is_empty := log_size() = 0;
    EXIT WHEN is_empty;
    COMMIT;
    PERFORM pg_sleep(0.02);
  END LOOP;
END $$;
CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE sql AS '';
SET ROLE regress_hooks_forgotten;
CREATE TABLE t (id int, x text);
SELECT hooks.register('first', 'after_commit', 'insert', 't', 'act');
SELECT hooks.register('last', 'after_commit', 'insert', 't', 'act');

-- with one more hook there, the log is kept for it
BEGIN;
INSERT INTO t SELECT g, repeat('x', 10000) FROM generate_series(1, 100) g;
SELECT hooks.disable('last');
COMMIT;
SELECT hooks.flush();
SELECT hooks.unregister('first');
SELECT log_size() > 1000000;
SELECT count(*) FROM hooks.outbox WHERE hook = 'last';
-- it is not, once that is gone
SET client_min_messages = notice;
SELECT hooks.unregister('last');
SET client_min_messages = warning;
CALL await_empty();

-- nor what has failed, once the hook is of another phase
CREATE FUNCTION fails(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT hooks.register('last', 'after_commit', 'insert', 't', 'fails', max_attempts => 1);
INSERT INTO t VALUES (1, 'x');
SELECT hooks.flush();
SELECT hook, state FROM hooks.outbox;
SELECT hooks.register('last', 'after_commit', 'insert', 't', 'act', max_attempts => 1, replace => true);
SELECT hook, state FROM hooks.outbox;
SELECT hooks.register('last', 'before', 'insert', 't', 'pass', replace => true);
RESET ROLE;
SELECT count(*) FROM hooks.delivery;
SET ROLE regress_hooks_forgotten;
SELECT hooks.unregister('last');

-- with its table, too
SELECT hooks.register('last', 'after_commit', 'insert', 't', 'act');
BEGIN;
INSERT INTO t VALUES (1, 'x');
SELECT hooks.disable('last');
COMMIT;
SELECT log_size() > 0;
DROP TABLE t;
CALL await_empty();

-- and with its owner
CREATE TABLE t (id int, x text);
SELECT hooks.register('last', 'after_commit', 'insert', 't', 'act');
BEGIN;
INSERT INTO t VALUES (1, 'x');
SELECT hooks.disable('last');
COMMIT;
RESET ROLE;
DROP OWNED BY regress_hooks_forgotten;
DROP ROLE regress_hooks_forgotten;
CALL await_empty();

-- what a savepoint takes back forgets nothing
CREATE TABLE t (id int, x text);
CREATE TABLE done (id int);
CREATE OR REPLACE FUNCTION act(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO test_forgotten.done VALUES (1)';
SELECT hooks.register('last', 'after_commit', 'insert', 't', 'act');
BEGIN;
INSERT INTO t VALUES (1, 'x');
SAVEPOINT s;
SELECT hooks.unregister('last');
ROLLBACK TO s;
COMMIT;
SELECT hooks.flush();
SELECT * FROM done;
SELECT hooks.unregister('last');
CALL await_empty();
DROP SCHEMA test_forgotten CASCADE;
