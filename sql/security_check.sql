-- Whoever runs hooks.check() runs the checks of others: nothing that it has made
-- in its session stands in for what they name.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_curious;
CREATE SCHEMA test_check;
GRANT USAGE ON SCHEMA test_check TO regress_hooks_curious;
SET search_path = test_check;
CREATE TABLE stock (n int);
CREATE FUNCTION look() RETURNS TABLE (severity text, object text, message text, hint text) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT 'notice', current_setting('search_path'), count(*) || ' rows, superuser ' || (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), NULL FROM stock;
END $$;
SELECT hooks.register_check('under a path', 'look', 'security');
CREATE FUNCTION trap() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'trapped %', current_user; RETURN 1; END $$;

SET ROLE regress_hooks_curious;
CREATE TEMPORARY VIEW stock AS SELECT test_check.trap() AS n;
GRANT SELECT ON pg_temp.stock TO PUBLIC;
SELECT check_name, object, message FROM hooks.check('security');
DROP VIEW stock;
RESET ROLE;

-- An empty path, too; one that says where temporary tables come means that.
SET search_path = '';
SELECT hooks.register_check('under none', 'test_check.look', 'security 2');
SET search_path = pg_temp, test_check;
SELECT hooks.register_check('under its own', 'look', 'security');
RESET search_path;
SET ROLE regress_hooks_curious;
CREATE TEMPORARY TABLE stock (n int);
INSERT INTO pg_temp.stock VALUES (1), (2);
GRANT SELECT ON pg_temp.stock TO PUBLIC;
SELECT check_name, object, message FROM hooks.check('security');
RESET ROLE;

-- script() writes the path so that the same check comes of it.
SELECT count(*) FROM hooks.script('security') AS line WHERE line = 'SET search_path = test_check, pg_temp;';
SET search_path = test_check, pg_temp;
SELECT hooks.register_check('under a path', 'look', 'security', replace => true);
SELECT proconfig FROM pg_proc WHERE pronamespace = 'hooks_check'::regnamespace ORDER BY proname;

-- The owner of a check can set its path to what is no SQL without quotes: script() has it in them.
SET ROLE regress_hooks_curious;
SELECT hooks.register_check('sly', 'test_check.look', 'security 3');
SELECT set_config('search_path', 'test_check,a;reset/**/role;--,"",$user', false);
ALTER FUNCTION hooks_check.sly() SET search_path FROM CURRENT;
RESET ROLE;
RESET search_path;
SELECT hooks.script('security 3');

SELECT hooks.unregister_package('security'), hooks.unregister_package('security 2'), hooks.unregister_package('security 3');
SET client_min_messages = warning;
DROP TABLE pg_temp.stock;
DROP SCHEMA test_check CASCADE;
DROP ROLE regress_hooks_curious;
