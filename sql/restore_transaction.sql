-- hooks.restore_transaction() puts back all that one transaction has kept, in
-- however many statements, or nothing.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA test_transaction;
SET search_path = test_transaction;
CREATE TABLE root (id int PRIMARY KEY, parent int REFERENCES root ON DELETE SET NULL);
CREATE TABLE child (id int PRIMARY KEY, root int NOT NULL REFERENCES root, other int REFERENCES root ON DELETE SET NULL);
-- without a key
CREATE TABLE note (child int REFERENCES child ON DELETE CASCADE, root int REFERENCES root ON DELETE SET NULL, text text);
INSERT INTO root VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, NULL);
INSERT INTO child VALUES (11, 1, 2), (12, 2, 2), (13, 3, 5);
INSERT INTO note VALUES (11, 1, 'a'), (11, 3, 'a'), (12, 5, 'b'), (NULL, 1, 'a'), (NULL, 3, NULL);
CREATE FUNCTION contents() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT 'root ' || x FROM root x UNION ALL SELECT 'child ' || x FROM child x UNION ALL SELECT 'note ' || x FROM note x ORDER BY 1
$$;
CREATE TABLE before AS SELECT contents() AS row;
CREATE FUNCTION changed() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT '+ ' || row FROM (SELECT contents() AS row EXCEPT ALL TABLE before) x
    UNION ALL SELECT '- ' || row FROM (TABLE before EXCEPT ALL SELECT contents()) x ORDER BY 1
$$;
SELECT setval('hooks.kept_kept_id_seq', 400);
SELECT hooks.register('bin ' || t, 'before_cascade', 'delete', t::regclass, 'hooks.keep') FROM unnest('{root, child}'::text[]) t;

-- Children first, as an ORM does it; rows that lose their keys, then their parents,
-- then are deleted themselves.
BEGIN;
DELETE FROM child WHERE root = 1;
DELETE FROM root WHERE id = 1;
DELETE FROM child;
DELETE FROM root WHERE id = 3;
DELETE FROM root WHERE id = 2;
DELETE FROM root WHERE id IN (4, 5);
SELECT pg_current_xact_id() AS transaction \gset
COMMIT;
SELECT contents();
SELECT relation, rows, restored_at FROM hooks.kept ORDER BY kept_id;
\set restore 'SELECT hooks.restore_transaction(:''transaction'');'

-- All of it or nothing
BEGIN; INSERT INTO root VALUES (4); :restore ROLLBACK;
SELECT count(*) FROM hooks.kept WHERE restored_at IS NOT NULL;
:restore
SELECT changed();
SELECT count(*) FROM hooks.kept WHERE restored_at IS NULL;
-- Once; then it is told so, with the number.
SET client_min_messages = warning;
:restore
RESET client_min_messages;

-- What was restored before is left out.
BEGIN;
DELETE FROM child WHERE root = 1;
DELETE FROM root WHERE id = 1;
SELECT pg_current_xact_id() AS transaction \gset
COMMIT;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
:restore
SELECT changed();
-- Also within the transaction; and what a trigger deletes is a part of it.
CREATE FUNCTION also() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM root WHERE id = OLD.id - 7; RETURN NULL; END $$;
CREATE TRIGGER also AFTER DELETE ON child FOR EACH ROW EXECUTE FUNCTION also();
BEGIN;
DELETE FROM child WHERE id = 11;
SELECT contents() INTERSECT TABLE before ORDER BY 1;
SELECT hooks.restore_transaction(pg_current_xact_id());
COMMIT;
SELECT changed();
DROP TRIGGER also ON child;

-- A row that several statements have changed gets its keys back one by one, the last
-- one first, and triggers hear of it in this order.
CREATE TABLE many (id int, root int REFERENCES root ON DELETE SET NULL, other int REFERENCES root ON DELETE SET NULL);
CREATE FUNCTION tell_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% -> %', OLD, NEW; RETURN NULL; END $$;
INSERT INTO root VALUES (51), (52);
INSERT INTO many VALUES (1, 51, 52), (2, NULL, 51);
BEGIN;
DELETE FROM root WHERE id = 51;
DELETE FROM root WHERE id = 52;
SELECT pg_current_xact_id() AS transaction \gset
COMMIT;
CREATE TRIGGER told AFTER UPDATE ON many FOR EACH ROW EXECUTE FUNCTION tell_update();
:restore
SELECT * FROM many ORDER BY id;
DROP TABLE many;

-- Rows that refer to each other across the statements.
CREATE TABLE hen (id int PRIMARY KEY, egg int NOT NULL);
CREATE TABLE egg (id int PRIMARY KEY, hen int NOT NULL REFERENCES hen DEFERRABLE);
ALTER TABLE hen ADD FOREIGN KEY (egg) REFERENCES egg DEFERRABLE;
BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO hen VALUES (1, 1); INSERT INTO egg VALUES (1, 1); COMMIT;
SELECT hooks.register('bin ' || t, 'before_cascade', 'delete', t::regclass, 'hooks.keep') FROM unnest('{hen, egg}'::text[]) t;
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
DELETE FROM hen; DELETE FROM egg;
SELECT pg_current_xact_id() AS transaction \gset
COMMIT;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
:restore
SELECT * FROM hen, egg;

-- Thousands of statements are no trouble.
INSERT INTO root SELECT g, 5 FROM generate_series(1001, 3000) g;
DO $$ BEGIN FOR i IN 1001 .. 3000 LOOP DELETE FROM root WHERE id = i; END LOOP; END $$;
SELECT count(*) FROM hooks.kept WHERE restored_at IS NULL;
SELECT hooks.restore_transaction(transaction_id) FROM hooks.kept WHERE restored_at IS NULL LIMIT 1;
SELECT count(*) FROM root WHERE parent = 5;

-- What there is none of
SELECT hooks.restore_transaction('1');
SELECT hooks.restore_transaction(NULL);
BEGIN READ ONLY; :restore ROLLBACK;
-- Whoever restores everything need not care what was restored before.
SELECT count(hooks.restore(kept_id)) = count(*) FROM hooks.kept WHERE transaction_id = :'transaction';

-- A column that got another type in between: what was kept before is not taken for one of the other.
CREATE TABLE altered (id int PRIMARY KEY, v boolean);
INSERT INTO altered VALUES (1, true), (2, true);
SELECT hooks.register('bin altered', 'before_cascade', 'delete', 'altered', 'hooks.keep');
BEGIN;
DELETE FROM altered WHERE id = 1;
ALTER TABLE altered ALTER v TYPE text;
DELETE FROM altered WHERE id = 2;
SELECT pg_current_xact_id() AS transaction \gset
COMMIT;
:restore
SELECT * FROM altered ORDER BY id;

SELECT hooks.unregister(name) FROM hooks.registry;
SET client_min_messages = warning;
DROP SCHEMA test_transaction CASCADE;
SELECT hooks.purge_kept('0') > 0;
