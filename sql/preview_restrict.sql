-- A foreign key with RESTRICT stops a DELETE at once, wherever in the cascade it
-- is: preview_delete() and cascade_tree() say so.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA test_restrict;
SET search_path = test_restrict;

CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
CREATE TABLE grandchild (id int PRIMARY KEY, child int REFERENCES child ON DELETE RESTRICT);
CREATE TABLE beside (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE RESTRICT ON UPDATE CASCADE);
INSERT INTO parent VALUES (1), (2), (3);
INSERT INTO child VALUES (1, 1), (2, 2);
INSERT INTO grandchild VALUES (1, 1);
INSERT INTO beside VALUES (1, 3);

SELECT hooks.cascade_tree('parent');
\pset tuples_only off
SELECT * FROM hooks.preview_delete('parent', 'id = 1');
SELECT * FROM hooks.preview_delete('parent', 'id = 2');
SELECT * FROM hooks.preview_delete('parent', 'id = 3');
\pset tuples_only on
-- since PostgreSQL 18, RESTRICT has an SQLSTATE of its own
CREATE FUNCTION try(number int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM test_restrict.parent WHERE id = number;
  RETURN true;
EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN
  RETURN false;
END $$;
SELECT id, try(id) AS deleted FROM generate_series(1, 3) id;

SET client_min_messages = warning;
DROP SCHEMA test_restrict CASCADE;
