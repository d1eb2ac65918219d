-- The extension's own tables are read and written only if they are what the
-- library expects; else there is an error that says so.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE SCHEMA own;
CREATE TABLE own.t (id int PRIMARY KEY);
CREATE FUNCTION own.cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE division_by_zero; END';

-- columns of somebody's own
SELECT hooks.register('x', 'before', 'insert', 'own.t', 'own.cb', on_error => 'isolate');
BEGIN;
ALTER TABLE hooks.registry ADD COLUMN team text DEFAULT 'a team';
SAVEPOINT s;
SELECT hooks.unregister('x');
ROLLBACK TO s;
INSERT INTO own.t VALUES (1);
ROLLBACK TO s;
SELECT hooks.repair();
ROLLBACK TO s;
-- DDL must pass: what brings another version of the table is DDL
CREATE TABLE own.passes (id int);
DROP TABLE own.passes;
ROLLBACK;
-- of another type, or nullable
BEGIN;
ALTER TABLE hooks.registry ALTER COLUMN priority TYPE text;
SELECT * FROM hooks.chain('own.t');
ROLLBACK;
BEGIN;
ALTER TABLE hooks.registry ALTER COLUMN phase DROP NOT NULL;
UPDATE hooks.registry SET phase = NULL WHERE name = 'x';
INSERT INTO own.t VALUES (1);
ROLLBACK;
BEGIN;
ALTER TABLE hooks.failure ADD COLUMN seen boolean;
INSERT INTO own.t VALUES (1);
ROLLBACK;
BEGIN;
ALTER TABLE hooks.kept ADD COLUMN note text;
SELECT hooks.restore(1);
ROLLBACK;

-- a schema that is gone: what needs it says so, and other statements pass
BEGIN;
ALTER EXTENSION hooks DROP SCHEMA hooks_definition;
SET LOCAL client_min_messages = warning;
DROP SCHEMA hooks_definition CASCADE;
SAVEPOINT s;
SELECT hooks.register('y', 'before', 'insert', 'own.t', 'own.cb');
ROLLBACK TO s;
CREATE FUNCTION own.passes() RETURNS int LANGUAGE sql AS 'SELECT 1';
DROP FUNCTION own.passes();
ROLLBACK;

-- an index that is gone, or another one of its name
BEGIN;
DROP INDEX hooks.registry_relation_idx, hooks.failure_hook_idx;
CREATE INDEX registry_relation_idx ON hooks.registry (callback);
INSERT INTO own.t VALUES (1);
SELECT hook FROM hooks.chain('own.t');
COMMIT;
BEGIN;
DROP INDEX hooks.registry_relation_idx;
CREATE INDEX registry_relation_idx ON hooks.registry (relation);
CREATE INDEX failure_hook_idx ON hooks.failure (hook, failure_id);
COMMIT;
SELECT count(*) FROM hooks.failure WHERE hook = 'x';

-- which kinds of hooks there are is found in an index, too
CREATE FUNCTION own.told(jsonb) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'told'; END$$;
SELECT hooks.register('told', 'before', 'drop', NULL, 'own.told', schema => 'own');
CREATE TABLE own.passes (id int);
BEGIN;
DROP INDEX hooks.registry_phase_idx;
SAVEPOINT s;
DROP TABLE own.passes;
ROLLBACK TO s;
CREATE INDEX registry_phase_idx ON hooks.registry (phase COLLATE "C", callback COLLATE "C");
DROP TABLE own.passes;
ROLLBACK;
BEGIN;
DROP INDEX hooks.registry_phase_idx;
CREATE INDEX registry_phase_idx ON hooks.registry (phase COLLATE "C", action COLLATE "C" DESC);
DROP TABLE own.passes;
ROLLBACK;
DROP TABLE own.passes;
SELECT hooks.unregister('told');

-- what is no member of the extension is not the extension's (sessions know
-- members from before, where preloaded from their first statement)
\c -reuse-previous=on "options='-c hooks.enabled=off'"
BEGIN;
ALTER EXTENSION hooks DROP FUNCTION hooks.capture(oid, tid);
SET LOCAL hooks.enabled = on;
SELECT hooks.register('y', 'before_cascade', 'delete', 'own.t', 'own.cb');
ROLLBACK;
\c -reuse-previous=on "options='-c hooks.enabled=off'"
BEGIN;
ALTER EXTENSION hooks DROP TABLE hooks.registry;
SET LOCAL hooks.enabled = on;
SAVEPOINT s;
INSERT INTO own.t VALUES (1);
ROLLBACK TO s;
SELECT hooks.register('y', 'before', 'insert', 'own.t', 'own.cb');
ROLLBACK;

SELECT hooks.unregister('x');
DELETE FROM hooks.failure WHERE hook = 'x';
DROP SCHEMA own CASCADE;
