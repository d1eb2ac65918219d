-- Claim: what a statement writes for after_commit hooks takes no memory for each
-- row that is kept beyond the chunk.  The type's cast to json looks at it, as it
-- runs when rows are written.
SET client_min_messages = warning;
CREATE SCHEMA test_log_memory;
SET search_path = test_log_memory;
CREATE TYPE probe AS ENUM ('plain', 'measure');
CREATE FUNCTION probe_json(probe) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
    IF $1 = 'measure' THEN
        RAISE WARNING 'small: %', (SELECT sum(used_bytes) < 1000000 FROM pg_backend_memory_contexts
                                    WHERE name = 'AfterTriggerTupleContext');
    END IF;
    RETURN '0';
END $$;
CREATE CAST (probe AS json) WITH FUNCTION probe_json(probe);
CREATE TABLE t (id int, probe probe);
CREATE FUNCTION deliver(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
SELECT hooks.register('log_memory', 'after_commit', 'insert', 't', 'deliver', condition => 'NEW.id > 0');
BEGIN;
INSERT INTO t VALUES (1, 'measure');
INSERT INTO t SELECT i, CASE i WHEN 60000 THEN 'measure' ELSE 'plain' END::probe FROM generate_series(1, 60000) i;
ROLLBACK;
DROP SCHEMA test_log_memory CASCADE;
