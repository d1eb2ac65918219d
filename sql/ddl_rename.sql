-- Renames and moves: hooks go on working and hooks.registry shows the new names.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_rename_user;
CREATE SCHEMA test_rename;
CREATE SCHEMA test_moved;
GRANT ALL ON SCHEMA test_rename, test_moved TO regress_rename_user;
SET search_path = test_rename;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % on %.%', TG_NAME, TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME;
    RETURN NEW;
END $$;

-- What a command does not say by name: a schema, in the callback and in the
-- condition.  The search_path is that of the registration: it is not followed.
CREATE TABLE notes (note text);
CREATE TABLE t (id int, val int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notes VALUES (TG_NAME);
    RETURN NEW;
END $$;
CREATE FUNCTION wanted(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN $1 > 0; END$$;
SELECT hooks.register('schema', 'before', 'insert', 't', 'note', condition => 'wanted(NEW.id)');
ALTER SCHEMA test_rename RENAME TO "Test, ""renamed""";
SELECT relation, callback, condition, search_path FROM hooks.registry;
INSERT INTO "Test, ""renamed""".t VALUES (1), (-1);
INSERT INTO "Test, ""renamed""".t VALUES (-1);
ALTER SCHEMA "Test, ""renamed""" RENAME TO test_rename;
SELECT relation, callback, condition, search_path FROM hooks.registry;
INSERT INTO t VALUES (1), (-1);
SELECT note, count(*) FROM notes GROUP BY note;
SELECT hooks.unregister('schema');

-- Columns, in the list and in the condition, of whatever name; names change
-- places.
ALTER TABLE t RENAME id TO "it's ""a\b""";
SELECT hooks.register('columns', 'before', 'update', 't', 'tell', columns => ARRAY[E'it''s "a\\b"'],
                      condition => $$OLD."it's ""a\b""" < NEW."it's ""a\b""" AND NEW IS DISTINCT FROM OLD$$);
ALTER TABLE t RENAME val TO tmp;
ALTER TABLE t RENAME "it's ""a\b""" TO "größe, %s";
SELECT columns, condition FROM hooks.registry;
ALTER TABLE t RENAME "größe, %s" TO val;
ALTER TABLE t RENAME tmp TO id;
SELECT columns, condition FROM hooks.registry;
UPDATE t SET val = val + 1 WHERE val = 1;
UPDATE t SET id = 1, val = 0 WHERE val = 2;
UPDATE t SET id = 5 WHERE val = 0;
SELECT hooks.unregister('columns');

-- What a condition uses otherwise: attributes and labels of types, types,
-- functions, operators, tables in constants.
CREATE TYPE color AS ENUM ('red', 'blue');
CREATE TYPE part AS (weight int, tint color);
CREATE DOMAIN small AS int;
CREATE TABLE "it's" (id int);
CREATE TABLE parts (id int, part part);
CREATE FUNCTION lighter(int, int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN $1 < $2; END$$;
CREATE OPERATOR <<< (FUNCTION = lighter, LEFTARG = int, RIGHTARG = int);
SELECT hooks.register('condition', 'before', 'insert', 'parts', 'tell',
    condition => $$(NEW.part).weight::small <<< 10 AND (NEW.part).tint = 'red' AND NEW.id <> '"it''s"'::regclass$$);
SELECT condition FROM hooks.registry;
ALTER TYPE part RENAME ATTRIBUTE weight TO "kilo grams";
ALTER TYPE color RENAME VALUE 'red' TO 'it''s red';
ALTER TYPE color SET SCHEMA test_moved;
ALTER TYPE part RENAME TO piece;
ALTER DOMAIN small RENAME TO little;
ALTER OPERATOR <<< (int, int) SET SCHEMA test_moved;
ALTER FUNCTION lighter(int, int) RENAME TO less_heavy;
ALTER TABLE "it's" RENAME TO ours;
SELECT condition FROM hooks.registry;
INSERT INTO parts VALUES (0, (1, 'it''s red')), (0, (1, 'blue')), (0, (10, 'it''s red'));
SELECT hooks.unregister('condition');

-- By roles that may do it to their own table and function, and know nothing of
-- the registry.
SET ROLE regress_rename_user;
CREATE TABLE own (id int);
CREATE FUNCTION own_callback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % on %.% as %', TG_NAME, TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME, current_user;
    RETURN NEW;
END $$;
RESET ROLE;
SELECT hooks.register('foreign', 'before', 'insert', 'own', 'own_callback');
SET ROLE regress_rename_user;
ALTER TABLE own RENAME TO mine;
ALTER TABLE mine SET SCHEMA test_moved;
ALTER FUNCTION own_callback() RENAME TO "my (callback)";
ALTER FUNCTION "my (callback)"() SET SCHEMA test_moved;
RESET ROLE;
SELECT relation, callback FROM hooks.registry;
INSERT INTO test_moved.mine VALUES (1);

-- A function that gets another owner is followed too, a role that gets another
-- name anyway.
CREATE ROLE regress_rename_other;
ALTER FUNCTION test_moved."my (callback)"() OWNER TO regress_rename_other;
GRANT TRIGGER ON test_moved.mine TO regress_rename_other;
GRANT USAGE ON SCHEMA test_moved TO regress_rename_other;
SET ROLE regress_rename_other;
SELECT hooks.register('second', 'before', 'insert', 'test_moved.mine', 'test_moved."my (callback)"');
RESET ROLE;
ALTER ROLE regress_rename_other RENAME TO "regress_rename 'other'";
INSERT INTO test_moved.mine VALUES (1);
SELECT name, owner FROM hooks.registry ORDER BY name;
SELECT hook, run_as FROM hooks.chain('test_moved.mine');
SELECT hooks.unregister('second'), hooks.unregister('foreign');

-- In functions and in what is rolled back.
CREATE TABLE inner_names (id int, val int);
SELECT hooks.register('inner', 'before', 'update', 'inner_names', 'tell', columns => '{val}', condition => 'NEW.val > 0');
CREATE VIEW inner_hook AS SELECT relation, callback, columns, condition FROM hooks.registry;
DO $$
BEGIN
    BEGIN
        ALTER TABLE inner_names RENAME val TO lost;
        ALTER FUNCTION tell() RENAME TO lost;
        RAISE EXCEPTION 'never mind: %', (SELECT i FROM inner_hook i);
    EXCEPTION WHEN raise_exception THEN
        RAISE NOTICE '%', SQLERRM;
    END;
    ALTER TABLE inner_names RENAME val TO kept;
    RAISE NOTICE '%', (SELECT i FROM inner_hook i);
END $$;
BEGIN;
ALTER FUNCTION tell() RENAME TO told;
SAVEPOINT s;
ALTER FUNCTION told() RENAME TO lost;
ALTER TABLE inner_names RENAME kept TO lost;
ALTER TABLE inner_names RENAME TO nowhere;
ROLLBACK TO s;
ALTER TABLE inner_names RENAME TO "inner";
UPDATE "inner" SET kept = 1;
COMMIT;
TABLE inner_hook;
INSERT INTO "inner" VALUES (1, 1);
UPDATE "inner" SET kept = 1;
ALTER FUNCTION told() RENAME TO tell;
SELECT hooks.unregister('inner');

-- A column of a partitioned table, in hooks on a partition and on the root.
CREATE TABLE root (val int, id int) PARTITION BY LIST (id);
CREATE TABLE leaf (id int, val int);
ALTER TABLE root ATTACH PARTITION leaf DEFAULT;
SELECT hooks.register('root', 'before', 'update', 'root', 'tell', columns => '{val}', condition => 'NEW.val > 0'),
       hooks.register('leaf', 'before', 'update', 'leaf', 'tell', columns => '{val}', condition => 'NEW.val > 0');
ALTER TABLE root RENAME val TO value;
INSERT INTO root VALUES (1, 1);
UPDATE root SET value = 2;
UPDATE leaf SET id = 2;
SELECT relation, columns, condition FROM hooks.registry ORDER BY name;
SELECT hooks.unregister('root'), hooks.unregister('leaf');

-- A callback that moves with its extension; where that extension is at hand.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'moddatetime') THEN
        RETURN;
    END IF;
    CREATE TABLE stamped (id int, at timestamp);
    CREATE EXTENSION moddatetime SCHEMA test_rename;
    PERFORM hooks.register('stamp', 'before', 'update', 'stamped', 'moddatetime', arguments => '{at}');
    ALTER EXTENSION moddatetime SET SCHEMA test_moved;
    INSERT INTO stamped VALUES (1);
    UPDATE stamped SET id = 2;
    ASSERT (SELECT at IS NOT NULL FROM stamped), 'moddatetime was not called';
    ASSERT (SELECT callback = 'test_moved.moddatetime()' FROM hooks.registry WHERE name = 'stamp'), 'name of moddatetime';
    DROP EXTENSION moddatetime CASCADE;
END $$;
SELECT name FROM hooks.registry;

-- The extension's own schema is where it is.
ALTER SCHEMA hooks RENAME TO test_hooks;
ALTER EXTENSION hooks SET SCHEMA test_moved;

SET client_min_messages = warning;
DROP SCHEMA test_rename, test_moved CASCADE;
DROP ROLE regress_rename_user, "regress_rename 'other'";
