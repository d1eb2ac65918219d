-- A callback of the extension that somebody makes a trigger of, without a hook,
-- does nothing but fail: outside of a firing, and in one, of which it is not.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA direct;
SET search_path = direct;
CREATE TABLE t (id int);
CREATE TABLE hooked (id int);
CREATE FUNCTION direct(moment text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY '{audit,dispatch,keep,native,notify,rate_limit,stream}'::text[] LOOP
    BEGIN
      EXECUTE format('CREATE TRIGGER direct %s ON t FOR EACH ROW EXECUTE FUNCTION hooks.%I(''x'')', moment, f);
      INSERT INTO t VALUES (1);
      DELETE FROM t;
      DROP TRIGGER direct ON t;
      RETURN NEXT f || ': no error';
    EXCEPTION WHEN OTHERS THEN
      RETURN NEXT f || ': ' || SQLSTATE;
    END;
  END LOOP;
END $$;
CREATE FUNCTION inside() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN SELECT direct(TG_ARGV[0]) LOOP
    RAISE NOTICE '%', line;
  END LOOP;
  RETURN coalesce(NEW, OLD);
END $$;
SELECT direct('BEFORE INSERT OR DELETE');
SELECT direct('AFTER INSERT OR DELETE');

-- in firings of the phases that they are for
SELECT hooks.register('before', 'before', 'insert', 'hooked', 'inside', arguments => '{BEFORE INSERT OR DELETE}'),
       hooks.register('after', 'after', 'insert', 'hooked', 'inside', arguments => '{AFTER INSERT OR DELETE}', on_error => 'abort'),
       hooks.register('cascade', 'before_cascade', 'delete', 'hooked', 'inside', arguments => '{AFTER INSERT OR DELETE}');
INSERT INTO hooked VALUES (1);
DELETE FROM hooked;
SELECT count(*) FROM t;

-- touch needs no hook, but the right moment
CREATE TRIGGER direct BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION hooks.touch('id');
INSERT INTO t VALUES (1);
DELETE FROM t;
DROP TRIGGER direct ON t;
CREATE TRIGGER direct AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION hooks.touch('id');
INSERT INTO t VALUES (1);
DROP TRIGGER direct ON t;
CREATE TRIGGER direct BEFORE INSERT ON t EXECUTE FUNCTION hooks.touch('id');
INSERT INTO t VALUES (1);

SELECT hooks.unregister(name) FROM hooks.registry WHERE name IN ('before', 'after', 'cascade');
SET client_min_messages = warning;
DROP SCHEMA direct CASCADE;
