-- A key that ignores case, by its collation, finds the rows that refer to it in
-- another case, as the DELETE does.
\pset format unaligned
\pset tuples_only on
-- since PostgreSQL 18, no other collation may refer to such a key
SELECT current_setting('server_version_num')::int >= 180000 OR NOT EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu')
       OR getdatabaseencoding() <> 'UTF8' AS no_such_keys \gset
\if :no_such_keys
\quit
\endif
CREATE SCHEMA "Test collations";
SET search_path = "Test collations";

CREATE COLLATION "any Case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE parent (name text COLLATE "any Case" PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent text COLLATE "C" REFERENCES parent ON DELETE CASCADE);
INSERT INTO parent VALUES ('One'), ('Two');
INSERT INTO child VALUES (1, 'one'), (2, 'ONE'), (3, 'two');

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'doomed: %', (SELECT string_agg(d::text, ' ' ORDER BY d.id) FROM hooks.doomed(NULL::child) d);
  RETURN NULL;
END $$;
SELECT hooks.register('tell', 'before_cascade', 'delete', 'parent', 'tell');
SELECT relation, rows FROM hooks.preview_delete('parent', $$name = 'One'$$);
DELETE FROM parent WHERE name = 'one';
TABLE child;
-- ... also those in an index, which has another order
CREATE INDEX ON child (parent);
INSERT INTO child VALUES (4, 'TWO');
DELETE FROM parent WHERE name = 'two';
TABLE child;

SELECT hooks.unregister('tell');

-- A row whose own collation ignores case refers to several rows, and counts
-- once; also if the cascade has given it that key.
CREATE TABLE exact (name text PRIMARY KEY);
CREATE TABLE loose (name text COLLATE "any Case" CONSTRAINT k1 REFERENCES exact ON DELETE CASCADE);
INSERT INTO exact VALUES ('a'), ('A'), ('b'), ('c'), ('C');
INSERT INTO loose VALUES ('a'), ('A'), ('b');
SELECT relation, rows FROM hooks.preview_delete('exact', $$name IN ('a', 'A')$$);
SELECT relation, rows FROM hooks.preview_delete('exact', $$name = 'A'$$);
BEGIN;
DELETE FROM exact WHERE name = 'A';
TABLE loose;
ROLLBACK;
CREATE TABLE other (name text PRIMARY KEY, exact text REFERENCES exact ON DELETE CASCADE);
INSERT INTO other VALUES ('a', NULL), ('A', NULL), ('b', NULL), ('c', 'b'), ('C', NULL);
ALTER TABLE loose ALTER name SET DEFAULT 'C', DROP CONSTRAINT k1,
  ADD CONSTRAINT k1 FOREIGN KEY (name) REFERENCES exact ON DELETE SET DEFAULT,
  ADD CONSTRAINT k2 FOREIGN KEY (name) REFERENCES other ON DELETE CASCADE;
SELECT relation, constraint_name, action, rows FROM hooks.preview_delete('exact', $$name = 'b'$$);
BEGIN;
DELETE FROM exact WHERE name = 'b';
TABLE loose;
ROLLBACK;
SELECT relation, constraint_name, action, rows FROM hooks.preview_delete('exact', $$name IN ('a', 'c')$$) WHERE action = 'blocked';
DELETE FROM exact WHERE name IN ('a', 'c');
-- Rows whose names are the same but for the case are told apart where they get
-- their keys back, though the index with which they are unique is exact.
CREATE TABLE named (name text COLLATE "any Case" NOT NULL, exact text REFERENCES exact ON DELETE SET NULL);
CREATE UNIQUE INDEX ON named (name COLLATE "C");
INSERT INTO named VALUES ('x', 'c'), ('X', 'C');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'exact', 'hooks.keep');
DELETE FROM exact WHERE name IN ('c', 'C') AND name NOT IN (SELECT name COLLATE "C" FROM loose);
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT * FROM named ORDER BY exact COLLATE "C";
SELECT hooks.unregister('bin'), hooks.purge_kept('0');
SET client_min_messages = warning;
DROP SCHEMA "Test collations" CASCADE;
