-- register_filter(): a restrictive policy of a name of ours; chain() shows it, unregister() removes it.
\set VERBOSITY default
CREATE ROLE regress_hooks_owner;
CREATE ROLE regress_hooks_user;
CREATE ROLE regress_hooks_bypass BYPASSRLS;
CREATE SCHEMA regress_hooks_filter AUTHORIZATION regress_hooks_owner;
SET search_path = regress_hooks_filter;
GRANT USAGE ON SCHEMA regress_hooks_filter TO PUBLIC;
SET ROLE regress_hooks_owner;
CREATE TABLE orders (id int PRIMARY KEY, tenant int);
CREATE TABLE lines (order_id int REFERENCES orders ON DELETE CASCADE);
INSERT INTO orders VALUES (1, 1), (2, 2);
GRANT ALL ON orders, lines TO regress_hooks_user, regress_hooks_bypass;

-- Where it would do nothing, or lock everybody out, it is refused.
\set tenant 'tenant = current_setting(''app.tenant'', true)::int'
SELECT hooks.register_filter('tenant', 'orders', :'tenant');
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
SELECT hooks.register_filter('tenant', 'orders', :'tenant');
ALTER TABLE orders DISABLE ROW LEVEL SECURITY;
SELECT hooks.register_filter('tenant', 'orders', '1 = 2', enable => true);

-- Unless row-level security is to be enabled, with a policy that shows all.  It says for whom it is not.
CREATE VIEW seen AS SELECT * FROM orders;
CREATE VIEW filtered WITH (security_invoker) AS SELECT * FROM orders;
SELECT hooks.register_filter('tenant', 'orders', :'tenant', enable => true);
SELECT hooks.register_filter('tenant', 'orders', :'tenant');
SELECT hooks.register_filter('tenant', 'orders', :'tenant', enable => true);
SELECT phase, action, level, position, hook, condition FROM hooks.chain('orders');
SELECT polname, polpermissive, polcmd, pg_get_expr(polqual, polrelid), polwithcheck FROM pg_policy WHERE polrelid = 'orders'::regclass ORDER BY polname;

-- Who is filtered sees, changes and writes the rows of the tenant only.
SET ROLE regress_hooks_user;
SELECT * FROM orders;
SET app.tenant = 2;
SELECT * FROM orders;
UPDATE orders SET id = id + 10;
INSERT INTO orders VALUES (3, 1);
DELETE FROM orders WHERE tenant = 1;
SET ROLE regress_hooks_bypass;
SELECT * FROM orders ORDER BY id;

-- Another filter of the table is one condition more; the name is one of hooks, too.
SET ROLE regress_hooks_owner;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
SELECT hooks.register_filter('small', 'orders', 'id < 10');
SELECT * FROM orders;
SELECT hooks.register_filter('small', 'orders', 'id < 5');
SELECT hooks.register_filter('small', 'lines', 'order_id < 5', enable => true);
SELECT hooks.register_filter('small', 'orders', 'id < 100', replace => true);
SELECT * FROM orders;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT hooks.register('small', 'after', 'insert', 'orders', 'nothing');
SELECT hooks.register('hook', 'after', 'insert', 'orders', 'nothing');
SELECT hooks.register_filter('hook', 'orders', 'id < 100');
SELECT hooks.unregister('hook');

-- The filter follows its table and columns; script() writes it; chain() tells if somebody switches it off.
ALTER TABLE orders RENAME TO purchases;
ALTER TABLE purchases RENAME id TO number;
SELECT s FROM hooks.script() s WHERE s ~ 'register_filter';
ALTER TABLE purchases DROP COLUMN tenant;
ALTER TABLE purchases DISABLE ROW LEVEL SECURITY;
SELECT hook, condition FROM hooks.chain('purchases');
ALTER TABLE purchases ENABLE ROW LEVEL SECURITY;

-- The same call with enable => true makes what is missing by now, and leaves the filter as it is.
ALTER TABLE purchases DISABLE ROW LEVEL SECURITY;
DROP POLICY hooks_all_rows ON purchases;
SELECT hooks.register_filter('small', 'purchases', 'number < 100', enable => true);
SELECT hooks.register_filter('small', 'purchases', 'number < 100', enable => true);
DROP POLICY hooks_all_rows ON purchases;
SELECT hooks.register_filter('small', 'purchases', 'number < 100', enable => true);
SELECT polname, polpermissive, relrowsecurity FROM pg_policy p JOIN pg_class c ON c.oid = polrelid
 WHERE polrelid = 'purchases'::regclass ORDER BY polname COLLATE "C";

