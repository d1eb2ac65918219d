-- hooks.preview_delete() tells what a DELETE would remove, change and be stopped
-- by.  (test/t/008_preview_random.pl compares it with DELETEs in random schemas.)
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_preview;
SET search_path = test_preview;
SET client_min_messages = warning;

-- A row that could be changed, but is removed in another way, is removed; one
-- that is found in several ways is counted once.
CREATE TABLE a (id int PRIMARY KEY, pair int, UNIQUE (id, pair));
CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a ON DELETE CASCADE, parent int REFERENCES b ON DELETE CASCADE);
CREATE TABLE c (id int PRIMARY KEY, b_id bigint REFERENCES b ON DELETE SET NULL,
                a_id int CONSTRAINT c_to_a REFERENCES a ON DELETE CASCADE, a_id_2 int CONSTRAINT c_to_a_2 REFERENCES a ON DELETE CASCADE);
INSERT INTO a SELECT g, g % 2 FROM generate_series(1, 6) g;
INSERT INTO b VALUES (11, 1, NULL), (12, 2, 11), (13, NULL, 12), (14, 4, NULL);
INSERT INTO c VALUES (21, 11, NULL, NULL), (22, 11, 1, 1), (23, 13, NULL, NULL), (24, 14, NULL, NULL);
SELECT * FROM hooks.preview_delete('a', 'id = 1');
-- a cycle that leads back to the first table
ALTER TABLE a ADD b_id int REFERENCES b ON DELETE CASCADE;
UPDATE a SET b_id = 13 WHERE id IN (1, 5);
SELECT * FROM hooks.preview_delete('a', 'id = 1');
ALTER TABLE a DROP b_id;

-- It changes nothing, and locks no row: that would take a transaction id.  A
-- read-only transaction may ask.
BEGIN READ ONLY;
SELECT count(*) FROM hooks.preview_delete('a');
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND mode NOT IN ('AccessShareLock', 'ExclusiveLock');
SELECT pg_current_xact_id_if_assigned() IS NULL;
COMMIT;

-- NO ACTION and RESTRICT stop it, unless the row is gone or changed when they
-- are looked at: d refers to b, but goes with a before.
CREATE TABLE d (id int PRIMARY KEY, a_id int REFERENCES a ON DELETE CASCADE, b_id int REFERENCES b, r int REFERENCES b ON DELETE RESTRICT);
INSERT INTO d VALUES (31, 1, 11, 11), (32, NULL, NULL, NULL);
SELECT * FROM hooks.preview_delete('a', 'id = 1') WHERE relation = 'd'::regclass;
UPDATE d SET b_id = 12, r = 13 WHERE id = 32;
SELECT * FROM hooks.preview_delete('a', 'id = 1') WHERE relation = 'd'::regclass;
DELETE FROM a WHERE id = 1;
-- deferred, it stops COMMIT and not the DELETE
SET client_min_messages = notice;
CREATE INDEX ON d (b_id);
ALTER TABLE d DROP r, ALTER CONSTRAINT d_b_id_fkey DEFERRABLE INITIALLY DEFERRED;
SELECT * FROM hooks.preview_delete('b', 'id = 12') WHERE relation = 'd'::regclass;
SET client_min_messages = warning;
DROP TABLE d;

-- A deferred key is looked at last, but is as deep as the rows that it refers to.
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE);
CREATE TABLE beside (id int REFERENCES tree ON DELETE CASCADE);
CREATE TABLE late (id int REFERENCES tree DEFERRABLE INITIALLY DEFERRED);
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, 3);
INSERT INTO beside VALUES (4);
INSERT INTO late VALUES (1), (1), (3);
SELECT * FROM hooks.preview_delete('tree', 'id = 1');
SELECT * FROM hooks.preview_delete('tree', 'id = 1', 2) WHERE relation = 'late'::regclass;
DROP TABLE tree, beside, late;
-- A default that refers to nothing, or to a row that goes too, stops it.
CREATE TABLE e (id int PRIMARY KEY, a_id int DEFAULT 6 REFERENCES a ON DELETE SET DEFAULT);
INSERT INTO e VALUES (41, 3), (42, NULL);
SELECT * FROM hooks.preview_delete('a', 'id = 3');
SELECT * FROM hooks.preview_delete('a', 'id IN (3, 6)');
ALTER TABLE e ALTER a_id SET DEFAULT 99;
SELECT * FROM hooks.preview_delete('a', 'id = 3');
ALTER TABLE e ALTER a_id DROP DEFAULT;
SELECT * FROM hooks.preview_delete('a', 'id = 3');
DROP TABLE e;

