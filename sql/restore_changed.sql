-- hooks.restore() into tables that changed since: what has another name only is
-- found, and values never get into columns, attributes or labels that they were
-- not in.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_changed;
SET search_path = test_changed;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE inner_pair AS (x int, y int);
CREATE TYPE pair AS (a int, b int, gone int, i inner_pair[]);
ALTER TYPE pair DROP ATTRIBUTE gone;
CREATE DOMAIN pairs AS pair[];
CREATE TYPE moods AS RANGE (subtype = mood);
CREATE TABLE kind (id int, code int);
CREATE TABLE root (id int PRIMARY KEY);
CREATE TABLE child (gone int, a int, b int, pairs pairs, mood mood, moods moods, kind kind, root int REFERENCES root ON DELETE CASCADE);
ALTER TABLE child DROP gone;
CREATE TABLE changed (a int, b int, root int REFERENCES root ON DELETE SET NULL, other int REFERENCES root ON DELETE SET NULL, PRIMARY KEY (a, b));
INSERT INTO root VALUES (1), (2);
INSERT INTO child VALUES (1, 2, ARRAY[ROW(3, 4, ARRAY[ROW(5, 6)::inner_pair])::pair], 'sad', '[sad,happy]', (7, 8), 1);
INSERT INTO changed VALUES (1, 2, 1, 2);
SELECT hooks.register('bin', 'before_cascade', 'delete', 'root', 'hooks.keep');
DELETE FROM root;
SELECT kept_id FROM hooks.kept \gset
\set restore 'SELECT hooks.restore(:kept_id);'
\set show 'SELECT hooks.kept_rows(:kept_id, NULL::child);'

-- Two columns that change their names take their values with them, removed rows
-- and changed ones, and so do attributes; also when what was kept has been moved,
-- or written anew, as pg_repack does it.
UPDATE hooks.kept_row SET data = data;
VACUUM (FREEZE, FULL) hooks.kept_row;
BEGIN;
ALTER TABLE child RENAME a TO c; ALTER TABLE child RENAME b TO a; ALTER TABLE child RENAME c TO b;
ALTER TABLE changed RENAME a TO c; ALTER TABLE changed RENAME b TO a; ALTER TABLE changed RENAME c TO b;
ALTER TABLE changed RENAME root TO c; ALTER TABLE changed RENAME other TO root; ALTER TABLE changed RENAME c TO other;
ALTER TYPE pair RENAME ATTRIBUTE a TO "new ""a""";
:show
:restore
SELECT a, b, pairs, pairs[1]."new ""a""" FROM child;
SELECT a, b, root, other FROM changed;
ROLLBACK;
-- A column that was dropped is not the one that has its name now.
BEGIN; ALTER TABLE child DROP a; ALTER TABLE child RENAME b TO a; ALTER TABLE child ADD b int; :restore ROLLBACK;
BEGIN; ALTER TABLE child DROP a; ALTER TABLE child RENAME b TO a; ALTER TABLE child ADD b int; :show ROLLBACK;
-- Types, and schemas, with other names are the same.
BEGIN;
ALTER TYPE mood RENAME TO feeling; ALTER DOMAIN pairs RENAME TO list; ALTER TYPE inner_pair RENAME TO "inner";
ALTER SCHEMA test_changed RENAME TO "test 'changed""";
:restore
SELECT * FROM "test 'changed""".child;
ROLLBACK;

-- Attributes that go, come, or are others now; also deep inside.
BEGIN; ALTER TYPE pair DROP ATTRIBUTE b; :restore ROLLBACK;
BEGIN; ALTER TYPE pair ADD ATTRIBUTE c text; :restore ROLLBACK;
BEGIN; ALTER TYPE pair DROP ATTRIBUTE a; ALTER TYPE pair ADD ATTRIBUTE a int; :restore ROLLBACK;
BEGIN; ALTER TYPE inner_pair DROP ATTRIBUTE x; ALTER TYPE inner_pair ADD ATTRIBUTE z int; :restore ROLLBACK;
BEGIN; ALTER TABLE kind DROP id; ALTER TABLE kind ADD id int; :restore ROLLBACK;
BEGIN; ALTER TABLE kind DROP id; ALTER TABLE kind ADD id int; :show ROLLBACK;
-- Labels that change their names; new ones do no harm.
BEGIN; ALTER TYPE mood RENAME VALUE 'sad' TO 'x'; ALTER TYPE mood RENAME VALUE 'happy' TO 'sad'; ALTER TYPE mood RENAME VALUE 'x' TO 'happy'; :restore ROLLBACK;
BEGIN; ALTER TYPE mood RENAME VALUE 'happy' TO 'it''s "ok"'; :restore ROLLBACK;
BEGIN; ALTER TYPE mood ADD VALUE 'well' BEFORE 'happy'; ALTER TYPE mood ADD VALUE 'first' BEFORE 'sad'; ALTER TYPE mood ADD VALUE 'last'; :restore ROLLBACK;
-- A type that was made anew is another one, whatever its name.
BEGIN;
ALTER TABLE child ALTER mood TYPE text, DROP moods;
DROP TYPE moods; DROP TYPE mood; CREATE TYPE mood AS ENUM ('sad', 'happy');
ALTER TABLE child ALTER mood TYPE mood USING mood::mood, ADD moods int;
:restore
ROLLBACK;

-- A table that was made anew, and the bin loaded again: only names can tell.
BEGIN;
DROP TABLE child;
CREATE TABLE child (b int, a int, pairs pairs, mood mood, moods moods, kind kind, root int REFERENCES root ON DELETE CASCADE);
UPDATE hooks.kept_row SET relation = 'child'::regclass WHERE name = 'test_changed.child';
:restore
ROLLBACK;

-- A table that has become a partition since.
BEGIN;
CREATE TABLE whole (LIKE child) PARTITION BY LIST (a);
ALTER TABLE whole ATTACH PARTITION child FOR VALUES IN (1);
:restore
SELECT tableoid::regclass, a FROM whole;
ROLLBACK;
:restore
TABLE child;
TABLE changed;
-- A label that changes its name while a session keeps rows.
DELETE FROM root;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
DELETE FROM root;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT mood, moods FROM child;

-- A type that had nothing inside.
CREATE TYPE hollow AS ();
ALTER TABLE child ADD hollow hollow DEFAULT ROW();
DELETE FROM root;
ALTER TYPE hollow ADD ATTRIBUTE a int;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;

SELECT hooks.unregister('bin');
SET client_min_messages = warning;
DROP SCHEMA test_changed CASCADE;
SELECT hooks.purge_kept('0') > 0;
