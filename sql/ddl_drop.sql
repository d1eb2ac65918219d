-- A table that is dropped takes its hooks along.  A column that a hook uses is not
-- dropped, or with CASCADE takes the hook along; its type does not change.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_dropped;
SET search_path = test_dropped;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % on %', TG_NAME, TG_OP, TG_TABLE_NAME;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE VIEW registered AS SELECT string_agg(name, ' ' ORDER BY name) FROM hooks.registry;
CREATE VIEW triggers AS
    SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgfoid = 'hooks.dispatch'::regproc ORDER BY tgrelid::regclass::text, tgname;

-- A column takes a hook along that has others in its list, too; the triggers
-- that nobody wants any more go.  Without CASCADE, and CASCADE or not for a
-- column that no hook uses, nothing happens to the hooks.
CREATE TABLE t (id int, val int, other int, free int);
SELECT hooks.register('columns', 'before', 'update', 't', 'tell', columns => '{val, other}'),
       hooks.register('condition', 'before', 'insert', 't', 'tell', condition => 'NEW.val > 0'),
       hooks.register('id', 'before', 'insert', 't', 'tell', condition => 'NEW.id > 0');
ALTER TABLE t DROP COLUMN val;
ALTER TABLE t DROP COLUMN IF EXISTS nothing, DROP COLUMN other;
ALTER TABLE t DROP COLUMN free CASCADE, DROP COLUMN other;
TABLE registered;
INSERT INTO t VALUES (1, 1);
ALTER TABLE t DROP COLUMN free CASCADE;
ALTER TABLE t DROP COLUMN val CASCADE;
TABLE registered;
TABLE triggers;
INSERT INTO t VALUES (1);
SELECT hooks.unregister('id');

-- A dropped table takes its hooks along, also with its schema, its tree, or its
-- type; the hooks are back with it.
CREATE SCHEMA test_dropped_2
    CREATE TABLE other (id int);
CREATE TYPE row_type AS (id int);
CREATE TABLE typed OF row_type;
CREATE TABLE root (id int) PARTITION BY LIST (id);
CREATE TABLE branch PARTITION OF root DEFAULT PARTITION BY LIST (id);
CREATE TABLE leaf PARTITION OF branch DEFAULT;
SELECT hooks.register('t', 'before', 'write', 't', 'tell'), hooks.register('other', 'before', 'write', 'test_dropped_2.other', 'tell'),
       hooks.register('typed', 'before', 'insert', 'typed', 'tell'), hooks.register('leaf', 'after', 'delete', 'leaf', 'tell'),
       hooks.register('branch', 'before', 'delete', 'branch', 'tell'), hooks.register('root', 'before', 'delete', 'root', 'tell'),
       hooks.register('schema', 'before', 'insert', NULL, 'tell', schema => 'test_dropped_2');
BEGIN;
SAVEPOINT s;
DROP TABLE t, root;
DROP SCHEMA test_dropped_2 CASCADE;
DROP TYPE row_type CASCADE;
TABLE registered;
ROLLBACK TO s;
TABLE registered;
INSERT INTO t VALUES (1);
DO $$
BEGIN
    DROP TABLE t;
    RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN
    NULL;
END $$;
INSERT INTO t VALUES (2);
COMMIT;
DROP TABLE leaf;
TABLE registered;
SELECT * FROM triggers WHERE tgrelid = 'root'::regclass OR tgrelid = 'branch'::regclass;
DROP TABLE t;
DROP TABLE root;
TABLE registered;
DROP TYPE row_type CASCADE;
DROP SCHEMA test_dropped_2 CASCADE;
TABLE registered;
TABLE triggers;

CREATE TABLE t (id int);
CREATE TABLE u (id int);

-- What is not there has no hooks.
SELECT hooks.register('present', 'before', 'insert', 't', 'tell');
DROP SCHEMA IF EXISTS test_nowhere;
DROP SCHEMA IF EXISTS test_nowhere CASCADE;
SELECT hooks.unregister('present');

-- The type of a column changes if no hook uses it.
SELECT hooks.register('typed', 'before', 'insert', 'u', 'tell', condition => 'NEW.id > 0');
\set VERBOSITY terse
ALTER TABLE u ALTER id TYPE text;
ALTER TABLE u ADD x int;
ALTER TABLE u DROP x, ALTER id TYPE bigint;
\set VERBOSITY default
ALTER TABLE u ADD y int;
ALTER TABLE u ALTER y TYPE text;
INSERT INTO u VALUES (1), (-1);

-- Hooks survive what makes the table's file anew.
CREATE INDEX t_id ON t (id);
ALTER TABLE t ALTER id TYPE bigint;
VACUUM FULL t;
CLUSTER t USING t_id;
ALTER TABLE t SET UNLOGGED;
ALTER TABLE t SET LOGGED;
INSERT INTO t VALUES (1);

SET client_min_messages = warning;
DROP SCHEMA test_dropped CASCADE;
SELECT name FROM hooks.registry;
