-- A before_commit hook that comes, changes or goes while a transaction is under
-- way; wide ones; its triggers; and what register() refuses.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA changing;
SET search_path = changing;
CREATE TABLE t (id int);
CREATE TABLE u (id int);
CREATE FUNCTION told(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% on %: %', event->>'hook', event->>'relation',
    (SELECT string_agg(format('%s %s %s', c->>'relation', c->>'action', c->>'rows'), ', ' ORDER BY n)
       FROM jsonb_array_elements(event->'changes') WITH ORDINALITY AS a (c, n));
END $$;
CREATE FUNCTION told2(event jsonb) RETURNS void LANGUAGE sql AS $$SELECT changing.told(event || '{"hook": "told2"}')$$;

-- registered in the middle: what is done from then on
BEGIN;
INSERT INTO t VALUES (1);
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'told');
INSERT INTO t VALUES (2);
COMMIT;
BEGIN;
SELECT hooks.register('no', 'before_commit', 'insert', 't', 'told');
INSERT INTO t VALUES (3);
ROLLBACK;
-- replaced: the hook as it is at the end, if it still is for what was done
BEGIN;
INSERT INTO t VALUES (3);
SELECT hooks.register('h', 'before_commit', 'insert, delete', 't', 'told2', replace => true);
COMMIT;
BEGIN;
INSERT INTO t VALUES (4);
DELETE FROM t WHERE id = 4;
SELECT hooks.register('h', 'before_commit', 'delete', 't', 'told', replace => true);
COMMIT;
BEGIN;
DELETE FROM t WHERE id = 3;
SELECT hooks.register('h', 'before_commit', 'delete', 'u', 'told', replace => true);
COMMIT;
-- unregistered, for good and in a savepoint
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'told', replace => true);
BEGIN;
INSERT INTO t VALUES (5);
SELECT hooks.unregister('h');
COMMIT;
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'told');
BEGIN;
INSERT INTO t VALUES (5);
SAVEPOINT s;
SELECT hooks.unregister('h');
ROLLBACK TO s;
COMMIT;

-- a wide hook fires once for all tables; a table that comes later is covered, one that
-- goes is not told of, nor a temporary one
SELECT hooks.register('wide', 'before_commit', 'write', NULL, 'told', schema => 'changing');
CREATE TABLE parts (id int) PARTITION BY LIST (id);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES IN (1);
CREATE TEMP TABLE own (id int);
BEGIN;
INSERT INTO u VALUES (1);
CREATE TABLE later (id int);
INSERT INTO later VALUES (1), (2);
INSERT INTO parts1 VALUES (1);
INSERT INTO own VALUES (1);
CREATE TABLE goes (id int);
INSERT INTO goes VALUES (1);
DROP TABLE goes;
TRUNCATE u, parts;
COMMIT;
-- the partition it was written by is gone, or not one any more
BEGIN;
INSERT INTO parts VALUES (1);
ALTER TABLE parts DETACH PARTITION parts1;
DROP TABLE parts1;
COMMIT;
SELECT hooks.unregister('wide');

-- hooks on a table and the partitioned one above it
CREATE TABLE parts2 PARTITION OF parts FOR VALUES IN (2);
SELECT hooks.register('top', 'before_commit', 'insert', 'parts', 'told'), hooks.register('leaf', 'before_commit', 'insert', 'parts2', 'told');
INSERT INTO parts VALUES (2);
CREATE TABLE parts3 (id int);
SELECT hooks.register('own', 'before_commit', 'insert', 'parts3', 'told');
ALTER TABLE parts ATTACH PARTITION parts3 FOR VALUES IN (3);
INSERT INTO parts3 VALUES (3);
ALTER TABLE parts DETACH PARTITION parts3;
INSERT INTO parts3 VALUES (3);
-- a partition that is none any more when the transaction commits
BEGIN;
INSERT INTO parts VALUES (2);
ALTER TABLE parts DETACH PARTITION parts2;
COMMIT;

-- its triggers: dropped or disabled by hand, and mended
DROP TRIGGER hooks_before_commit_insert ON t;
ALTER TABLE u DISABLE TRIGGER ALL;
SELECT hooks.register('u', 'before_commit', 'insert, truncate', 'u', 'told');
ALTER TABLE u DISABLE TRIGGER hooks_before_commit_insert;
SELECT hooks.repair();
INSERT INTO t VALUES (6);
INSERT INTO u VALUES (6);
SELECT phase, action, level, hook FROM hooks.chain('u');
SELECT hooks.script();

-- what register() refuses
CREATE FUNCTION as_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FOREIGN DATA WRAPPER at_commit_wrapper;
CREATE SERVER at_commit_server FOREIGN DATA WRAPPER at_commit_wrapper;
CREATE FOREIGN TABLE f (id int) SERVER at_commit_server;
SELECT hooks.register('x', 'before_commit', 'insert', 't', 'as_trigger');
SELECT hooks.register('x', 'before_commit', 'insert', 't', 'told', level => 'row');
SELECT hooks.register('x', 'before_commit', 'insert', 't', 'told', level => 'statement');
SELECT hooks.register('x', 'before_commit', 'drop', 't', 'told');
SELECT hooks.register('x', 'before_commit', 'insert, drop', 't', 'told');
SELECT hooks.register('x', 'before_commit', 'name', 't', 'told');
SELECT hooks.register('x', 'before_commit', 'insert', 't', 'told', columns => '{id}');
SELECT hooks.register('x', 'before_commit', 'insert', 't', 'told', condition => 'OLD.id = 1');
SELECT hooks.register('x', 'before_commit', 'delete', 't', 'told', condition => 'NEW.id = 1');
SELECT hooks.register('x', 'before_commit', 'insert, truncate', 't', 'told', condition => 'NEW.id = 1');
SELECT hooks.register('x', 'before_commit', 'insert', 'f', 'told');
SELECT hooks.register('x', 'before_commit', 'insert', 't', 'told', max_attempts => 3);
SELECT hooks.register('x', 'before_commit', 'insert', 't', 'told', payload => '{id}');
SET client_min_messages = warning;
DROP FOREIGN DATA WRAPPER at_commit_wrapper CASCADE;
DROP SCHEMA changing CASCADE;
