-- Foreign tables: before and after hooks, as far as PostgreSQL has triggers on
-- them; no cascade, hence no before_cascade.
\pset format unaligned
\pset tuples_only on
SELECT count(*) = 0 AS no_contrib FROM pg_available_extensions WHERE name = 'postgres_fdw' \gset
\if :no_contrib
\quit
\endif
CREATE SCHEMA test_foreign;
SET search_path = test_foreign;

CREATE EXTENSION postgres_fdw;
CREATE SERVER test_foreign_loop FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host :'HOST', port :'PORT', dbname :'DBNAME');
CREATE USER MAPPING FOR CURRENT_USER SERVER test_foreign_loop OPTIONS (user :'USER');
CREATE TABLE remote (id int PRIMARY KEY, val text);
CREATE FOREIGN TABLE items (id int, val text) SERVER test_foreign_loop
    OPTIONS (schema_name 'test_foreign', table_name 'remote');

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % % on %: % => %', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_NAME, OLD, NEW;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION tell_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % on %: %', TG_NAME, TG_OP, TG_TABLE_NAME,
        (SELECT string_agg(o::text, ' ' ORDER BY o.id) FROM old_table o);
    RETURN NULL;
END $$;
CREATE FUNCTION upper_val() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.val = 'skip' THEN
        RETURN NULL;
    END IF;
    NEW.val = upper(NEW.val);
    RETURN NEW;
END $$;

-- There is nothing to come before, and there are no transition tables.
SELECT hooks.register('cut', 'before_cascade', 'delete', 'items', 'tell_rows');
SELECT hooks.register('cut', 'before_cascade', 'update', 'items', 'tell_rows');
SELECT hooks.register('cut', 'before_cascade', 'truncate', 'items', 'tell_rows');
SELECT hooks.register('rows', 'after', 'delete', 'items', 'tell_rows', level => 'statement', on_error => 'abort');
\set VERBOSITY sqlstate
DELETE FROM items;
\set VERBOSITY default
SELECT hooks.unregister('rows');

-- Both levels, before and after.  What a before hook makes of a row is what
-- goes to the other server, and what it skips does not.
SELECT hooks.register('first', 'before', 'insert, update, delete', 'items', 'tell', level => 'statement', package => 'foreign');
SELECT hooks.register('upper', 'before', 'insert, update', 'items', 'upper_val', package => 'foreign');
SELECT hooks.register('row', 'before', 'write', 'items', 'tell', package => 'foreign');
SELECT hooks.register('row done', 'after', 'write', 'items', 'tell', package => 'foreign');
SELECT hooks.register('last', 'after', 'insert, update, delete', 'items', 'tell', level => 'statement', package => 'foreign');
INSERT INTO items VALUES (1, 'a'), (2, 'skip');
COPY items FROM stdin;
3	c
\.
UPDATE items SET val = 'x' WHERE id = 1;
DELETE FROM items WHERE id = 3;
TABLE remote;

-- An error in an after hook is isolated, one in a before hook is not; neither
-- what a statement did there before it failed.
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% fails', TG_NAME;
END $$;
SELECT hooks.unregister_package('foreign');
SELECT hooks.register('fail after', 'after', 'insert', 'items', 'fail');
INSERT INTO items VALUES (4, 'd');
SELECT hooks.register('fail before', 'before', 'insert', 'items', 'fail', condition => $$NEW.val = 'bad'$$);
\set VERBOSITY terse
INSERT INTO items VALUES (5, 'e'), (6, 'bad');
\set VERBOSITY default
TABLE remote;
SELECT hooks.unregister('fail after');
SELECT hooks.unregister('fail before');

-- Its rows are always the statement's own, as the table cannot have foreign keys.
CREATE FUNCTION depth() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c hooks.context := hooks.context();
BEGIN
    RAISE NOTICE '% %: %/%, depth %, by %', c.action, c.level, c.root_relation, c.root_action, c.cascade_depth, c.constraint_name;
    RETURN NULL;
END $$;
SELECT hooks.register('depth of ' || level, 'after', 'insert, update, delete', 'items', 'depth', level => level, package => 'depth') FROM unnest('{row, statement}'::text[]) level;
BEGIN;
INSERT INTO items VALUES (8, 'f'), (9, 'g');
UPDATE items SET val = 'h' WHERE id >= 8;
WITH gone AS (DELETE FROM items WHERE id >= 8 RETURNING id) SELECT count(*) FROM gone;
ROLLBACK;
SELECT hooks.unregister_package('depth');

