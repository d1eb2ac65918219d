-- A callback changes foreign keys while they are in use: what is known of the old ones
-- is given back when they are not used any more.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_cascade_altered;
SET search_path = test_cascade_altered;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (parent int REFERENCES parent ON DELETE CASCADE);
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE referring (other int CONSTRAINT key REFERENCES other);
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  ALTER TABLE test_cascade_altered.referring DROP CONSTRAINT key;
  ALTER TABLE test_cascade_altered.referring ADD CONSTRAINT key FOREIGN KEY (other) REFERENCES test_cascade_altered.other;
  RETURN NULL;
END $$;
SELECT hooks.register('closure', 'before_closure', 'delete', 'parent', 'change', package => 'cascade_altered');
SELECT hooks.register('parent', 'before_cascade', 'delete', 'parent', 'change', package => 'cascade_altered');
SELECT hooks.register('child', 'before_cascade', 'delete', 'child', 'change', package => 'cascade_altered');
CREATE VIEW known AS SELECT count(*) AS n FROM pg_backend_memory_contexts WHERE name LIKE 'hooks foreign keys%';
INSERT INTO parent SELECT generate_series(1, 6);
INSERT INTO child SELECT id FROM parent;

DELETE FROM parent WHERE id = 1;
SELECT n AS first FROM known \gset
DELETE FROM parent WHERE id = 2;
DELETE FROM parent WHERE id = 3;
SELECT n <= :first FROM known;

SELECT hooks.unregister_package('cascade_altered');
SET client_min_messages = warning;
DROP SCHEMA test_cascade_altered CASCADE;
