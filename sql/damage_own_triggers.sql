-- repair() puts the triggers of the extension's own tables, all of them, into the
-- state that they are made in; a CREATE TRIGGER on a table with hooks does not.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE TEMP TABLE made AS
  SELECT tgrelid::regclass AS relation, tgname, tgenabled FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
   WHERE relnamespace = 'hooks'::regnamespace;
SELECT count(*) > 10 FROM made;
DO $$
DECLARE r regclass;
BEGIN
  FOR r IN SELECT DISTINCT relation FROM made LOOP
    EXECUTE format('ALTER TABLE %s ENABLE TRIGGER ALL', r);
  END LOOP;
END $$;
SELECT hooks.repair() > 10;
SELECT m.* FROM made m JOIN pg_trigger t ON t.tgrelid = relation AND t.tgname = m.tgname WHERE t.tgenabled <> m.tgenabled;
SELECT hooks.repair();

-- A CREATE TRIGGER that fails leaves nothing to the next one, which does not mend what somebody drops meanwhile.
CREATE SCHEMA test_own_triggers;
SET search_path = test_own_triggers;
CREATE TABLE t (id int);
CREATE TABLE u (id int);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT hooks.register('ins', 'before', 'insert', 't', 'cb', level => 'row');
\set VERBOSITY terse
CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.nothing) EXECUTE FUNCTION hooks.dispatch();
DROP TRIGGER "Hooks_before_row_insert" ON t;
CREATE TRIGGER other BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION cb();
SELECT count(*) FROM pg_trigger WHERE tgrelid = 't'::regclass;
SELECT hooks.unregister('ins');
DROP SCHEMA test_own_triggers CASCADE;
