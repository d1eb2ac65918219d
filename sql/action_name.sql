-- Action name: a hook fires once, when the columns that are the name become all
-- non-null, by an INSERT or an UPDATE.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
CREATE SCHEMA test_naming;
SET search_path = test_naming;

CREATE TABLE people (id int PRIMARY KEY, first text, last text, age int);
CREATE TABLE named (id int PRIMARY KEY, name text);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % names %: % %', TG_NAME, TG_WHEN, TG_OP, NEW.id, NEW.first, NEW.last;
    RETURN NEW;
END $$;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO named VALUES (NEW.id, NEW.first || ' ' || NEW.last);
    IF NEW.last = 'Nobody' THEN
        RAISE EXCEPTION 'no such name: %', NEW.last;
    END IF;
    RETURN NULL;
END $$;
SELECT hooks.register('tell', 'after', 'name', 'people', 'tell', columns => '{first, last}', package => 'naming');

-- By an insert with all of the name; by the update that brings its last part;
-- not by one that brings a part, nor when it changes later.
INSERT INTO people VALUES (1, 'Ada', 'Lovelace'), (2, 'Alan', NULL), (3, NULL, NULL);
UPDATE people SET first = 'Grace' WHERE id = 3;
UPDATE people SET last = CASE id WHEN 2 THEN 'Turing' ELSE 'Hopper' END WHERE id > 1;
UPDATE people SET last = 'King', age = 36 WHERE id = 1;
UPDATE people SET age = 41 WHERE id = 2;

-- A name that was taken away and is given again is a naming.
UPDATE people SET first = NULL WHERE id = 1;
UPDATE people SET first = 'A.' WHERE id = 1;

-- The update of an upsert, and COPY.
INSERT INTO people VALUES (4);
INSERT INTO people VALUES (4, 'Emmy', 'Noether') ON CONFLICT (id) DO UPDATE SET first = excluded.first, last = excluded.last;
INSERT INTO people VALUES (4, 'Emmy', 'N.') ON CONFLICT (id) DO UPDATE SET last = excluded.last;
COPY people (id, first, last) FROM stdin;
5	Kurt	\N
6	Paul	Erdos
\.

-- In the same transaction, and abort is the default in phase after too: a
-- failing hook takes the naming back.
SELECT hooks.register('note', 'after', 'name', 'people', 'note', columns => '{first, last}', package => 'naming');
SELECT on_error FROM hooks.registry WHERE name = 'note';
UPDATE people SET last = 'Nobody' WHERE id = 5;
INSERT INTO people VALUES (7, 'Mister', 'Nobody');
SELECT id, first, last FROM people WHERE id IN (5, 7);
SELECT count(*) FROM named;
UPDATE people SET last = 'Goedel' WHERE id = 5;
SELECT id, name FROM named ORDER BY id;

-- Unless its owner said isolate.
SELECT hooks.register('note', 'after', 'name', 'people', 'note', columns => '{first, last}', on_error => 'isolate',
                      package => 'naming', replace => true);
BEGIN;
INSERT INTO people VALUES (7, 'Mister', 'Nobody');
SELECT id, first, last FROM people WHERE id = 7;
SELECT count(*) FROM named;
SELECT hook, phase, action, message FROM hooks.failure WHERE hook = 'note' ORDER BY failure_id;
ROLLBACK;

-- Phase before: the hook may change the name that is given, and the chain goes
-- on with that; a hook before it may be the one who gives it.
SELECT hooks.unregister_package('naming');
CREATE FUNCTION complete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.last = coalesce(NEW.last, 'Doe');
    RETURN NEW;
END $$;
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.last = upper(NEW.last);
    RETURN NEW;
END $$;
SELECT hooks.register('complete', 'before', 'insert, update', 'people', 'complete', package => 'naming');
SELECT hooks.register('shout', 'before', 'name', 'people', 'shout', columns => '{first, last}', package => 'naming');
SELECT hooks.register('tell', 'after', 'name', 'people', 'tell', columns => '{first, last}',
                      condition => 'NEW.id <> 9', package => 'naming');
INSERT INTO people VALUES (8, 'Jane'), (9, 'John');
INSERT INTO people VALUES (10);
UPDATE people SET first = 'Jack' WHERE id = 10;
UPDATE people SET last = 'Daw' WHERE id = 10;
SELECT id, first, last FROM people WHERE id > 7 ORDER BY id;

-- The context of such a firing says name, whatever the statement is.
CREATE FUNCTION words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %', (hooks.context()).action, (hooks.context()).level;
    RETURN NEW;
END $$;
SELECT hooks.register('words', 'after', 'name', 'people', 'words', columns => '{age}', package => 'naming');
UPDATE people SET age = 1 WHERE id = 10;

-- A row that moves to another partition is inserted there, and named once more.
CREATE TABLE moving (place int, name text) PARTITION BY LIST (place);
CREATE TABLE moving_1 PARTITION OF moving FOR VALUES IN (1);
CREATE TABLE moving_2 PARTITION OF moving FOR VALUES IN (2);
SELECT hooks.register('moved', 'after', 'name', 'moving', 'words', columns => '{name}', package => 'naming');
INSERT INTO moving VALUES (1, NULL), (1, 'Jane');
UPDATE moving SET place = 2;

-- A name that a BEFORE trigger gives: phase before hears of it if the trigger comes first.
CREATE TABLE given (id int, name text);
CREATE FUNCTION give() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name := TG_NAME;
    RETURN NEW;
END $$;
CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: %', TG_WHEN, NEW;
    RETURN NEW;
END $$;
SELECT hooks.register('hear before', 'before', 'name', 'given', 'hear', columns => '{name}', package => 'naming');
SELECT hooks.register('hear after', 'after', 'name', 'given', 'hear', columns => '{name}', package => 'naming');
CREATE TRIGGER "A_trigger" BEFORE INSERT ON given FOR EACH ROW EXECUTE FUNCTION give();
INSERT INTO given VALUES (1);
ALTER TRIGGER "A_trigger" ON given RENAME TO i_trigger;
INSERT INTO given VALUES (2);

SELECT hooks.unregister_package('naming');
SET client_min_messages = warning;
DROP SCHEMA test_naming CASCADE;
