-- What stands for a table in a dump takes no row itself, but passes it on, even
-- after pg_restore --disable-triggers has disabled its triggers.
\pset format unaligned
\pset tuples_only on
BEGIN;
ALTER TABLE hooks.audited_dump DISABLE TRIGGER ALL;
INSERT INTO hooks.audited_dump (audit_id, hook, owner, relation, action, "session_user", transaction_id, occurred_at)
VALUES (-1, 'loaded', CURRENT_USER::regrole, 'public.t', 'insert', 'somebody', '5', '2026-01-01');
ALTER TABLE hooks.audited_dump ENABLE TRIGGER ALL;
ALTER TABLE hooks.audited_row_dump DISABLE TRIGGER ALL;
INSERT INTO hooks.audited_row_dump VALUES (-1, 1, NULL, NULL, '{"id": 1}');
ALTER TABLE hooks.audited_row_dump ENABLE TRIGGER ALL;
SELECT hook, number, new_row FROM hooks.audit_log WHERE audit_id = -1;
ALTER TABLE hooks.kept_dump DISABLE TRIGGER ALL;
INSERT INTO hooks.kept_dump VALUES (-1, 1, 'pg_class'::regclass, 'public.t', '{}', '{}', '{}', '{}', '0', 0, 1, '1');
ALTER TABLE hooks.kept_dump ENABLE TRIGGER ALL;
SELECT name, data FROM hooks.kept_row WHERE kept_id = -1;
-- whoever loads next finds them as they were made
SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger
 WHERE tgrelid IN ('hooks.audited_dump'::regclass, 'hooks.audited_row_dump'::regclass, 'hooks.kept_dump'::regclass)
 ORDER BY tgrelid::regclass::text COLLATE "C";
ROLLBACK;
