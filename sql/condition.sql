-- condition and columns: when a hook fires.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
CREATE SCHEMA test_condition;
CREATE SCHEMA test_condition_2;
SET search_path = test_condition;

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE FUNCTION is_hot(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 > 100 $$;
CREATE FUNCTION near(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT abs($1 - $2) < 10 $$;
CREATE OPERATOR ~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near);
CREATE TABLE t (id int PRIMARY KEY, heat int, feels mood, "odd Name" text);
CREATE TABLE u (t_id int REFERENCES t ON DELETE CASCADE);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %: % -> %', TG_NAME, TG_OP, OLD, NEW;
    RETURN coalesce(NEW, OLD);
END $$;

-- Everything that a condition names is found again whatever the search_path:
-- functions, operators, types, odd names; also behind the back of objects of
-- the same name that come first later.
SELECT hooks.register('hot', 'before', 'update', 't', 'test_condition.tell', condition => 'is_hot(NEW.heat)', package => 'condition');
SELECT hooks.register('near', 'after', 'update', 't', 'test_condition.tell', condition => 'OLD.heat ~~~ NEW.heat', package => 'condition');
SELECT hooks.register('happy', 'after', 'update', 't', 'test_condition.tell',
                      condition => $$NEW.feels >= 'ok' AND NEW.feels::text::mood = mood 'happy'$$, package => 'condition');
SELECT hooks.register('odd', 'after', 'update', 't', 'test_condition.tell',
                      condition => $$NEW."odd Name" LIKE 'it''s%' -- a comment$$, package => 'condition');
CREATE FUNCTION test_condition_2.is_hot(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT false $$;
CREATE FUNCTION test_condition_2.near(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT false $$;
CREATE OPERATOR test_condition_2.~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = test_condition_2.near);
SELECT name, condition FROM hooks.registry WHERE package = 'condition' ORDER BY name;
\c -
SET search_path = '';
INSERT INTO test_condition.t VALUES (1, 0);
UPDATE test_condition.t SET heat = 101;
\c -
SET search_path = test_condition_2, pg_catalog;
UPDATE test_condition.t SET heat = 109;
UPDATE test_condition.t SET heat = 50, feels = 'ok';
UPDATE test_condition.t SET heat = 0, feels = 'happy';
UPDATE test_condition.t SET heat = 50, feels = NULL, "odd Name" = 'it''s';
SET search_path = test_condition;
SELECT hooks.unregister_package('condition');

-- Whole rows; a null condition is false.
SELECT hooks.register('changed', 'after', 'update', 't', 'tell', condition => 'OLD.* IS DISTINCT FROM NEW.*', package => 'condition');
SELECT hooks.register('changed too', 'after', 'update', 't', 'tell', condition => 'OLD IS DISTINCT FROM NEW', package => 'condition');
SELECT hooks.register('not null', 'after', 'update', 't', 'tell', condition => 'NEW IS NOT NULL', package => 'condition');
SELECT hooks.register('unknown', 'after', 'update', 't', 'tell', condition => 'NEW.feels = OLD.feels', package => 'condition');
UPDATE t SET heat = heat;
UPDATE t SET heat = heat + 1;
SELECT hooks.unregister_package('condition');

-- columns count for the assignment, not for a change of value; with a
-- condition both must hold.
SELECT hooks.register('heat', 'before', 'insert, update', 't', 'tell', columns => '{heat, feels}',
                      condition => 'NEW.id < 3', package => 'condition');
INSERT INTO t VALUES (2), (3);
UPDATE t SET heat = heat WHERE id = 2;
UPDATE t SET "odd Name" = 'x' WHERE id = 2;
UPDATE t SET feels = 'sad' WHERE id > 1;
SELECT hooks.unregister_package('condition');

-- In before_cascade a condition chooses the rows of old_table; with none left
-- the hook does not fire.  Each hook has its own choice.
CREATE FUNCTION tell_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %: %, % below', TG_NAME, TG_OP,
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM old_table),
        (SELECT count(*) FROM u JOIN old_table ON t_id = id);
    RETURN NULL;
END $$;
INSERT INTO t SELECT i, i * 10 FROM generate_series(10, 19) i;
INSERT INTO u SELECT id FROM t;
SELECT hooks.register('hot', 'before_cascade', 'delete', 't', 'tell_table', condition => 'is_hot(OLD.heat)', package => 'condition');
SELECT hooks.register('all', 'before_cascade', 'delete', 't', 'tell_table', package => 'condition');
SELECT hooks.register('even', 'before_cascade', 'delete', 't', 'tell_table', condition => 'OLD.id % 2 = 0', package => 'condition');
SELECT hooks.register('up', 'before_cascade', 'update', 't', 'tell_table', condition => 'NEW.id > OLD.id + 10', package => 'condition');
DELETE FROM t WHERE id BETWEEN 9 AND 13;
DELETE FROM t WHERE id = 1;
DELETE FROM u;
UPDATE t SET id = id * 2 - 6 WHERE id > 13;

-- A condition that fails is a failure of its hook, by the hook's own policy.
SELECT hooks.unregister_package('condition');
SELECT hooks.register('divide', 'before', 'update', 't', 'tell', condition => '1 / NEW.heat > 0', on_error => 'isolate', package => 'condition');
SELECT hooks.register('divide all', 'before_cascade', 'delete', 't', 'tell_table', condition => '1 / OLD.heat > 0', on_error => 'isolate', package => 'condition');
SELECT hooks.register('others', 'before_cascade', 'delete', 't', 'tell_table', package => 'condition');
BEGIN;
UPDATE t SET heat = id - 22 WHERE id BETWEEN 22 AND 23;
DELETE FROM t WHERE id BETWEEN 22 AND 25;
SELECT hook, action, sqlstate, message FROM hooks.failure WHERE hook LIKE 'divide%' ORDER BY failure_id;
ROLLBACK;
SELECT hooks.register('divide', 'before', 'update', 't', 'tell', condition => '1 / NEW.heat > 0', replace => true, package => 'condition');
UPDATE t SET heat = 0;

-- What has no name in SQL is found as well: the operator behind IS DISTINCT
-- FROM, for a type whose own = lives in no schema of the search_path.
SET client_min_messages = warning;
CREATE TYPE label;
CREATE FUNCTION label_in(cstring) RETURNS label LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION label_out(label) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE label (INPUT = label_in, OUTPUT = label_out, LIKE = text, COLLATABLE = true);
CREATE FUNCTION label_eq(label, label) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'texteq';
CREATE OPERATOR = (LEFTARG = label, RIGHTARG = label, FUNCTION = label_eq);
RESET client_min_messages;
CREATE TABLE labels (id int, name label);
INSERT INTO labels VALUES (1, 'a'), (2, 'b');
SELECT hooks.register('renamed', 'before', 'update', 'labels', 'tell', condition => 'OLD.name IS DISTINCT FROM NEW.name', package => 'condition');
SET search_path = '';
UPDATE test_condition.labels SET name = 'b';
RESET search_path;

SELECT hooks.unregister_package('condition');
SET client_min_messages = warning;
DROP SCHEMA test_condition, test_condition_2 CASCADE;
