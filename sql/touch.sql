-- hooks.touch() sets the columns that its arguments name where the statement does not.
\set VERBOSITY terse
CREATE TABLE t (id int, dropped int, d date, ts timestamp(0), tz timestamptz, made timestamptz DEFAULT '2001-01-01');
ALTER TABLE t DROP COLUMN dropped;
CREATE VIEW told AS
SELECT id, CASE d WHEN current_date THEN 'now' ELSE d::text END AS d,
       CASE ts WHEN localtimestamp(0) THEN 'now' ELSE ts::text END AS ts,
       CASE tz WHEN now() THEN 'now' ELSE to_char(tz, 'YYYY-MM-DD') END AS tz,
       CASE made WHEN now() THEN 'now' ELSE to_char(made, 'YYYY-MM-DD') END AS made
  FROM t;
SELECT hooks.register('touch', 'before', 'insert, update', 't', 'hooks.touch', arguments => '{d, ts, tz, made}');

-- On INSERT: what is null.  A default is no null.
BEGIN;
INSERT INTO t (id) VALUES (1);
INSERT INTO t VALUES (2, '2002-02-02', NULL, '2002-02-02', NULL);
SELECT * FROM told ORDER BY id;
COMMIT;

-- On UPDATE: what the statement does not assign, even if it assigns the old value, or null.
TRUNCATE t;
INSERT INTO t VALUES (1, '2002-02-02', '2002-02-02', '2002-02-02'), (2, '2002-02-02', '2002-02-02', '2002-02-02');
BEGIN;
UPDATE t SET d = d, tz = NULL WHERE id = 1;
UPDATE t SET id = 3 WHERE id = 2;
SELECT * FROM told ORDER BY id;
ROLLBACK;
-- The time zone is that of the session, as for now()::timestamp.
BEGIN;
SET LOCAL timezone = 'Pacific/Kiritimati';
UPDATE t SET id = id;
SELECT DISTINCT d = current_date AS d, ts = localtimestamp(0) AS ts, tz = now() AS tz FROM t;
ROLLBACK;

-- Other hooks see what it has set if they come later.
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: %', TG_NAME, NEW.tz = now();
  RETURN NEW;
END $$;
SELECT hooks.register('see', 'before', 'update', 't', 'see', run_after => '{touch}');
UPDATE t SET id = 4 WHERE id = 1;
SELECT hooks.unregister('see'), hooks.unregister('touch');

-- What a foreign key's action or ON CONFLICT changes is an update, too.  Partitions can have their columns in another order.
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE SET NULL, changed timestamptz) PARTITION BY RANGE (id);
CREATE TABLE child_1 (changed timestamptz, extra int, parent int, id int NOT NULL);
ALTER TABLE child_1 DROP COLUMN extra;
ALTER TABLE child ATTACH PARTITION child_1 FOR VALUES FROM (0) TO (10);
SELECT hooks.register('changed', 'before', 'update', 'child', 'hooks.touch', arguments => '{changed}');
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1, 1), (2, 1), (3, NULL);
BEGIN;
DELETE FROM parent;
INSERT INTO child VALUES (3, NULL) ON CONFLICT (id) DO UPDATE SET parent = NULL;
SELECT id, changed = now() AS changed FROM child ORDER BY id;
ROLLBACK;
-- as a trigger
CREATE TRIGGER touch BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION hooks.touch('changed');
INSERT INTO child VALUES (4, NULL) RETURNING changed = now() AS changed;
DROP TRIGGER touch ON child;

-- What could not work is refused.
\set VERBOSITY default
ALTER TABLE t ADD note text, ADD computed date GENERATED ALWAYS AS (DATE '2001-01-01') STORED;
CREATE DOMAIN past AS timestamptz CHECK (VALUE < '2002-01-01');
ALTER TABLE t ADD past past;
SELECT hooks.register('bad', 'before', 'update', 't', 'hooks.touch');
SELECT hooks.register('bad', 'before', 'update', 't', 'hooks.touch', arguments => '{tz, no_such}');
SELECT hooks.register('bad', 'before', 'update', 't', 'hooks.touch', arguments => '{ctid}');
SELECT hooks.register('bad', 'before', 'update', 't', 'hooks.touch', arguments => '{note}');
SELECT hooks.register('bad', 'before', 'update', 't', 'hooks.touch', arguments => '{computed}');
SELECT hooks.register('bad', 'before', 'update', 't', 'hooks.touch', arguments => '{past}');
SELECT hooks.register('bad', 'before', 'delete', 't', 'hooks.touch', arguments => '{tz}');
SELECT hooks.register('bad', 'after', 'update', 't', 'hooks.touch', arguments => '{tz}');
SELECT hooks.register('bad', 'before', 'update', 't', 'hooks.touch', level => 'statement', arguments => '{tz}');
SELECT hooks.register('bad', 'before', 'name', 't', 'hooks.touch', columns => '{note}', arguments => '{tz}');
SELECT hooks.touch();
CREATE TRIGGER late AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION hooks.touch('tz');
INSERT INTO t VALUES (1);
DROP TRIGGER late ON t;
CREATE TRIGGER nothing BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION hooks.touch();
INSERT INTO t VALUES (1);
DROP TRIGGER nothing ON t;

-- A column that gets another name, or another type, is an error.
SELECT hooks.register('touch', 'before', 'update', 't', 'hooks.touch', arguments => '{tz}');
ALTER TABLE t RENAME tz TO other;
UPDATE t SET id = 1;
ALTER TABLE t ADD tz text;
UPDATE t SET id = 1;
SELECT hooks.unregister('touch');

-- A wide hook leaves tables alone that have no such column.
CREATE SCHEMA wide;
CREATE TABLE wide.has (id int, changed timestamptz);
CREATE TABLE wide.has_not (id int);
SELECT hooks.register('wide', 'before', 'insert', NULL, 'hooks.touch', schema => 'wide', arguments => '{changed}');
INSERT INTO wide.has_not VALUES (1);
INSERT INTO wide.has VALUES (1) RETURNING changed = now() AS changed;
-- A plain trigger does not, not even where a wide hook has led to it.
\set VERBOSITY sqlstate
CREATE TRIGGER plain BEFORE INSERT OR UPDATE ON wide.has_not FOR EACH ROW EXECUTE FUNCTION hooks.touch('changed');
INSERT INTO wide.has_not VALUES (2);
CREATE FUNCTION wide.writes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'has' THEN UPDATE wide.has_not SET id = 2; END IF;
  RETURN NEW;
END $$;
SELECT hooks.register('writes', 'before', 'update', NULL, 'wide.writes', schema => 'wide');
UPDATE wide.has SET id = 3;

SET client_min_messages = warning;
SELECT hooks.unregister('wide'), hooks.unregister('writes');
DROP SCHEMA wide CASCADE;
DROP TABLE t, child, parent CASCADE;
DROP DOMAIN past;
DROP FUNCTION see;
