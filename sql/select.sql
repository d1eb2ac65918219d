-- Hooks on select fire once for each relation that a statement reads, and for each
-- statement: a relation is read if the statement needs the right SELECT for it.
\i sql/include/preload.psql
CREATE SCHEMA test_select;
SET search_path = test_select;
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%', concat_ws(' ', event->>'phase', event->>'relation_kind', event->>'relation', event->>'columns', event->>'rows' || ' rows',
                              'by ' || (event->>'sent_by'));
END $$;
CREATE TABLE t (id int PRIMARY KEY, v text, gone int, w int);
ALTER TABLE t DROP COLUMN gone;
INSERT INTO t SELECT i, 'v' || i, i FROM generate_series(1, 5) i;
CREATE TABLE u (id int, v text);
INSERT INTO u VALUES (1, 'u1');
CREATE VIEW v AS SELECT id, v FROM t WHERE w < 3;
SELECT hooks.register(n || p, p, 'select', ('test_select.' || n)::regclass, 'tell', on_error => 'abort', package => 'test_select')
  FROM unnest('{t,u,v}'::text[]) n, unnest('{before,after}'::text[]) p;

-- The columns are those that it reads, wherever: all of a whole row, none of a count
SELECT id FROM t WHERE w = 2;
SELECT t FROM t WHERE id = 1;
SELECT count(*) FROM t;
SELECT ctid FROM t WHERE id = 1;

-- A view, and the table below
SELECT id FROM v;

-- Subqueries, CTEs, joins with itself, UNION: once
SELECT (SELECT max(id) FROM t), (SELECT min(w) FROM t);
WITH x AS (SELECT id FROM t) SELECT count(*) FROM x, t, u;
SELECT id::text FROM u UNION ALL SELECT v FROM u;
TABLE u;

-- What statements that change rows look at, and give back; not what they only write
INSERT INTO u SELECT id, v FROM t WHERE id = 2;
INSERT INTO u VALUES (3, 'u3');
UPDATE u SET v = 'new';
UPDATE u SET v = 'newer' WHERE id = 3;
UPDATE u SET v = t.v FROM t WHERE t.id = u.id;
DELETE FROM u WHERE id = 3 RETURNING v;
WITH d AS (DELETE FROM u WHERE id = 2 RETURNING v) SELECT * FROM d;
MERGE INTO u USING t ON t.id = u.id WHEN MATCHED THEN UPDATE SET v = 'merged';

-- Prepared statements, each time; not EXPLAIN, but with ANALYZE
PREPARE p AS SELECT v FROM u;
EXECUTE p;
EXECUTE p;
EXPLAIN (COSTS OFF) SELECT v FROM u;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT v FROM u \g /dev/null
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) EXECUTE p \g /dev/null

-- COPY, CREATE TABLE AS, materialized views
COPY (SELECT v FROM u) TO STDOUT;
CREATE TABLE made AS SELECT v FROM u;
CREATE TABLE made_empty AS SELECT v FROM u WITH NO DATA;
CREATE TABLE made_again AS EXECUTE p;
CREATE MATERIALIZED VIEW m AS SELECT v FROM u;
REFRESH MATERIALIZED VIEW m;
SELECT hooks.register('m', 'before', 'select', 'm', 'tell');
SELECT v FROM m;

-- A function's statements are its own
CREATE FUNCTION of_sql() RETURNS SETOF text LANGUAGE sql VOLATILE AS 'SELECT v FROM test_select.u; SELECT v FROM test_select.t WHERE id < 3';
CREATE FUNCTION of_plpgsql() RETURNS int LANGUAGE plpgsql AS $$
DECLARE r record; n int := 0;
BEGIN
  FOR r IN SELECT id FROM t ORDER BY id LOOP EXIT WHEN r.id > 2; n := n + 1; END LOOP;
  PERFORM v FROM u;
  RETURN n;
