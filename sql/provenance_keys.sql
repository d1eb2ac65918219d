-- hooks.context(): which foreign key it is, where that is hard to tell.  Rows
-- know what is true: t_depth and t_key.
\pset format unaligned
\pset tuples_only on
\pset null null
LOAD 'hooks';
CREATE SCHEMA test_provenance_keys;
SET search_path = test_provenance_keys;

CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, line text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
    o jsonb = CASE c.level WHEN 'row' THEN coalesce(to_jsonb(OLD), to_jsonb(NEW)) END;
BEGIN
    INSERT INTO log (line)
    VALUES (format('%s %s %s %s: depth %s by %s%s', c.phase, c.level, c.action, c.relation,
                   coalesce(c.cascade_depth::text, 'null'), coalesce(c.constraint_name, 'null'),
                   CASE WHEN o ? 't_key' AND (o ->> 't_key', (o ->> 't_depth')::int)
                             IS DISTINCT FROM (c.constraint_name::text, c.cascade_depth) THEN ' WRONG ' || o::text END));
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION read_log() RETURNS SETOF text LANGUAGE sql AS $$
    WITH l AS (DELETE FROM log RETURNING *) SELECT count(*) || ' x ' || line FROM l GROUP BY line ORDER BY line COLLATE "C" $$;
CREATE FUNCTION watch(tab regclass, phase text, level text, action text) RETURNS void LANGUAGE sql AS $$
    SELECT hooks.register(format('%s %s %s', tab, phase, level), phase, action, tab, 'note', level => level,
                          on_error => 'abort', package => 'keys') $$;
CREATE FUNCTION watch_all(tab regclass, action text) RETURNS void LANGUAGE sql AS $$
    SELECT watch(tab, p, l, action)
      FROM (VALUES ('before', 'row'), ('after', 'row'), ('after', 'statement'), ('before_cascade', 'statement')) v (p, l) $$;

-- Two foreign keys of the very same column, to two tables, and one with a name
-- that looks like a piece of a query.
CREATE TABLE root (id int PRIMARY KEY);
CREATE TABLE lefts (id int PRIMARY KEY REFERENCES root ON DELETE CASCADE);
CREATE TABLE rights (id int PRIMARY KEY REFERENCES root ON DELETE CASCADE);
CREATE TABLE both_sides (
    id int, "a) ""id" int, t_key text, t_depth int DEFAULT 1,
    CONSTRAINT to_left FOREIGN KEY (id) REFERENCES lefts ON DELETE CASCADE,
    CONSTRAINT to_right FOREIGN KEY (id) REFERENCES rights ON DELETE CASCADE,
    CONSTRAINT to_root FOREIGN KEY ("a) ""id") REFERENCES root ON DELETE CASCADE);
INSERT INTO root SELECT generate_series(1, 5);
INSERT INTO lefts TABLE root;
INSERT INTO rights TABLE root;
INSERT INTO both_sides VALUES (1, NULL, 'to_left'), (2, NULL, 'to_right'), (NULL, 3, 'to_root'), (4, 5, 'to_root');
SELECT watch_all('both_sides', 'delete');
DELETE FROM lefts WHERE id = 1;
SELECT read_log();
DELETE FROM rights WHERE id = 2;
SELECT read_log();
DELETE FROM root WHERE id = 3;
SELECT read_log();
-- Ways of different length, in one batch: each row has its own, the batch none.
UPDATE both_sides SET t_key = 'to_left', t_depth = 2;
INSERT INTO both_sides VALUES (NULL, 4, 'to_root');
DELETE FROM root WHERE id = 4;
SELECT read_log();
SELECT hooks.unregister_package('keys');

-- Ways of one length, by several keys, in one batch: its depth is known.
CREATE TABLE pairs (l int CONSTRAINT pairs_l REFERENCES lefts ON DELETE CASCADE,
                    r int CONSTRAINT pairs_r REFERENCES rights ON DELETE CASCADE, t_key text, t_depth int DEFAULT 2);
INSERT INTO root SELECT generate_series(11, 15);
INSERT INTO lefts SELECT id FROM root WHERE id > 10;
INSERT INTO rights SELECT id FROM root WHERE id > 10;
INSERT INTO pairs SELECT id, NULL, 'pairs_l' FROM lefts WHERE id > 10;
INSERT INTO pairs SELECT NULL, id, 'pairs_r' FROM rights WHERE id > 10;
SELECT watch_all('pairs', 'delete');
DELETE FROM root WHERE id > 11;
SELECT read_log();
SELECT hooks.unregister_package('keys');

-- The same columns and the same table: told apart by what they do.  Two that do
-- the same cannot be told, but how deep it is can.
CREATE TABLE tops (id int PRIMARY KEY);
CREATE TABLE twins (id int DEFAULT 0,
                    CONSTRAINT on_delete FOREIGN KEY (id) REFERENCES tops ON DELETE SET NULL,
                    CONSTRAINT on_update FOREIGN KEY (id) REFERENCES tops ON UPDATE CASCADE ON DELETE SET DEFAULT);
INSERT INTO tops VALUES (0), (1), (2), (3);
INSERT INTO twins VALUES (1), (2);
SELECT watch_all('twins', 'update, delete');
DELETE FROM tops WHERE id = 1;
SELECT read_log();
ALTER TABLE twins DROP CONSTRAINT on_delete;
DELETE FROM tops WHERE id = 2;
SELECT read_log();
ALTER TABLE twins ADD CONSTRAINT on_update_too FOREIGN KEY (id) REFERENCES tops ON UPDATE CASCADE ON DELETE SET DEFAULT;
INSERT INTO twins VALUES (3);
UPDATE tops SET id = 4 WHERE id = 3;
SELECT read_log();
SELECT hooks.unregister_package('keys');

