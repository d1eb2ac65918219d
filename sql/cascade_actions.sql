-- before_cascade on delete comes before every other action of a foreign key,
-- not only CASCADE.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_cascade_actions;
SET search_path = test_cascade_actions;

CREATE TABLE owners (id int PRIMARY KEY);
CREATE TABLE items (id int PRIMARY KEY, owner_id int REFERENCES owners ON DELETE SET NULL);
CREATE TABLE tools (id int PRIMARY KEY, owner_id int DEFAULT 0 REFERENCES owners ON DELETE SET DEFAULT);
CREATE TABLE notes (id int PRIMARY KEY, owner_id int REFERENCES owners ON DELETE CASCADE
                                                     DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE bills (id int PRIMARY KEY, owner_id int CONSTRAINT bills_fkey REFERENCES owners);
INSERT INTO owners VALUES (0), (1), (2), (3), (4);
INSERT INTO items VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO tools VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO notes VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO bills VALUES (1, 4);

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% of %: items %, tools %, notes %, bills %', TG_NAME,
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM old_table),
        (SELECT count(*) FROM items WHERE owner_id IN (SELECT id FROM old_table)),
        (SELECT count(*) FROM tools WHERE owner_id IN (SELECT id FROM old_table)),
        (SELECT count(*) FROM notes WHERE owner_id IN (SELECT id FROM old_table)),
        (SELECT count(*) FROM bills WHERE owner_id IN (SELECT id FROM old_table));
    RETURN NULL;
END $$;
CREATE FUNCTION tell_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % on %: % -> %', TG_NAME, TG_WHEN, TG_OP, TG_TABLE_NAME, OLD, NEW;
    RETURN NEW;
END $$;
SELECT hooks.register('cut_owners', 'before_cascade', 'delete', 'owners', 'tell', package => 'actions');

-- SET NULL and SET DEFAULT are updates of the child: its delete hooks do not
-- fire, its update hooks do.  A cascade is never deferred, though its foreign
-- key is.
SELECT hooks.register('cut_items', 'before_cascade', 'delete', 'items', 'tell', package => 'actions');
SELECT hooks.register('set_items', 'before', 'update', 'items', 'tell_row', package => 'actions');
SELECT hooks.register('set_tools', 'after', 'update', 'tools', 'tell_row', package => 'actions');
BEGIN;
DELETE FROM owners WHERE id = 2;
SELECT id, owner_id FROM items ORDER BY id;
SELECT id, owner_id FROM tools ORDER BY id;
SELECT id, owner_id FROM notes ORDER BY id;
ROLLBACK;

-- An action that changes a key to which others refer in turn is an update of a
-- referenced key: before_cascade update, with the rows below as they were.
CREATE TABLE rooms (id int PRIMARY KEY);
CREATE TABLE desks (room_id int DEFAULT 0 PRIMARY KEY REFERENCES rooms ON DELETE SET DEFAULT);
CREATE TABLE lamps (id int PRIMARY KEY, desk int REFERENCES desks ON UPDATE CASCADE);
INSERT INTO rooms VALUES (0), (1);
INSERT INTO desks VALUES (1);
INSERT INTO lamps VALUES (1, 1), (2, 1);
CREATE FUNCTION tell_desk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % -> %, lamps at %', TG_NAME, (SELECT room_id FROM old_table),
        (SELECT room_id FROM new_table),
        (SELECT string_agg(desk::text, ' ' ORDER BY id) FROM lamps);
    RETURN NULL;
END $$;
SELECT hooks.register('move_desks', 'before_cascade', 'update', 'desks', 'tell_desk', package => 'actions');
DELETE FROM rooms WHERE id = 1;
SELECT id, desk FROM lamps ORDER BY id;

-- NO ACTION: the hook fires before the check that fails, and what it did goes
-- with the statement.
CREATE TABLE kept (owner_id int);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kept SELECT id FROM old_table;
    RETURN NULL;
END $$;
SELECT hooks.register('keep_owners', 'before_cascade', 'delete', 'owners', 'keep', package => 'actions');
\set VERBOSITY terse
DELETE FROM owners WHERE id = 4;
SELECT count(*) FROM kept;

-- A hook may also make the check pass.
CREATE FUNCTION settle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM bills WHERE owner_id IN (SELECT id FROM old_table);
    RETURN NULL;
END $$;
SELECT hooks.register('settle_owners', 'before_cascade', 'delete', 'owners', 'settle', package => 'actions');
DELETE FROM owners WHERE id = 4;
SELECT owner_id FROM kept;

SELECT hooks.unregister_package('actions');
SET client_min_messages = warning;
DROP SCHEMA test_cascade_actions CASCADE;
