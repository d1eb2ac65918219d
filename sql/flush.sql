-- hooks.flush() waits for what others, and earlier transactions, have committed; not
-- for itself.  redeliver() and discard() say what they cannot do.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY sqlstate
CREATE SCHEMA test_flush;
SET search_path = test_flush;
SET client_min_messages = warning;
CREATE TABLE t (id int);
CREATE TABLE done (id int);
CREATE TABLE broken (id int);
CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE n int = event->'new'->0->>'id';
BEGIN
  IF EXISTS (SELECT FROM test_flush.broken WHERE id = n) THEN RAISE 'broken'; END IF;
  INSERT INTO test_flush.done VALUES (n);
END $$;
-- without a hook there is nothing to wait for
SELECT hooks.flush(), hooks.flush('0');
SELECT hooks.register('fl', 'after_commit', 'insert', 't', 'act');
-- a condition on what is not there, as for triggers
SELECT hooks.register('fl_bad', 'after_commit', 'insert', 't', 'act', condition => 'OLD.id = 1');
SELECT hooks.register('fl_bad', 'after_commit', 'delete', 't', 'act', condition => 'NEW.id = 1');

-- its own events, but none that are taken back
BEGIN;
INSERT INTO t VALUES (1);
SAVEPOINT s;
SELECT hooks.flush();
ROLLBACK TO s;
SELECT hooks.flush('1 ms');
ROLLBACK;
BEGIN;
SAVEPOINT s;
INSERT INTO t VALUES (2);
ROLLBACK TO s;
SELECT hooks.flush();
COMMIT;
-- a transaction that wrote something else, under any isolation level
INSERT INTO t VALUES (3);
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO broken VALUES (4);
SELECT hooks.flush();
COMMIT;
BEGIN READ ONLY;
SELECT hooks.flush();
COMMIT;
SELECT * FROM done;

-- bad input
SELECT hooks.flush(NULL);
SELECT hooks.flush('-1 s');
SELECT hooks.redeliver(NULL);
SELECT hooks.discard(NULL);
SELECT hooks.redeliver(0);
SELECT hooks.discard(-1);

-- a retry that is not due is not waited for; it is not dead, so is not redelivered
INSERT INTO t VALUES (4);
SELECT hooks.flush();
SELECT state, attempts FROM hooks.outbox WHERE hook = 'fl';
SELECT delivery_id FROM hooks.outbox WHERE hook = 'fl' \gset
BEGIN;
SELECT hooks.redeliver(:delivery_id);
ROLLBACK;
SELECT hooks.discard(:delivery_id);
SELECT hooks.redeliver(:delivery_id);
SELECT hooks.discard(:delivery_id);

-- one that waits for its turn has not failed
BEGIN;
INSERT INTO t VALUES (5);
SELECT delivery_id FROM hooks.outbox WHERE hook = 'fl' \gset
SAVEPOINT s;
SELECT hooks.redeliver(:delivery_id);
ROLLBACK TO s;
SELECT hooks.discard(:delivery_id);
ROLLBACK;
SELECT hooks.unregister('fl');
DROP SCHEMA test_flush CASCADE;
