-- hooks.context() in the first statement of a session.  Without preload the
-- library comes in the middle of it.  If a hook on the table that the statement
-- names brings it, all is known.  If it comes in the middle of the cascade, the
-- statement is known once its rows are gone, and all that is told is right.
\pset format unaligned
\pset tuples_only on
\pset null null
CREATE SCHEMA test_provenance_first;
GRANT USAGE ON SCHEMA test_provenance_first TO PUBLIC;
SET search_path = test_provenance_first;
CREATE TABLE parents (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE parents_1 PARTITION OF parents FOR VALUES FROM (0) TO (100);
CREATE TABLE children (id int PRIMARY KEY, parent_id int CONSTRAINT children_fkey REFERENCES parents ON DELETE CASCADE);
CREATE TABLE toys (child_id int CONSTRAINT toys_fkey REFERENCES children ON DELETE CASCADE);
INSERT INTO parents SELECT generate_series(1, 40);
INSERT INTO children SELECT id, id FROM parents;
INSERT INTO toys SELECT id FROM children;
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, tab regclass, c hooks.context);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test_provenance_first.log (tab, c) VALUES (TG_RELID, hooks.context());
    RETURN coalesce(NEW, OLD);
END $$;
-- What each firing was told of statement and origin: right, null, or WRONG.
CREATE FUNCTION read_log(root text, action text, caller text, statement text)
RETURNS TABLE (line text) LANGUAGE sql SET search_path = test_provenance_first AS $$
    WITH l AS (DELETE FROM log RETURNING n, tab, c),
         t AS (SELECT n, CASE WHEN tab = 'parents_1'::regclass THEN 'parents' ELSE tab::text END AS tab,
                      concat_ws(' ', (c).phase, (c).level) AS firing, (c).cascade_depth AS d, (c).constraint_name::text AS k,
                      ARRAY[(c).root_relation::text, (c).root_action, (c).caller, (c).statement] AS s FROM l),
         v AS (SELECT t.*, ARRAY[root, action, caller, statement] AS ts,
                      CASE tab WHEN 'parents' THEN 0 WHEN 'children' THEN 1 ELSE 2 END AS td,
                      CASE tab WHEN 'children' THEN 'children_fkey' WHEN 'toys' THEN 'toys_fkey' END AS tk FROM t)
    SELECT format('%s %s: statement %s, origin %s', firing, tab,
                  CASE WHEN s = ts THEN 'right'
                       WHEN EXISTS (SELECT FROM generate_series(1, 4) i WHERE s[i] <> ts[i]) THEN 'WRONG ' || s::text
                       ELSE 'null' END,
                  CASE WHEN (d, k) IS NOT DISTINCT FROM (td, tk) THEN 'right'
                       WHEN d <> td OR k <> tk THEN 'WRONG ' || concat_ws(', ', d, k)
                       ELSE 'null' END)
      FROM v ORDER BY n $$;
CREATE FUNCTION summary(root text, action text, caller text, statement text)
RETURNS text LANGUAGE sql SET search_path = test_provenance_first AS $$
    SELECT format('%s at level row, %s wrong, %s late ones that do not know the statement',
                  count(*) FILTER (WHERE line LIKE '% row %'),
                  count(*) FILTER (WHERE line LIKE '%WRONG%'),
                  count(*) FILTER (WHERE line NOT LIKE 'before row%' AND line NOT LIKE '%statement right%'))
      FROM read_log(root, action, caller, statement) $$;

SELECT hooks.register(format('%s %s %s', t, p, l), p, 'delete', t, 'note', level => l, on_error => 'abort', package => 'first')
  FROM unnest('{parents, children, toys}'::regclass[]) t,
       (VALUES ('before', 'row'), ('after', 'row'), ('before_cascade', 'statement')) v (p, l);

-- Hooks on all tables: the library comes with the first row of the statement.
\c -
DELETE FROM test_provenance_first.parents WHERE id < 3;
SELECT test_provenance_first.read_log('parents', 'delete', current_user, 'DELETE FROM test_provenance_first.parents WHERE id < 3;');

-- What EXPLAIN runs, or a rule, is not the client's statement: nothing that is told of it is wrong.
CREATE TABLE test_provenance_first.named (id int);
INSERT INTO test_provenance_first.named VALUES (31);
CREATE RULE also AS ON DELETE TO test_provenance_first.named
    DO ALSO DELETE FROM test_provenance_first.parents WHERE parents.id = OLD.id;
\c -
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) DELETE FROM test_provenance_first.parents WHERE id = 30 \g /dev/null
SELECT count(*) FILTER (WHERE line LIKE '%WRONG%'), count(*) > 0
  FROM test_provenance_first.read_log('parents', 'delete', current_user, 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) DELETE FROM test_provenance_first.parents WHERE id = 30 ');
