-- hooks.context(): the root of a cascade is the table that the statement names,
-- whichever partition or child of it has the rows; and what TRUNCATE and COPY name.
\pset format unaligned
\pset tuples_only on
\pset null null
LOAD 'hooks';
CREATE SCHEMA test_trees;
SET search_path = test_trees;

CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, line text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    INSERT INTO test_trees.log (line)
    VALUES (format('%s %s: depth %s by %s, root %s of %s', c.relation, lower(TG_OP), coalesce(c.cascade_depth::text, 'null'),
                   coalesce(c.constraint_name, 'null'), coalesce(c.root_action, 'null'), coalesce(c.root_relation::text, 'null')));
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION read_log() RETURNS SETOF text LANGUAGE sql AS $$
    WITH l AS (DELETE FROM log RETURNING *) SELECT count(*) || ' x ' || line FROM l GROUP BY line ORDER BY line COLLATE "C" $$;
CREATE FUNCTION watch(VARIADIC tabs regclass[]) RETURNS bigint LANGUAGE sql SET client_min_messages = warning AS $$
    SELECT count(hooks.register(format('%s %s %s', t, p, l), p, a, t, 'note', level => l, on_error => 'abort', package => 'trees'))
      FROM unnest(tabs) t,
           (VALUES ('before', 'row', 'insert, update, delete'), ('after', 'row', 'insert, update, delete'), ('before', 'statement', 'insert, update, delete'),
                   ('after', 'statement', 'insert, update, delete'), ('before_cascade', 'statement', 'delete, update')) v (p, l, a) $$;

-- Partitions of two levels, and what refers to all or to one of them.
CREATE TABLE top (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
CREATE TABLE one PARTITION OF top FOR VALUES FROM (0) TO (100);
CREATE TABLE two PARTITION OF top FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (id);
CREATE TABLE two_a PARTITION OF two FOR VALUES FROM (100) TO (200);
CREATE TABLE child (top_id int CONSTRAINT child_top REFERENCES top ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE other_child (other_id int CONSTRAINT other_child_other REFERENCES other ON DELETE CASCADE);
INSERT INTO top SELECT generate_series(1, 10);
INSERT INTO top SELECT generate_series(101, 110);
INSERT INTO child SELECT id FROM top;
INSERT INTO other SELECT generate_series(1, 10);
INSERT INTO other_child TABLE other;
SELECT watch('top', 'child', 'other', 'other_child');

DELETE FROM top WHERE id IN (1, 2, 101);
SELECT read_log();
DELETE FROM two_a WHERE id = 102;
SELECT read_log();
-- By a part of its own each; then by either.
WITH x AS (DELETE FROM two WHERE id = 103), y AS (DELETE FROM one WHERE id = 3) DELETE FROM other WHERE id = 3;
SELECT read_log();
WITH x AS (DELETE FROM two WHERE id = 104) DELETE FROM top WHERE v IS NULL AND id IN (4, 105);
SELECT read_log();
-- What the planner has left out did nothing.
WITH x AS (DELETE FROM two WHERE id = 106) DELETE FROM top WHERE id = 6;
SELECT read_log();
-- A row that moves: deleted here and inserted there, by an UPDATE.
WITH x AS (DELETE FROM other WHERE id = 7) UPDATE top SET id = 120 WHERE id = 7;
SELECT read_log();
SELECT hooks.unregister_package('trees');

-- Children by inheritance.
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE heir (PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE ward (heir_id int CONSTRAINT ward_heir REFERENCES heir ON DELETE CASCADE);
INSERT INTO parent VALUES (1), (2);
INSERT INTO heir VALUES (11), (12), (13);
INSERT INTO ward SELECT id FROM heir;
SELECT watch('parent', 'heir', 'ward');
WITH x AS (DELETE FROM other WHERE id = 8) DELETE FROM parent WHERE id IN (1, 11);
SELECT read_log();
WITH x AS (DELETE FROM ONLY parent WHERE id = 2) DELETE FROM heir WHERE id = 12;
SELECT read_log();
SELECT hooks.unregister_package('trees');

-- TRUNCATE: each table that it names, and what is a part of one, is its own root;
-- what CASCADE reaches may come from any.
SELECT count(hooks.register(t || ' gone', 'before_cascade', 'truncate', t, 'note', package => 'trees'))
  FROM unnest('{parent, heir, ward, top, one, child, other, other_child}'::regclass[]) t;
TRUNCATE other, other_child, parent CASCADE;
SELECT read_log();
TRUNCATE ward, heir, ONLY parent, top, child;
SELECT read_log();
TRUNCATE other CASCADE;
SELECT read_log();
SELECT hooks.unregister_package('trees');

-- COPY is a statement of its own, in a function too; it names the table, whichever
-- partition its rows go to.
CREATE FUNCTION load() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        COPY test_trees.parent FROM PROGRAM 'echo none';
    EXCEPTION WHEN invalid_text_representation THEN
        COPY test_trees.parent FROM PROGRAM 'echo 21';
    END;
    COPY test_trees.top (id) FROM PROGRAM 'echo 22';
    RETURN OLD;
END $$;
CREATE TRIGGER load BEFORE DELETE ON other FOR EACH ROW EXECUTE FUNCTION load();
INSERT INTO other VALUES (1);
SELECT watch('parent', 'other', 'one');
DELETE FROM other;
SELECT read_log();

SET client_min_messages = warning;
SELECT hooks.unregister_package('trees');
DROP SCHEMA test_trees CASCADE;
