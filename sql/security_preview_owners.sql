-- Who looks at a cascade gets to tables of other roles that refer to his own.
-- What these roles wrote to be called when their tables are read (conditions and
-- expressions of indexes, partition keys, CHECKs of domains) is not called as
-- who looks: but not at all, or as the table's owner, as in the DELETE.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_mal;
CREATE SCHEMA test_lookers_owner AUTHORIZATION regress_hooks_mal;
SET search_path = test_lookers_owner;
CREATE TABLE parents (id int PRIMARY KEY);
INSERT INTO parents VALUES (1), (2);
GRANT REFERENCES ON parents TO regress_hooks_mal;
SET SESSION AUTHORIZATION regress_hooks_mal;
CREATE FUNCTION called(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_user <> 'regress_hooks_mal' THEN
        RAISE 'called as %', current_user;
    END IF;
    PERFORM set_config('test_lookers_owner.parameter', 'set', false);
    RETURN $1;
END $$;
SET client_min_messages = warning;
CREATE TABLE expression (id int, parent int REFERENCES parents ON DELETE CASCADE);
CREATE INDEX ON expression ((id + called(1)));
CREATE TABLE condition (id int, parent int REFERENCES parents ON DELETE CASCADE);
CREATE INDEX ON condition (parent) WHERE called(1) > 0;
CREATE TABLE partition_key (id int, parent int REFERENCES parents ON DELETE CASCADE)
    PARTITION BY LIST ((id + called(1)));
CREATE TABLE partition_key_2 PARTITION OF partition_key FOR VALUES IN (2);
-- a partition key that is read again: the table changes while the walk reads
CREATE FUNCTION change(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN GRANT SELECT ON test_lookers_owner.hashed TO regress_hooks_mal; RETURN $1; END';
CREATE FUNCTION change_now(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN test_lookers_owner.change($1); END';
CREATE TABLE hashed (id int, parent int) PARTITION BY HASH ((parent + called(0)));
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 1, REMAINDER 0);
ALTER TABLE hashed_1 ADD FOREIGN KEY (parent) REFERENCES parents ON DELETE SET NULL;
CREATE INDEX ON hashed_1 ((id + change_now(1)));
-- one that is not simplified
CREATE TABLE computed (id int, parent int) PARTITION BY HASH (called(parent));
CREATE TABLE computed_1 PARTITION OF computed FOR VALUES WITH (MODULUS 1, REMAINDER 0);
ALTER TABLE computed_1 ADD FOREIGN KEY (parent) REFERENCES parents ON DELETE SET NULL;
INSERT INTO computed VALUES (1, 1);
CREATE DOMAIN checked AS int CHECK (called(VALUE) > 0);
CREATE TABLE default_value (id int, parent int DEFAULT 2::checked REFERENCES parents ON DELETE SET DEFAULT);
CREATE TABLE default_inside (id int, parent int DEFAULT ('{2}'::checked[])[1] REFERENCES parents ON DELETE SET DEFAULT);
INSERT INTO expression VALUES (1, 1);
INSERT INTO condition VALUES (1, 1);
INSERT INTO partition_key VALUES (1, 1);
INSERT INTO hashed VALUES (1, 1);
INSERT INTO default_value VALUES (1, 1);
INSERT INTO default_inside VALUES (1, 1);
CREATE TYPE holder AS (v int, c checked);
CREATE TABLE holders (id holder PRIMARY KEY);
INSERT INTO holders VALUES ('(1,1)');
CREATE TABLE default_holder (id int, parent holder DEFAULT '(2,2)' REFERENCES holders ON DELETE SET DEFAULT);
INSERT INTO default_holder VALUES (1, '(1,1)');
CREATE TABLE default_missing (id int, parent int DEFAULT 3::checked REFERENCES parents ON DELETE SET DEFAULT);
INSERT INTO default_missing VALUES (1, 1);
-- a cast that the foreign key was made with, and another one now
CREATE TYPE wrapped AS (v int);
CREATE FUNCTION unwrap(wrapped) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT ($1).v';
CREATE FUNCTION unwrap_now(wrapped) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN test_lookers_owner.called(($1).v); END';
CREATE CAST (wrapped AS int) WITH FUNCTION unwrap(wrapped) AS IMPLICIT;
CREATE TABLE cast_one (parent wrapped CONSTRAINT cast_one_fkey REFERENCES parents ON DELETE CASCADE);
INSERT INTO cast_one VALUES (ROW(1)::wrapped);
DROP CAST (wrapped AS int);
CREATE CAST (wrapped AS int) WITH FUNCTION unwrap_now(wrapped);
RESET SESSION AUTHORIZATION;
-- the partition key is its table's owner's, whose ever the partition is
ALTER TABLE partition_key_2 OWNER TO CURRENT_USER;
RESET client_min_messages;

-- A session that has read none of it yet, so that nothing is cached.
\c -
SET search_path = test_lookers_owner;
SET client_min_messages = warning;
SELECT hooks.cascade_tree('parents');
SELECT relation, action, rows FROM hooks.preview_truncate('parents') ORDER BY relation::text;
SELECT * FROM hooks.preview_delete('parents');
DROP TABLE cast_one;
SELECT relation, action, rows FROM hooks.preview_delete('parents', 'id = 1') ORDER BY relation::text;
SELECT relation, action, rows FROM hooks.preview_delete('holders');
DROP TABLE default_missing;
-- and nothing is left of what they set
SELECT coalesce(current_setting('test_lookers_owner.parameter', true), '') = '';

-- doomed() and keep go the same way.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING 'doomed: %', (SELECT count(*) FROM hooks.doomed(NULL::partition_key));
    RETURN NULL;
END $$;
SELECT hooks.register('tell', 'before_cascade', 'delete', 'parents', 'tell');
SELECT hooks.register('keep', 'before_cascade', 'delete', 'parents', 'hooks.keep');
\c -
SET search_path = test_lookers_owner;
SET client_min_messages = warning;
BEGIN;
DELETE FROM parents WHERE id = 1;
ROLLBACK;

SELECT hooks.unregister('tell'), hooks.unregister('keep');

-- Nor does who looks get to run his own code as the owner, by a search_path.
CREATE TABLE own (id int, parent int REFERENCES parents ON DELETE CASCADE);
CREATE FUNCTION honest(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN abs($1); END';
CREATE INDEX ON own ((id + honest(1)));
GRANT SELECT ON parents, own TO regress_hooks_mal;
\c -
SET SESSION AUTHORIZATION regress_hooks_mal;
SET client_min_messages = warning;
CREATE FUNCTION test_lookers_owner.abs(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'regress_hooks_mal' THEN
        RAISE 'called as %', current_user;
    END IF;
    RETURN $1;
END $$;
SET search_path = test_lookers_owner, pg_catalog;
SELECT relation, action, rows FROM hooks.preview_delete('parents', 'id = 2');
RESET SESSION AUTHORIZATION;

DROP SCHEMA test_lookers_owner CASCADE;
DROP ROLE regress_hooks_mal;
