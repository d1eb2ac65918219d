-- repair() puts the triggers of the extension's own tables, all of them, into the
-- state that they are made in.
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
