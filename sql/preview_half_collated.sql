-- Keys of which only one end has a collation.  PostgreSQL 18 makes none: its ALTER TABLE
-- looks for a collation 0.
SELECT current_setting('server_version_num')::int >= 180000 AS skip_test \gset
\if :skip_test
\quit
\endif
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_half_collated;
SET search_path = test_half_collated;
SET client_min_messages = warning;
CREATE TABLE r (id int PRIMARY KEY);
CREATE TABLE i (k text PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE j (k "char" REFERENCES i ON DELETE CASCADE);
INSERT INTO r VALUES (1);
INSERT INTO i VALUES ('x', 1);
INSERT INTO j VALUES ('x');
SELECT * FROM hooks.preview_delete('r');
DELETE FROM r;
SELECT count(*) FROM j;
DROP SCHEMA test_half_collated CASCADE;
