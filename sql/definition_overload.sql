-- A function, operator or type that would fit better, made after a hook was
-- registered, in a schema of its registrar's search_path: the hook means what it
-- meant, and neither its making nor its going touches the hook.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE ROLE regress_hooks_mal;
CREATE SCHEMA def_over;
CREATE SCHEMA decoys AUTHORIZATION regress_hooks_mal;
CREATE FUNCTION def_over.veto() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'veto of %', TG_NAME;
  RETURN NULL;
END $$;
CREATE TYPE def_over.color AS ENUM ('red', 'blue');
CREATE TABLE def_over.t (id int, tags text[], color def_over.color, name text, span int4range);
INSERT INTO def_over.t VALUES (1, '{keep}', 'red', 'a', '[1,3]');
SET client_min_messages = warning;
SET search_path = decoys, def_over, public;
SELECT count(hooks.register(name, 'before', action, 't', 'veto', condition => condition, package => 'over')) FROM (VALUES
  ('array', 'delete', $$OLD.tags @> '{keep}'$$), ('enum', 'delete', $$OLD.color = 'red'$$), ('text', 'delete', $$OLD.name LIKE 'a%'$$),
  ('row', 'update', 'OLD.* IS DISTINCT FROM NEW.*'), ('distinct', 'update', 'OLD.color IS DISTINCT FROM NEW.color'),
  ('nullif', 'update', 'NULLIF(OLD.tags, NEW.tags) IS NULL'), ('case', 'update', $$CASE OLD.tags WHEN '{keep}' THEN true END$$),
  ('any', 'update', $$OLD.name = ANY (OLD.tags || 'a'::text)$$), ('between', 'update', $$OLD.color BETWEEN 'red' AND 'blue'$$),
  ('in', 'update', $$OLD.color IN ('red', 'blue')$$), ('variadic', 'update', $$num_nulls('[1,3]') = 0$$), ('range', 'update', 'OLD.span @> 2'),
  ('cast', 'update', 'OLD.id::text || OLD.name = $$1a$$')) c(name, action, condition);
RESET client_min_messages;
CREATE VIEW def_over.kept AS SELECT name, condition FROM hooks.registry WHERE package = 'over';
CREATE TABLE def_over.before AS TABLE def_over.kept;

SET ROLE regress_hooks_mal;
SET search_path = decoys, def_over;
CREATE FUNCTION no(text[], text[]) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'decoy as %', current_user; END$$;
CREATE FUNCTION no(text, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'decoy as %', current_user; END$$;
CREATE FUNCTION no(int4range, int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'decoy as %', current_user; END$$;
RESET ROLE;
GRANT USAGE ON SCHEMA def_over TO regress_hooks_mal;
SET ROLE regress_hooks_mal;
CREATE FUNCTION no(color, color) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'decoy as %', current_user; END$$;
CREATE FUNCTION no(t, t) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'decoy as %', current_user; END$$;
CREATE FUNCTION num_nulls(text) RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE 'decoy as %', current_user; END$$;
DO $$
DECLARE
  operator text;
  type text;
BEGIN
  FOR operator, type IN SELECT * FROM unnest('{@>,=,<>,~~,<=,>=,||}'::text[]) o, unnest('{text[],text,color,t}'::text[]) t LOOP
    EXECUTE format('CREATE OPERATOR decoys.%s (FUNCTION = no, LEFTARG = %s, RIGHTARG = %2$s)', operator, type);
  END LOOP;
END $$;
CREATE OPERATOR decoys.@> (FUNCTION = no, LEFTARG = int4range, RIGHTARG = int);
-- what PostgreSQL would read the text as now
SELECT ARRAY['keep'] @> '{keep}'::text[];
-- and a type, whose CHECK must not run in anybody's DDL
CREATE FUNCTION trap(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'trapped: %', current_user; END$$;
DROP FUNCTION num_nulls(text);
CREATE DOMAIN trapped AS int CHECK (trap(VALUE));
CREATE TYPE num_nulls AS RANGE (subtype = trapped);
CREATE DOMAIN text AS pg_catalog.text CHECK (trap(1));
RESET ROLE;

SET search_path = decoys, def_over, public;
DELETE FROM def_over.t;
UPDATE def_over.t SET id = id;
UPDATE def_over.t SET color = 'blue', tags = '{}';
CREATE TABLE def_over.unrelated (id int);
ALTER TABLE def_over.t RENAME id TO number;
ALTER TABLE def_over.t RENAME number TO id;
ALTER SCHEMA def_over RENAME TO def_moved;
ALTER SCHEMA def_moved RENAME TO def_over;
DROP TABLE def_over.unrelated;
SELECT * FROM def_over.kept EXCEPT TABLE def_over.before;
SET ROLE regress_hooks_mal;
SET client_min_messages = error;
DROP FUNCTION no(text[], text[]), no(text, text), no(color, color), no(t, t), no(int4range, int) CASCADE;
DROP TYPE num_nulls, trapped, decoys.text CASCADE;
RESET client_min_messages;
RESET ROLE;
DROP SCHEMA decoys CASCADE;
SELECT count(*) FROM def_over.kept;
SELECT * FROM def_over.kept EXCEPT TABLE def_over.before;
DELETE FROM def_over.t;

SELECT hooks.unregister_package('over');
SET client_min_messages = warning;
DROP SCHEMA def_over CASCADE;
DROP ROLE regress_hooks_mal;
