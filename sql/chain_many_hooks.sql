-- Thousands of hooks on one table cost others, whose cascade comes there, their
-- firings and no more: what is done to order them grows hardly faster than
-- their number.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA many;
SET search_path = many;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent ON DELETE CASCADE);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';

-- as pg_restore makes them: half of them each after the one before, the others
-- in any order
CREATE PROCEDURE make(i int, priority int, run_after text[]) LANGUAGE plpgsql AS $make$
BEGIN
    EXECUTE format($$
CREATE FUNCTION hooks_definition.%I() RETURNS record LANGUAGE sql
BEGIN ATOMIC
  SELECT 'before'::text AS phase, 'delete'::text AS action, many.cb() IS NULL AS callback,
         'row'::text AS level, 'abort'::text AS on_error, %s AS priority, %L::text[] AS run_after,
         'owner'::text AS run_as, 'origin'::text AS fire, 'many'::text AS package,
         'many'::text AS search_path, '%s'::bigint AS hook_id
    FROM many.child old, many.child new WHERE hooks.definition();
END$$, 'many ' || i, priority, run_after, 1000000000 + i);
END $make$;
DO $$
BEGIN
    FOR i IN 0..1000 LOOP
        CALL make(i, hashint4(i) % 10,
                  CASE WHEN i = 0 THEN '{}' WHEN i <= 500 THEN ARRAY['many ' || i - 1]
                       WHEN i % 3 = 0 THEN ARRAY['many ' || i - 1, 'many ' || i / 2, 'not there'] ELSE '{}' END);
    END LOOP;
END $$;
SELECT count(*), count(DISTINCT hook_id) FROM hooks.registry WHERE package = 'many';
SELECT hooks.repair();
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (1), (2);
SET statement_timeout = '4s';
DELETE FROM parent WHERE id = 1;

-- the order: after those in run_after; of those that may come, the lowest
-- priority and then the oldest
CREATE TABLE chain AS
  SELECT hook_id, name, priority, run_after, position FROM hooks.chain('child') c JOIN hooks.registry ON name = hook;
ALTER TABLE chain ADD PRIMARY KEY (name);
ANALYZE chain;
CREATE TABLE turn AS
  SELECT c.*, coalesce((SELECT max(b.position) FROM unnest(c.run_after) r JOIN chain b ON b.name = r), 0) AS ready
    FROM chain c;
ANALYZE turn;
SELECT count(*), max(position), count(*) FILTER (WHERE ready >= position) AS "too early" FROM turn;
SELECT count(*) AS "passed over"
  FROM turn a JOIN turn b ON b.position > a.position AND b.ready < a.position
   AND (b.priority, b.hook_id) < (a.priority, a.hook_id);

-- a cycle of five hundred is found, and told
\set VERBOSITY terse
SELECT hooks.register('many 0', 'before', 'delete', 'child', 'cb', package => 'many',
                      run_after => '{many 500}', replace => true);

-- a table of several; and removing them all
CREATE TABLE parts (id int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parts FOR VALUES IN (1);
SELECT hooks.register('parts', 'before_cascade', 'delete', 'parts', 'cb', package => 'many');
INSERT INTO parts VALUES (1);
DELETE FROM parts;
SELECT hooks.unregister_package('many');
SELECT tgname FROM pg_trigger WHERE tgrelid IN ('child'::regclass, 'parts'::regclass, 'part'::regclass) AND NOT tgisinternal;

DROP SCHEMA many CASCADE;
