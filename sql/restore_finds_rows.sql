-- hooks.restore() finds the rows that only lost their keys, and no others,
-- whatever the session's settings; and puts a cascade back once.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA test_found;
SET search_path = test_found;
-- messages tell the number
SELECT setval('hooks.kept_kept_id_seq', 200);
CREATE TABLE root (id int PRIMARY KEY);
INSERT INTO root VALUES (1), (2);
SELECT hooks.register('bin', 'before_cascade', 'delete', 'root', 'hooks.keep');

-- Operators are PostgreSQL's, not those that come first on the search_path.
CREATE TABLE plain (note text, root int REFERENCES root ON DELETE SET NULL);
INSERT INTO plain VALUES ('a', 1), ('b', 2);
DELETE FROM root;
UPDATE plain SET note = 'c' WHERE note = 'b';
CREATE SCHEMA test_found_other;
CREATE FUNCTION test_found_other.tell(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'called'; RETURN true; END $$;
CREATE OPERATOR test_found_other.= (LEFTARG = text, RIGHTARG = text, FUNCTION = test_found_other.tell);
SET search_path = test_found_other, pg_catalog;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SET search_path = test_found;
SELECT * FROM plain ORDER BY note;
DROP TABLE plain;

-- Rows without a key that differ in the last digit of a float are not the same.
CREATE TABLE floats (x float8, root int REFERENCES root ON DELETE SET NULL);
INSERT INTO floats VALUES (0.3, 1), (0.30000000000000004, 2);
DELETE FROM root;
-- they change places
UPDATE floats SET x = x WHERE x = 0.3;
SET extra_float_digits = 0;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
RESET extra_float_digits;
SELECT * FROM floats ORDER BY x;
DROP TABLE floats;

-- A generated column is no key, for it can change with what the delete changes.
CREATE TABLE generated (id int, root int REFERENCES root ON DELETE SET NULL, key text GENERATED ALWAYS AS (id || coalesce('/' || root, '')) STORED PRIMARY KEY);
INSERT INTO generated VALUES (1, 1), (2, 2), (3, NULL);
DELETE FROM root;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT * FROM generated ORDER BY id;
DROP TABLE generated;

-- An index that is not unique is no key, nor is one whose columns can be null.
CREATE TABLE indexed (id int NOT NULL, number int UNIQUE, note text, root int REFERENCES root ON DELETE SET NULL);
CREATE INDEX ON indexed (id);
INSERT INTO indexed VALUES (1, 1, 'a', 1), (1, 2, 'b', NULL), (2, NULL, 'c', 2);
DELETE FROM root;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT * FROM indexed ORDER BY note;
DROP TABLE indexed;

-- A key that has come since will do; nothing else is compared then.
CREATE TABLE keyed (id int, data json, root int REFERENCES root ON DELETE SET NULL);
INSERT INTO keyed VALUES (1, '{"a": 1}', 1), (2, '{"a": 1}', 2);
DELETE FROM root;
ALTER TABLE keyed ADD PRIMARY KEY (id);
UPDATE keyed SET data = NULL WHERE id = 2;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT * FROM keyed ORDER BY id;
DROP TABLE keyed;

-- What the INSERT fires cannot restore the same once more.
CREATE TABLE child (root int REFERENCES root ON DELETE CASCADE);
INSERT INTO child VALUES (1);
DELETE FROM root;
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        PERFORM hooks.restore(max(kept_id)) FROM hooks.kept;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER again AFTER INSERT ON child EXECUTE FUNCTION again();
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT (SELECT count(*) FROM root), (SELECT count(*) FROM child);
DROP TRIGGER again ON child;
-- Nor can what makes values of their text: a domain's CHECK.
CREATE FUNCTION again(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM hooks.restore(max(kept_id)) FROM hooks.kept; RETURN true; END $$;
CREATE TABLE twice (root int REFERENCES root ON DELETE CASCADE, numbers int[]);
INSERT INTO twice VALUES (1, '{1}');
CREATE DOMAIN number AS int;
ALTER TABLE twice ALTER numbers TYPE number[];
DELETE FROM root;
ALTER DOMAIN number ADD CONSTRAINT again CHECK (again(VALUE)) NOT VALID;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT (SELECT count(*) FROM root), (SELECT count(*) FROM twice);
DROP TABLE twice;

-- A message quotes no kept value to who may not insert it, or not see it.
CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0);
CREATE TABLE secret (id int, numbers even[], root int REFERENCES root ON DELETE CASCADE);
INSERT INTO secret VALUES (1, '{2,4}', 1);
DELETE FROM root;
CREATE ROLE regress_found_user;
GRANT USAGE ON SCHEMA test_found TO regress_found_user;
GRANT SELECT, INSERT ON root, child TO regress_found_user;
GRANT INSERT ON secret TO regress_found_user;
ALTER DOMAIN even DROP CONSTRAINT even_check;
ALTER DOMAIN even ADD CONSTRAINT small CHECK (VALUE < 3) NOT VALID;
\set restore 'SELECT hooks.restore(max(kept_id)) FROM hooks.kept;'
SET ROLE regress_found_user; :restore RESET ROLE;
GRANT SELECT ON secret TO regress_found_user;
REVOKE INSERT ON secret FROM regress_found_user;
GRANT INSERT (id, root) ON secret TO regress_found_user;
SET ROLE regress_found_user; :restore RESET ROLE;
GRANT INSERT ON secret TO regress_found_user;
SET ROLE regress_found_user; :restore RESET ROLE;

-- A function behind a default sets nothing for those who keep.
CREATE FUNCTION default_root() RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('hooks.metadata', '{"set": true}', false); RETURN NULL; END $$;
CREATE TABLE defaulted (root int DEFAULT default_root() REFERENCES root ON DELETE SET DEFAULT);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'set after hooks.keep: %', current_setting('hooks.metadata', true) LIKE '%set%'; RETURN NULL; END $$;
SELECT hooks.register('next', 'before_cascade', 'delete', 'root', 'tell', run_after => '{bin}');
INSERT INTO root VALUES (3);
INSERT INTO defaulted VALUES (3);
DELETE FROM root;

-- Rows without a key that the delete leaves alike, as different foreign keys change
-- them, are found once each.
CREATE TABLE three (a int UNIQUE REFERENCES root ON DELETE CASCADE, b int UNIQUE, c int UNIQUE);
CREATE TABLE alike (a int REFERENCES three (a) ON DELETE SET NULL, b int REFERENCES three (b) ON DELETE SET NULL, c int REFERENCES three (c) ON DELETE SET NULL);
INSERT INTO root VALUES (5);
INSERT INTO three VALUES (5, 6, 7);
INSERT INTO alike VALUES (5, NULL, NULL), (5, NULL, NULL), (NULL, 6, NULL), (NULL, NULL, 7), (5, 6, NULL), (5, 6, 7), (NULL, NULL, NULL);
DELETE FROM root WHERE id = 5;
SELECT count(*) FROM alike WHERE alike IS NULL;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT * FROM alike ORDER BY a, b, c;
DELETE FROM root WHERE id = 5;
UPDATE alike SET c = NULL WHERE a IS NULL;
SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept;
SELECT * FROM alike ORDER BY a, b, c;

-- A unique index identifies no row if it tells more apart than the type's operator.
CREATE TYPE pair AS (n numeric, note text);
CREATE TABLE images (pair pair NOT NULL, root int REFERENCES root ON DELETE SET NULL);
CREATE UNIQUE INDEX ON images (pair record_image_ops);
INSERT INTO root VALUES (6);
INSERT INTO images VALUES ('(1.0,a)', 5), ('(1.00,a)', 6);
DELETE FROM root WHERE id IN (5, 6);
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT * FROM images ORDER BY root;
DROP TABLE images;

-- Foreign keys are checked when all changes are undone, whoever owns the tables.
CREATE TABLE second (code int);
CREATE TABLE first (code int UNIQUE REFERENCES root ON DELETE SET NULL);
ALTER TABLE second ADD FOREIGN KEY (code) REFERENCES first (code) ON UPDATE CASCADE;
INSERT INTO first VALUES (5);
INSERT INTO second VALUES (5);
GRANT ALL ON SCHEMA test_found TO regress_found_user;
GRANT ALL ON first TO regress_found_user;
ALTER TABLE second OWNER TO regress_found_user;
DELETE FROM root WHERE id = 5;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT * FROM first, second;

SELECT hooks.unregister(name) FROM hooks.registry;
SET client_min_messages = warning;
DROP SCHEMA test_found, test_found_other CASCADE;
DROP ROLE regress_found_user;
SELECT hooks.purge_kept('0') > 0;
