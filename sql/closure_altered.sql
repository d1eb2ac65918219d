-- A before_closure callback that takes a foreign key away, or switches it off: the
-- rows that stay by this are no longer told of.
\set VERBOSITY terse
CREATE SCHEMA test_closure_altered;
SET search_path = test_closure_altered;
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE);
CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b ON DELETE CASCADE);
CREATE TABLE d (id int PRIMARY KEY, c int CONSTRAINT d_c REFERENCES c ON DELETE CASCADE);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1, 1);
INSERT INTO c VALUES (1, 1);
INSERT INTO d VALUES (1, 1), (2, 1);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: % rows of %', TG_NAME, (SELECT count(*) FROM old_table), TG_TABLE_NAME;
  RETURN NULL;
END $$;
CREATE FUNCTION alters() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE current_setting('test.alters');
  RETURN NULL;
END $$;
SELECT hooks.register('alters', 'before_closure', 'delete', 'b', 'alters'),
       hooks.register('c goes', 'before_closure', 'delete', 'c', 'tell'),
       hooks.register('d goes', 'before_closure', 'delete', 'd', 'tell');

BEGIN;
SET LOCAL test.alters = 'ALTER TABLE d DROP CONSTRAINT d_c';
DELETE FROM a;
SELECT (SELECT count(*) FROM c) AS c, (SELECT count(*) FROM d) AS d;
ROLLBACK;

-- the trigger that removes the rows of d is on c; so are those of the hook
BEGIN;
SET LOCAL test.alters = 'ALTER TABLE c DISABLE TRIGGER ALL';
DELETE FROM a;
SELECT (SELECT count(*) FROM c) AS c, (SELECT count(*) FROM d) AS d;
ROLLBACK;

BEGIN;
SET LOCAL test.alters = 'DROP TABLE d';
DELETE FROM a;
SELECT (SELECT count(*) FROM c) AS c;
ROLLBACK;

-- what takes no row out of the cascade
BEGIN;
SET LOCAL test.alters = 'ALTER TABLE d ADD t text';
DELETE FROM a;
SELECT (SELECT count(*) FROM c) AS c, (SELECT count(*) FROM d) AS d;
ROLLBACK;

-- a key that comes: its rows are told of when it removes them
CREATE TABLE e (id int PRIMARY KEY, c int);
INSERT INTO e VALUES (1, 1);
SELECT hooks.register('e goes', 'before_closure', 'delete', 'e', 'tell');
BEGIN;
SET LOCAL test.alters = 'ALTER TABLE e ADD FOREIGN KEY (c) REFERENCES c ON DELETE CASCADE';
DELETE FROM a;
SELECT count(*) AS e FROM e;
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA test_closure_altered CASCADE;
