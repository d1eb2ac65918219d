-- enable() and disable() are for everyone and transactional; pause() and
-- resume() are for the rest of this transaction only.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA enable;
SET search_path = enable;
CREATE TABLE t (id int);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% %', TG_NAME, NEW.id;
  RETURN NEW;
END $$;
SELECT hooks.register('a', 'before', 'insert', 't', 'cb', package => 'enable');
SELECT hooks.register('b', 'after', 'insert', 't', 'cb', package => 'enable');

-- A pause in a savepoint that is rolled back never was; one that is released
-- holds on to the end of the transaction, and no longer.
BEGIN;
SAVEPOINT s;
SELECT hooks.pause('a', 'bulk load');
INSERT INTO t VALUES (1);
ROLLBACK TO s;
INSERT INTO t VALUES (2);
SAVEPOINT s;
SELECT hooks.pause('a', 'bulk load'), hooks.pause('a', 'again'), hooks.pause('b', 'both');
RELEASE s;
INSERT INTO t VALUES (3);
SELECT hooks.resume('b');
INSERT INTO t VALUES (4);
COMMIT;
INSERT INTO t VALUES (5);
-- so does the pause of a transaction that aborts
BEGIN;
SELECT hooks.pause('a', 'bulk load');
ROLLBACK;
-- outside a transaction block it is over with its own statement
SELECT hooks.pause('a', 'bulk load');
INSERT INTO t VALUES (6);
-- from a function it lasts as long as from anywhere else
BEGIN;
DO $$BEGIN PERFORM hooks.pause('a', 'bulk load'); END$$;
INSERT INTO t VALUES (7);
COMMIT;
-- resume undoes a pause to the savepoint only
BEGIN;
SELECT hooks.pause('a', 'bulk load');
SAVEPOINT s;
SELECT hooks.resume('a');
ROLLBACK TO s;
INSERT INTO t VALUES (8);
COMMIT;
-- resuming what is not paused is no error, and pausing shows nowhere
SELECT hooks.resume('a');
SELECT name, enabled, quarantined FROM hooks.registry WHERE package = 'enable' ORDER BY name;

-- A callback that pauses its own hook has seen its last row, even if its own
-- search_path was set for it and the statement has rows left.
CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% %', TG_NAME, NEW.id;
  PERFORM hooks.pause(TG_NAME, 'seen enough');
  RETURN NEW;
END $$;
SELECT hooks.register('once', 'before', 'insert', 't', 'once', package => 'enable');
SET search_path = pg_catalog;
BEGIN;
INSERT INTO enable.t VALUES (9), (10);
INSERT INTO enable.t VALUES (11);
COMMIT;
INSERT INTO enable.t VALUES (12);
SET search_path = enable;
-- If its firing fails and is isolated, its pause is rolled back with the rest.
CREATE OR REPLACE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hooks.pause(TG_NAME, 'seen enough');
  RAISE 'broken %', NEW.id;
END $$;
SELECT hooks.register('once', 'before', 'insert', 't', 'once', on_error => 'isolate', package => 'enable', replace => true);
INSERT INTO t VALUES (13), (14);
SELECT hooks.unregister('once');

-- Disabling follows the transaction, too; the answer is whether it changed.
SELECT hooks.enable('a'), hooks.disable('a'), hooks.disable('a');
INSERT INTO t VALUES (15);
SELECT enabled FROM hooks.registry WHERE name = 'a';
SELECT hook, "position" FROM hooks.chain('t');
BEGIN;
SAVEPOINT s;
SELECT hooks.enable('a');
INSERT INTO t VALUES (16);
ROLLBACK TO s;
INSERT INTO t VALUES (17);
SELECT hooks.enable('a');
INSERT INTO t VALUES (18);
ROLLBACK;
INSERT INTO t VALUES (19);
-- pause and disable are two things: resume does not enable, enable does not resume
BEGIN;
SELECT hooks.resume('a');
INSERT INTO t VALUES (20);
SELECT hooks.pause('a', 'bulk load'), hooks.enable('a');
INSERT INTO t VALUES (21);
COMMIT;
INSERT INTO t VALUES (22);
-- disable takes no lock that a writer or a reader of the table would wait for
BEGIN;
SELECT hooks.disable('a');
SELECT mode FROM pg_locks WHERE relation = 't'::regclass AND pid = pg_backend_pid() AND mode <> 'AccessShareLock';
ROLLBACK;

-- A hook that disables another in its callback does so from the next statement on.
CREATE FUNCTION disable_b() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hooks.disable('b');
  RETURN NEW;
END $$;
SELECT hooks.register('c', 'before', 'insert', 't', 'disable_b', package => 'enable');
BEGIN;
INSERT INTO t VALUES (23);
INSERT INTO t VALUES (24);
ROLLBACK;
SELECT hooks.unregister('c');

-- A read-only transaction changes no registry.
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
BEGIN READ ONLY;
SELECT command, try('SELECT hooks.' || command)
  FROM unnest(ARRAY[$$disable('a')$$, $$register('a', 'before', 'insert', 't', 'cb', priority => 1, replace => true)$$,
                    $$unregister('a')$$, $$unregister_package('enable')$$, $$pause('a', 'why not')$$]) command;
ROLLBACK;

DELETE FROM hooks.failure;
SELECT hooks.unregister_package('enable');
SET client_min_messages = warning;
DROP SCHEMA enable CASCADE;
