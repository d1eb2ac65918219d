-- TRUNCATE fires the hooks of a table in phase before, then those in
-- before_cascade, as a delete and a drop do; table by table, as PostgreSQL does.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA truncate_order;
SET search_path = truncate_order;
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int REFERENCES a);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  c hooks.context = hooks.context();
BEGIN
  RAISE NOTICE '% on %: % % %, % rows of b are there', TG_NAME, TG_TABLE_NAME, c.phase, c.action, TG_WHEN,
    (SELECT count(*) FROM truncate_order.b);
  RETURN NULL;
END $$;
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1);
SELECT hooks.register(phase || ' ' || t, phase, 'truncate', t::regclass, 'tell', package => 'truncate_order')
  FROM unnest(ARRAY['b', 'a']) t, unnest(ARRAY['after', 'before_cascade', 'before']) phase;
SELECT hooks.register('before 2', 'before', 'truncate', 'a', 'tell', run_after => '{before a}', package => 'truncate_order');
BEGIN;
TRUNCATE a CASCADE;
ROLLBACK;
-- as chain() and preview_truncate() tell
SELECT hook, phase FROM hooks.chain('a');
SELECT depth, relation, hooks FROM hooks.preview_truncate('a');
-- twice in a transaction, and of one table with only one of them
BEGIN;
TRUNCATE a, b;
SELECT hooks.unregister('before_cascade b');
TRUNCATE b;
ROLLBACK;
BEGIN;
SELECT hooks.unregister('before b');
TRUNCATE b;
ROLLBACK;

-- A trigger that does not fire takes nothing along: its hooks do not fire, the
-- others do.
BEGIN;
ALTER TABLE b DISABLE TRIGGER "Hooks_before_statement_truncate";
TRUNCATE b;
ROLLBACK;
BEGIN;
ALTER TABLE b DISABLE TRIGGER "Hooks_before_cascade_truncate";
TRUNCATE b;
ROLLBACK;
BEGIN;
ALTER TABLE b ENABLE REPLICA TRIGGER "Hooks_before_cascade_truncate";
TRUNCATE b;
ROLLBACK;
BEGIN;
SELECT hooks.register('always', 'before', 'truncate', 'b', 'tell', fire => 'always', package => 'truncate_order');
SET LOCAL session_replication_role = replica;
TRUNCATE b;
ROLLBACK;
-- nor does one that only has the name
BEGIN;
DROP TRIGGER "Hooks_before_cascade_truncate" ON b;
CREATE TRIGGER "Hooks_before_cascade_truncate" BEFORE TRUNCATE ON b EXECUTE FUNCTION tell();
TRUNCATE b;
ROLLBACK;
BEGIN;
DROP TRIGGER "Hooks_before_cascade_truncate" ON b;
CREATE TRIGGER "Hooks_before_cascade_truncate" BEFORE TRUNCATE ON b WHEN (false) EXECUTE FUNCTION hooks.dispatch();
TRUNCATE b;
ROLLBACK;

-- The veto of phase before is heard first; one that is isolated changes nothing.
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hooks.cancel('no');
END $$;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'fails';
END $$;
\set SHOW_CONTEXT never
SELECT hooks.register('before a', 'before', 'truncate', 'a', 'veto', package => 'truncate_order', replace => true);
TRUNCATE a CASCADE;
SELECT hooks.register('before a', 'before', 'truncate', 'a', 'fail', on_error => 'isolate', package => 'truncate_order', replace => true);
BEGIN;
TRUNCATE a CASCADE;
ROLLBACK;
SELECT hooks.unregister_package('truncate_order');

-- Wide hooks and partitions: once for the tree, phase by phase.
CREATE TABLE parts (id int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parts FOR VALUES IN (1);
SELECT hooks.register('wide ' || phase, phase, 'truncate', NULL, 'tell', schema => 'truncate_order', package => 'truncate_order')
  FROM unnest(ARRAY['before_cascade', 'before']) phase;
SELECT hooks.register('on part', 'before_cascade', 'truncate', 'part', 'tell', package => 'truncate_order');
BEGIN;
TRUNCATE parts;
TRUNCATE part;
ROLLBACK;
SELECT relation, hooks FROM hooks.preview_truncate('parts');
SELECT relation, hooks FROM hooks.preview_truncate('part');

-- The hooks of a partition fire after those of its table, and so do those of a
-- child that inherits.  At the commit all are in their own order.
CREATE TABLE base (id int);
CREATE TABLE derived () INHERITS (base);
CREATE FUNCTION at_commit(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%', event->>'hook';
END $$;
SELECT hooks.unregister_package('truncate_order');
SELECT hooks.register(phase || ' ' || t, phase, 'truncate', t::regclass, 'tell', on_error => 'abort', package => 'truncate_order')
  FROM unnest(ARRAY['parts', 'part', 'base', 'derived']) t, unnest(ARRAY['after', 'before_cascade', 'before']) phase;
SELECT hooks.register('commit ' || t, 'before_commit', 'truncate', t::regclass, 'at_commit', package => 'truncate_order')
  FROM unnest(ARRAY['part', 'parts']) t;
TRUNCATE parts;
SELECT relation, hooks FROM hooks.preview_truncate('parts');
SELECT relation, hooks FROM hooks.preview_truncate('part');
BEGIN;
TRUNCATE base;
ROLLBACK;
SELECT relation, hooks FROM hooks.preview_truncate('base');

SET client_min_messages = warning;
SELECT hooks.unregister_package('truncate_order');
DROP SCHEMA truncate_order CASCADE;
