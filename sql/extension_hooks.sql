-- A hook that the script of another extension registers goes with the extension.
-- On somebody else's table or schema it is no member of it: these could not be
-- dropped any more.

CREATE SCHEMA test_script;
CREATE SCHEMA test_elsewhere;
CREATE TABLE test_script.ours (id int);
CREATE TABLE test_script.theirs (id int);
CREATE FUNCTION test_script.cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';

-- An event trigger stands for the script: it runs while that is executed
CREATE FUNCTION test_script.script() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE in_extension) THEN
    RETURN;
  END IF;
  ALTER EXTENSION moddatetime ADD TABLE test_script.theirs;
  PERFORM hooks.register('on_ours', 'before', 'insert', 'test_script.ours', 'test_script.cb');
  PERFORM hooks.register('on_ours_too', 'after', 'insert', 'test_script.ours', 'test_script.cb');
  PERFORM hooks.register('on_theirs', 'before', 'insert', 'test_script.theirs', 'test_script.cb');
  PERFORM hooks.register('on_schema', 'before', 'insert', NULL, 'test_script.cb', schema => 'test_elsewhere');
  PERFORM hooks.register('on_all', 'before', 'delete', NULL, 'test_script.cb');
END $$;
CREATE EVENT TRIGGER script ON ddl_command_end WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION test_script.script();

CREATE FUNCTION test_script.hooks() RETURNS text LANGUAGE sql AS
  $$SELECT coalesce(string_agg(name, ', ' ORDER BY name), '-') FROM hooks.registry$$;

-- Where an extension with a function is at hand; "e" is a member, "x" is not, but
-- goes with the extension
SET client_min_messages = error;
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'moddatetime') THEN
    RETURN;
  END IF;
  CREATE EXTENSION moddatetime SCHEMA public;
  ASSERT (SELECT string_agg(proname || ':' || deptype::text, ' ' ORDER BY proname)
            FROM pg_depend JOIN pg_proc ON pg_proc.oid = objid
           WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_extension'::regclass
             AND pronamespace = 'hooks_definition'::regnamespace)
         = 'on_all:e on_ours:x on_ours_too:x on_schema:x on_theirs:e', 'members';

  PERFORM hooks.unregister('on_ours_too');
  DROP TABLE test_script.ours;
  DROP SCHEMA test_elsewhere;
  ASSERT test_script.hooks() = 'on_all, on_theirs', 'their tables and schemas are gone: ' || test_script.hooks();

  CREATE TABLE test_script.ours (id int);
  CREATE SCHEMA test_elsewhere;
  DROP EXTENSION moddatetime;
  CREATE TABLE test_script.theirs (id int);
  CREATE EXTENSION moddatetime SCHEMA public;
  DROP EXTENSION moddatetime;
  ASSERT test_script.hooks() = '-', 'the extension is gone: ' || test_script.hooks();
END $$;

-- A script that drops what a member of another extension depends on: that extension goes, with all its members
CREATE TABLE test_script.base (id int);
CREATE VIEW test_script.of_base AS TABLE test_script.base;
CREATE TABLE test_script.other_member (id int);
CREATE FUNCTION test_script.told(event jsonb) RETURNS void LANGUAGE sql AS
  $$INSERT INTO test_script.ours VALUES (1)$$;
CREATE OR REPLACE FUNCTION test_script.script() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE in_extension) THEN
    DROP TABLE IF EXISTS test_script.base CASCADE;
  END IF;
END $$;
DO $$
BEGIN
  IF (SELECT count(*) < 2 FROM pg_available_extensions WHERE name IN ('moddatetime', 'postgres_fdw')) THEN
    RETURN;
  END IF;
  ALTER EVENT TRIGGER script DISABLE;
  CREATE EXTENSION moddatetime SCHEMA public;
  ALTER EVENT TRIGGER script ENABLE;
  ALTER EXTENSION moddatetime ADD VIEW test_script.of_base;
  ALTER EXTENSION moddatetime ADD TABLE test_script.other_member;
  PERFORM hooks.register('on_member', 'before', 'drop', 'test_script.other_member', 'test_script.told', on_error => 'abort');
  CREATE EXTENSION postgres_fdw SCHEMA public;
  ASSERT (SELECT count(*) = 1 FROM test_script.ours), 'told of the other member';
  ASSERT to_regclass('test_script.other_member') IS NULL, 'which is gone';
  DROP EXTENSION postgres_fdw;
END $$;

DROP EVENT TRIGGER script;
DROP SCHEMA test_script, test_elsewhere CASCADE;
