-- hooks.outbox shows deliveries to those only who have the rights of the hook's
-- owner: whatever a query calls, the others' are not passed to it.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_security_outbox;
SET search_path = test_security_outbox;
CREATE ROLE regress_outbox_owner;
CREATE ROLE regress_outbox_other;
GRANT USAGE, CREATE ON SCHEMA test_security_outbox TO regress_outbox_owner, regress_outbox_other;
SET ROLE regress_outbox_owner;
CREATE TABLE t (id int);
CREATE FUNCTION callback(event jsonb) RETURNS void LANGUAGE sql AS '';
SELECT hooks.register('secretive', 'after_commit', 'insert', 't', 'callback');
RESET ROLE;
INSERT INTO hooks.delivery
SELECT 1, hook_id, relation, action, '{"secret": 1}', 'dead', 1, NULL, 'secret', now()
  FROM hooks.registry WHERE name = 'secretive';

CREATE FUNCTION tell(anyelement) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'told: %', $1;
    RETURN true;
END $$;
SET ROLE regress_outbox_other;
SELECT hook FROM hooks.outbox WHERE tell(payload);
SELECT hook FROM hooks.outbox WHERE tell(last_error);
SELECT hook FROM hooks.stats WHERE tell(last_error);
SET ROLE regress_outbox_owner;
SELECT hook FROM hooks.outbox WHERE tell(payload);
SELECT hook FROM hooks.stats WHERE tell(last_error);
SELECT hooks.discard(1);
SELECT hooks.unregister('secretive');

RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA test_security_outbox CASCADE;
DROP ROLE regress_outbox_owner, regress_outbox_other;
