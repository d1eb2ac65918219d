-- Large values: old_table has them whole, whether they are compressed, out of
-- line, or many.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_toast;
SET search_path = test_toast;

CREATE TABLE docs (id int PRIMARY KEY, key text UNIQUE, plain text, packed text, raw bytea);
ALTER TABLE docs ALTER plain SET STORAGE EXTERNAL, ALTER packed SET STORAGE EXTENDED, ALTER raw SET STORAGE EXTERNAL;
CREATE TABLE pages (id int PRIMARY KEY, doc_id int REFERENCES docs ON DELETE CASCADE ON UPDATE CASCADE, body text);
ALTER TABLE pages ALTER body SET STORAGE EXTERNAL;
CREATE FUNCTION big(seed int, size int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(md5(seed || '.' || i), '' ORDER BY i) FROM generate_series(1, size / 32) i $$;
INSERT INTO docs SELECT i, repeat(i::text, 4000), big(i, 40000), repeat(i::text, 100000), decode(big(-i, 20000), 'hex')
  FROM generate_series(1, 6) i;
INSERT INTO docs VALUES (7, NULL, NULL, NULL, NULL), (8, '', '', '', '');
INSERT INTO pages SELECT 10 * id + i, id, big(id * 10 + i, 10000) FROM docs, generate_series(1, 2) i;
CREATE TABLE expected AS SELECT id, md5(d::text) AS digest FROM docs d;
CREATE TABLE expected_pages AS SELECT id, md5(p::text) AS digest FROM pages p;
CREATE TABLE kept (LIKE docs);

CREATE FUNCTION verify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % of % rows intact, % bytes', TG_TABLE_NAME,
        (SELECT count(*) FROM old_table o JOIN expected e ON e.id = o.id AND e.digest = md5(o::text)),
        (SELECT count(*) FROM old_table),
        (SELECT sum(length(plain) + length(packed) + length(raw)) FROM old_table);
    INSERT INTO kept SELECT * FROM old_table;
    RETURN NULL;
END $$;
CREATE FUNCTION verify_pages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % of % rows intact', TG_TABLE_NAME,
        (SELECT count(*) FROM old_table o JOIN expected_pages e ON e.id = o.id AND e.digest = md5(o::text)),
        (SELECT count(*) FROM old_table);
    RETURN NULL;
END $$;
SELECT hooks.register('docs', 'before_cascade', 'delete', 'docs', 'verify', package => 'toast');
SELECT hooks.register('pages', 'before_cascade', 'delete', 'pages', 'verify_pages', package => 'toast');

-- A bulk delete; what the hook kept outlives the rows, in later transactions.
DELETE FROM docs WHERE id IN (1, 2, 3, 7, 8);
SELECT count(*) FROM docs;
SELECT count(*) FROM kept k JOIN expected e ON e.id = k.id AND e.digest = md5(k::text);

-- A condition may look at a large value.
SELECT hooks.register('docs', 'before_cascade', 'delete', 'docs', 'verify', replace => true, package => 'toast',
                      condition => $$length(OLD.plain) > 10000 AND OLD.packed LIKE '4%'$$);
BEGIN;
DELETE FROM docs;
ROLLBACK;
SELECT hooks.unregister('docs');

-- A changed key in a row whose large values do not change, and a large key
-- that is stored anew with the same value.
CREATE FUNCTION verify_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % -> %, % intact', TG_NAME,
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM old_table),
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM new_table),
        (SELECT count(*) FROM old_table o JOIN new_table n ON n.id = o.id + 100
          WHERE (o.key, o.plain, o.packed, o.raw) IS NOT DISTINCT FROM (n.key, n.plain, n.packed, n.raw));
    RETURN NULL;
END $$;
CREATE TABLE links (key text REFERENCES docs (key) ON UPDATE CASCADE);
INSERT INTO links SELECT key FROM docs;
SELECT hooks.register('moved', 'before_cascade', 'update', 'docs', 'verify_update', package => 'toast');
UPDATE docs SET key = substr(key || 'x', 1, length(key));
UPDATE docs SET id = id + 100 WHERE id < 6;
UPDATE docs SET key = key || 'x' WHERE id = 6;
SELECT count(*) FROM links JOIN docs USING (key);
SELECT hooks.unregister('moved');

-- Large values go along a chain of row hooks and come out as the last one left
-- them, those untouched included.
CREATE FUNCTION append() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.plain = NEW.plain || TG_NAME;
    RETURN NEW;
END $$;
SELECT hooks.register('+a', 'before', 'update', 'docs', 'append', package => 'toast');
SELECT hooks.register('+b', 'before', 'update', 'docs', 'append', package => 'toast');
UPDATE docs SET packed = packed || '!' WHERE id = 6;
SELECT plain = big(6, 40000) || '+a+b', packed = repeat('6', 100000) || '!', raw = decode(big(-6, 20000), 'hex')
  FROM docs WHERE id = 6;

-- More rows than memory is allowed for: they go to disk and back, under any
-- policy, with or without a condition.
SET work_mem = '64kB';
CREATE TABLE many (id int PRIMARY KEY, filler text);
INSERT INTO many SELECT i, repeat('x', 200) FROM generate_series(1, 5000) i;
CREATE FUNCTION add() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: % rows, sum %', TG_NAME, (SELECT count(*) FROM old_table), (SELECT sum(id) FROM old_table);
    RETURN NULL;
END $$;
SELECT hooks.register('abort', 'before_cascade', 'delete', 'many', 'add', package => 'toast');
SELECT hooks.register('abort half', 'before_cascade', 'delete', 'many', 'add', condition => 'OLD.id % 2 = 1', package => 'toast');
SELECT hooks.register('isolate', 'before_cascade', 'delete', 'many', 'add', on_error => 'isolate', package => 'toast');
SELECT hooks.register('isolate half', 'before_cascade', 'delete', 'many', 'add', condition => 'OLD.id % 2 = 1',
                      on_error => 'isolate', package => 'toast');
BEGIN;
DELETE FROM many;
COMMIT;

SELECT hooks.unregister_package('toast');
SET client_min_messages = warning;
DROP SCHEMA test_toast CASCADE;
