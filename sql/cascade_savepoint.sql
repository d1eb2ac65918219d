-- What was captured in a (sub)transaction that rolls back is forgotten with
-- it: no later firing sees those rows, none is lost.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
CREATE SCHEMA test_savepoint;
SET search_path = test_savepoint;

CREATE TABLE parents (id int PRIMARY KEY, parent int);
CREATE TABLE children (id int PRIMARY KEY, parent_id int REFERENCES parents ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO parents SELECT i FROM generate_series(1, 6) i;
INSERT INTO children SELECT 10 + id, id FROM parents;
CREATE TABLE log (line text);

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % %', TG_NAME, TG_OP, (SELECT string_agg(id::text, ' ' ORDER BY id) FROM old_table);
    INSERT INTO log SELECT TG_NAME || ' ' || id FROM old_table;
    RETURN NULL;
END $$;
SELECT hooks.register('parents', 'before_cascade', 'delete, update', 'parents', 'tell', package => 'savepoint');
SELECT hooks.register('children', 'before_cascade', 'delete', 'children', 'tell', package => 'savepoint');

-- A statement fails after it captured rows and before the hook could fire, in
-- a trigger that comes first by its name.  The next statement is about its own
-- rows, some of which are the same.
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'no % %', TG_OP, OLD.id;
END $$;
CREATE TRIGGER "A_fail" AFTER DELETE OR UPDATE ON parents
    FOR EACH ROW WHEN (OLD.id = 3) EXECUTE FUNCTION fail();
BEGIN;
SAVEPOINT before;
DELETE FROM parents WHERE id IN (3, 4, 5);
ROLLBACK TO before;
DELETE FROM parents WHERE id IN (2, 4);
ROLLBACK;

-- The same, caught by an exception block, and with the same rows again.
BEGIN;
DO $$
BEGIN
    BEGIN
        DELETE FROM parents WHERE id IN (3, 4);
    EXCEPTION WHEN raise_exception THEN
        RAISE NOTICE 'caught: %', SQLERRM;
    END;
    BEGIN
        UPDATE parents SET id = id + 100 WHERE id IN (3, 4);
    EXCEPTION WHEN raise_exception THEN
        RAISE NOTICE 'caught: %', SQLERRM;
    END;
    DELETE FROM parents WHERE id IN (4, 5);
    UPDATE parents SET id = id + 100 WHERE id = 6;
END $$;
SELECT line FROM log ORDER BY line;
ROLLBACK;

-- In the midst of a cascade: a trigger of the child deletes parents, fails and
-- catches its failure.  The batches around it keep all of their rows.
CREATE FUNCTION try() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        DELETE FROM parents WHERE id IN (3, 6);
    EXCEPTION WHEN raise_exception THEN
        RAISE NOTICE 'caught: %', SQLERRM;
    END;
    RETURN OLD;
END $$;
CREATE TRIGGER try BEFORE DELETE ON children FOR EACH ROW EXECUTE FUNCTION try();
BEGIN;
DELETE FROM parents WHERE id IN (1, 2);
SELECT string_agg(id::text, ' ' ORDER BY id) FROM parents;
SELECT string_agg(id::text, ' ' ORDER BY id) FROM children;
ROLLBACK;
DROP TRIGGER try ON children;

-- A callback that catches its own failure.
CREATE FUNCTION try_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        DELETE FROM parents WHERE id IN (3, 6);
    EXCEPTION WHEN raise_exception THEN
        RAISE NOTICE 'caught: %', SQLERRM;
    END;
    RETURN NULL;
END $$;
SELECT hooks.register('try_more', 'before_cascade', 'delete', 'parents', 'try_more',
                      priority => -1, condition => 'OLD.id < 3', package => 'savepoint');
BEGIN;
DELETE FROM parents WHERE id IN (1, 5);
ROLLBACK;

-- A failing hook under isolate takes back what it did, its own deletes and
-- what their hooks did included, and nothing else.
CREATE FUNCTION do_and_fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log VALUES ('do_and_fail');
    DELETE FROM parents WHERE id = 4;
    RAISE EXCEPTION 'broken';
END $$;
SELECT hooks.unregister('try_more');
SELECT hooks.register('do_and_fail', 'before_cascade', 'delete', 'parents', 'do_and_fail', priority => -1,
                      condition => 'OLD.id < 3', on_error => 'isolate', package => 'savepoint');
BEGIN;
DELETE FROM parents WHERE id IN (1, 5);
SELECT line FROM log ORDER BY line;
SELECT string_agg(id::text, ' ' ORDER BY id) FROM parents;
SELECT string_agg(id::text, ' ' ORDER BY id) FROM children;
SELECT hook, phase, action, relation, sqlstate, message FROM hooks.failure WHERE hook = 'do_and_fail';
ROLLBACK;
SELECT hooks.unregister('do_and_fail');

-- After a savepoint that was kept and one that was rolled back, and in the
-- next transaction after one that was rolled back.
BEGIN;
SAVEPOINT one;
DELETE FROM parents WHERE id = 1;
RELEASE one;
SAVEPOINT two;
DELETE FROM parents WHERE id = 2;
ROLLBACK TO two;
DELETE FROM parents WHERE id IN (2, 4);
COMMIT;
SELECT line FROM log ORDER BY line;
SELECT string_agg(id::text, ' ' ORDER BY id) FROM children;
BEGIN;
DELETE FROM parents WHERE id IN (3, 5);
ROLLBACK;
DELETE FROM parents WHERE id IN (5, 6);

SELECT hooks.unregister_package('savepoint');
SET client_min_messages = warning;
DROP SCHEMA test_savepoint CASCADE;
