-- hooks.audit writes down each changed row, before and after, with who did it and by
-- which statement; one row of hooks.audit_log for each.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_audit;
SET search_path = test_audit;
CREATE VIEW log AS SELECT hook, relation, root_relation, cascade_depth, action, number, changed, old_row, new_row FROM hooks.audit_log ORDER BY audit_id, number;
CREATE TABLE parent (id int PRIMARY KEY, name text, secret text);
CREATE TABLE child (id int, parent int REFERENCES parent ON DELETE CASCADE);

-- Set by set; a column that is left out is still told of when it changes, but the
-- statement is not, as it can have the value.
SELECT hooks.register('audit', 'after', 'write', 'parent', 'hooks.audit', level => 'statement', on_error => 'abort', arguments => '{secret}');
SELECT hooks.register('child audit', 'after', 'write', 'child', 'hooks.audit', level => 'statement', on_error => 'abort');
INSERT INTO parent VALUES (1, 'one', 'x'), (2, NULL, 'x');
UPDATE parent SET secret = 'y', name = 'one';
INSERT INTO child VALUES (11, 1), (12, 2);
-- What the statement did not change: nothing
UPDATE parent SET name = 'never' WHERE false;
-- A cascade: the child's rows, and what they come from
DELETE FROM parent WHERE id = 1;
TRUNCATE parent, child;
TABLE log;
SELECT DISTINCT caller = current_user, "session_user" = session_user, owner = current_user::regrole, transaction_id < pg_current_xact_id(), age(clock_timestamp(), occurred_at) BETWEEN '0 s' AND '1 h' FROM hooks.audit_log;
SELECT hook, statement FROM hooks.audited WHERE action <> 'truncate' ORDER BY audit_id;
SELECT DISTINCT hook, cascade_depth, constraint_name FROM hooks.audit_log WHERE action = 'delete' ORDER BY hook;

-- What is rolled back was not: by a savepoint, or because the hook fails and is isolated.
CREATE TEMP TABLE was AS SELECT count(*) FROM hooks.audit_log;
BEGIN;
SAVEPOINT a;
INSERT INTO parent VALUES (3);
ROLLBACK TO a;
COMMIT;
SELECT count(*) - (TABLE was) FROM hooks.audit_log;
-- A column to leave out that is renamed is not passed on under its new name.
ALTER TABLE parent RENAME secret TO password;
INSERT INTO parent VALUES (3);
SELECT hooks.register('audit', 'after', 'write', 'parent', 'hooks.audit', level => 'row', on_error => 'isolate', arguments => '{secret}', replace => true);
SELECT hooks.register('audit', 'after', 'write', 'parent', 'hooks.audit', level => 'row', on_error => 'isolate', arguments => '{password}', replace => true);
ALTER TABLE parent RENAME password TO secret;
INSERT INTO parent VALUES (3);
SELECT count(*) - (TABLE was) FROM hooks.audit_log;
ALTER TABLE parent RENAME secret TO password;
-- Row by row it is the same, and each row a firing; with the caller's metadata.
SET hooks.metadata = '{"request": 7}';
INSERT INTO parent VALUES (4, 'four', 'x'), (5, 'five', 'x');
UPDATE parent SET name = upper(name) WHERE id > 3;
RESET hooks.metadata;
SELECT number, action, changed, old_row, new_row, metadata FROM hooks.audit_log WHERE metadata IS NOT NULL ORDER BY audit_id;

-- Rows that move between partitions keep their versions together, but where a
-- trigger skips one of them: nothing tells then which belong together.
CREATE TABLE parted (id int, name text) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF parted FOR VALUES IN (1, 3);
CREATE TABLE p2 PARTITION OF parted FOR VALUES IN (2, 4);
INSERT INTO parted VALUES (1, 'a'), (3, 'b'), (1, 'c');
SELECT hooks.register('parted', 'after', 'update', 'parted', 'hooks.audit', level => 'statement', on_error => 'abort');
UPDATE parted SET id = CASE name WHEN 'b' THEN 3 ELSE 4 END;
SELECT number, changed, old_row, new_row FROM log WHERE hook = 'parted';
SELECT hooks.purge_audit('0') > 0, (SELECT count(*) FROM hooks.audited), (SELECT count(*) FROM hooks.audited_row);
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER skip BEFORE INSERT ON p1 FOR EACH ROW WHEN (NEW.name = 'a') EXECUTE FUNCTION skip();
UPDATE parted SET id = 1;
SELECT number, changed, old_row, new_row FROM log WHERE hook = 'parted';

