-- Who may register and change hooks, and who may see what.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_owner;		-- owns the tables
CREATE ROLE regress_hooks_hooker;		-- registers hooks
CREATE ROLE regress_hooks_caller;		-- uses the tables
CREATE SCHEMA privileges;
GRANT ALL ON SCHEMA privileges TO PUBLIC;
SET search_path = privileges;
-- the SQLSTATE and message of a command, run as a role
CREATE FUNCTION try(role text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE 'SET LOCAL ROLE ' || role;
  EXECUTE command INTO result;
  RESET ROLE;
  RETURN coalesce(result, 'ok');
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% as %', TG_NAME, current_user;
  RETURN NEW;
END $$;
SET ROLE regress_hooks_owner;
CREATE TABLE t (id int PRIMARY KEY, secret text);
GRANT ALL ON t TO regress_hooks_caller;
REVOKE TRIGGER ON t FROM regress_hooks_caller;
RESET ROLE;

-- Registering needs TRIGGER on the table and EXECUTE on the callback.
\set register 'SELECT hooks.register(''h'', ''before'', ''insert'', ''t'', ''cb'', package => ''privileges'')'
SELECT try('regress_hooks_hooker', :'register');
GRANT TRIGGER ON t TO regress_hooks_hooker;
REVOKE EXECUTE ON FUNCTION cb() FROM PUBLIC;
SELECT try('regress_hooks_hooker', :'register');
GRANT EXECUTE ON FUNCTION cb() TO regress_hooks_hooker;
SELECT try('regress_hooks_hooker', :'register');
-- Running as the invoker, and hooks on more than one table, are for superusers.
SELECT try('regress_hooks_hooker', $$SELECT hooks.register('i', 'before', 'insert', 't', 'cb', run_as => 'invoker')$$);
SELECT try('regress_hooks_hooker', $$SELECT hooks.register('i', 'before', 'insert', NULL, 'cb')$$);

-- The caller needs no right on the callback; who lost it cannot have it called.
SET ROLE regress_hooks_caller;
INSERT INTO t VALUES (1);
RESET ROLE;
REVOKE EXECUTE ON FUNCTION cb() FROM regress_hooks_hooker;
SET ROLE regress_hooks_caller;
INSERT INTO t VALUES (2);
RESET ROLE;
GRANT EXECUTE ON FUNCTION cb() TO PUBLIC;

-- Changing a hook is for its owner, the owner of the table and superusers;
-- pausing not even for the owner of the table.
SELECT role, command, try(role, 'SELECT hooks.' || command)
  FROM unnest(ARRAY['regress_hooks_caller', 'regress_hooks_owner', 'regress_hooks_hooker']) role,
       unnest(ARRAY[$$disable('h')$$, $$enable('h')$$, $$pause('h', 'why')$$, $$resume('h')$$,
                    $$register('h', 'before', 'insert', 't', 'cb', replace => true)$$,
                    $$unregister_package('none')$$, $$unregister('h')$$, $$register('h', 'before', 'insert', 't', 'cb')$$]) command;
SELECT owner FROM hooks.registry WHERE name = 'h';
-- A package of which one hook is somebody else's stays as a whole.
SELECT hooks.register('h', 'before', 'insert', 't', 'cb', package => 'privileges', replace => true),
       hooks.register('i', 'after', 'insert', 't', 'cb', package => 'privileges');
SELECT try('regress_hooks_hooker', $$SELECT hooks.unregister_package('privileges')$$);
SELECT hooks.unregister_package('privileges');

-- The registry can be read by everybody, and by nobody written; failures can
-- quote rows, so only whom the superuser lets may read them.
SELECT command, try('regress_hooks_owner', command) FROM unnest(ARRAY['SELECT count(*) >= 0 FROM hooks.registry',
  'UPDATE hooks.registry SET owner = 10', 'DELETE FROM hooks.registry', 'TRUNCATE hooks.registry',
  'LOCK hooks.registry IN SHARE MODE', 'CREATE TRIGGER x BEFORE INSERT ON hooks.registry EXECUTE FUNCTION privileges.cb()',
  $$SELECT setval('hooks.registry_hook_id_seq', 1)$$, 'SELECT count(*) FROM hooks.failure', 'DELETE FROM hooks.failure',
  'CREATE TABLE hooks.x (id int)']) command;

SELECT hooks.unregister_package('privileges');
SET client_min_messages = warning;
DROP SCHEMA privileges CASCADE;
DROP ROLE regress_hooks_owner, regress_hooks_hooker, regress_hooks_caller;
