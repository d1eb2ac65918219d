-- A wide hook on a thousand tables is registered and removed in seconds.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_wide_many;
SET search_path = test_wide_many;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% on %', TG_NAME, TG_TABLE_NAME;
    RETURN NEW;
END $$;
CREATE VIEW covered AS
    SELECT tgrelid::regclass FROM pg_trigger
     WHERE tgfoid = 'hooks.dispatch'::regproc GROUP BY tgrelid ORDER BY tgrelid::regclass::text COLLATE "C";

DO $$
DECLARE
    begun timestamptz;
BEGIN
    FOR i IN 1..1000 LOOP
        EXECUTE format('CREATE TABLE test_wide_many.t%s (id int)', i);
    END LOOP;
    begun = clock_timestamp();
    PERFORM hooks.register('many', 'before', 'insert', NULL, 'tell', schema => 'test_wide_many');
    RAISE NOTICE 'in less than 30 s: %', clock_timestamp() - begun < '30 s';
END $$;
SELECT count(*) FROM covered;
INSERT INTO test_wide_many.t1000 VALUES (1);
SELECT hooks.unregister('many');
SELECT count(*) FROM covered;

SET client_min_messages = warning;
DROP SCHEMA test_wide_many CASCADE;
