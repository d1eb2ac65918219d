-- Rows are in the log as to_jsonb() gives them, the same in every session; the
-- statement's settings, and code of types' owners, have no say.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_ac_values;
SET search_path = test_ac_values;
\i sql/include/log.psql
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE v (i int2, l int8, f float4, d float8, n numeric, t text, c char(4), b boolean, u uuid, m mood, p pair, dom positive,
  day date, ts timestamp, tz timestamptz, iv interval, r daterange, by bytea, j json, jb jsonb, a int[], ta text[], cl regclass,
  na name, x xml, mo money, nothing text, gen int GENERATED ALWAYS AS (i * 2) STORED);
SELECT hooks.register('acv', 'after_commit', 'insert', 'v', 'callback');
SET timezone = 'UTC';
INSERT INTO v VALUES (1, 9007199254740993, 0.1, 1e-300, 1.50, E'quo"te\\', 'ab', true, '00000000-0000-0000-0000-000000000001', 'happy', (1, 'x'), 7,
  '2026-02-03', '2026-02-03 04:05:06.789', '2026-02-03 04:05:06+02', '1 day 2:03', '[2026-01-01,2026-02-01)', '\x00ff', '{"b":1, "a":2}', '{"b":1, "a":2}',
  '{{1,2},{3,NULL}}', '{"a,b",NULL}', 'v', 'Na me', '<a/>', '1.50'),
  (-1, 0, 'NaN', '-Infinity', 'NaN', '', '', false, NULL, 'sad', NULL, 1, 'infinity', '-infinity', 'infinity', '-1 mon', 'empty', '', '[]', '"scalar"',
  '{}', '{}', 0, '', NULL, '-1');
-- as to_jsonb() has it under the same settings
SET search_path = pg_catalog;
SET datestyle = 'ISO';
SET intervalstyle = postgres;
SET lc_monetary = 'C';
SELECT w.new_rows->0 = to_jsonb(v) FROM test_ac_values.v, test_ac_values.written() w WHERE i = 1;
SELECT w.new_rows->1 = to_jsonb(v) FROM test_ac_values.v, test_ac_values.written() w WHERE i = -1;
SELECT key, value FROM test_ac_values.written(), jsonb_each(new_rows->0) ORDER BY key COLLATE "C";
SELECT test_ac_values.seen();
-- and the same under others
SET search_path = test_ac_values;
CREATE TABLE first AS SELECT * FROM v;
SET datestyle = 'German';
SET intervalstyle = iso_8601;
SET extra_float_digits = -10;
SET bytea_output = escape;
SET timezone = 'Asia/Kolkata';
SET quote_all_identifiers = on;
INSERT INTO v (i, l, f, d, n, t, c, b, u, m, p, dom, day, ts, tz, iv, r, by, j, jb, a, ta, cl, na, x, mo)
  SELECT i, l, f, d, n, t, c, b, u, m, p, dom, day, ts, tz, iv, r, by, j, jb, a, ta, cl, na, x, mo FROM first;
SET datestyle = 'ISO';
SET intervalstyle = postgres;
RESET extra_float_digits;
RESET bytea_output;
RESET quote_all_identifiers;
SET timezone = 'UTC';
SET search_path = pg_catalog;
SELECT w.new_rows->0 = to_jsonb(one), w.new_rows->1 = to_jsonb(other)
  FROM test_ac_values.first one, test_ac_values.first other, test_ac_values.written() w WHERE one.i = 1 AND other.i = -1;
SET search_path = test_ac_values;
SELECT seen();

-- the settings are the statement's own again after it
SHOW bytea_output;
SELECT current_user, current_setting('search_path');

-- a cast to json that somebody wrote runs as the table's owner, who chose the
-- type, and cannot change the session
CREATE ROLE regress_acv_owner;
CREATE ROLE regress_acv_writer;
GRANT USAGE ON SCHEMA test_ac_values TO PUBLIC;
CREATE TYPE told AS RANGE (subtype = int);
CREATE FUNCTION tell(told) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('test.left_behind', 'yes', false);
  RETURN json_build_object('as', current_user, 'path', current_setting('search_path'));
END $$;
CREATE CAST (told AS json) WITH FUNCTION tell(told);
CREATE TABLE owned (id int, value told);
ALTER TABLE owned OWNER TO regress_acv_owner;
GRANT INSERT ON owned TO regress_acv_writer;
SELECT hooks.register('acv_owned', 'after_commit', 'insert', 'owned', 'callback');
SET ROLE regress_acv_writer;
INSERT INTO owned VALUES (1, '[1,2)');
SELECT current_user, current_setting('test.left_behind', true);
RESET ROLE;
SELECT new_rows FROM written();
SELECT seen();
-- what fails in it fails for this hook only
CREATE OR REPLACE FUNCTION tell(told) RETURNS json LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
SELECT hooks.register('acv_id', 'after_commit', 'insert', 'owned', 'callback', payload => '{id}');
INSERT INTO owned VALUES (2, '[1,2)');
SELECT hooks, new_rows FROM written();

-- a statement that is long has its beginning in the event
SELECT seen();
DO $$ BEGIN EXECUTE format('INSERT INTO owned VALUES (3, NULL) /* %s */', repeat('ä', 2000)); END $$;
SELECT octet_length(event->>'statement'), right(event->>'statement', 3) FROM written();

SET client_min_messages = warning;
DROP SCHEMA test_ac_values CASCADE;
DROP ROLE regress_acv_owner, regress_acv_writer;
DELETE FROM hooks.failure WHERE hook LIKE 'acv_%';
