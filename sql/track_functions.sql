-- Calls of callbacks are counted as those of any function (track_functions).
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_track;
SET search_path = test_track;

CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION each() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
SELECT hooks.register('each', 'before', 'insert', 't', 'each');

INSERT INTO t VALUES (0);
SET track_functions = 'all';
INSERT INTO t SELECT generate_series(1, 5);
RESET track_functions;
SELECT FROM pg_stat_force_next_flush();
SELECT funcname, calls FROM pg_stat_user_functions WHERE schemaname = 'test_track' ORDER BY funcname;

SELECT hooks.unregister('each');
SET client_min_messages = warning;
DROP SCHEMA test_track CASCADE;
