-- touch: a table whose rows know when they were changed.

CREATE UNLOGGED TABLE bench.touched (id integer, payload text, changed timestamptz);
INSERT INTO bench.touched SELECT i, 'payload', now() FROM generate_series(0, 100000) i;
VACUUM ANALYZE bench.touched;

CREATE FUNCTION bench.callback_touch() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed := now();
    RETURN NEW;
END $$;

-- of contrib, if it is there
SELECT count(*) FROM pg_available_extensions WHERE name = 'moddatetime';
