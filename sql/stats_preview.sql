-- Claim: whoever asks what would fire changes no statistics: what is paused
-- has missed nothing.
SET client_min_messages = warning;
CREATE SCHEMA test_stats_preview;
SET search_path = test_stats_preview;
CREATE TABLE t (id int);
INSERT INTO t VALUES (1);
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SELECT hooks.register('stpr_cascade', 'before_cascade', 'delete', 't', 'pass', package => 'stpr');
SELECT hooks.register('stpr_after', 'after', 'delete', 't', 'pass', package => 'stpr');
CREATE VIEW seen AS
    SELECT hook, calls, bypassed FROM hooks.stats WHERE hook LIKE 'stpr\_%' ORDER BY hook;

SELECT hooks FROM hooks.preview_delete('t', 'true');
BEGIN;
SELECT hooks.pause('stpr_cascade', 'test');
SELECT hooks FROM hooks.preview_delete('t', 'true');
COMMIT;
SET session_replication_role = replica;
SELECT hooks FROM hooks.preview_delete('t', 'true');
RESET session_replication_role;
TABLE seen;

-- what is deleted counts
BEGIN;
SELECT hooks.pause('stpr_cascade', 'test');
DELETE FROM t;
COMMIT;
TABLE seen;

SELECT hooks.unregister_package('stpr');
DROP SCHEMA test_stats_preview CASCADE;
