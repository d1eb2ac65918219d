-- restore(..., triggers => 'skip') puts rows back without users' triggers and hooks:
-- their work is in the bin itself.  Foreign keys are looked at all the same.
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE TABLE thread (id int PRIMARY KEY, msgs int NOT NULL DEFAULT 0);
CREATE TABLE poster (id int PRIMARY KEY);
CREATE TABLE msg (id int, thread int REFERENCES thread ON DELETE CASCADE, poster int REFERENCES poster) PARTITION BY RANGE (id);
CREATE TABLE msg_1 PARTITION OF msg FOR VALUES FROM (0) TO (3);
CREATE TABLE msg_2 PARTITION OF msg FOR VALUES FROM (3) TO (10);
CREATE TABLE note (id int PRIMARY KEY, thread int REFERENCES thread ON DELETE SET NULL, changes int DEFAULT 0);
CREATE FUNCTION count_msgs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% % during restore of "%"', TG_NAME, NEW.id, current_setting('hooks.restoring');
  UPDATE thread SET msgs = msgs + 1 WHERE id = NEW.thread;
  RETURN NULL;
END $$;
CREATE FUNCTION count_changes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changes := NEW.changes + 1; RETURN NEW; END $$;
CREATE TRIGGER count_msgs AFTER INSERT ON msg FOR EACH ROW EXECUTE FUNCTION count_msgs();
CREATE TRIGGER count_changes BEFORE UPDATE ON note FOR EACH ROW EXECUTE FUNCTION count_changes();
CREATE FUNCTION hooked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'hook % fires', TG_NAME; RETURN NULL; END $$;
SELECT hooks.register('hook', 'after', 'insert', 'msg', 'hooked', level => 'statement');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'thread', 'hooks.keep');
SELECT setval('hooks.kept_kept_id_seq', 500) \g /dev/null
INSERT INTO thread VALUES (1);
INSERT INTO poster VALUES (1);
INSERT INTO msg VALUES (1, 1, 1), (4, 1, 1);
INSERT INTO note VALUES (1, 1);
ALTER TABLE note DISABLE TRIGGER count_changes;
DELETE FROM thread;
ALTER TABLE note ENABLE TRIGGER count_changes;

-- with triggers the counter counts again what it has counted already
BEGIN;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT t.msgs, n.changes, (SELECT count(*) FROM msg) FROM thread t JOIN note n ON n.thread = t.id;
ROLLBACK;

-- without, all is as it was; in which partition a row is does not matter
BEGIN;
SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept;
SELECT t.msgs, n.changes, (SELECT count(*) FROM msg_1), (SELECT count(*) FROM msg_2) FROM thread t JOIN note n ON n.thread = t.id;
-- for the restore only
INSERT INTO msg VALUES (2, 1, 1);
ROLLBACK;
BEGIN;
SELECT hooks.restore_transaction(max(transaction_id::text::bigint)::text::xid8, triggers => 'skip') FROM hooks.kept;
SELECT msgs FROM thread;
ROLLBACK;

-- what hooks have missed by it is counted once for a statement: those of the table, and
-- of partitions that got rows; not those of others, and those that are disabled
BEGIN;
CREATE FUNCTION restored(event jsonb) RETURNS void LANGUAGE sql AS '';
SELECT hooks.register('restored', 'before', 'restore', 'msg', 'restored');
SELECT hooks.register('row', 'after', 'insert', 'msg', 'hooked');
SELECT hooks.register('of_part', 'before', 'insert', 'msg_2', 'hooked');
SELECT hooks.register('of_part, statement', 'before', 'insert', 'msg_2', 'hooked', level => 'statement');
SELECT hooks.register('deletes', 'before', 'delete', 'msg', 'hooked');
SELECT hooks.register('changed', 'after', 'update', 'note', 'hooked');
SELECT hooks.register('off', 'after', 'insert', 'msg', 'hooked');
SELECT hooks.disable('off');
SELECT hooks.reset_stats();
SET hooks.trace = on;
SET client_min_messages = notice;
SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept;
SET client_min_messages = warning;
RESET hooks.trace;
SELECT hook, calls, bypassed FROM hooks.stats ORDER BY hook;
ROLLBACK;

