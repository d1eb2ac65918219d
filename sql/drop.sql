-- Hooks on "drop" fire before anything of the command is gone, and may stop it.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_drop;
SET search_path = test_drop;
CREATE ROLE regress_drop_user;
GRANT ALL ON SCHEMA test_drop TO regress_drop_user;
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int REFERENCES parents ON DELETE CASCADE);
CREATE VIEW a_view AS SELECT * FROM parents;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM a_view;
CREATE TABLE root (id int) PARTITION BY LIST (id);
CREATE TABLE branch PARTITION OF root FOR VALUES IN (1, 2) PARTITION BY LIST (id);
CREATE TABLE leaf PARTITION OF branch FOR VALUES IN (1);
CREATE FOREIGN DATA WRAPPER test_drop_wrapper;
CREATE SERVER test_drop_server FOREIGN DATA WRAPPER test_drop_wrapper;
CREATE FOREIGN TABLE elsewhere (id int) SERVER test_drop_server;
INSERT INTO parents VALUES (1), (2);
REFRESH MATERIALIZED VIEW a_matview;
INSERT INTO children VALUES (1);
INSERT INTO root VALUES (1);
-- what is still there, and what becomes of the firing is told by the setting
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    IF event->>'relation' <> 'test_drop.elsewhere' THEN
        EXECUTE 'SELECT count(*) FROM ' || (event->>'relation') INTO n;
    END IF;
    RAISE NOTICE '%: % % on %, which has % rows', event->>'hook', event->>'phase', event->>'action', event->>'relation', n;
    CASE current_setting('test.then', true)
        WHEN 'cancel' THEN PERFORM hooks.cancel('not now');
        WHEN 'fail' THEN RAISE division_by_zero;
        WHEN 'sleep' THEN PERFORM pg_sleep(60);
        ELSE NULL;
    END CASE;
END $$;
-- Runs a command and takes it back; the error if there is one.
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RAISE SQLSTATE '00TRY';
EXCEPTION WHEN SQLSTATE '00TRY' THEN
    RETURN 'done';
WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- Everything is there for the last of the hooks, whichever relation the command
-- names, and all of phase before come before all of before_cascade.
SELECT hooks.register('c ' || c, 'before_cascade', 'drop', c, 'tell', package => 'drop'),
       hooks.register('b ' || c, 'before', 'drop', c, 'tell', package => 'drop')
  FROM unnest('{parents,a_view,a_matview,root,branch,leaf,elsewhere}'::regclass[]) c;
