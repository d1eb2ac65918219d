-- As whom a callback runs, and that neither the caller nor the registrar gets
-- anything out of the other.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_owner;		-- owns the tables
CREATE ROLE regress_hooks_hooker;		-- registers hooks
CREATE ROLE regress_hooks_caller;		-- uses the tables
CREATE SCHEMA run_as;
GRANT ALL ON SCHEMA run_as TO PUBLIC;
SET search_path = run_as;
-- the callback does what its arguments say
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR i IN 0 .. TG_NARGS - 1 LOOP
    BEGIN
      line := 'done';
      IF TG_ARGV[i] ~ '^(SELECT|SHOW)' THEN
        EXECUTE TG_ARGV[i] INTO line;
      ELSE
        EXECUTE TG_ARGV[i];
      END IF;
      RAISE NOTICE '%: %', TG_ARGV[i], line;
    EXCEPTION WHEN OTHERS THEN
      RAISE NOTICE '%: % %', TG_ARGV[i], SQLSTATE, SQLERRM;
    END;
  END LOOP;
  RETURN coalesce(NEW, OLD);
END $$;
SET ROLE regress_hooks_owner;
CREATE TABLE t (id int PRIMARY KEY, secret text);
CREATE TABLE child (id int REFERENCES t ON DELETE CASCADE);
GRANT ALL ON t, child TO regress_hooks_caller;
GRANT TRIGGER ON t, child TO regress_hooks_hooker;
RESET ROLE;

-- A condition runs as the owner of the hook like the callback, however
-- harmless it pretends to be.
CREATE FUNCTION pretends_stable() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN RAISE NOTICE 'stable as %', current_user; RETURN true; END $$;
CREATE FUNCTION pretends_immutable(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RAISE NOTICE 'immutable as %', current_user; RETURN true; END $$;
SET ROLE regress_hooks_hooker;
SELECT hooks.register('h', 'before', 'insert', 't', 'cb', condition => 'pretends_stable() AND pretends_immutable(1)');
SET ROLE regress_hooks_caller;
INSERT INTO t VALUES (0);
SET ROLE regress_hooks_hooker;
SELECT hooks.unregister('h');
RESET ROLE;

-- As the owner of the hook, under the search_path of the registrar, where "$user"
-- is that owner; context() knows the caller.  The caller's session is out of
-- reach, since the owner could not become the caller.
SET ROLE regress_hooks_hooker;
SET search_path = run_as, "$user";
SELECT hooks.register('h', 'before', 'insert, delete', 't', 'cb', package => 'run_as', arguments => ARRAY['SELECT current_user',
  'SELECT caller FROM hooks.context()', 'SELECT current_schemas(false)', 'SHOW search_path', 'SELECT secret FROM run_as.t',
  'SET ROLE regress_hooks_caller', 'RESET ROLE', 'SET SESSION AUTHORIZATION DEFAULT', 'CREATE TEMP TABLE x (id int)']);
SET ROLE regress_hooks_caller;
SET search_path = pg_catalog;
INSERT INTO run_as.t VALUES (3);
SELECT current_user, current_setting('search_path');
-- In a cascade current_user is the owner of the child; the caller still is who
-- issued the statement.
RESET ROLE;
INSERT INTO run_as.child VALUES (3);
SET search_path = run_as;
SELECT hooks.unregister('h');
SET ROLE regress_hooks_hooker;
SELECT hooks.register('c', 'before', 'delete', 'child', 'cb', package => 'run_as',
                      arguments => '{SELECT current_user,SELECT caller FROM hooks.context()}');
SET ROLE regress_hooks_caller;
DELETE FROM t WHERE id = 3;
RESET ROLE;
SELECT hooks.unregister('c');

-- The caller's temporary tables do not stand in for the owner's, and do not get
-- triggers run: not even where the table's owner is the hook's owner, in a
-- cascade or in a function with that owner's rights.
SET ROLE regress_hooks_owner;
CREATE TABLE log (line text);
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO log VALUES (current_user);
  RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION delete_child() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = run_as, pg_temp
  AS 'DELETE FROM child WHERE id = 5';
SELECT hooks.register('log', 'before', 'delete', 'child', 'log', package => 'run_as'),
       hooks.register('log t', 'before', 'insert', 't', 'log', package => 'run_as'),
       hooks.register('temp', 'before', 'delete', 'child', 'cb', package => 'run_as', arguments => '{CREATE TEMP TABLE x (id int)}');
SET ROLE regress_hooks_caller;
CREATE TEMP TABLE log (line text);
GRANT ALL ON pg_temp.log TO PUBLIC;
INSERT INTO t VALUES (4), (5);
INSERT INTO child VALUES (4), (5);
DELETE FROM t WHERE id = 4;
RESET ROLE;
SELECT hooks.unregister('temp');
SET ROLE regress_hooks_caller;
SELECT delete_child();
SELECT count(*) AS stolen FROM pg_temp.log;
RESET ROLE;
SELECT * FROM run_as.log;
DROP TABLE pg_temp.log;
SELECT hooks.unregister_package('run_as');

-- An owner who could become the caller is not restricted; one who is the caller
-- is as free as in any trigger, and what it sets, stays set.
GRANT regress_hooks_caller TO regress_hooks_hooker;
SET ROLE regress_hooks_hooker;
SELECT hooks.register('h', 'before', 'insert', 't', 'cb', package => 'run_as', arguments => '{CREATE TEMP TABLE x (id int)}');
SET ROLE regress_hooks_caller;
INSERT INTO t VALUES (6);
RESET ROLE;
DROP TABLE pg_temp.x;
SELECT hooks.unregister_package('run_as');
SELECT hooks.register('h', 'before', 'insert', 't', 'cb', package => 'run_as', arguments => '{SET ROLE regress_hooks_owner}');
BEGIN;
INSERT INTO t VALUES (7);
SELECT current_user = 'regress_hooks_owner', current_setting('role');
ROLLBACK;
-- run_as invoker: as the caller, under the caller's search_path
SELECT hooks.register('h', 'before', 'insert', 't', 'cb', package => 'run_as', run_as => 'invoker', replace => true,
                      arguments => '{SELECT current_user,SHOW search_path}');
SET ROLE regress_hooks_caller;
SET search_path = run_as, pg_temp;
INSERT INTO t VALUES (8);
RESET ROLE;
SET search_path = run_as;

SELECT hooks.unregister_package('run_as');

-- In the first statement of a session it may not be known who the caller is.
-- The owner of a table in the cascade gets nothing out of that.
SET ROLE regress_hooks_owner;
CREATE FUNCTION delete_t(int) RETURNS void LANGUAGE sql AS 'DELETE FROM run_as.t WHERE id = $1';
SELECT hooks.register('h', 'after', 'delete', 'child', 'cb', package => 'run_as', arguments => '{CREATE TEMP TABLE x (id int)}');
INSERT INTO t VALUES (9), (10);
INSERT INTO child VALUES (9), (10);
\c -
SET ROLE regress_hooks_caller;
DELETE FROM run_as.t WHERE id = 9;
\c -
SET ROLE regress_hooks_caller;
SELECT run_as.delete_t(10);
RESET ROLE;

SELECT hooks.unregister_package('run_as');
SET client_min_messages = warning;
DROP SCHEMA run_as CASCADE;
DROP ROLE regress_hooks_owner, regress_hooks_hooker, regress_hooks_caller;
