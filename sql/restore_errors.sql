-- hooks.restore() puts all rows back or none, and says which column or table is
-- not what it was.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA test_restore;
SET search_path = test_restore;

CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE root (id int PRIMARY KEY, name varchar(10) UNIQUE);
CREATE TABLE child (id int PRIMARY KEY, root int REFERENCES root ON DELETE CASCADE, other int REFERENCES other, mood mood);
CREATE TABLE changed (id int PRIMARY KEY, root int REFERENCES root ON DELETE SET NULL);
INSERT INTO other VALUES (1);
INSERT INTO root VALUES (1, 'one'), (2, 'two');
INSERT INTO child VALUES (11, 1, 1, 'sad'), (12, 1, NULL, 'happy'), (13, 2, 1, NULL);
INSERT INTO changed VALUES (21, 1), (22, 1);
-- messages tell the number
SELECT setval('hooks.kept_kept_id_seq', 100);
SELECT hooks.register('bin', 'before_cascade', 'delete', 'root', 'hooks.keep');
DELETE FROM root WHERE id = 1;
SELECT kept_id FROM hooks.kept \gset
\set restore 'SELECT hooks.restore(:kept_id);'

-- PostgreSQL's own errors: the row is there again, ...
BEGIN; INSERT INTO root VALUES (1, 'new'); :restore ROLLBACK;
BEGIN; INSERT INTO root VALUES (3, 'one'); :restore ROLLBACK;
-- ... what it refers to is gone, ...
BEGIN; UPDATE child SET other = NULL; DELETE FROM other; :restore ROLLBACK;
-- ... a column has come that must not be null, ...
BEGIN; ALTER TABLE child ADD needed int; UPDATE child SET needed = 1; ALTER TABLE child ALTER needed SET NOT NULL; :restore ROLLBACK;
-- ... a constraint.
BEGIN; ALTER TABLE root ADD CHECK (id > 1); :restore ROLLBACK;
-- One that has a default or may be null does no harm.
BEGIN; ALTER TABLE child ADD a int NOT NULL DEFAULT 1, ADD b int; :restore SELECT * FROM child ORDER BY id; ROLLBACK;

-- A column is gone, or another one has its name, is of another type, or length.
BEGIN; ALTER TABLE child DROP mood; :restore ROLLBACK;
BEGIN; ALTER TABLE child ALTER other TYPE bigint; :restore ROLLBACK;
BEGIN; ALTER TABLE root ALTER name TYPE varchar(9); :restore ROLLBACK;
BEGIN; ALTER TABLE child DROP mood; ALTER TABLE child ADD mood mood; :restore ROLLBACK;
-- For the changed rows, too.
BEGIN; ALTER TABLE changed DROP root; :restore ROLLBACK;
-- A table is gone.  Under another name or in another schema it is the same.
BEGIN; DROP TABLE child; :restore ROLLBACK;
BEGIN; CREATE SCHEMA "test ""restore"; ALTER TABLE child RENAME TO "o'ther"; ALTER TABLE "o'ther" SET SCHEMA "test ""restore"; :restore SELECT count(*) FROM "test ""restore"."o'ther"; ROLLBACK;
-- A value is none of its type any more: the context names the column.
\set SHOW_CONTEXT errors
BEGIN; UPDATE hooks.kept_row SET data = replace(data, 'happy', 'glad') WHERE kept_id = :kept_id; :restore ROLLBACK;
\set SHOW_CONTEXT never

-- Triggers fire as for any INSERT; one that skips a row stops it all, ...
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 12 THEN RETURN NULL; END IF; RETURN NEW; END $$;
CREATE TRIGGER skip BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION skip();
:restore
DROP TRIGGER skip ON child;
-- ... as does one that fails, or a hook.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % % %: % children', TG_NAME, TG_WHEN, TG_OP, TG_TABLE_NAME, (SELECT count(*) FROM child WHERE root = 1);
    RETURN NEW;
