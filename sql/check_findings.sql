-- What hooks.check() finds by itself.
CREATE ROLE regress_hooks_owner;
CREATE ROLE regress_hooks_writer;
CREATE SCHEMA regress_hooks_find;
SET search_path = regress_hooks_find;
GRANT ALL ON SCHEMA regress_hooks_find TO regress_hooks_owner, regress_hooks_writer;
CREATE VIEW found AS SELECT severity, code, object, message FROM hooks.check('find') UNION ALL
  SELECT severity, code, object, message FROM hooks.check() WHERE code ~ 'filter|event_trigger|switched';
GRANT SELECT ON found TO regress_hooks_owner;
SET ROLE regress_hooks_owner;
CREATE TABLE parent (id int PRIMARY KEY, changed timestamptz);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
CREATE TABLE grandchild (child int REFERENCES child);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT hooks.register('find', 'before_cascade', 'delete', 'parent', 'f', package => 'find');

-- Foreign keys without an index, at any depth of the cascade.
SELECT * FROM found;
CREATE INDEX ON child (parent);
CREATE INDEX ON grandchild (child);
SELECT * FROM found;
-- Not one that is not enforced (since 18), nor those below it.
DO $$
BEGIN
  CREATE TABLE idle (id int PRIMARY KEY, parent int);
  CREATE TABLE under_idle (idle int REFERENCES idle);
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE idle ADD FOREIGN KEY (parent) REFERENCES parent ON DELETE CASCADE NOT ENFORCED';
  END IF;
END $$;
SELECT * FROM found;
DROP TABLE idle, under_idle;

-- One below several tables with hooks is told of once.
CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parted DEFAULT;
CREATE TABLE below (parted int REFERENCES parted ON DELETE CASCADE);
SELECT hooks.register('parted', 'before', 'delete', 'parted', 'f', package => 'find'), hooks.register('part', 'before', 'delete', 'part', 'f', package => 'find');
SELECT * FROM found WHERE object ~ 'below';
DROP TABLE parted, below;

-- Library and extension of different versions.
RESET ROLE;
BEGIN;
UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'hooks';
SELECT severity, code, object, message FROM hooks.check() WHERE code LIKE 'version%';
ROLLBACK;
SELECT severity, code, object, message FROM hooks.check() WHERE code LIKE 'version%';

-- Triggers that are disabled or gone, also those of foreign keys; repair() mends the former.
RESET ROLE;
ALTER TABLE parent DISABLE TRIGGER ALL;
SELECT * FROM found;
SELECT hooks.repair();
SELECT code FROM found;
ALTER TABLE parent ENABLE TRIGGER ALL;
DROP TRIGGER "Hooks_before_cascade_delete" ON parent;
SELECT * FROM found;
SELECT hooks.repair();
-- and those of a partition
CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE branch PARTITION OF parted FOR VALUES IN (1, 2) PARTITION BY LIST (id);
CREATE TABLE leaf PARTITION OF branch FOR VALUES IN (1);
CREATE TABLE below (parted int REFERENCES parted ON DELETE CASCADE) PARTITION BY LIST (parted);
CREATE TABLE below_leaf PARTITION OF below FOR VALUES IN (1);
CREATE INDEX ON below (parted);
SELECT hooks.register('parted', 'before', 'delete', 'parted', 'f', package => 'find');
ALTER TABLE leaf DISABLE TRIGGER ALL;
ALTER TABLE below_leaf DISABLE TRIGGER ALL;
SELECT * FROM found;
SELECT hooks.repair();
SELECT code, object FROM found;
DROP TABLE parted, below;

-- Hooks that are out of force, or cannot fire.
SELECT hooks.disable('find');
SELECT * FROM found;
SELECT hooks.enable('find');
REVOKE TRIGGER ON parent FROM regress_hooks_owner;
SELECT * FROM found;
GRANT TRIGGER ON parent TO regress_hooks_owner;
SELECT hooks.register('touch', 'before', 'update', 'parent', 'hooks.touch', arguments => '{changed}', package => 'find');
ALTER TABLE parent RENAME changed TO changed_at;
SELECT * FROM found;
SELECT hooks.unregister('touch');

-- A callback that another role can replace.
ALTER FUNCTION f() OWNER TO regress_hooks_writer;
SELECT * FROM found;
ALTER FUNCTION f() OWNER TO regress_hooks_owner;

-- A superuser's hook on tables of others.
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SET client_min_messages = warning;
SELECT hooks.register('wide', 'after', 'insert', NULL, 'g', schema => 'regress_hooks_find', package => 'find');
SELECT severity, code, object, regexp_replace(message, 'superuser ".*"', 'superuser') AS message FROM found;
SELECT hooks.unregister('wide');

-- Filters that are off, or not for all.
SELECT hooks.register_filter('filter', 'parent', 'id > 0', enable => true);
SELECT * FROM found;
ALTER TABLE parent DISABLE ROW LEVEL SECURITY;
SELECT * FROM found;
-- for all, whatever the session that asks wants of row-level security
ALTER TABLE parent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SET row_security = off;
SELECT severity, code, object, message FROM hooks.check() WHERE code ~ 'filter|failed';
RESET row_security;
SELECT hooks.unregister('filter');

-- Event triggers, and the switch for all hooks.
ALTER EVENT TRIGGER hooks_sql_drop DISABLE;
SET hooks.enabled = off;
SELECT * FROM found;
SELECT hooks.repair();
RESET hooks.enabled;
SELECT * FROM found;

-- Firings that were left out.
SELECT hooks.reset_stats('find');
BEGIN;
SELECT hooks.pause('find', 'test');
INSERT INTO parent VALUES (1);
DELETE FROM parent;
COMMIT;
SELECT severity, code, object, regexp_replace(message, ' since.*', '') AS message FROM found;
SELECT hooks.reset_stats('find');

DROP SCHEMA regress_hooks_find CASCADE;
DROP ROLE regress_hooks_owner, regress_hooks_writer;
