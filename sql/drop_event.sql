-- The event of a drop is a jsonb as any other, however many hooks a command fires
-- and however long their names, the relations' and the metadata are: the list of
-- what goes is made once, and the rest of each event written around it.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA test_drop_event_log;
CREATE SCHEMA test_drop_event;
CREATE TABLE test_drop_event_log.fired (n serial, hook text, event jsonb, length int);
CREATE FUNCTION test_drop_event_log.note(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kept jsonb := event;
BEGIN
    ASSERT event::text::jsonb = event, 'the event is not what it looks like';
    ASSERT event - 'objects' || jsonb_build_object('objects', event->'objects') = event, 'nor are its keys';
    ASSERT (SELECT count(*) FROM jsonb_object_keys(event)) = 12, 'nor their number';
    INSERT INTO test_drop_event_log.fired (hook, event, length) VALUES (event->>'hook', kept, length(event::text));
    -- an event within an event
    IF event->>'hook' = 'c' AND event->>'relation' <> 'test_drop_event."inner"' AND to_regclass('test_drop_event.inner') IS NOT NULL THEN
        DROP TABLE test_drop_event.inner;
        ASSERT kept = event, 'another command has changed it';
    END IF;
    -- each next event has more, or less, around the list
    PERFORM set_config('hooks.metadata', CASE (event->>'hook') WHEN 'a' THEN '' WHEN repeat('b', 63) THEN '{"a": [], "b": {}, "c": 1.50}'
                                         ELSE jsonb_build_object('x', repeat('y', 10000))::text END, true);
END $$;

CREATE TABLE test_drop_event.t (id int PRIMARY KEY);
DO $$ BEGIN FOR i IN 1..20 LOOP EXECUTE format('CREATE TABLE test_drop_event.%I (id int)', repeat('é', i)); END LOOP; END $$;
CREATE TABLE test_drop_event.inner (id serial);
SELECT hooks.register('c', 'before', 'drop', NULL, 'test_drop_event_log.note', schema => 'test_drop_event', priority => 1);
SELECT hooks.register(repeat('b', 63), 'before_cascade', 'drop', NULL, 'test_drop_event_log.note', schema => 'test_drop_event');
SELECT hooks.register('a', 'before_cascade', 'drop', NULL, 'test_drop_event_log.note', schema => 'test_drop_event', priority => -1);
SELECT hooks.register('of t', 'before', 'drop', 'test_drop_event.t', 'test_drop_event_log.note');

-- a callback drops one of the tables itself, with events of its own: 3 for that, and
-- 3 for each of the 21 others, one for t
BEGIN;
DROP SCHEMA test_drop_event CASCADE;
SELECT count(*), count(DISTINCT event->'objects'), count(DISTINCT event->'relation') FROM test_drop_event_log.fired;
SELECT hook, count(*) FROM test_drop_event_log.fired GROUP BY hook ORDER BY hook;
-- every relation is in the list of every event of its command
SELECT count(*) FROM test_drop_event_log.fired
 WHERE NOT event->'objects' @> jsonb_build_array(jsonb_build_object('object_identity', event->'relation'));
SELECT bool_and(length(event::text) = length) FROM test_drop_event_log.fired;
ROLLBACK;

SELECT hooks.unregister(name) FROM hooks.registry;
DROP SCHEMA test_drop_event, test_drop_event_log CASCADE;
