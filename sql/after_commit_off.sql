-- What keeps after_commit hooks from hearing of a statement: nothing is written
-- for a hook that is not in force where the statement runs.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_ac_off;
SET search_path = test_ac_off;
\i sql/include/log.psql
CREATE TABLE t (id int);
SELECT hooks.register('aco_' || fire, 'after_commit', 'insert, truncate', 't', 'callback', fire => fire)
  FROM unnest('{origin,replica,always}'::text[]) fire;
SET session_replication_role = replica;
INSERT INTO t VALUES (1);
RESET session_replication_role;
INSERT INTO t VALUES (2);
SET hooks.enabled = off;
INSERT INTO t VALUES (3);
TRUNCATE t;
RESET hooks.enabled;
BEGIN;
SELECT hooks.pause('aco_always', 'a test');
INSERT INTO t VALUES (4);
TRUNCATE t;
COMMIT;
SELECT hooks.disable('aco_origin');
INSERT INTO t VALUES (5);
SELECT action, hooks, new_rows FROM written();
SELECT hooks.enable('aco_origin');
SELECT seen();
-- as it was when the statement ran: registered later, or removed meanwhile
BEGIN;
INSERT INTO t VALUES (6);
SELECT hooks.register('aco_later', 'after_commit', 'insert', 't', 'callback');
INSERT INTO t VALUES (7);
-- how many deliveries are forgotten depends on the worker
SET client_min_messages = warning;
SELECT hooks.unregister('aco_origin');
RESET client_min_messages;
INSERT INTO t VALUES (8);
COMMIT;
SELECT hooks, new_rows FROM written();
SELECT seen();
-- the triggers go with the last hook that wants them
SET client_min_messages = warning;
SELECT hooks.unregister('aco_' || h) FROM unnest('{replica,always,later}'::text[]) h;
RESET client_min_messages;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 't'::regclass;

-- nothing can be made of the functions elsewhere
SELECT hooks.log_row(1::oid, '(0,1)');
CREATE TABLE forged (id int);
CREATE TRIGGER mine AFTER INSERT ON forged FOR EACH ROW WHEN (hooks.log_row(NEW.tableoid, NEW.ctid)) EXECUTE FUNCTION hooks.dispatch();
INSERT INTO forged VALUES (1);
DROP TRIGGER mine ON forged;
CREATE TRIGGER mine AFTER INSERT ON forged FOR EACH ROW WHEN (hooks.log_row(1::oid, NEW.ctid)) EXECUTE FUNCTION hooks.dispatch();
INSERT INTO forged VALUES (1);
DROP TRIGGER mine ON forged;
CREATE TRIGGER "Hooks_after_commit_insert" AFTER INSERT ON forged FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
INSERT INTO forged VALUES (1);
SELECT hooks.register('aco_forged', 'after_commit', 'insert', 'forged', 'callback');
DROP TRIGGER "Hooks_after_commit_insert" ON forged;
SELECT hooks.register('aco_forged', 'after_commit', 'insert', 'forged', 'callback');
ALTER TABLE forged DISABLE TRIGGER "Hooks_after_commit_insert";
SELECT hooks.repair();
INSERT INTO forged VALUES (2);
SELECT hooks, new_rows FROM written();
SELECT seen();
-- who may only insert writes to the log all the same, and can do nothing else to it
CREATE ROLE regress_aco_writer;
GRANT USAGE ON SCHEMA test_ac_off TO regress_aco_writer;
GRANT INSERT ON forged TO regress_aco_writer;
SET ROLE regress_aco_writer;
INSERT INTO forged VALUES (3);
SELECT * FROM hooks.log_1;
INSERT INTO hooks.log_1 SELECT;
SELECT nextval('hooks.event_id');
RESET ROLE;
SELECT hooks, new_rows, event->>'caller', event->>'session_user' FROM written();
SELECT seen();

-- inside a security-restricted operation it is refused, as in a callback that runs
-- as somebody who could not become the caller
CREATE FUNCTION copies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO test_ac_off.forged VALUES (NEW.id); RETURN NULL; END $$;
GRANT TRIGGER ON t TO regress_aco_writer;
SET ROLE regress_aco_writer;
SELECT hooks.register('aco_copies', 'after', 'insert', 't', 'copies');
RESET ROLE;
INSERT INTO t VALUES (1);
SELECT sqlstate, message FROM hooks.failure WHERE hook = 'aco_copies';
SELECT count(*) FROM written();
DELETE FROM hooks.failure WHERE hook LIKE 'aco_%';

SET client_min_messages = warning;
DROP SCHEMA test_ac_off CASCADE;
DROP ROLE regress_aco_writer;
