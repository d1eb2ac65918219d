-- The look at a cascade finds rows by an index only where that is compared as the foreign
-- key is, and calls nothing that a user wrote.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_index_owner;
CREATE SCHEMA test_by_index;
GRANT ALL ON SCHEMA test_by_index TO regress_index_owner;
SET search_path = test_by_index;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE 'SELECT count(*) FROM hooks.doomed(NULL::b)' INTO n;
  RAISE WARNING '% rows', n;
  RETURN NULL;
END $$;
CREATE FUNCTION called(anyelement) RETURNS anyelement IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  IF current_user <> 'regress_index_owner' THEN
    RAISE 'called as %', current_user;
  END IF;
  RETURN $1;
END $$;

-- an operator class that is not PostgreSQL's: its function
CREATE FUNCTION compare(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT btint4cmp(test_by_index.called($1), $2)';
CREATE OPERATOR CLASS other_ops FOR TYPE int USING btree AS OPERATOR 3 =, FUNCTION 1 compare(int, int);
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (a int REFERENCES a ON DELETE CASCADE);
CREATE INDEX ON b (a other_ops);
SELECT hooks.register('tell', 'before_cascade', 'delete', 'a', 'tell');
ALTER TABLE b OWNER TO regress_index_owner;
INSERT INTO a VALUES (1), (2);
SET ROLE regress_index_owner;
INSERT INTO b VALUES (1), (2), (2);
RESET ROLE;
DELETE FROM a WHERE id = 2;
DROP TABLE a, b;

-- ... its operator
CREATE FUNCTION is_equal(int, int) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT test_by_index.called($1) = $2';
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = is_equal, COMMUTATOR = ===);
CREATE OPERATOR CLASS equal_ops FOR TYPE int USING btree AS OPERATOR 3 ===, FUNCTION 1 btint4cmp(int, int);
CREATE TABLE a (id int);
CREATE UNIQUE INDEX ON a (id equal_ops);
CREATE TABLE b (a int REFERENCES a (id) ON DELETE CASCADE);
CREATE INDEX ON b (a equal_ops);
SELECT hooks.register('tell', 'before_cascade', 'delete', 'a', 'tell');
ALTER TABLE a OWNER TO regress_index_owner;
ALTER TABLE b OWNER TO regress_index_owner;
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES (1), (2), (2);
DELETE FROM a WHERE id = 2;
DROP TABLE a, b;

-- ... or both, in a family that is PostgreSQL's
BEGIN;
CREATE TYPE own;
CREATE FUNCTION own_in(cstring) RETURNS own IMMUTABLE STRICT LANGUAGE internal AS 'int4in';
CREATE FUNCTION own_out(own) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'int4out';
CREATE TYPE own (INPUT = own_in, OUTPUT = own_out, LIKE = int);
CREATE CAST (own AS int) WITHOUT FUNCTION;
CREATE FUNCTION is_same(own, own) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1::int = $2::int';
CREATE FUNCTION is_same(int, own) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1 = $2::int';
CREATE FUNCTION is_same(own, int) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1::int = $2';
CREATE FUNCTION compare(own, own) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT btint4cmp(test_by_index.called($1)::int, $2::int)';
CREATE FUNCTION compare(own, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT btint4cmp(test_by_index.called($1)::int, $2)';
CREATE FUNCTION compare(int, own) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT btint4cmp($1, $2::int)';
CREATE OPERATOR = (LEFTARG = own, RIGHTARG = own, FUNCTION = is_same, COMMUTATOR = =);
CREATE OPERATOR = (LEFTARG = int, RIGHTARG = own, FUNCTION = is_same, COMMUTATOR = =);
CREATE OPERATOR = (LEFTARG = own, RIGHTARG = int, FUNCTION = is_same, COMMUTATOR = =);
CREATE OPERATOR CLASS own_ops DEFAULT FOR TYPE own USING btree FAMILY integer_ops AS
  OPERATOR 3 = (own, own), OPERATOR 3 = (int, own), OPERATOR 3 = (own, int),
  FUNCTION 1 compare(own, own), FUNCTION 1 (own, int) compare(own, int), FUNCTION 1 (int, own) compare(int, own);
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (a own REFERENCES a ON DELETE CASCADE);
CREATE INDEX ON b (a);
SELECT hooks.register('tell', 'before_cascade', 'delete', 'a', 'tell');
ALTER TABLE b OWNER TO regress_index_owner;
INSERT INTO a VALUES (1), (2);
SET LOCAL ROLE regress_index_owner;
INSERT INTO b VALUES ('1'), ('2'), ('2');
RESET ROLE;
DELETE FROM a WHERE id = 2;
DROP TABLE a, b;

-- arrays, whose elements are compared
CREATE TABLE a (id own[] PRIMARY KEY);
CREATE TABLE b (a own[] REFERENCES a ON DELETE CASCADE);
CREATE INDEX ON b (a);
SELECT hooks.register('tell', 'before_cascade', 'delete', 'a', 'tell');
ALTER TABLE a OWNER TO regress_index_owner;
ALTER TABLE b OWNER TO regress_index_owner;
SET LOCAL ROLE regress_index_owner;
INSERT INTO a VALUES ('{1}'), ('{2}');
INSERT INTO b VALUES ('{1}'), ('{2}'), ('{2}');
RESET ROLE;
DELETE FROM a;
ROLLBACK;

-- a type that the index takes as another one than the foreign key does
CREATE TYPE near;
CREATE FUNCTION near_in(cstring) RETURNS near IMMUTABLE STRICT LANGUAGE internal AS 'int4in';
CREATE FUNCTION near_out(near) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'int4out';
CREATE TYPE near (INPUT = near_in, OUTPUT = near_out, LIKE = int);
CREATE CAST (near AS int) WITHOUT FUNCTION AS IMPLICIT;
CREATE FUNCTION far(near) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1::int + 1000::bigint';
CREATE CAST (near AS bigint) WITH FUNCTION far AS IMPLICIT;
CREATE TABLE a (id bigint PRIMARY KEY);
CREATE TABLE b (a near REFERENCES a ON DELETE CASCADE);
CREATE INDEX ON b (a);
SELECT hooks.register('tell', 'before_cascade', 'delete', 'a', 'tell');
INSERT INTO a VALUES (1001), (1002);
INSERT INTO b VALUES ('1'), ('2'), ('2');
DELETE FROM a WHERE id = 1002;

DROP SCHEMA test_by_index CASCADE;
DROP ROLE regress_index_owner;
