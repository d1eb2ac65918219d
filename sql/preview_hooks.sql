-- Which hooks would fire, in firing order: preview_delete(), preview_truncate()
-- and cascade_tree(); and partitions, inheritance and hostile names in them.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_preview_hooks;
SET search_path = test_preview_hooks;
SET client_min_messages = warning;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE, spouse int UNIQUE REFERENCES parent ON DELETE SET NULL);
CREATE TABLE friend (spouse int REFERENCES child (spouse) ON DELETE CASCADE ON UPDATE CASCADE);
CREATE INDEX ON child (parent_id);
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (11, 1, NULL), (12, 2, 1);
INSERT INTO friend VALUES (1);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(NEW, OLD); END';

-- BEFORE STATEMENT, BEFORE ROW, before_cascade, AFTER ROW, AFTER STATEMENT, each
-- a chain of its own; for an update, those whose columns are assigned, and
-- before_cascade where a foreign key refers to one.
SELECT hooks.register(phase || '_' || level || '_' || action || priority, phase, action, 'child', 'f', level => level, priority => priority,
                      on_error => 'abort', columns => CASE WHEN action = 'update' THEN columns END, package => 'ahead')
  FROM (VALUES ('after', 'statement'), ('after', 'row'), ('before_cascade', NULL), ('before', 'row'), ('before', 'statement')) p (phase, level),
       (VALUES ('update', 1, '{spouse}'::name[]), ('update', 2, '{parent_id}'), ('delete', 2, NULL), ('delete', 1, NULL)) a (action, priority, columns)
 WHERE level IS NOT NULL;
SELECT hooks.register('cascade_' || action, 'before_cascade', action, 'child', 'f', package => 'ahead') FROM unnest('{delete, update, truncate}'::text[]) action;
SELECT depth, relation, action, rows, hooks FROM hooks.preview_delete('parent', 'id = 1');
SELECT relation, rows, hooks FROM hooks.preview_truncate('parent');
SELECT hooks.cascade_tree('parent');
SELECT hooks.cascade_tree('parent', 'mermaid');

-- Not those that are disabled, paused, of another replication role, or all.
SELECT hooks.unregister_package('ahead');
SELECT hooks.register('cascade_delete', 'before_cascade', 'delete', 'child', 'f', package => 'ahead');
SELECT hooks.register('disabled', 'before_cascade', 'delete', 'child', 'f', package => 'ahead'), hooks.disable('disabled');
SELECT hooks.register('replica', 'before_cascade', 'delete', 'child', 'f', fire => 'replica', package => 'ahead');
SELECT hooks.register('paused', 'before_cascade', 'delete', 'child', 'f', package => 'ahead');
BEGIN;
SELECT hooks.pause('paused', 'test');
SELECT hooks FROM hooks.preview_delete('parent', 'id = 1') WHERE action = 'delete' AND depth = 1;
SET LOCAL hooks.enabled = off;
SELECT hooks FROM hooks.preview_delete('parent', 'id = 1') WHERE action = 'delete' AND depth = 1;
ROLLBACK;
SELECT hooks.unregister_package('ahead');

-- No before_cascade hook, where no foreign key refers to what is set.
DROP TABLE friend;
SELECT hooks.register('cascade_update', 'before_cascade', 'update', 'child', 'f', package => 'ahead');
SELECT relation, action, hooks FROM hooks.preview_delete('parent', 'id = 1');
SELECT hooks.cascade_tree('parent');
SELECT hooks.unregister_package('ahead');
DROP TABLE child, parent;

