-- before_cascade with many tables at once: each row is in the batch of its table,
-- in one firing; also if callbacks delete in between, and some of that fails.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_many;
SET search_path = test_many;
SET client_min_messages = warning;
CREATE TABLE hub (id int PRIMARY KEY);
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, relation regclass, rows int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (relation, rows) SELECT TG_RELID, count(*) FROM old_table;
    RETURN NULL;
END $$;

-- A table of forty partitions, whose rows come in turn.
CREATE TABLE parted (id int, hub_id int REFERENCES hub ON DELETE CASCADE) PARTITION BY LIST (id);
SELECT count(hooks.register('parted', 'before_cascade', 'delete', 'parted', 'note', package => 'many'));
DO $$
BEGIN
    FOR i IN 1..40 LOOP
        EXECUTE format('CREATE TABLE parted_%s PARTITION OF parted FOR VALUES IN (%s)', i, i);
    END LOOP;
END $$;
INSERT INTO hub SELECT generate_series(1, 10);
INSERT INTO parted SELECT p, h FROM generate_series(1, 40) p, generate_series(1, 3) h;
DELETE FROM hub WHERE id <= 2;
DELETE FROM parted WHERE id <= 30;
SELECT relation, rows FROM log ORDER BY n;
-- What is told of a table, such as that a hook on it is disabled, is told once.
SELECT hooks.register('parted_3', 'before_cascade', 'delete', 'parted_3', 'note', package => 'many');
SELECT hooks.disable('parted_3');
INSERT INTO hub VALUES (1), (2);
INSERT INTO parted SELECT p, h FROM generate_series(1, 40) p, generate_series(1, 2) h;
SET client_min_messages = notice;
SET hooks.trace = on;
\set VERBOSITY terse
DELETE FROM hub WHERE id <= 2;
\set VERBOSITY default
RESET hooks.trace;
SET client_min_messages = warning;
SELECT hooks.unregister('parted'), hooks.unregister('parted_3');

-- Forty tables, and a callback on each that deletes rows of two others, of which it
-- takes one back.
TRUNCATE log;
CREATE TABLE side (id int PRIMARY KEY);
CREATE TABLE under (side_id int REFERENCES side ON DELETE CASCADE);
INSERT INTO side SELECT generate_series(1, 80);
INSERT INTO under SELECT id FROM side;
CREATE FUNCTION beside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (relation, rows) SELECT TG_RELID, count(*) FROM old_table;
    DELETE FROM side WHERE id = TG_ARGV[0]::int;
    BEGIN
        DELETE FROM side WHERE id = TG_ARGV[0]::int + 40;
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
    END;
    RETURN NULL;
END $$;
DO $$
BEGIN
    FOR i IN 1..40 LOOP
        EXECUTE format('CREATE TABLE spoke_%s (hub_id int REFERENCES hub ON DELETE CASCADE)', i);
        EXECUTE format('INSERT INTO spoke_%s SELECT id FROM hub WHERE id > 4', i);
        PERFORM hooks.register('spoke ' || i, 'before_cascade', 'delete', ('spoke_' || i)::regclass, 'beside',
                               arguments => ARRAY[i::text], package => 'many');
    END LOOP;
END $$;
SELECT count(hooks.register(t::text, 'before_cascade', 'delete', t, 'note', package => 'many')) FROM unnest('{side, under}'::regclass[]) t;
DELETE FROM hub WHERE id BETWEEN 5 AND 7;
SELECT substring(relation::text FROM '^[a-z]+') AS kind, rows, count(*), count(DISTINCT relation) FROM log GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*), min(id) FROM side;
-- Within a savepoint that is rolled back, and then for good.
TRUNCATE log;
BEGIN;
SAVEPOINT s;
DELETE FROM hub WHERE id = 8;
ROLLBACK TO s;
SELECT count(*) FROM log;
DELETE FROM hub WHERE id > 8;
COMMIT;
SELECT substring(relation::text FROM '^[a-z]+') AS kind, rows, count(*), count(DISTINCT relation) FROM log GROUP BY 1, 2 ORDER BY 1, 2;

SELECT hooks.unregister_package('many');
DROP SCHEMA test_many CASCADE;
