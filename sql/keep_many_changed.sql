-- hooks.keep keeps any number of rows that one DELETE only changes, and
-- hooks.restore() gives each its key again.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_many_changed;
SET search_path = test_many_changed;

CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE SET NULL,
                    other int DEFAULT 0 REFERENCES parent ON DELETE SET DEFAULT);
INSERT INTO parent SELECT generate_series(0, 10);
INSERT INTO child SELECT g, 1 + g % 10, 1 + g % 7 FROM generate_series(1, 1000) g;
CREATE TABLE before AS TABLE child;
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep');

DELETE FROM parent WHERE id > 0;
SELECT count(*) FILTER (WHERE parent IS NULL) AS without_parent, count(*) FILTER (WHERE other = 0) AS other_default FROM child;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT count(*) FROM (TABLE child EXCEPT TABLE before) x;

SELECT hooks.unregister('bin'), hooks.purge_kept('0') > 0;
SET client_min_messages = warning;
DROP SCHEMA test_many_changed CASCADE;
