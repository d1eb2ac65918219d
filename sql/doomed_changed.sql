-- hooks.doomed() minds what the cascade does to rows on the way to the table that
-- is asked for: a change can take them out of the cascade, or into it.  A hook tells
-- before the DELETE what it removes from t; then what is left there.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_doomed_changed;
SET search_path = test_doomed_changed;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  rows int[];
BEGIN
  EXECUTE 'SELECT array_agg(n ORDER BY n) FROM hooks.doomed(NULL::t)' INTO rows;
  RAISE WARNING 'doomed: %', rows;
  RETURN NULL;
END $$;
CREATE TABLE r (id int PRIMARY KEY);
INSERT INTO r VALUES (1), (2);
SELECT hooks.register('tell', 'before_cascade', 'delete', 'r', 'tell', on_error => 'abort');

-- A key of one partition only, whose columns have numbers of their own, changes what
-- a key of the whole table goes by: row 1 does not refer to r when that comes.
CREATE TABLE t (n int, a int) PARTITION BY LIST (n);
CREATE TABLE t1 (b int, n int, a int REFERENCES r ON DELETE SET NULL);
ALTER TABLE t1 DROP b;
ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (1);
CREATE TABLE t2 PARTITION OF t DEFAULT;
ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES r ON DELETE CASCADE;
INSERT INTO t VALUES (1, 1), (2, 1), (3, 2);
DELETE FROM r WHERE id = 1;
SELECT * FROM t ORDER BY n;
DROP TABLE t;

-- A row that moves to another partition is deleted for a key that refers to the
-- partition, whatever its columns.
INSERT INTO r VALUES (1);
CREATE TABLE s (id int REFERENCES r ON DELETE SET NULL, code int) PARTITION BY LIST (id);
CREATE TABLE s1 PARTITION OF s FOR VALUES IN (1);
CREATE TABLE s2 PARTITION OF s DEFAULT;
ALTER TABLE s1 ADD UNIQUE (code);
CREATE TABLE t (n int, code int REFERENCES s1 (code) ON DELETE CASCADE);
INSERT INTO s VALUES (1, 10), (1, 11);
INSERT INTO t VALUES (1, 10), (2, 11), (3, NULL);
DELETE FROM r WHERE id = 1;
SELECT * FROM t ORDER BY n;
DROP TABLE t, s;

-- By ON UPDATE CASCADE, t gets what m has got: NULL, and does not go with p.
INSERT INTO r VALUES (1);
CREATE TABLE m (id int UNIQUE CONSTRAINT m_r REFERENCES r ON DELETE SET NULL);
CREATE TABLE p (id int PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE t (n int, id int REFERENCES m (id) ON UPDATE CASCADE REFERENCES p ON DELETE CASCADE);
INSERT INTO m VALUES (1);
INSERT INTO p VALUES (1, 1);
INSERT INTO t VALUES (1, 1);
DELETE FROM r WHERE id = 1;
SELECT * FROM t ORDER BY n;

-- Or the key of another row of p, and goes with that.
INSERT INTO r VALUES (1);
ALTER TABLE m DROP CONSTRAINT m_r, ALTER id SET DEFAULT 2;
ALTER TABLE p DROP CONSTRAINT p_r_fkey;
INSERT INTO m VALUES (1);
INSERT INTO p VALUES (1, NULL), (2, 1);
UPDATE t SET id = 1;
ALTER TABLE m ADD FOREIGN KEY (id) REFERENCES r ON DELETE SET DEFAULT;
ALTER TABLE p ADD FOREIGN KEY (r) REFERENCES r ON DELETE CASCADE;
DELETE FROM r WHERE id = 1;
SELECT * FROM t ORDER BY n;

DROP SCHEMA test_doomed_changed CASCADE;
