-- The settings: who may set them, to what, and that nobody switches a hook off
-- with them who may not.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_hooks_user;
CREATE SCHEMA settings;
GRANT USAGE ON SCHEMA settings TO PUBLIC;
SET search_path = settings;
CREATE TABLE t (id int);
GRANT ALL ON t TO PUBLIC;
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% %', TG_NAME, (hooks.context()).metadata;
  RETURN NEW;
END $$;
CREATE FUNCTION try_set(setting text, value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config(setting, value, false);
  RETURN 'set';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
SELECT hooks.register('a', 'before', 'insert', 't', 'cb', package => 'settings');

-- What a user sets before the library is loaded does not count, either: the
-- first statement of a session fires the hook.
\c -
\pset format unaligned
\pset tuples_only on
SET search_path = settings;
SET ROLE regress_hooks_user;
SELECT left(try_set('hooks.enabled', 'off'), 3) IN ('set', '425'),
       left(try_set('hooks.paused', (SELECT hook_id::text FROM hooks.registry WHERE name = 'a')), 3) IN ('set', '425');
SET client_min_messages = error;
SELECT hooks.context() IS NULL;
RESET client_min_messages;
INSERT INTO t VALUES (1);
SELECT current_setting('hooks.enabled');

-- Afterwards, too.
SELECT s, try_set('hooks.' || s, '1') FROM unnest(ARRAY['enabled', 'max_depth', 'quarantine_after', 'failures_kept', 'paused', 'metadata']) s;
INSERT INTO t VALUES (2);
RESET hooks.metadata;
RESET ROLE;

-- out of range, or no such thing
SELECT s, v, try_set('hooks.' || s, v) FROM (VALUES ('enabled', 'maybe'), ('max_depth', '0'), ('max_depth', '1001'), ('max_depth', 'deep'),
  ('quarantine_after', '0'), ('failures_kept', '0'), ('failures_kept', '-1'), ('paused', 'a'), ('paused', '1;2')) x(s, v);
-- (hooks.max_stats is there only where the library is preloaded)
SELECT name, setting, boot_val, context FROM pg_settings WHERE name LIKE 'hooks.%' AND name NOT IN ('hooks.paused', 'hooks.max_stats') ORDER BY name;

-- The kill switch: nothing fires, from now on, and it follows the transaction.
BEGIN;
SET LOCAL hooks.enabled = off;
INSERT INTO t VALUES (3);
COMMIT;
INSERT INTO t VALUES (4);
-- The superuser may hand it on, as with any setting, by a function of his.
CREATE FUNCTION without_hooks() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = settings, pg_temp SET hooks.enabled = off
  AS 'INSERT INTO settings.t VALUES (5)';
SET ROLE regress_hooks_user;
SELECT without_hooks();
INSERT INTO t VALUES (6);
RESET ROLE;
-- Other commands do not care that it is off.
SET hooks.enabled = off;
SELECT hooks.register('b', 'before', 'insert', 't', 'cb', package => 'settings');
INSERT INTO t VALUES (7);
SET hooks.enabled = on;
INSERT INTO t VALUES (8);
SELECT hooks.unregister('b');

-- metadata is JSON, and what is not is refused when it is set, not when a
-- callback looks at it.
SET hooks.metadata = '{"request": 42, "user": "O''Neil; --"}';
INSERT INTO t VALUES (9);
SET hooks.metadata = '';
INSERT INTO t VALUES (10);
SET hooks.metadata = 'null';
INSERT INTO t VALUES (11);
SET hooks.metadata = 'nonsense';
SELECT v, try_set('hooks.metadata', v) FROM unnest(ARRAY['{', '{"a": 1} {"b": 2}', '{a: 1}', ' ', 'NULL', '[1,]', '"', '[1]', 'true', '"x"']) v;
CREATE FUNCTION refused_or_usable(value text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF settings.try_set('hooks.metadata', value) <> '22023' THEN
    INSERT INTO settings.t VALUES (12);
  END IF;
  PERFORM set_config('hooks.metadata', '', false);
  RETURN true;
EXCEPTION WHEN OTHERS THEN
  RETURN false;
END $$;
SET client_min_messages = warning;
SELECT refused_or_usable('"\u0000"'), refused_or_usable('1e1000000'), refused_or_usable('"\ud83d"'),
       refused_or_usable('{"a": 1, "a": 2}'), refused_or_usable(repeat('[', 100000));
RESET client_min_messages;

SELECT hooks.unregister_package('settings');
SET client_min_messages = warning;
DROP SCHEMA settings CASCADE;
DROP ROLE regress_hooks_user;
