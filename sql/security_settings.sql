-- What another role's hook sets does not outlast it, and what it means does not
-- depend on who is there.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA outlast;
SET search_path = outlast, public;
RESET client_min_messages;
CREATE ROLE regress_hooks_mal;
GRANT CREATE, USAGE ON SCHEMA outlast TO regress_hooks_mal;
SET ROLE regress_hooks_mal;
CREATE TABLE t (id int);
CREATE FUNCTION intrude() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('search_path', 'regress_hooks_mal, pg_catalog', false),
            set_config('outlast.seen', current_user, false);
    RETURN true;
END $$;
CREATE FUNCTION intrude(int) RETURNS boolean LANGUAGE sql AS 'SELECT outlast.intrude()';
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '% fires', TG_NAME; RETURN NEW; END$$;
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM outlast.intrude(); RETURN NEW; END';

-- the callback
SELECT hooks.register('callback', 'before', 'insert', 't', 'cb', package => 'outlast');
RESET ROLE;
INSERT INTO t VALUES (1);
SELECT current_setting('search_path'), coalesce(current_setting('outlast.seen', true), '') = '';

-- What the caller's own sets stays, as after any function; but not with SET LOCAL
CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SET outlast.own = 'stays';
    SET LOCAL outlast.local = 'goes';
    RETURN NEW;
END $$;
SELECT hooks.register('own', 'before', 'insert', 't', 'own', package => 'outlast');
INSERT INTO t VALUES (1);
SELECT current_setting('outlast.own'), current_setting('outlast.local');
SELECT hooks.unregister('own');

-- a condition that calls it
SET ROLE regress_hooks_mal;
SELECT hooks.register('callback', 'before', 'insert', 't', 'cb', condition => 'intrude(NEW.id)', package => 'outlast', replace => true);
RESET ROLE;
INSERT INTO t VALUES (1);
SELECT current_setting('search_path'), coalesce(current_setting('outlast.seen', true), '') = '';

-- A constant whose type calls it is read once, when the hook is registered.
SET ROLE regress_hooks_mal;
CREATE DOMAIN intruder AS int CHECK (intrude(value));
CREATE TYPE pair AS (a int, b int);
SELECT hooks.register('callback', 'before', 'insert', 't', 'cb', condition => $$'{1}'::intruder[] IS NULL$$, package => 'outlast', replace => true);
SELECT current_setting('search_path'), current_setting('outlast.seen');
SET search_path = outlast, public;
SELECT hooks.register('callback', 'before', 'insert', 't', 'cb', condition => $$'(1,2)'::pair IS NOT NULL$$, package => 'outlast', replace => true);
-- some minor versions refuse it
DO $$
BEGIN
    ALTER TYPE pair ALTER ATTRIBUTE b TYPE intruder;
EXCEPTION WHEN feature_not_supported THEN
END $$;
RESET ROLE;
SET search_path = outlast, public;
RESET outlast.seen;
ALTER TYPE pair RENAME TO couple;
CREATE FUNCTION unrelated() RETURNS int LANGUAGE sql AS 'SELECT 1';
DROP FUNCTION unrelated() CASCADE;
INSERT INTO t VALUES (1);
SELECT current_setting('search_path'), coalesce(current_setting('outlast.seen', true), '') = '';

-- Nor does a condition depend on the parameters of who reads it.
SET ROLE regress_hooks_mal;
CREATE TABLE words (word text, day date);
SELECT hooks.register('digits', 'before', 'insert', 'words', 'tell', condition => $$NEW.word ~ '\d' AND NEW.day > '2026-02-01'$$, package => 'outlast');
-- (PostgreSQL 19 has no other kind of strings any more)
SELECT count(set_config(name, 'off', false)) AS done FROM pg_settings
 WHERE name IN ('escape_string_warning', 'standard_conforming_strings')
   AND EXISTS (SELECT FROM pg_settings WHERE name = 'escape_string_warning') \gset
SET datestyle = 'SQL, DMY';
ALTER TABLE words RENAME word TO wort;
INSERT INTO words VALUES ('a1', '02/01/2027'), ('a', '02/01/2027'), ('a1', '02/01/2026');
SELECT count(set_config(name, 'on', false)) AS done FROM pg_settings WHERE name IN ('escape_string_warning', 'standard_conforming_strings') \gset
RESET datestyle;
SELECT condition FROM hooks.registry WHERE name = 'digits';
RESET ROLE;

SELECT hooks.unregister_package('outlast');
SET client_min_messages = warning;
DROP SCHEMA outlast CASCADE;
DROP ROLE regress_hooks_mal;
