-- Callbacks that take too long, drop what they stand on, or whose owner loses
-- rights: each harms its own delivery only, and the reason is there to see.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_hostile;
SET search_path = test_hostile;
SET client_min_messages = warning;
CREATE ROLE regress_hooks_hostile LOGIN;
GRANT USAGE, CREATE ON SCHEMA test_hostile TO regress_hooks_hostile;
CREATE TABLE done (n bigint GENERATED ALWAYS AS IDENTITY, hook text, id int, told text);
GRANT ALL ON done TO regress_hooks_hostile;
SET ROLE regress_hooks_hostile;
CREATE TABLE t (id int, todo text);
CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  FOR r IN SELECT * FROM jsonb_to_recordset(event->'new') AS x(id int, todo text) LOOP
    EXECUTE r.todo;
    INSERT INTO test_hostile.done (hook, id) VALUES (event->>'hook', r.id);
  END LOOP;
END $$;
CREATE FUNCTION witness(event jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO test_hostile.done (hook, id) SELECT $1->>'hook', id FROM jsonb_to_recordset($1->'new') AS x(id int) $$;
CREATE VIEW waiting AS SELECT hook, payload->'new'->0->>'id' AS id, state, last_error FROM hooks.outbox ORDER BY delivery_id;
SELECT hooks.register('ho', 'after_commit', 'insert', 't', 'act', max_attempts => 1, timeout => '100 ms');
SELECT hooks.register('ho_witness', 'after_commit', 'insert', 't', 'witness');

-- a time limit; what is swallowed does not help
INSERT INTO t VALUES (1, 'SELECT pg_sleep(10)');
INSERT INTO t VALUES (2, 'DO $x$ BEGIN LOOP BEGIN LOOP PERFORM 1; END LOOP; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $x$');
INSERT INTO t VALUES (3, 'SELECT 1');
SELECT hooks.flush();
SELECT hook, id FROM done ORDER BY hook, n;
SELECT * FROM waiting;
SELECT count(hooks.discard(delivery_id)) FROM hooks.outbox;
TRUNCATE done;

-- it looks at itself: pg_stat_activity shows the hook
INSERT INTO t VALUES (4, $$INSERT INTO test_hostile.done (told) SELECT backend_type || ': ' || query FROM pg_stat_activity WHERE pid = pg_backend_pid()$$);
SELECT hooks.flush();
SELECT told FROM done WHERE told <> '';
TRUNCATE done;

-- its own hook: replaced, disabled, dropped.  What waits behind follows
BEGIN;
INSERT INTO t VALUES (10, $$SELECT hooks.register('ho', 'after_commit', 'insert', 'test_hostile.t', 'test_hostile.act(jsonb)', max_attempts => 2, replace => true)$$);
INSERT INTO t VALUES (11, $$SELECT hooks.disable('ho')$$);
INSERT INTO t VALUES (12, 'SELECT 1');
COMMIT;
SELECT hooks.flush();
SELECT hook, id FROM done ORDER BY hook, n;
SELECT max_attempts, enabled FROM hooks.registry WHERE name = 'ho';
SELECT * FROM waiting;
SELECT hooks.enable('ho');
SELECT hooks.flush();
SELECT hook, id FROM done WHERE hook = 'ho' ORDER BY n;
TRUNCATE done;
BEGIN;
INSERT INTO t VALUES (13, $$SELECT hooks.unregister('ho')$$);
INSERT INTO t VALUES (14, 'SELECT 1');
COMMIT;
SELECT hooks.flush();
SELECT hook, id FROM done ORDER BY hook, n;
SELECT name FROM hooks.registry WHERE name ~ '^ho';
SELECT count(*) FROM hooks.outbox;
TRUNCATE done;

-- what it makes a mess of is rolled back with its failure
SELECT hooks.register('ho', 'after_commit', 'insert', 't', 'act', max_attempts => 1);
INSERT INTO t VALUES (15, $$DO $x$ BEGIN PERFORM hooks.unregister('ho'); PERFORM 1/0; END $x$ $$);
SELECT hooks.flush();
SELECT name FROM hooks.registry WHERE name ~ '^ho' ORDER BY 1;
SELECT * FROM waiting;
SELECT count(hooks.discard(delivery_id)) FROM hooks.outbox;

-- a right that its owner has lost
RESET ROLE;
ALTER FUNCTION act OWNER TO CURRENT_USER;
REVOKE EXECUTE ON FUNCTION act FROM PUBLIC, regress_hooks_hostile;
INSERT INTO t VALUES (16, 'SELECT 1');
SELECT hooks.flush();
SELECT * FROM waiting;
SELECT count(hooks.discard(delivery_id)) FROM hooks.outbox;
GRANT EXECUTE ON FUNCTION act TO regress_hooks_hostile;

-- its table
BEGIN;
INSERT INTO t VALUES (20, 'DROP TABLE test_hostile.t CASCADE');
INSERT INTO t VALUES (21, 'SELECT 1');
COMMIT;
SELECT hooks.flush();
SELECT id FROM done WHERE hook = 'ho' ORDER BY n;
SELECT name FROM hooks.registry WHERE name ~ '^ho';
SELECT count(*) FROM hooks.outbox;

-- its owner: DROP ROLE is refused, whether or not a worker is there; DROP OWNED
-- forgets what waits, and says so
SET ROLE regress_hooks_hostile;
CREATE TABLE t (id int, todo text);
SELECT hooks.register('ho', 'after_commit', 'insert', 't', 'act');
BEGIN;
INSERT INTO t VALUES (30, 'SELECT 1');
SELECT hooks.disable('ho');
COMMIT;
RESET ROLE;
\set VERBOSITY sqlstate
DROP ROLE regress_hooks_hostile;
\set VERBOSITY default
SET client_min_messages = notice;
DROP OWNED BY regress_hooks_hostile;
SET client_min_messages = warning;
SELECT count(*) FROM hooks.outbox;
DROP ROLE regress_hooks_hostile;
DROP SCHEMA test_hostile CASCADE;
