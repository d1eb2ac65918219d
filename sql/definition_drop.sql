-- DROP takes a hook along by what PostgreSQL knows of its definition: exactly what
-- the hook refers to, refused without CASCADE, told with it.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_mal;
CREATE SCHEMA def_drop;
GRANT ALL ON SCHEMA def_drop TO PUBLIC;
SET search_path = def_drop;
SET client_min_messages = warning;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '%: %', TG_NAME, TG_OP;
  RETURN coalesce(NEW, OLD);
END $$;
CREATE VIEW registered AS SELECT string_agg(name, ' ' ORDER BY name) FROM hooks.registry;
CREATE TABLE t (id int, val int, free int);

-- A table of which a condition has the OID, the row type, or the row type of an
-- array; a domain, with a constant of it; a sequence; a function of a constant.
CREATE TABLE named (id int);
CREATE TABLE shaped (id int, val int);
CREATE TABLE listed (id int);
CREATE DOMAIN small AS int CHECK (VALUE < 10);
CREATE SEQUENCE numbers;
CREATE FUNCTION wanted(int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE TYPE color AS ENUM ('red');
SELECT count(hooks.register(name, 'before', 'insert', 't', 'tell', condition => condition)) FROM (VALUES
  ('named', $$NEW.id <> 'named'::regclass$$), ('of a column', $$'def_drop.named'::regclass = ANY (ARRAY[NEW.id, 'named'::regclass])$$),
  ('shaped', 'ROW(NEW.id, NEW.val)::shaped IS NOT NULL'), ('listed', $$array_length('{(1)}'::listed[], 1) = 1$$),
  ('small', $$NEW.id < '9'::small$$), ('numbers', $$'numbers'::regclass IS NOT NULL$$),
  ('wanted', $$'wanted(int)'::regprocedure IS NOT NULL$$), ('typed', $$'color'::regtype IS NOT NULL$$),
  ('schema', $$'def_drop'::regnamespace IS NOT NULL$$)) c(name, condition);
INSERT INTO t VALUES (1);
DROP TABLE named;
DROP TABLE shaped;
DROP TABLE listed;
ALTER TABLE shaped DROP COLUMN val;
DROP DOMAIN small;
DROP SEQUENCE numbers;
DROP FUNCTION wanted(int);
DROP TYPE color;
TABLE registered;
\set VERBOSITY terse
DROP TABLE named CASCADE;
DROP TABLE shaped CASCADE;
DROP TABLE listed CASCADE;
DROP DOMAIN small CASCADE;
DROP SEQUENCE numbers CASCADE;
DROP FUNCTION wanted(int) CASCADE;
DROP TYPE color CASCADE;
TABLE registered;
INSERT INTO t VALUES (1);
SELECT hooks.unregister('schema');

-- CASCADE is told of to the client and, as ORMs hide notices, with a WARNING; not
-- for what is the hook's own table.
RESET client_min_messages;
\set VERBOSITY default
SELECT hooks.register('column', 'before', 'update', 't', 'tell', columns => '{val}'), hooks.register('table', 'before', 'update', 't', 'tell');
ALTER TABLE t DROP COLUMN val;
ALTER TABLE t DROP COLUMN val CASCADE;
DROP TABLE t CASCADE;
SET client_min_messages = warning;
\set VERBOSITY terse
TABLE registered;

-- However deep in the stack a command runs, it removes what it removes, or fails.
CREATE TABLE theirs (id int, val int);
SELECT hooks.register('theirs', 'before', 'insert', 'theirs', 'tell', condition => repeat('(', 200) || 'NEW.id > 0' || repeat(' AND true)', 200));
CREATE FUNCTION dive(depth int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF depth > 0 THEN
    RETURN def_drop.dive(depth - 1);
  END IF;
  DROP TABLE def_drop.mine CASCADE;
  RETURN 'dropped';
END $$;
DO $$
DECLARE
  low int := 0;
  high int := 4096;
  middle int;
BEGIN
  SET LOCAL client_min_messages = error;
  WHILE high - low > 1 LOOP
    middle := (low + high) / 2;
    CREATE TABLE def_drop.mine (id int);
    PERFORM hooks.register('mine', 'before', 'insert', 'def_drop.mine', 'def_drop.tell');
    BEGIN
      PERFORM def_drop.dive(middle);
      low := middle;
    EXCEPTION WHEN statement_too_complex THEN
      high := middle;
      DROP TABLE def_drop.mine;
    END;
    ASSERT (TABLE def_drop.registered) = 'theirs', 'hooks: ' || (TABLE def_drop.registered);
  END LOOP;
END $$;
TABLE registered;
INSERT INTO theirs VALUES (1);

-- Roles: refused, dropped with what they own, given to another one; the same in a
-- session that has not loaded the library.
SET ROLE regress_hooks_mal;
CREATE TABLE own (id int);
SELECT hooks.register('own', 'before', 'insert', 'own', 'tell');
RESET ROLE;
\set VERBOSITY default
DROP ROLE regress_hooks_mal;
\set VERBOSITY terse
\c -
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE regress_hooks_other;
REASSIGN OWNED BY regress_hooks_mal TO regress_hooks_other;
SELECT proowner::regrole FROM pg_proc WHERE pronamespace = 'hooks_definition'::regnamespace AND proname = 'own';
SELECT run_as FROM hooks.chain('def_drop.own');
\c -
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
DROP OWNED BY regress_hooks_other;
SELECT string_agg(name, ' ' ORDER BY name) FROM hooks.registry;

SELECT hooks.unregister('theirs');
DROP SCHEMA def_drop CASCADE;
DROP ROLE regress_hooks_mal, regress_hooks_other;
