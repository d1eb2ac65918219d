-- What a transaction leaves for after_commit hooks is delivered when it has
-- committed, in order, once, by a session of the hook's owner.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_delivery;
SET search_path = test_delivery;
SET client_min_messages = warning;
CREATE ROLE regress_hooks_deliverer LOGIN;
CREATE ROLE regress_hooks_other;
GRANT USAGE, CREATE ON SCHEMA test_delivery TO regress_hooks_deliverer, regress_hooks_other;
SET ROLE regress_hooks_deliverer;
CREATE TABLE t (id int, todo text);
CREATE TABLE done (n bigint GENERATED ALWAYS AS IDENTITY, hook text, id int, attempt int, who text DEFAULT session_user || ' ' || current_user);
-- does what the row says, and says so; of a row that says "fail" only until it is
-- told otherwise
CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  FOR r IN SELECT * FROM jsonb_to_recordset(coalesce(event->'new', event->'old')) AS x(id int, todo text) LOOP
    IF r.todo <> 'fail' THEN
      EXECUTE r.todo;
    ELSIF EXISTS (SELECT FROM t WHERE id = r.id AND todo = 'fail') THEN
      RAISE EXCEPTION 'row % fails', r.id;
    END IF;
    INSERT INTO done (hook, id, attempt) VALUES (event->>'hook', r.id, (event->>'attempt')::int);
  END LOOP;
END $$;
SELECT hooks.register('dl', 'after_commit', 'insert', 't', 'act', max_attempts => 1);

-- order, and as whom
INSERT INTO t VALUES (1, 'SELECT 1'), (2, 'SELECT 1');
INSERT INTO t VALUES (3, 'SELECT 1');
SELECT hooks.flush();
SELECT * FROM done ORDER BY n;
-- a firing's context is that of the statement
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE c hooks.context = hooks.context();
BEGIN
  INSERT INTO done (hook, who) VALUES (c.hook, concat_ws(' ', c.phase, c.action, c.relation, c.root_relation, c.root_action,
      c.cascade_depth, c.caller, c.statement, c.metadata, c.transaction_id::text = event->>'transaction_id', c.fired_at < clock_timestamp()));
END $$;
SELECT hooks.register('dl_tell', 'after_commit', 'insert', 't', 'tell');
SET hooks.metadata = '{"request": 1}';
INSERT INTO t SELECT 0, 'SELECT 1';
RESET hooks.metadata;
SELECT hooks.flush();
SELECT who FROM done WHERE hook = 'dl_tell';
SELECT hooks.unregister('dl_tell');
-- rolled back is not delivered
BEGIN;
INSERT INTO t VALUES (4, 'SELECT 1');
ROLLBACK;
SELECT hooks.flush();
SELECT count(*) FROM done WHERE id = 4;

-- who fails leaves nothing but the failure; the others go on
TRUNCATE done;
INSERT INTO t VALUES (5, 'SELECT 1'), (6, 'fail');
INSERT INTO t VALUES (7, 'SELECT 1');
INSERT INTO t VALUES (8, 'SELECT 1/0');
SELECT hooks.flush();
SELECT hook, id, attempt FROM done ORDER BY n;
SELECT hook, relation, action, payload->'new', state, attempts, next_attempt_at, last_error, enqueued_at <= clock_timestamp()
  FROM hooks.outbox ORDER BY delivery_id;
-- and is delivered once more when somebody says so; or forgotten
UPDATE t SET todo = 'SELECT 1' WHERE id = 6;
SELECT hooks.redeliver(delivery_id) FROM hooks.outbox WHERE payload->'new'->1->>'id' = '6';
SELECT hooks.discard(delivery_id) FROM hooks.outbox WHERE payload->'new'->0->>'id' = '8';
SELECT hooks.flush();
SELECT hook, id, attempt FROM done WHERE id IN (5, 6) ORDER BY n;
SELECT count(*) FROM hooks.outbox;

