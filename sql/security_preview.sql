-- Who looks at a cascade, before or afterwards, calls nobody else's functions:
-- a foreign key that compares through a cast of another role's is not followed,
-- types of kept rows check themselves as the table's owner.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_mal;
CREATE SCHEMA test_lookers AUTHORIZATION regress_hooks_mal;
SET search_path = test_lookers;
SET SESSION AUTHORIZATION regress_hooks_mal;
CREATE FUNCTION tell(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% runs as its owner: %', $1, current_user = 'regress_hooks_mal';
    RETURN true;
END $$;
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TYPE wrapped AS (v int);
CREATE FUNCTION unwrap(wrapped) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM test_lookers.tell(''cast''); RETURN ($1).v; END';
CREATE CAST (wrapped AS int) WITH FUNCTION unwrap(wrapped) AS IMPLICIT;
CREATE TABLE children (parent wrapped CONSTRAINT children_fkey REFERENCES parents ON DELETE CASCADE);
INSERT INTO parents VALUES (1), (2);
INSERT INTO children VALUES (ROW(1)::wrapped);
CREATE FUNCTION checked(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN test_lookers.tell(''check''); END';
CREATE DOMAIN small AS int CHECK (checked(VALUE));
CREATE TABLE kept (id int PRIMARY KEY, list small[]);
SET client_min_messages = warning;
INSERT INTO kept VALUES (1, '{1,2}');
SELECT hooks.register('own bin', 'before_cascade', 'delete', 'kept', 'hooks.keep', package => 'lookers');
DELETE FROM kept;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;

SELECT * FROM hooks.preview_delete('parents');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parents', 'hooks.keep', package => 'lookers');
DELETE FROM parents WHERE id = 2;
SELECT * FROM hooks.kept_rows((SELECT max(kept_id) FROM hooks.kept), NULL::kept);
-- the owner may do both
SET SESSION AUTHORIZATION regress_hooks_mal;
SET client_min_messages = warning;
SELECT count(*) FROM hooks.preview_delete('parents');
SELECT * FROM hooks.kept_rows((SELECT max(kept_id) FROM hooks.kept), NULL::kept);
RESET SESSION AUTHORIZATION;

-- nor one with an operator of another role
CREATE FUNCTION is_equal(int, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM test_lookers.tell(''operator''); RETURN $1 = $2; END';
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = is_equal, COMMUTATOR = ===);
CREATE OPERATOR CLASS equal_ops FOR TYPE int USING btree AS OPERATOR 3 ===, FUNCTION 1 btint4cmp(int, int);
CREATE TABLE equals (id int);
CREATE UNIQUE INDEX ON equals (id equal_ops);
CREATE TABLE compared (id int CONSTRAINT compared_fkey REFERENCES equals (id) ON DELETE CASCADE);
INSERT INTO equals VALUES (1);
ALTER FUNCTION is_equal OWNER TO regress_hooks_mal;
SELECT * FROM hooks.preview_delete('equals');

SELECT hooks.unregister_package('lookers');
SELECT hooks.purge_kept('0');
DROP SCHEMA test_lookers CASCADE;
DROP ROLE regress_hooks_mal;
