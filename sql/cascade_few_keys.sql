-- Few keys are looked up in an index: that finds what the cascade then removes.
SET client_min_messages = warning;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% are told', (SELECT string_agg(o.id::text, ' ' ORDER BY o.id) FROM old_table o);
  RETURN NULL;
END $$;
CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM gone) THEN
    RAISE WARNING '% go', (SELECT string_agg(o.id::text, ' ' ORDER BY o.id) FROM gone o);
  END IF;
  RETURN NULL;
END $$;
CREATE PROCEDURE hook(child regclass) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hooks.register('tell', 'before_closure', 'delete', child, 'tell');
  EXECUTE format('CREATE TRIGGER seen AFTER DELETE ON %s REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION seen()', child);
END $$;

-- an index that has a column of the key twice
CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE c (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES p ON DELETE CASCADE);
CREATE INDEX ON c (a, a, b);
CALL hook('c');
INSERT INTO p VALUES (1, 1), (1, 2);
INSERT INTO c VALUES (11, 1, 1), (12, 1, 2);
DELETE FROM p WHERE b = 1;
-- ... with another one beside
CREATE INDEX ON c (b, a);
INSERT INTO p VALUES (1, 1);
INSERT INTO c VALUES (11, 1, 1);
DELETE FROM p WHERE b = 1;
DROP TABLE p, c;

-- a key that has a column twice
CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE c (id int PRIMARY KEY, a int, FOREIGN KEY (a, a) REFERENCES p (b, a) ON DELETE CASCADE);
CREATE INDEX ON c (a, a);
CALL hook('c');
INSERT INTO p VALUES (1, 1), (1, 2), (2, 2);
INSERT INTO c VALUES (11, 1), (12, 2);
DELETE FROM p WHERE b = 2 AND a = 1;
DELETE FROM p WHERE b = 2;
DROP TABLE p, c;

-- descending, with more columns; NULLs in the key
CREATE TABLE p (a bigint, b numeric, UNIQUE (a, b));
CREATE TABLE c (id int PRIMARY KEY, b numeric, a int, FOREIGN KEY (a, b) REFERENCES p (a, b) ON DELETE CASCADE);
CREATE INDEX ON c (b DESC NULLS LAST, a, id) INCLUDE (id);
CALL hook('c');
INSERT INTO p VALUES (1, 1.0), (1, NULL), (NULL, 1), (5000000000, 1);
INSERT INTO c VALUES (11, 1.00, 1), (12, NULL, 1), (13, 1, NULL);
DELETE FROM p WHERE a IS NULL OR b IS NULL;
DELETE FROM p WHERE a > 1;
DELETE FROM p;
DROP TABLE p, c;

-- padded, and of different types
CREATE TABLE p (a text PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, a char(4) REFERENCES p ON DELETE CASCADE);
CREATE INDEX ON c (a);
CALL hook('c');
INSERT INTO p VALUES ('x'), ('x  '), ('y');
INSERT INTO c VALUES (1, 'x'), (2, 'y'), (3, 'x ');
DELETE FROM p WHERE a = 'x  ';
DELETE FROM p WHERE a = 'x';
DROP TABLE p, c;

-- partial, and of expressions
CREATE TABLE p (a int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES p ON DELETE CASCADE);
CREATE INDEX ON c (a) WHERE id > 1;
CREATE INDEX ON c ((a + 0));
CALL hook('c');
INSERT INTO p VALUES (1), (2);
INSERT INTO c VALUES (1, 1), (2, 1), (3, 2);
DELETE FROM p WHERE a = 1;
-- updated and deleted in the same transaction, beside many others of the key
CREATE INDEX ON c (a);
BEGIN;
INSERT INTO c SELECT n, 2 FROM generate_series(4, 7) n;
UPDATE c SET a = 2 WHERE id = 5;
UPDATE c SET a = NULL WHERE id = 6;
DELETE FROM c WHERE id = 7;
DELETE FROM p WHERE a = 2;
COMMIT;
DROP TABLE p, c;

-- more columns, in an order that is not that of the rows in the table: they are told in the latter,
-- and those that refer to them by what is NULL in some, which is not 0
CREATE TABLE p (a int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES p ON DELETE CASCADE, n int UNIQUE);
CREATE TABLE g (id int PRIMARY KEY, n int REFERENCES c (n) ON DELETE CASCADE);
CREATE INDEX ON c (a, n NULLS FIRST);
CREATE INDEX ON g (n);
CREATE FUNCTION tell_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% in this order', (SELECT string_agg(o.id::text, ' ') FROM old_table o);
  RETURN NULL;
END $$;
SELECT hooks.register('order', 'before_closure', 'delete', 'c', 'tell_order');
CALL hook('g');
INSERT INTO p VALUES (1), (2), (3);
INSERT INTO c VALUES (1, 1, 4), (2, 1, NULL), (3, 2, 6), (4, 1, 3), (5, 1, 1), (6, 2, 5), (7, 1, NULL), (8, 3, 0);
INSERT INTO g VALUES (10, 0), (11, 1), (13, 3), (14, 4), (15, 5), (16, 6);
DELETE FROM p WHERE a < 3;
DROP TABLE p, c, g;
DROP FUNCTION tell_order;

DROP PROCEDURE hook;
DROP FUNCTION tell, seen;