-- columns, for an update that would go to the other server as a whole
SELECT hooks.register('val', 'before', 'update', 'items', 'tell', columns => '{val}');
UPDATE items SET id = id + 10;
UPDATE items SET val = 'y' WHERE id = 11;
SELECT hooks.unregister('val');

-- As a partition, with hooks of its own, and with those of the partitioned
-- table.  before_cascade is about the rows that are here; there are no transition
-- tables while there is a foreign partition.
CREATE TABLE root (id int, val text) PARTITION BY RANGE (id);
CREATE TABLE here PARTITION OF root FOR VALUES FROM (0) TO (10);
SELECT hooks.register('own', 'before', 'insert', 'items', 'tell', package => 'foreign');
SELECT hooks.register('root row', 'before', 'insert, delete', 'root', 'tell', package => 'foreign');
SELECT hooks.register('root done', 'after', 'insert', 'root', 'tell', package => 'foreign');
SELECT hooks.register('root cut', 'before_cascade', 'delete', 'root', 'tell_rows', package => 'foreign');
SELECT hooks.register('root first', 'before', 'delete', 'root', 'tell', level => 'statement', package => 'foreign');
SELECT hooks.register('root last', 'after', 'delete', 'root', 'tell_rows', level => 'statement', package => 'foreign');
ALTER TABLE root ATTACH PARTITION items FOR VALUES FROM (10) TO (20);
INSERT INTO root VALUES (1, 'here'), (15, 'there');
INSERT INTO items VALUES (16, 'there');
DELETE FROM root WHERE id IN (1, 15);
ALTER TABLE root DETACH PARTITION items;
INSERT INTO items VALUES (17, 'there');
DELETE FROM items WHERE id = 17;
INSERT INTO root VALUES (2, 'here');
DELETE FROM root WHERE id = 2;
CREATE FOREIGN TABLE there PARTITION OF root FOR VALUES FROM (10) TO (20) SERVER test_foreign_loop
    OPTIONS (schema_name 'test_foreign', table_name 'remote');
INSERT INTO root VALUES (18, 'there');
DELETE FROM root WHERE id = 18;
DROP FOREIGN TABLE there;
INSERT INTO root VALUES (3, 'here');
DELETE FROM root WHERE id = 3;
SELECT hooks.unregister_package('foreign');
SELECT tgrelid::regclass FROM pg_trigger WHERE tgfoid = 'hooks.dispatch'::regproc;

-- The hooks of the other server's table are that server's.
SELECT hooks.register('upper', 'before', 'insert', 'remote', 'upper_val');
INSERT INTO items VALUES (19, 'there'), (20, 'skip') RETURNING *;
SELECT hooks.unregister('upper');

-- hooks.keep does not see rows of other servers: what would be lost is not deleted.
CREATE TABLE mixed (id int, val text) PARTITION BY LIST (val);
CREATE TABLE mixed_here PARTITION OF mixed FOR VALUES IN ('here');
CREATE FOREIGN TABLE mixed_there PARTITION OF mixed FOR VALUES IN ('there') SERVER test_foreign_loop
    OPTIONS (schema_name 'test_foreign', table_name 'remote');
INSERT INTO mixed VALUES (21, 'here'), (22, 'there');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'mixed', 'hooks.keep');
\set SHOW_CONTEXT never
DELETE FROM mixed;
SELECT count(*) FROM mixed WHERE id > 20;
-- also where nothing else is deleted, and whatever the condition; with a WARNING under another policy
DELETE FROM mixed WHERE val = 'there';
DELETE FROM mixed_there;
SELECT hooks.register('bin', 'before_closure', 'delete', 'mixed', 'hooks.keep', condition => $$OLD.val = 'here'$$, replace => true);
DELETE FROM mixed WHERE val = 'there';
BEGIN; SELECT hooks.pause('bin', 'test'); DELETE FROM mixed WHERE val = 'there'; ROLLBACK;
BEGIN; SET LOCAL hooks.enabled = off; DELETE FROM mixed WHERE val = 'there'; ROLLBACK;
SELECT hooks.register('bin', 'before_cascade', 'delete', 'mixed', 'hooks.keep', on_error => 'isolate', replace => true);
DELETE FROM mixed WHERE val = 'there';
INSERT INTO mixed VALUES (22, 'there');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'mixed', 'hooks.keep', replace => true);
-- an UPDATE deletes nothing, and one that leaves them alone is kept
UPDATE mixed SET id = id;
DELETE FROM mixed WHERE val = 'here';
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT hooks.unregister('bin'), hooks.purge_kept('0') > 0;

SET client_min_messages = warning;
DROP SCHEMA test_foreign CASCADE;
