-- A walk takes the rows of a query in portions: nothing depends on where one
-- ends, whatever the rows' keys are and however they were found.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_preview_many;
SET search_path = test_preview_many;
SET client_min_messages = warning;

-- 300 makers, of which 251 go; two machines of each; three parts of each machine.
CREATE TABLE maker (name text PRIMARY KEY, here boolean);
CREATE TABLE machine (maker text REFERENCES maker ON DELETE CASCADE, number numeric, twin text, twin_number numeric,
                      PRIMARY KEY (maker, number), FOREIGN KEY (twin, twin_number) REFERENCES machine ON DELETE SET NULL);
CREATE TABLE part (maker text, number numeric, item int,
                   FOREIGN KEY (maker, number) REFERENCES machine ON DELETE CASCADE) PARTITION BY LIST (item);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2, 3);
CREATE TABLE note (maker text REFERENCES maker ON DELETE SET NULL, body text);
INSERT INTO maker SELECT 'maker ' || i, i <= 251 FROM generate_series(1, 300) i;
INSERT INTO machine (maker, number) SELECT 'maker ' || i, n FROM generate_series(1, 300) i, generate_series(1, 2) n;
INSERT INTO part SELECT maker, number, item FROM machine, generate_series(1, 3) item;
INSERT INTO note SELECT name, 'about ' || name FROM maker;
-- The twin of a second machine goes with it; 49 of those that stay lose theirs.
UPDATE machine SET twin = maker, twin_number = 1 WHERE number = 2;
UPDATE machine m SET twin = 'maker ' || substr(m.maker, 7)::int - 100, twin_number = 1
  FROM maker k WHERE k.name = m.maker AND NOT k.here AND m.number = 1;
ANALYZE;

SELECT depth, relation, action, rows FROM hooks.preview_delete('maker', 'here') ORDER BY depth, relation::text;
-- each once, in the firing too, of all or of one partition
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% machines, % of them different; % parts, % of them in part_1',
    (SELECT count(*) FROM hooks.doomed(NULL::machine)),
    (SELECT count(DISTINCT (maker, number)) FROM hooks.doomed(NULL::machine)),
    (SELECT count(*) FROM hooks.doomed(NULL::part)),
    (SELECT count(*) FROM hooks.doomed(NULL::part_1));
  RETURN NULL;
END $$;
SELECT hooks.register('tell', 'before_cascade', 'delete', 'maker', 'tell');
CREATE TABLE was AS
  SELECT (SELECT count(*) FROM maker) AS makers, (SELECT count(*) FROM machine) AS machines,
         (SELECT count(*) FROM part) AS parts, (SELECT count(twin) FROM machine JOIN maker ON name = maker WHERE NOT here) AS twins,
         (SELECT count(maker) FROM note) AS notes;
DELETE FROM maker WHERE here;
SELECT makers - (SELECT count(*) FROM maker), machines - (SELECT count(*) FROM machine), parts - (SELECT count(*) FROM part),
       twins - (SELECT count(twin) FROM machine), notes - (SELECT count(maker) FROM note) FROM was;

-- A limit is met within a portion, at its end and behind it.
TRUNCATE maker, machine, part, note;
INSERT INTO maker SELECT 'maker ' || i, true FROM generate_series(1, 300) i;
INSERT INTO note SELECT name FROM maker;
SELECT max_rows, string_agg(concat_ws(' ', relation, rows, capped), ', ' ORDER BY depth)
  FROM unnest('{1, 99, 100, 101, 200, 299, 300, 301}'::int[]) max_rows, hooks.preview_delete('maker', max_rows => max_rows)
 GROUP BY 1 ORDER BY 1;

DROP SCHEMA test_preview_many CASCADE;
