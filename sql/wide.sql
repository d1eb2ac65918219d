-- Wide hooks: relation => NULL is for all tables of a schema, or of the database.
\i sql/include/wide.psql

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
