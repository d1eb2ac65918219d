-- To know what is removed of one table needs rights on the way there.  The tables
-- beside it, whose rows are only locked, need none, and call nothing of other roles.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE ROLE regress_asks;
CREATE ROLE regress_beside;
CREATE SCHEMA test_lock_rights;
GRANT ALL ON SCHEMA test_lock_rights TO regress_asks, regress_beside;
SET search_path = test_lock_rights;
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE);
CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b ON DELETE CASCADE);
CREATE TABLE beside (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE);
CREATE TABLE below (id int PRIMARY KEY, beside int REFERENCES beside ON DELETE SET NULL);
CREATE TABLE keeps (id int PRIMARY KEY, a int REFERENCES a);
GRANT REFERENCES ON a TO regress_beside;
INSERT INTO a VALUES (1), (2), (3);
INSERT INTO b SELECT id, id FROM a;
INSERT INTO c SELECT id, id FROM a;
INSERT INTO beside SELECT id, id FROM a;
INSERT INTO below SELECT id, id FROM a;
INSERT INTO keeps VALUES (3, 3);
SET ROLE regress_beside;
CREATE TYPE wrapped AS (v int);
CREATE FUNCTION unwrap(wrapped) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF current_user = 'regress_asks' THEN
    RAISE 'called as %', current_user;
  END IF;
  RETURN ($1).v;
END $$;
CREATE CAST (wrapped AS int) WITH FUNCTION unwrap(wrapped) AS IMPLICIT;
CREATE TABLE casts (a wrapped REFERENCES a ON DELETE CASCADE);
INSERT INTO casts SELECT ROW(id)::wrapped FROM generate_series(1, 2) id;
RESET ROLE;

GRANT SELECT, TRIGGER ON a TO regress_asks;
GRANT SELECT ON b, c TO regress_asks;
SET ROLE regress_asks;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% is told of % rows', current_user, (SELECT count(*) FROM hooks.doomed(NULL::c));
  RETURN NULL;
END $$;
SELECT hooks.register('asks', 'before_cascade', 'delete', 'a', 'tell');
RESET ROLE;
DELETE FROM a WHERE id = 1;

-- what stops the DELETE does so, and nothing else
DELETE FROM a WHERE id = 3;

-- a table through which rows of the table go needs the right
ALTER TABLE below ADD c int UNIQUE;
ALTER TABLE c ADD FOREIGN KEY (b) REFERENCES below (c) ON DELETE CASCADE NOT VALID;
ALTER TABLE below DROP CONSTRAINT below_beside_fkey, ADD FOREIGN KEY (beside) REFERENCES beside ON DELETE CASCADE;
DELETE FROM a WHERE id = 2;
GRANT SELECT ON beside, below TO regress_asks;
DELETE FROM a WHERE id = 2;
SELECT id FROM a;

-- rows beside are locked where they are compared as another type that needs no function
CREATE TABLE t (id text PRIMARY KEY);
CREATE TABLE wanted (id text REFERENCES t ON DELETE CASCADE);
CREATE TABLE varying (id varchar REFERENCES t ON DELETE CASCADE);
INSERT INTO t VALUES ('a');
INSERT INTO wanted TABLE t;
INSERT INTO varying TABLE t;
CREATE FUNCTION tell_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING 'told of % rows', (SELECT count(*) FROM hooks.doomed(NULL::wanted));
  RAISE WARNING 'locked: %', (SELECT xmax <> '0' FROM varying);
  RETURN NULL;
END $$;
SELECT hooks.register('locked', 'before_cascade', 'delete', 't', 'tell_locked');
DELETE FROM t;

DROP SCHEMA test_lock_rights CASCADE;
RESET search_path;
DROP ROLE regress_asks, regress_beside;
