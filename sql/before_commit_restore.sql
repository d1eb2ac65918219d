-- What hooks.restore() puts back counts for before_commit hooks, also where it
-- works as the tables' owner in a security-restricted operation.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_bcre_owner;
CREATE SCHEMA test_bc_restore AUTHORIZATION regress_bcre_owner;
SET ROLE regress_bcre_owner;
SET search_path = test_bc_restore;
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %', current_user, event -> 'changes';
END $$;
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, p_id int REFERENCES p ON DELETE CASCADE);
SELECT hooks.register('bcre_keep', 'before_cascade', 'delete', 'p', 'hooks.keep');
SELECT hooks.register('bcre_tell_' || t, 'before_commit', 'insert', t::regclass, 'tell') FROM unnest('{p,c}'::text[]) t;
INSERT INTO p VALUES (1), (2);
INSERT INTO c VALUES (10, 1), (20, 2);
DELETE FROM p;
RESET ROLE;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
TABLE c;

-- what a trigger does in that operation does not
SET ROLE regress_bcre_owner;
CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO test_bc_restore.c VALUES (99, NULL); RETURN NULL; END';
CREATE TRIGGER more AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION more();
DELETE FROM c;
DELETE FROM p;
RESET ROLE;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
TABLE p;

SET client_min_messages = warning;
SELECT hooks.purge_kept('0') > 0;
DROP SCHEMA test_bc_restore CASCADE;
DROP ROLE regress_bcre_owner;
