-- hooks.stats counts what hooks have missed: each firing that a pause or the
-- replication role leaves out, each statement that the kill switch or a disabled
-- trigger keeps from a hook.
CREATE TABLE missed_parent (id int PRIMARY KEY, v int);
CREATE TABLE missed_child (parent int REFERENCES missed_parent ON DELETE CASCADE);
CREATE FUNCTION missed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT hooks.register('missed_row', 'before', 'insert, update', 'missed_parent', 'missed');
SELECT hooks.register('missed_column', 'after', 'update', 'missed_parent', 'missed', columns => '{v}');
SELECT hooks.register('missed_replica', 'before', 'insert', 'missed_parent', 'missed', fire => 'replica');
SELECT hooks.register('missed_always', 'before', 'insert', 'missed_parent', 'missed', fire => 'always');
SELECT hooks.register('missed_asked', 'before', 'insert', 'missed_parent', 'missed', activation => 'opt_in');
SELECT hooks.register('missed_cascade', 'before_cascade', 'delete', 'missed_parent', 'missed');
SELECT hooks.register('missed_child', 'before', 'delete', 'missed_child', 'missed', level => 'statement');
CREATE VIEW missed_seen AS
    SELECT hook, calls, bypassed FROM hooks.stats WHERE hook LIKE 'missed\_%' ORDER BY hook;

-- What a hook is not for is not missed: columns, another replication role, other sessions.
INSERT INTO missed_parent SELECT i, i FROM generate_series(1, 3) i;
UPDATE missed_parent SET id = id;
SELECT * FROM missed_seen;
SELECT hooks.reset_stats();

-- paused: each firing
BEGIN;
SELECT hooks.pause('missed_row', 'test');
INSERT INTO missed_parent SELECT i, i FROM generate_series(4, 6) i;
COMMIT;
SELECT * FROM missed_seen;
SELECT hooks.reset_stats();

-- as often as it is called: counted since then all the same
INSERT INTO missed_parent VALUES (51, 51);
BEGIN;
SELECT hooks.pause('missed_row', 'test');
INSERT INTO missed_parent VALUES (52, 52);
COMMIT;
SELECT hook, calls, bypassed, since <= clock_timestamp() AS since FROM hooks.stats WHERE hook = 'missed_row';
DELETE FROM missed_parent WHERE id > 50;
SELECT hooks.reset_stats();

-- and of before_closure, at the root and below, also beside another hook of the table
SELECT hooks.register('missed_closure', 'before_closure', 'delete', 'missed_parent', 'missed'),
       hooks.register('missed_closure_child', 'before_closure', 'delete', 'missed_child', 'missed');
CREATE VIEW missed_closures AS SELECT * FROM missed_seen WHERE hook LIKE 'missed\_closure%';
INSERT INTO missed_parent VALUES (53, 53);
INSERT INTO missed_child VALUES (53);
BEGIN;
SELECT hooks.pause('missed_closure', 'test'), hooks.pause('missed_closure_child', 'test');
DELETE FROM missed_parent WHERE id = 53;
ROLLBACK;
SELECT * FROM missed_closures;
SELECT hooks.reset_stats();
SELECT hooks.register('missed_closure_other', 'before_closure', 'delete', 'missed_child', 'missed');
BEGIN;
SELECT hooks.pause('missed_closure', 'test'), hooks.pause('missed_closure_child', 'test');
DELETE FROM missed_parent WHERE id = 53;
ROLLBACK;
SELECT * FROM missed_closures;
DROP VIEW missed_closures;
SELECT hooks.unregister(name) FROM hooks.registry WHERE name LIKE 'missed\_closure%';
DELETE FROM missed_parent WHERE id > 50;
SELECT hooks.reset_stats();

-- replication role: each firing where a trigger fires for other hooks, else the statement
SET session_replication_role = replica;
INSERT INTO missed_parent SELECT i, i FROM generate_series(7, 9) i;
DELETE FROM missed_parent WHERE id > 7;
RESET session_replication_role;
SELECT * FROM missed_seen;
SELECT hooks.reset_stats();

-- kill switch: each statement
SET hooks.enabled = off;
INSERT INTO missed_parent SELECT i, i FROM generate_series(10, 12) i;
UPDATE missed_parent SET v = 0;
DELETE FROM missed_parent WHERE id > 10;
DELETE FROM missed_parent WHERE id > 100;
RESET hooks.enabled;
SELECT * FROM missed_seen;
SELECT hooks.reset_stats();

