-- A hook that keeps failing is taken out until somebody enables it, and
-- hooks.failure does not grow without bound.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA quarantine;
SET search_path = quarantine;
CREATE TABLE t (id int);
CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id > 0 THEN
    RAISE 'broken %', NEW.id;
  END IF;
  RAISE NOTICE 'fine %', NEW.id;
  RETURN NEW;
END $$;
CREATE VIEW state AS SELECT name, enabled, quarantined FROM hooks.registry WHERE callback = 'quarantine.broken()' ORDER BY name;
SELECT hooks.register('q', 'before', 'insert', 't', 'broken', on_error => 'quarantine');
SELECT hooks.register('other', 'before', 'insert', 't', 'broken', on_error => 'isolate', condition => 'new.id = 4');
SET hooks.quarantine_after = 3;

-- The third failure is the last: in the middle of a statement, and for the
-- statements after it.  Successes in between do not count, nor do the failures
-- of other hooks or of this one in a transaction that was rolled back.
BEGIN;
INSERT INTO t VALUES (101), (102);
ROLLBACK;
INSERT INTO t VALUES (1), (0);
INSERT INTO t VALUES (2), (3), (4), (-1);
SELECT * FROM state;
SELECT hook FROM hooks.chain('t');
INSERT INTO t VALUES (5), (-2);
SELECT count(*) FROM t;

-- enable() forgives what was before; it does nothing for a hook that is in force.
SELECT hooks.enable('q');
INSERT INTO t VALUES (6), (7);
SELECT hooks.enable('q');
SELECT * FROM state;
-- The quarantine goes back with the failure that caused it,
BEGIN;
SAVEPOINT s;
INSERT INTO t VALUES (8), (9);
SELECT * FROM state WHERE name = 'q';
ROLLBACK TO s;
SELECT * FROM state WHERE name = 'q';
-- and what was forgiven in a transaction does not count again in it.
INSERT INTO t VALUES (10);
SELECT hooks.enable('q');
INSERT INTO t VALUES (11), (12);
SELECT * FROM state WHERE name = 'q';
COMMIT;
INSERT INTO t VALUES (13);
SELECT * FROM state WHERE name = 'q';

-- disable() of a quarantined hook: taken out by hand from now on.
SELECT hooks.disable('q');
SELECT * FROM state WHERE name = 'q';
SELECT hooks.enable('q');
-- quarantine of 1: the first failure
SET hooks.quarantine_after = 1;
INSERT INTO t VALUES (14), (15);
SELECT * FROM state WHERE name = 'q';
-- isolate never is taken out
SET client_min_messages = error;
INSERT INTO t SELECT 4 FROM generate_series(1, 20);
RESET client_min_messages;
SELECT * FROM state WHERE name = 'other';

-- Of each hook the newest hooks.failures_kept failures stay; other hooks'
-- failures are not touched.
RESET hooks.quarantine_after;
SELECT count(*) AS q FROM hooks.failure WHERE hook = 'q';
SELECT count(*) AS other FROM hooks.failure WHERE hook = 'other';
SET hooks.failures_kept = 2;
INSERT INTO t VALUES (4);
SELECT count(*) AS q FROM hooks.failure WHERE hook = 'q';
SELECT count(*) AS other FROM hooks.failure WHERE hook = 'other';
-- within a transaction as well, at its end
SELECT hooks.register('third', 'before', 'insert', 't', 'broken', on_error => 'isolate', condition => 'new.id > 20');
BEGIN;
INSERT INTO t VALUES (21), (22), (23);
INSERT INTO t VALUES (24), (25), (26);
COMMIT;
SELECT message FROM hooks.failure WHERE hook = 'third' ORDER BY failure_id;
RESET hooks.failures_kept;
-- A quarantine that needs more failures than are kept still comes.
SET hooks.failures_kept = 1;
SET hooks.quarantine_after = 3;
SELECT hooks.enable('q');
INSERT INTO t VALUES (5);
INSERT INTO t VALUES (6);
INSERT INTO t VALUES (7);
SELECT * FROM state WHERE name = 'q';
RESET hooks.failures_kept;
RESET hooks.quarantine_after;

-- A quarantined hook that is registered again as it was stays out; registering
-- says nothing about its state.
SELECT hooks.register('q', 'before', 'insert', 't', 'broken', on_error => 'quarantine');
SELECT * FROM state WHERE name = 'q';

SELECT hooks.unregister('q'), hooks.unregister('other'), hooks.unregister('third');
DELETE FROM hooks.failure;
SET client_min_messages = warning;
DROP SCHEMA quarantine CASCADE;
