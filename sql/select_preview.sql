-- The condition of a preview is SQL of the caller's: hooks on select are told of what it reads, and
-- may refuse it.  They are told of nothing else that a preview looks at.
\i sql/include/preload.psql
CREATE SCHEMA test_select_preview;
SET search_path = test_select_preview;
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
CREATE TABLE parent (id int PRIMARY KEY, secret text);
CREATE TABLE child (parent_id int REFERENCES parent ON DELETE CASCADE, note text);
CREATE INDEX ON child (parent_id);
INSERT INTO parent SELECT i, 's' || i FROM generate_series(1, 3) i;
INSERT INTO child SELECT i, 'n' || i FROM generate_series(1, 3) i;
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%', concat_ws(' ', event->>'phase', event->>'relation', event->>'columns', event->>'rows' || ' rows');
END $$;
SELECT hooks.register(n || p, p, 'select', ('test_select_preview.' || n)::regclass, 'tell', on_error => 'abort', package => 'test_select_preview')
  FROM unnest('{parent,child}'::text[]) n, unnest('{before,after}'::text[]) p;

SELECT relation, rows FROM hooks.preview_delete('parent');
SELECT relation, rows FROM hooks.preview_delete('parent', 'secret = ''s2''');
SELECT relation, rows FROM hooks.preview_delete('parent', 'EXISTS (SELECT FROM child c WHERE c.parent_id = id AND c.note <> ''n2'')');
SELECT relation, rows, capped FROM hooks.preview_delete('parent', 'secret > ''''', max_rows => 1);
SELECT relation, rows FROM hooks.preview_truncate('parent');

CREATE FUNCTION refuse(event jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM hooks.cancel('nobody reads it'); END $$;
CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'leaked: %', $1; RETURN true; END $$;
SELECT hooks.register('refuse', 'before', 'select', 'parent', 'refuse', priority => -1, package => 'test_select_preview');
SELECT rows FROM hooks.preview_delete('parent', 'leak(secret)');
SELECT rows FROM hooks.preview_delete('child', '(SELECT bool_and(leak(secret)) FROM parent)');
SELECT relation, rows FROM hooks.preview_delete('parent');

SELECT hooks.unregister_package('test_select_preview');
SELECT rows FROM hooks.preview_delete('parent', 'secret = ''s2''');
SET client_min_messages = warning;
DROP SCHEMA test_select_preview CASCADE;
\i sql/include/preload_end.psql