-- Only an update of the key sets the default.
CREATE TABLE defaults (id int DEFAULT 0 CONSTRAINT defaults_fkey REFERENCES tops ON DELETE CASCADE ON UPDATE SET DEFAULT,
                       t_key text DEFAULT 'defaults_fkey', t_depth int DEFAULT 1);
INSERT INTO tops VALUES (5);
INSERT INTO defaults VALUES (5);
SELECT watch_all('defaults', 'update, delete');
UPDATE tops SET id = 6 WHERE id = 5;
SELECT read_log();
SELECT hooks.unregister_package('keys');

-- One key has a part of the other's columns.
CREATE TABLE wholes (a int UNIQUE, b int, UNIQUE (a, b));
CREATE TABLE parts (a int CONSTRAINT parts_a REFERENCES wholes (a) ON DELETE CASCADE, b int, t_key text DEFAULT 'parts_a', t_depth int DEFAULT 1,
                    CONSTRAINT parts_a_b FOREIGN KEY (a, b) REFERENCES wholes (a, b) ON DELETE CASCADE);
INSERT INTO wholes VALUES (1, 1);
INSERT INTO parts VALUES (1, NULL);
SELECT watch_all('parts', 'delete');
DELETE FROM wholes;
SELECT read_log();
SELECT hooks.unregister_package('keys');

-- Rows that change places between partitions, in both directions.
CREATE TABLE movers (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE movers_1 PARTITION OF movers FOR VALUES FROM (0) TO (10);
CREATE TABLE movers_2 PARTITION OF movers FOR VALUES FROM (10) TO (20);
CREATE TABLE moved (id int CONSTRAINT moved_fkey REFERENCES movers ON UPDATE CASCADE, t_key text DEFAULT 'moved_fkey', t_depth int DEFAULT 1);
INSERT INTO movers VALUES (1), (11);
INSERT INTO moved VALUES (1), (11);
SELECT watch_all('moved', 'update');
UPDATE movers SET id = CASE id WHEN 1 THEN 12 ELSE 2 END;
SELECT read_log();
SELECT id FROM moved ORDER BY id;
SELECT hooks.unregister_package('keys');

-- Partitions at either end: the foreign key as it was declared, for rows of all
-- partitions; and a partition that has one of its own beside it.
CREATE TABLE papas (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE papas_1 PARTITION OF papas FOR VALUES FROM (0) TO (10);
CREATE TABLE papas_2 PARTITION OF papas FOR VALUES FROM (10) TO (20);
CREATE TABLE kids (id int, papa int CONSTRAINT kids_fkey REFERENCES papas ON DELETE CASCADE ON UPDATE CASCADE,
                   t_key text, t_depth int DEFAULT 1) PARTITION BY RANGE (papa);
CREATE TABLE kids_1 PARTITION OF kids FOR VALUES FROM (0) TO (10);
CREATE TABLE kids_2 PARTITION OF kids FOR VALUES FROM (10) TO (13);
CREATE TABLE kids_3 PARTITION OF kids FOR VALUES FROM (13) TO (20);
ALTER TABLE kids_1 ADD CONSTRAINT kids_1_fkey FOREIGN KEY (id) REFERENCES papas ON DELETE CASCADE;
INSERT INTO papas VALUES (1), (2), (3), (11), (12);
INSERT INTO kids VALUES (1, 3, 'kids_1_fkey'), (3, 1, 'kids_fkey'), (99, 11, 'kids_fkey'), (2, 3, 'kids_1_fkey'), (98, 12, 'kids_fkey');
SELECT watch(t, 'before', 'row', 'delete'), watch(t, 'after', 'row', 'delete') FROM unnest('{papas, kids}'::regclass[]) t;
SELECT watch('kids', 'before_cascade', 'statement', 'delete');
SELECT watch('kids', 'after', 'statement', 'delete');
BEGIN;
DELETE FROM papas WHERE id <> 3;
SELECT read_log();
ROLLBACK;
-- A row that a foreign key's action moves to another partition is deleted and
-- inserted, in the cascade both.
SELECT hooks.unregister('kids after row');
SELECT watch('kids', 'after', 'row', 'insert, delete');
UPDATE kids SET t_key = 'kids_fkey';
UPDATE papas SET id = 13 WHERE id = 11;
SELECT read_log();
SELECT hooks.unregister_package('keys');

-- ... of the same columns, to the same table: told apart by what they do.
CREATE TABLE heirs_1 (id int, t_key text DEFAULT 'heirs_1_fkey', t_depth int DEFAULT 1,
                      CONSTRAINT heirs_1_fkey FOREIGN KEY (id) REFERENCES tops ON DELETE CASCADE);
CREATE TABLE heirs (id int CONSTRAINT heirs_fkey REFERENCES tops ON DELETE SET NULL, t_key text, t_depth int) PARTITION BY LIST (id);
ALTER TABLE heirs ATTACH PARTITION heirs_1 FOR VALUES IN (4);
INSERT INTO heirs VALUES (4, 'heirs_1_fkey', 1);
SELECT watch('heirs', 'before', 'row', 'delete');
DELETE FROM tops WHERE id = 4;
SELECT read_log();
SELECT hooks.unregister_package('keys');

SET client_min_messages = warning;
DROP SCHEMA test_provenance_keys CASCADE;
