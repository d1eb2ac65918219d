-- What a hook refers to is what it was when it was registered, whatever is made
-- later, under whatever name, for whoever's search_path.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE ROLE regress_hooks_mal;
CREATE SCHEMA def_names;
GRANT USAGE ON SCHEMA def_names TO PUBLIC;
CREATE SCHEMA evil AUTHORIZATION regress_hooks_mal;
SET search_path = def_names;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: % as %', TG_NAME, NEW.id, current_user;
  RETURN NEW;
END $$;
CREATE TABLE t (id int);
GRANT INSERT ON t TO regress_hooks_mal;

-- PostgreSQL puts the body of an SQL function in the place of its call, and parses
-- it when it plans the condition: under the hook's search_path, not the caller's.
CREATE DOMAIN amount AS int;
CREATE FUNCTION least_of() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
CREATE FUNCTION wanted(int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT $1::amount > least_of()';
SELECT hooks.register('ours', 'before', 'insert', 't', 'tell', condition => 'wanted(NEW.id)'),
       hooks.register('invoker', 'before', 'insert', 't', 'tell', condition => 'wanted(NEW.id)', run_as => 'invoker');
CREATE PROCEDURE trap() LANGUAGE plpgsql AS $p$
BEGIN
  CREATE FUNCTION pg_temp.trap(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE WARNING 'trapped: %', current_user; RETURN true; END$$;
  CREATE DOMAIN pg_temp.amount AS int CHECK (pg_temp.trap(VALUE));
END $p$;
SET ROLE regress_hooks_mal;
CREATE FUNCTION evil.least_of() RETURNS int LANGUAGE plpgsql STABLE AS $$BEGIN RAISE WARNING 'trapped: %', current_user; RETURN 0; END$$;
SET search_path = evil, def_names;
CALL trap();
INSERT INTO t VALUES (1), (2);
\c -
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET search_path = evil, def_names;
SET ROLE regress_hooks_mal;
CALL trap();
PREPARE p AS INSERT INTO t VALUES (1), (3);
EXECUTE p;
RESET ROLE;
SELECT hooks.unregister('ours'), hooks.unregister('invoker');

-- "$user" is the schema of that name at registration; the new name of a schema does
-- not get into a search_path, nor does a schema that was not there.
SET search_path = "$user", evil, def_names, pg_catalog;
CREATE SCHEMA AUTHORIZATION CURRENT_USER;
CREATE FUNCTION calls() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% under %', TG_NAME, current_setting('search_path');
  RETURN NEW;
END $$;
SELECT hooks.register('user', 'before', 'insert', 'def_names.t', 'calls');
SELECT replace(search_path, CURRENT_USER, 'postgres') FROM hooks.registry WHERE name = 'user';
DO $$BEGIN EXECUTE format('ALTER SCHEMA %I RENAME TO evil_user', CURRENT_USER); END$$;
SELECT replace(search_path, CURRENT_USER, 'postgres') FROM hooks.registry WHERE name = 'user';
RESET search_path;
INSERT INTO def_names.t VALUES (1);
SELECT hooks.unregister('user');
SET search_path = "$user", later, def_names;
SELECT hooks.register('user', 'before', 'insert', 'def_names.t', 'evil_user.calls');
CREATE SCHEMA later AUTHORIZATION regress_hooks_mal;
CREATE SCHEMA AUTHORIZATION CURRENT_USER;
RESET search_path;
INSERT INTO def_names.t VALUES (1);
SELECT hooks.unregister('user');
DO $$BEGIN EXECUTE format('DROP SCHEMA %I', CURRENT_USER); END$$;

SET client_min_messages = warning;
DISCARD TEMP;
DROP SCHEMA def_names, evil, evil_user, later CASCADE;
DROP ROLE regress_hooks_mal;
