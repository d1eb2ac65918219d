-- hooks.check() warns of hooks out of force that keep the log from being emptied:
-- those for which events wait.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_held;
SET search_path = test_held;
SET client_min_messages = warning;
CREATE TABLE t (id int);
CREATE FUNCTION pass(event jsonb) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION fail(event jsonb) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
CREATE VIEW found AS SELECT severity, code, object, message, hint FROM hooks.check('held') WHERE code = 'log_held';
SELECT hooks.register('held', 'after_commit', 'insert', 't', 'pass', package => 'held');

-- nothing waits for it
INSERT INTO t VALUES (1);
SELECT hooks.flush();
SELECT hooks.disable('held');
SELECT * FROM found;
SELECT hooks.enable('held');

-- something does
BEGIN;
INSERT INTO t VALUES (2);
SELECT hooks.disable('held');
COMMIT;
SELECT * FROM found;
SELECT hooks.enable('held');
SELECT hooks.flush();
SELECT * FROM found;

-- in quarantine: what came before that and was not tried waits
SELECT hooks.register('held', 'after_commit', 'insert', 't', 'fail', on_error => 'quarantine', package => 'held', replace => true);
-- (more than it takes, as autovacuum may keep the worker from it for some)
DO $$BEGIN FOR i IN 3..200 LOOP INSERT INTO t VALUES (i); END LOOP; END$$;
SELECT hooks.flush();
SELECT * FROM found;
SELECT hooks.unregister('held');
SELECT * FROM found;
DROP SCHEMA test_held CASCADE;