-- A column that was dropped has not changed, nor has one that was and is NULL.
CREATE TABLE less (id int, gone text, none text);
INSERT INTO less VALUES (1, 'x');
ALTER TABLE less DROP gone;
SELECT hooks.register('less', 'after', 'update', 'less', 'hooks.audit', level => 'statement', on_error => 'abort');
UPDATE less SET id = 2;
SELECT changed FROM log WHERE hook = 'less';

-- A set of rows to which ways of different length lead has no depth.
CREATE TABLE top (id int PRIMARY KEY);
CREATE TABLE middle (id int PRIMARY KEY REFERENCES top ON DELETE CASCADE);
CREATE TABLE low (middle int REFERENCES middle ON DELETE CASCADE, top int REFERENCES top ON DELETE CASCADE);
INSERT INTO top VALUES (1);
INSERT INTO middle VALUES (1);
INSERT INTO low VALUES (1, NULL), (NULL, 1);
SELECT hooks.register('low', 'after', 'delete', 'low', 'hooks.audit', level => 'statement', on_error => 'abort');
DELETE FROM top;
SELECT cascade_depth IS NULL, old_row FROM log WHERE hook = 'low';

-- An index of one's own on what is written down
CREATE INDEX by_name ON hooks.audited_row ((new_row ->> 'name')) WHERE new_row ? 'name';
INSERT INTO parent VALUES (6, 'six', 'x');
SET enable_seqscan = off;
SELECT new_row FROM hooks.audited_row WHERE new_row ->> 'name' = 'six' AND new_row ? 'name';
RESET enable_seqscan;
DROP INDEX hooks.by_name;

-- More rows than are written at once.
CREATE TABLE many (id int);
SELECT hooks.register('many', 'after', 'insert', 'many', 'hooks.audit', level => 'statement');
INSERT INTO many SELECT generate_series(1, 2500);
SELECT count(*), min(number), max(number), sum((new_row->>'id')::int) FROM hooks.audited_row JOIN hooks.audited USING (audit_id) WHERE hook = 'many';

-- Who called is not told where it is not known: where a statement of somebody else's brings
-- the library (from PostgreSQL 18 on).
CREATE ROLE regress_hooks_deleter;
GRANT USAGE ON SCHEMA test_audit TO regress_hooks_deleter;
CREATE TABLE late (id int PRIMARY KEY);
CREATE TABLE late_child (id int REFERENCES late ON DELETE CASCADE);
GRANT SELECT, DELETE ON late TO regress_hooks_deleter;
CREATE FUNCTION empty_late() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = test_audit AS 'DELETE FROM late';
ALTER FUNCTION empty_late() OWNER TO regress_hooks_deleter;
SELECT hooks.register('late', 'after', 'delete', 'late_child', 'hooks.audit');
INSERT INTO late VALUES (1);
INSERT INTO late_child VALUES (1);
\c -
BEGIN;
DECLARE late CURSOR FOR SELECT test_audit.empty_late();
FETCH late;
COMMIT;
SET search_path = test_audit;
SELECT action, caller = 'regress_hooks_deleter' OR (caller IS NULL AND current_setting('server_version_num')::int >= 180000) FROM hooks.audited WHERE hook = 'late';

-- Only in phase after, and only by a hook; the arguments are columns of the table.
\set VERBOSITY sqlstate
SELECT hooks.register('no', 'before', 'insert', 'parent', 'hooks.audit');
SELECT hooks.register('no', 'before_cascade', 'delete', 'parent', 'hooks.audit');
SELECT hooks.register('no', 'after', 'insert', 'parent', 'hooks.audit', arguments => '{gone}');
SELECT hooks.register('no', 'before', 'drop', 'parent', 'hooks.audit');
SELECT hooks.register('no', 'after', 'insert', 'parent', 'hooks.kept_load');
CREATE TRIGGER plain AFTER INSERT ON p2 FOR EACH ROW EXECUTE FUNCTION hooks.audit();
INSERT INTO parted VALUES (2);
SELECT hooks.audit();
SELECT hooks.purge_audit(NULL);
-- What loads rows is for each row.
BEGIN;
CREATE TRIGGER plain BEFORE INSERT ON hooks.audited_dump FOR EACH STATEMENT EXECUTE FUNCTION hooks.audited_load();
INSERT INTO hooks.audited_dump DEFAULT VALUES;
ROLLBACK;

SELECT hooks.unregister(name) FROM hooks.registry ORDER BY name;
SELECT hooks.purge_audit('0') > 0;
SET client_min_messages = warning;
DROP SCHEMA test_audit CASCADE;
DROP ROLE regress_hooks_deleter;