-- Partitions, in other formats than their table, are counted with it; hooks of
-- the partitions that hold rows are told too.
CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 (gone int, v text, id int PRIMARY KEY);
ALTER TABLE p2 DROP gone;
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20);
CREATE TABLE q (id int, p_id int REFERENCES p ON DELETE CASCADE, leaf_id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE q1 (leaf_id int, p_id int, id int PRIMARY KEY);
ALTER TABLE q ATTACH PARTITION q1 FOR VALUES FROM (0) TO (10);
CREATE TABLE q2 PARTITION OF q FOR VALUES FROM (10) TO (20);
-- to a partition only, and from one only
CREATE TABLE r (id int REFERENCES p2 ON DELETE CASCADE, q1_id int REFERENCES q1 ON DELETE SET NULL);
ALTER TABLE q2 ADD FOREIGN KEY (leaf_id) REFERENCES p1 ON DELETE SET NULL;
INSERT INTO p SELECT g FROM generate_series(1, 19) g;
INSERT INTO q SELECT g, g, CASE WHEN g >= 10 THEN 5 END FROM generate_series(1, 19) g;
INSERT INTO r VALUES (15, 3), (16, 4);
SELECT hooks.register('on ' || t, 'before_cascade', 'delete', t::regclass, 'f', package => 'ahead') FROM unnest('{p, p1, p2, q, q1, q2}'::text[]) t;
SELECT * FROM hooks.preview_delete('p', 'id IN (2, 3, 5, 15)');
SELECT * FROM hooks.preview_delete('p2', 'id < 12');
SELECT * FROM hooks.preview_truncate('p2');
SELECT hooks.cascade_tree('p');
SELECT hooks.unregister_package('ahead');
DROP TABLE p, q, r;

-- Children that inherit are deleted from too; what refers to their parent does
-- not refer to them.
CREATE TABLE base (id int PRIMARY KEY);
CREATE TABLE derived (PRIMARY KEY (id), code int UNIQUE) INHERITS (base);
CREATE TABLE to_base (id int REFERENCES base ON DELETE CASCADE);
CREATE TABLE to_derived (code int REFERENCES derived (code) ON DELETE CASCADE);
INSERT INTO base VALUES (1);
INSERT INTO derived VALUES (2, 102);
INSERT INTO to_base VALUES (1);
INSERT INTO to_derived VALUES (102);
SELECT * FROM hooks.preview_delete('base', 'base.id > 0');
SELECT * FROM hooks.preview_truncate('base');

-- Names are names.
CREATE SCHEMA "bad;""schema'";
SET search_path = public;
CREATE TABLE "bad;""schema'"."t""\; --" (id int PRIMARY KEY, "c""'; DROP" text UNIQUE);
CREATE TABLE "bad;""schema'"."<b>&#x" ("k""[1]" text CONSTRAINT "x""|y" REFERENCES "bad;""schema'"."t""\; --" ("c""'; DROP") ON DELETE CASCADE);
INSERT INTO "bad;""schema'"."t""\; --" VALUES (1, $$'"$$);
INSERT INTO "bad;""schema'"."<b>&#x" VALUES ($$'"$$);
SELECT * FROM hooks.preview_delete($$"bad;""schema'"."t""\; --"$$, $$"c""'; DROP" = '''"'$$);
SELECT hooks.cascade_tree($$"bad;""schema'"."t""\; --"$$);
SELECT hooks.cascade_tree($$"bad;""schema'"."t""\; --"$$, 'mermaid');
-- A line stays one, so that no name can pass for another table.
CREATE TABLE lines (id int PRIMARY KEY);
CREATE TABLE "a
  b: cascade by c (d), no index" (lines_id int CONSTRAINT "e
f" REFERENCES lines);
SELECT hooks.cascade_tree('lines');
DROP TABLE lines CASCADE;
DROP TABLE "a
  b: cascade by c (d), no index";

-- Foreign keys of one name come by age, also if the older one was changed since; and
-- an index of each kind that PostgreSQL can use for them counts.
SET search_path = test_preview_hooks;
CREATE TABLE same (id int PRIMARY KEY);
CREATE TABLE older (same int CONSTRAINT same_name REFERENCES same ON DELETE CASCADE);
CREATE TABLE newer (same int CONSTRAINT same_name REFERENCES same ON DELETE CASCADE);
ALTER TABLE older ALTER CONSTRAINT same_name DEFERRABLE INITIALLY IMMEDIATE;
CREATE INDEX older_hash ON older USING hash (same);
CREATE INDEX newer_brin ON newer USING brin (same);
SELECT hooks.cascade_tree('same');

DROP SCHEMA test_preview_hooks, "bad;""schema'" CASCADE;
