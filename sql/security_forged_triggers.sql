-- Nothing is to be gained from making triggers on dispatch() and capture() by
-- hand, or from calling them: nothing happens, or a clear error.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_forger;
CREATE SCHEMA forged;
GRANT ALL ON SCHEMA forged TO PUBLIC;
SET search_path = forged;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent ON DELETE CASCADE, other int);
GRANT ALL ON parent, child TO regress_hooks_forger;
INSERT INTO parent SELECT generate_series(1, 9);
INSERT INTO child SELECT generate_series(1, 9);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% % %', TG_NAME, TG_WHEN, TG_OP;
  RETURN coalesce(NEW, OLD);
END $$;
SELECT hooks.register('cascade', 'before_cascade', 'delete', 'parent', 'cb', package => 'forged'),
       hooks.register('row', 'before', 'insert', 'parent', 'cb', package => 'forged');
-- no function that is for triggers runs outside of one
DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'hooks'::regnamespace AND prorettype = 'trigger'::regtype ORDER BY proname LOOP
    BEGIN
      EXECUTE format('SELECT %s', f);
      RAISE NOTICE '%: no error', f;
    EXCEPTION WHEN OTHERS THEN
      RAISE NOTICE '%', SQLSTATE || ' ' || SQLERRM;
    END;
  END LOOP;
END $$;
-- the rest is done by somebody who may use the tables and make triggers on them
SET ROLE regress_hooks_forger;
CREATE TABLE mine (id int);

-- called as functions
SELECT hooks.dispatch();
SELECT hooks.capture(NULL, NULL);
SELECT hooks.capture(NULL, NULL, NULL);
SELECT hooks.capture('parent'::regclass, '(0,1)');
SELECT hooks.capture(tableoid, ctid) FROM parent;
SELECT hooks.capture(p.tableoid, p.ctid) FROM parent p JOIN child c USING (id);
SELECT hooks.capture(p.tableoid, p.ctid, c.ctid) FROM parent p LEFT JOIN child c ON hooks.capture(c.tableoid, p.ctid);
DELETE FROM parent WHERE id = 1 RETURNING hooks.capture(tableoid, ctid);
UPDATE parent SET id = 1 WHERE id = 1 RETURNING hooks.capture(tableoid, ctid, ctid);
INSERT INTO parent VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 1 WHERE hooks.capture(parent.tableoid, parent.ctid);
DO $$BEGIN PERFORM hooks.capture(tableoid, ctid) FROM forged.parent; END$$;
SELECT (SELECT hooks.capture(p.tableoid, p.ctid)) FROM parent p;

-- as a trigger of a table without hooks: it is no trigger of ours, whatever it is called
CREATE TRIGGER forged BEFORE INSERT OR UPDATE OR DELETE ON mine FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
CREATE TRIGGER "Hooks_before_row_insert" AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION hooks.dispatch('x');
CREATE TRIGGER "Hooks_before_row_update" BEFORE UPDATE ON mine FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
CREATE TRIGGER "Hooks_before_statement_truncate" BEFORE TRUNCATE ON mine EXECUTE FUNCTION hooks.dispatch();
CREATE CONSTRAINT TRIGGER "hooks_after_row_insert" AFTER INSERT ON mine DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
CREATE TRIGGER "Hooks_before_cascade_delete" AFTER DELETE ON mine
  FOR EACH ROW WHEN (hooks.capture(OLD.tableoid, OLD.ctid)) EXECUTE FUNCTION hooks.dispatch();
CREATE TRIGGER captures AFTER UPDATE ON mine FOR EACH ROW WHEN (hooks.capture(OLD.tableoid, OLD.ctid, NEW.ctid))
  EXECUTE FUNCTION cb();
INSERT INTO mine VALUES (1), (2);
UPDATE mine SET id = id + 1;
DELETE FROM mine;
TRUNCATE mine;
CREATE VIEW v AS SELECT * FROM mine;
CREATE TRIGGER "Hooks_before_row_insert" INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
INSERT INTO v VALUES (1);
-- as its WHEN, with anything but the system columns of OLD and NEW
CREATE TABLE mine2 (id int, at tid);
CREATE TRIGGER captures AFTER UPDATE ON mine2 FOR EACH ROW
  WHEN (hooks.capture('forged.parent'::regclass, '(0,1)')) EXECUTE FUNCTION cb();
CREATE TRIGGER captures2 AFTER DELETE ON mine2 FOR EACH ROW
  WHEN (hooks.capture('forged.parent'::regclass, OLD.at)) EXECUTE FUNCTION cb();
CREATE TRIGGER captures3 BEFORE INSERT ON mine2 FOR EACH ROW
  WHEN (hooks.capture(1, NEW.at, NEW.at)) EXECUTE FUNCTION cb();
INSERT INTO mine2 VALUES (1, '(0,1)');
ALTER TABLE mine2 DISABLE TRIGGER captures3;
INSERT INTO mine2 VALUES (1, '(0,1)');
UPDATE mine2 SET id = 2;
DELETE FROM mine2;

