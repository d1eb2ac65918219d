-- Claim: a hook's search_path is set where it means other schemas than the
-- session's, and only there.  "$user" is expanded when the hook is registered.
CREATE SCHEMA aside;
CREATE TABLE target (id integer);
CREATE FUNCTION tell_path() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% under %', NEW.id, current_setting('search_path');
    RETURN NEW;
END $$;
SET search_path = "$user", public;
SELECT hooks.register('tell_path', 'before', 'insert', 'target', 'tell_path');

-- the registrar's schema does not exist: both mean public
INSERT INTO target VALUES (1), (2);

-- another path, also in the middle of a session
SET search_path = aside, public;
INSERT INTO public.target VALUES (3), (4);
SET search_path = public, aside;
INSERT INTO target VALUES (5);
SET search_path = "$user", public;
INSERT INTO target VALUES (6);

-- a schema that comes makes the same text mean more, and less when it goes
DO $$ BEGIN EXECUTE format('CREATE SCHEMA %I', current_user); END $$;
INSERT INTO target VALUES (7);
DO $$ BEGIN EXECUTE format('DROP SCHEMA %I', current_user); END $$;
INSERT INTO target VALUES (8);

-- so does a rename
ALTER SCHEMA aside RENAME TO beside;
SET search_path = beside, public;
INSERT INTO public.target VALUES (9);
SET search_path = aside, public;
INSERT INTO public.target VALUES (10);

-- temporary tables come first in both
SET search_path = "$user", public;
CREATE TEMPORARY TABLE passing (id integer);
INSERT INTO target VALUES (11), (12);

-- more paths than are remembered, then the first again
DO $$
BEGIN
    FOR i IN 1 .. 10 LOOP
        EXECUTE format('CREATE SCHEMA some_%s', i);
        PERFORM set_config('search_path', format('some_%s, public', i), true);
        PERFORM hooks.unregister('tell_path');
        PERFORM hooks.register('tell_path', 'before', 'insert', 'target',
                               'tell_path');
        SET LOCAL search_path = public;
        INSERT INTO target VALUES (100 + i);
    END LOOP;
END $$;
SET search_path = some_10, public;
INSERT INTO target VALUES (13);
SET search_path = some_9, public;
INSERT INTO target VALUES (14);

-- The same registration under another path changes nothing, and says so; replace
-- takes the path, but not from another role's hook.
SELECT hooks.register('tell_path', 'before', 'insert', 'target', 'tell_path');
ALTER SCHEMA some_10 RENAME TO other_10;
SET search_path = other_10, public;
SELECT hooks.register('tell_path', 'before', 'insert', 'target', 'tell_path');
SELECT search_path FROM hooks.registry WHERE name = 'tell_path';
SELECT hooks.register('tell_path', 'before', 'insert', 'target', 'tell_path', replace => true);
SELECT search_path FROM hooks.registry WHERE name = 'tell_path';
SELECT hooks.register('tell_path', 'before', 'insert', 'target', 'tell_path', replace => true);
SET search_path = public;
CREATE ROLE regress_hooks_path SUPERUSER;
SET ROLE regress_hooks_path;
SELECT hooks.register('tell_path', 'before', 'insert', 'target', 'tell_path', replace => true);
RESET ROLE;
DROP ROLE regress_hooks_path;
SELECT search_path FROM hooks.registry WHERE name = 'tell_path';
-- nor is there a path for what runs as the invoker
SELECT hooks.register('tell_path', 'before', 'insert', 'target', 'tell_path', run_as => 'invoker', replace => true);
SET search_path = other_10, public;
SELECT hooks.register('tell_path', 'before', 'insert', 'target', 'tell_path', run_as => 'invoker', replace => true);
-- checks
CREATE FUNCTION path_check() RETURNS TABLE (severity text, object text, message text, hint text) LANGUAGE sql AS
  $$ SELECT 'notice', NULL, current_setting('search_path'), NULL $$;
ALTER FUNCTION path_check() SET SCHEMA public;
SELECT hooks.register_check('path', 'path_check');
SET search_path = public;
SELECT hooks.register_check('path', 'path_check');
SELECT hooks.register_check('path', 'path_check', replace => true);
SELECT message FROM hooks.check() WHERE check_name = 'path';
SELECT hooks.register_check('path', 'path_check', replace => true);
SELECT hooks.unregister('path');
DROP FUNCTION path_check();
ALTER SCHEMA other_10 RENAME TO some_10;

RESET search_path;
SELECT hooks.unregister('tell_path');
SET client_min_messages = warning;
DROP SCHEMA beside;
DO $$
BEGIN
    FOR i IN 1 .. 10 LOOP
        EXECUTE format('DROP SCHEMA some_%s', i);
    END LOOP;
END $$;
DROP TABLE target;
DROP FUNCTION tell_path();
