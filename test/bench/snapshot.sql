-- snapshot, isolated: 100,000 parents with three dependent rows each, which a
-- callback copies before the cascade removes them.

CREATE TABLE bench.parent (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE bench.child (
    id        integer PRIMARY KEY,
    parent_id integer NOT NULL REFERENCES bench.parent ON DELETE CASCADE,
    user_id   integer NOT NULL
);
CREATE INDEX ON bench.child (parent_id);
CREATE TABLE bench.snapshot (parent_id integer, user_id integer);

INSERT INTO bench.parent
    SELECT i, 'parent ' || i FROM generate_series(1, 100000) i;
INSERT INTO bench.child
    SELECT i, 1 + i / 3, i % 1000 FROM generate_series(0, 299999) i;
VACUUM ANALYZE bench.parent, bench.child;

CREATE FUNCTION bench.callback_set() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.snapshot
        SELECT c.parent_id, c.user_id
          FROM old_table o JOIN bench.child c ON c.parent_id = o.id;
    RETURN NULL;
END $$;

CREATE FUNCTION bench.callback_each() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.snapshot
        SELECT c.parent_id, c.user_id
          FROM bench.child c WHERE c.parent_id = OLD.id;
    RETURN OLD;
END $$;

CREATE FUNCTION bench.callback_each_isolated() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        INSERT INTO bench.snapshot
            SELECT c.parent_id, c.user_id
              FROM bench.child c WHERE c.parent_id = OLD.id;
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'snapshot failed: %', SQLERRM;
    END;
    RETURN OLD;
END $$;
