-- Inheritance children that are no partitions are tables of their own: a hook
-- on the parent is not for their rows.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_inheritance;
SET search_path = test_inheritance;

CREATE TABLE owners (id int PRIMARY KEY);
CREATE TABLE parent (id int PRIMARY KEY, owner_id int REFERENCES owners ON DELETE CASCADE, val text);
CREATE TABLE child (extra int, PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE parent_refs (id int, parent_id int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE child_refs (id int, child_id int REFERENCES child ON DELETE CASCADE ON UPDATE CASCADE);

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % % on %: % => %', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_NAME, OLD, NEW;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION tell_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % on %: %; % and % below', TG_NAME, TG_WHEN, TG_OP, TG_TABLE_NAME,
        (SELECT string_agg(o::text, ' ' ORDER BY o.id) FROM old_table o),
        (SELECT count(*) FROM old_table o JOIN parent_refs r ON r.parent_id = o.id),
        (SELECT count(*) FROM old_table o JOIN child_refs r ON r.child_id = o.id);
    RETURN NULL;
END $$;
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$
    INSERT INTO owners VALUES (7);
    INSERT INTO parent VALUES (1, 7, 'a'), (2, 7, 'b');
    INSERT INTO child VALUES (3, 7, 'c', 30), (4, 7, 'd', 40);
    INSERT INTO parent_refs VALUES (101, 1), (102, 2);
    INSERT INTO child_refs VALUES (103, 3), (104, 4);
$$;
SELECT fill();

-- Rows go to the hooks of the table that holds them, statements to those of the
-- table that they name; before_cascade once for each table.
SELECT hooks.register('parent first', 'before', 'write', 'parent', 'tell', level => 'statement', package => 'inheritance');
SELECT hooks.register('parent row', 'before', 'write', 'parent', 'tell', package => 'inheritance');
SELECT hooks.register('parent cut', 'before_cascade', 'delete, update', 'parent', 'tell_rows', package => 'inheritance');
BEGIN;
UPDATE parent SET id = id + 10;
DELETE FROM parent;
DELETE FROM child;
ROLLBACK;
SELECT hooks.register('child first', 'before', 'write', 'child', 'tell', level => 'statement', package => 'inheritance');
SELECT hooks.register('child row', 'before', 'write', 'child', 'tell', package => 'inheritance');
SELECT hooks.register('child cut', 'before_cascade', 'delete, update', 'child', 'tell_rows', package => 'inheritance');
BEGIN;
UPDATE parent SET id = id + 10 WHERE id IN (1, 3);
DELETE FROM parent;
SELECT count(*) FROM parent_refs, child_refs;
ROLLBACK;
BEGIN;
DELETE FROM ONLY parent WHERE id = 1;
DELETE FROM child WHERE id = 4;
ROLLBACK;

-- A foreign key is of the parent's own rows, and so is its cascade.
DELETE FROM owners;
TABLE parent;

-- TRUNCATE empties the children as well, and is told to the hooks of each.
BEGIN;
TRUNCATE parent, child_refs, parent_refs;
ROLLBACK;

-- What a foreign key leads to is the table itself: its children keep their rows,
-- while those of the table that the statement names go.
CREATE TABLE more_refs (note text) INHERITS (parent_refs);
INSERT INTO more_refs VALUES (105, NULL, 'stays');
CREATE FUNCTION tell_doomed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% of parent, % of parent_refs, % of more_refs', (SELECT count(*) FROM hooks.doomed(NULL::parent)),
        (SELECT count(*) FROM hooks.doomed(NULL::parent_refs)), (SELECT count(*) FROM hooks.doomed(NULL::more_refs));
    RETURN NULL;
END $$;
SELECT hooks.register('doomed', 'before_cascade', 'truncate', 'parent', 'tell_doomed', package => 'inheritance');
SELECT hooks.register('more', 'after', 'delete', 'more_refs', 'tell', package => 'inheritance');
SELECT depth, relation, rows FROM hooks.preview_truncate('parent') ORDER BY 1, 2::text;
SELECT depth, relation, rows FROM hooks.preview_truncate('parent_refs') ORDER BY 1, 2::text;
SELECT hooks.cascade_tree('parent');
SELECT hooks.cascade_tree('owners');
BEGIN;
TRUNCATE parent CASCADE;
SELECT (SELECT count(*) FROM parent), (SELECT count(*) FROM parent_refs), (SELECT count(*) FROM child_refs), (SELECT count(*) FROM more_refs);
ROLLBACK;
DROP TABLE more_refs;

-- The transition tables of the parent's statement have the rows of the
-- children, in the format of the parent, as PostgreSQL has it.
SELECT hooks.unregister_package('inheritance');
SELECT hooks.register('parent last', 'after', 'delete', 'parent', 'tell_rows', level => 'statement', package => 'inheritance');
SELECT hooks.register('child last', 'after', 'delete', 'child', 'tell_rows', level => 'statement', package => 'inheritance');
BEGIN;
DELETE FROM parent WHERE id = 3;
DELETE FROM child WHERE id = 4;
ROLLBACK;
SELECT hooks.unregister_package('inheritance');

-- A wide hook is on both: on each for its own rows.
SELECT hooks.register('wide', 'before', 'insert', NULL, 'tell', schema => 'test_inheritance', package => 'inheritance');
SELECT hooks.register('wide cut', 'before_cascade', 'delete', NULL, 'tell_rows', schema => 'test_inheritance', package => 'inheritance');
TRUNCATE owners, parent, child, parent_refs, child_refs;
SELECT fill();
DELETE FROM parent;

-- Whether a table inherits or not changes nothing.
ALTER TABLE child NO INHERIT parent;
INSERT INTO child VALUES (5, 7, 'e', 50);
ALTER TABLE child INHERIT parent;
INSERT INTO parent VALUES (6, 7, 'f');
DELETE FROM parent;
SELECT hooks.unregister_package('inheritance');
ALTER TABLE child NO INHERIT parent;
INSERT INTO child VALUES (8, 7, 'g', 80);

SET client_min_messages = warning;
DROP SCHEMA test_inheritance CASCADE;
