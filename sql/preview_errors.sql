-- What hooks.preview_delete(), preview_truncate(), cascade_tree() and doomed()
-- refuse, and to whom: a clear error each.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_preview_input;
SET search_path = test_preview_input;
SET client_min_messages = warning;
CREATE TABLE parent (id int PRIMARY KEY, name text);
CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE);
CREATE TABLE keeper (child_id int REFERENCES child);
INSERT INTO parent VALUES (1, 'x'), (2, 'y');
INSERT INTO child VALUES (11, 1);
CREATE VIEW v AS TABLE parent;
CREATE MATERIALIZED VIEW mv AS TABLE parent;
CREATE SEQUENCE s;
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE command INTO result;
  RETURN 'ok: ' || coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
  RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END $$;

-- The condition is one boolean expression, and nothing can be smuggled in.
SELECT condition, try(format('SELECT sum(rows) FROM hooks.preview_delete(%L, %L)', 'parent', condition))
  FROM unnest(ARRAY['true); DELETE FROM parent; SELECT (true', 'true; DELETE FROM parent', 'id = 1;', 'true) OR (true', 'true OR true)', '(true',
    'true UNION SELECT true', 'true LIMIT 1', 'true FOR UPDATE', 'true AS x', 'true, true', '*', 'parent.*', '', ' ', '-- x', 'id = 1 /*', 'ALL true', 'DISTINCT true',
    'true FROM child', 'true WHERE true', 'true GROUP BY 1',
    'id', '1', 'NULL', 'nowhere = 1', 'c.id = 1', 'count(*) > 0', 'row_number() OVER () = 1', 'generate_series(1, 2) = 1', '$1', 'OLD.id = 1',
    'id IN (SELECT id FROM parent FOR UPDATE)', 'EXISTS (WITH x AS (DELETE FROM parent RETURNING 1) SELECT FROM x)', 'id / 0 = 1']) condition;
-- Whatever the WHERE of a DELETE can say, it can.
SELECT condition, try(format('SELECT sum(rows) FROM hooks.preview_delete(%L, %L)', 'parent', condition))
  FROM unnest(ARRAY['id = 1 -- the first', 'parent.id = 1', 'test_preview_input.parent.name LIKE ''x%''', 'id IN (SELECT parent_id FROM child)', 'tableoid = ''parent''::regclass',
    E'id = 1\nOR id = 2', 'false', 'name = '')'' OR true', 'name IS NULL']) condition;
SELECT count(*) FROM parent;

