-- hooks.trace tells of each hook that fires, and of each that does not, why not.
\pset format unaligned
\pset tuples_only on
-- (DETAIL has how long it took)
\set VERBOSITY terse
CREATE ROLE regress_hooks_user;
CREATE SCHEMA trace;
GRANT USAGE ON SCHEMA trace TO regress_hooks_user;
SET search_path = trace;
CREATE TABLE t (id int PRIMARY KEY, name text, at text);
CREATE TABLE child (id int REFERENCES t ON DELETE CASCADE);
GRANT ALL ON t, child TO regress_hooks_user;
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(NEW, OLD); END';
CREATE FUNCTION skips() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'it fails'; END $$;
CREATE FUNCTION vetoes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM hooks.cancel('no'); END $$;
CREATE FUNCTION event(e jsonb) RETURNS void LANGUAGE sql AS '';
SELECT hooks.register('plain', 'before', 'insert, update, delete', 't', 'cb');
SELECT hooks.register('condition', 'before', 'insert', 't', 'cb', condition => 'NEW.id > 1');
SELECT hooks.register('throws', 'before', 'insert', 't', 'cb', condition => '1 / (NEW.id - 2) > 0', on_error => 'isolate');
SELECT hooks.register('naming', 'after', 'name', 't', 'cb', columns => '{name}');
SELECT hooks.register('columns', 'after', 'update', 't', 'cb', columns => '{at}');
SELECT hooks.register('opted', 'after', 'insert', 't', 'cb', activation => 'opt_in', level => 'statement');
SELECT hooks.register('replica', 'after', 'insert', 't', 'cb', fire => 'replica', level => 'statement');
SELECT hooks.register('off', 'before', 'insert', 't', 'cb');
SELECT hooks.disable('off');
INSERT INTO t VALUES (0);
SET hooks.trace = on;

-- Rows: each of them, but what does not depend on them only once.
INSERT INTO t VALUES (1, NULL), (2, 'two');
SET hooks.opt_in = 'opted';
INSERT INTO t VALUES (3);
UPDATE t SET at = 'now' WHERE id = 3;
UPDATE t SET name = 'x' WHERE id = 3;
BEGIN;
SELECT hooks.pause('plain', 'a test');
UPDATE t SET name = 'y' WHERE id < 3;
ROLLBACK;

-- Everybody may look.
SET ROLE regress_hooks_user;
SET hooks.trace = on;
UPDATE t SET name = 'z' WHERE id = 3;
RESET ROLE;

-- Statements that meet no row; of phase before those that have seen none.
SELECT hooks.register('skips', 'before', 'delete', 't', 'skips');
UPDATE t SET at = 'never' WHERE id = 99;
DELETE FROM t WHERE id = 99;
DELETE FROM t WHERE id = 3;
INSERT INTO t SELECT 1 WHERE false;
SELECT hooks.unregister('skips');

-- Cascades: rows of both tables, and those of nobody.
SELECT hooks.unregister(name) FROM hooks.registry WHERE schema IS NULL;
SELECT hooks.register('cascade', 'before_cascade', 'delete', 't', 'cb');
SELECT hooks.register('part', 'before_cascade', 'delete', 't', 'cb', condition => 'OLD.id = 7');
SELECT hooks.register('below', 'before_cascade', 'delete', 'child', 'cb');
SELECT hooks.register('out', 'before_cascade', 'delete', 'child', 'cb');
SELECT hooks.disable('out');
INSERT INTO child SELECT id FROM t WHERE id > 0;
DELETE FROM t WHERE id < 3;
DELETE FROM t WHERE id = 99;
SELECT hooks.register('closure', 'before_closure', 'delete', 't', 'cb');
DELETE FROM t WHERE id = 99;
SELECT hooks.disable('closure');
DELETE FROM t WHERE id = 99;
SELECT hooks.unregister('closure');
SELECT hooks.disable('below');
DELETE FROM t WHERE id = 3;

-- A whole closure: at the root and below, each once.
SELECT hooks.register('root', 'before_closure', 'delete', 't', 'cb'), hooks.register('root off', 'before_closure', 'delete', 't', 'cb'),
       hooks.register('leaf', 'before_closure', 'delete', 'child', 'cb'), hooks.register('leaf off', 'before_closure', 'delete', 'child', 'cb'),
       hooks.register('leaf other', 'before_closure', 'delete', 'child', 'cb', fire => 'replica'), hooks.disable('root off'), hooks.disable('leaf off');
BEGIN;
INSERT INTO t VALUES (3);
INSERT INTO child VALUES (3);
DELETE FROM t WHERE id = 3;
ROLLBACK;
BEGIN;
INSERT INTO t VALUES (3);
INSERT INTO child VALUES (3);
SELECT hooks.pause('root', 'a test');
DELETE FROM t WHERE id = 3;
ROLLBACK;
SELECT hooks.unregister(name) FROM hooks.registry WHERE phase = 'before_closure';
-- The table of a hook on a partitioned table is that one for a set, and the partition for a row.
CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE TABLE part_1 PARTITION OF parted FOR VALUES IN (1, 2);
CREATE TABLE part_2 PARTITION OF parted FOR VALUES IN (3, 4);
SET hooks.trace = off;
INSERT INTO parted VALUES (1), (3);
SELECT hooks.register('set', 'before_cascade', 'delete', 'parted', 'cb', condition => 'OLD.id = 7');
SELECT hooks.register('row', 'before', 'delete', 'parted', 'cb', condition => 'OLD.id = 7', level => 'row');
SET hooks.trace = on;
DELETE FROM parted;
DROP TABLE parted;

