-- A wide hook goes with its schema: to another name, and when the schema is
-- dropped.  One on the whole database is for schemas of later, too.
\i sql/include/wide_scope.psql

CREATE TABLE test_scope_in.plain (id int);

-- The schema gets another name: the hooks go with it, and are not for a schema
-- that takes the old one.
ALTER SCHEMA test_scope_in RENAME TO "Test scope";
CREATE SCHEMA test_scope_in;
SELECT name, schema FROM hooks.registry ORDER BY name;
CREATE TABLE test_scope_in.not_covered (id int);
CREATE TABLE "Test scope".later (id int);
INSERT INTO test_scope_in.not_covered VALUES (1);
INSERT INTO "Test scope".later VALUES (1);
INSERT INTO "Test scope".plain VALUES (1);

-- It goes, and takes them along.
\set VERBOSITY terse
DROP SCHEMA "Test scope";
INSERT INTO "Test scope".plain VALUES (1);
DROP SCHEMA "Test scope" CASCADE;
SELECT name FROM hooks.registry;
CREATE SCHEMA "Test scope" CREATE TABLE plain (id int);
INSERT INTO "Test scope".plain VALUES (1);

-- For the whole database: schemas of later, and the tables made with them.
SET ROLE regress_scope_admin;
SELECT hooks.register('all', 'before', 'insert', NULL, 'tell');
RESET ROLE;
CREATE SCHEMA test_scope_new CREATE TABLE one (id int) CREATE TABLE two (id int);
INSERT INTO test_scope_new.two VALUES (1);
SELECT hooks.unregister('all');
TABLE covered;

-- The rest takes a foreign data wrapper, and an extension that can move.
SELECT count(*) = 0 AS no_contrib FROM pg_available_extensions WHERE name = 'postgres_fdw' \gset
\if :no_contrib
SET client_min_messages = warning;
DROP SCHEMA test_scope, test_scope_in, test_scope_out, test_scope_new, "Test scope" CASCADE;
DROP ROLE regress_scope_admin;
\quit
\endif
SET ROLE regress_scope_admin;
SELECT hooks.register('all', 'before', 'insert', NULL, 'tell', schema => 'test_scope_in');
RESET ROLE;
CREATE EXTENSION postgres_fdw SCHEMA test_scope_out;
CREATE SERVER test_scope_loop FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host :'HOST', port :'PORT', dbname :'DBNAME');
CREATE USER MAPPING FOR CURRENT_USER SERVER test_scope_loop OPTIONS (user :'USER');
IMPORT FOREIGN SCHEMA test_scope_new FROM SERVER test_scope_loop INTO test_scope_in;
INSERT INTO test_scope_in.one VALUES (1);
INSERT INTO test_scope_in.two VALUES (2);
CREATE TABLE test_scope_out.member (id int);
ALTER EXTENSION postgres_fdw ADD TABLE test_scope_out.member;
ALTER EXTENSION postgres_fdw SET SCHEMA test_scope_in;
INSERT INTO test_scope_in.member VALUES (1);
ALTER EXTENSION postgres_fdw SET SCHEMA test_scope_out;
INSERT INTO test_scope_out.member VALUES (1);
SELECT hooks.unregister('all');

SET client_min_messages = warning;
DROP SCHEMA test_scope, test_scope_in, test_scope_out, test_scope_new, "Test scope" CASCADE;
DROP ROLE regress_scope_admin;