-- Rights are those of the table's owner; others can neither make nor remove one, nor take its place.
SET ROLE regress_hooks_user;
SELECT hooks.register_filter('mine', 'purchases', 'true');
SELECT hooks.unregister('small');
SELECT hooks.register_filter('small', 'purchases', 'true', replace => true);
SET ROLE regress_hooks_owner;
SELECT hooks.unregister('small'), hooks.unregister('tenant'), hooks.unregister('tenant', missing_ok => true);
SELECT hooks.unregister('tenant');
SELECT polname FROM pg_policy WHERE polrelid = 'purchases'::regclass;

-- Bad input
SELECT hooks.register_filter(NULL, 'purchases', 'true');
SELECT hooks.register_filter('f', NULL, 'true');
SELECT hooks.register_filter('f', 'purchases', NULL);
SELECT hooks.register_filter('', 'purchases', 'true');
SELECT hooks.register_filter(repeat('f', 51), 'purchases', 'true');
SELECT hooks.register_filter('f', 0, 'true');
SELECT hooks.register_filter('f', 'seen', 'true');
SELECT hooks.register_filter('f', 'pg_class', 'true');
SELECT hooks.register_filter('f', 'purchases', 'true); DROP TABLE lines; --');
SELECT hooks.register_filter('f', 'purchases', 'number');
SELECT hooks.register_filter('f', 'purchases', 'no_such = 1');
SELECT hooks.register_filter('f', 'purchases', 'count(*) > 1');
RESET ROLE;
CREATE FOREIGN DATA WRAPPER filter_wrapper;
CREATE SERVER filter_server FOREIGN DATA WRAPPER filter_wrapper;
CREATE FOREIGN TABLE filter_foreign (id int) SERVER filter_server;
SELECT hooks.register_filter('f', 'filter_foreign', 'id > 0', enable => true);
SET client_min_messages = warning;
DROP FOREIGN DATA WRAPPER filter_wrapper CASCADE;
RESET client_min_messages;
CREATE FUNCTION pg_temp.positive(int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 > 0';
\set VERBOSITY terse
SELECT hooks.register_filter('f', 'purchases', 'pg_temp.positive(number)');
\set VERBOSITY default
SET ROLE regress_hooks_owner;
SELECT hooks.register_filter('"; DROP', 'purchases', 'number > 0 -- a comment');
SELECT hook, condition FROM hooks.chain('purchases');
BEGIN READ ONLY;
SELECT hooks.register_filter('f', 'purchases', 'true');
ROLLBACK;

-- A table that had a child once has none that could be named.
CREATE TABLE had_child (id int);
CREATE TABLE was_child () INHERITS (had_child);
DROP TABLE was_child;
ALTER TABLE had_child FORCE ROW LEVEL SECURITY;
SELECT hooks.register_filter('had_child', 'had_child', 'id > 0', enable => true);
DROP TABLE had_child;
-- A partition that is named itself is not filtered.
CREATE TABLE parted (id int) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF parted DEFAULT;
ALTER TABLE parted FORCE ROW LEVEL SECURITY;
SELECT hooks.register_filter('parted', 'parted', 'id > 0', enable => true);
-- A cast that PostgreSQL adds is not part of the text.
CREATE DOMAIN yes AS boolean;
CREATE TABLE shown (ok yes);
SELECT hooks.register_filter('shown', 'shown', 'ok', enable => true);
SELECT hook, condition FROM hooks.chain('shown');
DROP TABLE shown;
DROP DOMAIN yes;

RESET ROLE;
CREATE TABLE others (id int);
ALTER TABLE others OWNER TO regress_hooks_user;
-- One is not replaced while a table of somebody else has it, too.
SET ROLE regress_hooks_user;
CREATE POLICY hooks_filter_both ON others AS RESTRICTIVE USING (id > 0);
SET ROLE regress_hooks_owner;
CREATE POLICY hooks_filter_both ON purchases AS RESTRICTIVE USING (number > 0);
SELECT hooks.register_filter('both', 'purchases', 'number > 1', replace => true);
SELECT polrelid::regclass FROM pg_policy WHERE polname = 'hooks_filter_both' ORDER BY 1;
DROP POLICY hooks_filter_both ON purchases;

RESET ROLE;
DROP SCHEMA regress_hooks_filter CASCADE;
DROP ROLE regress_hooks_owner, regress_hooks_user, regress_hooks_bypass;
