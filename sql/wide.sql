-- Wide hooks: relation => NULL is for all tables of a schema, or of the database.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_wide;
CREATE SCHEMA test_wide_2;
SET search_path = test_wide;
CREATE ROLE regress_wide_user;
GRANT ALL ON SCHEMA test_wide TO regress_wide_user;

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % % on %', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_NAME;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION tell_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % on %: %', TG_NAME, TG_WHEN, TG_OP, TG_TABLE_NAME,
        (SELECT string_agg(o::text, ' ' ORDER BY o::text COLLATE "C") FROM old_table o);
    RETURN NULL;
END $$;

CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int, parent_id int REFERENCES parents ON UPDATE CASCADE ON DELETE CASCADE);
CREATE TABLE root (id int PRIMARY KEY, val text) PARTITION BY RANGE (id);
CREATE TABLE low (val text, id int PRIMARY KEY);
ALTER TABLE root ATTACH PARTITION low FOR VALUES FROM (0) TO (10);
CREATE TABLE high PARTITION OF root FOR VALUES FROM (10) TO (30) PARTITION BY RANGE (id);
CREATE TABLE high_10 PARTITION OF high FOR VALUES FROM (10) TO (20);
CREATE TABLE test_wide_2.high_20 PARTITION OF high FOR VALUES FROM (20) TO (30);
CREATE FOREIGN DATA WRAPPER test_wide_wrapper;
CREATE SERVER test_wide_server FOREIGN DATA WRAPPER test_wide_wrapper;
CREATE FOREIGN TABLE elsewhere (id int) SERVER test_wide_server;
CREATE VIEW a_view AS SELECT * FROM parents;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM parents;
CREATE TEMPORARY TABLE a_temp (id int);
CREATE TABLE test_wide_2.others (id int);
ALTER TABLE test_wide_2.others OWNER TO regress_wide_user;
CREATE VIEW covered AS
    SELECT tgrelid::regclass FROM pg_trigger
     WHERE tgfoid = 'hooks.dispatch'::regproc GROUP BY tgrelid ORDER BY tgrelid::regclass::text COLLATE "C";

-- For superusers only: who owns a schema may not, nor make a hook of his wide.
CREATE SCHEMA test_wide_users AUTHORIZATION regress_wide_user;
SET ROLE regress_wide_user;
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', schema => 'test_wide_users');
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell');
CREATE TABLE test_wide_users.mine (id int);
SELECT hooks.register('mine', 'before', 'delete', 'test_wide_users.mine', 'tell');
SELECT hooks.register('mine', 'before', 'delete', NULL, 'tell', schema => 'test_wide_users', replace => true);
RESET ROLE;
DROP SCHEMA test_wide_users CASCADE;

-- Not for catalogs and the extension itself, but for public, whatever it is
-- called; and either a table or a schema.
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', schema => 'pg_catalog');
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', schema => 'information_schema');
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', schema => 'hooks');
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', schema => 'nowhere');
BEGIN;
ALTER SCHEMA public RENAME TO test_wide_public;
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', schema => 'test_wide_public');
ROLLBACK;
SELECT hooks.register('all', 'before', 'delete', 'parents', 'tell', schema => 'test_wide');
SELECT hooks.register('all', 'before', 'update', NULL, 'tell', columns => '{id}');
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', condition => 'OLD.id > 0');

-- The database: tables, partitioned and foreign ones included, of all schemas
-- but these, and nothing else; whether or not their owners may use the schema.
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', level => 'statement');
TABLE covered;
DELETE FROM a_view;
DELETE FROM a_temp;
DELETE FROM test_wide_2.others;
SELECT hook FROM hooks.chain('a_temp') UNION ALL SELECT hook FROM hooks.chain('pg_class');

-- Another definition, of one schema: the triggers elsewhere go.
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', level => 'statement', schema => 'test_wide');
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', level => 'statement', schema => 'test_wide', replace => true);
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', level => 'statement', schema => 'test_wide');
TABLE covered;
-- another schema, one table, and wide again
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', level => 'statement', schema => 'test_wide_2', replace => true);
TABLE covered;
SELECT hooks.register('all', 'before', 'delete', 'parents', 'tell', level => 'statement', replace => true);
TABLE covered;
DELETE FROM children;
SELECT hooks.register('all', 'before', 'delete', NULL, 'tell', level => 'statement', schema => 'test_wide', replace => true);

-- Out of force, for this transaction and for good.
BEGIN;
SELECT hooks.pause('all', 'test');
DELETE FROM children;
COMMIT;
SELECT hooks.disable('all');
DELETE FROM children;
SELECT count(*) FROM hooks.chain('children');
SELECT hooks.enable('all');
DELETE FROM children;
SELECT hooks.unregister('all');
TABLE covered;

-- In replication too, if it says so, with the tables of later.
SELECT hooks.register('all', 'before', 'insert, delete', NULL, 'tell', schema => 'test_wide', fire => 'always');
CREATE TABLE late (id int);
SET session_replication_role = replica;
INSERT INTO late VALUES (1);
DELETE FROM late;
RESET session_replication_role;
DROP TABLE late;
SELECT hooks.unregister('all');

SET client_min_messages = warning;
DROP SCHEMA test_wide, test_wide_2 CASCADE;
DROP FOREIGN DATA WRAPPER test_wide_wrapper CASCADE;
DROP ROLE regress_wide_user;
