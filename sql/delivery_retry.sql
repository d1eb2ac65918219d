-- A delivery that fails is tried again later and later, but after an hour at most.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_delivery_retry;
SET search_path = test_delivery_retry;
SET client_min_messages = warning;
CREATE TABLE t (id int);
CREATE FUNCTION fails(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE ''as ever''; END';
SELECT hooks.register('retry', 'after_commit', 'insert', 't', 'fails', max_attempts => 100);
INSERT INTO t VALUES (1);
SELECT hooks.flush();

-- as if it had failed so often
CREATE PROCEDURE fail_after(failures int) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE hooks.delivery SET attempts = failures, next_attempt_at = clock_timestamp();
  COMMIT;
  PERFORM hooks.flush();
END $$;
CREATE VIEW delay AS
  SELECT attempts, next_attempt_at - clock_timestamp() AS rest, current_setting('hooks.retry_delay')::interval AS first
    FROM hooks.delivery;
CALL fail_after(6);
SELECT attempts, rest BETWEEN 32 * first AND 64 * first FROM delay;
CALL fail_after(9);
SELECT attempts, rest BETWEEN 256 * first AND 512 * first FROM delay;
CALL fail_after(30);
SELECT attempts, rest BETWEEN interval '59 min' AND interval '1 h' FROM delay;
CALL fail_after(98);
SELECT attempts, rest BETWEEN interval '59 min' AND interval '1 h' FROM delay;
CALL fail_after(99);
SELECT attempts, rest IS NULL AS is_dead FROM delay;

SELECT hooks.unregister('retry');
DROP SCHEMA test_delivery_retry CASCADE;
