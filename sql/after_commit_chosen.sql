-- Which rows and columns a hook gets is settled when the statement runs.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_ac_chosen;
SET search_path = test_ac_chosen;
\i sql/include/log.psql
CREATE TABLE t (id int PRIMARY KEY, name text, amount numeric, secret text DEFAULT 'hidden');

-- the event has what its hooks want together, and notes who wants less
SELECT hooks.register('acc_big', 'after_commit', 'insert, update', 't', 'callback', condition => 'new.amount > 100', payload => '{id}');
SELECT hooks.register('acc_names', 'after_commit', 'update', 't', 'callback', columns => '{name}', payload => '{id,name}');
INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 200), (3, 'three', 300);
INSERT INTO t VALUES (4, 'four', 4);
UPDATE t SET amount = amount + 1;
UPDATE t SET name = upper(name);
UPDATE t SET name = 'x' WHERE id = 1;
SELECT action, hooks, old_rows, new_rows, selections FROM written();
SELECT seen();
-- with a hook that wants all columns, the event has all
SELECT hooks.register('acc_all', 'after_commit', 'delete, insert', 't', 'callback');
INSERT INTO t VALUES (5, 'five', 500), (6, 'six', 6);
SELECT action, hooks, new_rows, selections FROM written();
SELECT seen();
-- in chunks, rows are counted from the beginning of each
SET hooks.delivery_rows = 3;
INSERT INTO t SELECT g, 'n', CASE WHEN g IN (11, 16, 17) THEN 1000 ELSE 1 END FROM generate_series(11, 18) g;
RESET hooks.delivery_rows;
SELECT hooks, n_new, selections FROM written();
SELECT seen();
-- how many deliveries are forgotten depends on the worker
SET client_min_messages = warning;
SELECT hooks.unregister_package('none'), hooks.unregister('acc_all'), hooks.unregister('acc_names'), hooks.unregister('acc_big');
RESET client_min_messages;

-- a condition that cannot even be planned fails for each statement, and chooses nothing
SELECT hooks.register('acc_fails', 'after_commit', 'insert', 't', 'callback', condition => 'new.id = 1 / 0');
INSERT INTO t VALUES (30, 'thirty', 1);
SELECT count(*) FROM written();
SELECT hooks.unregister('acc_fails');

-- the moment of naming: once, when all columns are there
CREATE TABLE people (id int PRIMARY KEY, first text, last text);
SELECT hooks.register('acc_naming', 'after_commit', 'name', 'people', 'callback', columns => '{first,last}');
SELECT hooks.register('acc_update', 'after_commit', 'update', 'people', 'callback');
INSERT INTO people VALUES (1, 'A', NULL), (2, 'B', 'C'), (3, NULL, NULL);
UPDATE people SET last = 'D' WHERE id < 3;
UPDATE people SET last = 'E';
SELECT action, hooks, old_rows, new_rows FROM written();
SELECT seen();

-- a condition that fails costs its hook the event, and no other; the statement goes on
CREATE TABLE f (id int PRIMARY KEY, divisor int);
CREATE FUNCTION divides(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN 1 / $1 > 0; END';
SELECT hooks.register('acc_fails', 'after_commit', 'insert', 'f', 'callback', condition => 'divides(new.divisor)');
SELECT hooks.register('acc_works', 'after_commit', 'insert', 'f', 'callback');
INSERT INTO f VALUES (1, 1), (2, 2);
INSERT INTO f VALUES (3, 1), (4, 0);
SELECT hooks, new_rows, selections FROM written();
SELECT hook, phase, action, relation, sqlstate, message, caller FROM hooks.failure WHERE hook LIKE 'acc_%';
SELECT seen();
-- under quarantine, a hook whose condition keeps failing is taken out
SET hooks.quarantine_after = 2;
SELECT hooks.register('acc_fails', 'after_commit', 'insert', 'f', 'callback', condition => 'divides(new.divisor)',
                      on_error => 'quarantine', replace => true);
INSERT INTO f VALUES (5, 0);
INSERT INTO f VALUES (6, 0);
INSERT INTO f VALUES (7, 1);
SELECT hooks, new_rows FROM written();
SELECT enabled, quarantined FROM hooks.registry WHERE name = 'acc_fails';
SET client_min_messages = warning;
SELECT hooks.unregister('acc_fails');
RESET client_min_messages;
SELECT seen();

-- what jsonb cannot hold fails the same way, for those who want that column
CREATE TABLE j (id int PRIMARY KEY, doc json);
SELECT hooks.register('acc_id', 'after_commit', 'insert', 'j', 'callback', payload => '{id}');
SELECT hooks.register('acc_doc', 'after_commit', 'insert', 'j', 'callback');
INSERT INTO j VALUES (1, '{"a": [1, 1.50, null]}');
INSERT INTO j VALUES (2, '{"a": "\u0000"}');
SELECT hooks, new_rows, selections FROM written();
SELECT hook, sqlstate, message FROM hooks.failure WHERE hook = 'acc_doc';
SELECT seen();
-- what is too large is a limit of the session's, under every policy
CREATE UNLOGGED TABLE large (id int, value text);
ALTER TABLE large ALTER COLUMN value SET STORAGE EXTERNAL;
SELECT hooks.register('acc_large', 'after_commit', 'insert', 'large', 'callback');
INSERT INTO large VALUES (1, repeat(repeat('x', 1000), 270000));
SELECT count(*) FROM large;
-- so is what fits twice into a row of the log, but not into one event
SELECT hooks.register('acc_large', 'after_commit', 'update', 'large', 'callback', replace => true);
INSERT INTO large VALUES (2, repeat(repeat('x', 1000), 135000));
UPDATE large SET id = 3;
DELETE FROM large;
SELECT hooks.register('acc_large', 'after_commit', 'insert', 'large', 'callback', payload => '{id}', replace => true);
INSERT INTO large VALUES (1, repeat(repeat('x', 1000), 270000));
SELECT new_rows FROM written();

SET client_min_messages = warning;
DROP SCHEMA test_ac_chosen CASCADE;
DELETE FROM hooks.failure WHERE hook LIKE 'acc_%';
