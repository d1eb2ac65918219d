-- hooks.check() tells of deliveries to those who have the rights of the hook's
-- owner, or may read all statistics; and finds them by the hook.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_check_deliveries;
SET search_path = test_check_deliveries;
SET client_min_messages = warning;
CREATE ROLE regress_chde_one;
CREATE ROLE regress_chde_two;
CREATE ROLE regress_chde_monitor;
GRANT pg_read_all_stats TO regress_chde_monitor;
GRANT USAGE, CREATE ON SCHEMA test_check_deliveries TO regress_chde_one, regress_chde_two;
GRANT USAGE ON SCHEMA test_check_deliveries TO regress_chde_monitor;
CREATE FUNCTION fail(event jsonb) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
CREATE FUNCTION found() RETURNS TABLE (code text, object text, message text) LANGUAGE sql AS
  $$ SELECT code, object, message FROM hooks.check('chde') WHERE code ~ 'deliver|log_held|workers' ORDER BY 2, 1 $$;
SET ROLE regress_chde_one;
CREATE TABLE one (id int);
SELECT hooks.register('chde_one', 'after_commit', 'insert', 'one', 'fail', max_attempts => 1, package => 'chde');
SET ROLE regress_chde_two;
CREATE TABLE two (id int);
SELECT hooks.register('chde_two', 'after_commit', 'insert', 'two', 'fail', max_attempts => 1, package => 'chde');
SELECT hooks.register('chde_wait', 'after_commit', 'insert', 'two', 'fail', package => 'chde');
RESET ROLE;
INSERT INTO one VALUES (1);
INSERT INTO one VALUES (2);
BEGIN;
INSERT INTO two VALUES (1);
SELECT hooks.disable('chde_wait');
COMMIT;
SELECT hooks.flush();

SET ROLE regress_chde_one;
SELECT * FROM found();
SET ROLE regress_chde_two;
SELECT * FROM found();
SET ROLE regress_chde_monitor;
SELECT * FROM found();
RESET ROLE;
SELECT * FROM found();
SELECT hooks.discard(delivery_id) FROM hooks.outbox WHERE hook = 'chde_one';
SELECT * FROM found();
SELECT hooks.unregister_package('chde');
DROP SCHEMA test_check_deliveries CASCADE;
DROP OWNED BY regress_chde_one, regress_chde_two, regress_chde_monitor;
DROP ROLE regress_chde_one, regress_chde_two, regress_chde_monitor;
