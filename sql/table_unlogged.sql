-- Unlogged tables have hooks as others have, and keep them when they change
-- into logged ones and back, which writes them anew.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_unlogged;
SET search_path = test_unlogged;

CREATE UNLOGGED TABLE parents (id int PRIMARY KEY);
CREATE UNLOGGED TABLE children (id int, parent_id int REFERENCES parents ON DELETE CASCADE);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % % on %, % children', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_NAME, (SELECT count(*) FROM children);
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION tell_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % % on %: %, % children', TG_NAME, TG_WHEN, TG_OP, TG_TABLE_NAME,
        (SELECT string_agg(o.id::text, ' ' ORDER BY o.id) FROM old_table o), (SELECT count(*) FROM children);
    RETURN NULL;
END $$;
SELECT hooks.register('first', 'before', 'write', 'parents', 'tell', level => 'statement', package => 'unlogged');
SELECT hooks.register('row', 'before', 'write', 'parents', 'tell', package => 'unlogged');
SELECT hooks.register('cut', 'before_cascade', 'delete', 'parents', 'tell_rows', package => 'unlogged');
SELECT hooks.register('empty', 'before_cascade', 'truncate', 'children', 'tell', package => 'unlogged');
SELECT hooks.register('row done', 'after', 'write', 'parents', 'tell', package => 'unlogged');
SELECT hooks.register('last', 'after', 'delete', 'parents', 'tell_rows', level => 'statement', package => 'unlogged');
INSERT INTO parents VALUES (1);
INSERT INTO children VALUES (10, 1), (11, 1);
DELETE FROM parents;
TRUNCATE parents CASCADE;

-- logged, referenced tables first, and unlogged again
INSERT INTO parents VALUES (2);
INSERT INTO children VALUES (20, 2);
ALTER TABLE parents SET LOGGED;
ALTER TABLE children SET LOGGED;
DELETE FROM parents;
INSERT INTO parents VALUES (3);
INSERT INTO children VALUES (30, 3);
ALTER TABLE children SET UNLOGGED;
ALTER TABLE parents SET UNLOGGED;
DELETE FROM parents;
SELECT relname, relpersistence FROM pg_class
 WHERE relnamespace = 'test_unlogged'::regnamespace AND relkind = 'r' ORDER BY relname;
SELECT hooks.unregister_package('unlogged');

SET client_min_messages = warning;
DROP SCHEMA test_unlogged CASCADE;
