-- A before_commit hook's condition of leakproof functions is tested before the
-- firing begins.  To make it ready may fail all the same, and then the hook's
-- policy applies, when the row is written.

SET client_min_messages = warning;
CREATE SCHEMA test_commit_leakproof;
SET search_path = test_commit_leakproof;
CREATE ROLE regress_hooks_commit_leakproof;
GRANT USAGE, CREATE ON SCHEMA test_commit_leakproof TO regress_hooks_commit_leakproof;
CREATE TABLE t (id int);
CREATE TABLE u (id int);
ALTER TABLE t OWNER TO regress_hooks_commit_leakproof;
ALTER TABLE u OWNER TO regress_hooks_commit_leakproof;
CREATE FUNCTION is_odd(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE LEAKPROOF AS 'BEGIN RETURN $1 % 2 = 1; END';
SET ROLE regress_hooks_commit_leakproof;
CREATE FUNCTION cb(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '%: % rows', event ->> 'hook', event #>> '{changes,0,rows}';
END $$;
SELECT hooks.register('isolated', 'before_commit', 'insert', 't', 'cb', condition => 'test_commit_leakproof.is_odd(NEW.id)', on_error => 'isolate');
SELECT hooks.register('aborting', 'before_commit', 'insert', 'u', 'cb', condition => 'test_commit_leakproof.is_odd(NEW.id)', on_error => 'abort');
RESET ROLE;
INSERT INTO t VALUES (1), (2), (3);
INSERT INTO u VALUES (1);

-- Without the right to execute it the error is isolated ...
DELETE FROM hooks.failure;
REVOKE EXECUTE ON FUNCTION is_odd FROM PUBLIC;
INSERT INTO t VALUES (5);
SELECT hook, sqlstate, message FROM hooks.failure;

-- ... or the context says which hook it is of
\set VERBOSITY default
INSERT INTO u VALUES (3);
\set VERBOSITY terse

-- The right is given back
GRANT EXECUTE ON FUNCTION is_odd TO regress_hooks_commit_leakproof;
INSERT INTO t VALUES (7), (8);
INSERT INTO u VALUES (5);
SELECT id FROM t ORDER BY id;
SELECT id FROM u ORDER BY id;

DELETE FROM hooks.failure;
DROP SCHEMA test_commit_leakproof CASCADE;
DROP ROLE regress_hooks_commit_leakproof;
