-- Every wrong argument is an error with its own SQLSTATE and leaves nothing
-- behind.
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' => '
CREATE SCHEMA bad_input;
SET search_path = bad_input;
CREATE TABLE t (id int PRIMARY KEY, x text, g int GENERATED ALWAYS AS (id + 1) STORED);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION takes_arguments(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION returns_void() RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION returns_event_trigger() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE PROCEDURE a_procedure() LANGUAGE sql AS '';
-- Runs a command and takes it back: 'ok', or its SQLSTATE, message and detail.
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  EXECUTE command;
  RAISE EXCEPTION 'taken back';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN CASE WHEN SQLERRM = 'taken back' THEN 'ok'
              ELSE concat_ws('|', SQLSTATE, SQLERRM, nullif(detail, '')) END;
END $$;
-- hooks.register() with these arguments, and good ones for the others it needs
CREATE FUNCTION try_register(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY '{name,phase,action,relation,callback}'::text[] LOOP
    IF arguments !~ ('\m' || name || ' =>') THEN
      arguments := arguments || format(', %s => %L', name,
        jsonb '{"name": "x", "phase": "before", "action": "update", "relation": "bad_input.t", "callback": "bad_input.cb"}' ->> name);
    END IF;
  END LOOP;
  RETURN bad_input.try('SELECT hooks.register(' || arguments || ')');
END $$;

-- The condition is one boolean expression, never more.
SELECT a, split_part(try_register('condition => ' || quote_literal(a)), '|', 1) FROM unnest(ARRAY[
  '*', 'true; DROP TABLE t', 'true;', 'true) OR (true', 'ALL true', 'DISTINCT true', '', 'true FROM t', 'true AS x',
  'true x', 'true, true', 'true WHERE true', 'true UNION SELECT true', 'true INTO x', 'true LIMIT 1', 'DEFAULT', '$1',
  '1', 'old', 'old.*', '(old).*', 'old.nope', 'id > 0', 'old.id > (SELECT 1)', 'EXISTS (SELECT FROM t)',
  'count(*) > 1', 'row_number() OVER () = 1', 'generate_series(1, 2) = 1', 'nope(old.id)', 'new.ctid IS NULL',
  'new.g = 1', 'true -- a comment', 'old IS DISTINCT FROM new', 'ROW(old.*) IS NULL']) a;
SELECT a, try_register(a) FROM unnest(ARRAY[
  $$condition => 'old.id = 1', action => 'insert'$$, $$condition => 'new.id = 1', action => 'delete'$$,
  $$condition => 'new.id = 1', action => 'update, delete'$$,
  $$condition => 'old.id = 1', level => 'statement'$$, $$condition => 'true', level => 'statement'$$,
  $$condition => 'new.id = 1', phase => 'before_cascade', action => 'delete'$$,
  $$condition => 'old.id = 1', phase => 'before_cascade', action => 'truncate'$$]) a;

-- NULL where none may be
SELECT a, try_register(a || ' => NULL') FROM unnest(ARRAY['name', 'phase', 'action', 'callback', 'level', 'condition',
  'columns', 'arguments', 'on_error', 'timeout', 'max_attempts', 'priority', 'run_after', 'run_as', 'fire', 'schema',
  'package', 'description', 'replace']) a;
SELECT a, try_register(a) FROM unnest(ARRAY[$$columns => '{x,NULL}'$$, $$arguments => '{NULL}'$$, $$run_after => '{NULL}'$$]) a;
SELECT a, try('SELECT hooks.' || a) FROM unnest(ARRAY['unregister(NULL)', $$unregister('x', NULL)$$,
  'unregister_package(NULL)', 'enable(NULL)', 'disable(NULL)', $$pause(NULL, 'why')$$, $$pause('x', NULL)$$,
  'resume(NULL)', 'cancel(NULL)', 'chain(NULL)']) a;

-- no such word, no such hook
SELECT a, try_register(a) FROM unnest(ARRAY[
  $$phase => 'during'$$, $$phase => 'Before'$$, $$phase => ''$$, $$phase => 'before; DROP TABLE t'$$,
  $$action => ''$$, $$action => 'merge'$$, $$action => 'insert,'$$, $$action => 'insert; update'$$, $$level => 'table'$$,
  $$level => ''$$, $$on_error => 'ignore'$$, $$run_as => 'root'$$, $$run_as => ''$$, $$fire => 'never'$$,
  $$name => ''$$, $$name => repeat('x', 64)$$, $$name => repeat('x', 63)$$, $$name => repeat('x', 10000)$$,
  $$columns => '{{x,id},{x,id}}'$$, $$arguments => '{{a,b},{c,d}}'$$]) a;
SELECT a, try('SELECT hooks.' || a) FROM unnest(ARRAY[$$unregister('nope')$$, $$enable('')$$, $$disable('nope')$$,
  $$pause('nope', 'why')$$, $$resume('nope')$$, $$unregister('x"; DROP TABLE t')$$]) a;

-- combinations that make no sense
SELECT a, try_register(a) FROM unnest(ARRAY[
  $$action => 'drop'$$, $$action => 'drop', level => 'row'$$, $$action => 'drop, delete'$$, $$action => 'drop', phase => 'after'$$,
  $$relation => NULL, columns => '{x}'$$, $$relation => NULL, condition => 'old.id = 1'$$, $$relation => NULL, action => 'name', columns => '{x}'$$,
  $$relation => NULL, schema => 'nope'$$, $$relation => NULL, schema => 'pg_catalog'$$, $$relation => NULL, schema => 'hooks'$$,
  $$level => 'row', action => 'truncate'$$, $$level => 'row', action => 'insert, truncate'$$, $$level => 'row', action => 'write'$$,
  $$phase => 'before_cascade', level => 'row'$$, $$phase => 'before_cascade', action => 'insert'$$,
  $$phase => 'before_cascade', action => 'write'$$,
  $$action => 'name'$$, $$action => 'name', columns => '{}'$$, $$action => 'name', columns => '{x}', level => 'statement'$$,
  $$action => 'name, insert', columns => '{x}'$$, $$action => 'name', columns => '{g}'$$,
  $$columns => '{x}', action => 'insert'$$, $$columns => '{nope}'$$, $$columns => '{x,x}'$$, $$columns => '{ctid}'$$,
  $$on_error => 'retry'$$, $$max_attempts => 3$$, $$max_attempts => 0$$, $$schema => 'bad_input'$$,
  $$timeout => '0'$$, $$timeout => '-1 s'$$, $$timeout => '1 month -30 days'$$, $$timeout => '1 us'$$,
  $$timeout => '1 day'$$, $$timeout => '1 day 1 us'$$, $$timeout => '1 month'$$, $$timeout => '100000 years'$$]) a;
-- 200 is seconds, which who means milliseconds learns
SELECT a, try_register(a) FROM unnest(ARRAY[$$timeout => '60'$$, $$timeout => '200'$$, $$timeout => '200 ms'$$]) a;
-- what is on no table
SELECT a, try_register(a)
  FROM unnest(ARRAY[$$action => 'server'$$, $$phase => 'startup', action => 'session'$$]) a;
-- the hints have no such word
SELECT hooks.register('x', 'never', 'update', 't', 'cb');
SELECT hooks.register('x', 'startup', 'update', 't', 'cb');
SELECT hooks.register('x', 'before', 'upsert', 't', 'cb');
SELECT hooks.register('x', 'before', 'update', 't', 'cb', on_error => 'ignore');
SELECT hooks.register('x', 'before', 'update', 't', 'cb', on_error => 'retry');

-- what is no table to hook on
CREATE VIEW v AS SELECT 1 AS id;
CREATE MATERIALIZED VIEW m AS SELECT 1 AS id;
CREATE SEQUENCE s;
CREATE TYPE c AS (id int);
CREATE TEMP TABLE temporary (id int);
CREATE FOREIGN DATA WRAPPER bad_input_wrapper;
CREATE SERVER bad_input_server FOREIGN DATA WRAPPER bad_input_wrapper;
CREATE FOREIGN TABLE f (id int) SERVER bad_input_server;
SELECT a, try_register('relation => ' || quote_literal(a)) FROM unnest(ARRAY['v', 'm', 's', 'c', 't_pkey', 'temporary',
  'pg_class', 'pg_shdescription', 'information_schema.tables', 'information_schema.sql_features', 'hooks.registry', 'hooks.failure',
  'nope', '', '0', '1', 't; DROP TABLE t']) a;
SELECT a, left(try('SELECT * FROM hooks.chain(' || quote_literal(a) || ')'), 5) FROM unnest(ARRAY['v', 't_pkey', 'c', '1', 't']) a;

-- what is no callback
SELECT a, split_part(try_register('callback => ' || quote_literal(a)), '|', 1) FROM unnest(ARRAY['nope', 'nope.cb', '', '()', '.', 'cb.', '"cb', 'a.b.c.d',
  'cb(); DROP TABLE t', 'cb(int)', 'takes_arguments', 'takes_arguments(int)', 'returns_void', 'returns_event_trigger',
  'a_procedure', 'count', 'hooks.dispatch', 'suppress_redundant_updates_trigger', 'cb()', ' "bad_input" . "cb" ( ) ']) a;
-- a C trigger function in a place that is not made for it does not crash
SELECT hooks.register('wrong', 'before', 'insert', 't', '"RI_FKey_cascade_del"');
SELECT left(try('INSERT INTO t VALUES (1)'), 5);
SELECT hooks.unregister('wrong');

-- Cycles are refused and named, however long.
SELECT try_register($$run_after => '{nope}'$$), try_register($$run_after => '{x}'$$);
SELECT hooks.register('a', 'before', 'insert', 't', 'cb', package => 'bad_input'),
       hooks.register('b', 'after', 'insert', 't', 'cb', run_after => '{a}', package => 'bad_input'),
       hooks.register('c', 'before', 'insert', 't', 'cb', run_after => '{a,b}', package => 'bad_input');
SELECT try_register($$name => 'a', run_after => '{c}', replace => true$$);
SELECT hooks.unregister_package('bad_input');

-- Whoever passes more arguments than a trigger can have is told so, or gets them all.
CREATE FUNCTION count_arguments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% arguments', array_length(TG_ARGV, 1);
END $$;
SELECT try($$
  DO 'BEGIN
    PERFORM hooks.register(''many'', ''before'', ''insert'', ''t'', ''count_arguments'',
                           arguments => (SELECT array_agg(i::text) FROM generate_series(1, 70000) i));
    INSERT INTO t VALUES (1);
  EXCEPTION WHEN program_limit_exceeded OR too_many_arguments OR invalid_parameter_value THEN
    RAISE EXCEPTION ''70000 arguments'';
  END'$$);

-- Nothing was left behind.
SELECT count(*) FROM hooks.registry WHERE callback LIKE 'bad_input.%';
SELECT count(*) FROM pg_trigger WHERE tgrelid = 't'::regclass;

SET client_min_messages = warning;
DROP TABLE temporary;
DROP SCHEMA bad_input CASCADE;
DROP FOREIGN DATA WRAPPER bad_input_wrapper CASCADE;
