-- What a delete removes is found by a route that the session keeps from delete to
-- delete.  It is never older than the tables: whatever changes one of them, or who
-- may see it, counts from the next statement on.
SET client_min_messages = warning;
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE);
CREATE TABLE c (id int PRIMARY KEY, b int);
INSERT INTO a SELECT generate_series(1, 20);
INSERT INTO b SELECT n, n FROM generate_series(1, 20) n;
INSERT INTO c SELECT n, n FROM generate_series(1, 20) n;
CREATE ROLE regress_looker;
GRANT SELECT ON a, b, c TO regress_looker;
GRANT TRIGGER ON a TO regress_looker;
GRANT CREATE ON SCHEMA public TO regress_looker;

SET ROLE regress_looker;
-- (EXECUTE, as PostgreSQL does not plan anew when the row type has changed)
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql SET search_path = public, elsewhere AS $$
DECLARE
  counts bigint[];
BEGIN
  EXECUTE 'SELECT ARRAY[(SELECT count(*) FROM hooks.doomed(NULL::a)), (SELECT count(*) FROM hooks.doomed(NULL::b)),
    (SELECT count(*) FROM hooks.doomed(NULL::c))]' INTO counts;
  RAISE WARNING 'a, b, c: %', counts;
  RETURN NULL;
END $$;
SELECT hooks.register('tell', 'before_cascade', 'delete', 'a', 'tell');
RESET ROLE;
DELETE FROM a WHERE id = 1;

-- a foreign key comes, and goes
ALTER TABLE c ADD CONSTRAINT c_b FOREIGN KEY (b) REFERENCES b ON DELETE CASCADE NOT VALID;
DELETE FROM a WHERE id = 2;
ALTER TABLE c DROP CONSTRAINT c_b;
DELETE FROM a WHERE id = 3;

-- ... or only until a rollback
BEGIN;
ALTER TABLE c ADD CONSTRAINT c_b FOREIGN KEY (b) REFERENCES b ON DELETE CASCADE NOT VALID;
DELETE FROM a WHERE id = 4;
ROLLBACK;
DELETE FROM a WHERE id = 4;
ALTER TABLE c ADD CONSTRAINT c_b FOREIGN KEY (b) REFERENCES b ON DELETE CASCADE NOT VALID;

-- names, types, columns
ALTER TABLE b RENAME COLUMN a TO "A b";
DELETE FROM a WHERE id = 5;
ALTER TABLE b ALTER "A b" TYPE bigint, ADD COLUMN more text DEFAULT 'x';
DELETE FROM a WHERE id = 6;
ALTER TABLE b RENAME TO d;
ALTER TABLE d RENAME TO b;
CREATE SCHEMA elsewhere;
ALTER TABLE c SET SCHEMA elsewhere;
GRANT USAGE ON SCHEMA elsewhere TO regress_looker;
DELETE FROM a WHERE id IN (7, 8);

-- foreign keys that are switched off
ALTER TABLE b DISABLE TRIGGER ALL;
DELETE FROM a WHERE id = 9;
ALTER TABLE b ENABLE TRIGGER ALL;
ALTER TABLE a DISABLE TRIGGER ALL;
ALTER TABLE a ENABLE TRIGGER USER;
DELETE FROM a WHERE id = 10;
ALTER TABLE a ENABLE TRIGGER ALL;
DELETE FROM b WHERE id IN (9, 10);

-- rights, and row-level security
REVOKE SELECT ON elsewhere.c FROM regress_looker;
DELETE FROM a WHERE id = 11;
GRANT SELECT ON elsewhere.c TO regress_looker;
DELETE FROM a WHERE id = 11;
ALTER TABLE b ENABLE ROW LEVEL SECURITY;
DELETE FROM a WHERE id = 12;
ALTER TABLE b DISABLE ROW LEVEL SECURITY;

-- an error on the way leaves nothing behind; few rows, many, and few again
DO $$
BEGIN
  PERFORM set_config('statement_timeout', '0', true);
  DELETE FROM a WHERE id = 12 AND 1 / (id - 12) = 1;
EXCEPTION WHEN division_by_zero THEN
  DELETE FROM a WHERE id = 12;
END $$;
INSERT INTO a SELECT generate_series(100, 1099);
INSERT INTO b SELECT n, n FROM generate_series(100, 1099) n;
INSERT INTO elsewhere.c SELECT n, n FROM generate_series(100, 1099) n;
DELETE FROM a WHERE id = 100;
DELETE FROM a WHERE id BETWEEN 101 AND 1000;
DELETE FROM a WHERE id = 1001;
DELETE FROM a;

DROP TABLE a, b, elsewhere.c CASCADE;
DROP SCHEMA elsewhere;
DROP FUNCTION tell;
REVOKE CREATE ON SCHEMA public FROM regress_looker;
DROP ROLE regress_looker;
