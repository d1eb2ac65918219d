-- Deletes inside deletes are never told of too late: whoever issues a delete,
-- its hooks fire before its own cascade, once, with its own rows.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_nested;
SET search_path = test_nested;

CREATE TABLE parents (id int PRIMARY KEY, twin int);
CREATE TABLE children (id int PRIMARY KEY, parent_id int REFERENCES parents ON DELETE CASCADE);
CREATE TABLE toys (id int PRIMARY KEY, child_id int REFERENCES children ON DELETE CASCADE);
INSERT INTO parents SELECT i, i + 10 FROM generate_series(1, 30) i;
INSERT INTO children SELECT 100 + id, id FROM parents;
INSERT INTO toys SELECT 100 + id, id FROM children;

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone text;
    below bigint;
BEGIN
    SELECT string_agg(id::text, ' ' ORDER BY id) INTO gone FROM old_table;
    IF TG_TABLE_NAME = 'parents' THEN
        SELECT count(*) INTO below FROM children WHERE parent_id IN (SELECT id FROM old_table);
    ELSE
        SELECT count(*) INTO below FROM toys WHERE child_id IN (SELECT id FROM old_table);
    END IF;
    RAISE NOTICE '%: % rows below', gone, below;
    RETURN NULL;
END $$;
SELECT hooks.register('parents', 'before_cascade', 'delete', 'parents', 'tell', package => 'nested');
SELECT hooks.register('children', 'before_cascade', 'delete', 'children', 'tell', package => 'nested');

-- A trigger of the child deletes other rows of the same tables while the
-- cascade removes the child: its batches are its own and fire at once, those
-- of the cascade around it are not disturbed.
CREATE FUNCTION delete_twin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.id <= 110 THEN
        RAISE NOTICE 'child % deletes parent %', OLD.id, OLD.id - 90;
        DELETE FROM parents WHERE id = OLD.id - 90;
        DELETE FROM children WHERE id = OLD.id + 20;
        RAISE NOTICE 'child % is done', OLD.id;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER twin BEFORE DELETE ON children FOR EACH ROW EXECUTE FUNCTION delete_twin();
BEGIN;
DELETE FROM parents WHERE id IN (1, 2);
SELECT count(*) FROM parents;
SELECT count(*) FROM children;
SELECT count(*) FROM toys;
ROLLBACK;
DROP TRIGGER twin ON children;

-- The same from a trigger that comes after the row, before or after ours by
-- its name.
CREATE TRIGGER "A_twin" AFTER DELETE ON children FOR EACH ROW EXECUTE FUNCTION delete_twin();
BEGIN;
DELETE FROM parents WHERE id = 3;
ROLLBACK;
ALTER TRIGGER "A_twin" ON children RENAME TO twin;
BEGIN;
DELETE FROM parents WHERE id = 3;
ROLLBACK;
DROP TRIGGER twin ON children;

-- A BEFORE ROW trigger of the very table of the statement.
CREATE FUNCTION delete_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.id < 10 THEN
        DELETE FROM parents WHERE id = OLD.twin;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER next BEFORE DELETE ON parents FOR EACH ROW EXECUTE FUNCTION delete_next();
BEGIN;
DELETE FROM parents WHERE id IN (1, 2);
ROLLBACK;
DROP TRIGGER next ON parents;

-- A constraint trigger that deletes at commit.
CREATE CONSTRAINT TRIGGER late AFTER DELETE ON parents DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.id < 10) EXECUTE FUNCTION delete_next();
DELETE FROM parents WHERE id = 6;
DROP TRIGGER late ON parents;

-- A callback that deletes: from its own table, and the dependents themselves.
CREATE FUNCTION clear() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'clear begins';
    DELETE FROM parents WHERE id IN (SELECT twin FROM old_table) AND id < 20;
    DELETE FROM children WHERE parent_id IN (SELECT id FROM old_table);
    RAISE NOTICE 'clear ends';
    RETURN NULL;
END $$;
SELECT hooks.register('clear', 'before_cascade', 'delete', 'parents', 'clear', package => 'nested', priority => -1);
BEGIN;
DELETE FROM parents WHERE id IN (4, 5);
ROLLBACK;
SELECT hooks.unregister('clear');

-- Functions: each statement is one firing, also when one query calls the
-- function for many rows.
CREATE FUNCTION remove(int) RETURNS int LANGUAGE sql AS $$
    DELETE FROM parents WHERE id = $1 RETURNING id $$;
BEGIN;
SELECT remove(i) FROM generate_series(1, 2) i;
DELETE FROM parents WHERE id = 3 AND remove(4) IS NOT NULL RETURNING id;
ROLLBACK;

-- A loop over a cursor, and DELETE ... WHERE CURRENT OF.
BEGIN;
DO $$
DECLARE
    c CURSOR FOR SELECT id FROM parents WHERE id BETWEEN 7 AND 9 ORDER BY id FOR UPDATE;
BEGIN
    FOR r IN c LOOP
        CONTINUE WHEN r.id = 8;
        DELETE FROM parents WHERE CURRENT OF c;
    END LOOP;
END $$;
ROLLBACK;

SELECT hooks.unregister_package('nested');
SET client_min_messages = warning;
DROP SCHEMA test_nested CASCADE;
