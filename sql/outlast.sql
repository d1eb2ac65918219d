-- What another role's hook sets does not outlast it: neither what its callback
-- sets in a firing, nor what a condition does while it is read in somebody's
-- DDL or first statement.
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
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM outlast.intrude(); RETURN NEW; END';

-- the callback
SELECT hooks.register('callback', 'before', 'insert', 't', 'cb', package => 'outlast');
RESET ROLE;
INSERT INTO t VALUES (1);
SELECT current_setting('search_path'), coalesce(current_setting('outlast.seen', true), '') = '';

-- a condition that calls it
SET ROLE regress_hooks_mal;
SELECT hooks.register('callback', 'before', 'insert', 't', 'cb', condition => 'intrude(NEW.id)', package => 'outlast', replace => true);
RESET ROLE;
INSERT INTO t VALUES (1);
SELECT current_setting('search_path'), coalesce(current_setting('outlast.seen', true), '') = '';

-- a condition with a constant whose type calls it, when the condition is parsed
SET ROLE regress_hooks_mal;
CREATE DOMAIN intruder AS int CHECK (intrude(value));
SELECT hooks.register('callback', 'before', 'insert', 't', 'cb', condition => $$'{1}'::intruder[] IS NULL$$, package => 'outlast', replace => true);
RESET ROLE;
SET search_path = outlast, public;
RESET outlast.seen;
INSERT INTO t VALUES (1);
SELECT current_setting('search_path'), coalesce(current_setting('outlast.seen', true), '') = '';
-- in DDL that concerns the hook, and in such that might
ALTER DOMAIN intruder RENAME TO intruder2;
CREATE FUNCTION unrelated() RETURNS int LANGUAGE sql AS 'SELECT 1';
DROP FUNCTION unrelated() CASCADE;
SELECT current_setting('search_path'), coalesce(current_setting('outlast.seen', true), '') = '';
SELECT condition FROM hooks.registry WHERE name = 'callback';

SELECT hooks.unregister_package('outlast');
SET client_min_messages = warning;
DROP SCHEMA outlast CASCADE;
DROP ROLE regress_hooks_mal;
