-- PL/pgSQL compiles a trigger function once in a session for each trigger, and
-- looks up the types of its variables then.  What one hook's search_path leads to
-- there does not run as the owner of another hook with the same callback.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_first;
CREATE SCHEMA test_compiled;
GRANT USAGE ON SCHEMA test_compiled TO regress_hooks_first;
CREATE SCHEMA test_trap AUTHORIZATION regress_hooks_first;
SET search_path = test_compiled;
CREATE TABLE t (id int PRIMARY KEY, address text);
CREATE TABLE part (id int, address text) PARTITION BY LIST (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE TABLE part_2 (address text, id int);
ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES IN (2);
GRANT ALL ON t, part TO regress_hooks_first;
CREATE DOMAIN address AS text;
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  a address;
BEGIN
  IF TG_LEVEL = 'ROW' AND TG_OP <> 'DELETE' THEN
    a := NEW.address;
  ELSE
    a := 'x';
  END IF;
  RAISE NOTICE '% of % by %: %', TG_OP, TG_TABLE_NAME, TG_NAME,
    (SELECT typnamespace::regnamespace FROM pg_type WHERE oid = pg_typeof(a));
  RETURN coalesce(NEW, OLD);
END $$;
SELECT hooks.register('row', 'before', 'insert', 't', 'cb', priority => 10),
       hooks.register('part', 'before', 'insert', 'part', 'cb', priority => 10),
       hooks.register('cascade', 'before_cascade', 'delete', 't', 'cb', priority => 10),
       hooks.register('closure', 'before_closure', 'delete', 't', 'cb', priority => 10),
       hooks.register('after', 'after', 'insert', 't', 'cb', level => 'statement', priority => -10);

SET ROLE regress_hooks_first;
SET search_path = test_trap, test_compiled;
CREATE FUNCTION trap(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF current_user <> 'regress_hooks_first' THEN
    RAISE NOTICE 'trapped a superuser';
  END IF;
  RETURN true;
END $$;
CREATE DOMAIN address AS text CHECK (trap(VALUE));
SELECT hooks.register('my row', 'before', 'insert', 't', 'cb'),
       hooks.register('my part', 'before', 'insert', 'part', 'cb'),
       hooks.register('my cascade', 'before_cascade', 'delete', 't', 'cb'),
       hooks.register('my closure', 'before_closure', 'delete', 't', 'cb'),
       hooks.register('my after', 'after', 'insert', 't', 'cb', level => 'statement');
INSERT INTO t VALUES (1, 'a'), (2, 'b');
INSERT INTO part VALUES (1, 'a'), (2, 'b');
DELETE FROM t;

-- Nor does it of a hook that was another's.
RESET ROLE;
SELECT hooks.unregister('row'), hooks.unregister('my after'), hooks.unregister('after');
SET ROLE regress_hooks_first;
INSERT INTO t VALUES (3, 'c');
RESET ROLE;
SET search_path = test_compiled;
SELECT hooks.register('my row', 'before', 'insert', 't', 'cb', priority => 1, replace => true);
INSERT INTO t VALUES (4, 'd');

SELECT hooks.unregister(name) FROM hooks.registry ORDER BY name;
SET client_min_messages = warning;
DROP SCHEMA test_trap, test_compiled CASCADE;
DROP ROLE regress_hooks_first;
