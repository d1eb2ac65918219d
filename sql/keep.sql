-- hooks.keep keeps all rows that a DELETE removes, from whatever table, and
-- hooks.restore() puts them back, with the keys that the DELETE has changed.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_keep;
SET search_path = test_keep;

-- What the tables hold, to compare with: every row with its table, as text.
CREATE FUNCTION contents() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    tab regclass;
BEGIN
    FOR tab IN SELECT oid FROM pg_class WHERE relnamespace = 'test_keep'::regnamespace AND relkind = 'r' AND relname <> 'before' ORDER BY relname COLLATE "C" LOOP
        RETURN QUERY EXECUTE format('SELECT %L || '' '' || t::text FROM ONLY %s t', tab::text, tab);
    END LOOP;
END $$;
-- A self reference, a cycle of two tables that can only be made whole at the end
-- of a statement (none of its columns may be null), a diamond.
CREATE TABLE root (id int PRIMARY KEY, parent int REFERENCES root ON DELETE CASCADE);
CREATE TABLE "Hen's" (id int PRIMARY KEY, "an ""egg" int NOT NULL, root int NOT NULL REFERENCES root ON DELETE CASCADE);
CREATE TABLE egg (id int PRIMARY KEY, hen int NOT NULL REFERENCES "Hen's" ON DELETE CASCADE, root int REFERENCES root ON DELETE CASCADE);
ALTER TABLE "Hen's" ADD FOREIGN KEY ("an ""egg") REFERENCES egg ON DELETE CASCADE;
INSERT INTO root VALUES (1, NULL), (2, 1), (3, 2), (4, 4);
WITH hen AS (INSERT INTO "Hen's" SELECT g, g, 1 + g % 4 FROM generate_series(11, 18) g)
INSERT INTO egg SELECT g, g, g % 3 + 1 FROM generate_series(11, 18) g;
-- A row that is changed by two keys, one that is changed by one, and one that
-- had no key before; in a table whose rows nothing tells apart, too.
CREATE TABLE changes (id int PRIMARY KEY, a int REFERENCES root ON DELETE SET NULL, b int DEFAULT 4 REFERENCES root ON DELETE SET DEFAULT);
INSERT INTO changes VALUES (21, 1, 2), (22, 1, 4), (23, 4, 3), (24, NULL, NULL), (25, 4, 4);
CREATE TABLE log (a int REFERENCES root ON DELETE SET NULL, message text);
INSERT INTO log VALUES (1, 'login'), (NULL, 'login'), (1, 'login'), (2, 'login'), (4, 'login'), (1, NULL);
CREATE TABLE before AS SELECT contents() AS row;
-- what a round trip has changed: nothing, always
CREATE FUNCTION changed() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT '+ ' || row FROM (SELECT contents() AS row EXCEPT ALL TABLE before) x
    UNION ALL SELECT '- ' || row FROM (TABLE before EXCEPT ALL SELECT contents()) x ORDER BY 1
$$;

SELECT hooks.register('bin', 'before_cascade', 'delete', 'root', 'hooks.keep');
DELETE FROM root WHERE id = 1;
SELECT contents() ORDER BY 1;
SELECT relation, rows, caller = current_user, restored_at FROM hooks.kept;
SELECT relation, changed, sum(rows) FROM hooks.kept_row GROUP BY relation, changed ORDER BY relation::text COLLATE "C", changed;
-- Until they are restored, the removed rows can be looked at.
SELECT kept_id FROM hooks.kept \gset
SELECT k FROM hooks.kept_rows(:kept_id, NULL::root) k ORDER BY id;
SELECT hooks.restore(:kept_id);
SELECT changed();
-- Then they are not kept any longer; that there was something is.
SELECT restored_at >= kept_at, (SELECT count(*) FROM hooks.kept_row) FROM hooks.kept;

-- What was changed since is left as it is; so is what is gone.
DELETE FROM root WHERE id = 1;
UPDATE changes SET b = NULL WHERE id = 21;
DELETE FROM changes WHERE id = 22;
DELETE FROM log WHERE message IS NULL;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT changed();
DELETE FROM changes WHERE id = 21;
INSERT INTO changes VALUES (21, 1, 2), (22, 1, 4);
INSERT INTO log VALUES (1, NULL);

-- One DELETE is kept once, whichever hooks it meets: here on every table, some
-- twice, on those that a CTE deletes from beside it, and below.
SELECT hooks.register(h || t, 'before_cascade', 'delete', t::regclass, 'hooks.keep') FROM unnest('{root, \"Hen''s\", egg, changes}'::text[]) t, generate_series(1, 2) h;
WITH gone AS (DELETE FROM egg WHERE root = 2), changed AS (DELETE FROM changes)
DELETE FROM root WHERE id = 3;
SELECT relation, rows, rows = (SELECT count(*) FROM before) - (SELECT count(*) FROM contents()) FROM hooks.kept WHERE restored_at IS NULL;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT changed();
-- Also if only a table below has a hook.
SELECT hooks.unregister(name) FROM hooks.registry WHERE relation <> 'egg'::regclass;
DELETE FROM root WHERE id < 4;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT changed();

-- A statement that deletes from a table which has no rows of its own, nor partitions, too
CREATE TABLE bare (id int) PARTITION BY LIST (id);
WITH bare AS (DELETE FROM bare) DELETE FROM root WHERE id < 4;
DROP TABLE bare;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT changed();

-- What is rolled back was not kept, and what is deleted then is.
BEGIN;
SAVEPOINT a;
DELETE FROM root WHERE id = 3;
ROLLBACK TO a;
SELECT count(*) FROM hooks.kept WHERE restored_at IS NULL;
DELETE FROM root WHERE id = 1;
COMMIT;
SELECT rows FROM hooks.kept WHERE restored_at IS NULL;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT changed();

-- Purged is what was kept longer ago.
SELECT hooks.purge_kept('1 day'), count(*) > 1 FROM hooks.kept;
DELETE FROM root WHERE id = 3;
SELECT hooks.purge_kept('0') > 1;
SELECT (SELECT count(*) FROM hooks.kept), (SELECT count(*) FROM hooks.kept_row);

SELECT hooks.unregister(name) FROM hooks.registry;
SET client_min_messages = warning;
DROP SCHEMA test_keep CASCADE;
