-- Errors of the extension tell where they are in the fields that clients read:
-- schema, table and constraint.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA "Place";
SET search_path = "Place";
CREATE TABLE "Parents" (id int PRIMARY KEY);
CREATE TABLE children (id int CONSTRAINT "to parents" REFERENCES "Parents" ON DELETE CASCADE);
INSERT INTO "Parents" VALUES (1), (2);
INSERT INTO children VALUES (1), (2);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  CASE TG_ARGV[0]
    WHEN 'cancel' THEN PERFORM hooks.cancel('no', NULL, 'Ask somebody.');
    WHEN 'sleep' THEN PERFORM pg_sleep(60);
    WHEN 'catch' THEN
      BEGIN
        PERFORM pg_sleep(60);
      EXCEPTION WHEN query_canceled THEN
        NULL;
      END;
    WHEN 'recurse' THEN DELETE FROM "Place".children; INSERT INTO "Place".children VALUES (1);
    WHEN 'skip' THEN RETURN NULL;
    ELSE NULL;
  END CASE;
  RETURN coalesce(NEW, OLD);
END $$;
-- A command's error, with its place.
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  schema_name text;
  table_name text;
  constraint_name text;
BEGIN
  EXECUTE command;
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS schema_name = SCHEMA_NAME, table_name = TABLE_NAME, constraint_name = CONSTRAINT_NAME;
  RETURN concat_ws('|', SQLSTATE, schema_name, table_name, constraint_name);
END $$;
CREATE FUNCTION hook(phase text, action text, relation regclass, what text, timeout interval DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  SELECT hooks.register('place', phase, action, relation, 'cb', arguments => ARRAY[what], timeout => timeout, on_error => 'abort',
                        package => 'place', replace => true);
$$;

-- a veto, of the statement itself, in a cascade, of a DROP
SELECT hook('before', 'delete', '"Parents"', 'cancel');
SELECT try('DELETE FROM "Parents"');
SELECT hook('before', 'delete', 'children', 'cancel');
SELECT try('DELETE FROM children');
SELECT try('DELETE FROM "Parents"');
SELECT hook('before_cascade', 'delete', 'children', 'cancel');
SELECT try('DELETE FROM "Parents"');
SELECT hook('after', 'delete', 'children', 'cancel');
SELECT try('DELETE FROM "Parents"');
SELECT hook('before', 'truncate', 'children', 'cancel');
SELECT try('TRUNCATE "Parents" CASCADE');
SELECT hooks.unregister('place');
CREATE FUNCTION keep_it(event jsonb) RETURNS void LANGUAGE sql AS $$SELECT hooks.cancel('no')$$;
SELECT hooks.register('place', 'before', 'drop', '"Parents"', 'keep_it', package => 'place');
SELECT try('DROP TABLE "Parents" CASCADE');
SELECT hooks.unregister('place');
-- outside a firing there is no place
SELECT try('SELECT hooks.cancel(''no'')');

-- a time limit, also one whose cancel was caught
SELECT hook('before', 'delete', '"Parents"', 'sleep', '10 ms');
SELECT try('DELETE FROM "Parents"');
SELECT hook('before', 'delete', '"Parents"', 'catch', '10 ms');
SELECT try('DELETE FROM "Parents"');
-- recursion
SELECT hook('before', 'insert', 'children', 'recurse');
SELECT try('INSERT INTO children VALUES (1)');
-- the orphan guard
SELECT hook('before', 'delete', 'children', 'skip');
SELECT try('DELETE FROM "Parents"');
-- a trigger that somebody has renamed
SELECT hook('before_cascade', 'delete', '"Parents"', 'none');
ALTER TRIGGER "Hooks_before_cascade_delete" ON "Parents" RENAME TO "Other";
SELECT try('DELETE FROM "Parents"');
ALTER TRIGGER "Other" ON "Parents" RENAME TO "Hooks_before_cascade_delete";
SELECT hooks.unregister('place');

-- A veto in phase after comes too late under isolation; the WARNING and
-- hooks.failure say so, and what would have stopped the statement.
DELETE FROM hooks.failure;
SELECT hooks.register('place', 'after', 'delete', 'children', 'cb', arguments => '{cancel}', package => 'place');
DELETE FROM children WHERE id = 1;
SELECT sqlstate, message, hint FROM hooks.failure;
SELECT hooks.unregister('place');
-- one of another hook, which did stop the callback's own statement, does not
SELECT hook('before', 'delete', 'children', 'cancel');
SELECT hooks.register('outer', 'after', 'insert', 'children', 'cb', arguments => '{recurse}', package => 'place');
INSERT INTO children VALUES (2);

SELECT hooks.unregister_package('place');
DELETE FROM hooks.failure;
SET client_min_messages = warning;
DROP SCHEMA "Place" CASCADE;
