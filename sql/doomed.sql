-- hooks.doomed() tells, in a before_cascade firing, every row of a table that
-- the current delete removes, whatever the depth, each once.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_doomed;
SET search_path = test_doomed;

-- A diamond (leaves by two ways), a self reference and a cycle.
CREATE TABLE root (id int PRIMARY KEY);
CREATE TABLE left_side (id int PRIMARY KEY, root_id int REFERENCES root ON DELETE CASCADE);
CREATE TABLE right_side (id int PRIMARY KEY, root_id bigint REFERENCES root ON DELETE CASCADE);
CREATE TABLE leaf (id int PRIMARY KEY, left_id int REFERENCES left_side ON DELETE CASCADE,
    right_id int REFERENCES right_side ON DELETE CASCADE, leaf_id int REFERENCES leaf ON DELETE CASCADE);
CREATE TABLE other (id int PRIMARY KEY, root_id int REFERENCES root ON DELETE SET NULL);
ALTER TABLE root ADD leaf_id int REFERENCES leaf ON DELETE CASCADE;
INSERT INTO root SELECT g FROM generate_series(1, 9) g;
INSERT INTO left_side SELECT 10 + g, g FROM generate_series(1, 9) g;
INSERT INTO right_side SELECT 20 + g, g FROM generate_series(1, 9) g;
INSERT INTO leaf VALUES (31, 11, 21, NULL), (32, 11, NULL, NULL), (33, NULL, 21, NULL), (34, NULL, NULL, 33), (35, NULL, NULL, 34), (36, 12, NULL, NULL);
INSERT INTO other SELECT 40 + g, g FROM generate_series(1, 9) g;
UPDATE root SET leaf_id = 35 WHERE id = 3;

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% of %: root %, left %, leaf %, other %', TG_OP, TG_TABLE_NAME,
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM hooks.doomed(NULL::root)),
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM hooks.doomed(NULL::left_side)),
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM hooks.doomed(NULL::leaf)),
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM hooks.doomed(NULL::other));
    RETURN NULL;
END $$;

-- At the root; what ON DELETE SET NULL changes is not removed.  Row 3 of root
-- goes with leaf 35, and takes left_side 13 along.
SELECT hooks.register('root', 'before_cascade', 'delete', 'root', 'tell');
BEGIN;
DELETE FROM root WHERE id = 1;
-- (Nothing of it is left when the statement has ended.)
SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'hooks doomed rows';
ROLLBACK;

-- At every level the same, although parents are gone there.
SELECT hooks.register(name, 'before_cascade', 'delete', name::regclass, 'tell') FROM unnest('{left_side, right_side, leaf}'::text[]) name;
BEGIN;
DELETE FROM root WHERE id IN (1, 2);
ROLLBACK;

-- Also where nobody asked at the root, ...
SELECT hooks.disable('root'), hooks.disable('left_side'), hooks.disable('right_side');
BEGIN;
DELETE FROM root WHERE id IN (1, 2);
ROLLBACK;
-- ... or where the root has no hook, and an earlier command of the transaction
-- has deleted rows of it.
SELECT hooks.unregister('root');
BEGIN;
DELETE FROM root WHERE id = 9;
UPDATE root SET id = 8 WHERE id = 8;
DELETE FROM root WHERE id = 2;
ROLLBACK;

-- A statement inside a firing has rows of its own; afterwards the outer one's
-- are told as before.
CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'outer: %', (SELECT string_agg(id::text, ' ' ORDER BY id) FROM hooks.doomed(NULL::leaf));
    DELETE FROM left_side WHERE id = 12;
    RAISE NOTICE 'outer: %', (SELECT string_agg(id::text, ' ' ORDER BY id) FROM hooks.doomed(NULL::leaf));
    RETURN NULL;
END $$;
SELECT hooks.register('nest', 'before_cascade', 'delete', 'right_side', 'nest');
BEGIN;
DELETE FROM right_side WHERE id = 21;
ROLLBACK;
SELECT hooks.unregister('nest');

