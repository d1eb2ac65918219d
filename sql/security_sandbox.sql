-- What a callback may not do where its owner could not become the caller: the
-- firing is a security-restricted operation, in each phase of a statement.  A
-- caller that the owner could become anyway is not protected from it.
\i sql/include/preload.psql
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_hooks_owner;
CREATE ROLE regress_hooks_caller;
CREATE ROLE regress_hooks_friend;
GRANT regress_hooks_friend TO regress_hooks_owner;
CREATE SCHEMA test_sandbox;
SET search_path = test_sandbox;
GRANT ALL ON SCHEMA test_sandbox TO regress_hooks_owner, regress_hooks_caller, regress_hooks_friend;

SET ROLE regress_hooks_owner;
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES t ON DELETE CASCADE);
CREATE TABLE deferred (id int REFERENCES t DEFERRABLE INITIALLY DEFERRED);
GRANT ALL ON t, child TO PUBLIC;
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE current_setting('test_sandbox.todo');
  RETURN coalesce(NEW, OLD);
END $$;
SELECT hooks.register('act', 'before', 'insert', 't', 'act', level => 'row');
SELECT hooks.register('act_cascade', 'before_cascade', 'delete', 't', 'act');
SELECT hooks.register('act_closure', 'before_closure', 'delete', 'child', 'act');
SELECT hooks.register('act_after', 'after', 'update', 't', 'act', level => 'statement', on_error => 'abort');
SELECT hooks.register('act_put', 'before', 'put', 't', 'act', level => 'row');
RESET ROLE;

