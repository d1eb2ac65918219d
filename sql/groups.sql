-- A group stands for its actions, and leaves out those that it cannot mean at a phase or
-- level, on a kind of relation, or with a callback of the other shape.
\i sql/include/preload.psql
CREATE SCHEMA test_groups;
SET search_path = test_groups;
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION of_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%', concat_ws(' ', TG_NAME, (hooks.context()).action, TG_OP, TG_LEVEL, OLD, '=>', NEW);
  RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION of_event(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%', concat_ws(' ', event->>'hook', event->>'action', event->>'relation');
END $$;
CREATE FUNCTION of_both() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(NEW, OLD); END';
CREATE FUNCTION of_both(event jsonb) RETURNS void LANGUAGE sql AS 'SELECT';
CREATE TABLE t (id int PRIMARY KEY, slug text, v int);
CREATE VIEW v AS SELECT * FROM t;
CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
-- what the registry has of a registration, or the error
CREATE FUNCTION try(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
  detail text;
BEGIN
  EXECUTE 'SELECT hooks.register(''x'', ' || arguments || ')';
  SELECT concat_ws(' ', phase, action, level, on_error) INTO result FROM hooks.registry WHERE name = 'x';
  PERFORM hooks.unregister('x');
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws('|', SQLSTATE, SQLERRM, nullif(detail, ''));
END $$;
CREATE FUNCTION try_all() RETURNS SETOF text LANGUAGE sql AS $$
SELECT a || ': ' || try(a) FROM unnest(ARRAY[
  $q$'before', 'all', 't', 'of_row'$q$, $q$'before', 'full', 't', 'of_row', level => 'statement'$q$, $q$'after', 'all', 't', 'of_row'$q$,
  $q$'before', 'all', 't', 'of_row', columns => '{v}'$q$, $q$'before_cascade', 'all', 't', 'of_row'$q$, $q$'before_cascade', 'write', 't', 'of_row'$q$,
  $q$'before_cascade', 'all', 't', 'of_event'$q$, $q$'after', 'write', 't', 'of_event'$q$,
  $q$'before', 'all', 't', 'of_event'$q$, $q$'after', 'full', 't', 'of_event'$q$, $q$'before', 'all', 't', 'of_event', level => 'row'$q$,
  $q$'before', 'all', 't', 'of_both'$q$, $q$'before', 'all', 't', 'of_both()'$q$, $q$'before', 'all', 't', 'of_both(jsonb)'$q$, $q$'before', 'all', 't', 'nothing'$q$,
  $q$'before_commit', 'all', 't', 'of_event'$q$, $q$'after_commit', 'lifecycle', 't', 'of_event'$q$, $q$'before_commit', 'read', 't', 'of_event'$q$,
  $q$'before', 'read', 't', 'of_event'$q$, $q$'after', 'read', 't', 'of_event'$q$, $q$'before', 'read', 't', 'of_event', level => 'row'$q$,
  $q$'before', 'read', 't', 'of_row'$q$, $q$'before', 'read, drop', 't', 'of_event'$q$, $q$'before', 'read, insert', 't', 'of_row'$q$,
  $q$'before', 'all, drop', 't', 'of_event'$q$, $q$'before', 'all, insert', 't', 'of_event'$q$,
  $q$'before', 'lifecycle', 't', 'of_row'$q$, $q$'after', 'lifecycle', 't', 'of_row', level => 'statement'$q$, $q$'after', 'lifecycle', 't', 'of_row', columns => '{slug}'$q$,
  $q$'before', 'lifecycle', 't', 'of_event'$q$, $q$'after', 'lifecycle', 't', 'of_event'$q$, $q$'before_cascade', 'lifecycle', 't', 'of_row'$q$,
  $q$'before', 'lifecycle', 't', 'of_row', columns => '{slug}', level => 'statement'$q$, $q$'before_commit', 'lifecycle', 't', 'of_event', columns => '{slug}'$q$,
  $q$'before_cascade', 'lifecycle', 't', 'of_row', columns => '{slug}'$q$, $q$'before_closure', 'lifecycle', 't', 'of_row', columns => '{slug}'$q$,
  $q$'before', 'name, insert', 't', 'of_row', columns => '{slug}'$q$, $q$'before', 'name, lifecycle', 't', 'of_row', columns => '{slug}'$q$,
  $q$'before', 'all', 'v', 'of_event'$q$, $q$'before', 'read', 'v', 'of_event'$q$, $q$'before', 'read', 'm', 'of_event'$q$, $q$'before', 'all', 'v', 'of_row'$q$,
  $q$'before', 'select, insert', 'v', 'of_event'$q$, $q$'after', 'lifecycle', 'v', 'of_event'$q$, $q$'before', 'write', 'v', 'of_row'$q$]) a
$$;
SELECT * FROM try_all();

-- A lifecycle, with the moment of naming beside the insert
SELECT hooks.register('life', 'after', 'lifecycle', 't', 'of_row', columns => '{slug}', on_error => 'abort'),
       hooks.register('end', 'before', 'lifecycle', 't', 'of_event');
SELECT phase, action, level, position, hook, columns FROM hooks.chain('t');
SELECT action, columns FROM hooks.registry WHERE name = 'life';
INSERT INTO t VALUES (1, NULL), (2, 'two');
UPDATE t SET v = 1;
UPDATE t SET slug = 'one' WHERE id = 1;
UPDATE t SET slug = 'uno' WHERE id = 1;
DELETE FROM t WHERE id = 1;
TRUNCATE t;
SELECT * FROM hooks.script();
SELECT hooks.register('life', 'after', 'lifecycle', 't', 'of_row', columns => '{slug}', on_error => 'abort');
DROP MATERIALIZED VIEW m;
SELECT hooks.unregister('life');

-- Drop together with others
SELECT hooks.register('end', 'before', 'full', 't', 'of_event', replace => true);
SELECT count(*) FROM v;
DROP TABLE t CASCADE;

-- A wide hook on reads is for views as well
CREATE TABLE t (id int);
CREATE VIEW v AS SELECT * FROM t;
SELECT hooks.register('wide', 'before', 'read', NULL, 'of_event', schema => 'test_groups');
SELECT count(*) FROM v;
CREATE VIEW w AS SELECT * FROM v;
SELECT count(*) FROM w;
SELECT hooks.unregister('wide');
SET client_min_messages = warning;
DROP SCHEMA test_groups CASCADE;
\i sql/include/preload_end.psql
