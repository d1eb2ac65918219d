-- No hook on "drop" runs for who may not drop: the command fails before, as it does
-- without hooks.
\pset format unaligned
\pset tuples_only on
\getenv folder PG_ABS_SRCDIR
\set file :folder '/sql/include/drop_reach.psql'
\set ECHO none
\i :file
\set ECHO all

CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING '% by %', event->>'relation', event->>'caller';
END $$;
\set VERBOSITY terse

-- Who may not: not the owner of what is named, of one of it, or of the children that
-- the command alters with it.
SELECT count(hooks.register(name, 'before', 'drop', relation, 'tell', package => 'tell', replace => true))
       = count(*) FROM hooks.registry WHERE package = 'reach';
CREATE TABLE test_reach_2.own (id int, x int);
CREATE TABLE test_reach_2.own_child () INHERITS (test_reach_2.own);
CREATE VIEW test_reach_2.of_child AS SELECT x FROM test_reach_2.own_child;
CREATE TYPE test_reach_2.own_type AS (a int, b int);
CREATE TABLE test_reach_2.typed OF test_reach_2.own_type;
CREATE VIEW test_reach_2.of_typed AS SELECT b FROM test_reach_2.typed;
ALTER TABLE test_reach_2.own OWNER TO regress_reach_user;
ALTER TYPE test_reach_2.own_type OWNER TO regress_reach_user;
SELECT count(hooks.register(c, 'before', 'drop', c, 'tell', package => 'tell'))
  FROM unnest('{test_reach_2.own,test_reach_2.of_child,test_reach_2.of_typed}'::text[]) c;
GRANT USAGE ON SCHEMA test_reach, test_reach_log TO regress_reach_user;
SET ROLE regress_reach_user;
DO $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY '{"DROP TABLE spans CASCADE","DROP TABLE test_reach_2.own, spans CASCADE","DROP SCHEMA test_reach CASCADE",
        "DROP TYPE mood CASCADE","DROP FUNCTION twice CASCADE","DROP SEQUENCE numbers CASCADE","DROP SERVER test_reach_server CASCADE",
        "DROP OWNED BY regress_reach_owner CASCADE","ALTER TABLE root DROP w CASCADE","ALTER TYPE pair DROP ATTRIBUTE b CASCADE",
        "ALTER TABLE parents DROP CONSTRAINT parents_pkey CASCADE","ALTER TABLE test_reach_2.own DROP x CASCADE",
        "ALTER TYPE test_reach_2.own_type DROP ATTRIBUTE b CASCADE"}'::text[] LOOP
        BEGIN
            EXECUTE command;
            RAISE WARNING '%: done', command;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING '%: %', command, SQLERRM;
        END;
    END LOOP;
END $$;
-- but the owner drops what others have made of it
BEGIN;
DROP TABLE test_reach_2.own CASCADE;
ROLLBACK;
RESET ROLE;
SELECT hooks.unregister_package('tell') > 20;
DROP TABLE test_reach_2.own, test_reach_2.typed CASCADE;
DROP TYPE test_reach_2.own_type;

DROP SCHEMA test_reach, test_reach_2, test_reach_log CASCADE;
DROP FOREIGN DATA WRAPPER test_reach_wrapper CASCADE;
DROP OWNED BY regress_reach_owner, regress_reach_user;
DROP ROLE regress_reach_owner, regress_reach_user;
