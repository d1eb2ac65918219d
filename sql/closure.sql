-- before_closure fires at the root of a delete, for every table of its closure,
-- before anything dependent is gone: nearest tables first, once, with all rows.
SET client_min_messages = warning;
CREATE TABLE room (id int PRIMARY KEY);
CREATE TABLE thread (id int PRIMARY KEY, room int CONSTRAINT in_room REFERENCES room ON DELETE CASCADE);
CREATE TABLE msg (id int PRIMARY KEY, thread int CONSTRAINT in_thread REFERENCES thread ON DELETE CASCADE, t text);
CREATE TABLE note (id int PRIMARY KEY, msg int REFERENCES msg ON DELETE SET NULL);
INSERT INTO room VALUES (1), (2);
INSERT INTO thread VALUES (10, 1), (11, 1), (20, 2);
INSERT INTO msg VALUES (100, 10, 'a'), (101, 11, 'b'), (200, 20, 'c');
INSERT INTO note VALUES (1, 100);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  c hooks.context := hooks.context();
BEGIN
  RAISE WARNING '% % % % on %: %', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_NAME,
    (SELECT string_agg(id::text, ' ' ORDER BY id) FROM old_table);
  RAISE WARNING '  % % %, depth %, %, root % %; % messages are there, % are doomed', c.phase, c.action, c.level,
    c.cascade_depth, c.constraint_name, c.root_action, c.root_relation::regclass,
    (SELECT count(*) FROM msg), (SELECT count(*) FROM hooks.doomed(NULL::msg));
  RETURN NULL;
END $$;
SELECT hooks.register(t || '_goes', 'before_closure', 'delete', t, 'tell') FROM unnest('{msg, room, thread}'::regclass[]) t;
-- (the library is there before the statement begins)
DELETE FROM room WHERE id = 1;
TABLE msg;
TABLE note;

-- from anywhere; the hook's own table alone, too
DELETE FROM thread;
DELETE FROM msg;
DELETE FROM room;

-- no row, no firing
DELETE FROM room;

-- two vetoes: the nearest is heard, before anything is gone
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM hooks.cancel('no ' || TG_TABLE_NAME); RETURN NULL; END $$;
INSERT INTO room VALUES (1);
INSERT INTO thread VALUES (10, 1);
INSERT INTO msg VALUES (100, 10);
SELECT hooks.register('veto_' || t, 'before_closure', 'delete', t, 'veto', priority => -1) FROM unnest('{msg, thread}'::regclass[]) t;
DELETE FROM room;
SELECT hooks.unregister('veto_thread');
DELETE FROM room;
SELECT hooks.unregister('veto_msg');

-- TRUNCATE does not fire it
BEGIN;
TRUNCATE room CASCADE;
ROLLBACK;

-- nor does what is no delete
UPDATE room SET id = id;
INSERT INTO room VALUES (3) ON CONFLICT DO NOTHING;

-- tables that are equally near: in the order of their hooks
CREATE TABLE tag (id int PRIMARY KEY, thread int REFERENCES thread ON DELETE CASCADE);
INSERT INTO tag VALUES (5, 10);
SELECT hooks.register('tag_goes', 'before_closure', 'delete', 'tag', 'tell', run_after => '{msg_goes}');
BEGIN;
DELETE FROM room;
ROLLBACK;
SELECT hooks.register('tag_goes', 'before_closure', 'delete', 'tag', 'tell', priority => -1, replace => true);
DELETE FROM room;

-- it shows where hooks are shown
SELECT phase, action, level, hook FROM hooks.chain('msg');
SELECT hooks.script();
INSERT INTO room VALUES (1);
INSERT INTO thread VALUES (10, 1);
SELECT depth, relation, rows, hooks FROM hooks.preview_delete('room');

DROP TABLE room, thread, msg, note, tag;
DROP FUNCTION tell, veto;
