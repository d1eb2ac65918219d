-- restore(..., triggers => 'skip') fires no trigger of users where a changed key
-- moves its row to another partition.
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE TABLE region (code text PRIMARY KEY);
CREATE TABLE shop (id int, region text REFERENCES region ON DELETE SET NULL) PARTITION BY LIST (region);
CREATE TABLE shop_eu PARTITION OF shop FOR VALUES IN ('eu');
CREATE TABLE shop_none PARTITION OF shop FOR VALUES IN (NULL);
INSERT INTO region VALUES ('eu');
INSERT INTO shop VALUES (1, 'eu'), (2, 'eu');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'region', 'hooks.keep');
DELETE FROM region;

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% % of %', TG_WHEN, TG_OP, TG_TABLE_NAME;
  RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER before_row BEFORE INSERT OR UPDATE OR DELETE ON shop FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER after_row AFTER INSERT OR UPDATE OR DELETE ON shop FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER after_rows AFTER UPDATE ON shop REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION tell();
ALTER TABLE shop_eu ENABLE ALWAYS TRIGGER before_row;

-- which fire otherwise
BEGIN;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
ROLLBACK;
SELECT hooks.restore(max(kept_id), triggers => 'skip') FROM hooks.kept;
SELECT tableoid::regclass, * FROM shop ORDER BY id;

SELECT hooks.unregister('bin');
DROP TABLE region, shop;
DROP FUNCTION tell;
DELETE FROM hooks.kept;
