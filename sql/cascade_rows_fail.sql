-- The rows that a before_cascade hook is given are made for that hook: where
-- they cannot be made it is one error, with the hook's name, and everything goes
-- on as after any error.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
CREATE SCHEMA rows_fail;
SET search_path = rows_fail;
DELETE FROM hooks.failure;
CREATE TABLE parents (id int PRIMARY KEY, memo text);
CREATE TABLE children (id int REFERENCES parents ON DELETE CASCADE);
CREATE TABLE effects (line text);
INSERT INTO parents SELECT g, repeat('x', 200) FROM generate_series(1, 20000) g;
INSERT INTO children SELECT id FROM parents WHERE id % 1000 = 0;
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rows_fail.effects SELECT format('%s: %s rows, %s below', TG_NAME, count(o), count(c))
    FROM old_table o LEFT JOIN rows_fail.children c USING (id);
  RETURN NULL;
END $$;
-- true up to a row, where it fails
CREATE FUNCTION until(id int, last int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RETURN 1 / (id - last) IS NOT NULL;
END $$;
-- Runs a command; its error with the hook that it is told of, or what the callbacks
-- have done.  Then all is as before, and works.
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
  context text;
BEGIN
  BEGIN
    EXECUTE command;
    RAISE EXCEPTION USING errcode = 'TRIED', message = (SELECT coalesce(string_agg(line, '; ' ORDER BY line), 'nothing') FROM rows_fail.effects);
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    result := concat_ws(' ', nullif(SQLSTATE, 'TRIED'), replace(SQLERRM, '"', ''), substring(context FROM 'hook "[^"]+"'));
  END;
  RETURN result;
END $$;
SET work_mem = '64kB';

-- No room for them: an error of the statement, under each policy; with a
-- condition as without one, for hooks.keep, and for the second hook as for the first.
CREATE FUNCTION short_of_files(VARIADIC names text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('temp_file_limit', '1MB', true);
  RETURN NEXT rows_fail.try('DELETE FROM rows_fail.parents');
  PERFORM set_config('temp_file_limit', '-1', true);
  RETURN NEXT rows_fail.try('DELETE FROM rows_fail.parents WHERE id % 2000 = 0');
  PERFORM hooks.unregister(name) FROM unnest(names) name;
END $$;
SELECT hooks.register('plain', 'before_cascade', 'delete', 'parents', 'cb', on_error => 'abort');
SELECT short_of_files('plain');
SELECT hooks.register('plain', 'before_cascade', 'delete', 'parents', 'cb', on_error => 'isolate');
SELECT short_of_files('plain');
SELECT hooks.register('condition', 'before_cascade', 'delete', 'parents', 'cb', on_error => 'isolate', condition => 'until(OLD.id, 0)');
SELECT short_of_files('condition');
SELECT hooks.register('leakproof', 'before_cascade', 'delete', 'parents', 'cb', on_error => 'quarantine', condition => 'OLD.id > 0');
SELECT short_of_files('leakproof');
SELECT hooks.register('keep', 'before_cascade', 'delete', 'parents', 'hooks.keep', on_error => 'isolate'),
       hooks.register('after keep', 'before_cascade', 'delete', 'parents', 'cb', on_error => 'isolate');
SELECT short_of_files('keep', 'after keep');
SELECT hooks.register('few', 'before_cascade', 'delete', 'parents', 'cb', condition => 'OLD.id < 10'),
       hooks.register('many', 'before_cascade', 'delete', 'parents', 'cb', on_error => 'isolate');
SELECT short_of_files('few', 'many');
-- without a block around it
\set VERBOSITY sqlstate
SELECT hooks.register('plain', 'before_cascade', 'delete', 'parents', 'cb', on_error => 'isolate');
SET temp_file_limit = '1MB';
DELETE FROM parents;
RESET temp_file_limit;
BEGIN;
SAVEPOINT s;
SET LOCAL temp_file_limit = '1MB';
DELETE FROM parents;
ROLLBACK TO s;
DELETE FROM parents;
TABLE effects;
ROLLBACK;
\set VERBOSITY terse
SELECT count(*) FROM hooks.failure;

-- A condition that fails far into the rows is the failure of its hook alone: the
-- others get theirs, spilled to disk or not.
SELECT hooks.register('first', 'before_cascade', 'delete', 'parents', 'cb', on_error => 'isolate', condition => 'until(OLD.id, 19000)', priority => -1),
       hooks.register('last', 'before_cascade', 'delete', 'parents', 'cb', on_error => 'isolate', condition => 'until(OLD.id, 10)', priority => 1);
SELECT try('DELETE FROM rows_fail.parents');
SELECT try('DELETE FROM rows_fail.parents WHERE id BETWEEN 18995 AND 19010');
SELECT hooks.unregister('first'), hooks.unregister('last');

-- Where room runs out near the row at which it fails, it is one of the two errors, and
-- the hook's: either the limit or, isolated, the condition's.
SELECT hooks.unregister('plain');
SET client_min_messages = error;
DO $$
DECLARE
  results text[];
BEGIN
  PERFORM hooks.register('edge', 'before_cascade', 'delete', 'parents', 'cb', on_error => 'isolate', condition => 'until(OLD.id, 3000)');
  FOR kb IN 560 .. 800 BY 8 LOOP
    PERFORM set_config('temp_file_limit', kb || 'kB', true);
    results := results || rows_fail.try('DELETE FROM rows_fail.parents WHERE id <= 3100');
  END LOOP;
  PERFORM set_config('client_min_messages', 'notice', true);
  RAISE NOTICE '%', (SELECT string_agg(DISTINCT regexp_replace(r, '\d+kB', 'N', 'g'), '; ') FROM unnest(results) r);
END $$;
RESET client_min_messages;
SELECT hooks.unregister('edge');

RESET work_mem;
DELETE FROM hooks.failure;
SET client_min_messages = warning;
DROP SCHEMA rows_fail CASCADE;
