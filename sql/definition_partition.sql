-- A condition means the same on each partition and child, whatever columns that has
-- dropped, added or put in another order.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA def_part;
SET search_path = def_part;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: % % -> %', TG_NAME, TG_TABLE_NAME, to_jsonb(OLD) - 'note', to_jsonb(NEW) - 'note';
  RETURN coalesce(NEW, OLD);
END $$;
CREATE TABLE root (gone int, id int, val text, n numeric, doubled int GENERATED ALWAYS AS (id * 2) STORED) PARTITION BY LIST (id);
ALTER TABLE root DROP gone;
-- as the root is; with other dropped columns; in another order, two levels down
CREATE TABLE plain PARTITION OF root FOR VALUES IN (1);
CREATE TABLE other (x int, n numeric, y text, val text, doubled int GENERATED ALWAYS AS (id * 2) STORED, id int);
ALTER TABLE other DROP x, DROP y;
ALTER TABLE root ATTACH PARTITION other FOR VALUES IN (2);
CREATE TABLE branch (val text, doubled int GENERATED ALWAYS AS (id * 2) STORED, z int, id int, n numeric) PARTITION BY LIST (val);
ALTER TABLE branch DROP z;
CREATE TABLE leaf (doubled int GENERATED ALWAYS AS (id * 2) STORED, n numeric, a int, b int, id int, val text);
ALTER TABLE leaf DROP a, DROP b;
ALTER TABLE branch ATTACH PARTITION leaf DEFAULT;
ALTER TABLE root ATTACH PARTITION branch FOR VALUES IN (3);

-- On the root, the branch and the leaf: columns, whole rows, system columns.
SELECT hooks.register('root columns', 'before', 'update', 'root', 'tell', condition => $$OLD.val = 'a' AND NEW.n > OLD.n AND OLD.doubled = OLD.id * 2$$),
       hooks.register('root row', 'after', 'update', 'root', 'tell', condition => 'OLD.* IS DISTINCT FROM NEW.* AND NEW.doubled = NEW.id * 2'),
       hooks.register('root as text', 'before', 'delete', 'root', 'tell', condition => $$OLD::text = format('(%s,%s,%s,%s)', OLD.id, OLD.val, OLD.n, OLD.doubled)$$),
       hooks.register('branch', 'before', 'update', 'branch', 'tell', condition => $$(OLD).n < (NEW).n$$),
       hooks.register('leaf', 'before', 'update', 'leaf', 'tell', condition => $$OLD::text = format('(%s,%s,%s,%s)', OLD.doubled, OLD.n, OLD.id, OLD.val)$$),
       hooks.register('column', 'before', 'update', 'root', 'tell', columns => '{val}', condition => 'OLD.tableoid IS NOT NULL');
INSERT INTO root SELECT i, 'a', 1 FROM generate_series(1, 3) i;
UPDATE root SET n = n + 1;
UPDATE root SET n = n;
UPDATE root SET val = 'b';
UPDATE root SET val = 'a';

-- A column that comes, goes, or gets another name or type, on all of them.
ALTER TABLE root RENAME n TO number;
ALTER TABLE root ADD note text DEFAULT 'new';
ALTER TABLE root ALTER note TYPE varchar(10);
UPDATE root SET note = 'newer' WHERE id = 2;
UPDATE root SET number = number + 1 WHERE id = 2;
ALTER TABLE root DROP note;
DELETE FROM root WHERE id = 2;
UPDATE leaf SET number = number + 1;
SELECT name, condition FROM hooks.registry ORDER BY name COLLATE "C";

-- Detached it is on its own, and attached part of it again.
ALTER TABLE branch DETACH PARTITION leaf;
UPDATE leaf SET number = number + 1;
ALTER TABLE branch ATTACH PARTITION leaf DEFAULT;
UPDATE leaf SET number = number + 1;
ALTER TABLE root DETACH PARTITION branch;
UPDATE leaf SET number = number + 1;
ALTER TABLE root ATTACH PARTITION branch FOR VALUES IN (3);
UPDATE leaf SET number = number + 1;

-- What a row moves between is a DELETE there and an INSERT here.
UPDATE root SET id = 1 WHERE id = 3;
SELECT count(hooks.unregister(name)) FROM hooks.registry;

-- A child in an inheritance tree has its own hooks only, whose columns keep their
-- names with those of the parent.
CREATE TABLE parent (id int, val int);
CREATE TABLE child (more int, val int, id int) INHERITS (parent);
CREATE TABLE mixed (val int, own int, id int);
ALTER TABLE mixed DROP own;
ALTER TABLE mixed INHERIT parent;
SELECT hooks.register('parent', 'before', 'update', 'parent', 'tell', condition => 'NEW.val > 1'),
       hooks.register('child', 'before', 'update', 'child', 'tell', columns => '{val}', condition => 'NEW.val > 1 AND NEW.* <> OLD.*'),
       hooks.register('mixed', 'before', 'update', 'mixed', 'tell', condition => 'NEW.val > 1 AND OLD.val IS NOT NULL');
INSERT INTO child (id, val) VALUES (1, 1);
INSERT INTO mixed (id, val) VALUES (2, 1);
ALTER TABLE parent RENAME val TO value;
UPDATE parent SET value = 2;
SELECT name, columns, condition FROM hooks.registry ORDER BY name;
\set VERBOSITY terse
ALTER TABLE parent DROP value;
ALTER TABLE parent DROP value CASCADE;
SELECT name FROM hooks.registry ORDER BY name;

SELECT count(hooks.unregister(name)) FROM hooks.registry;

-- A condition means the same where the hook gets all rows of a statement in the format of its table.
CREATE TABLE refs (id int, val text);
CREATE FUNCTION tell_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: %', TG_NAME, (SELECT string_agg(o.id::text, ' ' ORDER BY o.id) FROM old_table o);
  RETURN NULL;
END $$;
CREATE FUNCTION note(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO def_part.refs SELECT id, event->>'hook' FROM jsonb_to_recordset(event->'old') AS o(id int);
END $$;
SELECT bool_and(hooks.register(phase || ' ' || number, phase, 'delete', 'root', callback, condition => condition))
  FROM (VALUES ('before_cascade', 'tell_all'), ('before_closure', 'tell_all'), ('after_commit', 'note')) phases(phase, callback),
       (VALUES (1, $$OLD.tableoid IN ('def_part.other'::regclass, 'def_part.leaf'::regclass)$$), (2, $$OLD.ctid > '(0,0)'$$),
               (3, $$OLD.xmin::text::bigint > 2 AND OLD.xmax::text::bigint > 2$$), (4, $$OLD.cmin::text::int >= 0 AND OLD.tableoid <> 'def_part.leaf'::regclass$$)) conditions(number, condition);
INSERT INTO root SELECT i, 'a', 1 FROM generate_series(1, 3) i;
DELETE FROM root;
SELECT hooks.flush();
SELECT val, string_agg(id::text, ' ' ORDER BY id) FROM refs GROUP BY val ORDER BY val COLLATE "C";

SELECT count(hooks.unregister(name)) FROM hooks.registry;
SET client_min_messages = warning;
DROP SCHEMA def_part CASCADE;
