-- What was done to our triggers by hand is told by the next hooks.chain() and
-- hooks.register(), and mended by hooks.repair().
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_repair_user;
CREATE SCHEMA test_repair;
GRANT ALL ON SCHEMA test_repair TO regress_repair_user;
SET search_path = test_repair;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % on %', TG_NAME, TG_OP, TG_TABLE_NAME;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TABLE t (id int);
CREATE TABLE fine (id int);
SELECT hooks.register('insert', 'before', 'insert', 't', 'tell'), hooks.register('delete', 'before_cascade', 'delete', 't', 'tell'),
       hooks.register('update', 'before', 'update', 't', 'tell', fire => 'always'), hooks.register('fine', 'before', 'write', 'fine', 'tell');

-- Nothing is wrong, then everything is: disabled, missing, not for replication.
SELECT hooks.repair();
ALTER TABLE t DISABLE TRIGGER "Hooks_before_row_insert";
DROP TRIGGER "Hooks_before_cascade_delete" ON t;
ALTER TABLE t ENABLE TRIGGER "Hooks_before_row_update";
INSERT INTO t VALUES (1);
DELETE FROM t;
SELECT hook FROM hooks.chain('t');
SELECT hook FROM hooks.chain('fine');
-- (it keeps others from writing to the registry, until the end if it has written)
CREATE VIEW locks AS SELECT mode FROM pg_locks WHERE relation = 'hooks.registry'::regclass AND pid = pg_backend_pid() AND mode LIKE 'Share%';
BEGIN;
SELECT hooks.repair();
TABLE locks;
COMMIT;
BEGIN;
SELECT hooks.repair();
TABLE locks;
COMMIT;
SELECT hook FROM hooks.chain('t');
INSERT INTO t VALUES (1);
SET session_replication_role = replica;
UPDATE t SET id = 2;
RESET session_replication_role;
DELETE FROM t;

-- Register tells of it for its table, a new hook and one that is there.  What
-- is disabled stays so.
ALTER TABLE t DISABLE TRIGGER ALL;
ALTER TABLE fine ENABLE REPLICA TRIGGER "Hooks_before_row_insert";
SELECT hooks.register('delete', 'before_cascade', 'delete', 't', 'tell');
SELECT hook FROM hooks.chain('t');
INSERT INTO fine VALUES (1);
SELECT hooks.register('after', 'after', 'insert', 'fine', 'tell');
INSERT INTO fine VALUES (1);
SELECT hooks.repair();

-- Not in a transaction that is rolled back.
DROP TRIGGER "Hooks_before_row_insert" ON t;
BEGIN;
SELECT hooks.repair();
INSERT INTO t VALUES (1);
ROLLBACK;
INSERT INTO t VALUES (1);
SELECT hooks.repair();

-- The triggers of partitions: clones of the root's, and their own.
CREATE TABLE root (id int) PARTITION BY LIST (id);
CREATE TABLE leaf PARTITION OF root FOR VALUES IN (1);
CREATE TABLE other PARTITION OF root DEFAULT;
SELECT hooks.register('root', 'before', 'insert', 'root', 'tell'), hooks.register('leaf', 'before', 'update', 'leaf', 'tell');
ALTER TABLE leaf DISABLE TRIGGER ALL;
INSERT INTO root VALUES (1), (2);
UPDATE root SET id = id;
SELECT hook FROM hooks.chain('leaf');
SELECT hooks.repair();
SELECT hooks.repair();
INSERT INTO root VALUES (1);
UPDATE leaf SET id = id;
DROP TRIGGER "Hooks_before_row_insert" ON root;
SELECT hook FROM hooks.chain('root');
SELECT hooks.repair();
SELECT hooks.repair();
INSERT INTO root VALUES (1), (2);
SELECT hooks.unregister('root'), hooks.unregister('leaf');

