-- hooks.script() writes commands that make the same hooks again.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE ROLE regress_hooks_alice;
CREATE ROLE "regress_hooks ""it's"" \me";
CREATE SCHEMA script;
CREATE SCHEMA "it's ""odd"" \sch;ema";
GRANT ALL ON SCHEMA script, "it's ""odd"" \sch;ema" TO PUBLIC;
SET search_path = script;
SET client_min_messages = warning;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '%: %', TG_NAME, TG_OP;
  RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION told(event jsonb) RETURNS void LANGUAGE plpgsql AS $$BEGIN NULL; END$$;
CREATE FUNCTION "it's ""odd"" \sch;ema"."odd (""tell"");"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE t (id int PRIMARY KEY, val text, at timestamptz, span interval, bytes bytea, odd float8);
CREATE TABLE child (id int REFERENCES t ON DELETE CASCADE);
CREATE TABLE "it's ""odd"" \sch;ema"."odd ""table""; \" (old int, new int, condition text, "phase " text, "select" int, "$x" int, "a""b" int);
CREATE TABLE "old" ("new" int, "OLD" int);
CREATE VIEW v AS SELECT 1;
GRANT ALL ON ALL TABLES IN SCHEMA script, "it's ""odd"" \sch;ema" TO regress_hooks_alice;

-- What the hooks are, but for their numbers and times.
CREATE VIEW script.shown AS
  SELECT row_number() OVER (ORDER BY hook_id) AS nr, to_jsonb(r) - 'hook_id' - 'enabled_at' AS hook FROM hooks.registry r;
CREATE PROCEDURE remember() LANGUAGE plpgsql AS $$
BEGIN
  DROP TABLE IF EXISTS script.before, script.commands;
  CREATE TABLE script.before AS TABLE script.shown;
  CREATE TABLE script.commands AS SELECT command FROM hooks.script() WITH ORDINALITY s(command, nr) ORDER BY nr;
  PERFORM hooks.unregister(name) FROM hooks.registry;
END $$;
-- What differs, between the hooks and between the scripts.
CREATE FUNCTION compare() RETURNS TABLE (what text, difference text) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT 'was', hook::text FROM (TABLE script.before EXCEPT TABLE script.shown) b;
  RETURN QUERY SELECT 'is', hook::text FROM (TABLE script.shown EXCEPT TABLE script.before) s;
  RETURN QUERY SELECT 'wrote', command FROM (TABLE script.commands EXCEPT SELECT hooks.script()) c;
END $$;

