-- A rehearsal carries out what the transaction has deferred. Where a SECURITY DEFINER
-- function calls it, that runs as at the commit, not as the function's owner.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_hooks_caller;
CREATE SCHEMA test_rehearse;
GRANT ALL ON SCHEMA test_rehearse TO regress_hooks_caller;
SET search_path = test_rehearse;
CREATE TABLE t (id int);
CREATE FUNCTION what_if() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS $$
  SELECT concat_ws(' ', kind, relation, rows, message) FROM hooks.rehearse('INSERT INTO test_rehearse.t VALUES (1)') $$;
-- a callback of somebody who could become the caller
CREATE TABLE watched (id int);
GRANT ALL ON watched TO regress_hooks_caller;
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'rehearsed: %', (SELECT count(*) FROM hooks.rehearse('INSERT INTO test_rehearse.t VALUES (1)'));
  RETURN NEW;
END $$;
SELECT hooks.register('watch', 'before', 'insert', 'watched', 'watch');

SET ROLE regress_hooks_caller;
CREATE TABLE later (id int);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'deferred trigger as %', current_user;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON later DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell();
BEGIN;
INSERT INTO later VALUES (1);
SELECT what_if();
SELECT current_user;
INSERT INTO watched VALUES (1);
COMMIT;

-- nor after an error in it
CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not as %', current_user; END $$;
BEGIN;
INSERT INTO later VALUES (1);
SELECT what_if();
SELECT current_user;
ROLLBACK;
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA test_rehearse CASCADE;
DROP ROLE regress_hooks_caller;
