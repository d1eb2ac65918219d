-- Nobody gets at another role's rights by what it creates under a name that
-- the extension, a hook or an event trigger uses.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_alice;
CREATE ROLE regress_hooks_mal;
CREATE SCHEMA takeover;
GRANT ALL ON SCHEMA takeover TO regress_hooks_alice, regress_hooks_mal;
SET search_path = takeover;

-- A callback that is dropped with CASCADE while nobody watches, and made again by
-- somebody else, does not run, nor does a function of a condition.
SET ROLE regress_hooks_alice;
CREATE TABLE acc (id int);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'mine'; RETURN NEW; END$$;
CREATE FUNCTION wanted(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN true; END$$;
SELECT hooks.register('called', 'before', 'insert', 'acc', 'cb', package => 'takeover'),
       hooks.register('tested', 'before', 'update', 'acc', 'cb', condition => 'wanted(NEW.id)', package => 'takeover');
INSERT INTO acc VALUES (1);
UPDATE acc SET id = 2;
RESET ROLE;
ALTER EVENT TRIGGER hooks_sql_drop DISABLE;
DROP FUNCTION cb();
DROP FUNCTION wanted(int);
DROP FUNCTION cb(), wanted(int) CASCADE;
ALTER EVENT TRIGGER hooks_sql_drop ENABLE ALWAYS;
SET ROLE regress_hooks_mal;
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'mal as %', current_user; RETURN NEW; END$$;
CREATE FUNCTION wanted(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'mal as %', current_user; RETURN true; END$$;
GRANT EXECUTE ON FUNCTION cb(), wanted(int) TO PUBLIC;
SET ROLE regress_hooks_alice;
INSERT INTO acc VALUES (1);
UPDATE acc SET id = 2;
-- unless the hook's owner says so
SELECT hooks.register('called', 'before', 'insert', 'acc', 'cb', package => 'takeover', replace => true);
INSERT INTO acc VALUES (1);
SELECT hooks.unregister_package('takeover');
RESET ROLE;

-- Making the triggers runs nobody's code as somebody else: an event trigger
-- sees the table's owner and a safe search_path.
CREATE FUNCTION see_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TAG = 'CREATE TRIGGER' THEN
        RAISE NOTICE 'as %, search_path %', current_user, current_setting('search_path');
    END IF;
END $$;
CREATE EVENT TRIGGER takeover ON ddl_command_end EXECUTE FUNCTION see_ddl();
SET ROLE regress_hooks_alice;
GRANT TRIGGER ON acc TO regress_hooks_mal;
SET ROLE regress_hooks_mal;
SELECT hooks.register('called', 'before', 'insert', 'acc', 'cb', package => 'takeover');
RESET ROLE;
DROP EVENT TRIGGER takeover;
SELECT hooks.unregister_package('takeover');

-- A partition's trigger of one of our names that is not ours is refused, not
-- dropped.
CREATE TABLE root (id int) PARTITION BY LIST (id);
CREATE TABLE leaf PARTITION OF root DEFAULT;
CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT ON leaf FOR EACH ROW EXECUTE FUNCTION own();
SELECT hooks.register('called', 'before', 'insert', 'root', 'own', package => 'takeover');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'leaf'::regclass AND tgfoid = 'own'::regproc;

-- A condition that throws half way through many rows leaves nothing open.
CREATE TABLE many (id int PRIMARY KEY, t text);
INSERT INTO many SELECT i, repeat('x', 200) FROM generate_series(1, 3000) i;
SELECT hooks.register('throws', 'before_cascade', 'delete', 'many', 'own', condition => '1 / (OLD.id - 3000) <= 0',
                      on_error => 'isolate', package => 'takeover');
SET work_mem = '64kB';
DELETE FROM many;
RESET work_mem;

SELECT hooks.unregister_package('takeover');
SET client_min_messages = warning;
DROP SCHEMA takeover CASCADE;
DROP ROLE regress_hooks_alice, regress_hooks_mal;
