-- before_cascade on delete: one firing per table and level, with all rows in
-- old_table, while every row that depends on them is still there.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_cascade;
SET search_path = test_cascade;

CREATE TABLE systems (id int PRIMARY KEY, vendor text);
CREATE TABLE monitors (id int PRIMARY KEY, system_id int REFERENCES systems ON DELETE CASCADE);
CREATE TABLE stewards (id int PRIMARY KEY, monitor_id int REFERENCES monitors ON DELETE CASCADE);
INSERT INTO systems SELECT s, CASE WHEN s < 4 THEN 'acme' END FROM generate_series(1, 4) s;
INSERT INTO monitors SELECT 10 * s.id + i, s.id FROM systems s, generate_series(1, 2) i;
INSERT INTO stewards SELECT 10 * m.id, m.id FROM monitors m;

-- Tells which rows a firing is about and how many rows the tables named in
-- the hook's arguments hold at that moment.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    doomed text;
    tables text = '';
    tab text;
    n bigint;
BEGIN
    SELECT string_agg(o.id::text, ' ' ORDER BY o.id) INTO doomed FROM old_table o;
    FOREACH tab IN ARRAY coalesce(TG_ARGV, '{}') LOOP
        EXECUTE format('SELECT count(*) FROM %I', tab) INTO n;
        tables = tables || format(', %s %s', n, tab);
    END LOOP;
    RAISE NOTICE '% on %: %', TG_NAME, TG_TABLE_NAME, doomed || tables;
    RETURN NULL;
END $$;

-- A bulk delete with nothing hooked but the bottom of a three-level tree: one
-- firing, with the rows of all cascades of the level.
SELECT hooks.register('cut_stewards', 'before_cascade', 'delete', 'stewards', 'tell',
                      arguments => '{monitors, stewards}', package => 'cascade');
BEGIN;
DELETE FROM systems WHERE vendor = 'acme';
ROLLBACK;

-- With every level hooked: each table fires once, when the tables above have
-- lost their rows and all those below have all of theirs.
SELECT hooks.register('cut_monitors', 'before_cascade', 'delete', 'monitors', 'tell',
                      arguments => '{systems, monitors, stewards}', package => 'cascade');
SELECT hooks.register('cut_systems', 'before_cascade', 'delete', 'systems', 'tell',
                      arguments => '{systems, monitors, stewards}', package => 'cascade');
BEGIN;
DELETE FROM systems WHERE vendor = 'acme';
SELECT (SELECT count(*) FROM systems), (SELECT count(*) FROM monitors), (SELECT count(*) FROM stewards);
ROLLBACK;

-- The same when it is the first statement of a session, which has yet to load
-- the library.
\c -
SET search_path = test_cascade;
BEGIN;
DELETE FROM systems WHERE vendor = 'acme';
ROLLBACK;

-- No row chosen, no firing.
DELETE FROM systems WHERE vendor = 'none';

-- A table that refers to itself: one firing for each depth of the tree; rows
-- that the statement itself chose are one batch, whatever their depth.
CREATE TABLE nodes (id int PRIMARY KEY, parent int REFERENCES nodes ON DELETE CASCADE);
INSERT INTO nodes VALUES (1, NULL), (2, 1), (3, 1), (4, 2), (5, 3), (6, 3), (7, 6), (8, NULL);
SELECT hooks.register('cut_nodes', 'before_cascade', 'delete', 'nodes', 'tell',
                      arguments => '{nodes}', package => 'cascade');
BEGIN;
DELETE FROM nodes WHERE id = 1;
ROLLBACK;
BEGIN;
DELETE FROM nodes WHERE id IN (1, 3, 8);
ROLLBACK;
BEGIN;
UPDATE nodes SET parent = 7 WHERE id = 1;  -- a cycle
DELETE FROM nodes WHERE id = 1;
ROLLBACK;

-- A diamond with two ways of one length: one firing, each row once.
CREATE TABLE top (id int PRIMARY KEY);
CREATE TABLE lefts (id int PRIMARY KEY, top_id int REFERENCES top ON DELETE CASCADE);
CREATE TABLE rights (id int PRIMARY KEY, top_id int REFERENCES top ON DELETE CASCADE);
CREATE TABLE bottom (id int PRIMARY KEY, left_id int REFERENCES lefts ON DELETE CASCADE,
                     right_id int REFERENCES rights ON DELETE CASCADE);
CREATE TABLE crumbs (id int PRIMARY KEY, bottom_id int REFERENCES bottom ON DELETE CASCADE);
INSERT INTO top VALUES (1), (2), (3);
INSERT INTO lefts SELECT id, id FROM top;
INSERT INTO rights SELECT id, id FROM top;
INSERT INTO bottom VALUES (1, 1, 1), (2, 1, 2), (3, 3, 2), (4, NULL, 1), (5, 2, NULL), (6, 3, 3);
INSERT INTO crumbs SELECT id, id FROM bottom;
SELECT hooks.register('cut_bottom', 'before_cascade', 'delete', 'bottom', 'tell',
                      arguments => '{crumbs}', package => 'cascade');
BEGIN;
DELETE FROM top WHERE id < 3;
ROLLBACK;

-- With ways of different length a row is still in one firing only, and its own
-- dependents are there then.
ALTER TABLE bottom ADD top_id int REFERENCES top ON DELETE CASCADE;
UPDATE bottom SET top_id = 1 WHERE id IN (1, 6);
CREATE TABLE seen (id int, crumbs int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen
    SELECT o.id, (SELECT count(*) FROM crumbs c WHERE c.bottom_id = o.id) FROM old_table o;
    RETURN NULL;
END $$;
SELECT hooks.unregister('cut_bottom');
SELECT hooks.register('cut_bottom', 'before_cascade', 'delete', 'bottom', 'note', package => 'cascade');
DELETE FROM top WHERE id < 3;
SELECT id, crumbs FROM seen ORDER BY id;
SELECT id FROM crumbs ORDER BY id;

-- Two foreign keys to one table, of two columns each: one firing, each row
-- once; a key that is partly null refers to nothing.
CREATE TABLE points (id int, x int, y text, PRIMARY KEY (x, y));
CREATE TABLE lines (id int PRIMARY KEY, x1 int, y1 text, x2 int, y2 text,
                    FOREIGN KEY (y1, x1) REFERENCES points (y, x) ON DELETE CASCADE,
                    FOREIGN KEY (x2, y2) REFERENCES points ON DELETE CASCADE);
INSERT INTO points VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'a');
INSERT INTO lines VALUES (1, 1, 'a', 1, 'b'), (2, 1, 'a', 2, 'a'), (3, 2, 'a', 1, 'b'),
                         (4, 2, 'a', 2, 'a'), (5, 1, NULL, NULL, 'b');
SELECT hooks.register('cut_points', 'before_cascade', 'delete', 'points', 'tell',
                      arguments => '{lines}', package => 'cascade');
SELECT hooks.register('cut_lines', 'before_cascade', 'delete', 'lines', 'tell',
                      arguments => '{points}', package => 'cascade');
DELETE FROM points WHERE x = 1;
SELECT id FROM lines ORDER BY id;

SELECT hooks.unregister_package('cascade');
SET client_min_messages = warning;
DROP SCHEMA test_cascade CASCADE;
