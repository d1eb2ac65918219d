-- The tables of the log are written in turn, and emptied once every hook is past
-- them: the log does not grow, and nothing is delivered twice or lost by that.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_rotation;
SET search_path = test_rotation;
SET client_min_messages = warning;
CREATE TABLE t (id int, x text);
CREATE TABLE done (rows int);
CREATE FUNCTION count_rows(event jsonb) RETURNS void LANGUAGE sql
    AS 'INSERT INTO test_rotation.done VALUES (jsonb_array_length($1->''new''))';
SELECT hooks.register('dr', 'after_commit', 'insert', 't', 'count_rows');
-- one for which nothing ever comes is no obstacle
SELECT hooks.register('dr_idle', 'after_commit', 'delete', 't', 'count_rows');
CREATE VIEW log_size AS
    SELECT sum(pg_table_size(oid)) / 1000000 AS mb FROM pg_class
     WHERE relnamespace = 'hooks'::regnamespace AND relname IN ('log_1', 'log_2', 'log_3');
CREATE VIEW turn AS SELECT last_value FROM hooks.log_turn;
CREATE TABLE before AS SELECT * FROM turn;
DO $$ BEGIN
  FOR i IN 1..40 LOOP
    INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(1, 1000) g;
    COMMIT;
  END LOOP;
END $$;
SELECT hooks.flush();
-- a worker looks now and then while it delivers
DO $$ BEGIN
  FOR i IN 1..600 LOOP
    INSERT INTO t VALUES (i);
    COMMIT;
    PERFORM hooks.flush();
    COMMIT;
    EXIT WHEN (SELECT mb < 10 FROM log_size);
    PERFORM pg_sleep(0.1);
  END LOOP;
END $$;
SELECT mb < 10 AS small, turn.last_value <> before.last_value AS turned FROM log_size, turn, before;
SELECT hooks.flush();
SELECT (SELECT count(*) FROM t) = (SELECT sum(rows) FROM done);
SELECT hooks.unregister('dr'), hooks.unregister('dr_idle');
DROP SCHEMA test_rotation CASCADE;
