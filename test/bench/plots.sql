-- The plots: what happens at which time.

-- before each row that is deleted
CREATE FUNCTION bench.callback_old() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;

-- when an event was delivered, and how long after it was written
CREATE UNLOGGED TABLE bench.delivered (at timestamptz DEFAULT clock_timestamp(), ms float8);
CREATE FUNCTION bench.deliver_seen(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.delivered (ms)
    VALUES (extract(epoch FROM clock_timestamp() - (event -> 'new' -> 0 ->> 'at')::timestamptz) * 1000);
END $$;

-- A queue that is consumed for so many seconds: as bench.consume(), which waits
-- if there is nothing to claim.  By its index, whatever ANALYZE has seen of a table
-- that is empty at one moment and full at the next.
CREATE PROCEDURE bench.consume_for(seconds float8) LANGUAGE plpgsql AS $$
DECLARE
    claimed record;
    ended timestamptz := clock_timestamp() + seconds * interval '1 s';
    n int;
BEGIN
    PERFORM set_config('enable_seqscan', 'off', false);
    WHILE clock_timestamp() < ended LOOP
        n := 0;
        FOR claimed IN
            DELETE FROM bench.outbox o USING (SELECT id FROM bench.outbox ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 60) c
             WHERE o.id = c.id RETURNING o.row
        LOOP
            BEGIN
                PERFORM bench.deliver_seen(jsonb_build_object('new', jsonb_build_array(claimed.row)));
            EXCEPTION WHEN OTHERS THEN
                RAISE WARNING '%', SQLERRM;
            END;
            n := n + 1;
        END LOOP;
        COMMIT;
        IF n = 0 THEN
            PERFORM pg_sleep(0.005);
        END IF;
    END LOOP;
END $$;

-- Every two seconds, how many dead rows there are in the tables of one schema.
CREATE UNLOGGED TABLE bench.sampled (at timestamptz DEFAULT clock_timestamp(), dead bigint);
CREATE PROCEDURE bench.sample_for(seconds int, of name) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 0 .. seconds / 2 LOOP
        PERFORM pg_stat_clear_snapshot();
        INSERT INTO bench.sampled (dead)
        SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_all_tables
         WHERE schemaname = of AND relname NOT IN ('delivered', 'sampled', 'events');
        COMMIT;
        PERFORM pg_sleep(2);
    END LOOP;
END $$;
