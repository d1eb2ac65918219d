-- Whoever gets a definition into the schema gets no power over what is not its own.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE ROLE regress_hooks_mal;
CREATE ROLE regress_hooks_other;
CREATE SCHEMA def_rights;
GRANT ALL ON SCHEMA def_rights TO PUBLIC;
SET search_path = def_rights;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: % as %', TG_NAME, TG_OP, current_user;
  RETURN NEW;
END $$;
CREATE TABLE t (id int);
CREATE TABLE u (id int);
SELECT hooks.register('ours', 'before', 'insert', 't', 'tell', condition => 'NEW.id > 0');
-- a definition like that of "ours", by hand
CREATE FUNCTION make(name text, tail text DEFAULT 'FROM def_rights.t old, def_rights.t new', run_as text DEFAULT 'owner') RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
  EXECUTE format($$CREATE FUNCTION hooks_definition.%I() RETURNS record LANGUAGE sql BEGIN ATOMIC
    SELECT 'before'::text AS phase, 'insert'::text AS action, (def_rights.tell() IS NULL) AS callback, 'row'::text AS level,
           'abort'::text AS on_error, %L::text AS run_as, 'origin'::text AS fire, 'def_rights'::text AS search_path %s; END$$,
    name, run_as, tail);
END $f$;

-- Without a grant there is no way in: not by name, not by moving something there.
SET ROLE regress_hooks_mal;
CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT make('mal');
SELECT hooks_definition.ours();
ALTER FUNCTION hooks_definition.ours() OWNER TO regress_hooks_mal;
DROP FUNCTION hooks_definition.ours();
COMMENT ON FUNCTION hooks_definition.ours() IS 'x';
ALTER FUNCTION mine() SET SCHEMA hooks_definition;
RESET ROLE;

-- The owner of a hook is the definition's, but comes to it through hooks.register()
-- and hooks.unregister() only.
SET ROLE regress_hooks_mal;
CREATE TABLE own (id int);
SELECT hooks.register('own', 'before', 'insert', 'own', 'tell');
ALTER FUNCTION hooks_definition.own() SECURITY DEFINER;
DROP FUNCTION hooks_definition.own();
CREATE OR REPLACE FUNCTION hooks_definition.own() RETURNS record LANGUAGE sql BEGIN ATOMIC SELECT 1, 2; END;
RESET ROLE;

-- With a superuser's grant on the schema: only superusers create there.
GRANT ALL ON SCHEMA hooks_definition TO regress_hooks_mal;
SET ROLE regress_hooks_mal;
SELECT make('mal');
ALTER FUNCTION mine() SET SCHEMA hooks_definition;
CREATE OR REPLACE FUNCTION hooks_definition.own() RETURNS record LANGUAGE sql BEGIN ATOMIC SELECT 1, 2; END;
SELECT hooks_definition.ours();
SELECT * FROM hooks_definition.own() AS x(a int);
RESET ROLE;
SELECT proname, proowner::regrole FROM pg_proc WHERE pronamespace = 'hooks_definition'::regnamespace ORDER BY proname;

-- Nor, where nobody looks, does a definition of one's own work on others' tables.
ALTER EVENT TRIGGER hooks_ddl_command_end DISABLE;
SET ROLE regress_hooks_mal;
SELECT make('mal'), make('mal wide', ''), make('mal invoker', run_as => 'invoker');
RESET ROLE;
ALTER EVENT TRIGGER hooks_ddl_command_end ENABLE ALWAYS;
REVOKE ALL ON SCHEMA hooks_definition FROM regress_hooks_mal;
INSERT INTO t VALUES (1);
INSERT INTO u VALUES (1);
SELECT hooks.repair();
SELECT name, owner FROM hooks.registry ORDER BY name;
INSERT INTO t VALUES (1);
INSERT INTO u VALUES (1);
SELECT hook FROM hooks.chain('t');
-- What it has a right to is done, as itself.
GRANT TRIGGER ON t TO regress_hooks_mal;
INSERT INTO t VALUES (1);
REVOKE TRIGGER ON t FROM regress_hooks_mal;
INSERT INTO t VALUES (1);
GRANT TRIGGER ON t TO regress_hooks_other;
GRANT regress_hooks_other TO regress_hooks_mal;
INSERT INTO t VALUES (1);
REVOKE regress_hooks_other FROM regress_hooks_mal;
INSERT INTO t VALUES (1);
SELECT hooks.unregister('mal'), hooks.unregister('mal wide'), hooks.unregister('mal invoker');

-- A wide hook, and one that runs as the invoker, of a role that is no superuser any
-- more; another kind of hook stays.
ALTER ROLE regress_hooks_mal SUPERUSER;
SET ROLE regress_hooks_mal;
SELECT hooks.register('wide', 'before', 'insert', NULL, 'tell', schema => 'def_rights'),
       hooks.register('invoker', 'before', 'insert', 'own', 'tell', run_as => 'invoker');
RESET ROLE;
INSERT INTO own VALUES (1);
ALTER ROLE regress_hooks_mal NOSUPERUSER;
INSERT INTO own VALUES (1);
INSERT INTO u VALUES (1);
SELECT hooks.repair();
ALTER FUNCTION hooks_definition.wide() OWNER TO CURRENT_USER;
INSERT INTO own VALUES (1);

-- Somebody who may look definitions up can keep them from going; who drops the
-- table can see why.
GRANT USAGE ON SCHEMA hooks_definition TO regress_hooks_other;
SET ROLE regress_hooks_other;
CREATE VIEW v AS SELECT hooks_definition.ours() IS NULL AS ours;
RESET ROLE;
\set VERBOSITY default
DROP TABLE t;
\set VERBOSITY terse
SELECT hooks.unregister('ours');
DROP TABLE t;
REVOKE ALL ON SCHEMA hooks_definition FROM regress_hooks_other;

SELECT hooks.unregister(name) FROM hooks.registry ORDER BY name;
SET client_min_messages = warning;
DROP SCHEMA def_rights CASCADE;
DROP ROLE regress_hooks_mal, regress_hooks_other;
