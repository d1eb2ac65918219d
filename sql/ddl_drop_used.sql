-- What a hook uses, its callback or anything in its condition, is not dropped, or
-- with CASCADE takes the hook along.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_dropped;
SET search_path = test_dropped;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % on %', TG_NAME, TG_OP, TG_TABLE_NAME;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE VIEW registered AS SELECT string_agg(name, ' ' ORDER BY name) FROM hooks.registry;
CREATE VIEW triggers AS
    SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgfoid = 'hooks.dispatch'::regproc ORDER BY tgrelid::regclass::text, tgname;

-- A callback is not dropped while hooks use it, and the message names them; a
-- function of the same name is nobody's.
CREATE TABLE t (id int);
CREATE TABLE u (id int);
CREATE FUNCTION called() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE FUNCTION called(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT hooks.register('one', 'before', 'insert', 't', 'called'), hooks.register('two "of"', 'before', 'insert', 'u', 'called()'),
       hooks.register('tell', 'before', 'insert', 'u', 'tell');
DROP FUNCTION called(int);
DROP FUNCTION called();
DROP ROUTINE called;
\echo :LAST_ERROR_SQLSTATE
TABLE registered;
DROP FUNCTION called CASCADE;
TABLE registered;
TABLE triggers;
INSERT INTO t VALUES (1);
INSERT INTO u VALUES (1);
SELECT hooks.unregister('tell');

-- So with what a condition uses: functions, one of several of that name too,
-- operators, types, attributes, functions of casts, collations; what constants
-- name.
CREATE FUNCTION wanted(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN true; END$$;
CREATE FUNCTION wanted(bigint) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN true; END$$;
CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int);
CREATE DOMAIN small AS int;
CREATE TYPE part AS (weight int, price int);
CREATE FUNCTION to_part(int) RETURNS part LANGUAGE sql AS 'SELECT ROW($1, $1)::test_dropped.part';
CREATE CAST (int AS part) WITH FUNCTION to_part(int);
CREATE COLLATION plain FROM "C";
CREATE TABLE named (id int);
CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
CREATE TABLE used (id int, part part, word text);
SELECT count(hooks.register(name, 'before', 'insert', 'used', 'tell', condition => condition)) FROM (VALUES
    ('function', 'wanted(NEW.id)'), ('operator', 'NEW.id === 1'), ('type', 'NEW.id::small > 0'),
    ('attribute', '(NEW.part).weight > 0'), ('cast', '(NEW.id::part).price > 0'),
    ('collation', $$NEW.word > 'a' COLLATE plain$$), ('table', $$NEW.id <> 'named'::regclass$$),
    ('words', $$to_tsvector('words', NEW.word) @@ 'a'$$)) c(name, condition);
DROP FUNCTION wanted(bigint);
CREATE FUNCTION wanted(bigint) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN true; END$$;
ALTER TYPE part DROP ATTRIBUTE price;
DROP FUNCTION wanted(int);
DROP OPERATOR === (int, int);
DROP DOMAIN small;
ALTER TYPE part DROP ATTRIBUTE weight;
DROP COLLATION plain;
DROP TEXT SEARCH CONFIGURATION words;
TABLE registered;
DROP OPERATOR === (int, int) CASCADE;
DROP FUNCTION wanted(int) CASCADE;
DROP FUNCTION to_part(int) CASCADE;
DROP DOMAIN small CASCADE;
ALTER TYPE part DROP ATTRIBUTE weight CASCADE;
DROP COLLATION plain CASCADE;
DROP TABLE named CASCADE;
DROP TEXT SEARCH CONFIGURATION words CASCADE;
TABLE registered;

-- The schema of a callback or of what a condition uses takes the hooks along.
CREATE SCHEMA test_dropped_2;
CREATE FUNCTION test_dropped_2.called() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE FUNCTION test_dropped_2.wanted(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN true; END$$;
SELECT hooks.register('called', 'before', 'insert', 't', 'test_dropped_2.called'),
       hooks.register('wanted', 'before', 'insert', 't', 'tell', condition => 'test_dropped_2.wanted(NEW.id)'),
       hooks.register('tell', 'before', 'insert', 't', 'tell');
DROP SCHEMA test_dropped_2 CASCADE;
TABLE registered;
INSERT INTO t VALUES (1);

SET client_min_messages = warning;
DROP SCHEMA test_dropped CASCADE;
SELECT name FROM hooks.registry;
