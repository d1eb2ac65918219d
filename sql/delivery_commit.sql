-- What fails only when the worker's transaction commits is a failure of the
-- delivery that has left it there, and of no other.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_delivery_commit;
SET search_path = test_delivery_commit;
SET client_min_messages = warning;
CREATE ROLE regress_hooks_late LOGIN;
GRANT USAGE, CREATE ON SCHEMA test_delivery_commit TO regress_hooks_late;
SET ROLE regress_hooks_late;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE t (id int);
CREATE TABLE done (n bigint GENERATED ALWAYS AS IDENTITY, id int, attempt int);
CREATE FUNCTION copy_down(event jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO child SELECT id FROM jsonb_to_recordset(event->'new') AS r (id int);
  INSERT INTO done (id, attempt)
    SELECT id, (event->>'attempt')::int FROM jsonb_to_recordset(event->'new') AS r (id int);
$$;
INSERT INTO parent VALUES (1), (3), (5);
SELECT hooks.register('late', 'after_commit', 'insert', 't', 'copy_down', max_attempts => 1);

-- one transaction, so that they are delivered together: 2 and 4 have no parent
BEGIN;
INSERT INTO t VALUES (1);
INSERT INTO t VALUES (2);
INSERT INTO t VALUES (3);
INSERT INTO t VALUES (4);
INSERT INTO t VALUES (5);
COMMIT;
SELECT hooks.flush();
SELECT id, attempt FROM done ORDER BY n;
SELECT payload->'new', state, attempts, last_error FROM hooks.outbox ORDER BY delivery_id;

-- tried again, it fails in the same way, or does not
TRUNCATE done;
INSERT INTO parent VALUES (4);
SELECT count(hooks.redeliver(delivery_id)) FROM hooks.outbox;
INSERT INTO t VALUES (5);
SELECT hooks.flush();
SELECT id, attempt FROM done ORDER BY id;
SELECT payload->'new', state, attempts, last_error FROM hooks.outbox ORDER BY delivery_id;

-- ... and that it failed so before is not held against it
TRUNCATE done;
INSERT INTO parent VALUES (2);
SELECT count(hooks.redeliver(delivery_id)) FROM hooks.outbox;
SELECT hooks.flush();
SELECT id, attempt FROM done ORDER BY id;
SELECT count(*) FROM hooks.outbox;

-- a veto before_commit, and policy isolate
CREATE FUNCTION veto(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM done WHERE id = 7) THEN
    PERFORM hooks.cancel('not 7');
  END IF;
END $$;
SELECT hooks.register('veto', 'before_commit', 'insert', 'done', 'veto');
SELECT hooks.register('late', 'after_commit', 'insert', 't', 'copy_down', on_error => 'isolate', replace => true);
INSERT INTO parent VALUES (6), (7), (8);
BEGIN;
INSERT INTO t VALUES (6);
INSERT INTO t VALUES (7);
INSERT INTO t VALUES (8);
COMMIT;
SELECT hooks.flush();
SELECT id FROM done WHERE id > 5 ORDER BY n;
SELECT count(*) FROM hooks.outbox;
RESET ROLE;
SELECT hook, sqlstate, message FROM hooks.failure WHERE hook = 'late';
SET ROLE regress_hooks_late;

-- the callback is called as it is now, whatever its language was
CREATE OR REPLACE FUNCTION copy_down(event jsonb) RETURNS void LANGUAGE plpgsql SET work_mem = '777kB' AS $$
BEGIN
  INSERT INTO done (id, attempt) VALUES (9, substr(current_setting('work_mem'), 1, 3)::int);
END $$;
INSERT INTO t VALUES (9);
SELECT hooks.flush();
SELECT id, attempt FROM done WHERE id > 8;

SELECT hooks.unregister('veto'), hooks.unregister('late');
RESET ROLE;
DELETE FROM hooks.failure WHERE hook = 'late';
DROP SCHEMA test_delivery_commit CASCADE;
DROP OWNED BY regress_hooks_late;
DROP ROLE regress_hooks_late;
