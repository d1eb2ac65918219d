-- Who may keep, restore and see kept rows: who may read, and write, the tables.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_keep_owner; CREATE ROLE regress_keep_user; CREATE ROLE regress_keep_admin;
CREATE SCHEMA test_keep_rights;
GRANT ALL ON SCHEMA test_keep_rights TO PUBLIC;
SET search_path = test_keep_rights;
CREATE TABLE root (id int PRIMARY KEY, name text);
CREATE TABLE child (id int PRIMARY KEY, root int REFERENCES root ON DELETE CASCADE);
CREATE TABLE changed (id int PRIMARY KEY, root int REFERENCES root ON DELETE SET NULL);
-- refers to root and is read by nobody: it has no part in what is kept
CREATE TABLE bystander (root int REFERENCES root);
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$
    INSERT INTO root VALUES (1, 'secret'), (2, 'mine'); INSERT INTO child VALUES (11, 1), (12, 2); INSERT INTO changed VALUES (21, 1), (22, 2);
$$;
SELECT fill();
GRANT SELECT, TRIGGER, DELETE ON root TO regress_keep_owner;
GRANT SELECT, DELETE ON root TO regress_keep_user;

-- The hook's owner has to read every table of the cascade, whoever deletes.
SET ROLE regress_keep_owner;
SELECT hooks.register('bin', 'before_cascade', 'delete', 'root', 'hooks.keep');
SET ROLE regress_keep_user;
DELETE FROM root;
RESET ROLE;
GRANT SELECT ON child TO regress_keep_owner;
DELETE FROM root;
-- Under a policy other than abort the DELETE goes on, and nothing is kept.
SET ROLE regress_keep_owner;
SELECT hooks.register('bin', 'before_cascade', 'delete', 'root', 'hooks.keep', on_error => 'isolate', replace => true);
RESET ROLE;
BEGIN; DELETE FROM root; SELECT count(*) FROM hooks.kept; ROLLBACK;
-- Row-level security hides rows, so that not all can be kept.
GRANT SELECT ON changed TO regress_keep_owner;
ALTER TABLE child ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON child USING (id > 11);
BEGIN; DELETE FROM root; SELECT count(*) FROM hooks.kept; ROLLBACK;
ALTER TABLE child DISABLE ROW LEVEL SECURITY;
SET ROLE regress_keep_user;
DELETE FROM root;
RESET ROLE;
SELECT relation, rows, caller FROM hooks.kept;
SELECT kept_id FROM hooks.kept \gset
\set restore 'SELECT hooks.restore(:kept_id);'

-- Everybody may know that something was kept; the rows are for who may read the
-- table, all of it.
SET ROLE regress_keep_user;
SELECT relation, rows FROM hooks.kept;
SELECT count(*) FROM hooks.kept_row;
SELECT hooks.kept_rows(:kept_id, NULL::root);
SELECT hooks.kept_rows(:kept_id, NULL::child);
RESET ROLE;
ALTER TABLE root ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON root USING (name = 'mine');
SET ROLE regress_keep_user;
SELECT hooks.kept_rows(:kept_id, NULL::root);
-- and to purge is for who may delete
SELECT hooks.purge_kept('0');

-- Restoring takes INSERT on each column, UPDATE where rows were changed, and to
-- see all rows: who lacks one of these gets no message that could quote a row.
:restore
RESET ROLE;
DROP POLICY mine ON root;
ALTER TABLE root DISABLE ROW LEVEL SECURITY;
SET ROLE regress_keep_user; :restore RESET ROLE;
GRANT INSERT ON root TO regress_keep_user;
SET ROLE regress_keep_user; :restore RESET ROLE;
GRANT SELECT, INSERT (id) ON child TO regress_keep_user;
SET ROLE regress_keep_user; :restore RESET ROLE;
GRANT INSERT (root) ON child TO regress_keep_user;
SET ROLE regress_keep_user; :restore RESET ROLE;
GRANT UPDATE (root) ON changed TO regress_keep_user;
SET ROLE regress_keep_user; :restore RESET ROLE;
GRANT SELECT ON changed TO regress_keep_user;
-- A policy is code of the table's owner, who stands in for the caller; so
-- nobody to whom one applies can restore.
ALTER TABLE changed ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON changed USING (true);
SET ROLE regress_keep_user; :restore RESET ROLE;
ALTER TABLE changed DISABLE ROW LEVEL SECURITY;
SET ROLE regress_keep_user; :restore RESET ROLE;
SELECT count(*) FROM root, child, changed WHERE child.root = root.id AND changed.root = root.id;

-- A default that is a function, and what checks a domain, runs as the table's
-- owner, not as the hook's, nor as who restores.
CREATE FUNCTION who(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'checked as %', current_user; RETURN true; END $$;
CREATE FUNCTION default_root() RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'default as %', current_user; RETURN 1; END $$;
CREATE DOMAIN checked AS text CHECK (who(VALUE));
SET client_min_messages = warning;
ALTER TABLE child ADD note checked DEFAULT 'x', ADD notes checked[] DEFAULT '{x}';
CREATE TABLE defaulted (id int PRIMARY KEY, root int DEFAULT default_root() REFERENCES root ON DELETE SET DEFAULT);
INSERT INTO defaulted VALUES (31, 2);
RESET client_min_messages;
ALTER TABLE child OWNER TO regress_keep_admin;
ALTER TABLE defaulted OWNER TO regress_keep_admin;
GRANT SELECT ON defaulted TO regress_keep_owner;
GRANT SELECT, UPDATE ON defaulted TO regress_keep_user;
GRANT SELECT ON child TO regress_keep_owner;
GRANT SELECT, INSERT ON child TO regress_keep_user;
GRANT USAGE ON SCHEMA test_keep_rights TO regress_keep_admin;
DELETE FROM root WHERE id = 2;
SELECT max(kept_id) AS kept_id FROM hooks.kept \gset
SET ROLE regress_keep_user; :restore RESET ROLE;
SELECT * FROM defaulted;

-- Purging can be granted.
GRANT SELECT, DELETE ON hooks.kept, hooks.kept_row TO regress_keep_admin;
SET ROLE regress_keep_admin;
SELECT hooks.purge_kept('0');
RESET ROLE;
REVOKE SELECT, DELETE ON hooks.kept, hooks.kept_row FROM regress_keep_admin;

SELECT hooks.unregister('bin');
SET client_min_messages = warning;
DROP SCHEMA test_keep_rights CASCADE;
DROP ROLE regress_keep_owner, regress_keep_user, regress_keep_admin;
