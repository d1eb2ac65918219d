-- Hooks on load and dump fire around a COPY that names the table; those on insert and
-- select beside them.
\i sql/include/preload.psql
CREATE SCHEMA test_copy;
SET search_path = test_copy;
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE c hooks.context := hooks.context();
BEGIN
  ASSERT c.hook = event->>'hook' AND c.action = event->>'action' AND c.statement = event->>'statement' AND c.caller = event->>'caller';
  RAISE NOTICE '%', concat_ws(' ', event->>'phase', event->>'action', event->>'relation_kind', event->>'relation', event->>'columns', event->>'rows' || ' rows',
                              'by ' || (event->>'sent_by'), 'root', c.root_action, c.root_relation::regclass);
END $$;
CREATE FUNCTION tell_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% % %', TG_WHEN, TG_OP, NEW; RETURN NEW; END $$;
CREATE TABLE t (id int, v text, n int GENERATED ALWAYS AS (id * 2) STORED);
SELECT hooks.register(concat_ws(' ', p, a), p, a, 't', 'tell', on_error => 'abort', package => 'test_copy')
  FROM unnest('{load,dump,select}'::text[]) a, unnest('{before,after}'::text[]) p;
SELECT hooks.register('row', 'before', 'insert', 't', 'tell_row', package => 'test_copy');

COPY t FROM STDIN;
1	a
2	b
\.
COPY t (id) FROM STDIN;
3
\.
COPY t TO STDOUT;
COPY t (v) TO STDOUT;
-- a query is no dump
COPY (SELECT v FROM t) TO STDOUT;
COPY (INSERT INTO t VALUES (4, 'd') RETURNING v) TO STDOUT;
INSERT INTO t VALUES (5, 'e');
DO $$ BEGIN COPY t TO '/dev/null'; END $$;
-- whoever asks for the number of rows is told, or nobody
DO $$
DECLARE n bigint;
BEGIN
  EXECUTE $copy$ COPY t TO '/dev/null' $copy$;
  GET DIAGNOSTICS n = ROW_COUNT;
  RAISE NOTICE '% rows', n;
END $$;
CREATE FUNCTION copies() RETURNS void LANGUAGE sql AS $$ COPY t TO '/dev/null' $$;
SELECT copies();

-- What fails, or may not be done, has no end
COPY t FROM STDIN;
x	a
\.
COPY t (nothing) TO STDOUT;
COPY nothing TO STDOUT;
CREATE ROLE regress_copy_user;
GRANT USAGE ON SCHEMA test_copy TO regress_copy_user;
SET ROLE regress_copy_user;
COPY t TO STDOUT;
RESET ROLE;
GRANT SELECT (v) ON t TO regress_copy_user;
SET ROLE regress_copy_user;
COPY t TO STDOUT;
COPY t (v) TO STDOUT;
-- nor may the files of the server be used, or a program
\set VERBOSITY sqlstate
COPY t (v) TO '/dev/null';
COPY t (v) TO PROGRAM 'true';
\set VERBOSITY default
RESET ROLE;

-- With row-level security it is a query, and reads once
GRANT SELECT ON t TO regress_copy_user;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY small ON t USING (id < 3);
SET ROLE regress_copy_user;
COPY t (v) TO STDOUT;
RESET ROLE;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;

-- A callback that drops the table: what is left to do fails as it does without hooks
CREATE TABLE gone (id int);
CREATE FUNCTION drop_it(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN DROP TABLE gone; END';
SET client_min_messages = error;
SELECT hooks.register('drops', 'before', 'dump', 'gone', 'drop_it');
COPY gone TO STDOUT;
SELECT hooks.register('drops', 'after', 'select', 'gone', 'drop_it', on_error => 'abort', replace => true);
SELECT hooks.register('drops_dump', 'after', 'dump', 'gone', 'tell', on_error => 'abort');
COPY gone TO STDOUT;
SELECT to_regclass('gone') IS NULL, count(*) FROM hooks.registry WHERE name ~ '^drops';
RESET client_min_messages;

-- A veto
CREATE FUNCTION refuse(event jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM hooks.cancel('no ' || (event->>'action')); END $$;
SELECT hooks.register('refuse', 'before', 'load, dump', 't', 'refuse', on_error => 'isolate', package => 'test_copy');
\set VERBOSITY terse
COPY t TO '/dev/null';
COPY t FROM '/dev/null';
\set VERBOSITY default
SELECT hooks.unregister('refuse');

-- Partitions: the table that COPY names
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
SELECT hooks.register(n, 'after', 'load, dump', ('test_copy.' || n)::regclass, 'tell', on_error => 'abort', package => 'test_copy')
  FROM unnest('{parts,part_1}'::text[]) n;
COPY parts FROM STDIN;
1
\.
COPY part_1 TO STDOUT;

-- What makes no sense
CREATE VIEW v AS SELECT * FROM t;
SELECT hooks.register('no', 'before', 'dump', 'v', 'tell');
SELECT hooks.register('no', 'before', 'load', 't', 'tell', level => 'row');
SELECT hooks.register('no', 'before_cascade', 'load', 't', 'tell');
SELECT hooks.register('no', 'after_commit', 'dump', 't', 'tell');
SELECT hooks.register('no', 'before', 'load', 't', 'tell', condition => 'NEW.id > 0');
SELECT hooks.register('no', 'before', 'load', 't', 'tell', columns => '{id}');
SELECT hooks.register('no', 'before', 'load', 't', 'tell_row');
SELECT hooks.register('no', 'before', 'load, insert', 't', 'tell');

-- A ready callback serves the hook that has it as its callback, and no other.
\set VERBOSITY sqlstate
CREATE FUNCTION limits(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM hooks.rate_limit(event); END';
CREATE FUNCTION audits(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM hooks.audit(); END';
SELECT hooks.register('calls', 'before', 'dump', 'part_1', 'limits', package => 'test_copy');
COPY part_1 TO STDOUT;
SELECT hooks.register('calls', 'after', 'dump', 'part_1', 'audits', on_error => 'abort', package => 'test_copy', replace => true);
COPY part_1 TO STDOUT;

SELECT hooks.unregister_package('test_copy');
COPY t TO '/dev/null';
SET client_min_messages = warning;
DROP SCHEMA test_copy CASCADE;
DROP ROLE regress_copy_user;
\i sql/include/preload_end.psql
