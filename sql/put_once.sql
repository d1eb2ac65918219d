-- A hook on put fires once for a row: also for one that MERGE moves to another
-- partition, which triggers see as an update, a delete and an insert; and not for rows
-- that another part of the same statement updates.
\i sql/include/preload.psql
CREATE SCHEMA test_put_once;
SET search_path = test_put_once;
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was text;
  now text;
BEGIN
  IF TG_LEVEL = 'ROW' THEN
    was := OLD;
    now := NEW;
  ELSIF TG_WHEN = 'AFTER' THEN
    was := (SELECT string_agg(o::text, ' ' ORDER BY o) FROM old_table o);
    now := (SELECT string_agg(n::text, ' ' ORDER BY n) FROM new_table n);
  END IF;
  RAISE NOTICE '%', concat_ws(' ', TG_WHEN, TG_LEVEL, (hooks.context()).action, TG_OP, TG_TABLE_NAME, was, '=>', now,
                              (hooks.context()).columns);
  RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION hook(relation regclass) RETURNS void LANGUAGE sql AS $$
  SELECT hooks.register(concat_ws(' ', relation, p, l), p, 'put', relation, 'tell', level => l, on_error => 'abort')
    FROM unnest('{before,after}'::text[]) p, unnest('{row,statement}'::text[]) l
$$;

-- MERGE moves rows: also where nothing is inserted, and into a partition whose columns
-- are in another order. Rows that follow one that was moved have firings of their own
CREATE TABLE parts (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE TABLE part_2 (v text, id int);
ALTER TABLE parts ATTACH PARTITION part_2 FOR VALUES FROM (10) TO (20);
SELECT hook('parts');
INSERT INTO parts VALUES (1, 'a'), (2, 'b'), (11, 'c');
MERGE INTO parts USING (VALUES (1)) s (id) ON parts.id = s.id WHEN MATCHED THEN UPDATE SET id = 12;
MERGE INTO parts USING (VALUES (1, 2), (2, 11), (3, 9), (4, 12)) s (n, id) ON parts.id = s.id
  WHEN MATCHED AND n = 4 THEN UPDATE SET v = 'stays'
  WHEN MATCHED THEN UPDATE SET id = (parts.id + 10) % 20, v = 'moves'
  WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'new');
SELECT tableoid::regclass, * FROM parts ORDER BY id;

-- A hook of the partition that a row leaves, or comes to, fires for that once, too
SELECT hooks.unregister(name) FROM hooks.registry;
SELECT hooks.register('leaves', 'before', 'put', 'part_1', 'tell');
SELECT hooks.register('comes', 'before', 'put', 'part_2', 'tell');
MERGE INTO parts USING (VALUES (1, 1), (2, 9), (3, 8)) s (n, id) ON parts.id = s.id
  WHEN MATCHED THEN UPDATE SET id = parts.id + 10
  WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'new');
SELECT hooks.unregister(name) FROM hooks.registry;

-- A WITH that updates what the statement upserts, and the other way round
CREATE TABLE t (id int PRIMARY KEY, v text, w text);
INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');
SELECT hook('t');
WITH w AS (UPDATE t SET v = 'upd' WHERE id = 1)
INSERT INTO t VALUES (2, 'put'), (4, 'put') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
WITH w AS (INSERT INTO t VALUES (2, 'put 2'), (5, 'put') ON CONFLICT (id) DO UPDATE SET v = excluded.v)
UPDATE t SET v = 'upd 2', w = 'w' WHERE id = 1;
WITH w AS (UPDATE t SET v = 'upd 3' WHERE id = 1 RETURNING *)
MERGE INTO t USING (VALUES (2), (6)) s (id) ON t.id = s.id
  WHEN MATCHED THEN UPDATE SET v = 'put 3' WHEN NOT MATCHED THEN INSERT VALUES (s.id);
-- the same of partitions, whose columns differ
SELECT hook('parts');
WITH w AS (UPDATE parts SET v = 'upd' WHERE id = 11)
MERGE INTO parts USING (VALUES (12), (7)) s (id) ON parts.id = s.id
  WHEN MATCHED THEN UPDATE SET v = 'put' WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'put');
-- by somebody who may update this column only, and as a prepared statement
CREATE ROLE regress_hooks_user;
GRANT USAGE ON SCHEMA test_put_once TO regress_hooks_user;
GRANT SELECT, INSERT, UPDATE (v) ON t TO regress_hooks_user;
SET ROLE regress_hooks_user;
SET plan_cache_mode = force_generic_plan;
PREPARE p AS WITH w AS (UPDATE t SET v = 'upd' WHERE id = $1)
  INSERT INTO t VALUES ($2, 'put') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
EXECUTE p(1, 2);
EXECUTE p(2, 1);
WITH w AS (UPDATE t SET w = 'no' WHERE id = 1)
INSERT INTO t VALUES (2, 'put') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
RESET ROLE;

-- Two tables that one statement upserts, of which a foreign key's action changes one once more
CREATE TABLE u (id int PRIMARY KEY, up int REFERENCES u ON UPDATE CASCADE);
INSERT INTO u VALUES (1, NULL), (2, 1), (3, 2);
SELECT hooks.register('u', 'after', 'put', 'u', 'tell', level => 'statement', on_error => 'abort');
WITH w AS (INSERT INTO u VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 10)
INSERT INTO t VALUES (1, 'put') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
WITH w AS (INSERT INTO t VALUES (1, 'put') ON CONFLICT (id) DO UPDATE SET v = excluded.v)
INSERT INTO u VALUES (10) ON CONFLICT (id) DO UPDATE SET id = 1;

SELECT hooks.unregister(name) FROM hooks.registry;
SET client_min_messages = warning;
DROP SCHEMA test_put_once CASCADE;
DROP ROLE regress_hooks_user;
\i sql/include/preload_end.psql
