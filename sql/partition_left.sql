-- A foreign key of one partition only does nothing to a row that another key has
-- moved out of that partition before: neither a preview nor doomed() tells of it,
-- and hooks.restore() puts back what there was, once.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA test_left;
SET search_path = test_left;
CREATE TABLE parent (id int PRIMARY KEY, g int, UNIQUE (id, g));
CREATE TABLE child (u int, g int, moved_by int, own int) PARTITION BY LIST (g);
CREATE TABLE low (own int, gone int, g int, u int, moved_by int);
ALTER TABLE low DROP gone;
ALTER TABLE child ATTACH PARTITION low FOR VALUES IN (1, 2);
CREATE TABLE middle PARTITION OF child FOR VALUES IN (3, 4) PARTITION BY LIST (g);
CREATE TABLE middle_3 PARTITION OF middle FOR VALUES IN (3);
CREATE TABLE middle_4 PARTITION OF middle FOR VALUES IN (4);
CREATE TABLE others PARTITION OF child DEFAULT;
INSERT INTO parent VALUES (1, 1), (2, 2), (3, 3), (4, 4);
INSERT INTO child VALUES (10, 1, 1, 1), (11, 1, NULL, 1), (20, 2, 2, 2), (30, 3, 3, 3), (31, 3, NULL, 3), (40, 4, 4, 4);
CREATE TABLE rows_before AS TABLE child;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '%: %', TG_NAME, (SELECT string_agg(u::text, ' ' ORDER BY u) FROM hooks.doomed(NULL::test_left.child));
  RETURN NULL;
END $$;
SELECT hooks.register('doomed', 'before_cascade', 'delete', 'parent', 'tell'),
       hooks.register('kept', 'before_cascade', 'delete', 'parent', 'hooks.keep');

-- Deletes all parents with one key on the tree, and own ones of its partitions.  What
-- the preview said, what has changed, and whether all is back.
CREATE FUNCTION try(above text, own text, own_first boolean) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  keys text[] := ARRAY[format('ALTER TABLE child ADD CONSTRAINT above FOREIGN KEY (moved_by, g) REFERENCES parent (id, g) ON DELETE %s', above),
    format('ALTER TABLE low ADD CONSTRAINT own FOREIGN KEY (own) REFERENCES parent ON DELETE %s', own),
    format('ALTER TABLE middle ADD CONSTRAINT own FOREIGN KEY (own) REFERENCES parent ON DELETE %s', own)];
BEGIN
  EXECUTE array_to_string(CASE WHEN own_first THEN keys[2:3] || keys[1] ELSE keys END, ';');
  RETURN QUERY SELECT format('%s: %s %s', relation, action, rows) FROM hooks.preview_delete('parent') WHERE depth > 0
                ORDER BY relation::text, action;
  BEGIN
    DELETE FROM parent;
    RETURN QUERY SELECT format('%s: %s', tableoid::regclass, c) FROM child c ORDER BY c;
    PERFORM hooks.restore(max(kept_id)) FROM hooks.kept;
    IF ARRAY(SELECT c FROM child c ORDER BY c)::text <> ARRAY(SELECT b FROM rows_before b ORDER BY b)::text THEN
      RETURN NEXT 'not restored';
    END IF;
  EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN
    RETURN NEXT 'blocked';
  END;
  ALTER TABLE child DROP CONSTRAINT above;
  ALTER TABLE low DROP CONSTRAINT own;
  ALTER TABLE middle DROP CONSTRAINT own;
END $$;
SELECT * FROM try('SET DEFAULT (g, moved_by)', 'CASCADE', false);
SELECT * FROM try('SET NULL', 'CASCADE', false);
SELECT * FROM try('SET NULL', 'SET NULL', false);
SELECT * FROM try('SET NULL', 'CASCADE', true);
SELECT * FROM try('SET NULL', 'SET NULL', true);
-- rows that stay are not passed over
SELECT * FROM try('SET NULL (moved_by)', 'CASCADE', false);
-- what has left does not block
DELETE FROM child WHERE moved_by IS NULL;
DELETE FROM rows_before WHERE moved_by IS NULL;
SELECT * FROM try('SET NULL', 'RESTRICT', false);
SELECT * FROM try('SET NULL', 'RESTRICT', true);
SELECT hooks.purge_kept('0') > 0;
DROP SCHEMA test_left CASCADE;