-- kill switch, at the end of the transaction and where things are dropped
CREATE FUNCTION missed_event(event jsonb) RETURNS void LANGUAGE sql AS '';
SELECT hooks.register('missed_commit', 'before_commit', 'insert', 'missed_parent', 'missed_event');
SELECT hooks.register('missed_drop', 'before', 'drop', 'missed_child', 'missed_event');
SELECT hooks.register('missed_cascade_drop', 'before_cascade', 'drop', 'missed_child', 'missed_event');
SELECT hooks.register('missed_drop_off', 'before', 'drop', 'missed_child', 'missed_event');
SELECT hooks.disable('missed_drop_off');
SET hooks.enabled = off;
INSERT INTO missed_parent SELECT i, i FROM generate_series(21, 22) i;
BEGIN;
DROP TABLE missed_child;
ROLLBACK;
SELECT * FROM missed_seen;
RESET hooks.enabled;
SELECT hooks.unregister(name) FROM hooks.registry WHERE callback LIKE '%missed_event%';
SELECT hooks.reset_stats();

-- before_commit: each statement while it is paused, or under the replication role if the trigger
-- fires for others; and a pause before the commit
SELECT hooks.register('missed_commit', 'before_commit', 'insert, update', 'missed_parent', 'missed_event'),
       hooks.register('missed_commit_always', 'before_commit', 'insert, update', 'missed_parent', 'missed_event', fire => 'always');
CREATE VIEW missed_commits AS SELECT * FROM missed_seen WHERE hook LIKE 'missed\_commit%';
BEGIN;
SELECT hooks.pause('missed_commit', 'test');
INSERT INTO missed_parent SELECT i, i FROM generate_series(41, 43) i;
UPDATE missed_parent SET v = 0 WHERE id > 41;
COMMIT;
SELECT * FROM missed_commits;
BEGIN;
UPDATE missed_parent SET v = 1 WHERE id > 40;
SELECT hooks.pause('missed_commit', 'test');
COMMIT;
SELECT * FROM missed_commits;
SET session_replication_role = replica;
UPDATE missed_parent SET v = 2 WHERE id > 40;
RESET session_replication_role;
SELECT * FROM missed_commits;
DROP VIEW missed_commits;
SELECT hooks.unregister(name) FROM hooks.registry WHERE name LIKE 'missed\_commit%';
DELETE FROM missed_parent WHERE id > 40;
SELECT hooks.reset_stats();

-- disabled triggers: each statement
ALTER TABLE missed_parent DISABLE TRIGGER ALL;
INSERT INTO missed_parent SELECT i, i FROM generate_series(13, 15) i;
COPY missed_parent FROM stdin;
16	16
17	17
\.
DELETE FROM missed_parent WHERE id > 13;
SELECT * FROM missed_seen;
ALTER TABLE missed_parent ENABLE TRIGGER ALL;
SELECT hooks.reset_stats();

-- the same of what WITH does, whatever the statement does itself
ALTER TABLE missed_parent DISABLE TRIGGER ALL;
WITH w AS (INSERT INTO missed_parent VALUES (18, 18), (19, 19)), x AS (UPDATE missed_parent SET v = 1 WHERE id = 13) SELECT 1 AS one;
SELECT * FROM missed_seen;
ALTER TABLE missed_parent ENABLE TRIGGER ALL;
SELECT hooks.reset_stats();
-- each by what it does
ALTER TABLE missed_parent DISABLE TRIGGER ALL;
ALTER TABLE missed_child DISABLE TRIGGER ALL;
WITH w AS (UPDATE missed_parent SET v = 2 WHERE id = 13), x AS (DELETE FROM missed_child) SELECT 1 AS one;
SELECT * FROM missed_seen;
ALTER TABLE missed_parent ENABLE TRIGGER ALL;
ALTER TABLE missed_child ENABLE TRIGGER ALL;
SELECT hooks.reset_stats();

-- MERGE and ON CONFLICT DO UPDATE: what they may do
SELECT hooks.register('missed_update', 'after', 'update', 'missed_parent', 'missed'),
       hooks.register('missed_delete', 'after', 'delete', 'missed_parent', 'missed');