-- Those of the partitions of a table from which a cascade leads to a hook, for
-- which the partition may have hooks of its parent besides.
CREATE TABLE source (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE source_leaf PARTITION OF source FOR VALUES IN (1);
CREATE TABLE middle (id int PRIMARY KEY REFERENCES source ON DELETE CASCADE);
CREATE TABLE bottom (id int REFERENCES middle ON DELETE CASCADE);
SELECT hooks.register('bottom', 'before_closure', 'delete', 'bottom', 'tell');
ALTER TABLE source_leaf DISABLE TRIGGER USER;
SELECT hooks.repair();
SELECT hooks.repair();
SELECT hooks.register('source', 'before_cascade', 'delete', 'source', 'tell', fire => 'always');
ALTER TABLE source_leaf DISABLE TRIGGER USER;
SELECT hooks.repair();
SELECT hooks.repair();
INSERT INTO source VALUES (1);
INSERT INTO middle VALUES (1);
INSERT INTO bottom VALUES (1);
DELETE FROM source;
DROP TABLE source, middle, bottom;

-- Tables of a wide hook.
SELECT hooks.register('wide', 'after', 'insert', NULL, 'tell', level => 'statement', schema => 'test_repair');
DROP TRIGGER hooks_after_statement_insert ON t;
ALTER TABLE fine DISABLE TRIGGER hooks_after_statement_insert;
SET client_min_messages = warning;	-- the tables are in no order
SELECT hooks.repair();
RESET client_min_messages;
SELECT hooks.repair();
INSERT INTO fine VALUES (1);
SELECT hooks.unregister('wide'), hooks.unregister('after');

-- While our event triggers are disabled: what came, moved and went.
ALTER EVENT TRIGGER hooks_sql_drop DISABLE;
ALTER EVENT TRIGGER hooks_ddl_command_end DISABLE;
SELECT hook FROM hooks.chain('fine');
SELECT hooks.register('root', 'before', 'insert', 'root', 'tell'), hooks.register('leaf', 'before', 'insert', 'leaf', 'tell'),
       hooks.register('wide', 'before', 'delete', NULL, 'tell', schema => 'test_repair');
CREATE SCHEMA test_repair_2;
SELECT hooks.register('schema', 'before', 'delete', NULL, 'tell', schema => 'test_repair_2');
DROP TABLE t;
DROP SCHEMA test_repair_2;
ALTER TABLE root DETACH PARTITION leaf;
CREATE TABLE late (id int);
INSERT INTO leaf VALUES (1);
SELECT name FROM hooks.registry ORDER BY name;
SELECT hooks.repair();
SELECT hooks.repair();
SELECT name FROM hooks.registry ORDER BY name;
INSERT INTO leaf VALUES (1);
INSERT INTO late VALUES (1);
DELETE FROM late;
SELECT evtname, evtenabled FROM pg_event_trigger WHERE evtname LIKE 'hooks%' ORDER BY evtname;
SELECT hooks.unregister('wide'), hooks.unregister('root'), hooks.unregister('leaf');

-- Triggers of ours on a table without hooks vanish.
CREATE TABLE stray (id int);
CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT ON stray FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
SELECT hooks.repair();
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgrelid = 'stray'::regclass;

-- One of our name that is not ours is told, and everything else is mended.
SELECT hooks.register('forged', 'before', 'insert', 'stray', 'tell');
DROP TRIGGER "Hooks_before_row_insert" ON stray;
CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT ON stray FOR EACH ROW EXECUTE FUNCTION tell();
ALTER TABLE fine DISABLE TRIGGER ALL;
SELECT hook FROM hooks.chain('stray');
SELECT hooks.repair();
SELECT hooks.repair();
INSERT INTO fine VALUES (1);
DROP TABLE stray;

-- A role without rights mends what is its own: its table, its hook.
SET ROLE regress_repair_user;
CREATE TABLE own (id int);
RESET ROLE;
CREATE TABLE shared (id int);
GRANT TRIGGER, INSERT ON shared TO regress_repair_user;
SELECT hooks.register('own', 'before', 'insert', 'own', 'tell');
SET ROLE regress_repair_user;
SELECT hooks.register('shared', 'before', 'insert', 'shared', 'tell');
RESET ROLE;
DROP TRIGGER "Hooks_before_row_insert" ON shared;
ALTER TABLE own DISABLE TRIGGER ALL;
ALTER TABLE fine DISABLE TRIGGER ALL;
ALTER EVENT TRIGGER hooks_sql_drop DISABLE;
SET ROLE regress_repair_user;
SELECT hooks.repair();
RESET ROLE;
INSERT INTO own VALUES (1);
INSERT INTO shared VALUES (1);
INSERT INTO fine VALUES (1);
SELECT hooks.repair();
SELECT hooks.repair();
BEGIN READ ONLY;
SELECT hooks.repair();
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA test_repair CASCADE;
SELECT name FROM hooks.registry;
DROP ROLE regress_repair_user;
