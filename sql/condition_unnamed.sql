-- IS DISTINCT FROM, NULLIF and CASE compare by an operator that SQL has no place to
-- name.  Where that is not one of pg_catalog, the condition is written out with its
-- name, and means the same: so that a dump does too, which is restored with nothing
-- else in sight.
CREATE SCHEMA test_unnamed;
CREATE SCHEMA test_unnamed_ops;
CREATE TYPE test_unnamed_ops.num AS (n int);
-- equal by the last digit; null for a zero
CREATE FUNCTION test_unnamed_ops.eq(a test_unnamed_ops.num, b test_unnamed_ops.num) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT nullif(a.n, 0) % 10 = b.n % 10';
CREATE OPERATOR test_unnamed_ops.= (LEFTARG = test_unnamed_ops.num, RIGHTARG = test_unnamed_ops.num,
    FUNCTION = test_unnamed_ops.eq);
SET search_path = test_unnamed, test_unnamed_ops;
CREATE TABLE t (id int, n num);
CREATE TABLE fired (id int, hook text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO test_unnamed.fired VALUES (NEW.id, TG_NAME);
  RETURN NEW;
END $$;
CREATE TABLE conditions (name text, condition text);
INSERT INTO conditions VALUES
  ('distinct', 'OLD.n IS DISTINCT FROM NEW.n'),
  ('not distinct', 'OLD.n IS NOT DISTINCT FROM NEW.n'),
  ('nullif', 'NULLIF(OLD.n, NEW.n) IS NOT DISTINCT FROM NULL'),
  ('case', 'CASE OLD.n WHEN NEW.n THEN true WHEN NULL THEN false ELSE OLD.n IS DISTINCT FROM NEW.n END IS NOT TRUE'),
  ('row', 'ROW(OLD.id, OLD.n) IS DISTINCT FROM ROW(NEW.id, NEW.n)');
SELECT hooks.register(name, 'before', 'update', 't', 'note', condition => condition) FROM conditions;
SELECT name, condition FROM hooks.registry ORDER BY hook_id;

-- As PostgreSQL evaluates them itself, nulls included
CREATE TABLE pairs AS
SELECT row_number() OVER () AS id, ('(' || a || ')')::num AS old_n, ('(' || b || ')')::num AS new_n
  FROM unnest('{1,11,2,0,"",NULL}'::text[]) a, unnest('{1,21,0,NULL}'::text[]) b;
INSERT INTO t SELECT id, old_n FROM pairs;
UPDATE t SET n = new_n FROM pairs WHERE pairs.id = t.id;
CREATE FUNCTION evaluate(condition text) RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT p.id::int FROM test_unnamed.pairs p, LATERAL (SELECT p.id, p.old_n AS n) old, LATERAL (SELECT p.id, p.new_n AS n) new WHERE %s',
    condition);
END $$;
SELECT name, count(*) AS fired FROM fired JOIN conditions ON name = hook GROUP BY name ORDER BY name;
SELECT * FROM (
  (SELECT hook, id FROM fired EXCEPT SELECT name, evaluate(condition) FROM conditions)
  UNION ALL
  (SELECT name, evaluate(condition) FROM conditions EXCEPT SELECT hook, id FROM fired)) different;

-- Those of pg_catalog stay as they are
SELECT hooks.register('plain', 'before', 'update', 't', 'note',
                      condition => 'OLD.id IS DISTINCT FROM NEW.id AND NULLIF(OLD.id, 1) = CASE NEW.id WHEN 1 THEN 2 ELSE 3 END');
SELECT condition FROM hooks.registry WHERE name = 'plain';

-- What is volatile cannot be evaluated twice
CREATE FUNCTION any_num() RETURNS num LANGUAGE sql VOLATILE AS 'SELECT row(1)::test_unnamed_ops.num';
SELECT hooks.register('volatile', 'before', 'update', 't', 'note', condition => 'any_num() IS DISTINCT FROM NEW.n');
SELECT hooks.register('volatile', 'before', 'update', 't', 'note', condition => 'NULLIF(NEW.n, any_num()) IS NULL');
SELECT hooks.register('volatile', 'before', 'update', 't', 'note', condition => 'CASE any_num() WHEN NEW.n THEN true END');
SELECT hooks.register('volatile', 'before', 'update', 't', 'note',
                      condition => 'any_num() OPERATOR(test_unnamed_ops.=) NEW.n');

-- Nor grows it without bounds where such comparisons are nested
SELECT hooks.register('nested', 'before', 'update', 't', 'note',
                      condition => repeat('NULLIF(', 30) || 'NEW.n' || repeat(', OLD.n)', 30) || ' IS NULL');

-- The same condition is the same definition
SELECT hooks.register(name, 'before', 'update', 't', 'note', condition => condition) FROM conditions;

SELECT count(hooks.unregister(name)) FROM hooks.registry;
SET client_min_messages = warning;
DROP SCHEMA test_unnamed, test_unnamed_ops CASCADE;
