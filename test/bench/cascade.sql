-- cascade, linear, memory: a million rows of 100 bytes, id 0 to warm up with.
-- Nothing refers to the table: referential actions would take a hundred times
-- what is measured here, and would take it from the bare statement as well.

CREATE TABLE bench.cascade_root (id integer PRIMARY KEY, payload text);
INSERT INTO bench.cascade_root
    SELECT i, repeat('x', 95) FROM generate_series(0, 1000000) i;
VACUUM ANALYZE bench.cascade_root;

CREATE FUNCTION bench.callback_empty() RETURNS trigger
    LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;

-- What the captured rows take while the callback runs: the batch itself and
-- the trigger manager's queue of events.
CREATE FUNCTION bench.callback_memory() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('bench.bytes', sum(total_bytes)::text, false)
       FROM pg_backend_memory_contexts
      WHERE name IN ('hooks batch', 'AfterTriggerEvents');
    RETURN NULL;
END $$;
