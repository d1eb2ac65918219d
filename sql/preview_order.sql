-- Rows of one statement are deleted one after the other, and the actions of each row's
-- keys follow at once.  Where these meet at a row, the first one decides what becomes
-- of it: previews tell what then happens.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_preview_order;
SET search_path = test_preview_order;
SET client_min_messages = warning;
CREATE TABLE parent (id int, k int DEFAULT 0, PRIMARY KEY (id, k), UNIQUE (id));
INSERT INTO parent (id) SELECT generate_series(1, 4);
CREATE FUNCTION preview() RETURNS TABLE (line text) LANGUAGE sql AS $$
  SELECT concat_ws(' ', relation, constraint_name, action, rows) FROM hooks.preview_delete('test_preview_order.parent')
  WHERE depth > 0 ORDER BY 1 $$;

-- Two keys have a column in common.
CREATE TABLE child (n int, a int, b int, k int,
  CONSTRAINT a FOREIGN KEY (a, k) REFERENCES parent ON DELETE SET NULL,
  CONSTRAINT b FOREIGN KEY (b, k) REFERENCES parent ON DELETE CASCADE);
INSERT INTO child VALUES (1, 2, 1, 0), (2, 3, 4, 0);
SELECT preview();
BEGIN;
DELETE FROM parent;
TABLE child;
ROLLBACK;
DROP TABLE child;

-- A row that is changed before it is deleted is not referred to any more by its old key.
CREATE TABLE child (n int, a int UNIQUE CONSTRAINT a REFERENCES parent (id) ON DELETE SET NULL, b int CONSTRAINT b REFERENCES parent (id) ON DELETE CASCADE);
CREATE TABLE grandchild (n int, a int CONSTRAINT c REFERENCES child (a) ON DELETE CASCADE ON UPDATE SET NULL);
INSERT INTO child VALUES (1, 2, 1), (2, 3, 4);
INSERT INTO grandchild SELECT n, a FROM child;
SELECT preview();
BEGIN;
DELETE FROM parent;
TABLE grandchild;
ROLLBACK;
DROP TABLE child, grandchild;

-- Nor is one that leaves a partition deleted by this partition's key.
CREATE TABLE child (n int, a int CONSTRAINT a REFERENCES parent (id) ON DELETE SET NULL, b int) PARTITION BY LIST (a);
CREATE TABLE child_numbers PARTITION OF child (CONSTRAINT b FOREIGN KEY (b) REFERENCES parent (id) ON DELETE CASCADE) FOR VALUES IN (2, 3);
CREATE TABLE child_null PARTITION OF child FOR VALUES IN (NULL);
INSERT INTO child VALUES (1, 2, 1), (2, 3, 4);
SELECT preview();
BEGIN;
DELETE FROM parent;
TABLE child;
ROLLBACK;

DROP SCHEMA test_preview_order CASCADE;
