-- What goes is what the hooks on drop were told of: if what a command names has
-- become something else since, it fails, and nothing is dropped.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_told;
CREATE SCHEMA test_told; CREATE SCHEMA test_told_m; CREATE SCHEMA test_told_f;
GRANT ALL ON SCHEMA test_told, test_told_m, test_told_f TO regress_told;
CREATE TABLE test_told_f.plan (command text);
GRANT SELECT ON test_told_f.plan TO regress_told;
-- a callback that does what is planned
CREATE FUNCTION test_told_f.act(event jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE c text;
BEGIN
    -- once, for the first relation
    FOREACH c IN ARRAY ARRAY(SELECT command FROM test_told_f.plan) LOOP
        DELETE FROM test_told_f.plan;
        EXECUTE c;
    END LOOP;
END $$;
CREATE TABLE test_told.t (id int); CREATE VIEW test_told.v AS SELECT 1 AS x; CREATE MATERIALIZED VIEW test_told.mv AS SELECT 1 AS x;
CREATE TABLE test_told_m.t (id int); CREATE VIEW test_told_m.v AS SELECT 1 AS x; CREATE MATERIALIZED VIEW test_told_m.mv AS SELECT 1 AS x;
CREATE TABLE test_told_m.u (id int);
CREATE TYPE test_told.y AS ENUM ('a'); CREATE TYPE test_told_m.y AS ENUM ('a'); CREATE TABLE test_told_m.of_y (y test_told_m.y);
CREATE VIEW test_told_m.over_y AS SELECT 'a'::test_told_m.y AS y;
CREATE SEQUENCE test_told.s; CREATE SEQUENCE test_told_m.s;
CREATE VIEW test_told_m.of_s AS SELECT last_value FROM test_told_m.s;
CREATE FUNCTION test_told.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION test_told_m.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW test_told_m.of_f AS SELECT test_told_m.f();
SELECT count(hooks.register('on ' || relname, 'before', 'drop', oid, 'test_told_f.act')) FROM pg_class
 WHERE relnamespace = 'test_told_m'::regnamespace AND relkind IN ('r', 'v', 'm');
SET search_path = test_told_m, test_told;

-- Runs a command, while the callback does something; tells how it ended and what
-- of both schemas is gone or has another name, then takes all back.
CREATE FUNCTION test_told_f.try(statement text, VARIADIC commands text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE outcome text := 'dropped'; before text[]; after text[]; message text;
BEGIN
    INSERT INTO test_told_f.plan SELECT unnest(commands);
    before := ARRAY(SELECT oid::regclass || '' FROM pg_class WHERE relnamespace::regnamespace::text ~ '^test_told' ORDER BY oid);
    BEGIN
        EXECUTE statement;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
        outcome := sqlstate || ' ' || message;
    END;
    after := ARRAY(SELECT oid::regclass || '' FROM pg_class WHERE relnamespace::regnamespace::text ~ '^test_told' ORDER BY oid);
    DELETE FROM test_told_f.plan;
    IF outcome = 'dropped' THEN RAISE EXCEPTION 'dropped'; END IF;
    RETURN outcome || CASE WHEN before = after THEN '' ELSE ', and something has changed' END;
EXCEPTION WHEN raise_exception THEN
    RETURN 'dropped';
END $$;

-- what is not changed is dropped
SELECT test_told_f.try('DROP TABLE t', 'SELECT 1');
SELECT test_told_f.try('DROP TABLE IF EXISTS nothing, t', 'SELECT 1');
SELECT test_told_f.try('DROP TABLE t, u, t', 'CREATE TABLE test_told_m.other ()');
SELECT test_told_f.try('DROP SCHEMA test_told_m CASCADE', 'ALTER TABLE test_told_m.u SET SCHEMA test_told');
-- a name further down the search_path
SELECT test_told_f.try('DROP TABLE t', 'ALTER TABLE test_told_m.t RENAME TO t2');
SELECT test_told_f.try('DROP TABLE t', 'ALTER TABLE test_told_m.t SET SCHEMA test_told_f');
SELECT test_told_f.try('DROP TABLE t CASCADE', 'ALTER SCHEMA test_told_m RENAME TO test_told_n');
SELECT test_told_f.try('DROP TABLE t', 'SET search_path = test_told');
SELECT test_told_f.try('DROP TABLE t', 'DROP TABLE test_told_m.t');
SELECT test_told_f.try('DROP TABLE u, t', 'ALTER TABLE test_told_m.t RENAME TO t2');
SELECT test_told_f.try('DROP VIEW v', 'ALTER VIEW test_told_m.v RENAME TO v2');
SELECT test_told_f.try('DROP MATERIALIZED VIEW mv', 'ALTER MATERIALIZED VIEW test_told_m.mv RENAME TO v2');
SELECT test_told_f.try('DROP TYPE y CASCADE', 'ALTER TYPE test_told_m.y RENAME TO y2');
SELECT test_told_f.try('DROP SEQUENCE s CASCADE', 'ALTER SEQUENCE test_told_m.s RENAME TO s2');
SELECT test_told_f.try('DROP FUNCTION f CASCADE', 'ALTER FUNCTION test_told_m.f RENAME TO f2');
-- the same name, another object
SELECT test_told_f.try('DROP TABLE test_told_m.t', 'DROP TABLE test_told_m.t', 'CREATE TABLE test_told_m.t ()');
SELECT test_told_f.try('DROP SCHEMA test_told_m CASCADE', 'ALTER SCHEMA test_told_m RENAME TO test_told_n', 'CREATE SCHEMA test_told_m');
SELECT test_told_f.try('ALTER TABLE t DROP COLUMN id CASCADE', 'SELECT 1');
ALTER TABLE test_told_m.t ADD c test_told_m.y; CREATE VIEW test_told_m.of_c AS SELECT c FROM t;
SELECT hooks.register('on of_c', 'before', 'drop', 'of_c', 'test_told_f.act');
SELECT test_told_f.try('ALTER TABLE t DROP COLUMN c CASCADE', 'SELECT 1');
SELECT test_told_f.try('ALTER TABLE t DROP COLUMN c CASCADE', 'ALTER TABLE test_told_m.t RENAME c TO d', 'ALTER TABLE test_told_m.t ADD c int');
-- where it is no error to find nothing, it is one now
SELECT test_told_f.try('DROP TABLE IF EXISTS u', 'ALTER TABLE test_told_m.u RENAME TO u2');
SELECT test_told_f.try('DROP TABLE IF EXISTS nothing, u', 'CREATE TABLE test_told.nothing ()');
SELECT test_told_f.try('DROP SCHEMA IF EXISTS test_told_m CASCADE', 'ALTER SCHEMA test_told_m RENAME TO test_told_n');
-- what a role owns
ALTER TABLE test_told_m.u OWNER TO regress_told;
SELECT test_told_f.try('DROP OWNED BY regress_told', 'SELECT 1');
SELECT test_told_f.try('DROP OWNED BY regress_told', 'ALTER TABLE test_told_m.t OWNER TO regress_told');
SELECT test_told_f.try('DROP OWNED BY regress_told', 'REASSIGN OWNED BY regress_told TO ' || quote_ident(current_user));

SELECT count(hooks.unregister(name)) FROM hooks.registry;
RESET search_path;
DROP SCHEMA test_told, test_told_m, test_told_f CASCADE;
DROP OWNED BY regress_told;
DROP ROLE regress_told;
