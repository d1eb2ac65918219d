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
CREATE TYPE kind AS ENUM ('n', 'o', '-');
CREATE FUNCTION to_char(kind) RETURNS "char" IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN enum_out($1)::text::"char"; END $$;
CREATE CAST (kind AS "char") WITH FUNCTION to_char(kind) AS IMPLICIT;
CREATE FUNCTION to_kind("char") RETURNS kind IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'cast as %', current_user; RETURN k FROM unnest(enum_range(NULL::test_cast.kind)) k WHERE enum_out(k)::text::"char" = $1; END $$;
CREATE CAST ("char" AS kind) WITH FUNCTION to_kind("char") AS ASSIGNMENT;
SET ROLE regress_cast_owner;
CREATE TABLE root (kind "char" PRIMARY KEY);
CREATE TABLE pair (id int, kind "char" DEFAULT '-' REFERENCES root ON DELETE SET DEFAULT, UNIQUE (id, kind));
CREATE TABLE copy (id int, kind kind, CONSTRAINT copy_fkey FOREIGN KEY (id, kind) REFERENCES pair (id, kind) ON UPDATE CASCADE);
INSERT INTO root VALUES ('n'), ('o'), ('-');
INSERT INTO pair VALUES (1, 'n'), (2, 'o');
INSERT INTO copy VALUES (1, 'n'), (2, 'o');
SET ROLE regress_cast_mal;
DROP CAST (kind AS "char");
CREATE CAST (kind AS "char") WITH INOUT AS IMPLICIT;
RESET ROLE;
SELECT relation, action, rows FROM hooks.preview_delete('root', $$kind = 'n'$$);
-- Whoever wrote it may look; but PostgreSQL itself has no function for a cast by
-- way of the text.
GRANT SELECT ON root, pair, copy TO regress_cast_mal;
SET ROLE regress_cast_mal;
SELECT relation, action, rows FROM hooks.preview_delete('root', $$kind = 'n'$$) ORDER BY depth;
DROP CAST (kind AS "char");
CREATE FUNCTION in_sql(kind) RETURNS "char" IMMUTABLE LANGUAGE sql AS $$ SELECT enum_out($1)::text::"char" $$;
CREATE CAST (kind AS "char") WITH FUNCTION in_sql(kind) AS IMPLICIT;
SELECT relation, action, rows FROM hooks.preview_delete('root', $$kind = 'n'$$) ORDER BY depth;
-- The DELETE itself calls it as the table's owner; as PostgreSQL passes three
-- arguments, one in SQL would take more for its own.
DROP CAST (kind AS "char");
CREATE CAST (kind AS "char") WITH FUNCTION to_char(kind) AS IMPLICIT;
RESET ROLE;
DELETE FROM root WHERE kind = 'n';
SELECT * FROM copy ORDER BY id;

-- Nor is one called for a key that a change leaves as it is: what it refers to is not
-- looked for, even if this transaction has made the row, as nothing takes that away.
CREATE TABLE aside (kind "char" UNIQUE);
GRANT REFERENCES ON root, aside TO regress_cast_mal;
SET ROLE regress_cast_mal;
CREATE TABLE apart (kind "char" REFERENCES root ON DELETE SET NULL, aside kind REFERENCES aside (kind));
RESET ROLE;
BEGIN;
INSERT INTO root VALUES ('x');
INSERT INTO aside VALUES ('n');
INSERT INTO apart VALUES ('x', 'n');
SET LOCAL client_min_messages = warning;
SELECT relation, action, rows FROM hooks.preview_delete('root', $$kind = 'x'$$);
DELETE FROM root WHERE kind = 'x';
COMMIT;

SET client_min_messages = warning;
DROP SCHEMA test_cast CASCADE;
DROP ROLE regress_cast_owner, regress_cast_mal;