-- What a key's own change does to those that refer to it: SET NULL in f.a_id is
-- an update of a key of f.
CREATE TABLE f (id int PRIMARY KEY, a_id int UNIQUE REFERENCES a ON DELETE SET NULL);
CREATE TABLE g (f_a int CONSTRAINT g_cascade REFERENCES f (a_id) ON UPDATE CASCADE);
INSERT INTO f VALUES (51, 5);
INSERT INTO g VALUES (5);
SELECT * FROM hooks.preview_delete('a', 'id = 5');
ALTER TABLE g DROP CONSTRAINT g_cascade, ADD CONSTRAINT g_stops FOREIGN KEY (f_a) REFERENCES f (a_id);
SELECT * FROM hooks.preview_delete('a', 'id = 5');
DELETE FROM a WHERE id = 5;
DROP TABLE f, g;

-- A key that is not enforced (since 18) is as if it were not there.
CREATE TABLE i (id int PRIMARY KEY, a_id int REFERENCES a ON DELETE CASCADE);
CREATE TABLE j (i_id int, a_id int REFERENCES a ON DELETE SET NULL);
DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE j ADD FOREIGN KEY (i_id) REFERENCES i ON DELETE CASCADE NOT ENFORCED';
  END IF;
END $$;
INSERT INTO i VALUES (71, 3);
BEGIN;
INSERT INTO j VALUES (71, 3);
SELECT * FROM hooks.preview_delete('a', 'id = 3');
DELETE FROM a WHERE id = 3;
ROLLBACK;
SELECT hooks.cascade_tree('i');
DROP TABLE i, j;

-- Composite keys match as a whole.
CREATE TABLE h (id int, a_id int, pair smallint, FOREIGN KEY (pair, a_id) REFERENCES a (pair, id) ON DELETE CASCADE);
INSERT INTO h VALUES (61, 3, 1), (62, 3, NULL), (63, 4, 0);
SELECT * FROM hooks.preview_delete('a', 'id <> 4') WHERE relation = 'h'::regclass;

-- Children of a table go with it, each with what refers to it, whatever the
-- condition calls the table.
CREATE TABLE base (id int PRIMARY KEY, v int);
CREATE TABLE extended (gone int, more int) INHERITS (base);
ALTER TABLE extended ADD UNIQUE (id, more), DROP gone;
CREATE TABLE of_base (base_id int REFERENCES base ON DELETE CASCADE);
CREATE TABLE of_extended (id int, more int, FOREIGN KEY (id, more) REFERENCES extended (id, more) ON DELETE SET NULL);
INSERT INTO base VALUES (1, 1), (2, 2);
INSERT INTO extended VALUES (1, 1, 5), (3, 3, 6);
INSERT INTO of_base VALUES (1), (2), (2);
INSERT INTO of_extended VALUES (1, 5), (3, 6);
SELECT * FROM hooks.preview_delete('base', 'test_preview.base.id = 1');
SELECT * FROM hooks.preview_delete('base', 'base IN (ROW(2, 2)::base, ROW(3, 3)::base)');
SELECT * FROM hooks.preview_delete('base', 'id IN (1, 3) AND tableoid = ''extended''::regclass');
SELECT * FROM hooks.preview_delete('base', max_rows => 3) WHERE depth = 0;
SELECT * FROM hooks.preview_delete('base', 'more = 5');
DROP TABLE base, extended, of_base, of_extended;

-- max_rows caps each count, and the number of counts but for the first of each
-- key; what is below a cap is a lower bound.
SELECT * FROM hooks.preview_delete('a', 'id <= 2', max_rows => 1);
SELECT * FROM hooks.preview_delete('a', 'id <= 2', max_rows => 100) WHERE capped;

-- Foreign keys without an index are named, where the delete gets there.
SET client_min_messages = notice;
SELECT count(*) FROM hooks.preview_delete('b', 'id = 14');
CREATE INDEX ON b (parent);
CREATE INDEX ON c (b_id) WHERE b_id IS NOT NULL;
SELECT count(*) FROM hooks.preview_delete('b', 'id = 14');
SET client_min_messages = warning;

-- Triggers that are disabled carry out no actions.
SET session_replication_role = replica;
SELECT * FROM hooks.preview_delete('a', 'id = 1');
RESET session_replication_role;
-- Nor do they look for a row that a default refers to.
CREATE TABLE k (a_id int DEFAULT 99 REFERENCES a ON DELETE SET DEFAULT);
INSERT INTO k VALUES (3);
SELECT * FROM hooks.preview_delete('a', 'id = 3');
ALTER TABLE k DISABLE TRIGGER ALL;
SELECT * FROM hooks.preview_delete('a', 'id = 3');
BEGIN;
DELETE FROM a WHERE id = 3;
TABLE k;
ROLLBACK;
DROP TABLE k;

-- TRUNCATE ... CASCADE takes all that refers, whatever the actions.
SELECT * FROM hooks.preview_truncate('b');
SELECT relation, depth FROM hooks.preview_truncate('a');

DROP SCHEMA test_preview CASCADE;
