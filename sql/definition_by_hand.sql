-- What a superuser does to definitions by hand; and what CREATE EXTENSION and DROP
-- EXTENSION do with them.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE SCHEMA def_hand;
SET search_path = def_hand;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% as %, "%"', TG_NAME, current_user, current_setting('work_mem');
  RETURN NEW;
END $$;
CREATE ROLE regress_hooks_alice;
GRANT USAGE ON SCHEMA def_hand TO regress_hooks_alice;
CREATE TABLE t (id int);
GRANT TRIGGER ON t TO regress_hooks_alice;
SELECT hooks.register('h', 'before', 'insert', 't', 'tell', condition => 'NEW.id > 0');

-- Refused: another name, another schema.
ALTER FUNCTION hooks_definition.h() RENAME TO x;
ALTER FUNCTION hooks_definition.h SET SCHEMA def_hand;
ALTER ROUTINE hooks_definition.h() RENAME TO x;
ALTER SCHEMA hooks_definition RENAME TO x;
DROP SCHEMA hooks_definition;
DROP SCHEMA hooks_definition CASCADE;

-- Without meaning: whatever says how a function is called.
ALTER FUNCTION hooks_definition.h() STRICT SECURITY DEFINER IMMUTABLE LEAKPROOF PARALLEL SAFE COST 7;
ALTER FUNCTION hooks_definition.h() SET work_mem = '1MB';
GRANT EXECUTE ON FUNCTION hooks_definition.h() TO regress_hooks_alice;
COMMENT ON FUNCTION hooks_definition.h() IS 'a comment';
INSERT INTO t VALUES (1), (0);
SELECT * FROM hooks_definition.h() AS x(phase text);
SELECT hooks_definition.h();
-- Its owner, at once and in the registry.
ALTER FUNCTION hooks_definition.h() OWNER TO regress_hooks_alice;
INSERT INTO t VALUES (1);
SELECT name, owner FROM hooks.registry;
-- Dropped by name: unregistered.
DROP FUNCTION hooks_definition.h();
SELECT count(*) FROM hooks.registry;
INSERT INTO t VALUES (1);

-- While the event triggers are disabled nothing is done behind one's back: the hook
-- does not fire, or does as it is, and the next who fires it is told.
SELECT hooks.register(name, 'before', 'insert', 't', 'tell') FROM unnest('{renamed,moved,dropped,replaced,given}'::text[]) name;
ALTER EVENT TRIGGER hooks_ddl_command_start DISABLE;
ALTER EVENT TRIGGER hooks_ddl_command_end DISABLE;
ALTER EVENT TRIGGER hooks_sql_drop DISABLE;
ALTER FUNCTION hooks_definition.renamed() RENAME TO other;
ALTER FUNCTION hooks_definition.moved() SET SCHEMA def_hand;
DROP FUNCTION hooks_definition.dropped();
CREATE OR REPLACE FUNCTION hooks_definition.replaced() RETURNS record LANGUAGE sql AS 'SELECT 1, 2';
ALTER FUNCTION hooks_definition.given() OWNER TO regress_hooks_alice;
ALTER EVENT TRIGGER hooks_ddl_command_start ENABLE ALWAYS;
ALTER EVENT TRIGGER hooks_ddl_command_end ENABLE ALWAYS;
ALTER EVENT TRIGGER hooks_sql_drop ENABLE ALWAYS;
INSERT INTO t VALUES (1);
INSERT INTO t VALUES (1);
SELECT hooks.repair();
SELECT name, owner FROM hooks.registry ORDER BY name;
SELECT hooks.enable('dropped'), hooks.disable('dropped');
SELECT hooks.register('dropped', 'before', 'insert', 't', 'tell', replace => true), hooks.register('moved', 'before', 'insert', 't', 'tell', replace => true);
SELECT hooks.unregister('replaced'), hooks.unregister('renamed');
INSERT INTO t VALUES (1);
DROP FUNCTION moved();
SELECT count(hooks.unregister(name)) FROM hooks.registry;

-- In the transaction that has made it, and has read it, too.
BEGIN;
SELECT hooks.register('made', 'before', 'insert', 't', 'tell'), hooks.register('made', 'before', 'insert', 't', 'tell');
CREATE OR REPLACE FUNCTION hooks_definition.made() RETURNS record LANGUAGE sql AS 'SELECT 1, 2';
INSERT INTO t VALUES (1);
ROLLBACK;

-- The extension itself.
\set regression :DBNAME
\set ON_ERROR_STOP on
CREATE DATABASE regress_hooks_hand;
\c regress_hooks_hand
\set ON_ERROR_STOP off
\pset format unaligned
\pset tuples_only on
-- the schema is there before
CREATE SCHEMA hooks_definition AUTHORIZATION regress_hooks_alice;
CREATE EXTENSION hooks;
SELECT count(*) FROM pg_extension WHERE extname = 'hooks';
DROP SCHEMA hooks_definition;
CREATE EXTENSION hooks;
CREATE TABLE t (id int);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '%', TG_NAME; RETURN NEW; END$$;
SELECT hooks.register('plpgsql', 'before', 'insert', 't', 'tell'), hooks.register('h', 'before', 'insert', 't', 'tell', condition => 'NEW.id > 0');
CREATE SCHEMA hooks_definition;
-- without CASCADE the extension stays, with it all of it goes
\set VERBOSITY default
DROP EXTENSION hooks;
DROP EXTENSION hooks CASCADE;
\set VERBOSITY terse
INSERT INTO t VALUES (1);
SELECT count(*) FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^hooks';
-- in this session, too, a schema of that name is nothing special
CREATE SCHEMA hooks_definition;
CREATE FUNCTION hooks_definition.h() RETURNS record LANGUAGE sql AS 'SELECT 1, 2';
INSERT INTO t VALUES (1);
DROP SCHEMA hooks_definition CASCADE;
CREATE EXTENSION hooks;
SELECT hooks.register('h', 'before', 'insert', 't', 'tell');
INSERT INTO t VALUES (1);
ALTER FUNCTION hooks_definition.h() DEPENDS ON EXTENSION plpgsql;
DROP EXTENSION plpgsql;
DROP EXTENSION plpgsql CASCADE;
SELECT count(*) FROM hooks.registry;
INSERT INTO t VALUES (1);

\c :regression
SET client_min_messages = warning;
DROP DATABASE regress_hooks_hand;
DROP SCHEMA def_hand CASCADE;
DROP ROLE regress_hooks_alice;
