-- What hooks.repair() cannot mend it tells of, and it goes on with the rest.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA test_not_repaired;
SET search_path = test_not_repaired;

CREATE TABLE a (id int);
CREATE TABLE b (id int);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% fires', TG_NAME;
  RETURN NEW;
END $$;
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
SELECT hooks.register('on a', 'before', 'insert', 'a', 'tell');
SELECT hooks.register('on b', 'before', 'insert', 'b', 'tell');

-- both triggers are gone; at one table, somebody has taken the name
DROP TRIGGER "Hooks_before_row_insert" ON a;
DROP TRIGGER "Hooks_before_row_insert" ON b;
CREATE TRIGGER "Hooks_before_row_insert" BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION other();
SELECT hooks.repair();
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1);
-- with the name free again, it is mended
DROP TRIGGER "Hooks_before_row_insert" ON a;
SELECT hooks.repair();
INSERT INTO a VALUES (2);

SELECT hooks.unregister('on a'), hooks.unregister('on b');
SET client_min_messages = warning;
DROP SCHEMA test_not_repaired CASCADE;
