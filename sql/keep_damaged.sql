-- Kept rows that somebody has changed by hand are told of as damaged (XX001), by
-- all that reads them, and nothing is put back.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY sqlstate
CREATE SCHEMA test_damaged;
SET search_path = test_damaged;

CREATE TABLE parent (id int PRIMARY KEY, note text);
INSERT INTO parent VALUES (1, 'one'), (2, 'two');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep');
DELETE FROM parent;
CREATE TABLE whole AS TABLE hooks.kept_row;
SELECT max(kept_id) AS id FROM hooks.kept \gset

-- each way to damage them, on its own
CREATE FUNCTION try(damage text) RETURNS TABLE (told text) LANGUAGE plpgsql AS $$
DECLARE
  statement text;
BEGIN
  EXECUTE 'UPDATE hooks.kept_row SET ' || damage;
  FOREACH statement IN ARRAY ARRAY['SELECT hooks.restore(max(kept_id)) FROM hooks.kept',
                                   'SELECT count(*) FROM hooks.kept_rows((SELECT max(kept_id) FROM hooks.kept), NULL::parent)'] LOOP
    BEGIN
      EXECUTE statement;
      told := 'not damaged: ' || damage;
    EXCEPTION WHEN data_corrupted THEN
      told := SQLSTATE || ' ' || SQLERRM;
    END;
    RETURN NEXT;
  END LOOP;
  DELETE FROM hooks.kept_row;
  INSERT INTO hooks.kept_row TABLE whole;
END $$;
SELECT try('numbers = numbers[1:1]');
SELECT try('types = types || types');
SELECT try('typmods = NULLIF(typmods, typmods) || ARRAY[NULL, NULL]::int[]');
SELECT try('changed = -1');
SELECT try('changed = 2');
SELECT try('numbers = ARRAY[0, 1]');
SELECT try($$data = E'1\tone\tmore\n2\ttwo\n'$$);
SELECT try($$data = E'1\n2\ttwo\n'$$);
SELECT try($$data = E'1\tone'$$);
SELECT count(*) FROM parent;

-- as it was, it can be put back
SELECT hooks.restore(:id);
SELECT count(*) FROM parent;

-- Rows of a table without columns have no fields.
CREATE TABLE bare ();
INSERT INTO bare DEFAULT VALUES;
INSERT INTO bare DEFAULT VALUES;
SELECT hooks.register('bare', 'before_cascade', 'delete', 'bare', 'hooks.keep');
DELETE FROM bare;
SELECT max(kept_id) AS id FROM hooks.kept \gset
SELECT count(*) FROM hooks.kept_rows(:id, NULL::bare);
SELECT hooks.restore(:id);
SELECT count(*) FROM bare;

-- No row of it may have one.
DELETE FROM bare;
SELECT max(kept_id) AS id FROM hooks.kept \gset
UPDATE hooks.kept_row SET data = E'x\n\n' WHERE kept_id = :id;
SELECT hooks.restore(:id);

SELECT hooks.unregister('bare'), hooks.unregister('bin'), hooks.purge_kept('0') > 0;
SET client_min_messages = warning;
DROP SCHEMA test_damaged CASCADE;
