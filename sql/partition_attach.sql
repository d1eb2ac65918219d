-- ATTACH and DETACH PARTITION: a table keeps its own hooks when it becomes a
-- partition, and after; those of the partitioned table come and go.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_attach;
SET search_path = test_attach;
CREATE ROLE regress_attach_root;
CREATE ROLE regress_attach_leaf;
GRANT ALL ON SCHEMA test_attach TO PUBLIC;

CREATE FUNCTION tell_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% as %: % % % on %', TG_NAME, current_user, TG_WHEN, TG_OP, coalesce(NEW, OLD), TG_TABLE_NAME;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% as %: % % on %: %', TG_NAME, current_user, TG_WHEN, TG_OP, TG_TABLE_NAME,
        (SELECT string_agg(o::text, ' ' ORDER BY o.id) FROM old_table o);
    RETURN NULL;
END $$;
CREATE VIEW enabled AS
    SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger
     WHERE tgfoid = 'hooks.dispatch'::regproc ORDER BY tgrelid::regclass::text COLLATE "C", tgname COLLATE "C";

-- Parent and partition have different owners, hooks for the same events, and
-- columns in another order.
SET ROLE regress_attach_root;
CREATE TABLE root (id int, val text) PARTITION BY RANGE (id);
SELECT hooks.register('root', 'before', 'insert', 'root', 'tell_row', package => 'root');
SELECT hooks.register('root cut', 'before_cascade', 'delete', 'root', 'tell', package => 'root');
SELECT hooks.register('root done', 'after', 'delete', 'root', 'tell', level => 'statement', package => 'root');
SET ROLE regress_attach_leaf;
CREATE TABLE leaf (val text, id int);
SELECT hooks.register('leaf', 'before', 'insert', 'leaf', 'tell_row', fire => 'always', package => 'leaf');
SELECT hooks.register('leaf cut', 'before_cascade', 'delete', 'leaf', 'tell', package => 'leaf');
SELECT hooks.register('leaf last', 'after', 'insert', 'leaf', 'tell_row', package => 'leaf');
SELECT hooks.register('leaf done', 'after', 'delete', 'leaf', 'tell', level => 'statement', package => 'leaf');
RESET ROLE;
CREATE TABLE before_attach AS TABLE enabled;

-- Who may not attach leaves everything as it was: the owner of only one of them.
SET ROLE regress_attach_leaf;
ALTER TABLE root ATTACH PARTITION leaf FOR VALUES FROM (0) TO (10);
SET ROLE regress_attach_root;
ALTER TABLE root ATTACH PARTITION leaf FOR VALUES FROM (0) TO (10);
RESET ROLE;
-- So does an ATTACH that fails: rows that do not fit, a bound that makes no
-- sense, a loop, a missing column.
INSERT INTO leaf VALUES ('v', 11);
ALTER TABLE root ATTACH PARTITION leaf FOR VALUES FROM (0) TO (10);
DO $$
BEGIN
    ALTER TABLE root ATTACH PARTITION leaf FOR VALUES FROM (10) TO (0);
EXCEPTION WHEN invalid_object_definition THEN
    RAISE NOTICE '%', SQLERRM;
END $$;
ALTER TABLE root ATTACH PARTITION root FOR VALUES FROM (0) TO (10);
ALTER TABLE root ATTACH PARTITION nowhere FOR VALUES FROM (0) TO (10);
ALTER TABLE leaf RENAME val TO other;
ALTER TABLE root ATTACH PARTITION leaf FOR VALUES FROM (0) TO (20);
ALTER TABLE leaf RENAME other TO val;
(TABLE enabled EXCEPT TABLE before_attach) UNION ALL (TABLE before_attach EXCEPT TABLE enabled);
DELETE FROM leaf;

-- Attached, each row is told once to each hook.  Statements belong to the table
-- that they name.
ALTER TABLE root ATTACH PARTITION leaf FOR VALUES FROM (0) TO (10);
TABLE enabled;
INSERT INTO root VALUES (1, 'v1');
INSERT INTO leaf VALUES ('v2', 2);
SET session_replication_role = replica;
INSERT INTO root VALUES (3, 'v3');
RESET session_replication_role;
DELETE FROM root WHERE id = 1;
DELETE FROM leaf WHERE id = 2;
SELECT phase, action, level, position, hook FROM hooks.chain('leaf');
-- A hook that is disabled is told of where it would fire: not of statements on the parent.
BEGIN;
SELECT hooks.disable(name) FROM hooks.registry WHERE package = 'root' ORDER BY name;
SELECT count(*) FROM hooks.chain('leaf');
ROLLBACK;

