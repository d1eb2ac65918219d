-- Events come by the tables that hooks are on: partitions, cascades, wide hooks,
-- tables that were created later, whatever the format of the partition.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_ac_tables;
SET search_path = test_ac_tables;
\i sql/include/log.psql

-- rows of partitions belong to the hook's table, however its columns are ordered;
-- hooks on a partition get an event of their own
CREATE TABLE root (id int, part int, note text) PARTITION BY LIST (part);
CREATE TABLE one PARTITION OF root FOR VALUES IN (1);
CREATE TABLE two (dropped int, note text, part int, id int);
ALTER TABLE two DROP COLUMN dropped;
ALTER TABLE root ATTACH PARTITION two FOR VALUES IN (2);

SELECT hooks.register('act_root', 'after_commit', 'insert, update', 'root', 'callback', condition => 'new.id < 5');
SELECT hooks.register('act_leaf', 'after_commit', 'write', 'two', 'callback', payload => '{note}');
INSERT INTO root VALUES (1, 1, 'a'), (2, 2, 'b'), (7, 2, 'c'), (3, 1, 'd');
INSERT INTO two VALUES ('leaf', 2, 4);
UPDATE root SET note = upper(note);
SELECT action, hooks, relation::regclass, old_rows, new_rows, selections FROM written();
SELECT seen();
-- a row that moves is deleted from one partition and inserted into the other
UPDATE root SET part = 2 WHERE id = 1;
SELECT action, hooks, relation::regclass, coalesce(new_rows, old_rows) FROM written();
SELECT seen();
TRUNCATE root;
SELECT action, hooks, relation::regclass FROM written();
SELECT seen();

-- what a cascade does: an event for each table and level, the cause first, with
-- the client's caller and statement
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int PRIMARY KEY, parent_id int REFERENCES parents ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE toys (id int PRIMARY KEY, child_id int CONSTRAINT toys_of_child REFERENCES children ON DELETE SET NULL);
SELECT hooks.register('act_' || t, 'after_commit', 'insert, update, delete', t::regclass, 'callback')
  FROM unnest('{parents,children,toys}'::text[]) t;
INSERT INTO parents SELECT generate_series(1, 3);
INSERT INTO children SELECT id * 10 + g, id FROM parents, generate_series(1, 2) g;
INSERT INTO toys SELECT id * 10, id FROM children;
SELECT seen();
DELETE FROM parents WHERE id < 3;
SELECT action, relation::regclass, n_old, n_new, event->>'cascade_depth', event->>'constraint_name', event->>'root_relation',
       event->>'root_action', event->>'statement', event->>'caller'
  FROM written();
SELECT seen();
UPDATE parents SET id = 4;
SELECT action, relation::regclass, old_rows, new_rows FROM written();
SELECT seen();

-- a wide hook is for tables that are created later too, and each has its events
SELECT hooks.register('act_wide', 'after_commit', 'insert', NULL, 'callback', schema => 'test_ac_tables');
CREATE TABLE later (id int);
INSERT INTO later VALUES (1);
CREATE TABLE later_parts (id int) PARTITION BY LIST (id);
CREATE TABLE later_part PARTITION OF later_parts DEFAULT;
INSERT INTO later_parts VALUES (1), (2);
CREATE TABLE as_select AS SELECT 1 AS id;
CREATE TABLE alike (LIKE parents INCLUDING ALL);
INSERT INTO alike VALUES (1);
INSERT INTO parents VALUES (9);
SELECT action, hooks, relation::regclass, new_rows FROM written();
SET client_min_messages = warning;
SELECT hooks.unregister('act_wide');
RESET client_min_messages;
SELECT seen();

-- an event has the name of its table, which may be dropped in the same transaction
BEGIN;
CREATE TABLE doomed (id int);
SELECT hooks.register('act_doomed', 'after_commit', 'insert', 'doomed', 'callback');
INSERT INTO doomed VALUES (1);
-- how many deliveries are forgotten depends on the worker
SET client_min_messages = warning;
DROP TABLE doomed;
RESET client_min_messages;
COMMIT;
SELECT action, hooks, new_rows, event->>'relation_name' FROM written();
SELECT seen();

-- tables that inherit are tables of their own, as for triggers
CREATE TABLE heirs () INHERITS (parents);
INSERT INTO heirs VALUES (1);
DELETE FROM parents;
SELECT action, relation::regclass, coalesce(new_rows, old_rows) FROM written();

-- unlogged tables have events, foreign ones cannot
CREATE UNLOGGED TABLE loose (id int);
SELECT hooks.register('act_loose', 'after_commit', 'insert', 'loose', 'callback');
CREATE FOREIGN DATA WRAPPER act_wrapper;
CREATE SERVER act_server FOREIGN DATA WRAPPER act_wrapper;
CREATE FOREIGN TABLE far (id int) SERVER act_server;
SELECT hooks.register('act_far', 'after_commit', 'insert', 'far', 'callback');
DROP FOREIGN DATA WRAPPER act_wrapper CASCADE;

SET client_min_messages = warning;
DROP SCHEMA test_ac_tables CASCADE;
