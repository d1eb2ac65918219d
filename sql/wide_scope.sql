-- Tables come into the scope of a wide hook, and leave it, with the command
-- that makes or moves them, whatever command, and whoever issues it.
\i sql/include/wide_scope.psql
CREATE ROLE regress_scope_user;
GRANT ALL ON SCHEMA test_scope_in, test_scope_out TO regress_scope_user;

-- Every way to make a table; no other relation.  What fills a table while it
-- is made is no INSERT.
CREATE TABLE test_scope_in.plain (id int);
CREATE TABLE IF NOT EXISTS test_scope_in.plain (id int);
CREATE TABLE test_scope_in.as_query AS SELECT 1 AS id;
SELECT 1 AS id INTO test_scope_in.into_query;
CREATE TABLE test_scope_in."Like; it" (LIKE test_scope_in.plain INCLUDING ALL);
CREATE TABLE test_scope_in.heir () INHERITS (test_scope_in.plain);
CREATE TYPE test_scope.row_type AS (id int);
CREATE TABLE test_scope_in.typed OF row_type;
CREATE FOREIGN DATA WRAPPER test_scope_wrapper;
CREATE SERVER test_scope_server FOREIGN DATA WRAPPER test_scope_wrapper;
CREATE FOREIGN TABLE test_scope_in.elsewhere (id int) SERVER test_scope_server;
CREATE TABLE test_scope_in.root (id int) PARTITION BY LIST (id);
CREATE TABLE test_scope_in.leaf PARTITION OF test_scope_in.root FOR VALUES IN (1);
CREATE TABLE test_scope_out.leaf_2 PARTITION OF test_scope_in.root FOR VALUES IN (2);
CREATE TABLE test_scope_out.root_2 (id int) PARTITION BY LIST (id);
CREATE TABLE test_scope_in.leaf_3 PARTITION OF test_scope_out.root_2 FOR VALUES IN (3);
CREATE VIEW test_scope_in.a_view AS SELECT 1 AS id;
CREATE MATERIALIZED VIEW test_scope_in.a_matview AS SELECT 1 AS id;
CREATE TEMPORARY TABLE a_temp (id int);
CREATE TABLE test_scope_out.plain (id int);
TABLE covered;
INSERT INTO test_scope_in.as_query VALUES (2);
INSERT INTO test_scope_in."Like; it" VALUES (1);
INSERT INTO test_scope_in.root VALUES (1), (2);
INSERT INTO test_scope_out.root_2 VALUES (3);
DELETE FROM test_scope_in.as_query;

-- PostgreSQL tells nobody of the table that an EXPLAIN makes.
DO $$ BEGIN EXECUTE 'EXPLAIN ANALYZE CREATE TABLE test_scope_in.explained AS SELECT 1 AS id'; END $$;
INSERT INTO test_scope_in.explained VALUES (2);
SELECT hooks.repair();
INSERT INTO test_scope_in.explained VALUES (2);

-- In the command itself: a function fires the hook of the table it made.  What
-- is rolled back leaves nothing.
DO $$
BEGIN
    EXECUTE 'CREATE TABLE test_scope_in.in_do (id int)';
    EXECUTE 'INSERT INTO test_scope_in.in_do VALUES (1)';
    BEGIN
        EXECUTE 'CREATE TABLE test_scope_in.undone (id int)';
        EXECUTE 'INSERT INTO test_scope_in.undone VALUES (1)';
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
        EXECUTE 'CREATE TABLE test_scope_in.undone (id int)';
        EXECUTE 'INSERT INTO test_scope_in.undone VALUES (2)';
    END;
END $$;
BEGIN;
SAVEPOINT s;
ALTER TABLE test_scope_in.undone SET SCHEMA test_scope_out;
INSERT INTO test_scope_out.undone VALUES (3);
ROLLBACK TO s;
INSERT INTO test_scope_in.undone VALUES (3);
COMMIT;

-- Moved out and in.  A table keeps the hooks that are its own; a partition
-- stays in the tree, and the tree moves with its root.
SELECT hooks.register('own', 'before', 'insert', 'test_scope_in.typed', 'tell');
ALTER TABLE test_scope_in.typed SET SCHEMA test_scope_out;
ALTER TABLE test_scope_in.leaf SET SCHEMA test_scope_out;
ALTER TABLE test_scope_in.as_query SET SCHEMA test_scope_out;
ALTER TABLE test_scope_out.plain RENAME TO moved;
ALTER TABLE test_scope_out.moved SET SCHEMA test_scope_in;
INSERT INTO test_scope_out.typed VALUES (1);
INSERT INTO test_scope_out.leaf VALUES (1);
INSERT INTO test_scope_out.as_query VALUES (1);
INSERT INTO test_scope_in.moved VALUES (1);
ALTER TABLE test_scope_in.root SET SCHEMA test_scope_out;
INSERT INTO test_scope_out.root VALUES (1), (2);
ALTER TABLE test_scope_out.root SET SCHEMA test_scope_in;
INSERT INTO test_scope_in.root VALUES (1), (2);
ALTER TABLE test_scope_in.root DETACH PARTITION test_scope_out.leaf;
INSERT INTO test_scope_out.leaf VALUES (1);

-- A role that has no right but to create tables: the hook fires as its owner.
CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % on %.% as %', TG_NAME, TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME, current_user;
    RETURN coalesce(NEW, OLD);
END $$;
REVOKE EXECUTE ON FUNCTION tell() FROM PUBLIC;
SET ROLE regress_scope_user;
CREATE TABLE test_scope_in.users (id int);
INSERT INTO test_scope_in.users VALUES (1);
CREATE TABLE test_scope_out.users_2 (id int);
ALTER TABLE test_scope_out.users_2 SET SCHEMA test_scope_in;
INSERT INTO test_scope_in.users_2 VALUES (1);
DROP TABLE test_scope_in.users, test_scope_in.users_2;
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA test_scope, test_scope_in, test_scope_out CASCADE;
DROP FOREIGN DATA WRAPPER test_scope_wrapper CASCADE;
DROP ROLE regress_scope_admin, regress_scope_user;