-- foreign keys, now or at COMMIT
BEGIN; DELETE FROM poster; SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept; ROLLBACK;
ALTER TABLE msg DROP CONSTRAINT msg_poster_fkey, ADD FOREIGN KEY (poster) REFERENCES poster DEFERRABLE INITIALLY DEFERRED;
BEGIN; DELETE FROM poster; SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept; COMMIT;

-- hooks.restoring is set by restore() only, and to words that it knows
SET hooks.restoring = '1';
SHOW hooks.restoring;
SELECT hooks.restore(max(kept_id), triggers => 'none') FROM hooks.kept;
SELECT hooks.restore(max(kept_id), missing => NULL) FROM hooks.kept;

-- only owners could switch triggers off
CREATE ROLE regress_restorer;
GRANT SELECT, INSERT, UPDATE ON thread, poster, msg, note TO regress_restorer;
SET ROLE regress_restorer;
BEGIN; SELECT hooks.restore(501, triggers => 'skip'); ROLLBACK;
RESET ROLE;
SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept;

-- a companion that a trigger makes: with triggers it is there before its row comes
-- back, without there is the one that was kept
CREATE TABLE account (id int PRIMARY KEY);
CREATE TABLE profile (account int PRIMARY KEY REFERENCES account ON DELETE CASCADE, motto text DEFAULT 'new');
CREATE FUNCTION make_profile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO profile VALUES (NEW.id); RETURN NULL; END $$;
CREATE TRIGGER make_profile AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION make_profile();
INSERT INTO account VALUES (1), (2);
UPDATE profile SET motto = 'mine' WHERE account = 1;
SELECT hooks.register('accounts', 'before_cascade', 'delete', 'account', 'hooks.keep');
DELETE FROM account;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
TABLE profile;
SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept;
SELECT * FROM account JOIN profile ON account = id ORDER BY id;
DROP TABLE account, profile;
DROP FUNCTION make_profile;

-- whoever owns the table need not own its children, whose rows are others
CREATE TABLE post (id int, thread int REFERENCES thread ON DELETE CASCADE);
CREATE TABLE old_post () INHERITS (post);
ALTER TABLE post OWNER TO regress_restorer;
INSERT INTO thread (id) VALUES (77);
INSERT INTO post VALUES (1, 77);
INSERT INTO old_post VALUES (2, 77);
ALTER TABLE thread OWNER TO regress_restorer;
DELETE FROM thread WHERE id = 77;
SET ROLE regress_restorer;
SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept;
RESET ROLE;
SELECT * FROM post ORDER BY id;
DROP TABLE old_post, post;
REASSIGN OWNED BY regress_restorer TO CURRENT_USER;

-- of partitions whose rows are changed back, too
CREATE TABLE mark (id int, thread int REFERENCES thread ON DELETE SET NULL) PARTITION BY RANGE (id);
CREATE TABLE mark_1 PARTITION OF mark FOR VALUES FROM (0) TO (3);
CREATE TABLE mark_2 PARTITION OF mark FOR VALUES FROM (3) TO (10);
INSERT INTO thread VALUES (2);
INSERT INTO mark VALUES (1, 2);
DELETE FROM thread WHERE id = 2;
SELECT hooks.register('of_part', 'before', 'update', 'mark_1', 'hooked');
SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept;
SELECT hook, calls, bypassed FROM hooks.stats WHERE hook = 'of_part';
SELECT * FROM mark;
DROP TABLE mark;

SELECT hooks.unregister('bin'), hooks.unregister('hook');
DROP TABLE thread, poster, msg, note;
DROP FUNCTION count_msgs, count_changes, hooked;
DROP ROLE regress_restorer;
DELETE FROM hooks.kept;
