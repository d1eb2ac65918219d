-- What callbacks do to the rows of a closure: each row that is removed is in
-- exactly one firing of a before_closure hook.
SET client_min_messages = warning;
CREATE TABLE room (id int PRIMARY KEY);
CREATE TABLE thread (id int PRIMARY KEY, room int CONSTRAINT in_room REFERENCES room ON DELETE CASCADE);
CREATE TABLE msg (id int PRIMARY KEY, thread int CONSTRAINT in_thread REFERENCES thread ON DELETE CASCADE, t text);
CREATE TABLE log (n serial, hook text, depth int, rows text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO log (hook, depth, rows)
    SELECT TG_NAME, (hooks.context()).cascade_depth, string_agg(to_jsonb(o)::text, ', ' ORDER BY to_jsonb(o)) FROM old_table o;
  IF TG_NARGS > 0 THEN
    EXECUTE TG_ARGV[0];
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION try(callback text, on_thread boolean DEFAULT true) RETURNS TABLE (hook text, depth int, rows text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hooks.register('threads', 'before_closure', 'delete', 'thread', 'note',
    arguments => CASE WHEN on_thread THEN ARRAY[callback] ELSE '{}' END, replace => true);
  PERFORM hooks.register('msgs', 'before_closure', 'delete', 'msg', 'note',
    arguments => CASE WHEN on_thread THEN '{}' ELSE ARRAY[callback] END, replace => true);
  TRUNCATE room, thread, msg;
  TRUNCATE log RESTART IDENTITY;
  INSERT INTO room VALUES (1), (2);
  INSERT INTO thread VALUES (10, 1), (11, 1), (20, 2);
  INSERT INTO msg VALUES (100, 10), (101, 10), (110, 11), (200, 20);
  DELETE FROM room WHERE id = 1;
  RETURN QUERY SELECT l.hook, l.depth, l.rows FROM log l ORDER BY n;
  RETURN QUERY SELECT 'left'::text, NULL::int, string_agg(to_jsonb(m)::text, ', ' ORDER BY to_jsonb(m)) FROM msg m;
END $$;

-- a row that comes into the cascade later fires at its own level
SELECT * FROM try('INSERT INTO msg VALUES (102, 10)');
SELECT * FROM try('UPDATE msg SET thread = 11 WHERE thread = 20');

-- what a callback deletes is told of where the hooks of its table were told before
SELECT hooks.register('rooms', 'before_closure', 'delete', 'room', 'note');
SELECT * FROM try('DELETE FROM room WHERE id = 2');
SELECT hooks.unregister('rooms');

-- one that is changed is told as it is going to be removed, and not again
SELECT * FROM try($$UPDATE msg SET t = 'new' WHERE id = 100$$);
SELECT * FROM try($$UPDATE msg SET t = 'new' WHERE id = 100; UPDATE msg SET t = 'newer' WHERE id = 100$$);
SELECT * FROM try($$UPDATE msg SET t = 'new' WHERE id = 100; UPDATE msg SET t = 'newer' WHERE id = 100$$, false);

-- one that a callback removes is told of once
SELECT * FROM try('DELETE FROM msg WHERE id = 100');
SELECT * FROM try('DELETE FROM msg WHERE id = 100', false);
SELECT * FROM try('DELETE FROM thread WHERE id = 10');
SELECT * FROM try('DELETE FROM room', false);

-- unless that is taken back
SELECT * FROM try($$DO 'BEGIN DELETE FROM msg WHERE id = 100; RAISE division_by_zero; EXCEPTION WHEN OTHERS THEN NULL; END'$$);
SELECT * FROM try($$DO 'BEGIN DELETE FROM msg WHERE id = 100; RAISE division_by_zero; EXCEPTION WHEN OTHERS THEN NULL; END'$$, false);

-- one that a callback takes out of the cascade stays, and fires when it goes
SELECT * FROM try('UPDATE msg SET thread = 20 WHERE id = 100; DELETE FROM msg WHERE id = 200');
TRUNCATE log;
DELETE FROM room;
SELECT hook, depth, rows FROM log ORDER BY n;

-- a failed callback was told
SELECT hooks.register('threads', 'before_closure', 'delete', 'thread', 'note', arguments => '{SELECT 1/0}', on_error => 'isolate', replace => true);
INSERT INTO room VALUES (1);
INSERT INTO thread VALUES (10, 1);
DELETE FROM room;
SELECT hook, sqlstate, context ~ 'hook "threads" \(before_closure delete on thread\)' AS context FROM hooks.failure WHERE hook = 'threads';

-- triggers that add rows
SELECT hooks.register('threads', 'before_closure', 'delete', 'thread', 'note', replace => true);
CREATE FUNCTION another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO msg SELECT 1000 + OLD.id, min(id) FROM thread;
  RETURN OLD;
END $$;
CREATE TRIGGER another BEFORE DELETE ON room FOR EACH ROW EXECUTE FUNCTION another();
CREATE TRIGGER another BEFORE DELETE ON thread FOR EACH ROW WHEN (OLD.id = 10) EXECUTE FUNCTION another();
TRUNCATE log;
INSERT INTO room VALUES (1);
INSERT INTO thread VALUES (10, 1), (11, 1);
DELETE FROM room;
SELECT hook, depth, rows FROM log ORDER BY n;

-- rows that the cascade, or a callback, moves to another partition before they go
CREATE TABLE area (id int PRIMARY KEY, room int REFERENCES room ON DELETE CASCADE);
CREATE TABLE seat (id int, room int DEFAULT 9 REFERENCES room ON DELETE SET DEFAULT, area int REFERENCES area ON DELETE CASCADE) PARTITION BY LIST (room);
CREATE TABLE seat_9 (area int, room int DEFAULT 9, id int);
ALTER TABLE seat ATTACH PARTITION seat_9 FOR VALUES IN (9);
CREATE TABLE seat_other PARTITION OF seat DEFAULT;
SELECT hooks.register('seats', 'before_closure', 'delete', 'seat', 'note');
SELECT hooks.register('seats of 9', 'before_closure', 'delete', 'seat_9', 'note');
INSERT INTO room VALUES (1), (9);
INSERT INTO area VALUES (1, 1), (2, 1), (9, 9);
INSERT INTO seat VALUES (1, 1, 1), (2, 1, 2), (3, 1, 9), (4, 1, NULL), (5, 9, 1), (6, 9, 9);
TRUNCATE log RESTART IDENTITY;
DELETE FROM room WHERE id = 1;
SELECT hook, depth, rows FROM log ORDER BY n;
SELECT hooks.register('seats', 'before_closure', 'delete', 'seat', 'note', arguments => '{UPDATE seat SET room = 8 WHERE id = 6}', replace => true);
INSERT INTO room VALUES (7), (8);
UPDATE area SET room = 7;
TRUNCATE log RESTART IDENTITY;
DELETE FROM room WHERE id = 7;
SELECT hook, depth, rows FROM log ORDER BY n;
TABLE seat ORDER BY id;
SELECT hooks.register('seats', 'before_closure', 'delete', 'seat', 'note', arguments => '{UPDATE seat SET room = 8 WHERE id = 6; DELETE FROM seat WHERE id = 6}', replace => true);
INSERT INTO room VALUES (6);
INSERT INTO area VALUES (9, 6);
INSERT INTO seat VALUES (3, 9, 9), (6, 9, 9);
TRUNCATE log RESTART IDENTITY;
DELETE FROM room WHERE id = 6;
SELECT hook, depth, rows FROM log ORDER BY n;
DROP TABLE seat, area;

DROP TABLE room, thread, msg, log;
DROP FUNCTION note, try, another;
