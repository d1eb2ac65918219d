-- hooks.context() in a cascade: for every firing, at row, statement and batch,
-- how deep it is, by which foreign key, and from which statement it comes.
\pset format unaligned
\pset tuples_only on
\pset null null
LOAD 'hooks';  -- what a session's first statement does not tell is in provenance_first
CREATE SCHEMA test_provenance;
SET search_path = test_provenance;

-- Notes each firing, with the depth and foreign key that it is told.  A row of
-- the tables below knows its true depth, if only one is possible: the column d.
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, line text, ok boolean);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
    d int = CASE WHEN c.level = 'row' THEN (to_jsonb(OLD) ->> 'd')::int END;
BEGIN
    INSERT INTO log (line, ok)
    VALUES (format('%s %s %s %s: depth %s by %s, %s of %s', c.phase, c.level, c.action, c.relation,
                   coalesce(c.cascade_depth::text, 'null'), coalesce(c.constraint_name, 'null'),
                   coalesce(c.root_action, 'null'), coalesce(c.root_relation::text, 'null')),
            c.cascade_depth = coalesce(d, c.cascade_depth));
    RETURN coalesce(NEW, OLD);
END $$;
-- The log in order, equal lines in a row once, with their number.
CREATE FUNCTION read_log() RETURNS SETOF text LANGUAGE sql AS $$
    WITH l AS (DELETE FROM log RETURNING *),
         e AS (SELECT *, n - row_number() OVER (PARTITION BY line, ok ORDER BY n) AS run FROM l)
    SELECT count(*) || ' x ' || line || CASE WHEN NOT ok THEN ' WRONG' ELSE '' END
      FROM e GROUP BY line, ok, run ORDER BY min(n) $$;
CREATE FUNCTION watch(tab regclass, phase text, level text, action text) RETURNS void LANGUAGE sql AS $$
    SELECT hooks.register(format('%s %s %s', tab, phase, level), phase, action, tab, 'note', level => level,
                          on_error => 'abort', package => 'provenance') $$;

-- A chain of three tables with hooks everywhere.  cascade_depth rises by one
-- with each foreign key, before and after the rows are gone alike.
CREATE TABLE a (id int PRIMARY KEY, d int DEFAULT 0);
CREATE TABLE b (id int PRIMARY KEY, a_id int CONSTRAINT b_fkey REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE, d int DEFAULT 1);
CREATE TABLE c (id int PRIMARY KEY, b_id int CONSTRAINT c_fkey REFERENCES b ON DELETE CASCADE, d int DEFAULT 2);
INSERT INTO a VALUES (1), (2), (3), (4);
INSERT INTO b SELECT id * 10 + i, id FROM a, generate_series(1, 2) i;
INSERT INTO c SELECT id, id FROM b;
SELECT watch(t, p, l, 'update, delete') FROM unnest('{a, b, c}'::regclass[]) t,
       (VALUES ('before', 'row'), ('before', 'statement'), ('after', 'row'), ('after', 'statement'), ('before_cascade', 'statement')) v (p, l);
DELETE FROM a WHERE id < 3;
SELECT read_log();

-- An ON UPDATE CASCADE, of a row whose foreign key moves with it.
UPDATE a SET id = 30 WHERE id = 3;
SELECT read_log();

-- Below a function that the client's statement calls, the root is the function's
-- statement; below WITH, it is the part that removed the rows.
CREATE FUNCTION remove(int) RETURNS void LANGUAGE sql AS $$ DELETE FROM test_provenance.b WHERE id = $1 $$;
SELECT hooks.unregister_package('provenance');
UPDATE c SET d = 1 WHERE b_id IN (31, 32);
SELECT watch('c', 'before', 'row', 'delete');
SELECT watch('c', 'before_cascade', 'statement', 'delete');
SELECT watch('c', 'after', 'row', 'delete');
DELETE FROM a WHERE id = 30 AND remove(31) IS NOT NULL;
SELECT read_log();
WITH x AS (DELETE FROM b WHERE id = 32) DELETE FROM a WHERE id = 30;
SELECT read_log();

