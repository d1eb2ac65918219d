-- before_cascade of "truncate" fires for every table that TRUNCATE reaches, before
-- any of them is emptied.
\i sql/include/truncate.psql

-- All rows are there for each, whatever the command names; each table once, one
-- that is named twice and one that refers to itself included.
SELECT hooks.register('on ' || c.relname, 'before_cascade', 'truncate', c.oid, 'tell', package => 'truncate')
  FROM pg_class c WHERE relnamespace = 'test_truncate'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname COLLATE "C";
-- PostgreSQL's order of the tables that CASCADE reaches is that of their OIDs
\set VERBOSITY terse
BEGIN;
TRUNCATE parents CASCADE;
SELECT counts();
ROLLBACK;
BEGIN;
TRUNCATE alone, alone, "last ""one""";
SELECT counts();
ROLLBACK;
BEGIN;
TRUNCATE parents, root, "last ""one""", alone;
SELECT counts();
ROLLBACK;
-- a partition by itself; what refers to the whole goes with it, by CASCADE
BEGIN;
TRUNCATE twig CASCADE;
SELECT counts();
ROLLBACK;
-- ONLY, of what has no partitions
BEGIN;
TRUNCATE ONLY alone;
ROLLBACK;

-- Phase after comes when all of them are empty.
SELECT hooks.register('after', 'after', 'truncate', 'alone', 'tell');
BEGIN;
TRUNCATE alone, "last ""one""";
ROLLBACK;
SELECT hooks.unregister('after');

-- What is refused fires nothing: a table that another refers to, without
-- CASCADE; a table that the caller may not empty, though CASCADE only reaches it.
TRUNCATE parents;
TRUNCATE ONLY root;
GRANT USAGE ON SCHEMA test_truncate TO regress_truncate_user;
GRANT TRUNCATE ON parents, root, leaf, branch, twig TO regress_truncate_user;
SET ROLE regress_truncate_user;
TRUNCATE parents CASCADE;
RESET ROLE;

-- A veto of the last table keeps the first one full, and its sequence; until
-- then no sequence starts again.
SET test.veto = 'last "one"';
TRUNCATE alone, parents RESTART IDENTITY CASCADE;
RESET test.veto;
SELECT counts();
SELECT last_value FROM parents_id_seq;
CREATE FUNCTION tell_sequence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: the sequence is at %', TG_NAME, (SELECT last_value || ' ' || is_called FROM parents_id_seq);
    RETURN NULL;
END $$;
SELECT hooks.unregister_package('truncate');
SELECT hooks.register('last', 'before_cascade', 'truncate', '"last ""one"""', 'tell_sequence', package => 'truncate'),
       hooks.register('first', 'before_cascade', 'truncate', 'parents', 'tell_sequence', package => 'truncate'),
       hooks.register('after', 'after', 'truncate', 'parents', 'tell_sequence', package => 'truncate');
BEGIN;
TRUNCATE parents RESTART IDENTITY CASCADE;
ROLLBACK;
SELECT last_value FROM parents_id_seq;
SELECT hooks.unregister_package('truncate');

SET client_min_messages = warning;
DROP SCHEMA test_truncate CASCADE;
DROP ROLE regress_truncate_user;
