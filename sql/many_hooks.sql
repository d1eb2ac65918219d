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
SELECT hooks.register('many 0', 'before', 'delete', 'child', 'cb', package => 'many');

-- as pg_restore loads them: half of them each after the one before, the others
-- in any order
SELECT string_agg(quote_ident(attname), ', ') AS same
  FROM pg_attribute WHERE attrelid = 'hooks.registry'::regclass AND attnum > 0
   AND attname NOT IN ('hook_id', 'name', 'priority', 'run_after') \gset
INSERT INTO hooks.registry (hook_id, name, priority, run_after, :same) OVERRIDING SYSTEM VALUE
SELECT 1000000000 + i, 'many ' || i, hashint4(i) % 10,
       CASE WHEN i <= 1000 THEN ARRAY['many ' || i - 1]
            WHEN i % 3 = 0 THEN ARRAY['many ' || i - 1, 'many ' || i / 2, 'not there'] ELSE '{}' END, :same
  FROM hooks.registry, generate_series(1, 2000) i WHERE name = 'many 0';
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

-- a cycle of a thousand is found, and told
\set VERBOSITY terse
SELECT hooks.register('many 0', 'before', 'delete', 'child', 'cb', package => 'many',
                      run_after => '{many 1000}', replace => true);

-- a table of several; and removing them all
CREATE TABLE parts (id int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parts FOR VALUES IN (1);
UPDATE hooks.registry SET relation = 'parts', phase = 'before_cascade', level = 'statement'
 WHERE name <> 'many 0' AND package = 'many';
SELECT hooks.register('parts', 'before_cascade', 'delete', 'parts', 'cb', package => 'many');
INSERT INTO parts VALUES (1);
DELETE FROM parts;
SELECT hooks.unregister_package('many');
SELECT tgname FROM pg_trigger WHERE tgrelid IN ('child'::regclass, 'parts'::regclass, 'part'::regclass) AND NOT tgisinternal;

DROP SCHEMA many CASCADE;
