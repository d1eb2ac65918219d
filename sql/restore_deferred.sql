-- hooks.restore() of tables with deferred constraints: they wait for the end of
-- the transaction if the tables' owner restores.  For others they are immediate,
-- as what waits runs as whoever commits.
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
-- The owner: what a row refers to may come back later in the transaction, ...
BEGIN;
SET ROLE regress_app;
DELETE FROM root WHERE id = 2;
:restore
INSERT INTO root VALUES (2);
COMMIT;
SELECT (SELECT count(*) FROM root), (SELECT count(*) FROM child), (SELECT root FROM link);
-- ... or not; and a place may be free by then.
RESET ROLE;
DELETE FROM root WHERE id = 1;
SELECT max(kept_id) AS kept_id FROM hooks.kept \gset
BEGIN; SET ROLE regress_app; DELETE FROM root WHERE id = 2; :restore COMMIT;
BEGIN; SET ROLE regress_app; INSERT INTO child VALUES (12, 1); :restore UPDATE child SET place = 2 WHERE id = 12; COMMIT;
SELECT id, place FROM child ORDER BY id;
RESET ROLE;

-- Another role: at once; and what waits already is looked at, too.
DELETE FROM root WHERE id = 1;
SELECT max(kept_id) AS kept_id FROM hooks.kept \gset
BEGIN; INSERT INTO child VALUES (13, 1); :restore ROLLBACK;
BEGIN; INSERT INTO child VALUES (13, 3, 3); :restore ROLLBACK;
BEGIN; :restore INSERT INTO child VALUES (13, 3, 3); ROLLBACK;
BEGIN; :restore COMMIT;
-- Not where nothing can wait, or the owner restores.
CREATE TABLE plain (id int PRIMARY KEY, root int REFERENCES root ON DELETE CASCADE);
ALTER TABLE plain OWNER TO regress_app;
SELECT hooks.register('plain', 'before_cascade', 'delete', 'plain', 'hooks.keep');
INSERT INTO plain VALUES (1, 1);
DELETE FROM plain;
BEGIN; SELECT hooks.restore(max(kept_id)) FROM hooks.kept; INSERT INTO child VALUES (13, 3, 3); ROLLBACK;

-- A deferred trigger that the owner wrote.
SET ROLE regress_app;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % % as % for %', TG_NAME, TG_WHEN, TG_OP, current_user, (hooks.context()).caller;
    RETURN NEW;
END $$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON child DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell();
-- One that is set off by code of an index, which planning a look at the keys runs.
CREATE TABLE trap (id int);
CREATE FUNCTION spring() RETURNS void LANGUAGE sql AS $$ INSERT INTO test_deferred.trap VALUES (1) $$;
CREATE FUNCTION plans(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM test_deferred.spring(); RETURN 1; END $$;
SET client_min_messages = warning;
CREATE INDEX ON root (plans(1), id);
CREATE CONSTRAINT TRIGGER trap AFTER INSERT ON trap DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell();
RESET ROLE;
DELETE FROM root WHERE id = 1;
-- in a session that has not planned it yet
\c -
SET search_path = test_deferred;
SELECT max(kept_id) AS kept_id FROM hooks.kept \gset
BEGIN; :restore COMMIT;
SET ROLE regress_app; DROP TRIGGER later ON child; DROP INDEX root_plans_id_idx; RESET ROLE;
DELETE FROM root WHERE id = 1;
SELECT max(kept_id) AS kept_id FROM hooks.kept \gset

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
