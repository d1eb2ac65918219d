-- Names that look hostile simply work, wherever they stand.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA "bad;""schema'";
CREATE TABLE "bad;""schema'"."t""\; --" (id int PRIMARY KEY, "c""'; DROP" text);
CREATE TABLE "bad;""schema'".child (id int REFERENCES "bad;""schema'"."t""\; --" ON DELETE CASCADE);
CREATE TABLE "bad;""schema'".names AS
  SELECT name FROM unnest(ARRAY[' ', '"', '''', '\', ';', '--', '%s%n%1$s', '$$', '{}', ',', 'NULL', 'a.b', E'a\nb', E'\u00fc\u2603',
    repeat(E'\u00fc', 31), repeat('x', 63), '"; DROP TABLE t; --', '''||x||''']) name;

-- Each of them is the name of a hook in each phase, on a table, with a callback,
-- a column and a condition of such names: each fires under its name, which its
-- failure is recorded by.
CREATE FUNCTION "bad;""schema'"."f""(;)"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_ARGV[0] <> TG_NAME OR (hooks.context()).hook <> TG_NAME THEN
    RAISE EXCEPTION 'not my name';
  END IF;
  RAISE EXCEPTION USING message = TG_NAME;
END $$;
CREATE FUNCTION "bad;""schema'".register(phase text) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FILTER (WHERE
           hooks.register(name, phase, 'delete, update', $q$"bad;""schema'"."t""\; --"$q$, $q$"bad;""schema'"."f""(;)"()$q$,
                          columns => ARRAY[$q$c"'; DROP$q$], condition => $q$old."c""'; DROP" = '\;'$q$, arguments => ARRAY[name],
                          on_error => 'isolate', package => $q$pack'"; --$q$, description => name))
    FROM "bad;""schema'".names;
$$;
CREATE FUNCTION "bad;""schema'".failures() RETURNS bigint LANGUAGE sql AS $$
  WITH failure AS (DELETE FROM hooks.failure RETURNING hook, message, sqlstate, relation)
  SELECT count(DISTINCT hook) FROM failure JOIN "bad;""schema'".names ON name = hook
   WHERE message = hook AND sqlstate = 'P0001' AND relation = $q$"bad;""schema'"."t""\; --"$q$::regclass;
$$;
SET client_min_messages = error;
SELECT count(*) FROM "bad;""schema'".names;
SELECT "bad;""schema'".register('before');
INSERT INTO "bad;""schema'"."t""\; --" VALUES (1, '\;');
INSERT INTO "bad;""schema'".child VALUES (1);
UPDATE "bad;""schema'"."t""\; --" SET "c""'; DROP" = '\;';
SELECT "bad;""schema'".failures();
SELECT hooks.unregister_package($$pack'"; --$$);
SELECT "bad;""schema'".register('before_cascade');
DELETE FROM "bad;""schema'"."t""\; --";
SELECT "bad;""schema'".failures();
SELECT hooks.unregister_package($$pack'"; --$$);
SELECT "bad;""schema'".register('after');
INSERT INTO "bad;""schema'"."t""\; --" VALUES (1, '\;');
DELETE FROM "bad;""schema'"."t""\; --";
SELECT "bad;""schema'".failures();

-- The other functions know them by the same names.
SELECT count(*) FROM hooks.chain($$"bad;""schema'"."t""\; --"$$) JOIN "bad;""schema'".names ON name = hook WHERE action = 'delete';
SELECT count(*) FILTER (WHERE hooks.disable(name)), count(*) FILTER (WHERE hooks.enable(name)),
       count(hooks.pause(name, name)), count(hooks.resume(name)), count(*) FILTER (WHERE hooks.unregister(name))
  FROM "bad;""schema'".names;
SELECT count(*) FROM hooks.registry WHERE relation = $$"bad;""schema'"."t""\; --"$$::regclass;
SELECT count(*) FROM pg_trigger WHERE tgrelid = $$"bad;""schema'"."t""\; --"$$::regclass AND NOT tgisinternal;

-- They run after each other, too, and a cycle quotes them as they are.
CREATE FUNCTION "bad;""schema'".try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  EXECUTE command;
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws('|', SQLSTATE, SQLERRM, detail);
END $$;
SELECT hooks.register('%s", "', 'before', 'insert', $$"bad;""schema'".child$$, $$"bad;""schema'"."f""(;)"$$, package => '%s');
SELECT hooks.register('{}', 'before', 'insert', $$"bad;""schema'".child$$, $$"bad;""schema'"."f""(;)"$$, run_after => ARRAY['%s", "'], package => '%s');
SELECT "bad;""schema'".try($$SELECT hooks.register('%s", "', 'before', 'insert', '"bad;""schema''".child', '"bad;""schema''"."f""(;)"',
                                 run_after => ARRAY['{}'], replace => true)$$);
SELECT hooks.unregister_package('%s');

SET client_min_messages = warning;
DROP SCHEMA "bad;""schema'" CASCADE;
