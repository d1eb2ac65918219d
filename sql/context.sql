-- hooks.context(): what a trigger function cannot know.
\pset format unaligned
\pset tuples_only on
\pset null null
CREATE SCHEMA test_context;
SET search_path = test_context;

CREATE TABLE roots (id int PRIMARY KEY, note text, "odd Name" int);
CREATE TABLE children (id int PRIMARY KEY,
                       root_id int CONSTRAINT children_root_fkey REFERENCES roots ON DELETE CASCADE ON UPDATE CASCADE,
                       spare_id int CONSTRAINT children_spare_fkey REFERENCES roots ON DELETE SET NULL);
CREATE TABLE leaves (child_id int CONSTRAINT leaves_fkey REFERENCES children ON DELETE CASCADE);

CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, hook text, phase text, action text, level text, relation regclass,
                  root regclass, root_action text, direct boolean, fkey name, columns name[]);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    INSERT INTO log (hook, phase, action, level, relation, root, root_action, direct, fkey, columns)
    VALUES (c.hook, c.phase, c.action, c.level, c.relation, c.root_relation, c.root_action,
            c.cascade_depth IS NOT DISTINCT FROM 0, c.constraint_name, c.columns);
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION read_log() RETURNS SETOF log LANGUAGE sql AS $$
    WITH l AS (DELETE FROM log RETURNING *) SELECT * FROM l ORDER BY n $$;

-- Outside a firing there is none.
SELECT hooks.context() IS NULL AS outside;

-- A direct statement, at all phases and levels: hook, phase, action, level,
-- relation, root_relation, root_action, whether cascade_depth is 0,
-- constraint_name, columns.
SELECT hooks.register('a', 'before', 'write', 'roots', 'note', level => 'statement', package => 'context');
SELECT hooks.register('b', 'before', 'write', 'roots', 'note', package => 'context');
SELECT hooks.register('c', 'before_cascade', 'update, delete', 'roots', 'note', package => 'context');
SELECT hooks.register('d', 'after', 'write', 'roots', 'note', package => 'context');
SELECT hooks.register('e', 'after', 'write', 'roots', 'note', level => 'statement', package => 'context');
INSERT INTO roots VALUES (1), (2), (3), (4);
SELECT DISTINCT hook, phase, action, level, relation, root, root_action, direct, fkey, columns FROM read_log() ORDER BY hook;
UPDATE roots SET "odd Name" = 1, id = 10 WHERE id = 1;
SELECT hook, phase, action, level, relation, root, root_action, direct, fkey, columns FROM read_log();
TRUNCATE roots CASCADE;
SELECT hook, phase, action, level, relation, root, root_action, direct, fkey, columns FROM read_log();
SELECT hooks.unregister_package('context');

-- In a cascade: the table of the hook, the table and action of the client's
-- statement, and the foreign key by which it came here.
INSERT INTO roots VALUES (1), (2), (3);
INSERT INTO children VALUES (11, 1, 3), (12, 2, 3), (13, NULL, 1);
INSERT INTO leaves VALUES (11), (12);
SELECT hooks.register('a', 'before_cascade', 'delete', 'roots', 'note', package => 'context');
SELECT hooks.register('b', 'before_cascade', 'delete', 'children', 'note', package => 'context');
SELECT hooks.register('c', 'before', 'write', 'children', 'note', package => 'context');
SELECT hooks.register('d', 'before', 'delete', 'leaves', 'note', package => 'context');
SELECT hooks.register('e', 'after', 'delete', 'children', 'note', package => 'context');
BEGIN;
DELETE FROM roots WHERE id = 1;
SELECT hook, relation, root, root_action, direct FROM log WHERE hook = 'e';
SELECT hook, relation, root, root_action, direct, fkey, columns FROM read_log() WHERE hook <> 'e' ORDER BY hook, columns;
UPDATE roots SET id = 20 WHERE id = 2;
SELECT hook, relation, root, root_action, direct, fkey, columns FROM read_log();
ROLLBACK;
SELECT hooks.unregister_package('context');
DELETE FROM log;

-- Nested firings: each has its own context, and the outer one is back when the
-- inner one is over, failed ones included.
CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    RAISE NOTICE '% begins: % on %', c.hook, c.action, c.relation;
    BEGIN
        IF TG_TABLE_NAME = 'roots' THEN
            UPDATE children SET spare_id = NULL WHERE spare_id = OLD.id;
        ELSE
            RAISE EXCEPTION 'no';
        END IF;
    EXCEPTION WHEN raise_exception THEN
        RAISE NOTICE '% fails', (hooks.context()).hook;
    END;
    RAISE NOTICE '% ends', (hooks.context()).hook;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION throw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 / 0;
END $$;
SELECT hooks.register('outer', 'before', 'delete', 'roots', 'nest', package => 'context');
SELECT hooks.register('inner', 'before', 'update', 'children', 'nest', package => 'context');
SELECT hooks.register('isolated', 'before', 'update', 'children', 'throw', on_error => 'isolate', priority => 1,
                      package => 'context');
SELECT hooks.register('last', 'before', 'update', 'children', 'nest', priority => 2, package => 'context');
BEGIN;
DELETE FROM roots WHERE id = 1;
SELECT hooks.context() IS NULL AS outside;
ROLLBACK;
SELECT hooks.register('aborted', 'before', 'delete', 'roots', 'throw', priority => 1, package => 'context');
\set VERBOSITY terse
BEGIN;
SAVEPOINT s;
DELETE FROM roots WHERE id = 3;
ROLLBACK TO s;
SELECT hooks.context() IS NULL AS outside;
ROLLBACK;
-- The statement names the partitioned table, also where only the partition has a hook.
CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
SELECT hooks.register('part', 'after', 'insert', 'part', 'note', package => 'context');
INSERT INTO parted VALUES (1);
SELECT hook, relation, root, root_action, direct FROM read_log();
-- ... and in a function, and by COPY
DO $$ BEGIN INSERT INTO parted VALUES (1); END $$;
SELECT hook, relation, root, root_action, direct FROM read_log();
COPY parted FROM stdin;
1
\.
SELECT hook, relation, root, root_action, direct FROM read_log();
SELECT hooks.unregister('part');
SELECT hooks.unregister_package('context');

SET client_min_messages = warning;
DROP SCHEMA test_context CASCADE;
