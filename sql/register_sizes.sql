-- What a hook keeps is bounded, as others read the registry, too.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA sizes;
SET search_path = sizes;
CREATE TABLE t (id int);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: % arguments', TG_NAME, TG_NARGS;
  RETURN NEW;
END $$;
CREATE FUNCTION conditions(n int) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg('NEW.id<>' || i, ' AND ') FROM generate_series(10000, 9999 + n) i
$$;

-- the limits
SELECT hooks.register('limit', 'before', 'insert', 't', 'cb', package => 'sizes' || repeat('p', 250),
                      description => repeat('d', 16384), condition => conditions(2500),
                      arguments => array_fill('a'::text, '{8000}'),
                      run_after => '{}');
SELECT octet_length(package), octet_length(description), octet_length(condition) > 32768, cardinality(arguments)
  FROM hooks.registry WHERE name = 'limit';
INSERT INTO t VALUES (1);

-- and beyond
SELECT hooks.register('x', 'before', 'insert', 't', 'cb', package => repeat('p', 256));
SELECT hooks.register('x', 'before', 'insert', 't', 'cb', description => repeat('d', 16385));
SELECT hooks.register('x', 'before', 'insert', 't', 'cb', description => repeat('d', 100000000));
SELECT hooks.register('x', 'before', 'insert', 't', 'cb', condition => 'true' || repeat(' ', 65533));
-- that of the text as it is kept
SELECT octet_length(conditions(3600)) < 65536;
SELECT hooks.register('x', 'before', 'insert', 't', 'cb', condition => conditions(3600));
SELECT hooks.register('x', 'before', 'insert', 't', 'cb', arguments => ARRAY[repeat('a', 65536)]);
SELECT hooks.register('x', 'before', 'insert', 't', 'cb', arguments => array_fill('a'::text, '{32768}'));
SELECT hooks.register('x', 'before', 'insert', 't', 'cb', run_after => array_fill('limit'::text, '{10000}'));
-- of a search_path, the schemas that are there; in a block, as PostgreSQL 18 tells
-- clients its search_path at the end of a command, and libpq takes no long ones
DO $$
BEGIN
  PERFORM set_config('search_path', 'sizes, ' || string_agg(format('s%s_%s', i, repeat('s', 50)), ','), true)
     FROM generate_series(1, 1200) i;
  PERFORM hooks.register('x', 'before', 'insert', 't', 'cb');
END $$;
SELECT name, search_path FROM hooks.registry ORDER BY name;
SELECT hooks.unregister('x');

SELECT hooks.unregister('limit');
SET client_min_messages = warning;
DROP SCHEMA sizes CASCADE;