-- Either may lose its hooks without the other noticing.
BEGIN;
SELECT hooks.unregister_package('root');
INSERT INTO root VALUES (4, 'v4');
DELETE FROM root WHERE id = 4;
ROLLBACK;
BEGIN;
SELECT hooks.unregister_package('leaf');
INSERT INTO root VALUES (4, 'v4');
DELETE FROM root WHERE id = 4;
ROLLBACK;

-- Detached, by the owner of the parent, who has no right on the partition, it
-- goes on with its own hooks, as they were.
SET ROLE regress_attach_root;
ALTER TABLE root DETACH PARTITION leaf;
RESET ROLE;
(TABLE enabled EXCEPT TABLE before_attach) UNION ALL (TABLE before_attach EXCEPT TABLE enabled);
INSERT INTO leaf VALUES ('v5', 5);
DELETE FROM leaf WHERE id = 5;
-- so it does in the same transaction, or if that is rolled back
BEGIN;
ALTER TABLE root ATTACH PARTITION leaf FOR VALUES FROM (0) TO (10);
INSERT INTO leaf VALUES ('v5', 5);
ALTER TABLE root DETACH PARTITION leaf;
INSERT INTO leaf VALUES ('v5', 5);
ROLLBACK;
(TABLE enabled EXCEPT TABLE before_attach) UNION ALL (TABLE before_attach EXCEPT TABLE enabled);
DELETE FROM leaf;

-- A tree with hooks on both of its levels goes into another, and out of it
-- without a lock.
CREATE TABLE mid (val text, id int) PARTITION BY RANGE (id);
ALTER TABLE mid OWNER TO regress_attach_leaf;
SELECT hooks.unregister('leaf last');
SELECT hooks.unregister('root done');
SELECT hooks.unregister('leaf done');
SET ROLE regress_attach_leaf;
SELECT hooks.register('mid', 'before', 'insert', 'mid', 'tell_row');
SELECT hooks.register('mid cut', 'before_cascade', 'delete', 'mid', 'tell');
ALTER TABLE mid ATTACH PARTITION leaf FOR VALUES FROM (0) TO (10);
RESET ROLE;
DROP TABLE before_attach;
CREATE TABLE before_attach AS TABLE enabled;
ALTER TABLE root ATTACH PARTITION mid FOR VALUES FROM (0) TO (100);
INSERT INTO root VALUES (6, 'v6');
DELETE FROM root;
ALTER TABLE root DETACH PARTITION mid CONCURRENTLY;
(TABLE enabled EXCEPT TABLE before_attach) UNION ALL (TABLE before_attach EXCEPT TABLE enabled);
INSERT INTO mid VALUES ('v7', 7);
DELETE FROM mid;
ALTER TABLE mid DETACH PARTITION leaf CONCURRENTLY;
INSERT INTO leaf VALUES ('v8', 8);
DELETE FROM leaf;

-- A wide hook on both of them is one hook for a row, as it was before.
ALTER ROLE regress_attach_leaf SUPERUSER;
SET ROLE regress_attach_leaf;
SELECT hooks.register('wide', 'before', 'insert', NULL, 'tell_row', schema => 'test_attach');
RESET ROLE;
INSERT INTO leaf VALUES ('v1', 1);
ALTER TABLE mid ATTACH PARTITION leaf FOR VALUES FROM (0) TO (10);
INSERT INTO mid VALUES ('v2', 2);
ALTER TABLE mid DETACH PARTITION leaf;
INSERT INTO leaf VALUES ('v3', 3);
SELECT hooks.unregister('wide');

-- What is not there gets nothing, and its partitions neither.
ALTER TABLE IF EXISTS nothing ATTACH PARTITION none FOR VALUES IN (1);
ALTER TABLE IF EXISTS nothing DETACH PARTITION none;
ALTER TABLE IF EXISTS nothing INHERIT none;
ALTER TABLE IF EXISTS nothing ADD FOREIGN KEY (id) REFERENCES none;

-- A table made after the picture of another has none of its hooks.
CREATE TABLE twin (LIKE leaf INCLUDING ALL);
CREATE TABLE heir () INHERITS (leaf);
CREATE TABLE copy AS TABLE leaf;
SELECT DISTINCT tgrelid::text FROM enabled ORDER BY 1;
INSERT INTO twin VALUES ('v9', 9);
INSERT INTO heir VALUES ('v9', 9);

SET client_min_messages = warning;
DROP SCHEMA test_attach CASCADE;
SELECT name FROM hooks.registry;
DROP ROLE regress_attach_root, regress_attach_leaf;
