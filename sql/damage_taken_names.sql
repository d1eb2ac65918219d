-- Somebody's own trigger that has a name of ours is in nobody's way but that of
-- a hook on its very table: it is told of, left alone, and nothing is made of it.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_hooks_evil;
CREATE SCHEMA others;
GRANT ALL ON SCHEMA others TO regress_hooks_evil;
SET search_path = others;
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% % on %', TG_NAME, TG_LEVEL, TG_TABLE_NAME;
  RETURN coalesce(NEW, OLD);
END $$;
SET ROLE regress_hooks_evil;
CREATE TABLE evil (id int);
CREATE FUNCTION evil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT ON evil FOR EACH ROW EXECUTE FUNCTION evil();
CREATE TRIGGER "Hooks_before_row_update" BEFORE UPDATE OF id ON evil FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
CREATE TRIGGER hooks_after_statement_insert AFTER INSERT ON evil EXECUTE FUNCTION evil();
RESET ROLE;
CREATE TABLE good (id int);

-- a wide hook, the table's own, and what DDL does
SELECT hooks.register('wide', 'before', 'write', NULL, 'cb', schema => 'others', package => 'others');
INSERT INTO good VALUES (1);
INSERT INTO evil VALUES (1);
DELETE FROM evil;
SELECT hooks.register('after', 'after', 'insert', NULL, 'cb', level => 'statement', schema => 'others', package => 'others');
INSERT INTO good VALUES (1);
CREATE TABLE later (id int);
ALTER TABLE evil INHERIT good;
ALTER TABLE evil NO INHERIT good;
SELECT hooks.unregister('wide');
SELECT hooks.register('own', 'before', 'delete', 'evil', 'cb', package => 'others');
SELECT hooks.register('own insert', 'before', 'insert', 'evil', 'cb', package => 'others');
SELECT hooks.register('own after', 'after', 'insert', 'evil', 'cb', level => 'statement', package => 'others');
DELETE FROM evil;
SELECT hooks.unregister('after');
SELECT tgname, tgfoid::regproc FROM pg_trigger WHERE tgrelid = 'evil'::regclass ORDER BY tgname COLLATE "C";

-- Partitions: PostgreSQL refuses a second trigger of the name, whose ever it is,
-- and takes others in.
CREATE TABLE root (id int) PARTITION BY LIST (id);
SELECT hooks.register('root', 'before', 'delete', 'root', 'cb', package => 'others');
ALTER TABLE root ATTACH PARTITION evil FOR VALUES IN (1);
ALTER TABLE root DETACH PARTITION evil;
SELECT hooks.register('root insert', 'before', 'insert', 'root', 'cb', package => 'others');
ALTER TABLE root ATTACH PARTITION evil FOR VALUES IN (1);
SELECT hooks.unregister('root insert');
ALTER TABLE root ATTACH PARTITION evil FOR VALUES IN (1);
SELECT hooks.register('wide', 'before', 'insert', NULL, 'cb', schema => 'others', package => 'others');
INSERT INTO good VALUES (1);
INSERT INTO root VALUES (1);
-- for a hook on the partitioned table itself it is an error
SELECT hooks.register('root insert', 'before', 'insert', 'root', 'cb', package => 'others');
SELECT hooks.unregister_package('others');
SELECT tgrelid::regclass, tgname, tgfoid::regproc FROM pg_trigger
 WHERE tgrelid IN ('evil'::regclass, 'root'::regclass, 'good'::regclass) ORDER BY tgname COLLATE "C";

SET client_min_messages = warning;
DROP SCHEMA others CASCADE;
DROP ROLE regress_hooks_evil;
