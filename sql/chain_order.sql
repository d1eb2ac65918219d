-- The hooks of a chain fire by run_after, then priority, then registration;
-- after phases in the reverse.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_order;
SET search_path = test_order;

CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % %: %', TG_WHEN, TG_LEVEL, TG_OP, TG_NAME;
    RETURN coalesce(NEW, OLD);
END $$;

-- One hook of each kind, registered in another order than they shall fire in.
-- run_after wins over priority: "late" has the lowest, but follows "first".
SELECT hooks.register('z', 'before', 'insert', 't', 'tell', package => 'order');
SELECT hooks.register('a', 'before', 'insert', 't', 'tell', package => 'order');
SELECT hooks.register('last', 'before', 'insert', 't', 'tell', priority => 10, package => 'order');
SELECT hooks.register('first', 'before', 'insert', 't', 'tell', priority => -10, package => 'order');
SELECT hooks.register('late', 'before', 'insert', 't', 'tell', priority => -20, run_after => '{first}', package => 'order');
SELECT hooks.register('m', 'before', 'insert', 't', 'tell', package => 'order');
INSERT INTO t VALUES (1);

-- Phase after unwinds: the exact reverse.
SELECT count(hooks.register('after ' || name, 'after', 'insert', 't', 'tell', priority => priority,
                            run_after => (SELECT coalesce(array_agg('after ' || r), '{}') FROM unnest(run_after) r),
                            package => 'order'))
  FROM (SELECT * FROM hooks.registry WHERE package = 'order' ORDER BY hook_id) r;
SELECT count(hooks.unregister(name)) FROM hooks.registry WHERE package = 'order' AND phase = 'before';
INSERT INTO t VALUES (2);

-- hooks.chain() tells the same order.
SELECT phase, action, level, position, hook FROM hooks.chain('t') ORDER BY phase, position;
SELECT hooks.unregister_package('order');

-- All phases of one statement.  The numbers in the names are the order of the
-- firings; registration goes the other way.
CREATE TABLE u (id int REFERENCES t ON DELETE CASCADE);
INSERT INTO u VALUES (2);
SELECT hooks.register('9 after statement', 'after', 'delete', 't', 'tell', level => 'statement', package => 'order');
SELECT hooks.register('6 cascaded row', 'before', 'delete', 'u', 'tell', package => 'order');
SELECT hooks.register('5 second', 'before_cascade', 'delete', 't', 'tell', priority => 2, package => 'order');
SELECT hooks.register('4 first', 'before_cascade', 'delete', 't', 'tell', priority => 1, package => 'order');
SELECT hooks.register('3 row again', 'before', 'delete', 't', 'tell', priority => 1, package => 'order');
SELECT hooks.register('2 row', 'before', 'delete', 't', 'tell', package => 'order');
SELECT hooks.register('1 statement', 'before', 'delete', 't', 'tell', level => 'statement', package => 'order');
SELECT hooks.register('8 row', 'after', 'delete', 't', 'tell', package => 'order');
SELECT hooks.register('7 row later', 'after', 'delete', 't', 'tell', priority => 1, package => 'order');
DELETE FROM t WHERE id = 2;

-- One row at a time goes through its whole chain.
INSERT INTO t VALUES (3), (4);
SELECT count(hooks.unregister(name)) FROM hooks.registry
 WHERE package = 'order' AND name NOT IN ('2 row', '3 row again');
DELETE FROM t WHERE id > 2;

-- Without a hook that is disabled or paused the others keep their order.
SELECT hooks.unregister_package('order');
SELECT hooks.register('c', 'before', 'insert', 't', 'tell', package => 'order');
SELECT hooks.register('b', 'before', 'insert', 't', 'tell', run_after => '{c}', package => 'order');
SELECT hooks.register('a', 'before', 'insert', 't', 'tell', run_after => '{b}', priority => -1, package => 'order');
INSERT INTO t VALUES (5);
SELECT hooks.disable('c');
INSERT INTO t VALUES (6);
SELECT hooks.enable('c');
BEGIN;
SELECT hooks.pause('a', 'a test');
INSERT INTO t VALUES (8);
COMMIT;

-- run_after may name a hook of another table or phase, which is in no chain of
-- this one: nothing to wait for.
SELECT hooks.register('d', 'before', 'insert', 'u', 'tell', priority => -9, run_after => '{a}', package => 'order');
SELECT hooks.register('e', 'before', 'insert', 'u', 'tell', priority => -8, package => 'order');
INSERT INTO u VALUES (1);

-- A cycle is refused, with all of its links; nothing was changed.
SELECT hooks.register('c', 'before', 'insert', 't', 'tell', run_after => '{a}', package => 'order', replace => true);
SELECT hooks.register('c', 'before', 'insert', 't', 'tell', run_after => '{c}', package => 'order', replace => true);
SELECT hooks.register('f', 'before', 'insert', 't', 'tell', run_after => '{g}', package => 'order');
INSERT INTO t VALUES (7);

SELECT hooks.unregister_package('order');
SET client_min_messages = warning;
DROP SCHEMA test_order CASCADE;
