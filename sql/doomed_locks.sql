-- What a look at a running delete locks: what its cascade is going to lock, as strongly,
-- up to the last rows that it looks for; and nothing if no hook asks for it.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE);
CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b ON DELETE CASCADE);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1, 1);
INSERT INTO c VALUES (1, 1);
CREATE FUNCTION locks(regclass) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(mode, ' ' ORDER BY mode) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = $1
$$;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SELECT count(*) FROM hooks.doomed(NULL::%I)', TG_ARGV[0]);
  RAISE WARNING 'for rows of %: b %, c %', TG_ARGV[0], locks('b'), locks('c');
  RETURN NULL;
END $$;

-- no rows of a table behind the one that is asked for
SELECT hooks.register('tell', 'before_cascade', 'delete', 'a', 'tell', arguments => '{b}');
BEGIN;
DELETE FROM a;
ROLLBACK;
SELECT hooks.register('tell', 'before_cascade', 'delete', 'a', 'tell', arguments => '{c}', replace => true);
BEGIN;
DELETE FROM a;
ROLLBACK;
SELECT hooks.unregister('tell');

-- if no hook on the way fires, no table is opened to look for rows
SELECT hooks.register('closure', 'before_closure', 'delete', 'b', 'tell', arguments => '{c}');
SELECT hooks.register('chosen', 'before_closure', 'delete', 'b', 'tell', arguments => '{c}', activation => 'opt_in');
DELETE FROM b;
BEGIN;
SELECT hooks.pause('closure', 'test');
DELETE FROM a;
SELECT locks('c');
ROLLBACK;
BEGIN;
DELETE FROM a;
SELECT locks('c');
ROLLBACK;
SELECT hooks.unregister('closure'), hooks.unregister('chosen');

-- a table whose rows block is locked as for a delete when other rows of it go
ALTER TABLE b RENAME a TO keeps;
ALTER TABLE b ADD goes int, DROP CONSTRAINT b_a_fkey;
ALTER TABLE b ADD FOREIGN KEY (keeps) REFERENCES a;
ALTER TABLE b ADD FOREIGN KEY (goes) REFERENCES a ON DELETE CASCADE;
INSERT INTO b VALUES (1, 1, NULL), (2, NULL, 1);
SELECT hooks.register('tell', 'before_cascade', 'delete', 'a', 'tell', arguments => '{b}');
DELETE FROM a;

DROP TABLE a, b, c;
DROP FUNCTION locks, tell;
