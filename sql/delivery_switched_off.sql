-- Where hooks.enabled is off, deliveries wait until it is on.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_off;
SET search_path = test_off;
SET client_min_messages = warning;
CREATE ROLE regress_hooks_off LOGIN;
-- for the worker, as for any session of the role
ALTER ROLE regress_hooks_off SET hooks.enabled = off;
GRANT USAGE, CREATE ON SCHEMA test_off TO regress_hooks_off;
SET ROLE regress_hooks_off;
CREATE TABLE t (id int);
CREATE TABLE done (id int);
CREATE FUNCTION note(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO done SELECT id / (2 - id) FROM jsonb_to_recordset(event->''new'') AS r (id int)';
SELECT hooks.register('off', 'after_commit', 'insert', 't', 'note', max_attempts => 1);
INSERT INTO t VALUES (1);
INSERT INTO t VALUES (2);
SELECT hooks.flush('1 s');
SELECT count(*) FROM done;
SELECT payload->'new', state, attempts FROM hooks.outbox ORDER BY delivery_id;
CREATE TABLE waited AS SELECT delivery_id, payload->'new'->0->>'id' AS id FROM hooks.outbox;
RESET ROLE;
ALTER ROLE regress_hooks_off RESET hooks.enabled;
SELECT hooks.flush();
SELECT id FROM done;
-- what has failed has the number under which it waited
SELECT id, state FROM hooks.outbox JOIN waited USING (delivery_id);
SELECT hooks.unregister('off');
DROP SCHEMA test_off CASCADE;
DROP OWNED BY regress_hooks_off;
DROP ROLE regress_hooks_off;
