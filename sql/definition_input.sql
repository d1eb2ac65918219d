-- A definition that a superuser writes by hand is read with care: what register()
-- would not have made is damage of that hook, told of, and nothing else.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE SCHEMA def_input;
SET search_path = def_input;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: %', TG_NAME, TG_OP;
  RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION of_event(jsonb) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '%', $1->>'hook'; END$$;
CREATE FUNCTION numbered(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION of_default(int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE t (id int, val int);
CREATE TABLE u (id int, val int);
INSERT INTO t VALUES (0, 0);
-- a trigger for each event that the bodies are of
SELECT hooks.register('events', 'before', 'write', 't', 'tell', condition => 'false', package => 'def_input', level => 'row'),
       hooks.register('cascade', 'before_cascade', 'delete', 't', 'tell', condition => 'false', package => 'def_input');
CREATE FUNCTION try(what text, phase text DEFAULT 'before', action text DEFAULT 'insert', level text DEFAULT 'row',
                    callback text DEFAULT 'def_input.tell()', more text DEFAULT '', tail text DEFAULT 'FROM def_input.t old, def_input.t new',
                    path text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $f$
BEGIN
  SET LOCAL client_min_messages = error;
  EXECUTE format($$CREATE OR REPLACE FUNCTION hooks_definition.bad() RETURNS record LANGUAGE sql BEGIN ATOMIC
    SELECT %L::text AS phase, %L::text AS action, (%s IS NULL) AS callback, %L::text AS level, 'isolate'::text AS on_error,
           'owner'::text AS run_as, 'origin'::text AS fire, %L::text AS search_path %s %s; END$$,
    phase, action, callback, level, path, more, tail);
  RESET client_min_messages;
  RAISE NOTICE '--- %', what;
  INSERT INTO t VALUES (1, 1);
  UPDATE t SET val = 2 WHERE id = 1;
  DELETE FROM t WHERE id = 1;
  RETURN (SELECT string_agg(hook, ' ') FROM hooks.chain('t') WHERE hook = 'bad');
END $f$;

SELECT try('as register() has it');
SELECT try('no such phase', phase => 'sometimes');
SELECT try('a phase of no table', phase => 'startup', level => 'statement');
SELECT try('an action of another phase', action => 'server');
SELECT try('no action', action => '');
SELECT try('no such level', level => 'table');
SELECT try('an action without that level', action => 'truncate');
SELECT try('a phase without that level', phase => 'before_cascade', action => 'delete');
SELECT try('two shapes of callbacks', action => 'drop, delete', level => 'statement', callback => 'def_input.of_event(NULL::jsonb)');
SELECT try('naming and more', action => 'name, delete', more => ', ROW(new.id) AS columns');
SELECT try('naming without a name', action => 'name');
SELECT try('columns of an insert', more => ', ROW(new.id) AS columns');
SELECT try('columns that are none', action => 'update', more => ', ROW(new.id + 1) AS columns');
SELECT try('columns as a row', action => 'update', more => ', ROW(new) AS columns');
SELECT try('a callback of another shape', callback => 'def_input.of_event(NULL::jsonb)');
SELECT try('a callback that is no trigger function', callback => 'pg_catalog.now()');
SELECT try('a callback with a default', callback => 'def_input.of_default()');
SELECT try('a callback with an argument', callback => 'def_input.numbered(1)');
SELECT try('the dispatcher as callback', callback => 'hooks.dispatch()');
SELECT try('a callback that is none', callback => '1');
SELECT try('a row that is not there', more => ', (old.id > 0) AS condition');
SELECT try('a row that is not there', action => 'delete', more => ', (new.id > 0) AS condition');
SELECT try('rows without rows', action => 'insert, update', level => 'statement', more => ', (new IS NULL) AS condition');
SELECT try('a subselect', more => ', EXISTS (SELECT FROM def_input.u) AS condition');
SELECT try('an aggregate', more => ', (count(*) > 0) AS condition');
SELECT try('a window function', more => ', (row_number() OVER () > 0) AS condition');
SELECT try('a set', more => ', (generate_series(1, 2) > 0) AS condition');
SELECT try('groups', more => ', true AS condition', tail => 'FROM def_input.t old, def_input.t new GROUP BY ()');
SELECT try('no condition', more => ', 1 AS condition');
SELECT try('of no table', more => ', (1 = 1) AS condition', tail => 'FROM generate_series(1, 2) old, def_input.t new');
SELECT try('of two tables', tail => 'FROM def_input.t old, def_input.u new');
SELECT try('of one row', tail => 'FROM def_input.t new');
SELECT try('of three rows', tail => 'FROM def_input.t old, def_input.t new, def_input.t other');
SELECT try('the other way round', more => ', (new.id > 0) AS condition', tail => 'FROM def_input.t new, def_input.t old');
SELECT try('a join', tail => 'FROM def_input.t old JOIN def_input.t new ON true');
SELECT try('a table and a schema', more => $$, 'def_input'::regnamespace AS schema$$);
SELECT try('no such search_path', path => 'a,,b');
SELECT try('not a number', more => $$, '1'::text AS priority$$);
SELECT try('NULL', more => ', NULL::int AS priority');
SELECT try('not a list', more => $$, '{a,NULL}'::text[] AS arguments$$);
-- words that are not known are left alone
SELECT try('more than is read', more => ', now() AS unknown, 1 AS unknown');

-- A function of another kind, or with arguments, is no definition.
CREATE FUNCTION hooks_definition.bad(int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT $1; END;
CREATE PROCEDURE hooks_definition.worse() LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
CREATE AGGREGATE hooks_definition.sum(int) (SFUNC = int4pl, STYPE = int);
INSERT INTO t VALUES (2, 2);
SELECT hooks.repair();
DROP FUNCTION hooks_definition.bad(int);
DROP PROCEDURE hooks_definition.worse();
DROP AGGREGATE hooks_definition.sum(int);
SELECT hooks.unregister('bad'), hooks.unregister_package('def_input');
SELECT hooks.repair();

SET client_min_messages = warning;
DROP SCHEMA def_input CASCADE;
