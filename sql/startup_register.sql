-- What hooks on startup can be, and who may register them.  When they fire is
-- in test/t/042_startup.pl, as it needs the library to be preloaded.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_startup;
SET search_path = test_startup;
CREATE ROLE regress_startup_user;
GRANT USAGE ON SCHEMA test_startup TO regress_startup_user;
CREATE TABLE t (id int);
CREATE FUNCTION note(event jsonb) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION note_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';

CREATE FUNCTION try(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text; hint text; state text;
BEGIN
    EXECUTE format($f$SELECT hooks.register('started', phase => 'startup', %s)$f$, arguments);
    PERFORM hooks.unregister('started');
    RETURN arguments || ' => registered';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
    -- where the library is not preloaded, all that is valid ends so
    IF state = '55000' THEN
        RETURN arguments || ' => registered';
    END IF;
    RETURN concat_ws('|', arguments || ' => ' || state, message, nullif(detail, ''), nullif(hint, ''));
END $$;

-- They are on no table, and at no level; isolate is the default.
SELECT try(a) FROM unnest(ARRAY[
    $$action => 'session', relation => NULL, callback => 'note'$$,
    $$action => 'server', relation => NULL, callback => 'note'$$,
    $$action => 'session, server', relation => NULL, callback => 'note'$$,
    $$action => 'session', relation => 't', callback => 'note'$$,
    $$action => 'session', relation => NULL, schema => 'test_startup', callback => 'note'$$,
    $$action => 'session', relation => NULL, callback => 'note', level => 'statement'$$,
    $$action => 'session', relation => NULL, callback => 'note', level => 'row'$$,
    $$action => 'session', relation => NULL, callback => 'note', condition => 'true'$$,
    $$action => 'session', relation => NULL, callback => 'note', columns => '{id}'$$,
    $$action => 'session', relation => NULL, callback => 'note', payload => '{id}'$$,
    $$action => 'session', relation => NULL, callback => 'note', max_attempts => 3$$]) a;
-- Actions of tables are none of startup, and not the other way round.
SELECT try(a) FROM unnest(ARRAY[
    $$action => 'insert', relation => NULL, callback => 'note'$$,
    $$action => 'session, drop', relation => NULL, callback => 'note'$$,
    $$action => 'write', relation => NULL, callback => 'note'$$]) a;
SELECT hooks.register('x', 'before', 'session', 't', 'note');
SELECT hooks.register('x', 'before', 'drop, session', NULL, 'note');
SELECT hooks.register('x', 'after', 'server', NULL, 'note', level => 'statement');
SELECT hooks.register('x', 'after_commit', 'session', NULL, 'note');
-- The policies are isolate and abort; a hook of the server has no invoker.
SELECT try(format($$action => '%s', relation => NULL, callback => 'note', %s$$, a, b))
  FROM unnest(ARRAY['session', 'server']) a,
       unnest(ARRAY[$$on_error => 'abort'$$, $$on_error => 'isolate'$$, $$on_error => 'quarantine'$$, $$on_error => 'retry'$$,
                    $$run_as => 'invoker'$$, $$timeout => '1 s'$$, $$activation => 'opt_in'$$]) b;
-- The callback takes the event.
SELECT try(a) FROM unnest(ARRAY[
    $$action => 'session', relation => NULL, callback => 'note_trigger'$$,
    $$action => 'session', relation => NULL, callback => 'nothing'$$,
    $$action => 'session', relation => NULL, callback => 'hooks.rate_limit'$$]) a;

-- Only superusers may: such a hook runs in everybody's session.
GRANT EXECUTE ON FUNCTION note TO regress_startup_user;
SET ROLE regress_startup_user;
SELECT try(a) FROM unnest(ARRAY[
    $$action => 'session', relation => NULL, callback => 'note'$$,
    $$action => 'server', relation => NULL, callback => 'note'$$]) a;
RESET ROLE;

SHOW hooks.startup_timeout;
SET ROLE regress_startup_user;
SET hooks.startup_timeout = 0;
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA test_startup CASCADE;
DROP OWNED BY regress_startup_user;
DROP ROLE regress_startup_user;
