-- Claim: a hook's search_path is set where it means other schemas than the
-- session's, also when its owner has come to mean them by a grant of a role.
SET client_min_messages = warning;
CREATE SCHEMA aside_member;
CREATE SCHEMA test_member;
CREATE ROLE regress_member_group;
CREATE ROLE regress_member_owner;
GRANT USAGE ON SCHEMA aside_member TO regress_member_group;
GRANT USAGE, CREATE ON SCHEMA test_member TO regress_member_owner;
GRANT regress_member_group TO regress_member_owner;
CREATE TABLE test_member.target (id int);
ALTER TABLE test_member.target OWNER TO regress_member_owner;

SET SESSION AUTHORIZATION regress_member_owner;
SET search_path = aside_member, test_member;
CREATE FUNCTION test_member.tell_path() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING '% under %', NEW.id, current_schemas(false);
    RETURN NEW;
END $$;
SELECT hooks.register('member_path', 'before', 'insert', 'target', 'test_member.tell_path');

-- a schema that its owner may not use any more
RESET SESSION AUTHORIZATION;
REVOKE regress_member_group FROM regress_member_owner;
SET SESSION AUTHORIZATION regress_member_owner;
SET search_path = test_member;
INSERT INTO target VALUES (1);

-- and may use again
RESET SESSION AUTHORIZATION;
GRANT regress_member_group TO regress_member_owner;
SET SESSION AUTHORIZATION regress_member_owner;
INSERT INTO target VALUES (2);

RESET SESSION AUTHORIZATION;
RESET search_path;
DROP SCHEMA test_member CASCADE;
DROP SCHEMA aside_member;
DROP ROLE regress_member_group, regress_member_owner;
