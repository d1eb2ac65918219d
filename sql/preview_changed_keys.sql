-- A row that a cascade gives another key meets what happens to that key later in
-- the same statement, and hooks.preview_delete() foresees that.  After each preview, the
-- DELETE.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_preview_moved;
SET search_path = test_preview_moved;
SET client_min_messages = warning;
\set VERBOSITY sqlstate
CREATE TABLE r (id int PRIMARY KEY);
INSERT INTO r VALUES (1);

-- Whether RESTRICT stops it: 23503, since PostgreSQL 18 with an SQLSTATE of its own.
CREATE FUNCTION restricted() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM r;
  RETURN false;
EXCEPTION
  WHEN foreign_key_violation OR restrict_violation THEN
    RETURN true;
END $$;

-- c refers to q by x, and to p by (x, y).  q's row goes first: x becomes 2.  Then
-- p's row (2, 1) goes, to which c refers by now, and takes it along.
CREATE TABLE q (x int PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE p (a int, b int, r int REFERENCES r ON DELETE CASCADE, PRIMARY KEY (a, b));
CREATE TABLE c (x int DEFAULT 2 REFERENCES q ON DELETE SET DEFAULT, y int,
                CONSTRAINT c_to_p FOREIGN KEY (x, y) REFERENCES p ON DELETE CASCADE);
INSERT INTO q VALUES (1, 1), (2, NULL);
INSERT INTO p VALUES (1, 1, NULL), (2, 1, 1), (1, 2, NULL), (2, 2, NULL);
INSERT INTO c VALUES (1, 1), (1, 2);
SELECT * FROM hooks.preview_delete('r');
BEGIN;
DELETE FROM r;
TABLE c;
ROLLBACK;
-- With RESTRICT, that stops it.
ALTER TABLE c DROP CONSTRAINT c_to_p, ADD CONSTRAINT c_to_p FOREIGN KEY (x, y) REFERENCES p ON DELETE RESTRICT;
SELECT * FROM hooks.preview_delete('r') WHERE relation = 'c'::regclass;
SELECT restricted();
-- With SET DEFAULT, too, as y becomes NULL, but x stays what it is
ALTER TABLE c DROP CONSTRAINT c_to_p, ADD CONSTRAINT c_to_p FOREIGN KEY (x, y) REFERENCES p ON DELETE SET DEFAULT;
SELECT * FROM hooks.preview_delete('r') WHERE relation = 'c'::regclass;
BEGIN;
DELETE FROM r;
SELECT * FROM c ORDER BY 2;
ROLLBACK;
DROP TABLE c, p, q;

-- The same with keys of two types, for which there is an operator, but no hash.
CREATE TABLE q (x timestamp PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE p (a timestamp, b int, r int REFERENCES r ON DELETE CASCADE, PRIMARY KEY (a, b));
CREATE TABLE c (x date DEFAULT '2020-01-02' REFERENCES q ON DELETE SET DEFAULT, y int,
                CONSTRAINT c_to_p FOREIGN KEY (x, y) REFERENCES p ON DELETE CASCADE);
INSERT INTO q VALUES ('2020-01-01', 1), ('2020-01-02', NULL);
INSERT INTO p VALUES ('2020-01-01', 1, NULL), ('2020-01-02', 1, 1), ('2020-01-01', 2, NULL), ('2020-01-02', 2, NULL);
INSERT INTO c VALUES ('2020-01-01', 1), ('2020-01-01', 2);
SELECT * FROM hooks.preview_delete('r');
BEGIN;
DELETE FROM r;
SELECT x = '2020-01-02' AS x, y FROM c;
ROLLBACK;
DROP TABLE c, p, q;

-- A key that is null in part, and is copied by ON UPDATE CASCADE, is not one for
-- MATCH FULL.
CREATE TABLE d (a int REFERENCES r ON DELETE SET NULL, b int, UNIQUE (a, b));
CREATE TABLE e (a int, b int, FOREIGN KEY (a, b) REFERENCES d (a, b) MATCH FULL ON UPDATE CASCADE);
INSERT INTO d VALUES (1, 1);
INSERT INTO e VALUES (1, 1);
SELECT * FROM hooks.preview_delete('r');
DELETE FROM r;
DROP TABLE d, e;

-- A key that becomes NULL in part is against MATCH FULL, and blocks; one of a single column may become NULL.
CREATE TABLE q (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE q1 (a int PRIMARY KEY);
CREATE TABLE c (a int CONSTRAINT c_to_r REFERENCES r ON DELETE SET NULL CONSTRAINT c_to_q1 REFERENCES q1 MATCH FULL, b int);
INSERT INTO q VALUES (1, 1);
INSERT INTO q1 VALUES (1);
INSERT INTO c VALUES (1, 1);
SELECT * FROM hooks.preview_delete('r');
BEGIN;
DELETE FROM r;
TABLE c;
ROLLBACK;
ALTER TABLE c ADD CONSTRAINT c_to_q FOREIGN KEY (a, b) REFERENCES q MATCH FULL;
SELECT * FROM hooks.preview_delete('r');
DELETE FROM r;
DROP TABLE c, q, q1;

-- Keys of a type that cannot be hashed are compared one by one: an array can, but
-- not one of bit strings.
CREATE TABLE i (x varbit[] PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE j (x varbit[] DEFAULT '{10}' REFERENCES i ON DELETE SET DEFAULT);
INSERT INTO i VALUES ('{1}', 1), ('{10}', NULL);
INSERT INTO j VALUES ('{1}');
SELECT * FROM hooks.preview_delete('r') WHERE relation = 'j'::regclass;
BEGIN;
DELETE FROM r;
TABLE j;
ROLLBACK;
DROP TABLE i, j;

-- Nor if only rows of another type refer to it: u's column is hashed, but not t's.
CREATE TYPE t_key AS (x money);
CREATE TYPE u_key AS (x int);
CREATE TABLE s (x t_key PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE t (x t_key UNIQUE DEFAULT '(2)' REFERENCES s ON DELETE SET DEFAULT);
CREATE TABLE u (x u_key REFERENCES t (x));
INSERT INTO s VALUES ('(1)', 1), ('(2)', NULL);
INSERT INTO t VALUES ('(1)');
SELECT * FROM hooks.preview_delete('r') WHERE relation = 't'::regclass;
BEGIN;
DELETE FROM r;
SELECT (x).x::numeric FROM t;
ROLLBACK;
DROP TABLE s, t, u;

-- A default is what it is, however the session writes numbers.
CREATE TABLE k (x float8 PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE l (x float8 DEFAULT '0.1234567890123456' REFERENCES k ON DELETE SET DEFAULT);
INSERT INTO k VALUES (0.1234567890123456, NULL), (1, 1);
INSERT INTO l VALUES (1);
SET extra_float_digits = 0;
SELECT * FROM hooks.preview_delete('r') WHERE relation = 'l'::regclass;
RESET extra_float_digits;
BEGIN;
DELETE FROM r;
TABLE l;
ROLLBACK;
DROP TABLE k, l;

-- NO ACTION does not mind that a row goes if another one has got its key: g's row
-- 7 becomes 5, before h asks for 5.
CREATE TABLE f (id int PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE g (id int, r int REFERENCES r ON DELETE CASCADE, code int DEFAULT 5 UNIQUE REFERENCES f ON DELETE SET DEFAULT);
CREATE TABLE h (code int CONSTRAINT h_to_g REFERENCES g (code));
INSERT INTO f VALUES (5, NULL), (7, 1);
INSERT INTO g VALUES (1, 1, 5), (2, NULL, 7);
INSERT INTO h VALUES (5);
SELECT * FROM hooks.preview_delete('r');
BEGIN;
DELETE FROM r;
TABLE g;
ROLLBACK;
-- Nor does SET DEFAULT, with a default that is what it was.
ALTER TABLE h ALTER code SET DEFAULT 5, DROP CONSTRAINT h_to_g, ADD CONSTRAINT h_to_g FOREIGN KEY (code) REFERENCES g (code) ON DELETE SET DEFAULT;
SELECT * FROM hooks.preview_delete('r') WHERE relation = 'h'::regclass;
BEGIN;
DELETE FROM r;
TABLE h;
ROLLBACK;
-- RESTRICT does.
ALTER TABLE h DROP CONSTRAINT h_to_g, ADD CONSTRAINT h_to_g FOREIGN KEY (code) REFERENCES g (code) ON DELETE RESTRICT;
SELECT * FROM hooks.preview_delete('r') WHERE relation = 'h'::regclass;
SELECT restricted();
DROP TABLE h;

-- A row that leaves its partition is deleted from it: for a key that refers to that
-- partition itself, and not to the table.
CREATE TABLE s (id int REFERENCES r ON DELETE SET NULL, p int REFERENCES f ON DELETE CASCADE) PARTITION BY LIST (id);
CREATE TABLE s1 PARTITION OF s FOR VALUES IN (1);
CREATE TABLE s2 PARTITION OF s DEFAULT;
ALTER TABLE s1 ADD UNIQUE (id);
CREATE TABLE t (id int REFERENCES s1 (id) ON DELETE CASCADE ON UPDATE SET NULL);
INSERT INTO s VALUES (1, 5);
INSERT INTO t VALUES (1);
SELECT * FROM hooks.preview_delete('r') WHERE relation IN ('s'::regclass, 't');
BEGIN;
DELETE FROM r;
TABLE s;
TABLE t;
ROLLBACK;
-- It is inserted into another one, where all its keys are looked up: p refers to
-- what is gone already.  Otherwise the row would have gone with that.
ALTER TABLE f DROP CONSTRAINT f_r_fkey, ADD CONSTRAINT f_r_fkey FOREIGN KEY (r) REFERENCES r ON DELETE CASCADE;
UPDATE s SET p = 7;
SELECT * FROM hooks.preview_delete('r') WHERE relation IN ('s'::regclass, 't');
DELETE FROM r;
DROP TABLE t, s;

-- What became NULL at last refers to nothing, whatever it was in between: u's row first
-- becomes 5, which goes last.
CREATE TABLE k1 (id int PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE k2 (id int PRIMARY KEY, r int REFERENCES k1 ON DELETE CASCADE);
CREATE TABLE k3 (id int PRIMARY KEY, r int REFERENCES k2 ON DELETE CASCADE);
CREATE TABLE u (x int DEFAULT 5 CONSTRAINT u_to_k1 REFERENCES k1 ON DELETE SET DEFAULT);
INSERT INTO r VALUES (1) ON CONFLICT DO NOTHING;
INSERT INTO k1 VALUES (1, 1), (5, NULL);
INSERT INTO k2 VALUES (5, 1);
INSERT INTO k3 VALUES (5, 5);
INSERT INTO u VALUES (1);
ALTER TABLE u ADD CONSTRAINT u_to_k2 FOREIGN KEY (x) REFERENCES k2 ON DELETE SET NULL NOT VALID,
  ADD CONSTRAINT u_to_k3 FOREIGN KEY (x) REFERENCES k3 ON DELETE CASCADE NOT VALID;
SELECT * FROM hooks.preview_delete('r') WHERE relation = 'u'::regclass;
BEGIN;
DELETE FROM r;
TABLE u;
ROLLBACK;
DROP TABLE u, k3, k2, k1;

-- A key that stays what it is was looked up before, unless this transaction has
-- written the row: w's row refers to nothing by b.
CREATE TABLE v (id int PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE w (a int REFERENCES r ON DELETE SET NULL, b int CONSTRAINT w_to_v REFERENCES v ON DELETE CASCADE, n int);
SET session_replication_role = replica;
INSERT INTO w VALUES (1, 99);
RESET session_replication_role;
SELECT * FROM hooks.preview_delete('r') WHERE relation = 'w'::regclass;
BEGIN;
DELETE FROM r;
TABLE w;
ROLLBACK;
BEGIN;
UPDATE w SET n = 1;
SELECT * FROM hooks.preview_delete('r') WHERE relation = 'w'::regclass;
DELETE FROM r;
ROLLBACK;
DROP TABLE w, v;

-- A default is looked at, unless reading it runs what somebody wrote: the CHECK of a domain, wherever that
-- is inside of its type.  A range of PostgreSQL's own runs nothing.
CREATE DOMAIN checked AS int CHECK (VALUE > 0);
CREATE TYPE inside AS (a int, b checked);
CREATE TABLE k (r int REFERENCES r ON DELETE CASCADE, range int4range UNIQUE, inside inside UNIQUE);
INSERT INTO k SELECT id, int4range(id, id + 1), ROW(id, id)::inside FROM r;
CREATE TABLE by_range (k int4range DEFAULT '[9,10)' REFERENCES k (range) ON DELETE SET DEFAULT);
CREATE TABLE by_inside (k inside DEFAULT '(9,9)' REFERENCES k (inside) ON DELETE SET DEFAULT);
INSERT INTO by_range SELECT range FROM k;
INSERT INTO by_inside SELECT inside FROM k;
SELECT relation, action, rows FROM hooks.preview_delete('r') WHERE relation IN ('by_range'::regclass, 'by_inside'::regclass) ORDER BY 1, 2;
DROP TABLE by_inside, by_range, k;

-- What a changed row refers to is looked up at COMMIT if its key is deferred.
ALTER TABLE g DROP CONSTRAINT g_code_fkey, ADD CONSTRAINT g_code_fkey FOREIGN KEY (code) REFERENCES f
  ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE g ALTER code SET DEFAULT 9;
CREATE INDEX ON f (r);
CREATE INDEX ON g (r);
\set VERBOSITY default
SET client_min_messages = notice;
SELECT * FROM hooks.preview_delete('r');
BEGIN;
DELETE FROM r;
COMMIT;

SET client_min_messages = warning;
DROP SCHEMA test_preview_moved CASCADE;
