-- What a session keeps of a trigger's WHEN, and of how rows become jsonb, is
-- what the next statement would have read.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_when_kept;
SET search_path = test_when_kept;
\i sql/include/log.psql
CREATE TABLE t (id int, a text);
SELECT hooks.register('whk', 'after_commit', 'insert, update, delete', 't', 'callback');

-- the table changes between statements of one session and of one transaction
INSERT INTO t VALUES (1, 'one');
ALTER TABLE t RENAME COLUMN a TO b;
INSERT INTO t VALUES (2, 'two');
BEGIN;
ALTER TABLE t ADD COLUMN c int DEFAULT 7;
INSERT INTO t VALUES (3, 'three');
ALTER TABLE t DROP COLUMN b;
UPDATE t SET c = 8 WHERE id = 3;
COMMIT;
ALTER TABLE t RENAME TO longer_name;
DELETE FROM longer_name WHERE id = 1;
ALTER TABLE longer_name ALTER c TYPE text USING 'c' || c;
UPDATE longer_name SET id = 20 WHERE id = 2;
SELECT action, event->>'relation_name', old_rows, new_rows FROM written();

-- hooks that want other columns, in turn
SELECT seen();
SELECT hooks.register('whk_id', 'after_commit', 'insert', 'longer_name', 'callback', payload => '{id}');
INSERT INTO longer_name VALUES (4, 'four');
SELECT hooks.disable('whk');
INSERT INTO longer_name VALUES (5, 'five');
SELECT hooks.enable('whk');
INSERT INTO longer_name VALUES (6, 'six');
SELECT new_rows, selections IS NOT NULL FROM written();

-- a trigger of somebody else under a name of ours has the WHEN that it has
CREATE TABLE other (id int, a text);
CREATE FUNCTION large(id int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT id > 10';
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'fired for %', NEW.id; RETURN NULL; END $$;
CREATE TRIGGER "Hooks_after_commit_insert" AFTER INSERT ON other FOR EACH ROW WHEN (large(NEW.id)) EXECUTE FUNCTION tell();
INSERT INTO other VALUES (1), (11);
CREATE OR REPLACE FUNCTION large(id int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT id < 10';
INSERT INTO other VALUES (1), (11);
DROP TRIGGER "Hooks_after_commit_insert" ON other;
CREATE TRIGGER "Hooks_after_commit_insert" AFTER INSERT ON other FOR EACH ROW WHEN (NEW.id = 3) EXECUTE FUNCTION tell();
INSERT INTO other VALUES (1), (3);

-- disabled, it is not looked at; enabled again, it is
ALTER TABLE longer_name DISABLE TRIGGER "Hooks_after_commit_insert";
SELECT seen();
INSERT INTO longer_name VALUES (7, 'seven');
ALTER TABLE longer_name ENABLE TRIGGER "Hooks_after_commit_insert";
INSERT INTO longer_name VALUES (8, 'eight');
SELECT new_rows FROM written();

\set VERBOSITY terse
SET client_min_messages = warning;
SELECT hooks.unregister('whk'), hooks.unregister('whk_id');
DROP SCHEMA test_when_kept CASCADE;
