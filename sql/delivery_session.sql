-- What a callback leaves in the worker's session, no other delivery finds: parameters, roles, temporary
-- tables, prepared statements, cursors, advisory locks.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_session;
SET search_path = test_session;
SET client_min_messages = warning;
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, todo text);
CREATE TABLE done (id int);
CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE event->'new'->0->>'todo';
  INSERT INTO test_session.done SELECT (event->'new'->0->>'id')::int;
END $$;
SELECT hooks.register('ses', 'after_commit', 'insert', 't', 'act', max_attempts => 1);
CREATE VIEW failed AS SELECT payload->'new'->0->>'todo' AS todo, last_error FROM hooks.outbox WHERE hook = 'ses' ORDER BY delivery_id;

-- Twice the same, waiting together
BEGIN;
DO $do$BEGIN FOR i IN 0..9 LOOP INSERT INTO t (todo) VALUES ((ARRAY['CREATE TEMP TABLE a AS SELECT 1 AS x', 'CREATE TEMP TABLE b (x int PRIMARY KEY) ON COMMIT DROP',
	'PREPARE p AS SELECT 1', 'SET work_mem = ''3MB''', 'SET ROLE pg_monitor; RESET ROLE'])[1 + i / 2]); END LOOP; END$do$;
INSERT INTO t (todo) VALUES ('DO $$BEGIN ASSERT current_setting(''work_mem'') <> ''3MB''; END$$');
INSERT INTO t (todo) VALUES ('DO $$BEGIN ASSERT to_regclass(''pg_temp.a'') IS NULL; END$$');
INSERT INTO t (todo) VALUES ('DO $$BEGIN ASSERT (SELECT count(*) FROM pg_prepared_statements) = 0; END$$');
COMMIT;
SELECT hooks.flush();
SELECT * FROM failed;

SELECT count(*) FROM done;

-- Cursors and advisory locks go when the portion ends
INSERT INTO t (todo) VALUES ('DECLARE c CURSOR WITH HOLD FOR SELECT 1');
SELECT hooks.flush();
INSERT INTO t (todo) VALUES ('DECLARE c CURSOR WITH HOLD FOR SELECT 1');
SELECT hooks.flush();
INSERT INTO t (todo) VALUES ('DECLARE c CURSOR FOR SELECT 1');
SELECT hooks.flush();
INSERT INTO t (todo) VALUES ('SELECT pg_advisory_lock(735501), pg_advisory_lock_shared(735502), pg_advisory_lock(735501)');
SELECT hooks.flush();
SELECT pg_advisory_lock(735501), pg_advisory_unlock(735501);
INSERT INTO t (todo) VALUES ('SELECT pg_advisory_lock(735501); SELECT 1/0');
SELECT hooks.flush();
SELECT pg_advisory_lock(735501), pg_advisory_unlock(735501);
SELECT * FROM failed;

-- What a deferred trigger of theirs sets, too
CREATE TABLE later (todo text);
CREATE FUNCTION act_later() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN EXECUTE NEW.todo; RETURN NULL; END$$;
CREATE CONSTRAINT TRIGGER act_later AFTER INSERT ON later DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION act_later();
TRUNCATE done;
INSERT INTO t (todo) VALUES ('INSERT INTO test_session.later VALUES (''SET work_mem = 3072'')');
SELECT hooks.flush();
INSERT INTO t (todo) VALUES ('INSERT INTO test_session.later VALUES (''SET ROLE pg_monitor'')');
SELECT hooks.flush();
INSERT INTO t (todo) VALUES ('DO $$BEGIN ASSERT current_setting(''work_mem'') <> ''3MB''; ASSERT current_setting(''role'') = ''none''; END$$');
SELECT hooks.flush();
SELECT count(*) FROM done;
SELECT * FROM failed OFFSET 1;

SELECT hooks.unregister('ses');
DROP SCHEMA test_session CASCADE;
