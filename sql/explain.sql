-- EXPLAIN (ANALYZE, HOOKS) shows the firings of the statement; from PostgreSQL 18 on.
SELECT current_setting('server_version_num')::int < 180000 AS skip_test \gset
\if :skip_test
\quit
\endif
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
LOAD 'hooks';
CREATE SCHEMA explained;
SET search_path = explained;
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (a int REFERENCES a ON DELETE CASCADE);
CREATE INDEX ON b (a);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(NEW, OLD); END';
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'it fails'; END $$;
CREATE FUNCTION shown(options text, statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE format('EXPLAIN (ANALYZE, HOOKS, COSTS off, SUMMARY off, BUFFERS off, %s) %s', options, statement) LOOP
    IF line ~ 'Hook' OR options ~ 'json|yaml|xml' THEN RETURN NEXT line; END IF;
  END LOOP;
END $$;
SELECT hooks.register('row', 'before', 'delete', 'a', 'cb', condition => 'OLD.id <> 2');
SELECT hooks.register('cascade', 'before_cascade', 'delete', 'a', 'cb');
SELECT hooks.register('below', 'before_cascade', 'delete', 'b', 'cb');
SELECT hooks.register('weak', 'after', 'delete', 'b', 'fails', level => 'statement', on_error => 'isolate');
SELECT hooks.register('off', 'before', 'delete', 'a', 'cb');
SELECT hooks.disable('off');
INSERT INTO a VALUES (1), (2), (3), (4), (5);
INSERT INTO b VALUES (1), (2), (3), (4), (5);

-- Those of the cascade, too: sums, and why others did not fire.
SELECT shown('TIMING off', 'DELETE FROM a WHERE id < 4');
-- All formats; the time is there with TIMING.
SELECT line::json -> 0 -> 'Hooks' -> 0 FROM (SELECT string_agg(shown, '') AS line FROM shown('TIMING off, FORMAT json', 'DELETE FROM a WHERE id = 4')) x;
SELECT min((h ->> 'Time')::numeric) >= 0 FROM (SELECT string_agg(shown, '') AS line FROM shown('FORMAT json', 'DELETE FROM a WHERE id = 5')) x,
  jsonb_array_elements(line::jsonb -> 0 -> 'Hooks') h;
INSERT INTO a VALUES (1), (2);
SELECT line LIKE '%<Hook>%<Hook-Name>cascade</Hook-Name>%' FROM (SELECT string_agg(shown, '') AS line FROM shown('FORMAT xml', 'DELETE FROM a WHERE id = 1')) x;
SELECT line LIKE '%Hook Name: "cascade"%' FROM (SELECT string_agg(shown, '') AS line FROM shown('FORMAT yaml', 'DELETE FROM a WHERE id = 2')) x;

-- The action of a hook is the same whether it fires or not.
CREATE TABLE c (id int, name text);
SELECT hooks.register('named', 'before', 'name', 'c', 'cb', columns => '{name}');
SELECT shown('TIMING off', $$INSERT INTO c VALUES (1, 'one'), (2, NULL)$$);

-- Only what the EXPLAIN runs: the next one begins anew, and nothing goes on after it.
BEGIN;
INSERT INTO a VALUES (7);
SELECT shown('TIMING off', 'SELECT 1');
SAVEPOINT s;
EXPLAIN (ANALYZE, HOOKS) SELECT 1 / (id - 7) FROM a;
ROLLBACK TO s;
DELETE FROM a;
ROLLBACK;

-- It needs ANALYZE, off is off, and a rehearsal inside is none of its business.
EXPLAIN (HOOKS) DELETE FROM a;
EXPLAIN (HOOKS, ANALYZE off) DELETE FROM a;
EXPLAIN (HOOKS maybe) DELETE FROM a;
EXPLAIN (HOOKS off, COSTS off) SELECT 1;
SELECT line::json -> 0 -> 'Hooks' IS NULL FROM (SELECT string_agg(shown, '') AS line FROM shown('HOOKS off, FORMAT json', 'DELETE FROM a')) x;
SELECT shown('TIMING off', 'SELECT * FROM hooks.rehearse(''DELETE FROM explained.a'')');
SET client_min_messages = warning;
SELECT hooks.unregister(name) FROM hooks.registry WHERE name IN ('row', 'cascade', 'below', 'weak', 'off', 'named');
DROP SCHEMA explained CASCADE;