-- A callback's own statements begin anew; when they are over, the rest of the
-- cascade goes on where it was.  Failed ones leave nothing behind either.
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE below (other_id int CONSTRAINT below_fkey REFERENCES other ON DELETE CASCADE);
INSERT INTO a VALUES (5);
INSERT INTO b VALUES (51, 5), (52, 5);
INSERT INTO c VALUES (511, 51), (521, 52), (522, 52);
INSERT INTO other VALUES (51), (52);
INSERT INTO below VALUES (51), (52);
CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        DELETE FROM other WHERE id = OLD.id;
        PERFORM 1 / (OLD.id - 52);
    EXCEPTION WHEN division_by_zero THEN
        INSERT INTO log (line) VALUES ('failed');
    END;
    RETURN OLD;
END $$;
SELECT hooks.register('nest', 'before', 'delete', 'b', 'nest', package => 'provenance');
SELECT watch('below', 'after', 'row', 'delete');
DELETE FROM a WHERE id = 5;
SELECT read_log();
SELECT hooks.unregister_package('provenance');

-- A table that refers to itself: each row has its own depth; so have batches.
CREATE TABLE tree (id int PRIMARY KEY, up int CONSTRAINT tree_fkey REFERENCES tree ON DELETE CASCADE, d int);
INSERT INTO tree VALUES (1, NULL, 0), (2, 1, 1), (3, 1, 1), (4, 2, 2), (5, 4, 3), (6, 3, 2), (7, NULL, 0), (8, 7, 1);
SELECT watch('tree', 'before', 'row', 'delete');
SELECT watch('tree', 'after', 'row', 'delete');
SELECT watch('tree', 'before_cascade', 'statement', 'delete');
-- PostgreSQL fires its AFTER STATEMENT triggers once, for rows of all depths.
SELECT watch('tree', 'after', 'statement', 'delete');
DELETE FROM tree WHERE up IS NULL;
SELECT read_log();
SELECT hooks.unregister_package('provenance');

-- A cycle of two tables, one of which is set null.
CREATE TABLE eggs (id int PRIMARY KEY, hen int);
CREATE TABLE hens (id int PRIMARY KEY, egg int CONSTRAINT hens_fkey REFERENCES eggs ON DELETE CASCADE);
ALTER TABLE eggs ADD CONSTRAINT eggs_fkey FOREIGN KEY (hen) REFERENCES hens ON DELETE SET NULL;
INSERT INTO eggs VALUES (1), (2);
INSERT INTO hens VALUES (1, 1), (2, 2);
UPDATE eggs SET hen = 3 - id;
SELECT watch(t, 'after', 'row', 'update, delete') FROM unnest('{eggs, hens}'::regclass[]) t;
DELETE FROM eggs WHERE id = 1;
SELECT read_log();


-- TRUNCATE: what it names has depth 0; how deep CASCADE goes is not known.  One
-- that fails in between leaves nothing behind.
SELECT hooks.unregister_package('provenance');
CREATE FUNCTION note_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    INSERT INTO log (line) VALUES (concat_ws(' ', c.relation, coalesce(c.cascade_depth::text, 'null'), c.root_action, c.root_relation, c.statement));
    RETURN NULL;
END $$;
SELECT hooks.register(t || ' gone', 'before_cascade', 'truncate', t, 'note_truncate', package => 'provenance')
  FROM unnest('{a, b, c}'::regclass[]) t;
SET client_min_messages = warning;
DO $$
BEGIN
    BEGIN
        TRUNCATE test_provenance.b CASCADE;
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        TRUNCATE test_provenance.c, test_provenance.b;
    END;
END $$;
TRUNCATE a CASCADE;
SELECT read_log();

-- The root of a cascade is the table that the statement names, for a hook above
-- it too.
RESET client_min_messages;
CREATE TABLE top (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE middle PARTITION OF top FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
CREATE TABLE bottom PARTITION OF middle FOR VALUES FROM (0) TO (5);
INSERT INTO top VALUES (1), (2), (3);
CREATE FUNCTION tell_root() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%', (hooks.context()).root_relation;
    RETURN NULL;
END $$;
SELECT hooks.register('top', 'before_cascade', 'delete', 'top', 'tell_root', package => 'provenance');
DELETE FROM middle WHERE id = 1;
DELETE FROM top WHERE id = 2;
DELETE FROM bottom;
SET client_min_messages = warning;

SELECT hooks.unregister_package('provenance');
DROP SCHEMA test_provenance CASCADE;