-- What four statements do: the SQLSTATE, or that it is done, if need be by the first
-- of several hooks, so that what the next one makes is there.
SELECT set_config('test_sandbox.todo', 'SELECT 1', false);
INSERT INTO t VALUES (1);
INSERT INTO child VALUES (1);
CREATE FUNCTION attempt(todo text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text := '';
        s text;
BEGIN
  FOREACH s IN ARRAY '{INSERT INTO t VALUES (2),DELETE FROM t,UPDATE t SET id = id,INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 1}'::text[] LOOP
    BEGIN
      PERFORM set_config('test_sandbox.todo', todo, true);
      EXECUTE s;
      RAISE SQLSTATE '99999';
    EXCEPTION WHEN OTHERS THEN
      result := result || CASE WHEN SQLSTATE IN ('99999', '42P03', '42P05', '42P07') THEN 'done' ELSE SQLSTATE END || ' ';
    END;
  END LOOP;
  RETURN result;
END $$;
CREATE VIEW attempts AS
  SELECT todo, attempt(todo) FROM unnest(ARRAY[
    'SELECT 1',
    'CREATE TEMPORARY TABLE x (id int)',
    'CREATE DOMAIN pg_temp.text AS pg_catalog.text',
    'CREATE TYPE pg_temp.date AS ENUM ()',
    'CREATE TYPE pg_temp.uuid AS RANGE (subtype = pg_catalog.int4)',
    'CREATE TYPE test_sandbox.r AS RANGE (subtype = pg_catalog.int4, multirange_type_name = pg_temp.inet)',
    'CREATE TYPE pg_temp.json AS (a int)',
    'CREATE FUNCTION pg_temp.f(text) RETURNS text LANGUAGE sql AS ''SELECT $1''',
    'CREATE PROCEDURE pg_temp.f(int) LANGUAGE sql AS ''SELECT 1''',
    'CREATE AGGREGATE pg_temp.f(text) (SFUNC = pg_catalog.textcat, STYPE = pg_catalog.text)',
    'CREATE OPERATOR pg_temp.+ (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = pg_catalog.textcat)',
    'INSERT INTO test_sandbox.deferred VALUES (NULL), (1)',
    'SET ROLE regress_hooks_friend',
    'SET ROLE NONE',
    'SET SESSION AUTHORIZATION DEFAULT',
    'SET CONSTRAINTS ALL IMMEDIATE',
    'LISTEN x',
    'PREPARE x AS SELECT 1',
    'DECLARE x CURSOR WITH HOLD FOR SELECT 1',
    'DEALLOCATE ALL',
    'LOCK TABLE test_sandbox.t']) todo;
GRANT SELECT ON attempts TO PUBLIC;

-- a caller that the owner could not become
SET ROLE regress_hooks_caller;
SELECT * FROM attempts;
SELECT current_user, current_setting('role');
RESET ROLE;
-- one that it could
SET ROLE regress_hooks_friend;
SELECT * FROM attempts WHERE todo !~ 'DEALLOCATE|SESSION|TYPE|DOMAIN|pg_temp';
SELECT current_user, current_setting('role');
RESET ROLE;
-- a superuser who calls is protected, too
SELECT * FROM attempts WHERE todo !~ 'DEALLOCATE|SESSION' AND current_setting('is_superuser')::boolean;

-- No function that the caller calls in pg_temp is another one afterwards.
CREATE FUNCTION pg_temp.greet(anyelement) RETURNS text LANGUAGE sql AS $$ SELECT 'hello ' || $1 $$;
BEGIN;
SET LOCAL test_sandbox.todo = 'DO $do$ BEGIN SET LOCAL search_path = pg_temp; CREATE FUNCTION greet(text) RETURNS text LANGUAGE sql AS $f$ SELECT current_user::text $f$; EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE ''%'', SQLERRM; END $do$';
INSERT INTO t VALUES (5);
SELECT pg_temp.greet('you'::text);
ROLLBACK;

-- What the caller has deferred does not run as the hook's owner, and still runs at the commit.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'deferred trigger as %', current_user;
  RETURN NULL;
END $$;
SET ROLE regress_hooks_caller;
CREATE TABLE later (id int);
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON later DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell();
BEGIN;
INSERT INTO later VALUES (1);
SET LOCAL test_sandbox.todo = 'DO $do$ BEGIN SET CONSTRAINTS ALL IMMEDIATE; EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE ''%'', SQLERRM; END $do$';
INSERT INTO t VALUES (6);
COMMIT;
RESET ROLE;

-- It reaches what is open: a cursor of the caller's is moved.
BEGIN;
DECLARE mine CURSOR FOR VALUES ('first'), ('second');
SET LOCAL test_sandbox.todo = 'FETCH mine';
INSERT INTO t VALUES (7);
FETCH mine;
COMMIT;

-- So are large objects, and advisory locks stay.
SET ROLE regress_hooks_owner;
CREATE FUNCTION reach() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'read: %', convert_from(loread(0, 100), 'UTF8');
  PERFORM pg_advisory_lock(4711);
END $$;
RESET ROLE;
BEGIN;
SELECT lo_from_bytea(0, 'what it may not read') AS lo \gset
SELECT lo_open(:lo, x'40000'::int);
SET LOCAL test_sandbox.todo = 'SELECT test_sandbox.reach()';
INSERT INTO t VALUES (10);
ROLLBACK;
SELECT pg_advisory_unlock(4711);

-- No cursor that it opens stays, also not in place of one of the caller's: who fetches from it
-- would run it. What stays is as it was.
SET ROLE regress_hooks_owner;
CREATE FUNCTION trap() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'trapped ' || current_user; END $$;
CREATE FUNCTION replace(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE c refcursor := name;
BEGIN
  BEGIN CLOSE c; EXCEPTION WHEN invalid_cursor_name THEN NULL; END;
  OPEN c FOR SELECT test_sandbox.trap();
END $$;
RESET ROLE;
-- a hook of somebody else, for a firing inside
SET ROLE regress_hooks_caller;
CREATE TABLE others (id int);
GRANT ALL ON others TO PUBLIC;
CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
SELECT hooks.register('inside', 'before', 'insert', 'others', 'quiet');
BEGIN;
DECLARE mine CURSOR FOR VALUES ('first'), ('second');
DECLARE other CURSOR FOR VALUES ('first'), ('second');
SET LOCAL test_sandbox.todo = 'DO $do$ BEGIN PERFORM test_sandbox.replace(''mine''), test_sandbox.replace(''new''); END $do$';
INSERT INTO t VALUES (8);
SELECT name FROM pg_cursors WHERE name !~ 'unnamed' ORDER BY name;
FETCH other;
FETCH mine;
ROLLBACK;
-- nor by another firing inside, nor after an error
BEGIN;
SET LOCAL test_sandbox.todo = 'DO $do$ BEGIN PERFORM test_sandbox.replace(''new''); BEGIN PERFORM test_sandbox.replace(''newer''), 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END; INSERT INTO test_sandbox.others VALUES (1); END $do$';
INSERT INTO t VALUES (9);
SELECT name FROM pg_cursors WHERE name !~ 'unnamed' ORDER BY name;
ROLLBACK;
RESET ROLE;
SELECT hooks.unregister('inside');

-- Nor does it run where no hook fires, and another one than the caller acts.
CREATE FUNCTION at_once() RETURNS int LANGUAGE plpgsql AS 'BEGIN SET CONSTRAINTS ALL IMMEDIATE; RETURN 1; END';
CREATE MATERIALIZED VIEW refreshed AS SELECT at_once() WITH NO DATA;
\set VERBOSITY sqlstate
REFRESH MATERIALIZED VIEW refreshed;
\set VERBOSITY default

SET client_min_messages = warning;
DROP SCHEMA test_sandbox CASCADE;
DROP ROLE regress_hooks_owner, regress_hooks_caller, regress_hooks_friend;
\i sql/include/preload_end.psql
