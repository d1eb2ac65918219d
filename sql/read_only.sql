-- Every function that writes says so in a read-only transaction, before it does
-- anything else; those that only look work.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA test_read_only;
SET search_path = test_read_only;
CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT hooks.register('h', 'before_cascade', 'delete', 't', 'f');
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || call;
    RETURN 'works: ' || call;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

-- All functions of the extension that clients call: whoever adds one, adds it here.
CREATE TABLE calls AS SELECT unnest(ARRAY[
    $$hooks.audited_readable()$$, $$hooks.audited_row_readable()$$, $$hooks.cancel('x')$$, $$hooks.cascade_tree('t')$$, $$hooks.chain('t')$$, $$hooks.context()$$, $$hooks.disable('h')$$, $$hooks.discard(1)$$,
    $$hooks.doomed(NULL::t)$$, $$hooks.enable('h')$$, $$hooks.flush()$$, $$hooks.kept_readable()$$, $$hooks.kept_rows(1, NULL::t)$$,
    $$hooks.pause('h', 'x')$$, $$hooks.preview_delete('t')$$, $$hooks.preview_drop('t')$$, $$hooks.preview_truncate('t')$$,
    $$hooks.purge_audit('0')$$, $$hooks.purge_kept('0')$$, $$hooks.redeliver(1)$$, $$hooks.register('x', 'before', 'insert', 't', 'f')$$, $$hooks.register_filter('x', 't', 'true')$$, $$hooks.check()$$, $$hooks.register_check('x', 'f')$$, $$hooks.repair()$$, $$hooks.restore(1)$$,
    $$hooks.reset_stats()$$, $$hooks.restore_transaction('1')$$, $$hooks.resume('h')$$, $$hooks.stats()$$, $$hooks.unregister('h')$$, $$hooks.unregister_package('p')$$, $$hooks.waiting()$$]) AS call;
SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'hooks'::regnamespace
   AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
EXCEPT SELECT substring(call, 'hooks\.(\w+)')::name FROM calls ORDER BY 1;
BEGIN READ ONLY;
SELECT try(call) FROM calls;
ROLLBACK;

SELECT hooks.unregister('h');
SET client_min_messages = warning;
DROP SCHEMA test_read_only CASCADE;