-- Each argument in turn, and all at once.
SELECT hooks.register('plain', 'before', 'insert', 't', 'tell'),
       hooks.register('statement', 'before', 'delete', 't', 'tell', level => 'statement'),
       hooks.register('condition', 'before', 'update', 't', 'tell', condition => $$OLD.val || '\' <> E'it''s\n\\"' AND NEW.* IS DISTINCT FROM OLD.*$$),
       hooks.register('columns', 'before', 'update', 't', 'tell', columns => '{val,at}'),
       hooks.register('name', 'after', 'name', 't', 'tell', columns => '{val,id}'),
       hooks.register('arguments', 'after', 'write', 't', 'tell', arguments => ARRAY['a', '', 'NULL', 'it''s', '\', '"', '{}', E'a\nb', ',', 'größe']),
       hooks.register('isolate', 'before_cascade', 'delete', 't', 'tell', on_error => 'isolate'),
       hooks.register('abort', 'after', 'truncate', 't', 'tell', on_error => 'abort'),
       hooks.register('quarantine', 'before_cascade', 'delete, update, truncate', 't', 'tell', on_error => 'quarantine'),
       hooks.register('timeout', 'before', 'insert', 't', 'tell', timeout => '1 min 2.345678 s'),
       hooks.register('priority', 'before', 'insert', 't', 'tell', priority => -2147483648),
       hooks.register('invoker', 'before', 'insert', 't', 'tell', run_as => 'invoker'),
       hooks.register('replica', 'before', 'insert', 't', 'tell', fire => 'replica'),
       hooks.register('always', 'before', 'insert', 't', 'tell', fire => 'always'),
       hooks.register('package', 'before', 'insert', 't', 'tell', package => 'it''s "a" \package'),
       hooks.register('described', 'before', 'insert', 't', 'tell', description => E'it''s\n\\d $$ $_$ :x'),
       hooks.register('run_after', 'before', 'insert', 't', 'tell', run_after => '{plain,package}'),
       hooks.register('drop', 'before_cascade', 'drop', 't', 'told'),
       hooks.register('drop of view', 'before', 'drop', 'v', 'told'),
       hooks.register('all tables', 'before', 'insert', NULL, 'tell', condition => 'current_user <> $$x$$'),
       hooks.register('schema', 'before', 'drop', NULL, 'told', schema => E'it''s "odd" \\sch;ema');
SELECT hooks.register(left(E'all "at" it''s; -- \\ ' || repeat('ä', 30), 41), 'before', 'insert, update', E'"it''s ""odd"" \\sch;ema"."odd ""table""; \\"', E'"it''s ""odd"" \\sch;ema"."odd (""tell"");"',
    level => 'row', condition => $$NEW.old > NEW.new AND NEW.condition <> 'x' AND NEW."phase " <> '' AND NEW."a""b" > 0 AND NEW."$x" > 0 AND NEW."select" > 0$$,
    columns => ARRAY['phase ', 'a"b', 'old', 'new'], arguments => '{1,2}', on_error => 'quarantine', timeout => '1 day', priority => 7,
    run_after => '{always,priority}', fire => 'always', package => 'all', description => 'd');
SELECT hooks.register('named old', 'before', 'update', 'old', 'tell', condition => 'OLD."new" < NEW."new" AND NEW."OLD" = OLD."OLD"');
CALL script.remember();
\o /dev/null
SELECT command FROM script.commands \gexec
\o
SELECT * FROM script.compare();
-- The values of constants in any session: strings, dates, intervals, bytes, numbers.
SELECT hooks.register('constants', 'before', 'insert', 't', 'tell', package => 'c', condition => $$
  NEW.at > '2026-02-03 04:05:06.789+01' AND NEW.span > '1 year 2 mons -3 days 04:05:06.7' AND NEW.bytes <> '\x00ff5c27' AND NEW.odd < 0.1::float8 + 1e-20
  AND NEW.val <> E'\\ '' \t' AND NEW.val ~ '\d+\\' AND NEW.at::date <> '2026-12-11' AND NEW.val::money <> '1.00' AND NEW.val::float4 <> 0.3 $$);
SELECT hooks.register('constants too', 'before', 'insert', 't', 'tell', package => 'c', timeout => '1 min 1.5 s', arguments => ARRAY[E'\\"']);
CREATE TABLE plainly AS SELECT hooks.script('c') AS command;
PREPARE set_odd AS SELECT set_config(name, value, false) IS NULL FROM (VALUES
  ('standard_conforming_strings', 'off'), ('escape_string_warning', 'off'), ('DateStyle', 'German'), ('IntervalStyle', 'sql_standard'),
  ('bytea_output', 'escape'), ('extra_float_digits', '-10'), ('TimeZone', 'Asia/Tokyo'), ('quote_all_identifiers', 'on')) v(name, value)
  -- PostgreSQL 19 has one kind of strings only
 WHERE name NOT LIKE '%string%' OR EXISTS (SELECT FROM pg_settings WHERE name = 'escape_string_warning');
CALL script.remember();
\o /dev/null
EXECUTE set_odd;
SELECT command FROM script.commands \gexec
\o
-- written there, too
SELECT command FROM hooks.script('c') AS command EXCEPT TABLE script.plainly ORDER BY command;
RESET ALL;
SET client_min_messages = warning;
SET search_path = script;
SELECT * FROM script.compare();
SELECT hooks.repair();
SELECT count(hooks.unregister(name)) FROM hooks.registry;

-- As the same roles, under the same search_path, in the order of registration, which
-- a hook that must run after a later one does not change; disabled ones stay so.
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% as % under %', TG_NAME, current_user, current_setting('search_path');
  RETURN NEW;
END $$;
SELECT hooks.register('first', 'before', 'insert', 't', 'fired', package => 'p'), hooks.register('last', 'before', 'insert', 't', 'fired'),
       hooks.register('elsewhere', 'before', 'insert', 'child', 'fired'), hooks.register('off', 'before', 'insert', 't', 'fired'),
       hooks.register('gone', 'before', 'insert', 't', 'fired'), hooks.register('off too', 'before', 'insert', 't', 'fired');
SELECT hooks.register('off too', 'before', 'insert', 't', 'fired', run_after => '{first,gone}', replace => true), hooks.unregister('gone');
SELECT hooks.register('first', 'before', 'insert', 't', 'fired', run_after => '{elsewhere,off}', replace => true, package => 'p');
SET ROLE regress_hooks_alice;
SET search_path = "$user", script, pg_temp;
SELECT hooks.register('of alice', 'before', 'insert', 't', 'fired', priority => -1);
RESET ROLE;
GRANT TRIGGER ON script.t TO "regress_hooks ""it's"" \me";
SET ROLE "regress_hooks ""it's"" \me";
SET search_path = '';
SELECT hooks.register('of odd', 'before', 'insert', 'script.t', 'script.fired');
RESET ROLE;
SET search_path = script;
SELECT hooks.disable('off'), hooks.disable('first');
SELECT hooks.script('p');
INSERT INTO t VALUES (1);
CALL script.remember();
SELECT command FROM commands;
\o /dev/null
SELECT command FROM script.commands \gexec
-- once more changes nothing
SELECT command FROM script.commands \gexec
\o
SET search_path = script;
SELECT what, difference::jsonb->>'name', difference::jsonb->>'run_after' FROM script.compare();
INSERT INTO t VALUES (2);

-- Hooks that are damaged are left out, and told of; whoever asks, sees no more than
-- the registry shows.
CREATE OR REPLACE FUNCTION hooks_definition."of odd"() RETURNS record LANGUAGE sql AS 'SELECT 1, 2';
SET ROLE regress_hooks_alice;
SELECT command FROM hooks.script() AS command WHERE command ~ 'odd';
SELECT hooks.script('no such package');
SELECT count(*) FROM hooks.script(NULL);
RESET ROLE;

SELECT count(hooks.unregister(name)) FROM hooks.registry;
SELECT hooks.script();
DROP OWNED BY regress_hooks_alice, "regress_hooks ""it's"" \me";
DROP SCHEMA script, "it's ""odd"" \sch;ema" CASCADE;
DROP ROLE regress_hooks_alice, "regress_hooks ""it's"" \me";
