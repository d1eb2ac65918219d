-- hooks.restore() in the name of another role than the tables' owner: deferred
-- constraints wait for the end of the transaction as ever, unless somebody's
-- code would run then that is not the committing role's; hooks know who restores.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_app;
CREATE SCHEMA test_deferred AUTHORIZATION regress_app;
SET search_path = test_deferred;

-- Tables as Django makes them: all keys are deferred.
SET ROLE regress_app;
CREATE TABLE root (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, place int UNIQUE DEFERRABLE INITIALLY DEFERRED,
    root int REFERENCES root ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    other int REFERENCES root DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE link (id int PRIMARY KEY, root int REFERENCES root ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED);
INSERT INTO root VALUES (1), (2);
INSERT INTO child VALUES (11, 1, 1, 2);
INSERT INTO link VALUES (21, 1);
RESET ROLE;
SELECT setval('hooks.kept_kept_id_seq', 300);
SELECT hooks.register('bin', 'before_cascade', 'delete', 'root', 'hooks.keep');
DELETE FROM root WHERE id = 1;
SELECT kept_id FROM hooks.kept \gset
\set restore 'SELECT hooks.restore(:kept_id);'
-- What a row refers to may come back later in the transaction, ...
BEGIN;
DELETE FROM root WHERE id = 2;
:restore
INSERT INTO root VALUES (2);
COMMIT;
SELECT (SELECT count(*) FROM root), (SELECT count(*) FROM child), (SELECT root FROM link);
-- ... or not; and a place may be free by then.
DELETE FROM root WHERE id = 1;
SELECT max(kept_id) AS kept_id FROM hooks.kept \gset
BEGIN; DELETE FROM root WHERE id = 2; :restore COMMIT;
BEGIN; INSERT INTO child VALUES (12, 1); :restore UPDATE child SET place = 2 WHERE id = 12; COMMIT;
SELECT id, place FROM child ORDER BY id;

-- A deferred trigger that the owner wrote would run as who commits: it must be
-- immediate, or the owner restores.
SET ROLE regress_app;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % % as % for %', TG_NAME, TG_WHEN, TG_OP, current_user, (hooks.context()).caller;
    RETURN NEW;
END $$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON child DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell();
RESET ROLE;
DELETE FROM root WHERE id = 1;
SELECT max(kept_id) AS kept_id FROM hooks.kept \gset
:restore
BEGIN; SET CONSTRAINTS ALL IMMEDIATE; :restore ROLLBACK;
BEGIN; SET ROLE regress_app; :restore SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK;
SET ROLE regress_app; DROP TRIGGER later ON child; RESET ROLE;

-- An index that calls a function of the owner's is no different.
SET ROLE regress_app;
CREATE FUNCTION calls(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'called as %', current_user; RETURN $1; END $$;
SET client_min_messages = warning;
ALTER TABLE child ADD EXCLUDE USING btree (calls(id) WITH =) DEFERRABLE INITIALLY DEFERRED;
RESET client_min_messages;
RESET ROLE;
:restore
SET client_min_messages = warning;
SET ROLE regress_app; ALTER TABLE child DROP CONSTRAINT child_calls_excl; RESET ROLE;
RESET client_min_messages;

-- Callbacks of hooks run as the hooks' owners, and are told who restores.
SET ROLE regress_app;
SELECT hooks.register(w || a, w, a, t::regclass, 'tell', on_error => 'abort')
  FROM (VALUES ('before', 'insert', 'child'), ('after', 'insert', 'child'), ('before', 'update', 'link'), ('after', 'update', 'link')) v (w, a, t);
RESET ROLE;
BEGIN; :restore COMMIT;
SELECT (SELECT count(*) FROM root), (SELECT count(*) FROM child), (SELECT root FROM link);

SELECT hooks.unregister(name) FROM hooks.registry;
SET client_min_messages = warning;
DROP SCHEMA test_deferred CASCADE;
DROP ROLE regress_app;
SELECT hooks.purge_kept('0') > 0;
