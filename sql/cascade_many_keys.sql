-- Many keys, and many rows of one key, are looked up in an index: that finds
-- what the cascade then removes, and each row once.
SET client_min_messages = warning;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO told SELECT TG_TABLE_NAME, id FROM old_table;
  RETURN NULL;
END $$;
CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO removed SELECT TG_TABLE_NAME, id FROM gone;
  RETURN NULL;
END $$;
CREATE TABLE told (relation text, id int);
CREATE TABLE removed (relation text, id int);
CREATE VIEW differences AS
  (TABLE told EXCEPT ALL TABLE removed) UNION ALL (TABLE removed EXCEPT ALL TABLE told);

-- a: text keys, of which the index has no other columns, b: an index with
-- another column, which comes first in the order of equal keys
CREATE TABLE p (k text PRIMARY KEY, x int);
CREATE TABLE a (id int PRIMARY KEY, k text REFERENCES p ON DELETE CASCADE, UNIQUE (id, k));
CREATE TABLE b (id int PRIMARY KEY, a_id int, k text, z int, FOREIGN KEY (a_id, k) REFERENCES a (id, k) ON DELETE CASCADE ON UPDATE CASCADE);
CREATE INDEX ON a (k);
CREATE INDEX ON b (k, a_id, z);
INSERT INTO p SELECT 'key ' || n, n FROM generate_series(1, 600) n;
INSERT INTO a SELECT n, 'key ' || 1 + n % 300 FROM generate_series(1, 900) n;
INSERT INTO a SELECT n, 'key 77' FROM generate_series(1001, 1250) n;
INSERT INTO b SELECT n, n, k, 1000 - n FROM a JOIN generate_series(1, 900) n ON a.id = n;
INSERT INTO b SELECT n, 1001, 'key 77', n % 7 FROM generate_series(2001, 2300) n;
SELECT hooks.register('tell_' || t, 'before_closure', 'delete', t::regclass, 'tell') IS NULL AS failed FROM unnest('{a,b}'::text[]) t;
CREATE TRIGGER seen AFTER DELETE ON a REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION seen();
CREATE TRIGGER seen AFTER DELETE ON b REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION seen();
SELECT hooks.register('bin', 'before_cascade', 'delete', 'p', 'hooks.keep') IS NULL AS failed;
CREATE TABLE before AS SELECT * FROM b;
-- none of a key, two, and more than are fetched at a time
DELETE FROM p WHERE x = 500;
DELETE FROM p WHERE x BETWEEN 10 AND 11;
DELETE FROM p WHERE x = 77;
SELECT relation, count(*) FROM told GROUP BY 1 ORDER BY 1;
TABLE differences;
-- all others
DELETE FROM p;
SELECT relation, count(*), count(DISTINCT id) FROM told GROUP BY 1 ORDER BY 1;
TABLE differences;
SELECT hooks.restore(kept_id) FROM hooks.kept ORDER BY kept_id DESC;
(TABLE before EXCEPT ALL TABLE b) UNION ALL (TABLE b EXCEPT ALL TABLE before);
-- keys that the same statement has given rows: changed, then removed
TRUNCATE told, removed;
BEGIN;
UPDATE a SET k = 'key 400' WHERE id <= 120;
UPDATE b SET z = -z WHERE id % 2 = 0;
DELETE FROM p WHERE x <> 400;
SELECT relation, count(*) FROM told GROUP BY 1 ORDER BY 1;
TABLE differences;
ROLLBACK;

DROP VIEW differences;
DROP TABLE p, a, b, told, removed, before CASCADE;
DROP FUNCTION tell, seen;
