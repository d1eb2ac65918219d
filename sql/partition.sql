-- Partitioned tables: a hook on the root is told of the rows of all leaves, in
-- the root's format; one on a leaf of the leaf's own.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_partition;
SET search_path = test_partition;

CREATE TABLE root (id int, kind text, val text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE low PARTITION OF root FOR VALUES FROM (0) TO (10);
-- another order of columns, and a dropped one
CREATE TABLE mid (val text, gone int, kind text, id int PRIMARY KEY);
ALTER TABLE mid DROP gone;
CREATE TABLE high (val text, id int PRIMARY KEY, kind text) PARTITION BY LIST (id);
CREATE TABLE high_20 (kind text, val text, id int PRIMARY KEY);
ALTER TABLE high ATTACH PARTITION high_20 FOR VALUES IN (20, 21);
CREATE TABLE children (id int PRIMARY KEY, root_id int REFERENCES root ON DELETE CASCADE ON UPDATE CASCADE);

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % on %: %; % below', TG_NAME, TG_OP, TG_TABLE_NAME,
        (SELECT string_agg(o::text, ' ' ORDER BY o.id) FROM old_table o),
        (SELECT count(*) FROM old_table o JOIN children c ON c.root_id = o.id);
    RETURN NULL;
END $$;
CREATE FUNCTION tell_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % % on %: % -> %', TG_NAME, TG_WHEN, TG_OP, TG_TABLE_NAME, OLD.id, NEW;
    RETURN coalesce(NEW, OLD);
END $$;

-- Hooked before the partitions come, and before they have any rows.
SELECT hooks.register('root', 'before_cascade', 'delete', 'root', 'tell', package => 'partition');
ALTER TABLE root ATTACH PARTITION mid FOR VALUES FROM (10) TO (20);
ALTER TABLE root ATTACH PARTITION high FOR VALUES FROM (20) TO (30);
INSERT INTO root SELECT i, 'k' || i % 2, 'v' || i FROM generate_series(8, 21) i;
INSERT INTO children SELECT 100 + id, id FROM root;

-- Rows of several leaves are one batch, whatever the format of each leaf.
BEGIN;
DELETE FROM root WHERE id IN (8, 9, 10, 11, 20);
ROLLBACK;
BEGIN;
DELETE FROM mid WHERE id > 17;
ROLLBACK;

-- A hook of the leaf joins in with the leaf's rows in the leaf's format, by
-- the same callback; the order is that of one chain.
SELECT hooks.register('leaf', 'before_cascade', 'delete', 'mid', 'tell', priority => -1, package => 'partition');
SELECT hooks.register('between', 'before_cascade', 'delete', 'high', 'tell', priority => 1, package => 'partition');
BEGIN;
DELETE FROM root WHERE id IN (9, 10, 20);
DELETE FROM mid WHERE id = 12;
DELETE FROM low WHERE id = 8;
DELETE FROM high WHERE id = 21;
ROLLBACK;

-- Conditions and columns go by name.
SELECT hooks.register('chosen', 'before_cascade', 'delete', 'root', 'tell', priority => 2,
                      condition => $$OLD.kind = 'k1' AND OLD.val <> 'v9'$$, package => 'partition');
BEGIN;
DELETE FROM root WHERE id IN (9, 11, 12, 21);
ROLLBACK;

-- The partitioned table as the child of a cascade.
CREATE TABLE owners (id int PRIMARY KEY);
INSERT INTO owners SELECT id FROM root;
ALTER TABLE root ADD FOREIGN KEY (id) REFERENCES owners ON DELETE CASCADE;
SELECT hooks.unregister('chosen');
BEGIN;
DELETE FROM owners WHERE id IN (8, 11, 12, 20);
ROLLBACK;

-- Columns go by name where a batch comes from another table of the tree.
CREATE TABLE keyed (id int, note text, val int, UNIQUE (id, val)) PARTITION BY LIST (id);
CREATE TABLE keyed_1 (val int, note text, id int);
CREATE TABLE keyed_2 (gone int, id int, note text, val int);
ALTER TABLE keyed_2 DROP gone;
ALTER TABLE keyed ATTACH PARTITION keyed_1 FOR VALUES IN (1);
ALTER TABLE keyed ATTACH PARTITION keyed_2 FOR VALUES IN (2);
CREATE TABLE keys (id int, val int, FOREIGN KEY (id, val) REFERENCES keyed (id, val) ON UPDATE CASCADE);
INSERT INTO keyed VALUES (1, 'a', 1), (2, 'b', 2);
INSERT INTO keys VALUES (1, 1), (2, 2);
CREATE FUNCTION tell_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE NOTICE '% of %: %', TG_NAME, TG_TABLE_NAME, (SELECT array_agg(o.id ORDER BY o.id) FROM old_table o); RETURN NULL; END $$;
SELECT hooks.register(concat_ws(' ', n, c), 'before_cascade', 'update', n::regclass, 'tell_name', columns => ARRAY[c], package => 'keyed')
  FROM unnest('{keyed,keyed_1,keyed_2}'::text[]) n, unnest('{id,val}'::text[]) c;
UPDATE keyed SET val = val + 10;
UPDATE keyed_1 SET val = 7;
UPDATE keyed_2 SET val = 8;
SELECT hooks.unregister_package('keyed');
DROP TABLE keyed, keys;
DROP FUNCTION tell_name;

-- Row level: TG_TABLE_NAME and the row are the leaf's, as with triggers.  A
-- row that moves to another leaf is updated as the statement says; then it is
-- deleted here and inserted there, as PostgreSQL documents.
SELECT hooks.unregister_package('partition');
SELECT hooks.register('each row', 'before', 'write', 'root', 'tell_row', package => 'partition');
SELECT hooks.register('row of mid', 'before', 'write', 'mid', 'tell_row', package => 'partition',
                      columns => '{val}');
SELECT hooks.register('after row', 'after', 'write', 'root', 'tell_row', package => 'partition');
ALTER TABLE root DROP CONSTRAINT root_id_fkey;
BEGIN;
INSERT INTO root VALUES (1, 'k', 'v'), (21, 'k', 'w') ON CONFLICT (id) DO UPDATE SET val = excluded.val;
UPDATE mid SET val = 'V' WHERE id = 11;
UPDATE mid SET kind = 'K' WHERE id = 11;
UPDATE root SET id = 2 WHERE id = 12;
ROLLBACK;

-- Statement level: the table that the statement names.
SELECT hooks.unregister_package('partition');
SELECT hooks.register('root statement', 'after', 'delete', 'root', 'tell', level => 'statement', package => 'partition');
SELECT hooks.register('mid statement', 'after', 'delete', 'mid', 'tell', level => 'statement', package => 'partition');
DELETE FROM root WHERE id IN (9, 11);
DELETE FROM mid WHERE id = 13;

-- A leaf attached later, with no hook of its own, and one detached: the first
-- is under the root's hooks, the second no more.
SELECT hooks.unregister_package('partition');
SELECT hooks.register('root', 'before_cascade', 'delete, update', 'root', 'tell', package => 'partition');
CREATE TABLE late (kind text, id int PRIMARY KEY, val text);
INSERT INTO late VALUES ('k', 40, 'v'), ('k', 41, 'v');
ALTER TABLE root ATTACH PARTITION late FOR VALUES FROM (40) TO (50);
CREATE TABLE later PARTITION OF root FOR VALUES FROM (50) TO (60);
INSERT INTO root VALUES (50, 'k', 'v');
INSERT INTO children VALUES (140, 40), (150, 50);
DELETE FROM root WHERE id IN (8, 40, 50);
DELETE FROM children WHERE root_id < 10;
ALTER TABLE root DETACH PARTITION low;
INSERT INTO low VALUES (7, 'k', 'v');
DELETE FROM low;

-- An update of a key within its leaf is an update, and its children follow
-- later; a row that leaves for another leaf is deleted there, in whatever
-- formats the two leaves are.
UPDATE root SET id = id + 1 WHERE id IN (10, 12);
SELECT root_id FROM children WHERE root_id < 14 ORDER BY id;
DELETE FROM children WHERE root_id IN (14, 15);
UPDATE root SET id = id + 30 WHERE id IN (14, 15);
INSERT INTO root VALUES (51, 'k', 'v'), (52, 'k', 'v');
CREATE TABLE last PARTITION OF root FOR VALUES FROM (60) TO (70);
UPDATE root SET id = id + 10 WHERE id IN (51, 52);
SELECT tableoid::regclass, id FROM root WHERE id > 40 ORDER BY id;

SELECT hooks.unregister_package('partition');
SET client_min_messages = warning;
DROP SCHEMA test_partition CASCADE;
