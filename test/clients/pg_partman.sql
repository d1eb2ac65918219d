-- pg_partman: makes, fills and drops partitions under hooks on the parent and wide
-- hooks.

\set VERBOSITY terse
SET client_min_messages = error;
\connect - postgres
SET client_min_messages = error;

CREATE SCHEMA partman;
CREATE EXTENSION pg_partman SCHEMA partman;
GRANT ALL ON SCHEMA partman TO app;
GRANT ALL ON ALL TABLES IN SCHEMA partman TO app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA partman TO app;
GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA partman TO app;
GRANT ALL ON SCHEMA hooks TO app;
CREATE FUNCTION claims.note_drop(event jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO claims.fired (hook, op, relation) VALUES (event->>'hook', event->>'action', event->>'relation')
$$;
CREATE SCHEMA app AUTHORIZATION app;
SELECT hooks.register('wide_before', 'before_cascade', 'delete', NULL, 'claims.note', schema => 'app'),
	hooks.register('wide_row', 'after', 'insert, delete', NULL, 'claims.note', schema => 'app', on_error => 'abort'),
	hooks.register('wide_drop', 'before', 'drop', NULL, 'claims.note_drop', schema => 'app') AS r \gset

\connect - app
SET client_min_messages = error;
SET search_path = app, public;
CREATE TABLE station (id int PRIMARY KEY);
CREATE TABLE reading (id int NOT NULL, station int REFERENCES station ON DELETE CASCADE, value numeric) PARTITION BY RANGE (id);
CREATE INDEX ON reading (station);
SELECT hooks.register('row', 'before', 'insert, delete', 'reading', 'claims.note'),
	hooks.register('cascade', 'before_cascade', 'delete', 'reading', 'claims.note'),
	hooks.register('root', 'before_cascade', 'delete', 'station', 'claims.note',
		arguments => '{SELECT count(*) FROM reading r JOIN old_table o ON o.id = r.station}') AS r \gset

-- Versions 4 and 5 have different arguments
SELECT split_part(extversion, '.', 1)::int >= 5 AS five FROM pg_extension WHERE extname = 'pg_partman' \gset
\if :five
SELECT partman.create_parent('app.reading', 'id', '100', p_premake => 2) AS r \gset
\else
SELECT partman.create_parent('app.reading', 'id', 'native', '100', p_premake => 2) AS r \gset
\endif

-- Of 0 to 2, and one for what none is for
CREATE VIEW partitions AS
	SELECT c.oid, c.relname, pg_get_expr(c.relpartbound, c.oid) AS bound
	  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'app.reading'::regclass;
-- The triggers of ours that a partition has, as those of its parent
CREATE VIEW missing AS
	SELECT p.relname, t.tgname FROM partitions p, pg_trigger t
	 WHERE t.tgrelid = 'app.reading'::regclass AND NOT t.tgisinternal AND t.tgtype & 1 = 1
	   AND NOT EXISTS (SELECT FROM pg_trigger c WHERE c.tgrelid = p.oid AND c.tgname = t.tgname AND c.tgenabled = t.tgenabled);
SELECT claims.line('create_parent() makes partitions, and a default one', string_agg(bound, ', ' ORDER BY bound),
	$$DEFAULT, FOR VALUES FROM (0) TO (100), FOR VALUES FROM (100) TO (200), FOR VALUES FROM (200) TO (300)$$) FROM partitions;
SELECT claims.line('each has the row triggers of its parent', count(*)::text, '0') FROM missing;

INSERT INTO station SELECT generate_series(1, 10);
TRUNCATE claims.fired;
INSERT INTO reading SELECT i, 1 + i % 10, 0 FROM generate_series(0, 299) i;
SELECT claims.line('rows of three partitions fire each once',
	claims.calls('row') || '; ' || claims.calls('wide_row'), '300 calls, 300 rows; 300 calls, 300 rows');
TRUNCATE claims.fired;
DELETE FROM reading WHERE id % 10 = 0;
SELECT claims.line('before_cascade fires once for all partitions',
	claims.calls('cascade') || '; ' || claims.calls('wide_before') || '; ' || claims.calls('row'), '1 calls, 30 rows; 1 calls, 30 rows; 30 calls, 30 rows');

-- Maintenance makes new partitions for what is coming
TRUNCATE claims.fired;
SELECT partman.run_maintenance('app.reading') AS r \gset
SELECT claims.line('run_maintenance() makes the partitions ahead', count(*)::text, '6') FROM partitions;
SELECT claims.line('it fires nothing', count(*)::text, '0') FROM claims.fired;
SELECT claims.line('new partitions have the row triggers of their parent', count(*)::text, '0') FROM missing;
INSERT INTO reading SELECT i, 1 + i % 10, 0 FROM generate_series(300, 499) i;
SELECT claims.line('and rows there fire', claims.calls('row') || '; ' || claims.calls('wide_row'), '200 calls, 200 rows; 200 calls, 200 rows');
SELECT partman.run_maintenance('app.reading') AS r \gset

-- A cascade into partitions old and new: station 2 has the readings that end in 1
TRUNCATE claims.fired;
DELETE FROM station WHERE id = 2;
SELECT claims.line('a cascade into all partitions: before it, and of each row',
	claims.calls('root') || '; ' || claims.calls('cascade') || '; ' || claims.calls('row'),
	'1 calls, 1 rows, 50 counted; 1 calls, 50 rows; 50 calls, 50 rows');
SELECT claims.line('the wide hook on both tables',
	string_agg(relation || ' ' || rows, ', ' ORDER BY n), 'station 1, reading 50') FROM claims.fired WHERE hook = 'wide_before';

-- What came too early is in the default partition; pg_partman moves it by DELETE and
-- INSERT, which are nothing else to hooks
INSERT INTO reading SELECT i, 1, 0 FROM generate_series(5000, 5009) i;
SELECT hooks.register('later', 'after_commit', 'insert, delete', 'reading', 'claims.note_event') AS r \gset
TRUNCATE claims.fired;
\if :five
CALL partman.partition_data_proc('app.reading', p_wait => 0, p_quiet => true);
\else
SELECT partman.partition_data_id('app.reading', 100) AS r \gset
\endif
SELECT claims.line('rows that leave the default partition are deleted and inserted',
	string_agg(op || ' ' || count, ', ' ORDER BY op), 'DELETE 10, INSERT 10')
	FROM (SELECT op, count(*) FROM claims.fired WHERE hook = 'row' GROUP BY op) x;
SELECT claims.line('for before_cascade it is a DELETE of one partition', claims.calls('cascade') || '; ' || claims.calls('wide_before'),
	'1 calls, 10 rows; 1 calls, 10 rows');
SELECT hooks.flush() AS r \gset
SELECT claims.line('and so they are to after_commit',
	string_agg(op || ' ' || sum, ', ' ORDER BY op), 'delete 10, insert 10')
	FROM (SELECT op, sum(rows) FROM claims.fired WHERE hook = 'later' GROUP BY op) x;
SELECT claims.line('they are in a partition of their own, and still ten', count(*)::text || ' ' || string_agg(DISTINCT p.bound, ''),
	'10 FOR VALUES FROM (5000) TO (5100)') FROM reading r JOIN partitions p ON p.oid = r.tableoid WHERE r.id >= 5000;
SELECT claims.line('which has the row triggers of its parent', count(*)::text, '0') FROM missing;
SELECT hooks.unregister('later') AS r \gset
DELETE FROM reading WHERE id >= 5000;
DROP TABLE reading_p5000;

-- For the recycle bin they would be rows that are gone; hooks.pause() leaves them out
SELECT hooks.register('bin', 'before_cascade', 'delete', 'reading', 'hooks.keep') AS r \gset
INSERT INTO reading SELECT i, 1, 0 FROM generate_series(6000, 6019) i;
SELECT partman.partition_data_id('app.reading') AS moved \gset
SELECT claims.line('hooks.keep keeps what is moved', :'moved' || ' moved, ' || sum(rows) || ' kept', '20 moved, 20 kept') FROM hooks.kept;
INSERT INTO reading SELECT i, 1, 0 FROM generate_series(7000, 7019) i;
BEGIN;
SELECT hooks.pause('bin', 'rows are moved') AS r \gset
SELECT partman.partition_data_id('app.reading') AS moved \gset
COMMIT;
SELECT claims.line('hooks.pause() keeps it out of the bin', :'moved' || ' moved, ' || sum(rows) || ' kept', '20 moved, 20 kept') FROM hooks.kept;
SELECT hooks.unregister('bin') AS r \gset
DELETE FROM reading WHERE id >= 6000;
DROP TABLE reading_p6000, reading_p7000;

-- Retention: what is old goes by DROP TABLE, of which hooks on drop are told; no row fires
UPDATE partman.part_config SET retention = '200', retention_keep_table = false WHERE parent_table = 'app.reading';
SELECT count(*) AS old FROM partitions WHERE bound ~ 'FROM \((0|100)\)' \gset
TRUNCATE claims.fired;
SELECT partman.run_maintenance('app.reading') AS r \gset
SELECT claims.line('retention drops partitions', :'old' || ' before, ' || count(*) || ' after', '2 before, 0 after')
	FROM partitions WHERE bound ~ 'FROM \((0|100)\)';
SELECT claims.line('a wide hook on drop is told of each',
	string_agg(relation, ', ' ORDER BY relation), 'app.reading_p0, app.reading_p100') FROM claims.fired WHERE hook = 'wide_drop';
SELECT claims.line('and no other hook', count(*)::text, '0') FROM claims.fired WHERE hook <> 'wide_drop';

-- Retention that keeps the table: it is one of its own then, under the wide hooks only
UPDATE partman.part_config SET retention = '100', retention_keep_table = true WHERE parent_table = 'app.reading';
SELECT partman.run_maintenance('app.reading') AS r \gset
SELECT claims.line('retention may detach instead', count(*)::text, '0') FROM partitions WHERE bound ~ 'FROM \(200\)';
TRUNCATE claims.fired;
DELETE FROM reading_p200 WHERE id < 210;
SELECT claims.line('what is detached has the wide hooks, and not those of the parent',
	claims.calls('wide_before') || '; ' || claims.calls('wide_row') || '; ' || claims.calls('row') || '; ' || claims.calls('cascade'),
	'1 calls, 8 rows; 8 calls, 8 rows; 0 calls, 0 rows; 0 calls, 0 rows');

-- It says that superusers' hooks are on a role's tables, and nothing else
SELECT claims.line('hooks.check() finds no trigger amiss', string_agg(DISTINCT code, ', ' ORDER BY code), 'callback_of_other, wide_hook') FROM hooks.check();

\echo done