END $$;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM hooks.cancel('not now'); END $$;
SELECT hooks.register('teller', 'before', 'insert', 'child', 'tell', level => 'row'), hooks.register('refusal', 'after', 'update', 'changed', 'refuse', on_error => 'abort');
CREATE TRIGGER teller AFTER INSERT ON root FOR EACH ROW EXECUTE FUNCTION tell();
:restore
SELECT hooks.unregister('refusal');

-- None of this has put anything back.
SELECT (SELECT count(*) FROM root), (SELECT count(*) FROM child), (SELECT count(*) FROM changed WHERE root IS NOT NULL);
-- Now it goes, once; who restores it again is told so.
BEGIN READ ONLY; :restore ROLLBACK;
:restore
\set VERBOSITY terse
:restore
SELECT hooks.kept_rows(:kept_id, NULL::root);
\set VERBOSITY default
SELECT (SELECT count(*) FROM root), (SELECT count(*) FROM child), (SELECT count(*) FROM changed WHERE root IS NOT NULL);

-- What there is none of, and what is incomplete.
SELECT hooks.restore(0);
SELECT hooks.restore(NULL);
-- An argument that cannot be is told of first, also if there is nothing to restore.
SELECT hooks.restore(0, NULL);
SELECT hooks.restore(0, 'skip', NULL);
SELECT hooks.restore(0, 'never');
SELECT hooks.restore(:kept_id, missing => 'ignore');
SELECT hooks.restore_transaction('3', NULL);
SELECT hooks.restore_transaction('3', missing => 'ignore');
SELECT hooks.kept_rows(NULL, NULL::root);
SELECT hooks.kept_rows(:kept_id, 1);
SELECT hooks.purge_kept(NULL);
DELETE FROM root WHERE id = 2;
DELETE FROM hooks.kept_row WHERE relation = 'child'::regclass;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
UPDATE hooks.kept_row SET data = '1';
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;

-- hooks.keep() is for before_cascade delete, and can be registered for nothing else.
SELECT hooks.register('x', 'before', 'delete', 'root', 'hooks.keep');
SELECT hooks.register('x', 'after', 'delete', 'root', 'hooks.keep', level => 'statement');
SELECT hooks.register('x', 'before_cascade', 'truncate', 'root', 'hooks.keep');
SELECT hooks.register('x', 'before_cascade', 'delete, update', 'root', 'hooks.keep');
SELECT hooks.register('x', 'before_cascade', 'update', NULL, 'hooks.keep', schema => 'test_restore');
CREATE TRIGGER keep BEFORE DELETE ON root FOR EACH ROW EXECUTE FUNCTION hooks.keep();
DELETE FROM root;
DROP TRIGGER keep ON root;
SELECT hooks.keep();
-- What the delete leaves has to be known beforehand.
CREATE SEQUENCE numbers;
CREATE TABLE volatile (id int PRIMARY KEY, root int DEFAULT nextval('numbers') REFERENCES root ON DELETE SET DEFAULT);
INSERT INTO root VALUES (5, 'five');
INSERT INTO volatile VALUES (1, 5);
DELETE FROM root WHERE id = 5;
-- Missing rows of a table are counted together, however many pieces keep them.
CREATE TABLE top (id int PRIMARY KEY);
CREATE TABLE long (n int, top int REFERENCES top ON DELETE CASCADE, text text);
INSERT INTO top VALUES (1);
INSERT INTO long SELECT n, 1, repeat('x', 50000) FROM generate_series(1, 4) n;
SELECT hooks.register('long', 'before_cascade', 'delete', 'top', 'hooks.keep');
DELETE FROM top;
SELECT count(*) > 1 FROM hooks.kept_row WHERE relation = 'long'::regclass;
CREATE FUNCTION skip_all() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER skip BEFORE INSERT ON long FOR EACH ROW EXECUTE FUNCTION skip_all();
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;

SELECT hooks.unregister(name) FROM hooks.registry;
SET client_min_messages = warning;
DROP SCHEMA test_restore CASCADE;
SELECT hooks.purge_kept('0') > 0;