-- what is told of a failure is of its own event, whatever came before it
CREATE FUNCTION refuse_update(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF event->>'action' = 'update' THEN
    RAISE EXCEPTION 'no update';
  END IF;
END $$;
SELECT hooks.register('dl_two', 'after_commit', 'insert, update', 'done', 'refuse_update', on_error => 'isolate');
BEGIN;
INSERT INTO done (id) VALUES (9);
UPDATE done SET attempt = 0 WHERE id = 9;
SELECT relation, action, state FROM hooks.outbox WHERE hook = 'dl_two' ORDER BY delivery_id;
COMMIT;
SELECT hooks.flush();
SELECT hooks.unregister('dl_two');
RESET ROLE;
SELECT action, message FROM hooks.failure WHERE hook = 'dl_two';
DELETE FROM hooks.failure WHERE hook = 'dl_two';
SET ROLE regress_hooks_deliverer;

-- what a callback cannot do, does, and leaves behind
TRUNCATE done;
INSERT INTO t VALUES (10, 'COMMIT');
INSERT INTO t VALUES (11, 'SET search_path = pg_catalog');
INSERT INTO t VALUES (12, 'RESET SESSION AUTHORIZATION');
INSERT INTO t VALUES (13, 'SET ROLE regress_hooks_other');
INSERT INTO t VALUES (14, 'SELECT hooks.flush()');
SELECT hooks.flush();
SELECT id, who FROM done ORDER BY n;
SELECT payload->'new'->0->>'todo', state, last_error FROM hooks.outbox ORDER BY delivery_id;
SELECT count(hooks.discard(delivery_id)) FROM hooks.outbox;

-- the events of its own statements are of the next generation, and these end
TRUNCATE done;
RESET ROLE;
SELECT setting AS max_depth FROM pg_settings WHERE name = 'hooks.max_depth' \gset
SET ROLE regress_hooks_deliverer;
INSERT INTO t VALUES (20, 'INSERT INTO test_delivery.t SELECT id + 1, todo FROM test_delivery.t WHERE id >= 20 ORDER BY id DESC LIMIT 1');
-- flush() waits for what was committed before, so once for each
DO $$ BEGIN
  FOR i IN 1..300 LOOP
    PERFORM FROM hooks.outbox WHERE state = 'dead';
    EXIT WHEN FOUND;
    PERFORM hooks.flush();
  END LOOP;
END $$;
SELECT count(*) = :max_depth - 1, max(id) - min(id) = :max_depth - 2 FROM done;
SELECT state, attempts, left(last_error, 11) FROM hooks.outbox;
SELECT count(hooks.discard(delivery_id)) FROM hooks.outbox;

-- policies: isolated failures are told of in hooks.failure, and not tried again
SELECT hooks.register('dl', 'after_commit', 'insert', 't', 'act', on_error => 'isolate', replace => true);
INSERT INTO t VALUES (30, 'SELECT 1/0');
SELECT hooks.flush();
SELECT count(*) FROM hooks.outbox;
RESET ROLE;
SELECT hook, phase, action, sqlstate, message FROM hooks.failure WHERE hook = 'dl';

-- a disabled hook's deliveries wait
SELECT hooks.register('dl_own', 'after_commit', 'delete', 't', 'act');
TRUNCATE done;
BEGIN;
INSERT INTO t VALUES (31, 'SELECT 1');
SELECT hooks.disable('dl');
COMMIT;
DELETE FROM t WHERE id = 1;
SELECT hooks.flush();
SELECT hook, id, who = session_user || ' ' || current_user FROM done;
SELECT hooks.enable('dl');
SELECT hooks.flush();
SELECT hook, id FROM done ORDER BY n;
-- who is unregistered takes along what waits
SELECT hooks.disable('dl_own');
DELETE FROM t WHERE id = 2;
SELECT hooks.enable('dl_own');
ALTER TABLE done RENAME TO gone;
DELETE FROM t WHERE id = 3;
SELECT hooks.flush();
SELECT hook, state FROM hooks.outbox;
SET client_min_messages = notice;
SELECT hooks.unregister('dl'), hooks.unregister('dl_own');
SET client_min_messages = warning;
SELECT count(*) FROM hooks.delivery;
DROP SCHEMA test_delivery CASCADE;
DROP OWNED BY regress_hooks_deliverer, regress_hooks_other;
DROP ROLE regress_hooks_deliverer, regress_hooks_other;
