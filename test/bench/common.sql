-- What all cases use: the clock.

CREATE EXTENSION hooks;
CREATE SCHEMA bench;

-- Milliseconds that a statement takes in the server, its triggers and
-- referential actions included.
CREATE FUNCTION bench.ms(statement text) RETURNS double precision
    LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    EXECUTE statement;
    RETURN extract(epoch FROM clock_timestamp() - started) * 1000;
END $$;

-- How often callbacks were called since the session last sent its statistics,
-- which it does between transactions: what grew within one is its own.
CREATE FUNCTION bench.calls() RETURNS bigint
    LANGUAGE sql AS $$
    SELECT coalesce(sum(calls), 0)::bigint
      FROM pg_stat_xact_user_functions
     WHERE schemaname = 'bench' AND funcname LIKE 'callback%'
$$;
