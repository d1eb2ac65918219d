-- Virtual generated columns (PostgreSQL 18) are not stored in a row, but known
-- wherever a row is: in conditions, in what is kept, in hooks.preview_delete().
SELECT current_setting('server_version_num')::int < 180000 AS too_old \gset
\if :too_old
\quit
\endif
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_virtual;
SET search_path = test_virtual;
SET client_min_messages = warning;
CREATE TABLE p (a int PRIMARY KEY, twice int GENERATED ALWAYS AS (a * 2) VIRTUAL, next int GENERATED ALWAYS AS (a + 1) STORED);
CREATE TABLE c (p int REFERENCES p ON DELETE CASCADE, minus int GENERATED ALWAYS AS (-p) VIRTUAL);
CREATE INDEX ON c (p);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '%', TG_NAME;
  RETURN coalesce(NEW, OLD);
END $$;
\set VERBOSITY terse
INSERT INTO p SELECT generate_series(1, 4);
INSERT INTO c SELECT generate_series(1, 4);

-- Conditions: OLD, and NEW once the row is there, whole rows too.
SELECT hooks.register('before', 'before', 'delete', 'p', 'tell', level => 'row', condition => 'OLD.twice = 8');
SELECT hooks.register('cascade', 'before_cascade', 'delete', 'p', 'tell', condition => 'OLD.twice = 8');
SELECT hooks.register('after', 'after', 'update', 'p', 'tell', level => 'row', condition => 'NEW.twice = OLD.twice + 12');
SELECT hooks.register('row', 'after', 'update', 'p', 'tell', level => 'row', condition => 'NEW::text = ''(9,18,10)''');
SELECT hooks.register('new', 'before', 'update', 'p', 'tell', level => 'row', condition => 'NEW.twice = 8');
BEGIN;
DELETE FROM p WHERE a = 3;
DELETE FROM p WHERE a = 4;
ROLLBACK;
BEGIN;
DELETE FROM c;
UPDATE p SET a = 9 WHERE a = 3;
UPDATE p SET a = 8 WHERE a = 4;
ROLLBACK;

-- A partition may generate a column in its own way.
CREATE TABLE part (a int, v int GENERATED ALWAYS AS (a) VIRTUAL) PARTITION BY LIST (a);
CREATE TABLE part1 (v int GENERATED ALWAYS AS (a + 100) VIRTUAL, a int);
ALTER TABLE part ATTACH PARTITION part1 FOR VALUES IN (1);
CREATE TABLE part2 PARTITION OF part DEFAULT;
SELECT hooks.register('part', 'after', 'insert', 'part', 'tell', level => 'row', condition => 'NEW.v IN (2, 101)');
INSERT INTO part VALUES (1);
INSERT INTO part VALUES (2);
INSERT INTO part VALUES (101);
INSERT INTO part VALUES (3);

-- A changed expression counts from then on.
ALTER TABLE part2 ALTER v SET EXPRESSION AS (a - 1);
INSERT INTO part VALUES (2);
INSERT INTO part VALUES (3);

-- No row has them to be part of a name, or of what an event carries; an update
-- assigns them with the columns that they are made of.
CREATE FUNCTION event(event jsonb) RETURNS void LANGUAGE sql AS '';
SELECT hooks.register('refused', 'before', 'name', 'p', 'tell', columns => '{twice}');
SELECT hooks.register('refused', 'after', 'name', 'p', 'tell', columns => '{a, twice}');
SELECT hooks.register('refused', 'before_commit', 'name', 'p', 'event', columns => '{twice}');
SELECT hooks.register('refused', 'after_commit', 'name', 'p', 'event', columns => '{twice}');
SELECT hooks.register('refused', 'after_commit', 'update', 'p', 'event', payload => '{a, twice}');
SELECT hooks.register('stored', 'after_commit', 'update', 'p', 'event', columns => '{twice}', payload => '{a, next}');
SELECT hooks.unregister('stored');
SELECT hooks.register('assigned', 'before', 'update', 'p', 'tell', columns => '{twice}');
BEGIN;
UPDATE p SET a = a + 0 WHERE a = 1;
ROLLBACK;
SELECT hooks.unregister('assigned');

-- What was removed is shown, and comes back, without them.
SELECT hooks.unregister('before'), hooks.unregister('cascade');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'p', 'hooks.keep');
SELECT depth, relation, rows FROM hooks.preview_delete('p', 'twice > 4');
DELETE FROM p WHERE twice > 4;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT x, y FROM p x JOIN c y ON y.p = x.a ORDER BY x.a;

DROP SCHEMA test_virtual CASCADE;
SELECT hooks.purge_kept('0') > 0;
