-- What a preview knows for certain it says in a row: a key that stops COMMIT, and one
-- that would set to NULL what must not be.  Triggers and rules may do anything: the
-- tables that have them are named.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
CREATE TABLE p (id int, g int, PRIMARY KEY (id, g));
CREATE TABLE late (id int PRIMARY KEY, p int, g int, FOREIGN KEY (p, g) REFERENCES p DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE nulled (id int PRIMARY KEY, p int, g int NOT NULL, CONSTRAINT all_of_it FOREIGN KEY (p, g) REFERENCES p ON DELETE SET NULL);
CREATE TABLE partly (id int PRIMARY KEY, p int, g int NOT NULL, CONSTRAINT part_of_it FOREIGN KEY (p, g) REFERENCES p ON DELETE SET NULL (p));
CREATE TABLE c (id int PRIMARY KEY, p int, g int, FOREIGN KEY (p, g) REFERENCES p ON DELETE CASCADE);
CREATE INDEX ON late (p, g);
CREATE INDEX ON nulled (p, g);
CREATE INDEX ON partly (p, g);
CREATE INDEX ON c (p, g);
INSERT INTO p VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO late VALUES (1, 1, 1);
INSERT INTO nulled VALUES (1, 2, 2);
INSERT INTO partly VALUES (1, 3, 3);
INSERT INTO c VALUES (1, 3, 3);

SELECT constraint_name, action, rows FROM hooks.preview_delete('p', 'id = 1');
BEGIN; DELETE FROM p WHERE id = 1; COMMIT;
SELECT constraint_name, action, rows FROM hooks.preview_delete('p', 'id = 2');
DELETE FROM p WHERE id = 2;
SELECT constraint_name, action, rows FROM hooks.preview_delete('p', 'id = 3');

-- triggers and rules, where rows would go; hooks are in their own column
CREATE FUNCTION keep_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT hooks.register('h', 'before', 'delete', 'p', 'keep_it', level => 'row');
SELECT relation, action, rows, hooks FROM hooks.preview_delete('p', 'id = 3');
CREATE TRIGGER keep_it BEFORE DELETE ON c FOR EACH ROW EXECUTE FUNCTION keep_it();
CREATE RULE r AS ON DELETE TO p DO ALSO NOTIFY x;
SELECT relation, action, rows FROM hooks.preview_delete('p', 'id = 3');
SELECT relation, action, rows FROM hooks.preview_delete('p', 'id = 1');
ALTER TABLE c DISABLE TRIGGER keep_it;
ALTER TABLE p DISABLE RULE r;
SELECT relation, action, rows FROM hooks.preview_delete('p', 'id = 3');

SELECT hooks.unregister('h');
DROP TABLE p, late, nulled, partly, c;
DROP FUNCTION keep_it;
