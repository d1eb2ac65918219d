-- hooks.context() in phase after at level statement.  PostgreSQL fires such a
-- trigger of a child once for all that has joined into one event.  If the table has
-- a trigger FOR EACH ROW with transition tables, it makes more events, and which
-- rows are whose cannot be told: depth and foreign key are NULL there, and nowhere
-- else.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_transition;
SET search_path = test_transition;
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int PRIMARY KEY, parent_id int CONSTRAINT children_fkey REFERENCES parents ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO parents VALUES (1), (2), (3), (4);
INSERT INTO children SELECT id, id FROM parents;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    RAISE NOTICE '% of %: depth %, by %', c.action, c.relation, coalesce(c.cascade_depth::text, 'NULL'),
        coalesce(c.constraint_name, 'NULL');
    RETURN NULL;
END $$;
SELECT hooks.register('told', 'after', 'write', 'children', 'tell', level => 'statement');
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';

-- Without such a trigger
DELETE FROM parents WHERE id = 1;
UPDATE parents SET id = 20 WHERE id = 2;

-- With one on another action
CREATE TRIGGER on_insert AFTER INSERT ON children REFERENCING NEW TABLE AS n FOR EACH ROW EXECUTE FUNCTION nothing();
DELETE FROM parents WHERE id = 20;

-- With one on delete
CREATE TRIGGER on_delete AFTER DELETE ON children REFERENCING OLD TABLE AS o FOR EACH ROW EXECUTE FUNCTION nothing();
DELETE FROM parents WHERE id = 3;
UPDATE parents SET id = 40 WHERE id = 4;

-- With one on update, too
CREATE TRIGGER on_update AFTER UPDATE ON children REFERENCING NEW TABLE AS n FOR EACH ROW EXECUTE FUNCTION nothing();
UPDATE parents SET id = 4 WHERE id = 40;

-- The statement's own rows have depth 0 all the same
INSERT INTO children VALUES (5, 4);
UPDATE children SET id = 6 WHERE id = 5;
DELETE FROM children WHERE id = 6;

-- The first statement of a session: an INSERT is nobody's action
\c -
INSERT INTO test_transition.children VALUES (7, 4);

SET client_min_messages = warning;
DROP SCHEMA test_transition CASCADE;