-- What it calls cannot take the tables away meanwhile.
CREATE FUNCTION run(command text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN EXECUTE command; RETURN true; END';
SELECT command, try(format('SELECT sum(rows) FROM hooks.preview_delete(%L, %L)', 'parent', format('test_preview_input.run(%L)', command)))
  FROM unnest(ARRAY['DROP TABLE keeper', 'DROP TABLE child CASCADE', 'ALTER TABLE child DROP parent_id', 'ALTER TABLE child RENAME parent_id TO x', 'DROP TABLE parent CASCADE']) command;

-- Nor are others taken for them that it has put in their place.
CREATE SCHEMA test_preview_moving;
CREATE TABLE many AS SELECT id FROM generate_series(1, 2000) id;
ALTER TABLE many ADD PRIMARY KEY (id);
CREATE TABLE test_preview_moving.child (parent_id int REFERENCES many ON DELETE CASCADE);
INSERT INTO test_preview_moving.child VALUES (1), (2), (3);
CREATE FUNCTION move(id int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF id = 1500 THEN
    ALTER SCHEMA test_preview_moving RENAME TO test_preview_moved;
    CREATE SCHEMA test_preview_moving;
    CREATE TABLE test_preview_moving.child (parent_id int);
  END IF;
  RETURN true;
END $$;
SELECT try($$SELECT sum(rows) FROM hooks.preview_delete('many', 'move(id)')$$);
DROP SCHEMA test_preview_moving, test_preview_moved CASCADE;

-- Only tables that hold rows of users.
SELECT relation, function, try(format('SELECT hooks.%s(%L)', function, relation))
  FROM unnest(ARRAY['v', 'mv', 's', 'parent_pkey', 'pg_class', 'pg_stats', 'information_schema.tables', '4294967294']) relation,
       unnest(ARRAY['preview_delete', 'preview_truncate', 'cascade_tree']) function;
SELECT try('SELECT hooks.preview_delete(NULL)'), try('SELECT hooks.preview_truncate(NULL)'), try('SELECT hooks.cascade_tree(NULL)');
SELECT try('SELECT hooks.preview_delete(''parent'', max_rows => 0)'), try('SELECT hooks.preview_delete(''parent'', max_rows => -1)');
SELECT try('SELECT hooks.cascade_tree(''parent'', ''svg'')'), try('SELECT hooks.cascade_tree(''parent'', NULL)');
SELECT try('SELECT hooks.doomed(NULL)'), try('SELECT hooks.doomed(''x''::text)'), try('SELECT hooks.doomed(NULL::parent[])'), try('SELECT hooks.doomed(NULL::v)'), try('SELECT hooks.doomed(NULL::child)');

-- SELECT on every table that is counted, also if no row of it is reached; the
-- tree shows catalogs only, and is for everybody.
CREATE ROLE regress_hooks_reader;
GRANT USAGE ON SCHEMA test_preview_input TO regress_hooks_reader;
GRANT SELECT ON parent, child TO regress_hooks_reader;
SET ROLE regress_hooks_reader;
SELECT try($$SELECT hooks.preview_delete('parent', 'id = 2')$$);
SELECT try($$SELECT hooks.preview_truncate('parent')$$);
SELECT try($$SELECT hooks.cascade_tree('parent')$$);
RESET ROLE;
GRANT SELECT ON keeper TO regress_hooks_reader;
SET ROLE regress_hooks_reader;
SELECT try($$SELECT sum(rows) FROM hooks.preview_delete('parent')$$);
SELECT try($$SELECT sum(rows) FROM hooks.preview_truncate('parent')$$);
RESET ROLE;

-- Behind row-level security there is no count; its owner is not behind it.
ALTER TABLE child ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_rows ON child USING (true);
SELECT try($$SELECT sum(rows) FROM hooks.preview_delete('parent')$$);
SET ROLE regress_hooks_reader;
SELECT try($$SELECT sum(rows) FROM hooks.preview_delete('parent')$$);
SELECT try($$SELECT sum(rows) FROM hooks.preview_truncate('parent')$$);
RESET ROLE;

-- The same for who runs a callback: it sees doomed rows of what it may read.
ALTER TABLE child DISABLE ROW LEVEL SECURITY;
REVOKE SELECT ON child FROM regress_hooks_reader;
GRANT TRIGGER ON parent TO regress_hooks_reader;
GRANT CREATE ON SCHEMA test_preview_input TO regress_hooks_reader;
SET ROLE regress_hooks_reader;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE '% % %', current_user, test_preview_input.try('SELECT count(*) FROM hooks.doomed(NULL::test_preview_input.child)'),
    test_preview_input.try('SELECT count(*) FROM hooks.doomed(NULL::test_preview_input.parent)');
END $$;
SELECT hooks.register('reader', 'before_cascade', 'delete', 'parent', 'tell');
RESET ROLE;
SELECT try('DELETE FROM parent WHERE id = 1');

-- Not where only rows that leave their partition would lead, and none can.
CREATE TABLE top (id int PRIMARY KEY);
CREATE TABLE parts (id int PRIMARY KEY, top int REFERENCES top ON DELETE SET NULL) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE TABLE beyond (part int REFERENCES part ON DELETE CASCADE);
INSERT INTO top VALUES (1);
INSERT INTO parts VALUES (1, 1);
GRANT SELECT ON top, parts, part TO regress_hooks_reader;
SET ROLE regress_hooks_reader;
SELECT relation, action, rows FROM hooks.preview_delete('top');
RESET ROLE;

DROP SCHEMA test_preview_input CASCADE;
DROP ROLE regress_hooks_reader;
