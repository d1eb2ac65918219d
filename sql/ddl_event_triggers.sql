-- Event triggers of others see the triggers that the extension makes and drops: called as the
-- owner of the table, who gets no more rights by that, and under a search_path of nothing but pg_catalog.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_hooks_owner;
CREATE SCHEMA test_events;
GRANT ALL ON SCHEMA test_events TO regress_hooks_owner;
SET search_path = test_events;
CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE o record;
BEGIN
  IF TG_EVENT = 'ddl_command_end' THEN
    FOR o IN SELECT object_identity FROM pg_event_trigger_ddl_commands() LOOP
      RAISE NOTICE '% % as %, under %', TG_TAG, o.object_identity, current_user, current_setting('search_path');
    END LOOP;
  ELSE
    FOR o IN SELECT object_identity FROM pg_event_trigger_dropped_objects() LOOP
      RAISE NOTICE '% % as %, under %', TG_TAG, o.object_identity, current_user, current_setting('search_path');
    END LOOP;
  END IF;
  IF TG_TAG = 'CREATE TRIGGER' THEN
    SET ROLE NONE;
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'and stays that role';
END $$;
SET ROLE regress_hooks_owner;
CREATE TABLE t (id int);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
RESET ROLE;
CREATE EVENT TRIGGER regress_hooks_end ON ddl_command_end EXECUTE FUNCTION see();
CREATE EVENT TRIGGER regress_hooks_drop ON sql_drop EXECUTE FUNCTION see();

-- a superuser registers
SELECT hooks.register('seen', 'before', 'insert', 't', 'f');
-- the owner unregisters
SET ROLE regress_hooks_owner;
SELECT hooks.unregister('seen');
RESET ROLE;

DROP EVENT TRIGGER regress_hooks_end;
DROP EVENT TRIGGER regress_hooks_drop;
SET client_min_messages = warning;
DROP SCHEMA test_events CASCADE;
DROP ROLE regress_hooks_owner;
