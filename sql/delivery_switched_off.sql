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
CREATE FUNCTION note(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO done SELECT id FROM jsonb_to_recordset(event->''new'') AS r (id int)';
SELECT hooks.register('off', 'after_commit', 'insert', 't', 'note');
INSERT INTO t VALUES (1);
SELECT hooks.flush('1 s');
SELECT count(*) FROM done;
SELECT payload->'new', state, attempts FROM hooks.outbox;
RESET ROLE;
ALTER ROLE regress_hooks_off RESET hooks.enabled;
SELECT hooks.flush();
SELECT id FROM done;
SELECT hooks.unregister('off');
DROP SCHEMA test_off CASCADE;
DROP OWNED BY regress_hooks_off;
DROP ROLE regress_hooks_off;
