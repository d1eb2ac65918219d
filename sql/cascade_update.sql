-- before_cascade on update: fires for a change of a key that others refer to,
-- with the rows before and after it, while ON UPDATE actions are yet to come.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_cascade_update;
SET search_path = test_cascade_update;

CREATE TABLE teams (id int PRIMARY KEY, code text UNIQUE, note text);
CREATE TABLE users (team_id int PRIMARY KEY REFERENCES teams ON UPDATE CASCADE, name text);
CREATE TABLE visits (user_id int REFERENCES users ON UPDATE CASCADE);
CREATE TABLE badges (id int, code text REFERENCES teams (code) ON UPDATE SET NULL);
INSERT INTO teams VALUES (1, 'a'), (2, 'b'), (3, 'c');
INSERT INTO users VALUES (1, 'ann'), (2, 'bob'), (3, 'cid');
INSERT INTO visits VALUES (1), (1), (2), (3);
INSERT INTO badges VALUES (1, 'a'), (2, 'b'), (3, 'c');

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % of %: % -> %; users %; visits %; badges %',
        TG_NAME, TG_WHEN, TG_OP, TG_TABLE_NAME,
        (SELECT string_agg(o::text, ' ' ORDER BY o::text COLLATE "C") FROM old_table o),
        (SELECT string_agg(n::text, ' ' ORDER BY n::text COLLATE "C") FROM new_table n),
        (SELECT string_agg(team_id::text, ' ' ORDER BY name) FROM users),
        (SELECT string_agg(user_id::text, ' ' ORDER BY user_id) FROM visits),
        (SELECT string_agg(coalesce(code, 'null'), ' ' ORDER BY id) FROM badges);
    RETURN NULL;
END $$;
SELECT hooks.register('move_teams', 'before_cascade', 'update', 'teams', 'tell', package => 'cascade_update');

-- The statement assigns the key of every row, but changes it in one: that row
-- alone is told of.
BEGIN;
UPDATE teams SET id = CASE id WHEN 2 THEN 20 ELSE id END, note = 'seen';
SELECT string_agg(team_id::text, ' ' ORDER BY name) FROM users;
ROLLBACK;

-- Nothing fires if no referenced column changes: another column, the same
-- value again, no row.
UPDATE teams SET note = 'x';
UPDATE teams SET id = id, code = code || '';
UPDATE teams SET id = 30 WHERE id = 99;

-- All rows of a bulk change in one firing, and every table and level that the
-- change reaches fires in turn: users is the child of teams, and the parent of
-- visits.
SELECT hooks.register('move_users', 'before_cascade', 'update', 'users', 'tell', package => 'cascade_update');
BEGIN;
UPDATE teams SET id = id * 10 WHERE id < 3;
SELECT string_agg(user_id::text, ' ' ORDER BY user_id) FROM visits;
ROLLBACK;

-- A key that a BEFORE trigger changes counts though no one assigned it.
CREATE FUNCTION recode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.code = NEW.code || NEW.note;
    RETURN NEW;
END $$;
CREATE TRIGGER recode BEFORE UPDATE OF note ON teams FOR EACH ROW EXECUTE FUNCTION recode();
BEGIN;
UPDATE teams SET note = '2' WHERE id = 1;
SELECT string_agg(coalesce(code, 'null'), ' ' ORDER BY id) FROM badges;
ROLLBACK;

-- columns narrows a hook to statements that assign one of them.
SELECT hooks.register('recode_teams', 'before_cascade', 'update', 'teams', 'tell',
                      columns => '{code, note}', package => 'cascade_update');
SELECT hooks.disable('move_teams');
SELECT hooks.disable('move_users');
BEGIN;
UPDATE teams SET id = 10 WHERE id = 1;     -- id is not among them
UPDATE teams SET note = '2' WHERE id = 2;  -- note is, and code changes
UPDATE teams SET code = 'C' WHERE id = 3;
ROLLBACK;
SELECT hooks.enable('move_teams');
SELECT hooks.unregister('recode_teams');

-- The update of an upsert, and of a join, is an update.
BEGIN;
INSERT INTO teams VALUES (1, 'z'), (7, 'g') ON CONFLICT (id) DO UPDATE SET id = 10, code = excluded.code;
ROLLBACK;
BEGIN;
UPDATE teams t SET id = n.new FROM (VALUES ('a', 11), ('a', 11), ('b', 2), ('c', 33)) n (code, new) WHERE n.code = t.code;
ROLLBACK;

-- A key that somebody else's foreign key restricts: the hook fires first, then
-- the check fails and takes everything back.
CREATE TABLE logins (user_id int CONSTRAINT logins_fkey REFERENCES users);
INSERT INTO logins VALUES (3);
SELECT hooks.enable('move_users');
\set VERBOSITY terse
UPDATE teams SET id = 30 WHERE id = 3;
SELECT id, team_id FROM teams JOIN users ON team_id = id ORDER BY id;

-- A table that refers to itself: all keys move, the references follow after.
CREATE TABLE marks (id int PRIMARY KEY, up int REFERENCES marks ON UPDATE CASCADE);
INSERT INTO marks VALUES (1, NULL), (2, 1), (3, 2);
CREATE FUNCTION tell_marks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % -> %; all: %', TG_NAME,
        (SELECT string_agg(o::text, ' ' ORDER BY o.id) FROM old_table o),
        (SELECT string_agg(n::text, ' ' ORDER BY n.id) FROM new_table n),
        (SELECT string_agg(m::text, ' ' ORDER BY m.id) FROM marks m);
    RETURN NULL;
END $$;
SELECT hooks.register('move_marks', 'before_cascade', 'update', 'marks', 'tell_marks', package => 'cascade_update');
UPDATE marks SET id = id + 10;
SELECT id, up FROM marks ORDER BY id;

SELECT hooks.unregister_package('cascade_update');
SET client_min_messages = warning;
DROP SCHEMA test_cascade_update CASCADE;
