-- A hook that cannot fire says so when it would: one whose definition is gone or
-- is not one, one that has no row, a trigger without a hook.  Others go on.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA broken;
SET search_path = broken;
RESET client_min_messages;
CREATE TABLE t (id int PRIMARY KEY, v text, w text);
INSERT INTO t SELECT i, 'v', 'w' FROM generate_series(1, 9) i;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% fires', TG_NAME;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION lost() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
CREATE FUNCTION pred(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
SELECT hooks.register('condition', 'before', 'delete', 't', 'tell', condition => 'pred(OLD.w)', package => 'broken'),
       hooks.register('callback', 'before', 'delete', 't', 'lost', package => 'broken'),
       hooks.register('good', 'before', 'delete, update', 't', 'tell', package => 'broken');

-- The definitions went while nobody watched: told once in a session, and whenever
-- somebody asks.
ALTER EVENT TRIGGER hooks_sql_drop DISABLE;
DROP FUNCTION pred(text), lost() CASCADE;
ALTER EVENT TRIGGER hooks_sql_drop ENABLE ALWAYS;
DELETE FROM t WHERE id = 1;
DELETE FROM t WHERE id = 2;
SELECT phase, action, hook FROM hooks.chain('t');
SELECT name, enabled FROM hooks.registry WHERE package = 'broken' ORDER BY name;
SELECT hooks.repair();
-- They can be disabled, registered again and removed.
SELECT hooks.disable('condition'), hooks.enable('condition');
SELECT hooks.register('condition', 'before', 'delete', 't', 'tell', package => 'broken');
SELECT hooks.register('condition', 'before', 'delete', 't', 'tell', package => 'broken', replace => true);
SELECT hooks.unregister('callback');
SELECT hook FROM hooks.chain('t');
DELETE FROM t WHERE id = 3;

-- A row that is gone: the definition is in force all the same.
DELETE FROM hooks.registry WHERE name = 'good';
\c -
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = broken;
UPDATE t SET w = 'x' WHERE id = 4;
SELECT hook FROM hooks.chain('t') WHERE action = 'update';
SELECT hooks.register('good', 'before', 'delete', 't', 'tell', package => 'broken');
SELECT hooks.repair();
UPDATE t SET w = 'x' WHERE id = 4;
SELECT hook FROM hooks.chain('t') WHERE action = 'update';

-- A definition that somebody wrote who may, of another shape: each is told of,
-- and so is each that becomes one.
DO $$
DECLARE
    body text;
BEGIN
    FOREACH body IN ARRAY ARRAY['SELECT 1', 'SELECT 1; SELECT 2', 'INSERT INTO broken.t VALUES (1) RETURNING id',
        $b$SELECT 'before'::text AS phase FROM broken.t old$b$,
        $b$SELECT phase, 'delete' AS action FROM (VALUES ('before')) v(phase)$b$,
        $b$SELECT 'never'::text AS phase, 'delete'::text AS action, broken.tell() IS NULL AS callback, 'abort'::text AS on_error,
           'owner'::text AS run_as, 'origin'::text AS fire, ''::text AS search_path FROM broken.t old, broken.t new$b$,
        $b$SELECT 'before'::text AS phase, 'delete'::text AS action, true AS callback, 'abort'::text AS on_error,
           'owner'::text AS run_as, 'origin'::text AS fire, ''::text AS search_path FROM broken.t old, broken.t new$b$,
        $b$SELECT 'before'::text AS phase, 'delete'::text AS action, broken.tell() IS NULL AS callback, 'abort'::text AS on_error,
           'owner'::text AS run_as, 'origin'::text AS fire, ''::text AS search_path, 1 AS condition FROM broken.t old, broken.t new$b$,
        $b$SELECT 'before'::text AS phase, 'delete'::text AS action, broken.tell() IS NULL AS callback, 'abort'::text AS on_error,
           'owner'::text AS run_as, 'origin'::text AS fire, ''::text AS search_path, 'x' AS timeout FROM broken.t old, broken.t new$b$]
    LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION hooks_definition.good() RETURNS record LANGUAGE sql BEGIN ATOMIC %s; END', body);
    END LOOP;
END $$;
CREATE OR REPLACE FUNCTION hooks_definition.good() RETURNS record LANGUAGE sql AS 'SELECT 1, 2';
DELETE FROM t WHERE id = 5;
SELECT hooks.unregister('good');

-- A condition that cannot be planned fails when the hook fires, as its policy says.
SELECT hooks.register('isolated', 'before', 'delete', 't', 'tell', condition => '1 / 0 = OLD.id', on_error => 'isolate', package => 'broken');
DELETE FROM t WHERE id = 6;
SELECT hooks.register('isolated', 'before', 'delete', 't', 'tell', condition => '1 / 0 = OLD.id', package => 'broken', replace => true);
\set SHOW_CONTEXT errors
DELETE FROM t WHERE id = 7;
\set SHOW_CONTEXT never
SELECT hooks.unregister('isolated');

-- A trigger of ours that has no hook, as from a dump of one schema.
CREATE TABLE alone (id int);
CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT ON alone FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
INSERT INTO alone VALUES (1);
INSERT INTO alone VALUES (2);
SELECT hooks.repair();
INSERT INTO alone VALUES (3);

SELECT hooks.unregister_package('broken');
SET client_min_messages = warning;
DROP SCHEMA broken CASCADE;
