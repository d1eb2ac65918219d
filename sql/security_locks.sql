-- Who may call a function that tells of tables, but has no right on these, keeps
-- nobody from altering them: no lock stays to the end of the transaction.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_locks;
CREATE TABLE test_locks.p (id int PRIMARY KEY, at timestamptz);
CREATE TABLE test_locks.c (p_id int REFERENCES test_locks.p ON DELETE CASCADE) PARTITION BY LIST (p_id);
CREATE TABLE test_locks.c1 PARTITION OF test_locks.c DEFAULT;
CREATE VIEW test_locks.v AS TABLE test_locks.p;
CREATE FUNCTION test_locks.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION test_locks.g(jsonb) RETURNS void LANGUAGE sql AS '';
SELECT hooks.register('sl_p', 'before_cascade', 'delete', 'test_locks.p', 'test_locks.f'),
       hooks.register('sl_c', 'before_closure', 'delete', 'test_locks.c', 'test_locks.f'),
       hooks.register('sl_c1', 'after', 'insert', 'test_locks.c1', 'test_locks.f'),
       hooks.register('sl_touch', 'before', 'insert', 'test_locks.p', 'hooks.touch', arguments => '{at}'),
       hooks.register('sl_v', 'before', 'drop', 'test_locks.v', 'test_locks.g');
SELECT set_config('test.p', 'test_locks.p'::regclass::oid::text, false), set_config('test.v', 'test_locks.v'::regclass::oid::text, false)
\gset ignored_
CREATE FUNCTION test_locks.held() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS $$
  SELECT c.relname || ' ' || l.mode
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
   WHERE l.pid = pg_backend_pid() AND c.relnamespace IN ('test_locks'::regnamespace, 'hooks_definition'::regnamespace) $$;
CREATE VIEW held AS SELECT test_locks.held();
CREATE ROLE regress_hooks_no_rights;
GRANT SELECT ON held TO regress_hooks_no_rights;
GRANT USAGE ON SCHEMA test_locks TO regress_hooks_no_rights;

SET ROLE regress_hooks_no_rights;
BEGIN;
SELECT code, check_name FROM hooks.check();
SELECT * FROM held;
SELECT hook FROM hooks.chain(current_setting('test.p')::oid);
SELECT hook FROM hooks.chain(current_setting('test.v')::oid);
SELECT * FROM held;
SELECT hooks.cascade_tree(current_setting('test.p')::oid);
SELECT hooks.cascade_tree(current_setting('test.p')::oid, 'mermaid') <> '';
SELECT count(*) > 0 FROM hooks.preview_drop(current_setting('test.p')::oid);
SELECT count(*) > 0 FROM hooks.script();
SELECT * FROM held;
-- nor after an error that is caught
DO $$ BEGIN PERFORM hooks.cascade_tree(current_setting('test.p')::oid, 'x'); EXCEPTION WHEN invalid_parameter_value THEN END $$;
DO $$ BEGIN PERFORM hooks.cascade_tree(current_setting('test.v')::oid); EXCEPTION WHEN wrong_object_type THEN END $$;
DO $$ BEGIN PERFORM hooks.preview_delete(current_setting('test.p')::oid); EXCEPTION WHEN insufficient_privilege THEN END $$;
SELECT * FROM held;
COMMIT;
RESET ROLE;

-- nor others from restoring what is kept, or from registering hooks
SELECT hooks.register('sl_keep', 'before_cascade', 'delete', 'test_locks.p', 'hooks.keep');
INSERT INTO test_locks.p VALUES (1);
DELETE FROM test_locks.p;
SELECT kept_id, transaction_id, hooks.restore(kept_id) AS restored FROM hooks.kept WHERE relation = 'test_locks.p'::regclass
\gset
SELECT hooks.unregister('sl_keep');
DELETE FROM test_locks.p;
CREATE FUNCTION test_locks.look() RETURNS TABLE (a text, b text, c text, d text) LANGUAGE sql AS $$ SELECT '', '', '', '' LIMIT 0 $$;
CREATE VIEW held_of_extension AS
  SELECT l.relation::regclass, mode FROM pg_locks l
   WHERE pid = pg_backend_pid() AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'hooks'::regnamespace)
     AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock');
GRANT SELECT ON held_of_extension TO regress_hooks_no_rights;
SET ROLE regress_hooks_no_rights;
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT hooks.restore(:kept_id), hooks.restore_transaction(:'transaction_id');
RESET client_min_messages;
SELECT * FROM held_of_extension;
SELECT hooks.unregister('no_such', true), hooks.unregister_package('no_such');
SELECT * FROM held_of_extension;
SELECT hooks.register_check('sl_check', 'test_locks.look'), hooks.register_check('sl_check', 'test_locks.look');
SELECT * FROM held_of_extension;
SELECT hooks.unregister('sl_check');
SELECT * FROM held_of_extension;
COMMIT;
RESET ROLE;
DROP VIEW held_of_extension;
SELECT hooks.purge_kept('0') > 0;

-- nor in a session that has looked at no table before
SELECT 'test_locks.p'::regclass::oid AS p
\gset
\c -
SET ROLE regress_hooks_no_rights;
BEGIN;
SELECT count(*) > 0 FROM hooks.preview_drop(:p);
SELECT * FROM held;
COMMIT;
\c -
SET ROLE regress_hooks_no_rights;
BEGIN;
SELECT hooks.repair();
SELECT * FROM held;
COMMIT;
RESET ROLE;
-- what the transaction has locked before stays so
BEGIN;
SELECT count(*) FROM test_locks.p;
SELECT count(*) FROM hooks.chain('test_locks.p');
SELECT count(*) FROM hooks.cascade_tree('test_locks.p'), hooks.check();
SELECT * FROM held WHERE held ~ '^p ';
COMMIT;

DROP VIEW held;
SET client_min_messages = warning;
DROP SCHEMA test_locks CASCADE;
DROP ROLE regress_hooks_no_rights;
