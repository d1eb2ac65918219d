-- A hook on "drop" may stop the command; order, policy, role and state are those
-- of any hook.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_drop_policy;
SET search_path = test_drop_policy;
CREATE ROLE regress_drop_user;
GRANT ALL ON SCHEMA test_drop_policy TO regress_drop_user;
CREATE TABLE parents (id int PRIMARY KEY);
CREATE VIEW a_view AS SELECT * FROM parents;
SET ROLE regress_drop_user;
CREATE TABLE theirs (id int);
RESET ROLE;
CREATE TABLE effects (hook text);
CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test_drop_policy.effects VALUES (event->>'hook');
    CASE current_setting('test.outcome', true)
        WHEN 'cancel' THEN PERFORM hooks.cancel('not now');
        WHEN 'fail' THEN RAISE division_by_zero;
        WHEN 'sleep' THEN PERFORM pg_sleep(60);
        ELSE NULL;
    END CASE;
END $$;
-- Runs a command and takes it back; the effects of the callbacks, or the error.
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE command;
    SELECT 'done: ' || coalesce(string_agg(hook, ', '), '-') INTO result FROM test_drop_policy.effects;
    RAISE SQLSTATE '00TRY';
EXCEPTION WHEN SQLSTATE '00TRY' THEN
    RETURN result;
WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- A veto stops the command, whatever the policy, and although the relation of
-- the hook is not the one that the command names; an error as the policy says.
SET client_min_messages = error;
CREATE FUNCTION matrix(outcome text) RETURNS TABLE (phase text, on_error text, result text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('test.outcome', outcome, true);
    FOR phase, on_error IN SELECT p, e FROM unnest('{before,before_cascade}'::text[]) p, unnest('{abort,isolate,quarantine}'::text[]) e LOOP
        PERFORM hooks.register('one', phase, 'drop', 'a_view', 'act', on_error => on_error, replace => true,
                               timeout => (CASE outcome WHEN 'sleep' THEN '50 ms' ELSE '1 minute' END)::interval);
        result = test_drop_policy.try('DROP TABLE parents CASCADE');
        RETURN NEXT;
    END LOOP;
    PERFORM hooks.unregister('one');
END $$;
SELECT * FROM matrix('nothing');
SELECT * FROM matrix('cancel');
SELECT * FROM matrix('fail');
SELECT * FROM matrix('sleep');
RESET client_min_messages;
SELECT count(*) FROM a_view;

-- isolate: what the callback did is undone, kept is that it failed, and the
-- command and the next hook go on.
CREATE TABLE gone (id int);
SELECT hooks.register('isolated', 'before', 'drop', 'gone', 'act', on_error => 'isolate'),
       hooks.register('next', 'before', 'drop', 'gone', 'act', condition => 'set_config(''test.outcome'', ''nothing'', false) IS NOT NULL');
SET test.outcome = 'fail';
\set SHOW_CONTEXT never
DROP TABLE gone;
TABLE effects;
SELECT hook, phase, action, sqlstate, message FROM hooks.failure WHERE hook = 'isolated' AND action = 'drop';
-- abort: the error says whose it is
SELECT hooks.register('broken', 'before_cascade', 'drop', 'a_view', 'act');
SET test.outcome = 'fail';
\set SHOW_CONTEXT always
DROP TABLE parents CASCADE;
SELECT hooks.unregister('broken');
-- quarantine: after so many failures it is out, in the middle of a command
SET hooks.quarantine_after = 2;
\set SHOW_CONTEXT never
SELECT hooks.register('failing', 'before', 'drop', NULL, 'act', schema => 'test_drop_policy', on_error => 'quarantine');
CREATE TABLE gone_1 (id int);
CREATE TABLE gone_2 (id int);
CREATE TABLE gone_3 (id int);
DROP TABLE gone_1, gone_2, gone_3;
SELECT enabled, quarantined FROM hooks.registry WHERE name = 'failing';
SELECT hooks.unregister('failing');
RESET hooks.quarantine_after;
DELETE FROM hooks.failure WHERE hook IN ('isolated', 'failing');
TRUNCATE effects;
\set SHOW_CONTEXT errors

-- The owner's hook runs as the owner, under the search_path of the
-- registration; the invoker's as whoever drops.  Order: run_after, priority,
-- registration.  A condition can be about the session.
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: as the caller: %, search_path %', event->>'hook', current_user = event->>'caller', current_setting('search_path');
END $$;
SELECT hooks.register('invoker', 'before', 'drop', 'theirs', 'tell', run_as => 'invoker', package => 'drop'),
       hooks.register('owner', 'before', 'drop', 'theirs', 'tell', package => 'drop', priority => 1),
       hooks.register('third', 'before', 'drop', 'theirs', 'tell', package => 'drop', priority => -1, run_after => '{owner}'),
       hooks.register('first', 'before', 'drop', 'theirs', 'tell', package => 'drop', priority => -1,
                      condition => 'current_setting(''test.first'', true) = ''yes''');
SELECT hook, position FROM hooks.chain('theirs');
SET ROLE regress_drop_user;
SET search_path = pg_catalog;
SET test.first = 'yes';
DO $$ BEGIN DROP TABLE test_drop_policy.theirs; RAISE 'take it back'; EXCEPTION WHEN raise_exception THEN END $$;
RESET ROLE;
SET search_path = test_drop_policy;

-- Paused, disabled, switched off, not of this replication role: they do not fire.
SET test.first = 'no';
BEGIN;
SELECT hooks.pause('third', 'test'), hooks.disable('owner');
SELECT try('DROP TABLE theirs');
ROLLBACK;
SET hooks.enabled = off;
SELECT try('DROP TABLE theirs');
RESET hooks.enabled;
SET session_replication_role = replica;
SELECT try('DROP TABLE theirs');
RESET session_replication_role;
SELECT hooks.unregister_package('drop');

SET client_min_messages = warning;
DROP SCHEMA test_drop_policy CASCADE;
DROP ROLE regress_drop_user;
