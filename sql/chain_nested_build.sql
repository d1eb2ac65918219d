-- Building the hooks of a table may run code of a hook's owner, which may use the
-- same table: then they are built inside of that, and nothing is left behind.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA nested_build;
SET search_path = nested_build;
CREATE TABLE t (id int);
CREATE TABLE busy (level int);
INSERT INTO busy VALUES (0);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '% %', TG_NAME, NEW.id; RETURN NEW; END$$;
CREATE FUNCTION insert_one() RETURNS int LANGUAGE plpgsql SET search_path = nested_build AS $$
BEGIN
  IF (SELECT level FROM busy) < 3 THEN
    UPDATE busy SET level = level + 1;
    INSERT INTO t SELECT level FROM busy;
  END IF;
  RETURN 0;
END $$;
-- evaluated as soon as the condition is planned, as it says that it can be
CREATE FUNCTION zero() RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN nested_build.insert_one(); END';
SELECT hooks.register('a', 'before', 'insert', 't', 'tell', condition => 'NEW.id > zero()', package => 'nested_build');
SELECT hooks.register('b', 'before', 'insert', 't', 'tell', package => 'nested_build');
\c -
\pset format unaligned
\pset tuples_only on
SET search_path = nested_build;
UPDATE busy SET level = 0;
-- but for the one of the hash table
CREATE VIEW built AS SELECT count(*) - 1 FROM pg_backend_memory_contexts WHERE name = 'hooks chains';
INSERT INTO t VALUES (10);
TABLE busy;
SELECT id FROM t ORDER BY ctid;
-- what was built is kept once, and given back when the table changes
TABLE built;
INSERT INTO t VALUES (11);
TABLE built;
UPDATE busy SET level = 0;
ALTER TABLE t ADD COLUMN more int;
INSERT INTO t VALUES (12);
TABLE built;
UPDATE busy SET level = 0;
BEGIN;
DROP FUNCTION zero() CASCADE;
INSERT INTO t VALUES (13);
ROLLBACK;
UPDATE busy SET level = 0;
INSERT INTO t VALUES (14);
TABLE built;

SELECT hooks.unregister_package('nested_build');
SET client_min_messages = warning;
DROP SCHEMA nested_build CASCADE;
