-- A callback of before_cascade "truncate": what it writes, what it is told, and how
-- often a wide one is called.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_truncate;
SET search_path = test_truncate;
CREATE ROLE regress_truncate_user;
CREATE TABLE leaf (id int PRIMARY KEY);     -- older than its parent
CREATE TABLE parents (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, boss int REFERENCES parents);
CREATE TABLE root (id int PRIMARY KEY REFERENCES parents) PARTITION BY LIST (id);
ALTER TABLE root ATTACH PARTITION leaf FOR VALUES IN (1);
CREATE TABLE branch PARTITION OF root FOR VALUES IN (2, 3) PARTITION BY LIST (id);
CREATE TABLE twig PARTITION OF branch FOR VALUES IN (2);
CREATE TABLE "last ""one""" (id int REFERENCES root (id));
CREATE TABLE alone (id int);
INSERT INTO parents (boss) VALUES (NULL), (1);
INSERT INTO root VALUES (1), (2);
INSERT INTO "last ""one""" VALUES (1);
INSERT INTO alone VALUES (1);

CREATE FUNCTION counts() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', (SELECT count(*) FROM test_truncate.parents), (SELECT count(*) FROM test_truncate.root),
                     (SELECT count(*) FROM test_truncate."last ""one"""), (SELECT count(*) FROM test_truncate.alone))
$$;
-- Tells how many rows the tables have, in the order of their definition.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % % on %; rows: %', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_NAME, test_truncate.counts();
    IF current_setting('test.veto', true) = TG_TABLE_NAME THEN
        PERFORM hooks.cancel(format('%s must not be emptied', TG_TABLE_NAME));
    END IF;
    RETURN NULL;
END $$;

\set VERBOSITY terse
GRANT USAGE ON SCHEMA test_truncate TO regress_truncate_user;
GRANT TRUNCATE ON parents, root, leaf, branch, twig TO regress_truncate_user;

-- What a callback that fails has done is undone; what one writes into a table
-- that the command empties goes with it, elsewhere it stays.
CREATE TABLE log (line text);
CREATE FUNCTION save() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log SELECT TG_NAME || ': ' || id FROM alone;
    INSERT INTO alone VALUES (2);
    PERFORM 1 / TG_ARGV[0]::int;
    RETURN NULL;
END $$;
SELECT hooks.register('fails', 'before_cascade', 'truncate', 'alone', 'save', arguments => '{0}', on_error => 'isolate', package => 'truncate'),
       hooks.register('saves', 'before_cascade', 'truncate', 'alone', 'save', arguments => '{1}', package => 'truncate');
BEGIN;
TRUNCATE alone;
SELECT counts();
TABLE log;
SELECT hook, phase, action, relation, sqlstate FROM hooks.failure WHERE hook = 'fails';
-- in a function, and in a subtransaction that is rolled back
TRUNCATE log;
INSERT INTO alone VALUES (3);
DO $$
BEGIN
    BEGIN
        PERFORM hooks.disable('fails');
        TRUNCATE test_truncate.alone;
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        PERFORM hooks.unregister('fails');
        TRUNCATE test_truncate.alone;
    END;
END $$;
TABLE log;
ROLLBACK;
SELECT hooks.unregister_package('truncate');

-- Who and what: the same for all tables; only those named have a depth.
CREATE FUNCTION tell_context() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    RAISE NOTICE '% % % % on %, root: % %, depth %, by %: %, %', c.hook, c.phase, c.level, c.action, c.relation, c.root_action,
        c.root_relation, c.cascade_depth, c.caller, c.statement, num_nulls(c.columns, c.constraint_name);
    RETURN NULL;
END $$;
SELECT hooks.register('on ' || t, 'before_cascade', 'truncate', t, 'tell_context', package => 'truncate')
  FROM unnest(ARRAY['parents', '"last ""one"""']::regclass[]) t;
GRANT TRUNCATE ON "last ""one""" TO regress_truncate_user;
BEGIN;
SET LOCAL ROLE regress_truncate_user;
TRUNCATE test_truncate.parents CASCADE;
ROLLBACK;
SELECT hooks.unregister_package('truncate');

-- A wide hook fires once for a partition tree: for the topmost table of it that
-- the command empties, in whichever order PostgreSQL comes to them.
SELECT hooks.register('wide', 'before_cascade', 'truncate', NULL, 'tell', schema => 'test_truncate');
BEGIN;
TRUNCATE root, "last ""one""";
ROLLBACK;
BEGIN;
TRUNCATE branch, "last ""one""";
ROLLBACK;
BEGIN;
TRUNCATE parents CASCADE;
ROLLBACK;
BEGIN;
TRUNCATE twig, root, "last ""one""";
ROLLBACK;
-- a partition that comes before its parent is not known to be part of it; and
-- twice in one transaction is two commands
BEGIN;
TRUNCATE root, "last ""one""";
TRUNCATE twig, "last ""one""";
ROLLBACK;
SET client_min_messages = warning;
SELECT hooks.unregister('wide');
DROP SCHEMA test_truncate CASCADE;
DROP ROLE regress_truncate_user;
