-- Renames by roles that know nothing of hooks, in functions, in what is rolled
-- back, on a partitioned table and by an extension: hooks go on.
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

SET client_min_messages = warning;
DROP SCHEMA test_rename, test_moved CASCADE;
DROP ROLE regress_rename_user, "regress_rename 'other'";
