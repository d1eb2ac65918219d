-- Renames and moves: hooks go on working and hooks.registry shows the new names.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_rename;
CREATE SCHEMA test_moved;
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
SELECT condition FROM hooks.registry;
ALTER TYPE color SET SCHEMA test_moved;
ALTER TYPE part RENAME TO piece;
ALTER DOMAIN small RENAME TO little;
ALTER OPERATOR <<< (int, int) SET SCHEMA test_moved;
ALTER FUNCTION lighter(int, int) RENAME TO less_heavy;
ALTER TABLE "it's" RENAME TO ours;
SELECT condition FROM hooks.registry;
INSERT INTO parts VALUES (0, (1, 'it''s red')), (0, (1, 'blue')), (0, (10, 'it''s red'));
SELECT hooks.unregister('condition');

-- The extension's own schema is where it is.
ALTER SCHEMA hooks RENAME TO test_hooks;
ALTER EXTENSION hooks SET SCHEMA test_moved;

SET client_min_messages = warning;
DROP SCHEMA test_rename, test_moved CASCADE;
