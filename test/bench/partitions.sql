-- partitions: a table of 4,000 partitions, and one that refers to it.

CREATE SCHEMA bench;
CREATE TABLE bench.parted (id integer PRIMARY KEY) PARTITION BY RANGE (id);
DO $$
BEGIN
    FOR i IN 0 .. 3999 LOOP
        EXECUTE format('CREATE TABLE bench.parted_%s PARTITION OF bench.parted FOR VALUES FROM (%s) TO (%s)',
                       i, i * 10, i * 10 + 10);
        IF i % 500 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
END $$;
CREATE TABLE bench.child (id integer PRIMARY KEY, parted_id integer REFERENCES bench.parted ON DELETE CASCADE);
CREATE INDEX ON bench.child (parted_id);
INSERT INTO bench.parted SELECT generate_series(0, 39999, 5);
INSERT INTO bench.child SELECT id, id FROM bench.parted;
VACUUM ANALYZE;
