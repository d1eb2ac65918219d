-- A hook's own timeout is its failure, KH002; a timeout of the statement is
-- not, and neither gets lost.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA timeout;
SET search_path = timeout;
DELETE FROM hooks.failure;
CREATE TABLE t (id int);
CREATE TABLE inner_t (id int);
CREATE TABLE effects (line text);
-- the argument says what to do; sleeps are to be cut short
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO timeout.effects VALUES (TG_NAME);
  CASE TG_ARGV[0]
    WHEN 'sleep' THEN
      PERFORM pg_sleep(60);
    WHEN 'catch' THEN
      BEGIN
        PERFORM pg_sleep(60);
      EXCEPTION WHEN query_canceled THEN
        RAISE NOTICE 'caught it';
      END;
    WHEN 'catch and go on' THEN
      LOOP
        BEGIN
          PERFORM pg_sleep(60);
        EXCEPTION WHEN query_canceled THEN
          RAISE 'something else';
        END;
      END LOOP;
    WHEN 'nest' THEN
      INSERT INTO timeout.inner_t VALUES (NEW.id);
      RAISE NOTICE 'back in %', TG_NAME;
    ELSE NULL;
  END CASE;
  RETURN NEW;
END $$;
-- Registers hook "h" on t with a callback that does this.
CREATE FUNCTION h(what text, timeout interval, on_error text) RETURNS boolean LANGUAGE sql AS $$
  SELECT hooks.register('h', 'before', 'insert', 't', 'timeout.cb', arguments => ARRAY[what], timeout => timeout,
                        on_error => on_error, package => 'timeout', replace => true);
$$;
\set report 'SELECT hook, sqlstate, message FROM hooks.failure ORDER BY failure_id; DELETE FROM hooks.failure; SELECT id FROM t; SELECT line FROM effects; TRUNCATE t, inner_t, effects'

-- Under abort it aborts, under isolate it is isolated; what the callback did is
-- rolled back, and the statement goes on.
SELECT h('sleep', '50 ms', 'abort');
\set VERBOSITY sqlstate
INSERT INTO t VALUES (1);
\set VERBOSITY default
:report;
SELECT h('sleep', '50 ms', 'isolate');
INSERT INTO t VALUES (2);
:report;
-- The cancel was used up: it does not hit what comes after.
BEGIN;
INSERT INTO t VALUES (3), (4);
SELECT pg_sleep(0.001);
COMMIT;
:report;

-- A callback that catches the cancel does not get away with it, under any policy.
SELECT h('catch', '100 ms', 'abort');
\set VERBOSITY sqlstate
INSERT INTO t VALUES (5);
\set VERBOSITY default
SELECT h('catch', '100 ms', 'isolate');
INSERT INTO t VALUES (6);
:report;
-- If it makes another error of it, it has failed in any case.
SELECT h('catch and go on', '50 ms', 'isolate');
INSERT INTO t VALUES (7);
SELECT count(*) FROM hooks.failure;
DELETE FROM hooks.failure;
TRUNCATE t, effects;

-- One that is quick enough is not disturbed, nor is the statement once it is
-- done: the limit is the callback's.
SELECT h('fine', '1 min', 'abort');
INSERT INTO t VALUES (8);
SELECT h('fine', '200 ms', 'isolate');
INSERT INTO t SELECT 9 WHERE pg_sleep(0.3) IS NOT NULL;
:report;

-- statement_timeout is never swallowed, and is not taken for the hook's.
SELECT h('sleep', '1 min', 'isolate');
SET statement_timeout = '50 ms';
\set VERBOSITY sqlstate
INSERT INTO t VALUES (10);
\set VERBOSITY default
RESET statement_timeout;
:report;
-- It also works the other way round with both set, and is in force afterwards.
SELECT h('sleep', '50 ms', 'isolate');
SET statement_timeout = '1 min';
INSERT INTO t VALUES (11);
SET statement_timeout = '500 ms';
INSERT INTO t SELECT 12 WHERE pg_sleep(0) IS NOT NULL UNION ALL SELECT 13 WHERE pg_sleep(60) IS NULL;
RESET statement_timeout;
:report;

-- Nested: the inner limit is the inner hook's failure, and the outer goes on.
SELECT h('nest', '1 min', 'isolate');
SELECT hooks.register('inner', 'before', 'insert', 'inner_t', 'cb', arguments => '{sleep}', timeout => '50 ms',
                      on_error => 'isolate', package => 'timeout');
INSERT INTO t VALUES (14);
:report;
-- The outer limit is the outer hook's failure, whatever the inner's policy,
SELECT h('nest', '50 ms', 'isolate');
SELECT hooks.register('inner', 'before', 'insert', 'inner_t', 'cb', arguments => '{sleep}', timeout => '1 min',
                      on_error => 'isolate', package => 'timeout', replace => true);
INSERT INTO t VALUES (15);
:report;
-- with an inner hook without limit,
SELECT hooks.register('inner', 'before', 'insert', 'inner_t', 'cb', arguments => '{sleep}',
                      on_error => 'isolate', package => 'timeout', replace => true);
INSERT INTO t VALUES (16);
:report;
-- and with an inner hook that catches the cancel: the outer
-- callback goes on, but does not get away.
SELECT hooks.register('inner', 'before', 'insert', 'inner_t', 'cb', arguments => '{catch}', timeout => '1 min',
                      on_error => 'isolate', package => 'timeout', replace => true);
SET client_min_messages = error;
INSERT INTO t VALUES (17);
RESET client_min_messages;
SELECT hook, sqlstate, message FROM hooks.failure WHERE hook = 'h';
DELETE FROM hooks.failure;

-- A cancel by somebody else that comes when the callback has nothing more to do is
-- not taken back with the limit, though another one ran out before.
SELECT h('sleep', '50 ms', 'isolate');
INSERT INTO t VALUES (18);
CREATE FUNCTION cancelled(r t) RETURNS t LANGUAGE sql AS 'SELECT r FROM (SELECT pg_cancel_backend(pg_backend_pid())) c';
CREATE FUNCTION ends_cancelled() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN timeout.cancelled(NEW); END';
SELECT hooks.register('h', 'before', 'insert', 't', 'ends_cancelled', timeout => '1 min', on_error => 'isolate', package => 'timeout', replace => true);
\set VERBOSITY sqlstate
INSERT INTO t VALUES (19);
\set VERBOSITY default
SELECT id FROM t;

\set SHOW_CONTEXT errors
SELECT hooks.unregister_package('timeout');
SET client_min_messages = warning;
DROP SCHEMA timeout CASCADE;
