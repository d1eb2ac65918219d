-- Events name tables in the same way whatever the caller has set, so that what a
-- callback compares is not for the caller to choose.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_event_names;
SET search_path = test_event_names;
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE "C" (p_id int REFERENCES p ON DELETE CASCADE);
\i sql/include/log.psql
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% % % %', event->>'hook', event->>'relation', event->'changes',
    (SELECT jsonb_agg(o->>'object_identity') FROM jsonb_array_elements(event->'objects') o
      WHERE o->>'object_type' = 'table');
END $$;
SELECT hooks.register('en_commit', 'before_commit', 'write', 'p', 'tell'),
       hooks.register('en_after', 'after_commit', 'delete', '"C"', 'tell'),
       hooks.register('en_audit', 'after', 'delete', '"C"', 'hooks.audit', level => 'statement'),
       hooks.register('en_restore', 'after', 'restore', 'p', 'tell'),
       hooks.register('en_keep', 'before_cascade', 'delete', 'p', 'hooks.keep'),
       hooks.register('en_drop', 'before', 'drop', 'p', 'tell');

SET quote_all_identifiers = on;
INSERT INTO p VALUES (1);
INSERT INTO "C" VALUES (1);
BEGIN;
DELETE FROM p;
SELECT event->>'relation_name', event->>'root_relation' FROM written();
SELECT relation, root_relation FROM hooks.audit_log WHERE hook = 'en_audit';
SELECT hooks.restore(kept_id) FROM hooks.kept WHERE transaction_id = pg_current_xact_id();
ROLLBACK;
BEGIN;
DROP TABLE p CASCADE;
ROLLBACK;
RESET quote_all_identifiers;

SET client_min_messages = error;
SELECT count(hooks.unregister(name)) FROM hooks.registry WHERE name LIKE 'en\_%';
DROP SCHEMA test_event_names CASCADE;
