-- What hooks.register() takes for phase after_commit, and what it refuses.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_ac_register;
SET search_path = test_ac_register;
CREATE TABLE t (id int PRIMARY KEY, name text, secret text);
CREATE FUNCTION cb(event jsonb) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION trigger_cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION try(arguments text, callback text DEFAULT 'cb') RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
  EXECUTE format('SELECT hooks.register(name => ''acr_try'', relation => ''t'', callback => %L, phase => ''after_commit'', %s)',
                 callback, arguments);
  PERFORM hooks.unregister('acr_try');
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws('|', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
SELECT a, '=>', try(a) FROM unnest(ARRAY[
  $$action => 'insert'$$, $$action => 'write'$$, $$action => 'name', columns => '{name}'$$,
  $$action => 'insert', on_error => 'quarantine'$$, $$action => 'insert', on_error => 'isolate'$$,
  $$action => 'insert', max_attempts => 3, timeout => '1 s'$$, $$action => 'insert, delete', payload => '{id,name}'$$,
  $$action => 'update', condition => 'old.id <> new.id', columns => '{id}'$$, $$action => 'insert', payload => '{}'$$,
  $$action => 'truncate', condition => 'current_date > ''2000-01-01'''$$, $$action => 'insert', activation => 'always'$$, $$action => 'insert', activation => 'opt_in'$$]) a;
SELECT a, '=>', try(a) FROM unnest(ARRAY[
  $$action => 'insert', level => 'row'$$, $$action => 'insert', level => 'statement'$$, $$action => 'drop'$$, $$action => 'name'$$,
  $$action => 'name, insert', columns => '{name}'$$, $$action => 'insert', columns => '{name}'$$,
  $$action => 'insert', on_error => 'abort'$$, $$action => 'insert', run_as => 'invoker'$$,
  $$action => 'insert', max_attempts => 0$$, $$action => 'insert', max_attempts => -1$$,
  $$action => 'insert', max_attempts => 3, on_error => 'isolate'$$,
  $$action => 'insert', payload => '{id,nope}'$$, $$action => 'insert', payload => '{id,id}'$$, $$action => 'insert', payload => '{ctid}'$$,
  $$action => 'insert', payload => '{{id},{name}}'$$, $$action => 'insert', payload => '{id,NULL}'$$,
  $$action => 'insert', activation => 'never'$$, $$action => 'insert', activation => NULL$$,
  $$action => 'insert', condition => 'old.id = 1'$$, $$action => 'delete', condition => 'new.id = 1'$$,
  $$action => 'insert, update', condition => 'old.id = 1'$$, $$action => 'write', condition => 'new.id = 1'$$,
  $$action => 'truncate', condition => 'new.id = 1'$$]) a;
SELECT try($$action => 'insert'$$, 'trigger_cb');
SELECT hooks.register('acr_x', 'after', 'insert', 't', 'trigger_cb', payload => '{id}');
SELECT hooks.register('acr_x', 'after', 'insert', 't', 'trigger_cb', max_attempts => 2);
SELECT hooks.register('acr_x', 'after', 'insert', 't', 'trigger_cb', on_error => 'retry');
SELECT hooks.register('acr_x', 'after_commit', 'insert', NULL, 'cb', payload => '{id}', schema => 'test_ac_register');

-- the registry, the script and the definition say the same
SELECT hooks.register('acr', 'after_commit', 'insert, update', 't', 'cb', payload => '{id,name}', max_attempts => 4, timeout => '2 s');
SELECT phase, action, level, on_error, max_attempts, timeout, payload FROM hooks.registry WHERE name = 'acr';
SELECT hooks.register('acr', 'after_commit', 'insert, update', 't', 'cb', payload => '{id,name}', max_attempts => 4, timeout => '2 s');
SELECT hooks.register('acr', 'after_commit', 'insert, update', 't', 'cb', payload => '{id}', max_attempts => 4, timeout => '2 s');
SELECT hooks.script();
SELECT phase, action, level, "position", hook, on_error FROM hooks.chain('t');

-- a callback with its argument list, with any white space in it
BEGIN;
SELECT hooks.register('acr_list', 'after_commit', 'insert', 't', E' test_ac_register . cb ( \tjsonb\n ) ');
ROLLBACK;

-- the columns of the payload are the table's, whatever they are called
ALTER TABLE t RENAME COLUMN name TO title;
SELECT payload FROM hooks.registry WHERE name = 'acr';
ALTER TABLE t DROP COLUMN title;
ALTER TABLE t DROP COLUMN secret;
\set VERBOSITY terse
ALTER TABLE t ALTER COLUMN title TYPE varchar;
\set VERBOSITY default
DROP FUNCTION cb(jsonb);

-- a definition that somebody wrote cannot have what register() refuses
SELECT hooks.unregister('acr');
CREATE FUNCTION hooks_definition.acr_hand() RETURNS record LANGUAGE sql BEGIN ATOMIC
  SELECT 'after_commit' AS phase, 'insert' AS action, cb(NULL::jsonb) IS NULL AS callback, 'abort' AS on_error,
         'owner' AS run_as, 'origin' AS fire, '' AS search_path FROM t old, t new WHERE hooks.definition();
END;
SELECT name, relation FROM hooks.registry WHERE name = 'acr_hand';
DROP FUNCTION hooks_definition.acr_hand();

SET client_min_messages = warning;
DROP SCHEMA test_ac_register CASCADE;
