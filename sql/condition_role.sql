-- A condition cannot name a role in a constant: renaming or dropping the role
-- is no business of one database, and would make each statement fail.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_hooks_alice;
CREATE SCHEMA roles;
SET search_path = roles;
CREATE DOMAIN who AS regrole;
CREATE TYPE pair AS (n int, who who);
CREATE TABLE t (id int, owner regrole, owners regrole[], name name, pair pair);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%', TG_NAME;
  RETURN NEW;
END $$;
CREATE FUNCTION register(condition text) RETURNS boolean LANGUAGE sql AS $$
  SELECT hooks.register('h ' || left(condition, 40), 'before', 'insert', 't', 'cb', condition => condition, package => 'roles')
$$;
\set SHOW_CONTEXT never
SELECT register($$NEW.owner = 'regress_hooks_alice'::regrole$$);
\set VERBOSITY terse
SELECT register($$NEW.owner <> 'regress_hooks_alice'::regrole$$);
SELECT register($$NEW.owner IN ('regress_hooks_alice', 'pg_monitor')$$);
SELECT register($$NEW.owner = ANY ('{regress_hooks_alice}'::regrole[])$$);
SELECT register($$'{regress_hooks_alice}'::regrole[] @> NEW.owners$$);
SELECT register($$NEW.id = 1 OR CASE NEW.id WHEN 2 THEN 'regress_hooks_alice'::who = NEW.owner END$$);
SELECT register($$NEW.pair = '(1,regress_hooks_alice)'::pair$$);
SELECT register($$NEW.pair = ROW(1, 'regress_hooks_alice'::regrole)::pair$$);
SELECT register($$OLD.owner = 'regress_hooks_nobody'::regrole$$);

-- names, roles that are no constants, and no role
SELECT register($$NEW.owner::text = 'regress_hooks_alice' AND NEW.owner IS NOT NULL$$);
SELECT register($$NEW.name::text::regrole = NEW.owner$$);
SELECT register($$NEW.owner IS NOT DISTINCT FROM NULL::regrole$$);
INSERT INTO t VALUES (1, 'regress_hooks_alice', NULL, 'regress_hooks_alice');
ALTER ROLE regress_hooks_alice RENAME TO regress_hooks_bob;
INSERT INTO t VALUES (1, 'regress_hooks_bob', NULL, 'regress_hooks_bob');
SELECT hooks.unregister_package('roles');

SET client_min_messages = warning;
DROP SCHEMA roles CASCADE;
DROP ROLE regress_hooks_bob;
