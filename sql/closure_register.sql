-- What before_closure can be registered for, by whom, and what the tables get.
SET client_min_messages = warning;
CREATE TABLE top (id int PRIMARY KEY);
CREATE TABLE middle (id int PRIMARY KEY, top int REFERENCES top ON DELETE CASCADE);
CREATE TABLE leaf (id int PRIMARY KEY, middle int REFERENCES middle ON DELETE CASCADE);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% on % at depth %: %; % of middle are there', TG_NAME, TG_TABLE_NAME, (hooks.context()).cascade_depth,
    (SELECT string_agg(id::text, ' ' ORDER BY id) FROM old_table), (SELECT count(*) FROM middle);
  RETURN NULL;
END $$;
CREATE FUNCTION take_event(event jsonb) RETURNS void LANGUAGE sql AS '';
CREATE VIEW captures AS SELECT tgrelid::regclass AS "table", tgenabled FROM pg_trigger
 WHERE tgname = 'Hooks_before_cascade_delete' AND tgrelid::regclass::text !~ 'hooks' ORDER BY tgrelid::regclass::text;

-- delete, at level statement, with a trigger function
SELECT hooks.register('x', 'before_closure', a, 'leaf', 'tell') FROM unnest('{insert}'::text[]) a;
SELECT hooks.register('x', 'before_closure', 'delete, update', 'leaf', 'tell');
SELECT hooks.register('x', 'before_closure', 'truncate', 'leaf', 'tell');
SELECT hooks.register('x', 'before_closure', 'drop', 'leaf', 'take_event');
SELECT hooks.register('x', 'before_closure', 'delete', 'leaf', 'tell', level => 'row');
SELECT hooks.register('x', 'before_closure', 'delete', 'leaf', 'tell', columns => '{id}');
SELECT hooks.register('x', 'before_closure', 'delete', 'leaf', 'tell', on_error => 'retry');
SELECT hooks.register('x', 'before_closure', 'delete', 'leaf', 'tell', condition => 'NEW.id > 1');
SELECT hooks.register('x', 'before_closure', 'delete', 'leaf', 'take_event');
SELECT hooks.register('x', 'before_closure', 'delete', 'captures', 'tell');
SELECT hooks.register('x', 'before_closure', 'delete', 'leaf', 'hooks.audit');

-- of a group, what it can mean
SELECT hooks.register('x', 'before_closure', 'write', 'leaf', 'tell', level => 'statement');
SELECT hooks.register('x', 'before_closure', 'delete', 'leaf', 'tell');
SELECT action, level, on_error FROM hooks.registry WHERE name = 'x';
TABLE captures;

-- where a role could not create a trigger on a table above, it is refused
CREATE ROLE regress_closure;
GRANT CREATE ON SCHEMA public TO regress_closure;
GRANT TRIGGER ON leaf, middle TO regress_closure;
SET ROLE regress_closure;
SELECT hooks.register('y', 'before_closure', 'delete', 'leaf', 'tell');
RESET ROLE;
GRANT TRIGGER ON top TO regress_closure;
SET ROLE regress_closure;
SELECT hooks.register('y', 'before_closure', 'delete', 'leaf', 'tell');
RESET ROLE;
SELECT hooks.unregister('x');
TABLE captures;

-- it needs no right to read what it is told of
INSERT INTO top VALUES (1);
INSERT INTO middle VALUES (1, 1);
INSERT INTO leaf VALUES (1, 1), (2, 1);
GRANT SELECT ON middle TO regress_closure;
BEGIN;
DELETE FROM top;
ROLLBACK;

-- a foreign key that comes later: told, and the hook fires at its own level
CREATE TABLE higher (id int PRIMARY KEY);
INSERT INTO higher VALUES (1);
ALTER TABLE top ADD higher int DEFAULT 1 CONSTRAINT top_higher REFERENCES higher ON DELETE CASCADE;
TABLE captures;
-- ... which is no matter for hooks of other phases
SET ROLE regress_closure;
SELECT hooks.register('z', 'before', 'insert', 'leaf', 'tell');
RESET ROLE;
SELECT severity, code, object, message, hint FROM hooks.check() WHERE code = 'closure_late';
SELECT hooks.unregister('z');
BEGIN;
DELETE FROM higher;
ROLLBACK;
GRANT TRIGGER ON higher TO regress_closure;
SELECT hooks.repair() > 0;
TABLE captures;
SELECT count(*) FROM hooks.check() WHERE code = 'closure_late';
BEGIN;
DELETE FROM higher;
ROLLBACK;

-- a trigger above that is missing or switched off is found and mended
ALTER TABLE top DISABLE TRIGGER USER;
DROP TRIGGER "Hooks_before_cascade_delete" ON higher;
SELECT code, object, message FROM hooks.check() WHERE code = 'trigger_broken';
SELECT hooks.repair();
TABLE captures;

-- the first statement of a session without preload is not seen: told of the same
\c -
SET client_min_messages = warning;
BEGIN;
DELETE FROM higher;
DELETE FROM middle;
ROLLBACK;

-- keep works in it
SELECT hooks.unregister('y');
SELECT hooks.register('bin', 'before_closure', 'delete', 'leaf', 'hooks.keep');
DELETE FROM higher;
SELECT hooks.restore(kept_id) FROM hooks.kept ORDER BY kept_id DESC LIMIT 1;
SELECT leaf.id, middle.top, higher FROM leaf JOIN middle ON middle = middle.id JOIN top ON top = top.id;
SELECT hooks.register('bin2', 'before_cascade', 'delete', 'top', 'hooks.keep');
DELETE FROM top;
SELECT count(*) FROM hooks.kept WHERE transaction_id = (SELECT max(transaction_id::text::bigint)::text::xid8 FROM hooks.kept);

-- a key that comes alone, of a column that is there or not
CREATE TABLE highest (id int PRIMARY KEY);
CREATE TABLE beside (id int PRIMARY KEY);
SELECT hooks.register('z', 'before_closure', 'delete', 'higher', 'tell');
ALTER TABLE higher ADD FOREIGN KEY (id) REFERENCES highest ON DELETE CASCADE NOT VALID;
ALTER TABLE higher ADD beside int REFERENCES beside ON DELETE CASCADE;
SELECT "table" FROM captures WHERE "table" IN ('highest'::regclass, 'beside'::regclass);
-- A key that is enforced later (since 18).
CREATE TABLE idle (id int PRIMARY KEY);
ALTER TABLE higher ADD idle int;
SELECT current_setting('server_version_num')::int < 180000 AS older \gset
\if :older
ALTER TABLE higher ADD CONSTRAINT idle FOREIGN KEY (idle) REFERENCES idle ON DELETE CASCADE;
\else
ALTER TABLE higher ADD CONSTRAINT idle FOREIGN KEY (idle) REFERENCES idle ON DELETE CASCADE NOT ENFORCED;
ALTER TABLE higher ALTER CONSTRAINT idle ENFORCED;
\endif
SELECT "table" FROM captures WHERE "table" = 'idle'::regclass;
SELECT hooks.unregister('z');

DROP VIEW captures;
DROP TABLE highest, beside, idle, higher, top, middle, leaf;
DROP FUNCTION tell, take_event;
DELETE FROM hooks.kept_row;
DELETE FROM hooks.kept;
REVOKE CREATE ON SCHEMA public FROM regress_closure;
DROP ROLE regress_closure;
