-- hooks.stats counts each hook's firings, their rows, and how they end.
CREATE TABLE stats_parent (id int PRIMARY KEY, v int);
CREATE TABLE stats_child (parent int REFERENCES stats_parent ON DELETE CASCADE);
CREATE FUNCTION stats_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.v = 13 THEN PERFORM hooks.cancel('unlucky'); END IF;
    IF NEW.v = 99 THEN RAISE 'broken'; END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION stats_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM new_table WHERE v = 77) THEN RAISE 'broken'; END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION stats_null() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SELECT hooks.register('stats_row', 'before', 'insert', 'stats_parent', 'stats_row');
SELECT hooks.register('stats_even', 'before', 'insert', 'stats_parent', 'stats_row', condition => 'NEW.v % 2 = 0');
SELECT hooks.register('stats_set', 'after', 'insert', 'stats_parent', 'stats_statement', level => 'statement');
SELECT hooks.register('stats_cascade', 'before_cascade', 'delete', 'stats_parent', 'stats_null');
CREATE VIEW stats_seen AS
    SELECT hook, calls, failures, vetoes, rows, bypassed, total_time IS NOT NULL AS measured,
           total_time >= max_time AS sum, since <= clock_timestamp() AS since
      FROM hooks.stats WHERE hook LIKE 'stats\_%' ORDER BY hook;
-- nothing yet
SELECT * FROM stats_seen;

-- A condition that is not met is no call.  Only what is not at level row is measured.
INSERT INTO stats_parent SELECT i, i FROM generate_series(1, 10) i;
SELECT * FROM stats_seen;

-- A veto is no failure; what the statement had done before was done.
INSERT INTO stats_parent VALUES (11, 11), (13, 13);
INSERT INTO stats_parent VALUES (99, 99);
SELECT * FROM stats_seen WHERE hook <> 'stats_cascade';

-- Nor is a veto that the callback itself catches; and an isolated failure is one.
CREATE FUNCTION stats_catches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN PERFORM hooks.cancel('caught'); EXCEPTION WHEN OTHERS THEN NULL; END;
    RETURN NEW;
END $$;
SELECT hooks.register('stats_catches', 'before', 'insert', 'stats_parent', 'stats_catches');
INSERT INTO stats_parent VALUES (77, 77);
SELECT * FROM stats_seen WHERE hook IN ('stats_catches', 'stats_set');

-- Savepoints: what is rolled back was called.
BEGIN;
SAVEPOINT s;
INSERT INTO stats_parent VALUES (20, 20);
ROLLBACK TO s;
SAVEPOINT s;
INSERT INTO stats_parent VALUES (113, 13);
ROLLBACK TO s;
SELECT * FROM stats_seen WHERE hook = 'stats_row';
COMMIT;
SELECT * FROM stats_seen WHERE hook = 'stats_row';

-- One firing for a set, with its rows; the cascade's are the other table's
INSERT INTO stats_child SELECT i % 10 + 1 FROM generate_series(1, 100) i;
DELETE FROM stats_parent WHERE id <= 5;
DELETE FROM stats_parent WHERE id > 1000;
SELECT * FROM stats_seen WHERE hook = 'stats_cascade';

-- Rows are measured while the parameter is on.
SET hooks.track_timing = on;
INSERT INTO stats_parent VALUES (30, 30);
RESET hooks.track_timing;
SELECT * FROM stats_seen WHERE hook IN ('stats_row', 'stats_even');

-- Beginning anew: one hook, or all
SELECT hooks.reset_stats('stats_row');
SELECT * FROM stats_seen WHERE hook IN ('stats_row', 'stats_even');
SELECT hooks.reset_stats();
SELECT count(*), sum(calls), count(total_time) FROM stats_seen JOIN hooks.stats USING (hook, calls);
SELECT hooks.reset_stats('stats_none');
SELECT hooks.reset_stats('');

-- A hook that is gone is not shown, and another of its name begins anew.
INSERT INTO stats_parent VALUES (40, 40);
SELECT hooks.unregister('stats_row');
SELECT hook FROM stats_seen;
SELECT hooks.register('stats_row', 'before', 'insert', 'stats_parent', 'stats_row');
SELECT hook, calls FROM stats_seen WHERE hook = 'stats_row';
-- One that is replaced does, too.
INSERT INTO stats_parent VALUES (41, 41);
SELECT hooks.register('stats_row', 'before', 'insert', 'stats_parent', 'stats_row', priority => 5, replace => true);
SELECT hook, calls FROM stats_seen WHERE hook = 'stats_row';

-- One that was gone only until ROLLBACK TO goes on.
INSERT INTO stats_parent VALUES (42, 42);
BEGIN;
SAVEPOINT s;
SELECT hooks.unregister('stats_row');
ROLLBACK TO s;
COMMIT;
SELECT hook, calls FROM stats_seen WHERE hook = 'stats_row';

-- hooks of drop
CREATE FUNCTION stats_drop(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN PERFORM hooks.cancel('no'); END $$;
SELECT hooks.register('stats_drop', 'before', 'drop', 'stats_child', 'stats_drop');
DROP TABLE stats_child;
SELECT * FROM stats_seen WHERE hook = 'stats_drop';

SELECT hooks.unregister(name) FROM hooks.registry WHERE name LIKE 'stats\_%';
DROP VIEW stats_seen;
DROP TABLE stats_child, stats_parent;
DROP FUNCTION stats_row(), stats_statement(), stats_null(), stats_catches(), stats_drop(jsonb);