CREATE VIEW missed_actions AS SELECT * FROM missed_seen WHERE hook IN ('missed_update', 'missed_delete', 'missed_always');
ALTER TABLE missed_parent DISABLE TRIGGER ALL;
MERGE INTO missed_parent USING (VALUES (13)) m (id) ON missed_parent.id = m.id WHEN MATCHED THEN UPDATE SET v = 3;
SELECT * FROM missed_actions;
SELECT hooks.reset_stats();
MERGE INTO missed_parent USING (VALUES (13)) m (id) ON missed_parent.id = m.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (13, 13);
SELECT * FROM missed_actions;
SELECT hooks.reset_stats();
INSERT INTO missed_parent VALUES (13, 13) ON CONFLICT (id) DO UPDATE SET v = 4;
SELECT * FROM missed_actions;
SELECT hooks.unregister('missed_update'), hooks.unregister('missed_delete');
DROP VIEW missed_actions;
SELECT hooks.reset_stats();

-- TRUNCATE: of the tables that it names, those below, and those that refer to them
CREATE TABLE missed_heir () INHERITS (missed_parent);
SELECT hooks.register('missed_truncate', 'before', 'truncate', 'missed_parent', 'missed'),
       hooks.register('missed_truncate_child', 'before_cascade', 'truncate', 'missed_child', 'missed'),
       hooks.register('missed_truncate_heir', 'after', 'truncate', 'missed_heir', 'missed', level => 'statement');
CREATE VIEW missed_truncates AS SELECT * FROM missed_seen WHERE hook LIKE 'missed\_truncate%';
ALTER TABLE missed_parent DISABLE TRIGGER ALL;
ALTER TABLE missed_child DISABLE TRIGGER ALL;
ALTER TABLE missed_heir DISABLE TRIGGER ALL;
BEGIN;
TRUNCATE missed_child;
SELECT * FROM missed_truncates;
SET client_min_messages = warning;
TRUNCATE missed_parent CASCADE;
ROLLBACK;
SELECT * FROM missed_truncates;
ALTER TABLE missed_parent ENABLE TRIGGER ALL;
ALTER TABLE missed_child ENABLE TRIGGER ALL;
ALTER TABLE missed_heir ENABLE TRIGGER ALL;
SELECT hooks.reset_stats();
SET session_replication_role = replica;
BEGIN;
TRUNCATE ONLY missed_parent, missed_child;
ROLLBACK;
RESET session_replication_role;
SELECT * FROM missed_truncates;
-- ... however far away
ALTER TABLE missed_child ADD id int UNIQUE;
CREATE TABLE missed_far (child int REFERENCES missed_child (id));
SELECT hooks.register('missed_truncate_far', 'after', 'truncate', 'missed_far', 'missed', level => 'statement');
ALTER TABLE missed_far DISABLE TRIGGER ALL;
BEGIN;
TRUNCATE missed_parent CASCADE;
ROLLBACK;
SELECT * FROM missed_truncates WHERE hook = 'missed_truncate_far';
DROP VIEW missed_truncates;
SELECT hooks.unregister(name) FROM hooks.registry WHERE name LIKE 'missed\_truncate%';
DROP TABLE missed_heir, missed_far;
ALTER TABLE missed_child DROP COLUMN id;
SELECT hooks.reset_stats();

-- disabled hooks miss nothing: somebody has decided it for all
SELECT hooks.disable('missed_row');
INSERT INTO missed_parent VALUES (20, 20);
SELECT * FROM missed_seen;

-- hooks.check() tells the owner, who may not see all statistics; others it does not.
CREATE ROLE regress_hooks_missed;
GRANT TRIGGER, INSERT ON missed_parent TO regress_hooks_missed;
SET ROLE regress_hooks_missed;
SET client_min_messages = error;
SELECT hooks.register('missed_owned', 'before', 'insert', 'missed_parent', 'missed');
RESET client_min_messages;
RESET ROLE;
BEGIN;
SELECT hooks.pause('missed_always', 'test'), hooks.pause('missed_owned', 'test');
INSERT INTO missed_parent VALUES (30, 30);
COMMIT;
SELECT object, regexp_replace(message, 'since.*', 'since ...') AS message FROM hooks.check() WHERE code = 'firings_bypassed' AND object LIKE 'missed%' ORDER BY 1;
SET ROLE regress_hooks_missed;
SELECT object, regexp_replace(message, 'since.*', 'since ...') AS message FROM hooks.check() WHERE code = 'firings_bypassed' AND object LIKE 'missed%' ORDER BY 1;
RESET ROLE;
SELECT hooks.unregister('missed_owned');
DROP OWNED BY regress_hooks_missed;
DROP ROLE regress_hooks_missed;

SELECT hooks.unregister(name) FROM hooks.registry WHERE name LIKE 'missed\_%';
DROP VIEW missed_seen;
DROP TABLE missed_child, missed_parent;
DROP FUNCTION missed(), missed_event(jsonb);
