-- A wide hook meets rows of everybody's tables.  What looks at them in its
-- callback can call their owners' casts: as the superuser who registered it, or
-- as a role of few rights to which a SECURITY DEFINER callback belongs.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_wide_audit; CREATE ROLE regress_wide_mal;
CREATE SCHEMA test_wide_casts; CREATE SCHEMA test_wide_log;
GRANT ALL ON SCHEMA test_wide_casts TO regress_wide_mal;
GRANT USAGE ON SCHEMA test_wide_log TO regress_wide_audit;
SET search_path = test_wide_casts;
SET ROLE regress_wide_mal;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE FUNCTION to_json(mood) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'the cast of regress_wide_mal runs as a superuser: %', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
    RETURN '"cast"';
END $$;
CREATE CAST (mood AS json) WITH FUNCTION to_json(mood);
CREATE TABLE t (id int, mood mood);
INSERT INTO t VALUES (1, 'sad'), (2, 'happy');
RESET ROLE;
SET search_path = pg_catalog;

CREATE TABLE test_wide_log.log (row jsonb, logged_by name);
CREATE FUNCTION test_wide_log.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test_wide_log.log SELECT to_jsonb(o), current_user FROM old_table o;
    RETURN NULL;
END $$;
SELECT hooks.register('audit', 'before_cascade', 'delete', NULL, 'test_wide_log.audit', schema => 'test_wide_casts');
SET ROLE regress_wide_mal; DELETE FROM test_wide_casts.t WHERE id = 1; RESET ROLE;

-- The same callback, of a role that may write to the log and do nothing else.
GRANT CREATE ON SCHEMA test_wide_log TO regress_wide_audit;
ALTER FUNCTION test_wide_log.audit() OWNER TO regress_wide_audit;
REVOKE CREATE ON SCHEMA test_wide_log FROM regress_wide_audit;
ALTER FUNCTION test_wide_log.audit() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
GRANT INSERT ON test_wide_log.log TO regress_wide_audit;
SELECT hooks.register('audit', 'before_cascade', 'delete', NULL, 'test_wide_log.audit', schema => 'test_wide_casts', replace => true);
SET ROLE regress_wide_mal; DELETE FROM test_wide_casts.t; RESET ROLE;
SELECT row, logged_by = 'regress_wide_audit' FROM test_wide_log.log;

SELECT hooks.unregister('audit');
SET client_min_messages = warning;
DROP SCHEMA test_wide_casts, test_wide_log CASCADE;
DROP ROLE regress_wide_audit, regress_wide_mal;
