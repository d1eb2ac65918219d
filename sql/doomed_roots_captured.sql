-- The rows that a statement itself deletes are captured on every table from which
-- its cascade can come to a hook, as foreign keys come and go: no table is read
-- whole to find them.
SET client_min_messages = warning;
CREATE TABLE top (id int PRIMARY KEY);
CREATE TABLE middle (id int PRIMARY KEY, top int REFERENCES top ON DELETE CASCADE);
CREATE TABLE leaf (id int PRIMARY KEY, middle int);
CREATE TABLE aside (id int PRIMARY KEY, top int REFERENCES top);
CREATE VIEW captures AS SELECT tgrelid::regclass AS "table" FROM pg_trigger
 WHERE tgname = 'Hooks_before_cascade_delete' AND tgrelid::regclass::text !~ 'hooks' ORDER BY tgrelid::regclass::text;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% on %: % of top, % of middle', TG_NAME, TG_TABLE_NAME,
    (SELECT count(*) FROM hooks.doomed(NULL::top)), (SELECT count(*) FROM hooks.doomed(NULL::middle));
  RETURN NULL;
END $$;
SELECT hooks.register('h', 'before_cascade', 'delete', 'leaf', 'tell');
TABLE captures;

-- a foreign key comes
ALTER TABLE leaf ADD CONSTRAINT leaf_middle FOREIGN KEY (middle) REFERENCES middle ON DELETE CASCADE;
TABLE captures;
INSERT INTO top VALUES (1), (2), (3);
INSERT INTO middle SELECT id, id FROM top;
INSERT INTO leaf SELECT id, id FROM top;

-- nothing is read whole: what was deleted before is not even looked at
BEGIN;
SET LOCAL enable_seqscan = off;
SELECT pg_stat_get_xact_numscans('top'::regclass) AS scans \gset
DELETE FROM top WHERE id = 1;
SELECT pg_stat_get_xact_numscans('top'::regclass) - :scans AS scans;
COMMIT;

-- a table without a hook of its own has no firing
DELETE FROM aside;
DELETE FROM middle WHERE id = 3;

-- one goes, comes with its table, and goes with it
ALTER TABLE leaf DROP CONSTRAINT leaf_middle;
TABLE captures;
CREATE TABLE other (id int PRIMARY KEY REFERENCES middle ON DELETE CASCADE);
ALTER TABLE leaf ADD CONSTRAINT leaf_other FOREIGN KEY (middle) REFERENCES other ON DELETE CASCADE NOT VALID;
TABLE captures;
DROP TABLE other CASCADE;
TABLE captures;

-- the hook comes and goes, too; a key that does not remove rows leads nowhere
ALTER TABLE leaf ADD CONSTRAINT leaf_middle FOREIGN KEY (middle) REFERENCES middle ON DELETE SET NULL NOT VALID;
TABLE captures;
ALTER TABLE leaf DROP CONSTRAINT leaf_middle;
ALTER TABLE leaf ADD CONSTRAINT leaf_middle FOREIGN KEY (middle) REFERENCES middle ON DELETE CASCADE NOT VALID;
SELECT hooks.unregister('h');
TABLE captures;

-- partitions, and tables that refer to each other
CREATE TABLE parts (id int PRIMARY KEY, back int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
ALTER TABLE leaf ADD part int REFERENCES parts ON DELETE CASCADE;
ALTER TABLE parts ADD FOREIGN KEY (back) REFERENCES leaf ON DELETE CASCADE;
SELECT hooks.register('h', 'before_cascade', 'delete', 'leaf', 'tell');
TABLE captures;
SELECT hooks.unregister('h');
SELECT hooks.register('h', 'before_cascade', 'delete', 'part_1', 'tell');
TABLE captures;
SELECT hooks.unregister('h');
TABLE captures;

-- who could not create a trigger on a table causes none there; its rows are found
-- all the same
CREATE ROLE regress_child;
GRANT CREATE ON SCHEMA public TO regress_child;
GRANT SELECT ON top, middle, leaf TO regress_child;
GRANT TRIGGER ON leaf, middle TO regress_child;
GRANT EXECUTE ON FUNCTION tell() TO regress_child;
SET ROLE regress_child;
SELECT hooks.register('h', 'before_cascade', 'delete', 'leaf', 'tell');
RESET ROLE;
TABLE captures;
DELETE FROM leaf;
ALTER TABLE leaf DROP COLUMN part;
INSERT INTO leaf VALUES (2, 2);
DELETE FROM top;

SELECT hooks.unregister('h');
DROP VIEW captures;
DROP TABLE top, middle, leaf, aside, parts;
DROP FUNCTION tell;
REVOKE CREATE ON SCHEMA public FROM regress_child;
DROP ROLE regress_child;
