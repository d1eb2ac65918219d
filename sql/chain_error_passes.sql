-- Claim: a condition that could not be planned, for a reason that may pass by
-- itself, is planned once for each statement until that succeeds.
SET client_min_messages = warning;
CREATE SCHEMA test_error_passes;
SET search_path = test_error_passes;
CREATE TABLE t (id int);
CREATE SEQUENCE planned;
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'fired'; RETURN NEW; END $$;
CREATE FUNCTION plan() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM nextval('test_error_passes.planned');
    IF current_setting('test_error_passes.fail', true) = 'on' THEN RAISE 'not now'; END IF;
    RETURN true;
END $$;
SELECT hooks.register('error_passes', 'before', 'insert', 't', 'fired', condition => 'test_error_passes.plan()', on_error => 'isolate');
SELECT setval('planned', 1, false);
SET test_error_passes.fail = on;
INSERT INTO t VALUES (1), (2);
SELECT nextval('planned') - 1 AS planned;
INSERT INTO t VALUES (3);
SELECT nextval('planned') - 2 AS planned;
RESET test_error_passes.fail;
INSERT INTO t VALUES (4), (5);
INSERT INTO t VALUES (6);
SELECT nextval('planned') - 3 AS planned;
DELETE FROM hooks.failure WHERE hook = 'error_passes';
DROP SCHEMA test_error_passes CASCADE;
