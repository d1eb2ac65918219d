-- Hooks on "drop" fire for the tables and views that a command reaches, whatever it
-- names.
\pset format unaligned
\pset tuples_only on
\getenv folder PG_ABS_SRCDIR
\set file :folder '/sql/include/drop_reach.psql'
\set ECHO none
\i :file
\set ECHO all

-- Runs a command and takes it back.  The relations for which hooks fired; the error
-- if there is one.
CREATE FUNCTION reached(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE command;
    SELECT string_agg(replace(relation, 'test_reach.', ''), ' ' ORDER BY relation COLLATE "C") INTO result FROM test_reach_log.fired;
    RAISE SQLSTATE '00TRY';
EXCEPTION WHEN SQLSTATE '00TRY' THEN
    RETURN coalesce(result, '-');
WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
\pset fieldsep ' => '
SELECT c, reached(c) FROM unnest(ARRAY[
    -- indexes and constraints that a view is made from
    'DROP INDEX by_double CASCADE', 'ALTER TABLE parents DROP CONSTRAINT parents_pkey CASCADE',
    'ALTER TABLE root DROP CONSTRAINT root_pkey CASCADE',
    -- columns, in children, partitions and tables of a type
    'ALTER TABLE parents DROP COLUMN id CASCADE', 'ALTER TABLE ONLY parents DROP id CASCADE', 'ALTER TABLE root DROP w CASCADE',
    'ALTER TYPE pair DROP ATTRIBUTE b CASCADE', 'ALTER FOREIGN TABLE elsewhere DROP m CASCADE',
    'ALTER TABLE IF EXISTS root ADD x int, DROP COLUMN IF EXISTS y CASCADE, DROP w CASCADE', 'ALTER TABLE parents DROP doubled',
    -- the rest
    'DROP TABLE children', 'DROP TABLE branch CASCADE', 'DROP TABLE children, root_refs, leaf CASCADE', 'DROP VIEW egg CASCADE',
    'DROP MATERIALIZED VIEW test_reach_2."A ""view"""', 'DROP SCHEMA test_reach_2 CASCADE', 'DROP TYPE pair CASCADE',
    'DROP TYPE mood CASCADE', 'DROP DOMAIN positive CASCADE', 'DROP SEQUENCE numbers CASCADE', 'DROP FUNCTION name_of CASCADE',
    'DROP FUNCTION all_pairs(), touch() CASCADE', 'DROP AGGREGATE total(int) CASCADE', 'DROP OPERATOR ===(int, int) CASCADE',
    'DROP COLLATION plain CASCADE', 'DROP SERVER test_reach_server CASCADE', 'DROP FOREIGN DATA WRAPPER test_reach_wrapper CASCADE',
    'DROP OWNED BY regress_reach_owner CASCADE', 'DROP TRIGGER touched ON parents CASCADE',
    -- in a command of a function, the statement is a DO
    'DO $x$ BEGIN DROP VIEW test_reach.of_w; DROP TABLE test_reach.pairs_also CASCADE; END $x$',
    -- nothing is there
    'DROP TABLE IF EXISTS nothing, test_nowhere.nothing CASCADE', 'DROP VIEW IF EXISTS nothing, of_w, nothing',
    'DROP TYPE IF EXISTS nothing CASCADE', 'ALTER TABLE IF EXISTS nothing DROP COLUMN a CASCADE', 'DROP OWNED BY regress_reach_user CASCADE']) c;

-- An extension's member, and what hangs on an extension; where one is at hand.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgres_fdw') THEN
        RETURN;
    END IF;
    CREATE EXTENSION postgres_fdw SCHEMA test_reach_2;
    CREATE SERVER test_reach_other FOREIGN DATA WRAPPER postgres_fdw;
    CREATE FOREIGN TABLE test_reach.other (id int) SERVER test_reach_other;
    ALTER EXTENSION postgres_fdw ADD VIEW test_reach.of_w;
    PERFORM hooks.register('on other', 'before', 'drop', 'test_reach.other', 'test_reach_log.note');
    ASSERT test_reach_log.reached('DROP EXTENSION postgres_fdw CASCADE') = 'of_w other', 'CASCADE';
    CREATE SCHEMA test_reach_3;
    CREATE VIEW test_reach_3.member AS SELECT 1 AS a;
    ALTER EXTENSION postgres_fdw ADD VIEW test_reach_3.member;
    ASSERT test_reach_log.reached('DROP SCHEMA test_reach_3 CASCADE') = 'of_w other', 'member elsewhere';
    ALTER EXTENSION postgres_fdw DROP VIEW test_reach_3.member;
    DROP SCHEMA test_reach_3 CASCADE;
    DROP FOREIGN TABLE test_reach.other;
    DELETE FROM test_reach_log.fired;
    DROP SERVER test_reach_other;
    ASSERT test_reach_log.reached('DROP EXTENSION postgres_fdw') = 'of_w', 'member';
    ALTER EXTENSION postgres_fdw DROP VIEW test_reach.of_w;
    DROP EXTENSION postgres_fdw;
END $$;

-- Of a command that fails nothing remains, and the next one fires again.
\set VERBOSITY terse
DROP TABLE branch, spans RESTRICT;
DROP TABLE pairs_also, spans, nothing CASCADE;
SELECT count(*) FROM fired;
BEGIN;
SAVEPOINT s;
DROP TABLE spans CASCADE;
SELECT relation FROM fired ORDER BY n;
ROLLBACK TO s;
SELECT count(*) FROM fired;
DROP VIEW of_w;
SELECT relation FROM fired;
SELECT count(*) FROM hooks.registry WHERE name IN ('on spans', 'on of_w');
ROLLBACK;
SELECT count(*) FROM hooks.registry WHERE name IN ('on spans', 'on of_w');

-- What ALTER TABLE drops of a partition locks no table above it.
BEGIN;
ALTER TABLE leaf ADD CONSTRAINT own CHECK (id < 5);
ALTER TABLE leaf DROP CONSTRAINT own CASCADE;
SELECT relation::regclass FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock' AND relation IN ('root'::regclass, 'branch'::regclass, 'leaf'::regclass);
ROLLBACK;

SELECT hooks.unregister_package('reach') > 20;
DROP SCHEMA test_reach, test_reach_2, test_reach_log CASCADE;
DROP FOREIGN DATA WRAPPER test_reach_wrapper CASCADE;
DROP OWNED BY regress_reach_owner, regress_reach_user;
DROP ROLE regress_reach_owner, regress_reach_user;
