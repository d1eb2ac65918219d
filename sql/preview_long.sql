-- max_rows bounds the number of rows of a preview: of a chain, which has a row
-- for each level, and of what hangs on it.
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
CREATE TABLE node (id int PRIMARY KEY, above int REFERENCES node ON DELETE CASCADE);
CREATE TABLE leaf (node int REFERENCES node ON DELETE CASCADE);
CREATE TABLE seen (node int REFERENCES node ON DELETE SET NULL);
CREATE TABLE held (node int REFERENCES node);
CREATE INDEX ON node (above);
CREATE INDEX ON leaf (node);
CREATE INDEX ON seen (node);
CREATE INDEX ON held (node);
INSERT INTO node SELECT n, nullif(n - 1, 0) FROM generate_series(1, 1500) n;
INSERT INTO leaf SELECT id FROM node;
INSERT INTO seen SELECT id FROM node WHERE id > 2;
INSERT INTO held SELECT id FROM node WHERE id > 4;
SELECT count(*), bool_or(capped) FROM hooks.preview_delete('node', 'id = 1');
SELECT max_rows, count(*) <= max_rows AS bounded, max(depth), bool_or(capped)
  FROM unnest('{100, 1000, 10000}'::int[]) max_rows, hooks.preview_delete('node', 'id = 1', max_rows) GROUP BY 1 ORDER BY 1;
-- The last row of each key is capped, as there is more below.  A key whose first
-- row comes late is shown all the same.
SELECT depth, relation, action, rows, capped FROM hooks.preview_delete('node', 'id = 1', 6);
SELECT depth, relation, action, rows, capped FROM hooks.preview_delete('node', 'id = 1', 9);
-- A chain that ends in time is not capped.
SELECT depth, relation, action, rows, capped FROM hooks.preview_delete('node', 'id = 1500', 4);
DROP TABLE node, leaf, seen, held;
