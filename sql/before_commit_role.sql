-- As whom a before_commit hook runs, and what keeps it from firing.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_at_owner;
CREATE ROLE regress_hooks_at_writer;
CREATE ROLE regress_hooks_at_other;
CREATE SCHEMA roles;
GRANT ALL ON SCHEMA roles TO PUBLIC;
SET search_path = roles;
CREATE TABLE t (id int);
GRANT ALL ON t TO PUBLIC;
CREATE FUNCTION who(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% runs as %, caller %, % rows, path %', event->>'hook', current_user, event->>'caller',
    event->'changes'->0->>'rows', current_setting('search_path');
END $$;
SET ROLE regress_hooks_at_owner;
SELECT hooks.register('owner', 'before_commit', 'insert', 't', 'who');
SELECT hooks.register('invoker', 'before_commit', 'insert', 't', 'who', run_as => 'invoker');
RESET ROLE;
SELECT hooks.register('invoker', 'before_commit', 'insert', 't', 'who', run_as => 'invoker');

-- the caller is who issued the first statement, whoever commits
BEGIN;
SET LOCAL ROLE regress_hooks_at_writer;
INSERT INTO t VALUES (1);
SET LOCAL ROLE regress_hooks_at_other;
INSERT INTO t VALUES (2);
RESET ROLE;
COMMIT;
-- the first that counts
BEGIN;
SAVEPOINT s;
SET LOCAL ROLE regress_hooks_at_writer;
INSERT INTO t VALUES (1);
ROLLBACK TO s;
SET LOCAL ROLE regress_hooks_at_other;
INSERT INTO t VALUES (2);
COMMIT;
-- in a function with its owner's rights
CREATE FUNCTION writes() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO roles.t VALUES (3)';
SET ROLE regress_hooks_at_writer;
SET search_path = evil, roles, public;
SELECT writes();
SET search_path = roles;
-- nobody stays who he was not
SELECT current_user;
RESET ROLE;
-- the owner cannot become the caller: it cannot change the session
CREATE FUNCTION meddles(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('roles.mark', 'left', false);
  SET ROLE NONE;
END $$;
SET ROLE regress_hooks_at_owner;
SELECT hooks.register('owner', 'before_commit', 'insert', 't', 'meddles', on_error => 'isolate', replace => true);
RESET ROLE;
SELECT hooks.unregister('invoker');
INSERT INTO t VALUES (4);
SELECT current_user = session_user, coalesce(current_setting('roles.mark', true), '') = '';

-- what runs in a security-restricted operation cannot have a firing outside of it
SET ROLE regress_hooks_at_owner;
CREATE TABLE other (id int);
CREATE FUNCTION copies(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO roles.other VALUES (1)';
SELECT hooks.register('owner', 'before_commit', 'insert', 't', 'copies', replace => true),
       hooks.register('other', 'before_commit', 'insert', 'other', 'who');
INSERT INTO t VALUES (5);
RESET ROLE;
INSERT INTO t VALUES (5);
\echo :LAST_ERROR_SQLSTATE
SELECT hooks.disable('other');
INSERT INTO t VALUES (5);
SELECT hooks.enable('other'), hooks.unregister('owner'), hooks.unregister('other');

-- in force at both times: when the row is written and at commit
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'who');
BEGIN;
INSERT INTO t VALUES (6);
SELECT hooks.pause('h', 'not now');
COMMIT;
BEGIN;
SELECT hooks.pause('h', 'not now');
INSERT INTO t VALUES (6);
SELECT hooks.resume('h');
INSERT INTO t VALUES (7);
COMMIT;
BEGIN;
INSERT INTO t VALUES (6);
SELECT hooks.disable('h');
COMMIT;
BEGIN;
INSERT INTO t VALUES (6);
SELECT hooks.enable('h');
INSERT INTO t VALUES (7);
COMMIT;
BEGIN;
INSERT INTO t VALUES (6);
SET LOCAL hooks.enabled = off;
COMMIT;
BEGIN;
SET LOCAL hooks.enabled = off;
INSERT INTO t VALUES (6);
SET LOCAL hooks.enabled = on;
COMMIT;
-- the replication role, when the row is written
BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO t VALUES (6);
COMMIT;
BEGIN;
INSERT INTO t VALUES (7);
SET LOCAL session_replication_role = replica;
COMMIT;
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'who', fire => 'replica', replace => true);
INSERT INTO t VALUES (6);
SET session_replication_role = replica;
INSERT INTO t VALUES (7);
RESET session_replication_role;
SELECT hooks.unregister('h');

-- a role that is gone by then
CREATE ROLE regress_hooks_at_gone;
GRANT ALL ON t TO regress_hooks_at_gone;
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'who', run_as => 'invoker');
BEGIN;
SET LOCAL ROLE regress_hooks_at_gone;
INSERT INTO t VALUES (8);
RESET ROLE;
DROP OWNED BY regress_hooks_at_gone;
DROP ROLE regress_hooks_at_gone;
COMMIT;
SET client_min_messages = warning;
DROP SCHEMA roles CASCADE;
DROP OWNED BY regress_hooks_at_gone;
DROP ROLE regress_hooks_at_owner, regress_hooks_at_writer, regress_hooks_at_other, regress_hooks_at_gone;
