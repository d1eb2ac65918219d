-- A condition is an expression over OLD and NEW: what else PostgreSQL knows to put
-- into one is an error of register(), which points into the user's own text.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_hooks_alice;
CREATE SCHEMA condition_input;
GRANT ALL ON SCHEMA condition_input TO PUBLIC;
SET search_path = condition_input;
SET client_min_messages = warning;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE WARNING '%', TG_NAME; RETURN NEW; END$$;
CREATE TABLE t (id int, val text, "old" int, "new" int, condition int, phase text, doubled int GENERATED ALWAYS AS (id * 2) STORED);
GRANT ALL ON t TO regress_hooks_alice;
CREATE TABLE u (id int);
CREATE FUNCTION register(condition text, phase text DEFAULT 'before', action text DEFAULT 'insert', level text DEFAULT 'row', target regclass DEFAULT 't')
RETURNS boolean LANGUAGE sql AS $$
  SELECT hooks.register('h' || md5(condition), phase, action, target, 'condition_input.tell', level => level, condition => condition, package => 'c')
$$;
\set SHOW_CONTEXT never

-- What is no such expression.
SELECT register('EXISTS (SELECT FROM u)');
SELECT register('NEW.id IN (SELECT id FROM u)');
SELECT register('count(*) > 0');
SELECT register('sum(NEW.id) OVER () > 0');
SELECT register('generate_series(1, 2) > 0');
SELECT register('unnest(ARRAY[NEW.id]) > 0');
SELECT register('$1 > 0');
SELECT register('u.id > 0');
SELECT register('t.id > 0');
SELECT register('NEW');
SELECT register('NEW.id');
SELECT register('NULL::int');
SELECT register('DEFAULT');
SELECT register('id > 0');
SELECT register('"new" > 0');
SELECT register('NEW.nothing > 0');
SELECT register('NEW.id > ''a''');
\set VERBOSITY terse
SELECT register('no_function(NEW.id)');
-- Nor what ends with the session, and would take the hook along.
CREATE FUNCTION pg_temp.positive(int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 > 0';
CREATE DOMAIN pg_temp.number AS int;
SELECT hooks.register('temporary', 'before', 'insert', 't', 'tell', condition => 'NEW.id > 0');
SELECT hooks.register('temporary', 'before', 'insert', 't', 'tell', condition => 'pg_temp.positive(NEW.id)', replace => true);
SELECT hooks.register('temporary', 'before', 'insert', 't', 'tell', condition => 'NEW.id::pg_temp.number > 0', replace => true);
SELECT condition, hooks.unregister(name) FROM hooks.registry WHERE name = 'temporary';
\set VERBOSITY default
SELECT register('NEW.id >');
SELECT register('');
SELECT register('true; SELECT 1');
SELECT register('true) OR (true');
SELECT register('true -- ');
SELECT register('true /* ');
SELECT register('true AS x');
CREATE FUNCTION sqlstate_of(condition text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN register(condition);
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
SELECT sqlstate_of(c) AS sqlstate, string_agg(c, ' | ' ORDER BY c COLLATE "C")
  FROM unnest('{true x,ALL true,DISTINCT true,DISTINCT ON (1) true,"true, true",*,u.*,"true INTO x",true FROM u,true WHERE true,true GROUP BY (),true HAVING true,true WINDOW w AS (),
    true ORDER BY 1,true LIMIT 1,true OFFSET 1,true FETCH FIRST ROW ONLY,true FOR UPDATE,true UNION SELECT true,true EXCEPT SELECT true,SELECT true,VALUES (true),TABLE u,
    WITH x AS (SELECT true) SELECT true,true;,/* */}'::text[]) c GROUP BY 1 ORDER BY 1;
-- in parentheses they would be one
SELECT sqlstate_of(c), c FROM unnest('{(SELECT true) UNION SELECT true,(VALUES (true)) EXCEPT SELECT true,(SELECT true) ORDER BY 1,(SELECT true) LIMIT 1,
    (SELECT true) LIMIT ALL,(SELECT true) OFFSET 1,(SELECT true) FETCH FIRST ROW ONLY,(SELECT true) FOR UPDATE}'::text[]) c;
SELECT register('GROUPING(NEW.id) = 1');
SELECT register('CURRENT OF c');

-- Rows and columns that are not there.
SELECT register('OLD.id > 0');
SELECT register('NEW.id > 0', action => 'delete');
SELECT register('NEW.* IS NOT NULL', level => 'statement');
SELECT register('NEW.ctid IS NOT NULL');
SELECT register('NEW.doubled > 0');
SELECT register('NEW.* = NEW.*');
SELECT register('NEW.doubled > 0 AND NEW.* = NEW.* AND NEW.tableoid = 1', phase => 'after');

-- Nesting has a limit: others read it, however deep in the stack they are.
\set VERBOSITY terse
SELECT register(repeat('NOT (', 5000) || 'true' || repeat(')', 5000));
SELECT register('NEW.id' || repeat(' + NEW.id', 5000) || ' > 0');
SELECT register('NEW.id' || repeat(' + NEW.id', 400) || ' > 0');
SELECT register('true' || repeat(' AND NEW.id > 0', 1500));

-- A function that the registrar may not execute.
CREATE FUNCTION secret(int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
REVOKE EXECUTE ON FUNCTION secret(int) FROM PUBLIC;
SET ROLE regress_hooks_alice;
SELECT register('secret(NEW.id)');
RESET ROLE;
GRANT EXECUTE ON FUNCTION secret(int) TO regress_hooks_alice;
SET ROLE regress_hooks_alice;
SELECT register('secret(NEW.id)');
RESET ROLE;
SELECT hooks.unregister_package('c');

-- What is one: defaults, variadic and named arguments, columns of any name, text that
-- is no identifier.
CREATE FUNCTION with_default(a int, b int DEFAULT 1) RETURNS boolean LANGUAGE sql AS 'SELECT a >= b';
CREATE FUNCTION with_many(VARIADIC c int[]) RETURNS boolean LANGUAGE sql AS 'SELECT c[1] > 0';
SELECT register('with_default(NEW.id)'), register('with_default(b => 1, a => NEW.id)'), register('with_many(NEW.id, 1, 2)'),
       register('with_many(VARIADIC ARRAY[NEW.id, 2])'), register('NEW."old" > NEW."new" AND NEW.condition > 0 AND NEW.phase = ''NEW.x;--'''),
       register('new.id > 0 -- ), (', phase => 'after'), register('(NEW.id, NEW.val) = (1, ''a'') /* " */'), register('(NEW.*)::t IS NOT NULL', phase => 'after');
SELECT condition FROM hooks.registry WHERE package = 'c' ORDER BY hook_id;
INSERT INTO t VALUES (1, 'a', 2, 1, 1, 'NEW.x;--');
SELECT hooks.unregister_package('c');

DROP SCHEMA condition_input CASCADE;
DROP ROLE regress_hooks_alice;
