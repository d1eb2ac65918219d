-- MERGE: one statement that inserts, updates and deletes; each hook hears of
-- its part once.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_merge;
SET search_path = test_merge;

CREATE TABLE parents (id int PRIMARY KEY, note text);
CREATE TABLE children (id int PRIMARY KEY, parent_id int REFERENCES parents ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO parents VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd');
INSERT INTO children SELECT id * 10 + i, id FROM parents, generate_series(1, 2) i;
CREATE TABLE source (id int, what text);
INSERT INTO source VALUES (1, 'delete'), (2, 'delete'), (3, 'move'), (4, 'note'), (5, 'new'), (6, 'new');
CREATE TABLE rows (op text, old text, new text);

CREATE FUNCTION tell_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % %: %; children %', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP,
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM old_table),
        (SELECT string_agg(c.id::text, ' ' ORDER BY c.id) FROM children c JOIN old_table o ON c.parent_id = o.id);
    RETURN NULL;
END $$;
CREATE FUNCTION tell_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rows VALUES (TG_OP, OLD::text, NEW::text);
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION tell_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % %', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP;
    RETURN NULL;
END $$;
CREATE FUNCTION tell_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % %: %', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP,
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM new_table);
    RETURN NULL;
END $$;
SELECT hooks.register('cut', 'before_cascade', 'delete', 'parents', 'tell_batch', package => 'merge');
SELECT hooks.register('moved', 'before_cascade', 'update', 'parents', 'tell_batch', package => 'merge');
SELECT hooks.register('row', 'before', 'write', 'parents', 'tell_row', package => 'merge');
SELECT hooks.register('begin', 'before', 'insert, update, delete', 'parents', 'tell_statement',
                      level => 'statement', package => 'merge');
SELECT hooks.register('end', 'after', 'insert, update', 'parents', 'tell_new',
                      level => 'statement', package => 'merge');
MERGE INTO parents p USING source s ON p.id = s.id
    WHEN MATCHED AND what = 'delete' THEN DELETE
    WHEN MATCHED AND what = 'move' THEN UPDATE SET id = p.id + 30
    WHEN MATCHED THEN UPDATE SET note = what
    WHEN NOT MATCHED THEN INSERT VALUES (s.id, what);
SELECT op, old, new FROM rows ORDER BY op, old, new;
SELECT id, note FROM parents ORDER BY id;
SELECT id, parent_id FROM children ORDER BY id;

-- A row that a hook skips is not merged, and in no batch.
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT hooks.register('skip', 'before', 'delete', 'parents', 'skip', condition => 'OLD.id = 5', package => 'merge');
MERGE INTO parents p USING (VALUES (5), (6)) s (id) ON p.id = s.id WHEN MATCHED THEN DELETE;
SELECT id FROM parents ORDER BY id;

-- A row that MERGE moves to another partition is deleted and inserted.  It is
-- not in PostgreSQL's transition tables, and so not at level statement.
CREATE TABLE parts (id int, part int) PARTITION BY LIST (part);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts VALUES (1, 1);
SELECT hooks.register('audit ' || level, 'after', 'write', 'parts', 'hooks.audit', level => level, package => 'merge') FROM unnest('{row, statement}'::text[]) level;
MERGE INTO parts p USING (VALUES (1)) s (id) ON p.id = s.id WHEN MATCHED THEN UPDATE SET part = 2;
SELECT hook, action, old_row, new_row FROM hooks.audit_log WHERE hook LIKE 'audit %' ORDER BY audit_id, number;
SELECT hooks.purge_audit('0') > 0;

SELECT hooks.unregister_package('merge');
SET client_min_messages = warning;
DROP SCHEMA test_merge CASCADE;