-- What was found in a firing that failed and was isolated goes with it.
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO leaf VALUES (39, NULL, NULL, 31);
    RAISE 'leaf %', (SELECT string_agg(id::text, ' ' ORDER BY id) FROM hooks.doomed(NULL::leaf));
END $$;
SELECT hooks.register('fail', 'before_cascade', 'delete', 'left_side', 'fail', on_error => 'isolate', priority => -1);
SELECT hooks.enable('left_side');
BEGIN;
DELETE FROM left_side WHERE id = 11;
ROLLBACK;
SELECT hooks.unregister('fail'), hooks.unregister('left_side'), hooks.unregister('right_side'), hooks.unregister('leaf');

-- A callback that has a table rewritten, or empties it, is told of the rows where they
-- are then.
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int, parent int REFERENCES parents ON DELETE CASCADE);
INSERT INTO parents VALUES (1), (2);
INSERT INTO children SELECT g, 2 FROM generate_series(1, 500) g;
INSERT INTO children VALUES (501, 1);
CREATE FUNCTION rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY TG_ARGV LOOP
        EXECUTE command;
        RAISE NOTICE '%: %', command, (SELECT string_agg(to_jsonb(d)->>'id', ' ') FROM hooks.doomed(NULL::children) d);
    END LOOP;
    RETURN NULL;
END $$;
SELECT hooks.register('rewrite', 'before_cascade', 'delete', 'parents', 'rewrite', arguments => ARRAY['SELECT 1', 'TRUNCATE children']);
BEGIN;
DELETE FROM parents WHERE id = 1;
ROLLBACK;
SELECT hooks.register('rewrite', 'before_cascade', 'delete', 'parents', 'rewrite', replace => true,
                      arguments => ARRAY['DELETE FROM children WHERE id < 500', 'ALTER TABLE children ALTER id TYPE text']);
BEGIN;
DELETE FROM parents WHERE id = 1;
ROLLBACK;
SELECT hooks.unregister('rewrite');
DROP TABLE parents, children;

-- A row that an UPDATE moves to another partition is deleted and inserted for
-- hooks; doomed() tells what the foreign keys make of that (nothing, since 15).
CREATE TABLE halves (id int PRIMARY KEY, half int) PARTITION BY RANGE (id);
CREATE TABLE lower_half PARTITION OF halves FOR VALUES FROM (0) TO (50);
CREATE TABLE upper_half PARTITION OF halves FOR VALUES FROM (50) TO (100);
CREATE TABLE parts (id int PRIMARY KEY, half_id int REFERENCES halves ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE told (id int);
INSERT INTO halves VALUES (1), (2);
INSERT INTO parts VALUES (11, 1), (12, 2);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% of %: %', TG_OP, TG_TABLE_NAME, (SELECT array_agg(id) FROM old_table);
    INSERT INTO told SELECT id FROM hooks.doomed(NULL::parts);
    RETURN NULL;
END $$;
SELECT hooks.register('note', 'before_cascade', 'delete', 'halves', 'note');
UPDATE halves SET id = id + 50 WHERE id = 1;
SELECT array_agg(id ORDER BY id) IS NOT DISTINCT FROM (SELECT array_agg(id ORDER BY id) FROM told)
  FROM (SELECT unnest('{11, 12}'::int[]) EXCEPT SELECT id FROM parts) AS gone (id);
SELECT hooks.unregister('note');
DROP TABLE halves, parts, told;

-- Truncate: all rows of what it empties.
SELECT hooks.register('truncate', 'before_cascade', 'truncate', 'left_side', 'tell');
SET client_min_messages = warning;
BEGIN;
SET LOCAL client_min_messages = notice;
TRUNCATE left_side CASCADE;
ROLLBACK;

-- Elsewhere it is an error, as for what is no table, or is not to be read.
\set VERBOSITY sqlstate
SELECT hooks.doomed(NULL::leaf);
SELECT hooks.register('before', 'before', 'delete', 'leaf', 'tell');
DELETE FROM leaf WHERE id = 36;
SELECT hooks.unregister('before');
SELECT hooks.doomed(1);
SELECT hooks.doomed(NULL::pg_stat_activity);

DROP SCHEMA test_doomed CASCADE;
