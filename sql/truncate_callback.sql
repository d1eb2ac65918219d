-- A callback of before_cascade "truncate": what it writes, what it is told, and how
-- often a wide one is called.
\i sql/include/truncate.psql

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
