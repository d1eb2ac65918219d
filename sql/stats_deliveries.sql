-- Claim: hooks.stats tells of an after_commit hook what waits for it, how long and
-- why, and of others that nothing can.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE regress_stde_other;
CREATE SCHEMA test_stats_deliveries;
SET search_path = test_stats_deliveries;
CREATE TABLE t (id int);
CREATE TABLE open_for (id int);
CREATE FUNCTION deliver(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n int := event #>> '{new,0,id}';
BEGIN
    IF NOT EXISTS (SELECT FROM test_stats_deliveries.open_for o WHERE o.id = n) THEN
        RAISE 'no % yet', n;
    END IF;
END $$;
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT hooks.register('stde_deliver', 'after_commit', 'insert', 't', 'deliver', max_attempts => 1);
SELECT hooks.register('stde_retry', 'after_commit', 'insert', 't', 'deliver');
SELECT hooks.register('stde_before', 'before', 'insert', 't', 'pass');
CREATE VIEW told AS
    SELECT hook, pending, lag >= 0 AND lag < 600 AS lag, last_error
      FROM hooks.stats WHERE hook LIKE 'stde%' ORDER BY hook;

-- nothing waits
TABLE told;

-- dead ones do not wait, and keep their error
INSERT INTO open_for VALUES (1);
INSERT INTO t VALUES (1);
INSERT INTO t VALUES (2);
INSERT INTO t VALUES (3);
SELECT hooks.flush();
TABLE told;

-- what can be delivered is gone
INSERT INTO open_for VALUES (2), (3);
SELECT count(hooks.redeliver(delivery_id)) FROM hooks.outbox WHERE hook = 'stde_deliver' AND state = 'dead';
SELECT hooks.flush();
SELECT * FROM told WHERE hook = 'stde_deliver';

-- a monitor sees what was counted of others' hooks, and not what waits
GRANT pg_read_all_stats TO regress_stde_other;
GRANT USAGE ON SCHEMA test_stats_deliveries TO regress_stde_other;
SET ROLE regress_stde_other;
SELECT hook, pending, lag, last_error FROM hooks.stats WHERE hook LIKE 'stde%' ORDER BY hook;
RESET ROLE;

DROP SCHEMA test_stats_deliveries CASCADE;
DROP ROLE regress_stde_other;
