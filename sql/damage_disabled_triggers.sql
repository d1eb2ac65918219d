-- A trigger of ours that somebody has disabled stays so until hooks.repair(),
-- and DDL of others takes no lock on its table.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_hooks_other;
CREATE SCHEMA switched;
GRANT ALL ON SCHEMA switched TO regress_hooks_other;
SET search_path = switched;
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% on %', TG_NAME, TG_TABLE_NAME;
  RETURN coalesce(NEW, OLD);
END $$;
CREATE TABLE big (id int PRIMARY KEY);
GRANT TRIGGER ON big TO regress_hooks_other;
SELECT hooks.register('rows', 'before', 'insert', 'big', 'cb', package => 'switched'),
       hooks.register('statement', 'after', 'delete', 'big', 'cb', level => 'statement', package => 'switched'),
       hooks.register('cascade', 'before_cascade', 'delete', 'big', 'cb', package => 'switched');
ALTER TABLE big DISABLE TRIGGER ALL;
ALTER TABLE big ENABLE REPLICA TRIGGER "Hooks_before_row_insert";
CREATE VIEW states AS
  SELECT tgrelid::regclass AS "table", tgname AS trigger, tgenabled::text AS state, tgoldtable IS NOT NULL AS rows FROM pg_trigger
   WHERE tgrelid::regclass::text NOT LIKE 'hooks.%' AND tgfoid = 'hooks.dispatch'::regproc;
CREATE FUNCTION state(regclass) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(trigger || ' ' || state || CASE WHEN rows THEN ' with rows' ELSE '' END, ', ' ORDER BY trigger COLLATE "C")
    FROM states WHERE "table" = $1
$$;
SELECT state('big');

-- what another role does to its tables
CREATE FOREIGN DATA WRAPPER switched_none;
CREATE SERVER switched_none FOREIGN DATA WRAPPER switched_none;
GRANT USAGE ON FOREIGN SERVER switched_none TO regress_hooks_other;
SET ROLE regress_hooks_other;
CREATE TABLE p (id int);
CREATE TABLE c (id int);
BEGIN;
ALTER TABLE c INHERIT p;
ALTER TABLE c NO INHERIT p;
CREATE FOREIGN TABLE f () INHERITS (p) SERVER switched_none;
DROP FOREIGN TABLE f;
CREATE FUNCTION their_cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT hooks.register('theirs', 'after', 'insert', 'p', 'their_cb', level => 'statement');
SELECT hooks.unregister('theirs');
SELECT mode FROM pg_locks WHERE relation = 'big'::regclass;
COMMIT;
RESET ROLE;
SELECT state('big');

-- a hook of theirs on the table; one more of ours; a replica's
SET ROLE regress_hooks_other;
SELECT hooks.register('theirs', 'before', 'insert', 'big', 'cb');
SELECT hooks.unregister('theirs');
RESET ROLE;
SELECT hooks.register('more', 'before', 'insert, update', 'big', 'cb', fire => 'always', package => 'switched');
SELECT state('big');
SELECT hooks.unregister('more');
SELECT state('big');

-- A foreign table comes into the table's tree, and goes: transition tables go
-- and come, and the trigger is disabled as before.
CREATE TABLE middle (id int NOT NULL);
ALTER TABLE middle INHERIT big;
CREATE FOREIGN TABLE f () INHERITS (middle) SERVER switched_none;
SELECT state('big');
ALTER TABLE middle NO INHERIT big;
SELECT state('big');
ALTER TABLE middle INHERIT big;
SELECT state('big');
DROP FOREIGN TABLE f;
SELECT state('big');
CREATE FOREIGN TABLE f () INHERITS (middle) SERVER switched_none;
SET client_min_messages = warning;
DROP SERVER switched_none CASCADE;
CREATE SERVER switched_none FOREIGN DATA WRAPPER switched_none;
RESET client_min_messages;
SELECT state('big');
CREATE FOREIGN TABLE f () INHERITS (middle) SERVER switched_none;
SET client_min_messages = warning;
DROP TABLE middle CASCADE;
RESET client_min_messages;
SELECT state('big');

-- hooks.repair() enables
\set VERBOSITY terse
SELECT hooks.repair();
SELECT state('big');

-- The hook of a partitioned table does not fire for a partition whose trigger of
-- the same name was disabled.
CREATE TABLE root (id int) PARTITION BY LIST (id);
CREATE TABLE off PARTITION OF root FOR VALUES IN (1);
CREATE TABLE fires PARTITION OF root FOR VALUES IN (2);
SELECT hooks.register('off', 'before', 'insert', 'off', 'cb', package => 'switched'),
       hooks.register('fires', 'before', 'insert', 'fires', 'cb', package => 'switched');
ALTER TABLE off DISABLE TRIGGER ALL;
SELECT hooks.register('root', 'before', 'insert', 'root', 'cb', package => 'switched');
SELECT state('root'), state('off'), state('fires');
INSERT INTO root VALUES (1), (2);
SELECT hooks.unregister_package('switched');
SELECT * FROM states;

SET client_min_messages = warning;
DROP SCHEMA switched CASCADE;
DROP FOREIGN DATA WRAPPER switched_none CASCADE;
DROP ROLE regress_hooks_other;
