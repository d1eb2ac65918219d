-- A partition that somebody began to detach (DETACH PARTITION ... CONCURRENTLY,
-- which was interrupted) has still the table above it, whose triggers it keeps until
-- that is done; and a cascade from it is known all the same.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_detach;
SET search_path = test_detach;
SET client_min_messages = warning;
CREATE TABLE grandparents (id int PRIMARY KEY);
CREATE TABLE parents (id int PRIMARY KEY, g int REFERENCES grandparents ON DELETE CASCADE) PARTITION BY LIST (id);
CREATE TABLE parents_1 PARTITION OF parents FOR VALUES IN (1);
CREATE TABLE parents_2 PARTITION OF parents FOR VALUES IN (2);
CREATE TABLE children (id int, parent int REFERENCES parents ON DELETE CASCADE);
INSERT INTO grandparents VALUES (1), (2);
INSERT INTO parents VALUES (1, 1), (2, 2);
INSERT INTO children VALUES (11, 1), (12, 2);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING '% of %, depth %: children %', TG_OP, TG_TABLE_NAME, (hooks.context()).cascade_depth,
        (SELECT string_agg(d::text, ' ') FROM hooks.doomed(NULL::children) d);
    RETURN NULL;
END $$;
SELECT hooks.register('tell', 'before_cascade', 'delete', 'parents_1', 'tell');
CREATE FUNCTION above() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING '%: % of %, %', TG_NAME, TG_OP, TG_TABLE_NAME, TG_LEVEL;
    RETURN coalesce(NEW, OLD);
END $$;
SELECT hooks.register('above', 'before_cascade', 'delete', 'parents', 'above');
SELECT hooks.register('above row', 'before', 'delete', 'parents', 'above');

-- The state that the command leaves in the catalog; the first of its two
-- transactions is all that it takes.
SET allow_system_table_mods = on;
UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'parents_1'::regclass;
SELECT * FROM hooks.preview_delete('parents_1');
SELECT relation, rows FROM hooks.preview_truncate('parents_1');
SELECT hooks.cascade_tree('parents_1');
SELECT * FROM hooks.preview_delete('children');
BEGIN;
TRUNCATE parents_1 CASCADE;
TABLE children;
ROLLBACK;
BEGIN;
DELETE FROM parents_1;
TABLE children;
ROLLBACK;

-- Hooks on the table above fire, by the triggers that were there before.
SELECT hooks.register('later', 'before', 'update', 'parents', 'above');
SELECT hooks.chain('parents_1');
BEGIN;
DELETE FROM parents_1;
UPDATE parents_1 SET g = g;
ROLLBACK;
SELECT hooks.repair();
UPDATE pg_inherits SET inhdetachpending = false WHERE inhrelid = 'parents_1'::regclass;

SELECT hooks.unregister(name) FROM hooks.registry ORDER BY hook_id;
DROP SCHEMA test_detach CASCADE;
