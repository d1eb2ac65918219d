-- What hooks.restore() puts back has events for after_commit hooks, also where it
-- works as the tables' owner in a security-restricted operation; what triggers of
-- the tables do in that has not.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_acre_owner;
CREATE SCHEMA test_ac_restore AUTHORIZATION regress_acre_owner;
SET search_path = test_ac_restore;
\i sql/include/log.psql
GRANT EXECUTE ON FUNCTION callback TO PUBLIC;
SET ROLE regress_acre_owner;
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, p_id int REFERENCES p ON DELETE CASCADE);
SELECT hooks.register('acre_keep', 'before_cascade', 'delete', 'p', 'hooks.keep');
SELECT hooks.register('acre_' || t, 'after_commit', 'insert', t::regclass, 'callback') FROM unnest('{p,c}'::text[]) t;
INSERT INTO p VALUES (1), (2);
INSERT INTO c VALUES (10, 1), (20, 2);
DELETE FROM p;
RESET ROLE;
SELECT seen();
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT action, relation::regclass, new_rows, event->>'caller' FROM written();
SELECT seen();
DELETE FROM p;
CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO test_ac_restore.c VALUES (99, NULL); RETURN NULL; END';
CREATE TRIGGER more AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION more();
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT count(*) FROM p;
SELECT count(*) FROM written();

SET client_min_messages = warning;
SELECT hooks.purge_kept('0') > 0;
DROP SCHEMA test_ac_restore CASCADE;
DROP ROLE regress_acre_owner;
