-- One owner's callbacks, however many are busy, leave workers to others.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_share;
SET search_path = test_share;
SET client_min_messages = warning;
CREATE ROLE regress_hooks_busy LOGIN;
CREATE ROLE regress_hooks_modest LOGIN;
GRANT USAGE, CREATE ON SCHEMA test_share TO regress_hooks_busy, regress_hooks_modest;
SELECT pg_advisory_lock(5551);
SET ROLE regress_hooks_busy;
CREATE TABLE busy (id int);
CREATE FUNCTION wait(event jsonb) RETURNS void LANGUAGE sql AS 'SELECT pg_advisory_xact_lock_shared(5551)';
SELECT bool_and(hooks.register('busy_' || i, 'after_commit', 'insert', 'busy', 'wait')) FROM generate_series(1, current_setting('hooks.max_workers')::int) i;
SET ROLE regress_hooks_modest;
CREATE TABLE t (id int);
CREATE TABLE done (id int);
CREATE FUNCTION note(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO done SELECT id FROM jsonb_to_recordset(event->''new'') AS r (id int)';
SELECT hooks.register('modest', 'after_commit', 'insert', 't', 'note');
RESET ROLE;

INSERT INTO busy VALUES (1);
-- a second worker comes when the first has been busy for a while, and so on; the
-- last place is for others
DO $$ BEGIN
  FOR i IN 1..100 LOOP
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN current_setting('hooks.max_workers')::int - 2 < (SELECT count(*) FROM pg_stat_activity WHERE usename = 'regress_hooks_busy');
    PERFORM pg_sleep(0.1);
  END LOOP;
  PERFORM pg_sleep(0.5);
END $$;
SELECT count(*) FROM pg_stat_activity WHERE usename = 'regress_hooks_busy';
INSERT INTO t VALUES (1);
DO $$ BEGIN
  FOR i IN 1..100 LOOP
    EXIT WHEN EXISTS (SELECT FROM done);
    PERFORM pg_sleep(0.1);
  END LOOP;
END $$;
SELECT id FROM done;
-- all is delivered in the end
SELECT pg_advisory_unlock(5551);
SELECT hooks.flush();
SELECT count(*) FROM hooks.outbox;
SELECT count(hooks.unregister(name)) FROM hooks.registry WHERE name ~ '^(busy_.|modest)$';
DROP SCHEMA test_share CASCADE;
DROP OWNED BY regress_hooks_busy, regress_hooks_modest;
DROP ROLE regress_hooks_busy, regress_hooks_modest;
