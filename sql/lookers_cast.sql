-- A composite key that ON UPDATE CASCADE copies is cast to the columns that refer
-- to it: no function of another role's is called for that, in whoever's name.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_cast_owner; CREATE ROLE regress_cast_mal;
CREATE SCHEMA test_cast;
GRANT ALL ON SCHEMA test_cast TO PUBLIC;
SET search_path = test_cast;
SET ROLE regress_cast_mal;
CREATE TYPE kind AS ENUM ('new', 'old', 'none');
CREATE CAST (kind AS text) WITH INOUT AS IMPLICIT;
CREATE FUNCTION to_kind(text) RETURNS kind IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'cast as %', current_user; RETURN k FROM unnest(enum_range(NULL::test_cast.kind)) k WHERE enum_out(k)::text = $1; END $$;
CREATE CAST (text AS kind) WITH FUNCTION to_kind(text) AS ASSIGNMENT;
SET ROLE regress_cast_owner;
CREATE TABLE root (kind text PRIMARY KEY);
CREATE TABLE pair (id int, kind text DEFAULT 'none' REFERENCES root ON DELETE SET DEFAULT, UNIQUE (id, kind));
CREATE TABLE copy (id int, kind kind, CONSTRAINT copy_fkey FOREIGN KEY (id, kind) REFERENCES pair (id, kind) ON UPDATE CASCADE);
INSERT INTO root VALUES ('new'), ('old'), ('none');
INSERT INTO pair VALUES (1, 'new'), (2, 'old');
INSERT INTO copy VALUES (1, 'new'), (2, 'old');
RESET ROLE;
SELECT relation, action, rows FROM hooks.preview_delete('root', $$kind = 'new'$$);
-- Whoever wrote it may look; but PostgreSQL itself has no function for a cast by
-- way of the text.
GRANT SELECT ON root, pair, copy TO regress_cast_mal;
SET ROLE regress_cast_mal;
SELECT relation, action, rows FROM hooks.preview_delete('root', $$kind = 'new'$$) ORDER BY depth;
DROP CAST (kind AS text);
CREATE FUNCTION to_text(kind) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT enum_out($1)::text $$;
CREATE CAST (kind AS text) WITH FUNCTION to_text(kind) AS IMPLICIT;
SELECT relation, action, rows FROM hooks.preview_delete('root', $$kind = 'new'$$) ORDER BY depth;
RESET ROLE;
-- The DELETE itself calls it as the table's owner.
DELETE FROM root WHERE kind = 'new';
SELECT * FROM copy ORDER BY id;

SET client_min_messages = warning;
DROP SCHEMA test_cast CASCADE;
DROP ROLE regress_cast_owner, regress_cast_mal;
