-- preview, doomed, keep, keep-linear: parents with three dependent rows each, in
-- tables of several sizes.  Callbacks do what is measured, and clocks around them
-- note how long it took, so that the cascade itself, which would take most of the
-- time, is left out.

CREATE FUNCTION bench.make_kept(parents integer) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE bench.kept_parent_%s (id integer PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL)', parents);
    EXECUTE format('CREATE TABLE bench.kept_child_%s (id integer PRIMARY KEY,
                        parent_id integer NOT NULL REFERENCES bench.kept_parent_%1$s ON DELETE CASCADE,
                        user_id integer NOT NULL, note text, amount numeric(10,2))', parents);
    EXECUTE format('INSERT INTO bench.kept_parent_%s
                    SELECT i, ''parent '' || i, timestamptz ''2024-01-01 00:00:00.123456+00'' + i * interval ''1 minute''
                      FROM generate_series(1, %1$s) i', parents);
    EXECUTE format('INSERT INTO bench.kept_child_%s
                    SELECT i, 1 + i / 3, i %% 1000, ''note '' || i, i / 7.0 FROM generate_series(0, 3 * %1$s - 1) i', parents);
    EXECUTE format('CREATE INDEX ON bench.kept_child_%s (parent_id)', parents);
END $$;
SELECT bench.make_kept(parents) FROM unnest('{100000, 2500, 25000, 250000}'::integer[]) parents;
VACUUM ANALYZE;

CREATE TABLE bench.copied_parent (LIKE bench.kept_parent_100000);
CREATE TABLE bench.copied_child (LIKE bench.kept_child_100000);

CREATE FUNCTION bench.callback_copy() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.copied_parent SELECT * FROM old_table;
    EXECUTE format('INSERT INTO bench.copied_child
                    SELECT c.* FROM old_table o JOIN bench.%I c ON c.parent_id = o.id',
                   replace(TG_TABLE_NAME, 'parent', 'child'));
    RETURN NULL;
END $$;

CREATE FUNCTION bench.callback_copy_child() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.copied_child
        SELECT c.* FROM old_table o JOIN bench.kept_child_100000 c ON c.parent_id = o.id;
    RETURN NULL;
END $$;

CREATE FUNCTION bench.callback_copy_doomed() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.copied_child SELECT * FROM hooks.doomed(NULL::bench.kept_child_100000);
    RETURN NULL;
END $$;

-- The clock of a hook: one before it and one behind it.
CREATE FUNCTION bench.callback_clock() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    now_ms double precision := extract(epoch FROM clock_timestamp()) * 1000;
BEGIN
    IF TG_ARGV[0] = 'start' THEN
        PERFORM set_config('bench.started', now_ms::text, false);
    ELSE
        PERFORM set_config('bench.took', (now_ms - current_setting('bench.started')::double precision)::text, false);
    END IF;
    RETURN NULL;
END $$;

-- Milliseconds that a hook takes when so many parents of a table go, or all.
CREATE FUNCTION bench.hook_ms(callback text, parents integer, deleted integer DEFAULT NULL) RETURNS double precision
    LANGUAGE plpgsql AS $$
DECLARE
    parent regclass := 'bench.kept_parent_' || parents;
BEGIN
    PERFORM hooks.register('start', 'before_cascade', 'delete', parent, 'bench.callback_clock', arguments => '{start}');
    PERFORM hooks.register('bench', 'before_cascade', 'delete', parent, callback);
    PERFORM hooks.register('stop', 'before_cascade', 'delete', parent, 'bench.callback_clock', arguments => '{stop}');
    EXECUTE format('DELETE FROM %s WHERE id <= %s', parent, coalesce(deleted, parents));
    RETURN current_setting('bench.took')::double precision;
END $$;
