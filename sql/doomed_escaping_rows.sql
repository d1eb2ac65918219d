-- hooks.doomed() does not tell of rows that the same delete changes before the
-- cascade gets to them, so that they stay, wherever the change comes from.  Each
-- WARNING is compared with what is left.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA test_doomed_beside;
SET search_path = test_doomed_beside;
SET client_min_messages = warning;
CREATE TABLE r (id int PRIMARY KEY);
CREATE TABLE q (x int PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE p (a int, b int, r int REFERENCES r ON DELETE CASCADE, PRIMARY KEY (a, b));
INSERT INTO r VALUES (1);
INSERT INTO q VALUES (1, 1), (2, NULL);
INSERT INTO p VALUES (1, 1, 1), (2, 1, NULL);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rows int[];
BEGIN
    EXECUTE 'SELECT array_agg(d.y ORDER BY d.y) FROM hooks.doomed(NULL::c) d' INTO rows;
    RAISE WARNING 'doomed: %', rows;
    RETURN NULL;
END $$;
SELECT hooks.register('tell', 'before_cascade', 'delete', 'r', 'tell');

-- c refers to p by (x, y), which cascades, and to q by x, which does not: q's row
-- goes first, and then no row of c refers to p's row that goes.
CREATE TABLE c (x int REFERENCES q ON DELETE SET NULL, y int, FOREIGN KEY (x, y) REFERENCES p ON DELETE CASCADE);
INSERT INTO c VALUES (1, 1);
BEGIN;
DELETE FROM r;
TABLE c;
ROLLBACK;
DROP TABLE c;

-- The same with another default.
CREATE TABLE c (x int DEFAULT 2 REFERENCES q ON DELETE SET DEFAULT, y int, FOREIGN KEY (x, y) REFERENCES p ON DELETE CASCADE);
INSERT INTO c VALUES (1, 1);
BEGIN;
DELETE FROM r;
TABLE c;
ROLLBACK;
-- With p's row deleted, too, to which that default leads, the row goes.
UPDATE p SET r = 1 WHERE a = 2;
BEGIN;
DELETE FROM r;
TABLE c;
ROLLBACK;
DROP TABLE c, p;

-- The change comes from further away: q's row takes o's code, o's the x of c.  p is
-- one more table away from r, so that its rows go later.
CREATE TABLE o (code int UNIQUE REFERENCES q ON DELETE SET NULL);
CREATE TABLE p1 (id int PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE p2 (id int PRIMARY KEY, p int REFERENCES p1 ON DELETE CASCADE);
CREATE TABLE p (a int, b int, p int REFERENCES p2 ON DELETE CASCADE, PRIMARY KEY (a, b));
CREATE TABLE c (x int REFERENCES o (code) ON UPDATE CASCADE, y int, FOREIGN KEY (x, y) REFERENCES p ON DELETE CASCADE);
INSERT INTO o VALUES (1), (2);
INSERT INTO p1 VALUES (1, 1);
INSERT INTO p2 VALUES (1, 1);
INSERT INTO p VALUES (1, 1, 1), (2, 2, 1);
INSERT INTO c VALUES (1, 1), (2, 2);
BEGIN;
DELETE FROM r;
TABLE c;
ROLLBACK;

DROP SCHEMA test_doomed_beside CASCADE;
