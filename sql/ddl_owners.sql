-- Roles that own hooks: DROP ROLE waits for them, REASSIGN OWNED moves them,
-- DROP OWNED removes them.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_owners_one;
CREATE ROLE regress_owners_two;
CREATE ROLE regress_owners_three;
CREATE SCHEMA test_owners;
GRANT USAGE ON SCHEMA test_owners TO PUBLIC;
SET search_path = test_owners;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % on % as %', TG_NAME, TG_OP, TG_TABLE_NAME, current_user;
    RETURN NEW;
END $$;
CREATE TABLE t (id int);
CREATE TABLE u (id int);
GRANT INSERT, TRIGGER ON t, u TO PUBLIC;
CREATE VIEW owned AS SELECT name, owner FROM hooks.registry ORDER BY name;
-- what stands in the way of DROP ROLE regress_owners_one
CREATE VIEW kept AS
    SELECT pg_describe_object(classid, objid, objsubid) FROM pg_shdepend
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND refclassid = 'pg_authid'::regclass AND refobjid = to_regrole('regress_owners_one');
\set VERBOSITY terse

-- A role that owns a hook and nothing else is not dropped.
SET ROLE regress_owners_one;
SELECT hooks.register('first', 'before', 'insert', 't', 'tell'), hooks.register('second', 'before', 'insert', 't', 'tell');
RESET ROLE;
DROP ROLE regress_owners_one;
SELECT hooks.unregister('second');
DROP ROLE regress_owners_one;
\echo :LAST_ERROR_SQLSTATE

-- Its hooks go to another role, and run as that.
REASSIGN OWNED BY regress_owners_one TO regress_owners_two;
TABLE owned;
INSERT INTO t VALUES (1);
SELECT hook, run_as FROM hooks.chain('t');
DROP ROLE regress_owners_one;
DROP ROLE regress_owners_two;

-- One hook goes with its definition, however that is named.
BEGIN;
ALTER ROUTINE hooks_definition.first() OWNER TO regress_owners_three;
TABLE owned;
INSERT INTO t VALUES (1);
ROLLBACK;
TABLE owned;

-- Not in a transaction that is rolled back.
BEGIN;
SAVEPOINT s;
REASSIGN OWNED BY regress_owners_two TO regress_owners_three;
INSERT INTO t VALUES (1);
ROLLBACK TO s;
TABLE owned;
INSERT INTO t VALUES (1);
COMMIT;

-- The functions of other roles' hooks go as well; several roles at once, to one
-- that has hooks already.
CREATE ROLE regress_owners_one;
GRANT ALL ON SCHEMA test_owners TO regress_owners_one;
SET ROLE regress_owners_one;
CREATE FUNCTION wanted(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN true; END$$;
CREATE TABLE own (id int);
SELECT hooks.register('own', 'before', 'insert', 'own', 'tell', condition => 'wanted(NEW.id)');
SET ROLE regress_owners_three;
SELECT hooks.register('third', 'before', 'insert', 'u', 'tell', condition => 'wanted(NEW.id)');
RESET ROLE;
TABLE owned;
REASSIGN OWNED BY regress_owners_one, regress_owners_two TO regress_owners_three;
TABLE owned;
INSERT INTO t VALUES (1);
INSERT INTO u VALUES (1);
INSERT INTO own VALUES (1);
REVOKE ALL ON SCHEMA test_owners FROM regress_owners_one;
DROP ROLE regress_owners_one, regress_owners_two;

-- A hook does not go to another owner with its table, but its own owner must have
-- the right to create triggers there.
CREATE ROLE regress_owners_one;
ALTER TABLE own OWNER TO regress_owners_one;
INSERT INTO own VALUES (1);
GRANT TRIGGER ON own TO regress_owners_three;
INSERT INTO own VALUES (1);
TABLE owned;
-- and may go, with the table and its hooks
DROP OWNED BY regress_owners_one;
DROP ROLE regress_owners_one;
TABLE owned;

-- DROP OWNED removes the hooks of a role on anybody's tables, with its callbacks,
-- and the triggers; not what others have.
CREATE ROLE regress_owners_one;
GRANT ALL ON SCHEMA test_owners TO regress_owners_one;
SET ROLE regress_owners_one;
CREATE FUNCTION own_callback() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE FUNCTION shared_callback() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
SELECT hooks.register('other', 'before', 'insert', 't', 'own_callback'),
       hooks.register('update', 'before', 'update', 't', 'own_callback', condition => 'NEW.id > 0');
RESET ROLE;
SELECT hooks.register('sharing', 'before', 'insert', 't', 'shared_callback');
\set VERBOSITY default
DROP OWNED BY regress_owners_one;
TABLE owned;
DROP OWNED BY regress_owners_one CASCADE;
TABLE owned;
INSERT INTO t VALUES (1);
SELECT tgname FROM pg_trigger WHERE tgrelid = 't'::regclass;
TABLE kept;
DROP ROLE regress_owners_one;

-- By a role without rights on the registry, for itself.
SET ROLE regress_owners_three;
SET client_min_messages = error;	-- PostgreSQL warns of each grant that is not its own
DROP OWNED BY CURRENT_USER;
RESET client_min_messages;
RESET ROLE;
TABLE owned;
TABLE kept;
DROP ROLE regress_owners_three;

-- The last hook of a role that is unregistered, replaced by somebody else, or
-- dropped with its table leaves nothing behind.
CREATE ROLE regress_owners_one;
SET ROLE regress_owners_one;
SELECT hooks.register('first', 'before', 'insert', 't', 'tell');
SELECT hooks.unregister('first');
RESET ROLE;
TABLE kept;
SET ROLE regress_owners_one;
SELECT hooks.register('first', 'before', 'insert', 't', 'tell'), hooks.register('second', 'before', 'insert', 'u', 'tell');
RESET ROLE;
SELECT hooks.register('first', 'before', 'insert', 't', 'tell', priority => 1, replace => true);
DROP TABLE u;
TABLE kept;
DROP ROLE regress_owners_one;
SELECT hooks.unregister('first');

-- What is left of the rights on the registry: those of PUBLIC.
SELECT pg_get_userbyid(grantee) AS grantee, privilege_type FROM pg_class, aclexplode(relacl)
 WHERE oid = 'hooks.registry'::regclass AND grantee <> relowner;

SET client_min_messages = warning;
DROP SCHEMA test_owners CASCADE;
SELECT name FROM hooks.registry;
