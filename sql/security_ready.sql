-- As whom ready callbacks run what others wrote, and who may read what they write.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_ready_owner; CREATE ROLE regress_ready_auditor; CREATE ROLE regress_ready_other;
CREATE SCHEMA test_ready;
GRANT ALL ON SCHEMA test_ready TO PUBLIC;
SET search_path = test_ready;

-- A table's owner can have a type with a cast to json of his own.  A superuser's
-- hook on the table does not run that as the superuser.
SET ROLE regress_ready_owner;
CREATE TYPE trap AS (a int);
CREATE TYPE kind AS ENUM ('a');
CREATE FUNCTION spring(kind) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
  RETURN to_json(format('as %s, %s', current_user, current_setting('search_path')));
END $$;
CREATE CAST (kind AS json) WITH FUNCTION spring(kind);
CREATE TABLE t (id int PRIMARY KEY, k kind, ks kind[], secret text);
GRANT ALL ON t TO regress_ready_auditor;
RESET ROLE;
SELECT hooks.register('of superuser', 'after', 'write', 't', 'hooks.audit', level => 'statement', on_error => 'abort');
INSERT INTO t VALUES (1, 'a', '{a}', 'x');
SELECT old_row, new_row FROM hooks.audit_log;
-- nor can it set anything that lasts, or become somebody else
CREATE OR REPLACE FUNCTION spring(kind) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
  SET ROLE regress_ready_other;
  RETURN 'true';
END $$;
UPDATE t SET id = 2;
CREATE OR REPLACE FUNCTION spring(kind) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('search_path', 'nowhere', false);
  RETURN 'true';
END $$;
UPDATE t SET id = 2;
SHOW search_path;
SELECT current_user = session_user;

-- The log is for who owned the hook, and superusers; nobody else writes to it.
SET ROLE regress_ready_auditor;
SELECT hooks.register('of auditor', 'after', 'update', 't', 'hooks.audit', level => 'statement', on_error => 'abort', arguments => '{secret}');
UPDATE t SET secret = 'z';
SELECT hook, owner, caller, changed, new_row FROM hooks.audit_log;
SELECT count(*) FROM hooks.audited;
SELECT count(*) FROM hooks.audited_row;
DELETE FROM hooks.audit_log;
UPDATE hooks.audit_log SET hook = 'x';
INSERT INTO hooks.audited_dump SELECT * FROM hooks.audited_dump;
SELECT hooks.purge_audit('0');
SET ROLE regress_ready_other;
SELECT count(*) FROM hooks.audit_log;
-- What a function in the WHERE sees is no more than that
CREATE FUNCTION leak(text) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$;
SELECT * FROM hooks.audit_log WHERE leak(hook);
RESET ROLE;
SELECT hook, count(*) FROM hooks.audit_log GROUP BY hook ORDER BY hook;
-- What a hook wrote stays its owner's, whoever has a hook of that name afterwards.
SELECT hooks.unregister('of auditor');
GRANT ALL ON t TO regress_ready_other;
SET ROLE regress_ready_other;
SELECT hooks.register('of auditor', 'after', 'insert', 't', 'hooks.audit');
SELECT count(*) FROM hooks.audit_log;
RESET ROLE;
-- An owner that lost the right to become the caller: the callbacks still work, in
-- a security-restricted operation.
SELECT hooks.register('notify', 'after', 'update', 't', 'hooks.notify', on_error => 'abort');
SET ROLE regress_ready_auditor;
SELECT hooks.register('of auditor too', 'after', 'update', 't', 'hooks.notify', on_error => 'abort', arguments => '{channel,secret}');
RESET ROLE;
UPDATE t SET secret = 'y';

SELECT hooks.unregister(name) FROM hooks.registry ORDER BY name;
SELECT hooks.purge_audit('0') > 0;
SET client_min_messages = warning;
DROP SCHEMA test_ready CASCADE;
DROP ROLE regress_ready_owner; DROP ROLE regress_ready_auditor; DROP ROLE regress_ready_other;
