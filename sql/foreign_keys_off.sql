-- ALTER TABLE ... DISABLE TRIGGER ALL switches off foreign keys, too.  PostgreSQL
-- tells nobody; chain(), repair(), cascade_tree() and preview_delete() do, and
-- the preview says what a DELETE then does.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_switched;
SET search_path = test_switched;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % rows of %', TG_NAME, (SELECT count(*) FROM old_table), TG_TABLE_NAME;
    RETURN NULL;
END $$;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
CREATE TABLE guarded (id int REFERENCES child);
CREATE INDEX ON child (parent);
CREATE INDEX ON guarded (id);
INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (11, 1), (12, 2); INSERT INTO guarded VALUES (12);
SELECT hooks.register('told', 'before_cascade', 'delete', 'parent', 'tell');
-- all is in force: nothing to tell
SELECT hook FROM hooks.chain('parent');
SELECT hooks.repair();
SELECT hooks.cascade_tree('parent');
SELECT depth, relation, action, rows FROM hooks.preview_delete('parent');

-- Of the table that is referred to: rows of the other one stay, without parents.
ALTER TABLE parent DISABLE TRIGGER ALL;
SELECT hook FROM hooks.chain('parent');
SELECT hooks.cascade_tree('parent');
SELECT hooks.cascade_tree('parent', 'mermaid');
SELECT depth, relation, action, rows, hooks FROM hooks.preview_delete('parent');
-- Ours are mended; those of the foreign key are a superuser's own business, as
-- there may be such rows already.
SELECT hooks.repair();
SELECT hooks.repair();
SELECT depth, relation, action, rows, hooks FROM hooks.preview_delete('parent');
BEGIN;
DELETE FROM parent;
SELECT count(*) FROM child;
ROLLBACK;
ALTER TABLE parent ENABLE TRIGGER ALL;
SELECT hooks.repair();

-- Of the table in between: it is not stopped any more.
ALTER TABLE child DISABLE TRIGGER ALL;
SELECT hooks.cascade_tree('parent');
SELECT depth, relation, action, rows FROM hooks.preview_delete('parent');
SELECT hook FROM hooks.chain('child');
-- repair() looks at the tables of hooks
SELECT hooks.repair();
BEGIN;
DELETE FROM parent;
SELECT count(*) FROM guarded;
ROLLBACK;
-- Of the table that refers: rows may come that refer to nothing.
ALTER TABLE child ENABLE TRIGGER ALL;
ALTER TABLE guarded DISABLE TRIGGER ALL;
SELECT hook FROM hooks.chain('guarded');
SELECT depth, relation, action, rows FROM hooks.preview_delete('parent', 'id = 1');

-- Under session_replication_role = replica none is in force.
ALTER TABLE guarded ENABLE TRIGGER ALL;
SET session_replication_role = replica;
SELECT depth, relation, action, rows FROM hooks.preview_delete('parent', 'id = 1');
SELECT hook FROM hooks.chain('parent');
RESET session_replication_role;

-- Partitions have triggers of their own.
CREATE TABLE root (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE low PARTITION OF root FOR VALUES IN (1);
CREATE TABLE high PARTITION OF root DEFAULT;
CREATE TABLE leafs (id int REFERENCES root ON DELETE CASCADE);
CREATE INDEX ON leafs (id);
INSERT INTO root VALUES (1), (2); INSERT INTO leafs VALUES (1), (2);
ALTER TABLE low DISABLE TRIGGER ALL;
SELECT hooks.cascade_tree('root');
SELECT depth, relation, action, rows FROM hooks.preview_delete('root');
ALTER TABLE high DISABLE TRIGGER ALL;
SELECT hooks.cascade_tree('root');
SELECT hook FROM hooks.chain('high');

SELECT hooks.unregister('told');
SET client_min_messages = warning;
DROP SCHEMA test_switched CASCADE;
