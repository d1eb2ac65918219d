-- Who sent a statement that reads: the client, or a function.  What a command of the client runs, as
-- EXECUTE and FETCH do, is the client's; what a function reads while that is planned is not.
\i sql/include/preload.psql
CREATE SCHEMA test_select_sent_by;
SET search_path = test_select_sent_by;
\pset format unaligned
\pset tuples_only on
CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 3) i;
CREATE TABLE rate AS SELECT 2 AS factor;
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% of % by %', event->>'action', split_part(event->>'relation', '.', 2), event->>'sent_by';
END $$;
SELECT hooks.register(a || '_' || n, 'before', a, ('test_select_sent_by.' || n)::regclass, 'tell', package => 'test_select_sent_by')
  FROM unnest('{t,rate}'::text[]) n, unnest('{select,dump}'::text[]) a;

-- The planner calls it
CREATE FUNCTION factor() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT r.factor FROM test_select_sent_by.rate r);
END $$;
SELECT id FROM t WHERE id > factor();
EXPLAIN (COSTS OFF) SELECT id FROM t WHERE id > factor();
EXPLAIN ANALYZE SELECT id FROM t WHERE id > factor() \g /dev/null
CREATE TABLE made AS SELECT id FROM t WHERE id > factor();
COPY (SELECT id FROM t WHERE id > factor()) TO STDOUT;
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t WHERE id > factor(); FETCH 1 FROM c; COMMIT;

-- A prepared statement, whose text is not that of the command
PREPARE q AS SELECT id FROM t WHERE id > factor();
EXECUTE q;
EXPLAIN (COSTS OFF) EXECUTE q;
EXPLAIN ANALYZE EXECUTE q \g /dev/null
CREATE TABLE made_of_prepared AS EXECUTE q;
EXPLAIN ANALYZE CREATE TABLE also_made AS EXECUTE q \g /dev/null

-- EXPLAIN alone reads nothing, and says nothing of what comes next
EXPLAIN (COSTS OFF) SELECT 1;
SELECT factor();
EXPLAIN (COSTS OFF) SELECT 1 / 0;
SELECT factor();

-- Several commands in one message
SET test.x = 1 \; EXECUTE q;
SET test.x = 1 \; COPY rate TO '/dev/null';
SET test.x = 1 \; SELECT factor();
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t;
SET test.x = 1 \; FETCH 1 FROM c;
COMMIT;

-- Commands of a function
DO $$ BEGIN EXECUTE 'COPY test_select_sent_by.rate TO ''/dev/null'''; EXECUTE 'CREATE TEMP TABLE x AS EXECUTE q'; END $$;
-- A cursor that a function has opened is read by the client; another function reads the same
CREATE FUNCTION opened(c refcursor) RETURNS refcursor LANGUAGE plpgsql AS $$ BEGIN OPEN c FOR SELECT factor FROM test_select_sent_by.rate; RETURN c; END $$;
CREATE FUNCTION read() RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN FOR n IN SELECT factor FROM test_select_sent_by.rate LOOP RETURN n; END LOOP; END $$;
BEGIN; SELECT opened('c'); FETCH ALL FROM c; SELECT read(); FETCH ALL FROM c; SELECT read(); COMMIT;
EXECUTE nothing;
FETCH 1 FROM nothing;

SELECT hooks.unregister_package('test_select_sent_by');
SET client_min_messages = warning;
DROP SCHEMA test_select_sent_by CASCADE;
\i sql/include/preload_end.psql
