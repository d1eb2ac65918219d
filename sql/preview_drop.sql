-- hooks.preview_drop() tells what DROP ... CASCADE removes, what of it needs
-- CASCADE, and which hooks on drop fire; and it changes nothing.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_preview_drop;
SET search_path = test_preview_drop;
CREATE TABLE parents (id serial PRIMARY KEY, name text);
CREATE TABLE children (id int REFERENCES parents ON DELETE CASCADE);
CREATE VIEW a_view AS SELECT name FROM parents;
CREATE VIEW "View ""two""" AS TABLE a_view;
CREATE TABLE root (id int) PARTITION BY LIST (id);
CREATE TABLE leaf PARTITION OF root FOR VALUES IN (1);
CREATE FUNCTION veto(event jsonb) RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM hooks.cancel('no'); END$$;
SELECT hooks.register('table', 'before', 'drop', 'parents', 'veto'), hooks.register('cascade', 'before_cascade', 'drop', 'parents', 'veto'),
       hooks.register('first', 'before', 'drop', 'parents', 'veto', priority => -1), hooks.register('view', 'before', 'drop', 'a_view', 'veto');

SELECT depth, object_type, object_identity, action, hooks FROM hooks.preview_drop('parents')
 WHERE object_type NOT IN ('type', 'rule', 'trigger') AND object_identity !~ 'pg_toast|not_null'
 ORDER BY object_identity COLLATE "C", object_type COLLATE "C";
SELECT relation FROM hooks.preview_drop('parents') WHERE relation IS NOT NULL AND relation::text !~ 'pg_toast' ORDER BY relation::text COLLATE "C";
-- partitions go without CASCADE
SELECT relation, action FROM hooks.preview_drop('root') WHERE object_type = 'table' ORDER BY relation::text;
-- a wide hook fires for the topmost table that it covers and that goes
BEGIN;
SELECT hooks.register('wide', 'before_cascade', 'drop', NULL, 'veto', schema => 'test_preview_drop');
SELECT relation, hooks FROM hooks.preview_drop('root') WHERE object_type = 'table' ORDER BY relation::text;
SELECT relation, hooks FROM hooks.preview_drop('leaf') WHERE object_type = 'table';
ROLLBACK;
-- a view by itself
SELECT object_type, object_identity, action FROM hooks.preview_drop('"View ""two"""') WHERE object_type = 'view';

-- Not those that are paused, or all.
BEGIN;
SELECT hooks.pause('first', 'test');
SELECT hooks FROM hooks.preview_drop('parents') WHERE depth = 0;
SET LOCAL hooks.enabled = off;
SELECT hooks FROM hooks.preview_drop('parents') WHERE depth = 0;
ROLLBACK;

-- What it tells is what goes: the list that PostgreSQL gives an event trigger.
CREATE TABLE gone (object_type text, object_identity text);
CREATE FUNCTION note_gone() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test_preview_drop.gone SELECT object_type, object_identity FROM pg_event_trigger_dropped_objects();
END $$;
CREATE EVENT TRIGGER test_preview_drop_gone ON sql_drop EXECUTE FUNCTION note_gone();
CREATE TABLE told AS SELECT object_type, object_identity FROM hooks.preview_drop('parents');
BEGIN;
SET LOCAL hooks.enabled = off;
SET LOCAL client_min_messages = warning;
DROP TABLE parents CASCADE;
(TABLE gone EXCEPT TABLE told) UNION ALL (TABLE told EXCEPT TABLE gone);
SELECT count(*) > 10 FROM gone;
ROLLBACK;
-- and without CASCADE it is refused because of what is marked so
SET hooks.enabled = off;
\set VERBOSITY terse
DROP TABLE parents;
\set VERBOSITY default
RESET hooks.enabled;
DROP EVENT TRIGGER test_preview_drop_gone;

-- errors
CREATE TEMP TABLE temporary (id int);
SELECT hooks.preview_drop(NULL);
SELECT hooks.preview_drop(1);
SELECT hooks.preview_drop('pg_class');
SELECT hooks.preview_drop('temporary');
SELECT hooks.preview_drop('parents_pkey');

SELECT hooks.unregister(name) FROM hooks.registry WHERE callback ~ 'veto';
SET client_min_messages = warning;
DROP SCHEMA test_preview_drop CASCADE;