-- On a table with hooks, another trigger on dispatch() does not make them fire
-- twice,
CREATE TRIGGER again BEFORE INSERT OR DELETE ON parent FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
CREATE TRIGGER "Hooks_before_row_delete" BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
INSERT INTO parent VALUES (10);
DELETE FROM parent WHERE id = 10;
-- and rows that another trigger captures are never lost in silence: the hook
-- fires, or the statement fails.
CREATE FUNCTION fires(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE TRIGGER "A" BEFORE DELETE ON parent FOR EACH ROW WHEN (hooks.capture(OLD.tableoid, OLD.ctid)) EXECUTE FUNCTION hooks.dispatch();
SELECT fires('DELETE FROM parent WHERE id IN (2, 3)');
RESET ROLE;
DROP TRIGGER "A" ON parent;
SET ROLE regress_hooks_forger;
CREATE TRIGGER "A" AFTER DELETE ON parent FOR EACH ROW WHEN (hooks.capture(OLD.tableoid, OLD.ctid)) EXECUTE FUNCTION hooks.dispatch();
SELECT fires('DELETE FROM parent WHERE id IN (2, 3)');
RESET ROLE;
DROP TRIGGER "A" ON parent;
-- a row that a BEFORE trigger captures and another skips was not deleted, and is in no batch
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'rows: %', (SELECT array_agg(id ORDER BY id) FROM old_table);
  RETURN NULL;
END $$;
SELECT hooks.register('rows', 'before_cascade', 'delete', 'parent', 'rows', package => 'forged');
CREATE TRIGGER "A" BEFORE DELETE ON parent FOR EACH ROW WHEN (OLD.id = 4 AND hooks.capture(OLD.tableoid, OLD.ctid)) EXECUTE FUNCTION hooks.dispatch();
CREATE TRIGGER "B" BEFORE DELETE ON parent FOR EACH ROW WHEN (OLD.id = 4) EXECUTE FUNCTION skip();
SELECT fires('DELETE FROM parent WHERE id IN (4, 5)') IN ('ok', 'KH000 before_cascade hooks on "parent" did not fire') AS ok_or_error;
DROP TRIGGER "A" ON parent;
DROP TRIGGER "B" ON parent;
SELECT hooks.unregister_package('forged');

-- A trigger that stood there under one of our names before the hook came does
-- not silence it: the hook fires as it should, or registering is refused.
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(NEW, OLD); END';
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'vetoed'; END$$;
CREATE FUNCTION silenced(phase text, action text, command text, trigger text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE trigger;
  PERFORM hooks.register('veto', phase, action, 'forged.child', 'forged.veto');
  EXECUTE command;
  RAISE 'silenced';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLERRM = 'silenced';
END $$;
CREATE UNIQUE INDEX ON child (id);
SELECT silenced('before', 'delete', 'DELETE FROM child',
  'CREATE TRIGGER "Hooks_before_row_delete" BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION nothing()');
SELECT silenced('before', 'delete', 'DELETE FROM child',
  'CREATE TRIGGER "Hooks_before_row_delete" BEFORE DELETE ON child FOR EACH ROW WHEN (false) EXECUTE FUNCTION hooks.dispatch()');
SELECT silenced('before', 'update', 'UPDATE child SET id = id',
  'CREATE TRIGGER "Hooks_before_row_update" BEFORE UPDATE OF other ON child FOR EACH ROW EXECUTE FUNCTION hooks.dispatch()');
SELECT silenced('before', 'insert', 'INSERT INTO child VALUES (NULL)',
  'CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT ON child EXECUTE FUNCTION hooks.dispatch()');
SELECT silenced('before_cascade', 'delete', 'DELETE FROM child',
  'CREATE TRIGGER "Hooks_before_cascade_delete" AFTER DELETE ON child FOR EACH ROW EXECUTE FUNCTION hooks.dispatch()');
SELECT silenced('before_cascade', 'delete', 'DELETE FROM child',
  'CREATE TRIGGER "Hooks_before_cascade_delete" AFTER DELETE ON child FOR EACH ROW
   WHEN (OLD.id < 0 AND hooks.capture(OLD.tableoid, OLD.ctid)) EXECUTE FUNCTION hooks.dispatch()');
-- Nor does it fire the hook for another action.
CREATE FUNCTION ops() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN RAISE 'for another action'; END IF;
  RETURN NEW;
END $$;
DO $$
BEGIN
  CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT OR UPDATE ON forged.child FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
  PERFORM hooks.register('insert', 'before', 'insert', 'forged.child', 'forged.ops');
  INSERT INTO forged.child VALUES (9) ON CONFLICT (id) DO UPDATE SET id = 9;
  RAISE 'fine';
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE 'fires for another action: %', SQLERRM = 'for another action';
END $$;

SET client_min_messages = warning;
DROP SCHEMA forged CASCADE;
DROP ROLE regress_hooks_forger;
