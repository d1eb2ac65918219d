-- hooks.rate_limit refuses arguments that are no limit: 22023, with the way to
-- write them.  What it counts is in test/t/041_rate_limit.pl, as it needs the
-- library to be preloaded.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_rate;
SET search_path = test_rate;
CREATE TABLE t (id int);

CREATE FUNCTION try(arguments text[], phase text DEFAULT 'before', level text DEFAULT 'statement') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text; state text;
BEGIN
    PERFORM hooks.register('limited', phase, 'insert', 't', 'hooks.rate_limit', level => level, arguments => arguments);
    PERFORM hooks.unregister('limited');
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
    -- where the library is not preloaded, all that is valid ends so
    IF state = '55000' THEN
        RETURN 'taken';
    END IF;
    RETURN concat_ws('|', state, message, detail);
END $$;

-- How often: a whole number above zero.
SELECT format('%L => %s', a, try(ARRAY[a, '1 minute']))
  FROM unnest(ARRAY['1', ' 100 ', '2147483647', '2147483648', '99999999999999999999', '0', '-1', '1.5', '1e3', '', ' ', 'many', '10x', '0x10',
                    'NaN']) a;
-- In which time: an interval above zero, without months.
SELECT format('%L => %s', a, try(ARRAY['1', a]))
  FROM unnest(ARRAY['1 minute', '10', '0.001', '1 day 2 hours', 'PT5M', '0', '0 s', '-1 minute', '1 day -24 hours', '1 day -25 hours',
                    '1 month', '1 year', '1 month -30 days', '', 'soon', '99999999999999 days', '''; SELECT 1']) a;
-- Counted by what.
SELECT format('%L => %s', a, try(ARRAY['1', '1 s', a]))
  FROM unnest(ARRAY['caller', 'client_address', 'metadata:tenant', 'metadata:a "b" : c', 'metadata:', 'metadata', 'Caller', ' caller',
                    'session_user', '']) a;
-- Two or three of them.
SELECT format('%L => %s', a::text[], try(a::text[])) FROM unnest(ARRAY['{}', '{1}', '{1, 1 s, caller, x}']) a;

-- It is for phase before, at both levels.
SELECT try('{1, 1 s}', phase => p) FROM unnest(ARRAY['after', 'before_commit', 'after_commit', 'before']) p;
SELECT try('{1, 1 s}', level => 'row');

-- Only hooks call it.
SELECT hooks.rate_limit('{}');
SELECT hooks.rate_limit(NULL);
SELECT hooks.rate_limit();
CREATE TRIGGER limited BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION hooks.rate_limit('1', '1 s');
INSERT INTO t VALUES (1);

SET client_min_messages = warning;
DROP SCHEMA test_rate CASCADE;
