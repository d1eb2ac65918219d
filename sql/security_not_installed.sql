-- The library may be loaded where the extension is not installed.  There,
-- whoever may create a schema can call it hooks and make tables in it that look
-- like the extension's: they are not read.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_hooks_impostor;
CREATE DATABASE regress_hooks_impostor TEMPLATE template0;
GRANT CREATE ON DATABASE regress_hooks_impostor TO regress_hooks_impostor;
SELECT current_database() AS here, current_user AS me \gset
\c regress_hooks_impostor
LOAD 'hooks';
SET ROLE regress_hooks_impostor;
CREATE SCHEMA hooks;

-- a table of the columns of the real one, whose hook belongs to a superuser
CREATE TABLE hooks.ran (who name);
CREATE FUNCTION hooks.trap(text) RETURNS int LANGUAGE sql AS
  'INSERT INTO hooks.ran SELECT current_user RETURNING 1';
CREATE DOMAIN hooks.trap AS text CHECK (hooks.trap(VALUE) = 1);
CREATE TABLE hooks.registry (
  hook_id bigint NOT NULL, name text COLLATE "C" PRIMARY KEY, phase text NOT NULL,
  action text NOT NULL, relation regclass, callback text NOT NULL, level text,
  condition text, columns name[], arguments text[] NOT NULL, on_error text NOT NULL,
  timeout interval, max_attempts int, priority int NOT NULL, run_after text[] NOT NULL,
  run_as text NOT NULL, fire text NOT NULL, schema name, package text, description text,
  owner regrole NOT NULL, search_path text NOT NULL, function_owners regrole[] NOT NULL,
  enabled boolean NOT NULL, quarantined boolean NOT NULL, enabled_at timestamptz NOT NULL);
CREATE INDEX registry_relation_idx ON hooks.registry (relation);
CREATE INDEX registry_phase_idx ON hooks.registry (phase, action);
CREATE TABLE hooks.mine (id int, a text);
CREATE FUNCTION hooks.cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
INSERT INTO hooks.registry
  SELECT 1, 'evil', 'before', 'insert', 'hooks.mine', 'hooks.cb()', 'row',
         $$NEW.a::hooks.trap = 'x'::hooks.trap$$, NULL, '{}', 'abort', NULL, NULL, 0, '{}', 'owner',
         'origin', NULL, NULL, NULL, oid, 'hooks', ARRAY[oid::regrole], true, false, now()
    FROM pg_roles WHERE rolsuper ORDER BY oid LIMIT 1;
REASSIGN OWNED BY regress_hooks_impostor TO regress_hooks_impostor;
SELECT count(*) AS "code that ran" FROM hooks.ran;
UPDATE hooks.registry SET phase = 'whoever reads this fails';
REASSIGN OWNED BY regress_hooks_impostor TO regress_hooks_impostor;

-- one of as many columns, of other types; a view; a sequence; an index
DROP TABLE hooks.registry;
SELECT format('CREATE TABLE hooks.registry (%s)', string_agg(format('c%s int', i), ', '))
  FROM generate_series(1, 26) i \gexec
INSERT INTO hooks.registry VALUES (1);
REASSIGN OWNED BY regress_hooks_impostor TO regress_hooks_impostor;
ALTER TABLE hooks.registry RENAME TO other;
CREATE VIEW hooks.registry AS SELECT * FROM hooks.other;
REASSIGN OWNED BY regress_hooks_impostor TO regress_hooks_impostor;
DROP VIEW hooks.registry;
CREATE SEQUENCE hooks.registry;
REASSIGN OWNED BY regress_hooks_impostor TO regress_hooks_impostor;
DROP SEQUENCE hooks.registry;
CREATE INDEX registry ON hooks.other (c1);
REASSIGN OWNED BY regress_hooks_impostor TO regress_hooks_impostor;
DROP INDEX hooks.registry;
CREATE TYPE hooks.registry AS (a int);
REASSIGN OWNED BY regress_hooks_impostor TO regress_hooks_impostor;

-- the other statements that the library looks at
CREATE TABLE hooks.parent (id int PRIMARY KEY);
CREATE TABLE hooks.child (id int REFERENCES hooks.parent ON DELETE CASCADE);
CREATE TABLE hooks.failure (id int);
INSERT INTO hooks.parent VALUES (1);
INSERT INTO hooks.child VALUES (1);
DELETE FROM hooks.parent;
TRUNCATE hooks.parent CASCADE;
RESET ROLE;
DROP OWNED BY regress_hooks_impostor;

-- Nor is the extension created where the schema is somebody else's, or has
-- something that would be called in place of what the extension makes.
\set SHOW_CONTEXT never
CREATE SCHEMA hooks AUTHORIZATION regress_hooks_impostor;
CREATE EXTENSION hooks;
ALTER SCHEMA hooks OWNER TO :"me";
GRANT ALL ON SCHEMA hooks TO regress_hooks_impostor;
SET ROLE regress_hooks_impostor;
CREATE FUNCTION hooks.register(text, text, text, text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'as ' || current_user $$;
RESET ROLE;
CREATE EXTENSION hooks;
DROP FUNCTION hooks.register;
CREATE EXTENSION hooks;
SET ROLE regress_hooks_impostor;
CREATE FUNCTION hooks.register(text, text, text, text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'as ' || current_user $$;
RESET ROLE;

\c :here
DROP DATABASE regress_hooks_impostor;
DROP ROLE regress_hooks_impostor;
