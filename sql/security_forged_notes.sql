-- Nothing is to be gained from calling note(), or from triggers that call it.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_note_forger;
CREATE SCHEMA forged_notes;
GRANT ALL ON SCHEMA forged_notes TO PUBLIC;
SET search_path = forged_notes;
CREATE TABLE t (id int PRIMARY KEY);
GRANT ALL ON t TO regress_hooks_note_forger;
CREATE FUNCTION told(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: %', event->>'hook', event->'changes';
END $$;
SELECT hooks.register('h', 'before_commit', 'write', 't', 'told');
INSERT INTO t VALUES (1), (2);
SET ROLE regress_hooks_note_forger;
CREATE TABLE mine (id int, at tid);

-- called as a function
SELECT hooks.note(NULL, NULL);
SELECT hooks.note(NULL, NULL, NULL);
SELECT hooks.note('t'::regclass, '(0,1)');
SELECT hooks.note(tableoid, ctid) FROM t;
SELECT hooks.note(a.tableoid, a.ctid, b.ctid) FROM t a LEFT JOIN t b USING (id);
UPDATE t SET id = id RETURNING hooks.note(tableoid, ctid, ctid);
INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 1 WHERE hooks.note(t.tableoid, t.ctid);
-- in a WHEN, but not of the row's own columns
CREATE TRIGGER other AFTER INSERT ON mine FOR EACH ROW
  WHEN (hooks.note('forged_notes.t'::regclass, '(0,1)')) EXECUTE FUNCTION hooks.dispatch();
INSERT INTO mine VALUES (1);
DROP TRIGGER other ON mine;
CREATE TRIGGER other AFTER INSERT ON mine FOR EACH ROW
  WHEN (hooks.note('forged_notes.t'::regclass, NEW.at)) EXECUTE FUNCTION hooks.dispatch();
INSERT INTO mine VALUES (1);
DROP TRIGGER other ON mine;
CREATE TRIGGER other BEFORE INSERT ON mine FOR EACH ROW
  WHEN (hooks.note(1, NEW.at, NEW.at)) EXECUTE FUNCTION hooks.dispatch();
INSERT INTO mine VALUES (1);
DROP TRIGGER other ON mine;
-- of a table without hooks, by our name: it fires nothing
CREATE TRIGGER hooks_before_commit_insert AFTER INSERT ON mine FOR EACH ROW
  WHEN (hooks.note(NEW.tableoid, NEW.ctid)) EXECUTE FUNCTION hooks.dispatch();
CREATE CONSTRAINT TRIGGER hooks_before_commit_update AFTER UPDATE ON mine DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (hooks.note(OLD.tableoid, OLD.ctid, NEW.ctid)) EXECUTE FUNCTION hooks.dispatch();
CREATE TRIGGER hooks_before_commit_delete BEFORE DELETE ON mine FOR EACH ROW
  WHEN (hooks.note(OLD.tableoid, OLD.ctid)) EXECUTE FUNCTION hooks.dispatch();
INSERT INTO mine VALUES (2);
UPDATE mine SET id = 3;
DELETE FROM mine;
-- a trigger of one's own on a table with hooks: it may make rows count that its
-- action was not, and no more
CREATE TRIGGER mine BEFORE INSERT ON t FOR EACH ROW
  WHEN (hooks.note(NEW.tableoid, NEW.ctid)) EXECUTE FUNCTION hooks.dispatch();
CREATE TRIGGER mine AFTER INSERT ON t FOR EACH ROW
  WHEN (hooks.note(NEW.tableoid, NEW.ctid)) EXECUTE FUNCTION hooks.dispatch();
INSERT INTO t VALUES (3);
-- ours dropped and made again, as something else
RESET ROLE;
GRANT TRIGGER ON t TO regress_hooks_note_forger;
ALTER TABLE t OWNER TO regress_hooks_note_forger;
SET ROLE regress_hooks_note_forger;
DROP TRIGGER hooks_before_commit_insert ON t;
CREATE TRIGGER hooks_before_commit_insert AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
INSERT INTO t VALUES (4);
RESET ROLE;
SELECT phase, action FROM hooks.chain('t');
SET client_min_messages = warning;
DROP SCHEMA forged_notes CASCADE;
DROP ROLE regress_hooks_note_forger;
