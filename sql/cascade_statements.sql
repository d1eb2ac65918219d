-- Every form of DELETE is one statement with one firing.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_statements;
SET search_path = test_statements;

CREATE TABLE parents (id int PRIMARY KEY, kind text);
CREATE TABLE children (id int PRIMARY KEY, parent_id int REFERENCES parents ON DELETE CASCADE);
INSERT INTO parents SELECT i, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END FROM generate_series(1, 9) i;
INSERT INTO children SELECT 10 + id, id FROM parents;

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %: %', TG_TABLE_NAME,
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM old_table),
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM children
          WHERE parent_id IN (SELECT id FROM old_table));
    RETURN NULL;
END $$;
CREATE FUNCTION tell_child() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %', TG_TABLE_NAME, (SELECT string_agg(id::text, ' ' ORDER BY id) FROM old_table);
    RETURN NULL;
END $$;
SELECT hooks.register('parents', 'before_cascade', 'delete', 'parents', 'tell', package => 'statements');
SELECT hooks.register('children', 'before_cascade', 'delete', 'children', 'tell_child', package => 'statements');

-- Two deletes of one table in one statement are one batch.
BEGIN;
WITH low AS (DELETE FROM parents WHERE id < 3 RETURNING id),
     high AS (DELETE FROM parents WHERE id > 7 RETURNING id)
SELECT id FROM low UNION ALL SELECT id FROM high ORDER BY id;
ROLLBACK;

-- Parent and child in one statement: the child rows that the statement itself
-- chose are gone when its hooks fire; those left to the cascade are not.
BEGIN;
WITH gone AS (DELETE FROM parents WHERE id < 4 RETURNING id)
DELETE FROM children WHERE parent_id IN (SELECT id FROM gone WHERE id < 3);
ROLLBACK;

-- A delete inside an insert.
CREATE TABLE archive (id int);
BEGIN;
WITH gone AS (DELETE FROM parents WHERE kind = 'even' RETURNING id)
INSERT INTO archive SELECT id FROM gone;
SELECT count(*) FROM archive;
ROLLBACK;

-- DELETE ... USING, with a row that the join finds twice.
BEGIN;
DELETE FROM parents p USING (VALUES (1), (1), (5)) v (id) WHERE p.id = v.id;
ROLLBACK;

-- Through a view, a rule, an INSTEAD OF trigger.
CREATE VIEW evens AS SELECT id AS number FROM parents WHERE kind = 'even';
BEGIN;
DELETE FROM evens WHERE number > 4;
ROLLBACK;
CREATE RULE instead AS ON DELETE TO archive DO INSTEAD DELETE FROM parents WHERE id = OLD.id;
CREATE RULE also AS ON DELETE TO archive DO ALSO DELETE FROM parents WHERE id = OLD.id + 1;
BEGIN;
INSERT INTO archive VALUES (3), (6);
DELETE FROM archive;
ROLLBACK;
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM parents WHERE id = OLD.number;
    RETURN OLD;
END $$;
CREATE TRIGGER instead INSTEAD OF DELETE ON evens FOR EACH ROW EXECUTE FUNCTION instead();
BEGIN;
DELETE FROM evens WHERE number < 5;
ROLLBACK;

-- Prepared, and run again by the same plan.
PREPARE remove(int) AS DELETE FROM parents WHERE id >= $1;
BEGIN;
EXECUTE remove(8);
EXECUTE remove(6);
EXECUTE remove(6);
ROLLBACK;

-- Two statements in one message.
BEGIN;
DELETE FROM parents WHERE id = 1\; DELETE FROM parents WHERE id = 2;
ROLLBACK;

-- RETURNING sees the rows as ever.
BEGIN;
DELETE FROM parents WHERE id = 9 RETURNING id, kind;
ROLLBACK;

-- EXPLAIN runs nothing; EXPLAIN ANALYZE does.
EXPLAIN (COSTS off) DELETE FROM parents;
BEGIN;
DO $$ BEGIN EXECUTE 'EXPLAIN ANALYZE DELETE FROM parents WHERE id = 1'; END $$;
ROLLBACK;

-- Nothing was lost on the way.
SELECT count(*) FROM parents;
SELECT count(*) FROM children;

SELECT hooks.unregister_package('statements');
SET client_min_messages = warning;
DROP SCHEMA test_statements CASCADE;