-- What fails, and what vetoes: an error that passes tells itself too.
SELECT hooks.unregister(name) FROM hooks.registry;
SELECT hooks.register('weak', 'after', 'insert', 't', 'fails', on_error => 'quarantine');
SELECT hooks.register('strong', 'before', 'insert', 't', 'vetoes', condition => 'NEW.id = 6');
SET hooks.quarantine_after = 1;
INSERT INTO t VALUES (5), (4);
INSERT INTO t VALUES (6);
DO $$ BEGIN INSERT INTO trace.t VALUES (6); EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'caught'; END $$;
INSERT INTO t VALUES (8);

-- Around the commit.
SELECT hooks.unregister(name) FROM hooks.registry;
SELECT hooks.register('late', 'before_commit', 'insert, truncate', 't', 'event');
SELECT hooks.register('sometimes', 'before_commit', 'insert', 't', 'event', condition => 'NEW.id = 0');
SELECT hooks.register('later', 'after_commit', 'insert', 't', 'event');
SELECT hooks.register('seldom', 'after_commit', 'insert', 't', 'event', condition => 'NEW.id = 0');
BEGIN;
INSERT INTO t VALUES (20), (21);
COMMIT;
TRUNCATE t CASCADE;
SET client_min_messages = warning;
SELECT hooks.unregister(name) FROM hooks.registry;
RESET client_min_messages;

-- Drops.
SELECT hooks.register('drop', 'before', 'drop', 'child', 'event');
SELECT hooks.register('nodrop', 'before', 'drop', 'child', 'event');
SELECT hooks.disable('nodrop');
BEGIN;
DROP TABLE child;
ROLLBACK;
SET hooks.enabled = off;
BEGIN;
DROP TABLE child;
ROLLBACK;
RESET hooks.enabled;

-- Switches: of all, of triggers, of roles.
SELECT hooks.unregister(name) FROM hooks.registry;
SELECT hooks.register('all', 'before', 'insert, delete', 't', 'cb');
SELECT hooks.register('cascades', 'before_cascade', 'delete', 't', 'cb');
SET hooks.enabled = off;
INSERT INTO t VALUES (1), (2);
DELETE FROM t WHERE id = 1;
RESET hooks.enabled;
ALTER TABLE t DISABLE TRIGGER USER;
INSERT INTO t VALUES (3);
ALTER TABLE t ENABLE TRIGGER USER;
SET session_replication_role = replica;
INSERT INTO t VALUES (4);
RESET session_replication_role;

-- A right that is lost.
GRANT TRIGGER ON t TO regress_hooks_user;
GRANT EXECUTE ON FUNCTION cb() TO regress_hooks_user;
SET ROLE regress_hooks_user;
SELECT hooks.register('lost', 'before', 'insert', 't', 'cb');
RESET ROLE;
REVOKE TRIGGER ON t FROM regress_hooks_user;
INSERT INTO t VALUES (5);

-- A rehearsal leaves the trace on.
SELECT hooks.unregister('lost');
SELECT count(*) FROM hooks.rehearse('INSERT INTO t VALUES (6)') WHERE kind = 'before';
INSERT INTO t VALUES (6);

-- A hook for several actions, by the one for which it does not fire.
SELECT hooks.register('life', 'after', 'lifecycle', 't', 'cb', columns => '{name}');
INSERT INTO t VALUES (10, NULL);
SELECT hooks.unregister('life');

-- A hook that skips the row, and one that is paused when the transaction commits.
SELECT hooks.register('skips', 'before', 'insert', 't', 'skips');
SELECT hooks.register('skipped', 'before', 'insert', 't', 'cb', run_after => '{skips}');
INSERT INTO t VALUES (8);
SELECT hooks.unregister('skips'), hooks.unregister('skipped');
SELECT hooks.register('late', 'before_commit', 'insert', 't', 'event');
BEGIN;
INSERT INTO t VALUES (9);
SELECT hooks.pause('late', 'test');
COMMIT;
SELECT hooks.unregister('late');

-- A firing is logged where it took long enough; who may say so is a superuser.
SET hooks.trace = off;
SET client_min_messages = log;
SET hooks.log_min_duration = 60000;
INSERT INTO t VALUES (7);
RESET client_min_messages;
RESET hooks.log_min_duration;
SET ROLE regress_hooks_user;
SET hooks.log_min_duration = 0;
RESET ROLE;
SELECT hooks.unregister(name) FROM hooks.registry;
DROP SCHEMA trace CASCADE;
DROP ROLE regress_hooks_user;