\c -
DELETE FROM test_provenance_first.named;
SELECT count(*) FILTER (WHERE line LIKE '%WRONG%'), count(*) > 0
  FROM test_provenance_first.read_log('parents', 'delete', current_user, 'DELETE FROM test_provenance_first.named;');

-- A function's MERGE is not what its part does to a row, even if it is not known what it is.
CREATE FUNCTION test_provenance_first.merge(int) RETURNS void LANGUAGE sql AS $$
    MERGE INTO test_provenance_first.parents USING (VALUES ($1)) v (id) ON parents.id = v.id WHEN NOT MATCHED THEN INSERT VALUES ($1) $$;
SELECT hooks.register('parents merged', 'before', 'insert', 'test_provenance_first.parents', 'test_provenance_first.note', package => 'first');
\c -
SELECT test_provenance_first.merge(50);
SELECT (c).action, coalesce((c).root_action = 'merge', true) FROM test_provenance_first.log ORDER BY n;
SELECT hooks.unregister('parents merged');
TRUNCATE test_provenance_first.log;

-- With no such hook it comes in the middle of the cascade.  What a firing after
-- its row is gone is told of the statement is right all the same.
SELECT hooks.unregister('parents ' || p) FROM unnest('{before row, before_cascade statement}'::text[]) p;
\c -
DELETE FROM test_provenance_first.parents WHERE id BETWEEN 3 AND 5;
SELECT test_provenance_first.summary('parents', 'delete', current_user, 'DELETE FROM test_provenance_first.parents WHERE id BETWEEN 3 AND 5;');
SELECT hooks.unregister('parents after row');
\c -
DELETE FROM test_provenance_first.parents WHERE id BETWEEN 6 AND 8;
SELECT test_provenance_first.summary('parents', 'delete', current_user, 'DELETE FROM test_provenance_first.parents WHERE id BETWEEN 6 AND 8;');

-- With row hooks on the last table only, one of which comes when the cascade is
-- over: it must not take that row for one of the statement's own.
SELECT hooks.unregister(format('%s %s', t, p)) FROM unnest('{children, toys}'::text[]) t, unnest('{before row, before_cascade statement}'::text[]) p;
SELECT hooks.unregister('children after row');
\c -
DELETE FROM test_provenance_first.parents WHERE id = 9;
SELECT test_provenance_first.summary('parents', 'delete', current_user, 'DELETE FROM test_provenance_first.parents WHERE id = 9;');

-- In a function that runs as somebody else, that one is the caller, and the
-- statement is its own; or nothing is known.
CREATE ROLE regress_hooks_provenance;
GRANT SELECT, DELETE ON test_provenance_first.parents TO regress_hooks_provenance;
CREATE FUNCTION test_provenance_first.remove(int) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    DELETE FROM test_provenance_first.parents WHERE id = $1 $$;
GRANT CREATE ON SCHEMA test_provenance_first TO regress_hooks_provenance;
ALTER FUNCTION test_provenance_first.remove OWNER TO regress_hooks_provenance;
SELECT hooks.register('toys before row', 'before', 'delete', 'test_provenance_first.toys', 'test_provenance_first.note', package => 'first');
\c -
SELECT test_provenance_first.remove(10);
SELECT (c).phase, coalesce((c).root_relation = 'test_provenance_first.parents'::regclass, true),
       coalesce((c).caller = 'regress_hooks_provenance', true), coalesce((c).cascade_depth = 2, true)
  FROM test_provenance_first.log ORDER BY n;
TRUNCATE test_provenance_first.log;
-- The second statement knows it all.
SELECT test_provenance_first.remove(11);
SELECT (c).phase, (c).root_relation, (c).caller, (c).cascade_depth FROM test_provenance_first.log ORDER BY n;

-- A client's own statement is that of the role that it has set, whoever owns the
-- tables of the cascade, as whose owner PostgreSQL 18 runs their AFTER triggers.
SELECT hooks.register('children before_cascade', 'before_cascade', 'delete', 'test_provenance_first.children', 'test_provenance_first.note', package => 'first');
TRUNCATE test_provenance_first.log;
\c -
SET ROLE regress_hooks_provenance;
DELETE FROM test_provenance_first.parents WHERE id = 12;
RESET ROLE;
SELECT test_provenance_first.summary('parents', 'delete', 'regress_hooks_provenance', 'DELETE FROM test_provenance_first.parents WHERE id = 12;');
-- A function's, there, is anybody's.
\c -
SELECT test_provenance_first.remove(13);
SELECT (c).phase, coalesce((c).caller = 'regress_hooks_provenance', true) FROM test_provenance_first.log ORDER BY n;

SELECT hooks.unregister_package('first');
SET client_min_messages = warning;
DROP SCHEMA test_provenance_first CASCADE;
DROP ROLE regress_hooks_provenance;
