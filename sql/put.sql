-- Hooks on put fire once for each row, and statement, of INSERT ... ON CONFLICT DO UPDATE
-- and MERGE, which may insert or update; not for statements that do only one.
\i sql/include/preload.psql
CREATE SCHEMA test_put;
SET search_path = test_put;
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was text;
  now text;
BEGIN
  ASSERT TG_NAME = (hooks.context()).hook;
  IF TG_LEVEL = 'ROW' THEN
    was := OLD;
    now := NEW;
  ELSIF TG_WHEN = 'AFTER' THEN
    was := (SELECT string_agg(o::text, ' ' ORDER BY o) FROM old_table o);
    now := (SELECT string_agg(n::text, ' ' ORDER BY n) FROM new_table n);
  END IF;
  RAISE NOTICE '%', concat_ws(' ', TG_WHEN, TG_LEVEL, (hooks.context()).action, TG_OP, TG_TABLE_NAME, was, '=>', now);
  RETURN coalesce(NEW, OLD);
END $$;
CREATE TABLE t (id int PRIMARY KEY, v text, up int REFERENCES t ON UPDATE CASCADE);
SELECT hooks.register(concat_ws(' ', p, l), p, 'put', 't', 'tell', level => l, on_error => 'abort')
  FROM unnest('{before,after}'::text[]) p, unnest('{row,statement}'::text[]) l;
SELECT phase, action, level, hook FROM hooks.chain('t');
-- ... among those of insert
BEGIN;
SELECT hooks.register('i', 'before', 'insert', 't', 'tell'), hooks.register('u', 'before', 'update', 't', 'tell');
SELECT phase, action, level, hook, position FROM hooks.chain('t') WHERE phase = 'before' AND level = 'row';
ROLLBACK;

-- Neither of these is a put
INSERT INTO t VALUES (1, 'a'), (2, 'b');
INSERT INTO t VALUES (1, 'a'), (3, 'c') ON CONFLICT DO NOTHING;
UPDATE t SET up = 1 WHERE id = 2;
DELETE FROM t WHERE id = 3;
COPY t FROM STDIN;
4	d	\N
\.
-- (since 19)
DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 190000 THEN
    EXECUTE 'INSERT INTO t VALUES (1, ''x''), (2, ''x'') ON CONFLICT (id) DO SELECT FOR UPDATE RETURNING id';
  END IF;
END $$;

-- The proposed row before, the row that resulted after; TG_OP tells which it was
INSERT INTO t VALUES (1, 'x'), (5, 'e') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
INSERT INTO t VALUES (6, 'f') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
INSERT INTO t VALUES (6, 'ff') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
INSERT INTO t VALUES (6, 'fff') ON CONFLICT (id) DO UPDATE SET v = excluded.v WHERE t.id < 0;
INSERT INTO t SELECT 7, 'g' WHERE false ON CONFLICT (id) DO UPDATE SET v = excluded.v;
MERGE INTO t USING (VALUES (5, 'm'), (7, 'm')) s (id, v) ON t.id = s.id
  WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v);
MERGE INTO t USING (VALUES (7, 'n')) s (id, v) ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v;
MERGE INTO t USING (VALUES (7)) s (id) ON t.id = s.id WHEN MATCHED THEN DELETE;
MERGE INTO t USING (VALUES (8, 'o'), (6, 'o')) s (id, v) ON t.id = s.id
  WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v);

-- What a foreign key's action does is no put: row 2 refers to row 1. The tables after the
-- statement have it, as those of a trigger
INSERT INTO t VALUES (1, 'y') ON CONFLICT (id) DO UPDATE SET id = 100;

-- In WITH, in functions, and prepared
WITH w AS (INSERT INTO t VALUES (4, 'w') ON CONFLICT (id) DO UPDATE SET v = excluded.v RETURNING v) SELECT * FROM w;
CREATE FUNCTION upsert(int, text) RETURNS void LANGUAGE sql AS
  'INSERT INTO test_put.t VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET v = excluded.v';
SELECT upsert(4, 'f');
PREPARE p AS INSERT INTO t VALUES ($1, 'p') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
EXECUTE p(4);
EXECUTE p(9);

-- A partitioned table; triggers of its own do not disturb
CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE TABLE part_2 (v text, id int PRIMARY KEY);
ALTER TABLE parts ATTACH PARTITION part_2 FOR VALUES FROM (10) TO (20);
SELECT hooks.register(concat_ws(' ', 'parts', p, l), p, 'put', 'parts', 'tell', level => l, on_error => 'abort')
  FROM unnest('{before,after}'::text[]) p, unnest('{row,statement}'::text[]) l;
INSERT INTO parts VALUES (1, 'a'), (11, 'b');
INSERT INTO parts VALUES (1, 'c'), (11, 'd'), (12, 'e') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
MERGE INTO parts USING (VALUES (1, 'm'), (13, 'm')) s (id, v) ON parts.id = s.id
  WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v);
INSERT INTO part_2 VALUES ('p', 11) ON CONFLICT (id) DO UPDATE SET v = excluded.v;

-- A hook may change the proposed row, or skip it; conditions see NEW
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.v = 'skip' THEN RETURN NULL; END IF;
  NEW.v := upper(NEW.v);
  RETURN NEW;
END $$;
SELECT hooks.disable(name) FROM hooks.registry WHERE callback LIKE '%tell%';
SELECT hooks.register('change', 'before', 'put', 'parts', 'change', condition => 'NEW.id > 1');
INSERT INTO parts VALUES (1, 'lower'), (11, 'upper'), (12, 'skip') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
INSERT INTO parts VALUES (5, 'lower');
TABLE parts;
SELECT hooks.register('old', 'after', 'put', 'parts', 'change', condition => 'OLD.id > 1');

-- With insert or update beside it, a row fires the hook once
SELECT hooks.unregister('change');
SELECT hooks.register('both', 'after', 'put, insert', 'parts', 'tell', on_error => 'abort');
INSERT INTO parts VALUES (14, 'ins');
INSERT INTO parts VALUES (14, 'put'), (15, 'put') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
UPDATE parts SET v = 'upd' WHERE id = 15;
SELECT hooks.script() LIKE '%''put''%' FROM hooks.script() LIMIT 1;

-- Combinations that make no sense
SELECT hooks.register('no', 'before_cascade', 'put', 't', 'tell');
SELECT hooks.register('no', 'before_commit', 'put', 't', 'tell');
SELECT hooks.register('no', 'after', 'put', 't', 'tell', columns => '{v}');
SELECT hooks.register('no', 'after', 'put, select', 't', 'tell');
CREATE VIEW v AS SELECT * FROM t;
SELECT hooks.register('no', 'after', 'put', 'v', 'tell');
CREATE FOREIGN DATA WRAPPER test_put;
CREATE SERVER test_put FOREIGN DATA WRAPPER test_put;
CREATE FOREIGN TABLE f (id int, v text) SERVER test_put;
SELECT hooks.register('no', 'after', 'insert, put', 'f', 'tell');

-- Traced
SELECT hooks.unregister(name) FROM hooks.registry;
SELECT hooks.register('put', 'after', 'put', 't', 'tell', on_error => 'abort');
\set VERBOSITY terse
SET hooks.trace = on;
INSERT INTO t VALUES (20, 'a');
INSERT INTO t VALUES (20, 'b') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
RESET hooks.trace;
SELECT hooks.unregister('put');
SET client_min_messages = warning;
DROP SCHEMA test_put CASCADE;
DROP FOREIGN DATA WRAPPER test_put CASCADE;
\i sql/include/preload_end.psql