SELECT try('DROP TABLE parents CASCADE');
SELECT try('DROP TABLE branch');
SELECT try('DROP TABLE leaf');
SELECT try('DROP VIEW a_view CASCADE');
SELECT try('DROP MATERIALIZED VIEW a_matview');
SELECT try('DROP FOREIGN TABLE elsewhere');
-- no other command fires them, and no table has a trigger for it
SELECT try('TRUNCATE parents CASCADE; DELETE FROM parents; ALTER TABLE parents RENAME TO p;
            ALTER TABLE root DETACH PARTITION branch; DROP TABLE children');
SELECT count(*) FROM pg_trigger WHERE tgfoid = 'hooks.dispatch'::regproc;

-- A dropped relation takes its hooks along; with ROLLBACK both are back.
BEGIN;
DROP TABLE root;
SELECT name FROM hooks.registry WHERE name ~ 'root|branch|leaf|parents' ORDER BY hook_id;
ROLLBACK;
SELECT count(*) FROM hooks.registry WHERE package = 'drop';
DROP MATERIALIZED VIEW a_matview;
SELECT count(*) FROM hooks.registry WHERE package = 'drop';
SELECT hooks.unregister_package('drop');

-- A wide hook fires once for a tree: for what goes and has no parent in the
-- hook's scope that goes too.  Views are in its scope.
SELECT hooks.register('wide', 'before', 'drop', NULL, 'tell', schema => 'test_drop'),
       hooks.register('cascade', 'before_cascade', 'drop', NULL, 'tell', schema => 'test_drop');
SELECT try('DROP TABLE root, leaf');
SELECT try('DROP TABLE branch');
SELECT try('DROP TABLE leaf');
SELECT try('DROP TABLE parents CASCADE');
SELECT try('DROP FOREIGN TABLE elsewhere');
CREATE SCHEMA test_drop_2;
ALTER TABLE root SET SCHEMA test_drop_2;
SELECT try('DROP SCHEMA test_drop_2 CASCADE');
ALTER TABLE test_drop_2.root SET SCHEMA test_drop;
DROP SCHEMA test_drop_2;
SELECT hooks.unregister('wide'), hooks.unregister('cascade');

-- The event.
CREATE TABLE events (event jsonb, context hooks.context);
CREATE FUNCTION keep(event jsonb) RETURNS jsonb LANGUAGE sql AS $$
    INSERT INTO events VALUES (event, hooks.context()) RETURNING event
$$;
GRANT ALL ON events TO regress_drop_user;
SET ROLE regress_drop_user;
CREATE TABLE "My ""table""" (id int);
RESET ROLE;
CREATE VIEW "My view" AS TABLE "My ""table""";
SELECT hooks.register('Keep it', 'before', 'drop', '"My ""table"""', 'keep');
SET hooks.metadata = '{"request_id": "r-17"}';
BEGIN;
SET LOCAL ROLE regress_drop_user;
DROP TABLE IF EXISTS nothing, "My ""table""" CASCADE;
SELECT key, value FROM events, jsonb_each(event)
 WHERE key NOT IN ('transaction_id', 'fired_at', 'objects', 'session_user') ORDER BY key COLLATE "C";
SELECT (event->>'transaction_id')::xid8 = pg_current_xact_id(), (event->>'fired_at')::timestamptz = (context).fired_at,
       event->>'session_user' = session_user FROM events;
SELECT value->>'object_type', value->>'object_identity', value->'original' FROM events, jsonb_array_elements(event->'objects')
 ORDER BY value->>'object_identity' COLLATE "C", value->>'object_type' COLLATE "C";
SELECT value FROM events, jsonb_array_elements(event->'objects') WHERE value->>'object_type' IN ('table', 'view') ORDER BY 1;
-- hooks.context() says the same
SELECT (context).hook, (context).phase, (context).action, (context).level, (context).caller,
       (context).statement, (context).metadata, (context).constraint_name, (context).columns,
       (context).session_user = session_user, (context).transaction_id = pg_current_xact_id() FROM events;
ROLLBACK;
RESET hooks.metadata;

-- Any return type; but one argument, the event, and no set.
CREATE FUNCTION returns_null(event jsonb) RETURNS int LANGUAGE sql AS 'SELECT NULL::int';
CREATE FUNCTION returns_row(event jsonb, OUT a int, OUT b text) LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'returns_row(%)', event->>'hook';
END $$;
CREATE FUNCTION is_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION takes_json(event json) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION takes_two(event jsonb, more jsonb DEFAULT NULL) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION returns_set(event jsonb) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
SELECT hooks.register('one', 'before', 'drop', 'a_view', 'returns_null', package => 'drop'),
       hooks.register('two', 'before', 'drop', 'a_view', 'returns_row', package => 'drop');
SELECT try('DROP VIEW a_view');
SELECT f, try(format('SELECT hooks.register(%L, %L, %L, %L, %L)', 'bad', 'before', 'drop', 'a_view', f))
  FROM unnest('{is_trigger,takes_json,takes_two,returns_set,nowhere}'::text[]) f;
SELECT hooks.register('bad', 'before', 'drop', 'a_view', 'is_trigger');
SELECT hooks.register('bad', 'before', 'delete', 'parents', 'tell');
-- combinations that make no sense
SELECT hooks.register('bad', 'after', 'drop', 'parents', 'tell');
SELECT hooks.register('bad', 'before', 'drop', 'parents', 'tell', level => 'row');
SELECT hooks.register('bad', 'before', 'drop, delete', 'parents', 'tell');
SELECT hooks.register('bad', 'before', 'drop', 'parents', 'tell', columns => '{id}');
SELECT hooks.register('bad', 'before', 'drop', 'parents', 'tell', condition => 'OLD.id > 0');
SELECT hooks.register('bad', 'before', 'drop', 'parents_pkey', 'tell');
SELECT hooks.register('bad', 'before', 'drop', 'hooks.failure', 'tell');
SELECT hooks.unregister_package('drop');

-- A veto stops the command, whatever the policy; an error as the policy says.
SET client_min_messages = warning;
CREATE FUNCTION matrix(then_ text) RETURNS TABLE (phase text, on_error text, result text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('test.then', then_, true);
    FOR phase, on_error IN SELECT p, e FROM unnest('{before,before_cascade}'::text[]) p, unnest('{abort,isolate,quarantine}'::text[]) e LOOP
        PERFORM hooks.register('one', phase, 'drop', 'a_view', 'tell', on_error => on_error, timeout => '50 ms', replace => true);
        result = try('DROP TABLE parents CASCADE');
        RETURN NEXT;
    END LOOP;
    PERFORM hooks.unregister('one');
END $$;
SELECT * FROM matrix('cancel');
SELECT * FROM matrix('fail');
SELECT * FROM matrix('sleep');
RESET client_min_messages;
\set SHOW_CONTEXT never
-- what the callback did is undone, and kept is that it failed
CREATE FUNCTION keep_and_fail(event jsonb) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test_drop.events VALUES (event);
    RETURN 1 / 0;
END $$;
CREATE TABLE gone (id int);
SELECT hooks.register('isolated', 'before', 'drop', 'gone', 'keep_and_fail', on_error => 'isolate'),
       hooks.register('next', 'before', 'drop', 'gone', 'keep', condition => 'current_setting(''test.then'', true) IS DISTINCT FROM ''skip''');
DROP TABLE gone;
SELECT event->>'hook' FROM events;
SELECT hook, phase, action, sqlstate, message FROM hooks.failure;
DELETE FROM hooks.failure;
DELETE FROM events;
-- after so many failures it is out, in the middle of a command
SET hooks.quarantine_after = 2;
SELECT hooks.register('failing', 'before', 'drop', NULL, 'keep_and_fail', schema => 'test_drop', on_error => 'quarantine');
CREATE TABLE gone_1 (id int);
CREATE TABLE gone_2 (id int);
CREATE TABLE gone_3 (id int);
DROP TABLE gone_1, gone_2, gone_3;
SELECT enabled, quarantined FROM hooks.registry WHERE name = 'failing';
SELECT hooks.unregister('failing');
RESET hooks.quarantine_after;
DELETE FROM hooks.failure;
\set SHOW_CONTEXT errors

-- As whom, in which order, and when not.
CREATE FUNCTION tell_role(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: as the caller: %, search_path %', event->>'hook', current_user = event->>'caller', current_setting('search_path');
END $$;
SELECT hooks.register('invoker', 'before', 'drop', '"My ""table"""', 'test_drop.tell_role', run_as => 'invoker', package => 'drop'),
       hooks.register('owner', 'before', 'drop', '"My ""table"""', 'test_drop.tell_role', package => 'drop', priority => 1),
       hooks.register('third', 'before', 'drop', '"My ""table"""', 'test_drop.tell_role', package => 'drop', priority => -1, run_after => '{owner}'),
       hooks.register('first', 'before', 'drop', '"My ""table"""', 'test_drop.tell_role', package => 'drop', priority => -1,
                      condition => 'current_setting(''test.first'', true) = ''yes'''),
       hooks.unregister('Keep it');
SELECT hook, position FROM hooks.chain('"My ""table"""');
SET ROLE regress_drop_user;
SET search_path = pg_catalog;
SET test.first = 'yes';
SELECT test_drop.try('DROP TABLE test_drop."My ""table""" CASCADE');
RESET ROLE;
SET search_path = test_drop;
SET test.first = 'no';
BEGIN;
SELECT hooks.pause('third', 'test'), hooks.disable('owner');
SELECT try('DROP TABLE "My ""table""" CASCADE');
ROLLBACK;
SET hooks.enabled = off;
SELECT try('DROP TABLE "My ""table""" CASCADE');
RESET hooks.enabled;
SET session_replication_role = replica;
SELECT try('DROP TABLE "My ""table""" CASCADE');
RESET session_replication_role;
SELECT hooks.unregister_package('drop');

SET client_min_messages = warning;
DROP SCHEMA test_drop CASCADE;
DROP FOREIGN DATA WRAPPER test_drop_wrapper CASCADE;
DROP ROLE regress_drop_user;
