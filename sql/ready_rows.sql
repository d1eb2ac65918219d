-- What ready callbacks make of a row is what to_jsonb() makes of it, in every
-- session the same.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_rows;
SET search_path = test_rows;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE pair AS (a int, b mood);
CREATE DOMAIN small AS int CHECK (VALUE < 10);
CREATE DOMAIN moods AS mood[];
CREATE TABLE every (
    bo bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, n2 numeric(8, 3), t text, v varchar(9), c char(4),
    na name, d date, ts timestamp, tz timestamptz, ti time, iv interval, u uuid, j json, jb jsonb, by bytea, m mood, ms mood[],
    p pair, ps pair[], s small, mo moods, a int[], aa text[], r int4range, x xml, inet inet, b bit(3), mon money, o oid, rc regclass,
    "strange ""key" int, generated int GENERATED ALWAYS AS (i4 * 2) STORED);
ALTER TABLE every ADD gone int;
ALTER TABLE every DROP gone;
SELECT hooks.register('audit', 'after', 'insert', 'every', 'hooks.audit', level => 'statement', on_error => 'abort');
-- values, limits, and what JSON has no number for
INSERT INTO every VALUES
    (true, -32768, -1073741824, -9223372036854775808, '-0', 0.1, 1.500, 1.5, E'a"\\\n\u00e9', 'v', 'c', 'na', 'infinity', 'infinity', '-infinity',
     '12:00', '1 mon 2 days 03:04:05.6', '00000000-0000-0000-0000-000000000001', '{"b": [1.0, null], "a": 1, "a": 2}', '[{"x": {}}]', '\xff00', 'sad', '{sad,NULL}',
     (1, 'happy'), ARRAY[(1, 'sad')::pair], 9, '{happy}', '{{1,2},{3,4}}', '{}', '[1,3)', '<a/>', '::1', B'101', 12.34, 1, 'pg_class', 1),
    (false, 1, 2, 3, 'NaN', 'Infinity', 'NaN', 'NaN', '', '', '', '', '0044-03-15 BC', '2020-02-29 23:59:59.999999', '2020-02-29 23:59:59.999999+05:30',
     '00:00', '-1 day', NULL, '"scalar"', 'null', '', NULL, '{}', NULL, '{}', NULL, NULL, '{}', ARRAY['a', NULL], 'empty', NULL, '10.0.0.0/8', NULL, 0, 0, NULL, NULL);
INSERT INTO every (f4, f8, n, jb, j) VALUES ('-Infinity', '-Infinity', '-Infinity', '7', 'true');
INSERT INTO every DEFAULT VALUES;
SET timezone = 'UTC';
SET intervalstyle = 'postgres';
CREATE FUNCTION differs() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT l.key || ': ' || l.value || ' for ' || e.value
      FROM (SELECT new_row, row_number() OVER (ORDER BY audit_id, number) AS n FROM hooks.audit_log) w,
           (SELECT to_jsonb(every) AS row, row_number() OVER (ORDER BY ctid) AS n FROM every) x,
           LATERAL jsonb_each_text(w.new_row) l JOIN LATERAL jsonb_each_text(x.row) e ON e.key = l.key
     WHERE w.n = x.n AND e.value IS DISTINCT FROM l.value
$$;
SELECT differs();
SELECT count(*), bool_and((SELECT count(*) FROM jsonb_object_keys(new_row)) = 38) FROM hooks.audit_log;

-- Parameters that the text of values depends on have no say.
CREATE TABLE plain AS SELECT new_row FROM hooks.audit_log;
SELECT hooks.purge_audit('0');
SET timezone = 'Asia/Kolkata';
SET datestyle = 'German';
SET intervalstyle = 'iso_8601';
SET extra_float_digits = -3;
SET bytea_output = 'escape';
SET quote_all_identifiers = on;
SET search_path = test_rows, pg_catalog;
CREATE TABLE copy AS TABLE every;
ALTER TABLE copy DROP generated;
TRUNCATE every;
INSERT INTO every TABLE copy;
SELECT count(*) FROM (SELECT new_row FROM hooks.audit_log EXCEPT ALL TABLE plain) x;
-- and they stay as they were
SELECT current_setting('timezone'), current_setting('datestyle'), current_setting('search_path');
RESET timezone; RESET datestyle; RESET intervalstyle; RESET extra_float_digits; RESET bytea_output; RESET quote_all_identifiers;

-- Large values
SELECT hooks.purge_audit('0');
INSERT INTO every (t, jb) SELECT string_agg(md5(g::text), ''), jsonb_agg(g) FROM generate_series(1, 10000) g;
SELECT md5(new_row ->> 't') = md5(t), new_row -> 'jb' = jb FROM hooks.audit_log, every WHERE length(t) > 10000;

SELECT hooks.unregister('audit');
SELECT hooks.purge_audit('0');
SET client_min_messages = warning;
DROP SCHEMA test_rows CASCADE;
