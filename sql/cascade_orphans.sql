-- A hook cannot make orphans: skipping or changing back a row that a foreign
-- key's action has to remove or change is KH004.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA orphan;
SET search_path = orphan;
DELETE FROM hooks.failure;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int, parent_id int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE optional (id int, parent_id int REFERENCES parent ON DELETE SET NULL, note text);
CREATE TABLE grandchild (id int);
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.parent_id := OLD.parent_id;
  RETURN NEW;
END $$;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.note := coalesce(NEW.note, '') || TG_NAME;
  RETURN NEW;
END $$;
INSERT INTO parent VALUES (1), (2), (3);
INSERT INTO child VALUES (1, 1), (2, 2);
INSERT INTO optional VALUES (1, 1), (2, 2);
-- the rows that refer to a row that is gone
CREATE VIEW orphans AS
  SELECT 'child', id FROM child WHERE parent_id NOT IN (SELECT id FROM parent)
  UNION ALL SELECT 'optional', id FROM optional WHERE parent_id NOT IN (SELECT id FROM parent);

-- Skipping a row of a cascading delete, in the first statement of a session as
-- in any other.
SELECT hooks.register('keep', 'before', 'delete', 'child', 'skip', package => 'orphan');
\c -
\pset format unaligned
\pset tuples_only on
SET search_path = orphan;
DELETE FROM parent WHERE id = 1;
DELETE FROM parent WHERE id = 1;
SELECT * FROM orphans;
-- A plain skip, in a statement of one's own, is what BEFORE ROW hooks are for,
DELETE FROM child WHERE id = 1;
SELECT id FROM child ORDER BY id;
-- a parent without such children may go,
BEGIN;
DELETE FROM parent WHERE id = 3;
ROLLBACK;
-- and a statement that a callback issues within the cascade is no part of it.
SELECT hooks.unregister('keep');
INSERT INTO grandchild VALUES (1);
CREATE FUNCTION delete_grandchild() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM orphan.grandchild;
  RETURN OLD;
END $$;
SELECT hooks.register('nested', 'before', 'delete', 'child', 'delete_grandchild', package => 'orphan'),
       hooks.register('keep grandchild', 'before', 'delete', 'grandchild', 'skip', package => 'orphan');
BEGIN;
DELETE FROM parent WHERE id = 1;
SELECT count(*) FROM grandchild;
ROLLBACK;
SELECT hooks.unregister_package('orphan');

-- A hook whose condition spares the row does not skip it.
SELECT hooks.register('keep 2', 'before', 'delete', 'child', 'skip', condition => 'old.id = 2', package => 'orphan');
BEGIN;
DELETE FROM parent WHERE id = 1;
DELETE FROM parent WHERE id = 2;
ROLLBACK;
SELECT hooks.unregister_package('orphan');

-- ON UPDATE CASCADE: skipping, and writing the old value back.
SELECT hooks.register('skip', 'before', 'update', 'child', 'skip', package => 'orphan');
UPDATE parent SET id = 10 WHERE id = 1;
SELECT hooks.register('undo', 'before', 'update', 'child', 'undo', package => 'orphan'), hooks.unregister('skip');
UPDATE parent SET id = 10 WHERE id = 1;
-- in a statement of one's own it is allowed
UPDATE child SET parent_id = 3 WHERE id = 1;
SELECT parent_id FROM child WHERE id = 1;
SELECT hooks.unregister_package('orphan');

-- ON DELETE SET NULL: skipping, and undoing it.
SELECT hooks.register('skip', 'before', 'update', 'optional', 'skip', package => 'orphan');
DELETE FROM parent WHERE id = 1;
SELECT hooks.register('undo', 'before', 'update', 'optional', 'undo', package => 'orphan'), hooks.unregister('skip');
DELETE FROM parent WHERE id = 1;
-- A generated column, which has no value yet, is not undone.
CREATE TABLE generated (parent_id int REFERENCES parent ON UPDATE CASCADE, plus int GENERATED ALWAYS AS (parent_id + 1) STORED,
                        a int, b int, note text);
INSERT INTO parent (id) VALUES (100);
INSERT INTO generated VALUES (100);
SELECT hooks.register('generated', 'before', 'update', 'generated', 'note', package => 'orphan');
UPDATE parent SET id = 101 WHERE id = 100;
SELECT * FROM generated;
DROP TABLE generated;
DELETE FROM parent WHERE id = 101;
-- Changing anything else of the row is fine.
SELECT hooks.unregister_package('orphan');
SELECT hooks.register('note', 'before', 'update', 'optional', 'note', package => 'orphan'),
       hooks.register('note2', 'before', 'update', 'optional', 'note', package => 'orphan');
BEGIN;
DELETE FROM parent WHERE id = 1;
SELECT id, parent_id IS NULL, note FROM optional ORDER BY id;
SELECT * FROM orphans;
ROLLBACK;
SELECT hooks.unregister_package('orphan');

-- No policy swallows it: going on would leave the orphan.
SELECT hooks.register('keep', 'before', 'delete', 'child', 'skip', on_error => 'isolate', package => 'orphan');
DELETE FROM parent WHERE id = 1;
SELECT count(*) FROM hooks.failure;
-- A hook that fails and is isolated lets the row pass.
SELECT hooks.unregister_package('orphan');
CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'broken'; END$$;
SELECT hooks.register('broken', 'before', 'delete', 'child', 'broken', on_error => 'isolate', package => 'orphan');
DELETE FROM parent WHERE id = 1;
SELECT id FROM child ORDER BY id;
SELECT * FROM orphans;

-- Partitions: the guard is the same where the row is.
CREATE TABLE parted (id int, parent_id int REFERENCES parent ON DELETE CASCADE) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parted DEFAULT;
INSERT INTO parted VALUES (2, 2);
SELECT hooks.register('keep part', 'before', 'delete', 'parted', 'skip', package => 'orphan');
DELETE FROM parent WHERE id = 2;
SELECT count(*) FROM parted;

SELECT hooks.unregister_package('orphan');
DELETE FROM hooks.failure;
SET client_min_messages = warning;
DROP SCHEMA orphan CASCADE;