END $$;
CREATE FUNCTION inlined() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT v FROM test_select.u';
SELECT of_sql() LIMIT 1;
SELECT of_plpgsql();
SELECT * FROM inlined();
DO $$ BEGIN PERFORM id FROM u; END $$;

-- A cursor: before the first row is fetched, and when the last one was, or it is closed
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id;
FETCH 0 FROM c;
FETCH 2 FROM c;
FETCH 2 FROM c;
FETCH 2 FROM c;
CLOSE c;
DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id;
FETCH 2 FROM c;
CLOSE c;
DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id;
MOVE 3 IN c;
COMMIT;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM t;
DECLARE d CURSOR WITH HOLD FOR SELECT id FROM u;
COMMIT;
CLOSE d;

-- An error in the middle is no end, nor is a rollback
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM t;
FETCH 1 FROM c;
ROLLBACK;
SELECT 1 / (id - 2) FROM t ORDER BY id;

-- Partitioned tables and their partitions, each where a statement names it; ONLY; inheritance
CREATE TABLE parts (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE TABLE heir () INHERITS (u);
INSERT INTO parts VALUES (1, 'p1');
SELECT hooks.register(n, 'before', 'select', ('test_select.' || n)::regclass, 'tell', package => 'test_select')
  FROM unnest('{parts,part_1,heir}'::text[]) n;
SELECT v FROM parts;
SELECT v FROM part_1;
SELECT v FROM u;
SELECT v FROM ONLY u;
SELECT v FROM heir;

-- Checks of foreign keys do not read, nor do their actions, nor our own queries
SELECT hooks.unregister('heir');
DROP TABLE heir;
CREATE TABLE child (id int REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE, note text);
SELECT hooks.register('child', 'before', 'select', 'child', 'tell', package => 'test_select');
INSERT INTO child VALUES (1), (2), (3);
DELETE FROM t WHERE id = 1;
UPDATE t SET id = 20 WHERE id = 2;
ALTER TABLE child ADD CONSTRAINT again FOREIGN KEY (id) REFERENCES t;
ALTER TABLE child DROP CONSTRAINT again;
CREATE INDEX ON child (id);
SELECT hooks.register('keep', 'before_cascade', 'delete', 't', 'hooks.keep', package => 'test_select');
DELETE FROM t;
SELECT rows, hooks.restore(kept_id) FROM hooks.kept WHERE relation = 't'::regclass AND rows > 0;
SELECT relation, action, rows FROM hooks.preview_delete('t');
SELECT hooks.unregister('keep');

-- Row-level security reads what it needs for its policies
CREATE TABLE secret (id int);
CREATE TABLE allowed (id int);
INSERT INTO secret VALUES (1), (2);
INSERT INTO allowed VALUES (1);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY those ON secret USING (id IN (SELECT id FROM test_select.allowed));
CREATE ROLE regress_select_reader;
GRANT USAGE ON SCHEMA test_select TO regress_select_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA test_select TO regress_select_reader;
SELECT hooks.register(n, 'before', 'select', ('test_select.' || n)::regclass, 'tell', package => 'test_select')
  FROM unnest('{secret,allowed}'::text[]) n;
SET ROLE regress_select_reader;
SELECT id FROM secret;
RESET ROLE;

-- What the client sends with parameters, and without a text of its own
SELECT hooks.disable('tafter'), hooks.disable('uafter');
SET plan_cache_mode = force_generic_plan;
PREPARE q(int) AS SELECT v FROM t WHERE id = $1;
EXECUTE q(3);
EXECUTE q(4);

SELECT hooks.unregister_package('test_select'), hooks.unregister('m');
SELECT id FROM t WHERE id = 3;
DELETE FROM hooks.kept WHERE relation IN ('t'::regclass, 'child'::regclass);
SET client_min_messages = warning;
DROP SCHEMA test_select CASCADE;
DROP ROLE regress_select_reader;
\i sql/include/preload_end.psql
