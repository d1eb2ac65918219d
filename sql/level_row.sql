-- Row level: the callback is a trigger function and has everything that one
-- has; the row goes from hook to hook, and any of them may change or skip it.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_row;
SET search_path = test_row;

-- A table with a dropped column and a generated one.
CREATE TABLE t (gone int, id int PRIMARY KEY, val text, twice int GENERATED ALWAYS AS (id * 2) STORED);
ALTER TABLE t DROP gone;

CREATE FUNCTION append() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% sees %', TG_NAME, NEW;
    NEW.val = coalesce(NEW.val, '') || TG_ARGV[0];
    RETURN NEW;
END $$;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % %: % -> %', TG_NAME, TG_WHEN, TG_OP, OLD, NEW;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION keep_old() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;

-- Each hook sees NEW as the one before it left it; a condition sees it so as
-- well.  The generated column is computed afterwards.
SELECT hooks.register('one', 'before', 'insert, update', 't', 'append', arguments => '{a}', package => 'row');
SELECT hooks.register('two', 'before', 'insert, update', 't', 'append', arguments => '{b}',
                      condition => $$NEW.val LIKE '%a'$$, package => 'row');
SELECT hooks.register('never', 'before', 'insert, update', 't', 'append', arguments => '{x}',
                      condition => $$NEW.val LIKE '%a'$$, package => 'row');
SELECT hooks.register('end', 'after', 'insert, update, delete', 't', 'tell', package => 'row');
INSERT INTO t VALUES (1, 'x'), (2, NULL) RETURNING id, val, twice;
UPDATE t SET id = 3 WHERE id = 2 RETURNING id, val, twice;

-- A trigger of the user's own takes part, by its name: 'A' before ours, 'z'
-- after it.
CREATE TRIGGER "A" BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION append('[');
CREATE TRIGGER z BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION append(']');
UPDATE t SET val = '' WHERE id = 1;
DROP TRIGGER "A" ON t;
DROP TRIGGER z ON t;

-- A hook that returns NULL skips the row: no later hook, no change, no after.
SELECT hooks.register('skip', 'before', 'write', 't', 'skip', priority => -1,
                      condition => $$current_setting('test.skip', true) = 'yes'$$, package => 'row');
SET test.skip = 'yes';
INSERT INTO t VALUES (4, 'new') RETURNING id;
UPDATE t SET val = 'new' WHERE id = 1 RETURNING id;
DELETE FROM t WHERE id = 1 RETURNING id;
SET test.skip = 'no';
SELECT id, val FROM t ORDER BY id;

-- One that returns OLD from an update undoes it, for those after it, too.
SELECT hooks.register('undo', 'before', 'update', 't', 'keep_old', condition => 'NEW.id = 3', priority => -1, package => 'row');
UPDATE t SET val = 'z' RETURNING id, val;
SELECT hooks.unregister('undo');

-- What a trigger function knows.
CREATE FUNCTION variables() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'name %, when %, level %, op %, table %.%, relid %, nargs %, argv %, old %, new %',
        TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_RELID::regclass,
        TG_NARGS, TG_ARGV, OLD IS NOT NULL, NEW IS NOT NULL;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TABLE "T 2" (id int PRIMARY KEY);
SELECT hooks.register('a "quoted" name', 'before', 'write', '"T 2"', 'variables', arguments => '{one,"two, ''2''",""}', package => 'row');
SELECT hooks.register('same function', 'after', 'write', '"T 2"', 'variables', package => 'row');
INSERT INTO "T 2" VALUES (1);
UPDATE "T 2" SET id = 2;
DELETE FROM "T 2";

-- COPY is an insert.
COPY t (id, val) FROM stdin;
7	seven
8	\N
\.
SELECT id, val, twice FROM t WHERE id > 6 ORDER BY id;

-- An upsert: before insert for the row that was proposed, before update when
-- it turns out to be there; after for what really happened.
SELECT hooks.register('begin', 'before', 'insert, update, delete', 't', 'tell', package => 'row');
INSERT INTO t VALUES (7, 'new'), (9, 'new') ON CONFLICT (id) DO UPDATE SET val = excluded.val || '!';
INSERT INTO t VALUES (7, 'new') ON CONFLICT DO NOTHING;

-- columns: for updates that assign one of them; other actions do not care.
SELECT hooks.register('val only', 'before', 'update, delete', 't', 'tell', columns => '{val}', package => 'row');
SELECT count(hooks.unregister(name)) FROM hooks.registry
 WHERE package = 'row' AND relation = 't'::regclass AND name <> 'val only';
UPDATE t SET id = 10 WHERE id = 9;
UPDATE t SET val = val WHERE id = 10;
DELETE FROM t WHERE id = 10;

-- A column that is added, and one that is dropped, while hooks are there.
ALTER TABLE t ADD extra text DEFAULT 'e';
UPDATE t SET val = 'v' WHERE id = 8;
ALTER TABLE t DROP twice;
UPDATE t SET val = 'w' WHERE id = 8;

SELECT hooks.unregister_package('row');
SET client_min_messages = warning;
DROP SCHEMA test_row CASCADE;
