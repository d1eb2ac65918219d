-- enqueue, five, transactions, drain, latency, torture, audit: what after_commit
-- hooks and hooks.audit cost, and what people write without them.

CREATE TABLE bench.events (id bigint GENERATED ALWAYS AS IDENTITY, payload text, amount numeric, at timestamptz DEFAULT now());
CREATE TABLE bench.outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text, row jsonb, at timestamptz DEFAULT now());

CREATE FUNCTION bench.deliver(event jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;

-- the hand-written outbox: for all rows of a statement, and for each row
CREATE FUNCTION bench.callback_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.outbox (kind, row) SELECT 'insert', to_jsonb(n) FROM new_table n;
    RETURN NULL;
END $$;
CREATE FUNCTION bench.callback_outbox_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.outbox (kind, row) VALUES ('insert', to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE FUNCTION bench.callback_notify_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bench', to_jsonb(NEW)::text);
    RETURN NULL;
END $$;

-- the hand-written audit trigger
CREATE TABLE bench.audit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, relation regclass, action text, who name, at timestamptz,
                          transaction_id xid8, statement text, old_row jsonb, new_row jsonb);
CREATE FUNCTION bench.callback_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.audit (relation, action, who, at, transaction_id, statement, old_row, new_row)
    VALUES (TG_RELID, TG_OP, session_user, clock_timestamp(), pg_current_xact_id(), current_query(), to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TABLE bench.audited (id integer PRIMARY KEY, name text, amount numeric, at timestamptz, flag boolean);
INSERT INTO bench.audited SELECT i, 'name ' || i, i, now(), true FROM generate_series(0, 20000) i;
VACUUM ANALYZE bench.audited;

-- a consumer: claims rows, and calls a function for each, which may fail
CREATE PROCEDURE bench.consume(at_once int) LANGUAGE plpgsql AS $$
DECLARE
    claimed record;
    n int;
BEGIN
    LOOP
        n := 0;
        FOR claimed IN
            DELETE FROM bench.outbox o USING (SELECT id FROM bench.outbox ORDER BY id FOR UPDATE SKIP LOCKED LIMIT at_once) c
             WHERE o.id = c.id RETURNING o.row
        LOOP
            BEGIN
                PERFORM bench.deliver(claimed.row);
            EXCEPTION WHEN OTHERS THEN
                RAISE WARNING '%', SQLERRM;
            END;
            n := n + 1;
        END LOOP;
        COMMIT;
        EXIT WHEN n = 0;
    END LOOP;
END $$;

-- the same with PgQ, where it is installed
CREATE PROCEDURE bench.consume_pgq() LANGUAGE plpgsql AS $$
DECLARE
    batch bigint;
    event record;
BEGIN
    LOOP
        batch := pgq.next_batch('bench', 'consumer');
        EXIT WHEN batch IS NULL;
        FOR event IN SELECT ev_data FROM pgq.get_batch_events(batch) LOOP
            PERFORM bench.deliver(event.ev_data::jsonb);
        END LOOP;
        PERFORM pgq.finish_batch(batch);
        COMMIT;
    END LOOP;
END $$;

-- when something was written, and when it was delivered
CREATE UNLOGGED TABLE bench.latency (kind text, ms float8);
CREATE FUNCTION bench.note_latency(kind text, written timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.latency VALUES (kind, extract(epoch FROM clock_timestamp() - written) * 1000);
END $$;
CREATE FUNCTION bench.deliver_latency(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bench.note_latency('hook', (event -> 'new' -> 0 ->> 'at')::timestamptz);
END $$;
CREATE FUNCTION bench.callback_notify_latency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bench', NEW.at::text);
    RETURN NULL;
END $$;
