-- register() and unregister() keep the registry and the triggers of the tables
-- in step, and both can be repeated.
\pset format unaligned
CREATE SCHEMA register;
SET search_path = register;
CREATE TABLE t (id int, x text);
CREATE TABLE u (id int, x text);
CREATE TABLE log (id serial, line text);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO register.log (line) VALUES (TG_NAME || ' ' || TG_OP);
  RETURN coalesce(NEW, OLD);
END $$;
CREATE VIEW triggers AS
  SELECT tgrelid::regclass AS relation, tgname, tgenabled
    FROM pg_trigger WHERE tgrelid IN ('t'::regclass, 'u'::regclass)
   ORDER BY 1, tgname COLLATE "C";
-- runs a command; its result, or its SQLSTATE, message, detail and hint
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text; detail text; hint text;
BEGIN
  EXECUTE command INTO result;
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws('|', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

-- It is the same definition, however it is written down.
SELECT hooks.register('a', 'before', 'write', 't', 'cb', condition => '1=1', columns => '{x}', package => 'register');
SELECT hooks.register('a', 'before', 'delete,  update, insert', 'register.t', 'register . cb ( )', level => 'row',
                      condition => '  1 = (1)', columns => ARRAY['x'], on_error => 'abort', package => 'register');
SELECT hooks.register('a', 'before', 'write', 't', '"cb"', condition => '1=1', columns => '{x}', package => 'register',
                      replace => true);
SELECT * FROM triggers;

-- Another definition under the name is refused, whichever argument differs,
-- and changes nothing.
SELECT try($$SELECT hooks.register('a', 'before', 'write', 't', 'cb', condition => '1=1', columns => '{x}', package => 'other')$$);
SELECT try($$SELECT hooks.register('a', 'before', 'write', 't', 'cb', condition => '1=2', columns => '{x}', package => 'register')$$);
SELECT try($$SELECT hooks.register('a', 'after', 'delete', 'u', 'cb')$$);
SELECT phase, action, relation, callback, level, condition, columns, arguments, on_error, timeout, max_attempts,
       priority, run_after, run_as, fire, schema, package, description,
       owner = current_user::regrole AS mine, search_path, enabled, quarantined
  FROM hooks.registry WHERE name = 'a' \gx
SELECT * FROM triggers;

-- A replacement that fails leaves the hook as it was, and in force.
SELECT try($$SELECT hooks.register('a', 'after', 'delete', 'u', 'nope', replace => true)$$);
SELECT try($$SELECT hooks.register('a', 'after', 'delete', 'u', 'cb', run_after => '{a}', replace => true)$$);
INSERT INTO t VALUES (1);
SELECT line FROM log ORDER BY id;

-- A replacement may move it to another table, phase and level: the triggers
-- follow, and only the new table fires.
SELECT hooks.register('a', 'before_cascade', 'delete', 'u', 'cb', package => 'register', replace => true);
SELECT * FROM triggers;
TRUNCATE log;
INSERT INTO t VALUES (2);
INSERT INTO u VALUES (1), (2);
DELETE FROM u;
SELECT line FROM log ORDER BY id;
SELECT hooks.register('a', 'after', 'insert, truncate', 'u', 'cb', level => 'statement', package => 'register', replace => true);
SELECT * FROM triggers;
-- replace => true where there is nothing to replace just registers
SELECT hooks.register('b', 'after', 'insert', 'u', 'cb', level => 'statement', package => 'register', replace => true);

-- A trigger that another hook shares stays, for as long as there is one; the
-- table's own triggers are none of our business.
CREATE TRIGGER "Hooks" BEFORE INSERT ON u EXECUTE FUNCTION cb();
SELECT hooks.unregister('a');
SELECT * FROM triggers;
SELECT hooks.disable('b');
SELECT * FROM triggers;
SELECT hooks.unregister('b');
SELECT * FROM triggers;

-- Replica and always hooks need a trigger that fires always.
SELECT hooks.register('a', 'before', 'insert', 't', 'cb', package => 'register');
SELECT hooks.register('b', 'before', 'insert', 't', 'cb', fire => 'replica', package => 'register');
SELECT * FROM triggers WHERE relation = 't'::regclass;
SELECT hooks.unregister('b');
SELECT * FROM triggers WHERE relation = 't'::regclass;

-- Registry and triggers go back together with a savepoint, and a name that was
-- taken in it is free again.
BEGIN;
SAVEPOINT s;
SELECT hooks.register('c', 'before', 'delete', 't', 'cb', package => 'register');
SELECT hooks.unregister('a');
SELECT * FROM triggers WHERE relation = 't'::regclass;
ROLLBACK TO s;
SELECT name FROM hooks.registry WHERE package = 'register';
SELECT * FROM triggers WHERE relation = 't'::regclass;
SELECT hooks.register('c', 'after', 'delete', 't', 'cb', package => 'register');
COMMIT;

-- A hook may remove itself, and others, and register more; what changed is in
-- force from the next statement on.
CREATE FUNCTION suicide() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO register.log (line) VALUES (NEW.id || ' ' || register.try('SELECT hooks.unregister(''suicide'')'));
  PERFORM hooks.register('later', 'before', 'insert, update', 't', 'cb', package => 'register');
  RETURN NEW;
END $$;
SELECT hooks.register('suicide', 'before', 'update', 't', 'suicide', package => 'register', columns => '{x}');
TRUNCATE log;
UPDATE t SET x = 'x';
UPDATE t SET x = 'y' WHERE id = 1;
SELECT line FROM log ORDER BY id;
SELECT * FROM triggers WHERE relation = 't'::regclass;

-- unregister says whether there was something to do; a package goes at once.
SELECT try($$SELECT hooks.unregister('nope')$$), hooks.unregister('nope', missing_ok => true);
SELECT hooks.unregister_package('register'), hooks.unregister_package('register');
SELECT * FROM triggers;
SELECT count(*) FROM hooks.registry WHERE callback LIKE 'register.%';

-- A hook that others were to run after may go; they are still good to run after.
SELECT hooks.register('first', 'before', 'insert', 't', 'cb', package => 'register'),
       hooks.register('second', 'before', 'insert', 't', 'cb', run_after => '{first}', package => 'register');
SELECT hooks.unregister('first');
SELECT try($$SELECT hooks.register('third', 'before', 'insert', 't', 'cb', run_after => '{second}', package => 'register')$$);

-- The order in which a set of names is given makes no other hook; more or other names do.
CREATE TABLE two (a int, b int);
SELECT hooks.register('one', 'before', 'insert', 'two', 'cb', package => 'register'),
       hooks.register('other', 'before', 'insert', 'two', 'cb', package => 'register'),
       hooks.register('more', 'before', 'insert', 'two', 'cb', package => 'register');
SELECT hooks.register('set', 'before', 'update', 'two', 'cb', columns => '{a,b}', run_after => '{one,other}', package => 'register'),
       hooks.register('set', 'before', 'update', 'two', 'cb', columns => '{b,a}', run_after => '{other,one}', package => 'register');
SELECT try($$SELECT hooks.register('set', 'before', 'update', 'two', 'cb', columns => '{a}', run_after => '{one,other}', package => 'register')$$);
SELECT try($$SELECT hooks.register('set', 'before', 'update', 'two', 'cb', columns => '{b,a}', run_after => '{one}', package => 'register')$$);
SELECT try($$SELECT hooks.register('set', 'before', 'update', 'two', 'cb', columns => '{b,a}', package => 'register')$$);
SELECT try($$SELECT hooks.register('set', 'before', 'update', 'two', 'cb', columns => '{b,a}', run_after => '{one,other,more}', package => 'register')$$);
SELECT columns, run_after FROM hooks.registry WHERE name = 'set';
CREATE FUNCTION event(jsonb) RETURNS void LANGUAGE sql AS '';
SELECT hooks.register('payload', 'after_commit', 'insert', 'two', 'event', payload => '{a,b}', package => 'register'),
       hooks.register('payload', 'after_commit', 'insert', 'two', 'event', payload => '{b,a}', package => 'register');
SELECT try($$SELECT hooks.register('payload', 'after_commit', 'insert', 'two', 'event', payload => '{b}', package => 'register')$$);
SELECT try($$SELECT hooks.register('payload', 'after_commit', 'insert', 'two', 'event', package => 'register')$$);

-- Looking for cycles is quick, however many paths run_after has.
SET statement_timeout = '10s';
SELECT count(hooks.register('h' || i, 'before', 'insert', 't', 'cb', package => 'register',
                            run_after => (SELECT coalesce(array_agg('h' || j), '{}') FROM generate_series(1, i - 1) j)))
  FROM generate_series(1, 30) i;
RESET statement_timeout;
SELECT hooks.unregister_package('register') > 0;

-- A sequence that is behind the numbers of the hooks goes on after them, whoever registers one.
CREATE ROLE regress_hooks_counts;
GRANT USAGE ON SCHEMA register TO regress_hooks_counts;
GRANT TRIGGER ON t TO regress_hooks_counts;
SELECT hooks.register('first', 'before', 'insert', 't', 'cb', package => 'register');
BEGIN;
SELECT setval('hooks.registry_hook_id_seq', 1, false);
SET LOCAL ROLE regress_hooks_counts;
SELECT hooks.register('second', 'before', 'insert', 't', 'cb', package => 'register');
RESET ROLE;
SELECT s.hook_id > f.hook_id FROM hooks.registry f, hooks.registry s WHERE f.name = 'first' AND s.name = 'second';
ROLLBACK;
SELECT hooks.unregister_package('register');

SET client_min_messages = warning;
DROP SCHEMA register CASCADE;
DROP ROLE regress_hooks_counts;
