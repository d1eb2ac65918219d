-- Hooks on restore are told of the rows that hooks.restore() puts back, of each table:
-- before the first of all is back, and when all are.  Nothing need be preloaded.
CREATE SCHEMA test_restore_hooks;
SET search_path = test_restore_hooks;
\pset format unaligned
\pset tuples_only on
CREATE TABLE parent (id int PRIMARY KEY, v text, d int GENERATED ALWAYS AS (id * 2) STORED, "at" timestamptz);
CREATE TABLE child (id int, parent_id int REFERENCES parent ON DELETE CASCADE);
CREATE TABLE other (id int, parent_id int REFERENCES parent ON DELETE SET NULL);
CREATE INDEX ON child (parent_id);
CREATE INDEX ON other (parent_id);
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE c hooks.context := hooks.context();
BEGIN
  ASSERT c.action = 'restore' AND c.root_action = 'restore' AND c.caller = event->>'caller' AND NOT event ? 'sent_by';
  RAISE NOTICE '%', concat_ws(' ', event->>'phase', event->>'action', event->>'relation', event->>'relation_kind', event->>'columns',
                              event->>'rows', event->>'new', '| there are', (SELECT count(*) FROM parent), (SELECT count(*) FROM child));
END $$;
CREATE FUNCTION tell_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% % %', TG_NAME, TG_OP, NEW; RETURN NEW; END $$;
SELECT hooks.register('keep', 'before_cascade', 'delete', 'parent', 'hooks.keep', package => 'test_restore_hooks');
SELECT hooks.register(concat_ws(' ', p, n), p, 'restore', ('test_restore_hooks.' || n)::regclass, 'tell', on_error => 'abort', package => 'test_restore_hooks')
  FROM unnest('{parent,child,other}'::text[]) n, unnest('{before,after}'::text[]) p;
SELECT hooks.register('row', 'after', 'insert', 'child', 'tell_row', on_error => 'abort', package => 'test_restore_hooks');
SET client_min_messages = warning;
INSERT INTO parent VALUES (1, 'a', DEFAULT, '2020-01-01 12:00+00'), (2, E'b"\n', DEFAULT, 'infinity'), (3, 'c', DEFAULT, NULL);
INSERT INTO child VALUES (10, 1), (20, 2);
INSERT INTO other VALUES (100, 1);
SET client_min_messages = notice;
DELETE FROM parent WHERE id < 3;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT * FROM other;

-- Formats of one table in one event
BEGIN;
DELETE FROM parent WHERE id = 1;
ALTER TABLE child ADD more text DEFAULT 'more';
DELETE FROM parent WHERE id = 2;
SELECT pg_current_xact_id() AS xid \gset
COMMIT;
SELECT hooks.restore_transaction(:'xid');

-- A veto, and all is as before; triggers => 'skip' leaves hooks out
CREATE FUNCTION refuse(event jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM hooks.cancel('not ' || (event->'new'->0->>'id')); END $$;
SELECT hooks.register('refuse', 'before', 'restore', 'child', 'refuse', on_error => 'isolate', package => 'test_restore_hooks');
DELETE FROM parent WHERE id = 1;
\set VERBOSITY terse
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
\set VERBOSITY default
SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept;
SELECT hooks.unregister('refuse');

-- A failure after it: isolated, or nothing is put back
CREATE FUNCTION fail(event jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'failed'; END $$;
SELECT hooks.register('fail_restore', 'after', 'restore', 'child', 'fail', package => 'test_restore_hooks');
DELETE FROM parent WHERE id = 1;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT hooks.register('fail_restore', 'after', 'restore', 'child', 'fail', on_error => 'abort', replace => true, package => 'test_restore_hooks');
DELETE FROM parent WHERE id = 1;
\set VERBOSITY terse
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
\set VERBOSITY default
SELECT count(*) FROM parent;

-- What a trigger sets for the session stays set
CREATE FUNCTION sets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('test_restore_hooks.last', NEW.id::text, false);
  RETURN NEW;
END $$;
CREATE TRIGGER sets BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION sets();
SELECT hooks.register('fail_restore', 'after', 'restore', 'child', 'fail', replace => true, package => 'test_restore_hooks');
DELETE FROM parent WHERE id = 2;
SET client_min_messages = error;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
RESET client_min_messages;
SHOW test_restore_hooks.last;
DROP TRIGGER sets ON parent;

-- A hook that is told when all are back, alone: of each row with its own values
SELECT hooks.unregister_package('test_restore_hooks');
CREATE TABLE kin (id int REFERENCES parent ON DELETE CASCADE, n numeric, j jsonb);
INSERT INTO kin SELECT 3, repeat(i::text, 600)::numeric, jsonb_build_object('k', repeat(i::text, 300)) FROM generate_series(1, 4) i;
CREATE TABLE told (n text, k text, as_if_read boolean);
CREATE FUNCTION tell_values(event jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO told SELECT left(r->>'n', 3), left(r->'j'->>'k', 3), pg_column_size(event) = pg_column_size(event::text::jsonb)
    FROM jsonb_array_elements(event->'new') r
$$;
SET client_min_messages = warning;
SELECT hooks.register('keep', 'before_cascade', 'delete', 'parent', 'hooks.keep', package => 'test_restore_hooks'),
       hooks.register('values', 'after', 'restore', 'kin', 'tell_values', on_error => 'abort', package => 'test_restore_hooks');
RESET client_min_messages;
DELETE FROM parent WHERE id = 3;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT * FROM told ORDER BY n;

-- Rows of foreign tables are never kept
CREATE FOREIGN DATA WRAPPER test_restore_hooks;
CREATE SERVER test_restore_hooks FOREIGN DATA WRAPPER test_restore_hooks;
CREATE FOREIGN TABLE away (id int) SERVER test_restore_hooks;
SELECT hooks.register('away', 'after', 'restore', 'away', 'tell');

SELECT hooks.unregister_package('test_restore_hooks');
DELETE FROM hooks.kept WHERE relation = 'parent'::regclass;
SET client_min_messages = warning;
DROP SCHEMA test_restore_hooks CASCADE;
DROP FOREIGN DATA WRAPPER test_restore_hooks CASCADE;
