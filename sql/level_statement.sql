-- Level statement: once for each statement, before its first row and after its
-- last, whatever the number of rows; after with the rows in transition tables.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_statement;
SET search_path = test_statement;

CREATE TABLE parents (id int PRIMARY KEY, val text);
CREATE TABLE children (id int PRIMARY KEY, parent_id int REFERENCES parents ON DELETE CASCADE);

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % % on %, % parents, % children', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_NAME,
        (SELECT count(*) FROM parents), (SELECT count(*) FROM children);
    RETURN NULL;
END $$;
CREATE FUNCTION tell_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_rows text = '-';
    new_rows text = '-';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        SELECT string_agg(o::text, ' ' ORDER BY o.id) INTO old_rows FROM old_table o;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT string_agg(n::text, ' ' ORDER BY n.id) INTO new_rows FROM new_table n;
    END IF;
    RAISE NOTICE '%: % % on %: % => %', TG_NAME, TG_WHEN, TG_OP, TG_TABLE_NAME, old_rows, new_rows;
    RETURN NULL;
END $$;
SELECT hooks.register('begin', 'before', 'write', 'parents', 'tell', level => 'statement', package => 'statement');
SELECT hooks.register('end', 'after', 'insert, update, delete', 'parents', 'tell_rows', level => 'statement',
                      on_error => 'abort', package => 'statement');

-- A statement of no row is a statement; before_cascade is about rows, and has
-- nothing to tell.
SELECT hooks.register('cut', 'before_cascade', 'delete', 'parents', 'tell', package => 'statement');
DELETE FROM parents WHERE id = 1;
UPDATE parents SET val = 'x' WHERE id = 1;
INSERT INTO parents SELECT 1 WHERE false;

-- Both ends of an upsert, with the rows of each.
INSERT INTO parents VALUES (1, 'a'), (2, 'b'), (3, 'c');
INSERT INTO parents VALUES (3, 'C'), (4, 'D') ON CONFLICT (id) DO UPDATE SET val = excluded.val;
COPY parents FROM stdin;
5	e
6	f
\.
UPDATE parents SET val = upper(val) WHERE id < 3;

-- A cascade fires the statement hooks of the child once, with the rows of all
-- the parents' cascades.
INSERT INTO children SELECT 10 * id + i, id FROM parents, generate_series(1, 2) i;
SELECT hooks.register('begin children', 'before', 'delete', 'children', 'tell', level => 'statement', package => 'statement');
SELECT hooks.register('end children', 'after', 'delete', 'children', 'tell_rows', level => 'statement',
                      on_error => 'abort', package => 'statement');
DELETE FROM parents WHERE id IN (1, 2);

-- What a data-modifying CTE does belongs to its own table and action.
WITH gone AS (DELETE FROM parents WHERE id = 3 RETURNING id, val)
INSERT INTO parents SELECT id + 10, val FROM gone;

-- TRUNCATE ... CASCADE: before_cascade fires for every table that will be
-- emptied, the ones that the command does not name included, while all of them
-- are full.
SELECT hooks.register('before all', 'before_cascade', 'truncate', 'parents', 'tell', package => 'statement');
SELECT hooks.register('before all children', 'before_cascade', 'truncate', 'children', 'tell', package => 'statement');
SELECT hooks.register('emptied', 'after', 'truncate', 'parents', 'tell', package => 'statement');
SELECT hooks.register('emptied children', 'after', 'truncate', 'children', 'tell', level => 'statement', package => 'statement');
SELECT hooks.unregister('begin');
BEGIN;
TRUNCATE parents CASCADE;
ROLLBACK;
BEGIN;
TRUNCATE children;
ROLLBACK;

-- A hook may veto, and all tables stay as they are.
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hooks.cancel(format('%s must not be emptied', TG_TABLE_NAME));
    RETURN NULL;
END $$;
SELECT hooks.register('veto', 'before_cascade', 'truncate', 'children', 'veto', priority => 1, package => 'statement');
\set VERBOSITY terse
TRUNCATE parents CASCADE;
\set VERBOSITY default
SELECT hooks.unregister('veto');
TRUNCATE parents, children RESTART IDENTITY;

-- columns and condition: a statement has no row, but it has columns and a
-- session.
SELECT hooks.unregister_package('statement');
SELECT hooks.register('val', 'before', 'update', 'parents', 'tell', level => 'statement', columns => '{val}',
                      condition => $$current_setting('test.wanted', true) = 'yes'$$, package => 'statement');
INSERT INTO parents VALUES (1);
UPDATE parents SET val = 'x';
SET test.wanted = 'yes';
UPDATE parents SET val = 'y';
UPDATE parents SET id = 2;
SELECT hooks.register('val2', 'before', 'update', 'parents', 'tell', level => 'statement', condition => 'OLD.id = 1');

SELECT hooks.unregister_package('statement');
SET client_min_messages = warning;
DROP SCHEMA test_statement CASCADE;
