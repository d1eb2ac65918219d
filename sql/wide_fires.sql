-- Wide hooks fire in all phases: for each row of a partition tree once, and in one
-- chain with the hooks of the table.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_wide;
CREATE SCHEMA test_wide_2;
SET search_path = test_wide;
CREATE ROLE regress_wide_user;
GRANT ALL ON SCHEMA test_wide TO regress_wide_user;

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % % on %', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_NAME;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION tell_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % on %: %', TG_NAME, TG_WHEN, TG_OP, TG_TABLE_NAME,
        (SELECT string_agg(o::text, ' ' ORDER BY o::text COLLATE "C") FROM old_table o);
    RETURN NULL;
END $$;

CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int, parent_id int REFERENCES parents ON UPDATE CASCADE ON DELETE CASCADE);
CREATE TABLE root (id int PRIMARY KEY, val text) PARTITION BY RANGE (id);
CREATE TABLE low (val text, id int PRIMARY KEY);
ALTER TABLE root ATTACH PARTITION low FOR VALUES FROM (0) TO (10);
CREATE TABLE high PARTITION OF root FOR VALUES FROM (10) TO (30) PARTITION BY RANGE (id);
CREATE TABLE high_10 PARTITION OF high FOR VALUES FROM (10) TO (20);
CREATE TABLE test_wide_2.high_20 PARTITION OF high FOR VALUES FROM (20) TO (30);
CREATE FOREIGN DATA WRAPPER test_wide_wrapper;
CREATE SERVER test_wide_server FOREIGN DATA WRAPPER test_wide_wrapper;
CREATE FOREIGN TABLE elsewhere (id int) SERVER test_wide_server;
CREATE VIEW a_view AS SELECT * FROM parents;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM parents;
CREATE TEMPORARY TABLE a_temp (id int);
CREATE TABLE test_wide_2.others (id int);
ALTER TABLE test_wide_2.others OWNER TO regress_wide_user;
CREATE VIEW covered AS
    SELECT tgrelid::regclass FROM pg_trigger
     WHERE tgfoid = 'hooks.dispatch'::regproc GROUP BY tgrelid ORDER BY tgrelid::regclass::text COLLATE "C";

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
