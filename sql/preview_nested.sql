-- A look ahead while another one plans how it finds its rows: what somebody wrote for an
-- index may look, too.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_preview_nested;
SET search_path = test_preview_nested;
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE other_child (id int, other int REFERENCES other ON DELETE CASCADE);
CREATE INDEX ON other_child (other);
INSERT INTO other VALUES (1);
INSERT INTO other_child VALUES (1, 1);
CREATE SEQUENCE looked;
CREATE FUNCTION look(int) RETURNS int LANGUAGE plpgsql IMMUTABLE SET search_path = test_preview_nested AS $$
BEGIN
    PERFORM setval('looked', (SELECT sum(rows) FROM hooks.preview_delete('other'))::bigint);
    RETURN $1;
END $$;
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int, parent int REFERENCES parents ON DELETE CASCADE);
CREATE INDEX ON children (parent);
CREATE INDEX ON children (id) WHERE look(1) > 0;
INSERT INTO parents VALUES (1), (2);
INSERT INTO children VALUES (1, 1), (2, 2);
SELECT setval('looked', 1);

-- A session that has read none of it yet, so that the condition is read in the walk.
\c -
SET search_path = test_preview_nested;
SELECT relation, action, rows FROM hooks.preview_delete('parents', 'id = 1');
SELECT last_value FROM looked;

SET client_min_messages = warning;
DROP SCHEMA test_preview_nested CASCADE;
