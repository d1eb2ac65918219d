-- Hooks with activation => 'opt_in' fire in sessions only that name them in hooks.opt_in.
\set VERBOSITY terse
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE c (id int REFERENCES t ON DELETE CASCADE);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% % %', TG_NAME, TG_WHEN, TG_OP;
  RETURN coalesce(NEW, OLD);
END $$;
SELECT hooks.register('all', 'before', 'insert', 't', 'tell'),
       hooks.register('Mine', 'before', 'insert, update, delete', 't', 'tell', activation => 'opt_in'),
       hooks.register('cascade', 'before_cascade', 'delete', 't', 'tell', activation => 'opt_in'),
       hooks.register('late', 'after', 'insert', 't', 'tell', level => 'statement', activation => 'opt_in');
SELECT hook, activation FROM hooks.chain('t') ORDER BY phase, hook, action;
SELECT name, activation FROM hooks.registry ORDER BY hook_id;

-- Nothing but the others fires in a session that does not name them; previews tell the same.
INSERT INTO t VALUES (1);
DELETE FROM t;
SELECT hooks FROM hooks.preview_delete('t') WHERE depth = 0;

-- Names are written as identifiers are; what names no hook is nothing.
SET hooks.opt_in = 'mine, no_such';
INSERT INTO t VALUES (1);
SET hooks.opt_in = '"Mine", cascade';
INSERT INTO t VALUES (2);
SELECT hooks FROM hooks.preview_delete('t') WHERE depth = 0;
DELETE FROM t;
SET hooks.opt_in = 'late';
INSERT INTO t VALUES (1);

-- The parameter is in force from the next statement on, as any other.
BEGIN;
SET LOCAL hooks.opt_in = '"Mine"';
UPDATE t SET id = 2;
ROLLBACK;
RESET hooks.opt_in;
UPDATE t SET id = 2;

-- A hook that was not opted in is no bypass.
SELECT hook, bypassed FROM hooks.stats WHERE bypassed > 0;

-- It is part of what a hook is: same, script(), replace.
SELECT hooks.register('late', 'after', 'insert', 't', 'tell', level => 'statement', activation => 'opt_in');
SELECT hooks.register('late', 'after', 'insert', 't', 'tell', level => 'statement');
SELECT s FROM hooks.script() s WHERE s ~ 'late';
SELECT hooks.register('late', 'after', 'insert', 't', 'tell', level => 'statement', replace => true);
INSERT INTO t VALUES (3);

-- Bad input
SELECT hooks.register('bad', 'after', 'insert', 't', 'tell', activation => 'sometimes');
SELECT hooks.register('bad', 'after', 'insert', 't', 'tell', activation => NULL);
SET hooks.opt_in = 'a,,b';
SELECT set_config('hooks.opt_in', repeat('x', 8193), false);

SET client_min_messages = warning;
DROP TABLE t, c;
DROP FUNCTION tell;
