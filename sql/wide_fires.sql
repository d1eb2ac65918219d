-- Wide hooks fire in all phases: for each row of a partition tree once, and in one
-- chain with the hooks of the table.
\i sql/include/wide.psql

-- All phases and levels.
SELECT hooks.register('first', 'before', 'write', NULL, 'tell', level => 'statement', schema => 'test_wide', package => 'wide');
SELECT hooks.register('row', 'before', 'write', NULL, 'tell', schema => 'test_wide', package => 'wide');
SELECT hooks.register('cascade', 'before_cascade', 'delete, update', NULL, 'tell_rows', schema => 'test_wide', package => 'wide');
SELECT hooks.register('empty', 'before_cascade', 'truncate', NULL, 'tell', schema => 'test_wide', package => 'wide');
SELECT hooks.register('emptied', 'after', 'truncate', NULL, 'tell', schema => 'test_wide', package => 'wide');
SELECT hooks.register('row done', 'after', 'write', NULL, 'tell', schema => 'test_wide', package => 'wide');
SELECT hooks.register('last', 'after', 'update, delete', NULL, 'tell_rows', level => 'statement', schema => 'test_wide', package => 'wide');
INSERT INTO parents VALUES (1);
INSERT INTO children VALUES (10, 1);
UPDATE parents SET id = 2;
DELETE FROM parents;
TRUNCATE parents CASCADE;

-- Of a partitioned tree each row once, and the statement once, for the table
-- that it names; before_cascade once, in the format of the root.
INSERT INTO root SELECT i, 'v' || i FROM generate_series(9, 20, 11) i;
DELETE FROM root;
INSERT INTO low VALUES ('v1', 1);
DELETE FROM low;
TRUNCATE root;
TRUNCATE high;
SELECT hooks.unregister_package('wide');

-- If a part of the tree is in the schema: for its rows, whatever schema is
-- below, in the format of the topmost table in it.
ALTER TABLE root SET SCHEMA test_wide_2;
SELECT hooks.register('empty', 'before_cascade', 'truncate', NULL, 'tell', schema => 'test_wide', package => 'wide');
SELECT hooks.register('rows', 'before', 'insert', NULL, 'tell', schema => 'test_wide', package => 'wide');
SELECT hooks.register('cascade', 'before_cascade', 'delete', NULL, 'tell_rows', schema => 'test_wide', package => 'wide');
SELECT hooks.register('last', 'after', 'delete', NULL, 'tell_rows', level => 'statement', schema => 'test_wide', package => 'wide');
CREATE TABLE test_wide_2.top PARTITION OF test_wide_2.root FOR VALUES FROM (30) TO (40);
INSERT INTO test_wide_2.root VALUES (8, 'v8'), (12, 'v12'), (28, 'v28'), (32, 'v32');
DELETE FROM test_wide_2.root;
TRUNCATE test_wide_2.root;
INSERT INTO test_wide_2.high_20 VALUES (20, 'v');
DELETE FROM high;
SELECT hooks.unregister_package('wide');

-- One chain with the hooks of the table.
SELECT hooks.register('named', 'before', 'insert', 'children', 'tell', priority => 1, package => 'wide');
SELECT hooks.register('wide', 'before', 'insert', NULL, 'tell', schema => 'test_wide', package => 'wide');
SELECT hooks.register('wider', 'before', 'insert', NULL, 'tell', run_after => '{named}', priority => -1, package => 'wide');
SELECT hooks.register('between', 'before', 'insert', 'children', 'tell', run_after => '{wide}', package => 'wide');
SELECT hook, position FROM hooks.chain('children');
SELECT hook, position FROM hooks.chain('parents');
INSERT INTO children VALUES (1);
INSERT INTO parents VALUES (1);
SELECT hooks.unregister_package('wide');

-- A dump has the trigger of the table's own hook, and of the database of which it was made: it takes
-- the place of that which the table has for a wide hook.
SELECT hooks.register('wide', 'before', 'insert', NULL, 'tell', schema => 'test_wide', package => 'wide');
CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT ON children FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
BEGIN; INSERT INTO children VALUES (1); ROLLBACK;
SELECT hooks.unregister_package('wide');

-- The tables of a dump come before its triggers.  What its session creates later has its triggers at once.
SELECT hooks.register('wide', 'before', 'insert', NULL, 'tell', schema => 'test_wide', package => 'wide');
SELECT pg_get_functiondef('hooks_definition.wide()'::regprocedure) AS definition \gset
DROP FUNCTION hooks_definition.wide();
SET check_function_bodies = off;
:definition;
CREATE TABLE early (id int);
SELECT * FROM covered WHERE tgrelid = 'early'::regclass;
CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT ON early FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
CREATE TABLE late (id int);
RESET check_function_bodies;
SELECT * FROM covered WHERE tgrelid IN ('early'::regclass, 'late'::regclass);
SELECT hooks.unregister_package('wide');
DROP TABLE early, late;

-- A condition cannot be about rows, but about the session.
SELECT hooks.register('chosen', 'before', 'delete', NULL, 'tell', schema => 'test_wide',
                      condition => $$current_setting('test.wanted', true) = 'yes'$$);
DELETE FROM parents;
SET test.wanted = 'yes';
DELETE FROM children;
SELECT hooks.unregister('chosen');

SET client_min_messages = warning;
DROP SCHEMA test_wide, test_wide_2 CASCADE;
DROP FOREIGN DATA WRAPPER test_wide_wrapper CASCADE;
DROP ROLE regress_wide_user;
