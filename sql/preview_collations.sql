-- A key that ignores case, by its collation, finds the rows that refer to it in
-- another case, as the DELETE does.
\pset format unaligned
\pset tuples_only on
-- since PostgreSQL 18, no other collation may refer to such a key
SELECT current_setting('server_version_num')::int >= 180000 OR NOT EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i')
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
SET client_min_messages = warning;
DROP SCHEMA "Test collations" CASCADE;
