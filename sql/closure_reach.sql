-- Where before_closure hooks are, and how the delete comes to them.
SET client_min_messages = warning;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  c hooks.context := hooks.context();
BEGIN
  RAISE WARNING '% on %: %; depth %, %, root %', TG_NAME, TG_TABLE_NAME, (SELECT string_agg(o.id::text, ' ' ORDER BY o.id) FROM old_table o),
    c.cascade_depth, c.constraint_name, c.root_relation::regclass;
  RETURN NULL;
END $$;
CREATE TABLE top (id int PRIMARY KEY);
CREATE TABLE parts (id int PRIMARY KEY, top int CONSTRAINT parts_top REFERENCES top ON DELETE CASCADE, x int, y int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE TABLE part_2 (y int, gone int, x int, top int, id int NOT NULL);
ALTER TABLE part_2 DROP COLUMN gone;
ALTER TABLE parts ATTACH PARTITION part_2 FOR VALUES FROM (10) TO (20);
CREATE TABLE leaf (id int PRIMARY KEY, part int CONSTRAINT leaf_part REFERENCES parts ON DELETE CASCADE);
CREATE TABLE deep (id int PRIMARY KEY, leaf int CONSTRAINT deep_leaf REFERENCES leaf ON DELETE CASCADE);
CREATE PROCEDURE fill() LANGUAGE sql BEGIN ATOMIC
  INSERT INTO top VALUES (1), (2);
  INSERT INTO parts VALUES (1, 1), (11, 1), (12, 2);
  INSERT INTO leaf VALUES (1, 1), (11, 11), (12, 12);
  INSERT INTO deep VALUES (1, 1), (11, 11), (12, 12);
END;
CALL fill();

-- partitions: a hook on the tree has all rows in its format, one on a partition its own
SELECT hooks.register(t, 'before_closure', 'delete', t::regclass, 'tell') FROM unnest('{parts, part_2, deep}'::text[]) t;
DELETE FROM top WHERE id = 1;
DELETE FROM part_2;
DELETE FROM top;

-- an update that moves a row to another partition is no delete
INSERT INTO top VALUES (1);
INSERT INTO parts VALUES (1, 1);
UPDATE parts SET id = 15;
DELETE FROM parts;
DELETE FROM top;

-- a table whose trigger is switched off has no firing; the others have
CALL fill();
DELETE FROM parts WHERE id = 1;
ALTER TABLE part_2 DISABLE TRIGGER USER;
DELETE FROM top WHERE id = 1;
ALTER TABLE part_2 ENABLE TRIGGER USER;

-- where the root's is, they fire later
ALTER TABLE top DISABLE TRIGGER USER;
DELETE FROM top;
ALTER TABLE top ENABLE TRIGGER USER;
SELECT hooks.unregister(t) FROM unnest('{parts, part_2, deep}'::text[]) t;

-- conditions choose rows; one that fails does so under the policy
SELECT hooks.register('some', 'before_closure', 'delete', 'leaf', 'tell', condition => 'OLD.id > 5');
SELECT hooks.register('bad', 'before_closure', 'delete', 'leaf', 'tell', condition => 'OLD.id / (OLD.id - 1) > 0', on_error => 'quarantine');
SELECT hooks.register('more', 'before_closure', 'delete', 'leaf', 'tell', condition => 'OLD.part IS NULL');
INSERT INTO top VALUES (3) ON CONFLICT DO NOTHING;
CALL fill();
DELETE FROM top;
SELECT hooks.unregister(h) FROM unnest('{some, bad, more}'::text[]) h;

-- more than one table at the root: WITH, MERGE
SELECT hooks.register(t, 'before_closure', 'delete', t::regclass, 'tell') FROM unnest('{leaf, deep}'::text[]) t;
CALL fill();
WITH a AS (DELETE FROM leaf WHERE id = 1), b AS (DELETE FROM top WHERE id = 2) SELECT;
MERGE INTO top USING (VALUES (1)) v (id) ON top.id = v.id WHEN MATCHED THEN DELETE;

-- a nested statement is one of its own
CREATE FUNCTION drop_top(int) RETURNS int LANGUAGE sql AS 'DELETE FROM top WHERE id = $1 RETURNING id';
CALL fill();
DELETE FROM parts WHERE id = 12 AND drop_top(1) = 1;
DELETE FROM top;

-- paused, disabled, opt-in, replication role, the kill switch
CALL fill();
BEGIN;
SELECT hooks.pause('leaf', 'test');
DELETE FROM top WHERE id = 1;
ROLLBACK;
BEGIN;
SELECT hooks.disable('deep');
DELETE FROM top WHERE id = 1;
ROLLBACK;
BEGIN;
SET LOCAL hooks.enabled = off;
DELETE FROM top WHERE id = 1;
ROLLBACK;
SELECT hooks.register('leaf', 'before_closure', 'delete', 'leaf', 'tell', fire => 'always', replace => true);
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM leaf WHERE id = 1;
DELETE FROM top WHERE id = 1;
ROLLBACK;
SELECT hooks.unregister(t) FROM unnest('{leaf, deep}'::text[]) t;

-- a wide hook is told of each table
SELECT hooks.register('wide', 'before_closure', 'delete', NULL, 'tell', schema => 'public');
DELETE FROM top WHERE id = 1;
SELECT hooks.unregister('wide');

DROP TABLE top, parts, leaf, deep CASCADE;
DROP FUNCTION tell, drop_top;
