-- hooks.metadata is bounded where it is set, so that nobody makes a callback fail
-- that looks at it.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA metadata;
SET search_path = metadata;
DELETE FROM hooks.failure;
CREATE ROLE regress_hooks_metadata;
CREATE TABLE pay (id int);
CREATE TABLE audit (id int, request jsonb);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO metadata.audit VALUES (NEW.id, (hooks.context()).metadata);
  RETURN NULL;
END $$;
SELECT hooks.register('audit', 'after', 'insert', 'pay', 'cb', package => 'metadata');
-- Sets it, pays, and tells how large the audited value is, or the error.
CREATE FUNCTION pay(value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  PERFORM set_config('hooks.metadata', value, true);
  INSERT INTO metadata.pay VALUES (1);
  RETURN (SELECT length(request::text) FROM metadata.audit ORDER BY ctid DESC LIMIT 1);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN SQLSTATE || ' ' || detail;
END $$;
CREATE FUNCTION nested(depth int, opening text, closing text) RETURNS text LANGUAGE sql AS $$
  SELECT repeat(opening, depth) || '1' || repeat(closing, depth)
$$;

-- how deep
SELECT pay(nested(64, '[', ']'));
SELECT pay(nested(65, '[', ']'));
SELECT pay(nested(64, '{"a":', '}'));
SELECT pay(nested(65, '{"a":', '}'));
SELECT pay(nested(33, '[{"a":', '}]'));
SELECT pay(nested(20000, '[', ']'));
SELECT pay(repeat('[', 60000));
-- what is in a string, or one after the other, is not nested
SELECT pay('["' || repeat('[{', 1000) || '\"' || repeat('[{', 1000) || '\\"]');
SELECT pay('[' || repeat('[], {}, ', 1000) || '1]');
-- how long, in bytes
SELECT pay('"' || repeat('x', 65534) || '"');
SELECT pay('"' || repeat('x', 65535) || '"');
SELECT pay('"' || repeat(U&'\00e9', 32768) || '"');
SELECT pay(repeat('[', 10000000));
SELECT pay('{"a": }');

-- However it is set; what was set before stays.
SET hooks.metadata = '{"request": 1}';
DO $$
DECLARE
  command text;
BEGIN
  FOREACH command IN ARRAY ARRAY['', 'ALTER ROLE regress_hooks_metadata', format('ALTER DATABASE %I', current_database()),
                                 'ALTER FUNCTION metadata.cb()']
  LOOP
    BEGIN
      EXECUTE command || format(' SET hooks.metadata = %L', metadata.nested(65, '[', ']'));
      RAISE NOTICE 'taken';
    EXCEPTION WHEN invalid_parameter_value THEN
      RAISE NOTICE 'refused';
    END;
  END LOOP;
END $$;
SELECT current_setting('hooks.metadata');

-- What was set before the library was loaded is looked at when it is.
\c -
\pset format unaligned
\pset tuples_only on
SET client_min_messages = error;
DO $$
BEGIN
  PERFORM set_config('hooks.metadata', metadata.nested(65, '[', ']'), false);
EXCEPTION WHEN invalid_parameter_value THEN
  NULL;                         -- preloaded
END $$;
SELECT hooks.context() IS NULL;
RESET client_min_messages;
INSERT INTO metadata.pay VALUES (2);
SELECT id, request IS NULL FROM metadata.audit WHERE id = 2;
SELECT '"' || current_setting('hooks.metadata') || '"';

SELECT count(*) FROM hooks.failure;
SELECT hooks.unregister_package('metadata');
SET client_min_messages = warning;
DROP SCHEMA metadata CASCADE;
DROP ROLE regress_hooks_metadata;
