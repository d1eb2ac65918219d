-- Claim: an event that cannot be written for one after_commit hook is no failure
-- of another one on the same table.
SET client_min_messages = warning;
CREATE SCHEMA test_stats_log;
SET search_path = test_stats_log;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION mood_json(mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE 'no json'; END $$;
CREATE CAST (mood AS json) WITH FUNCTION mood_json(mood);
CREATE TABLE t (id int, mood mood);
CREATE FUNCTION deliver(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
SELECT hooks.register('stlo_first', 'after_commit', 'insert', 't', 'deliver', payload => '{id}', package => 'stlo');
SELECT hooks.register('stlo_mood', 'after_commit', 'insert', 't', 'deliver', payload => '{id, mood}', package => 'stlo');
BEGIN;
INSERT INTO t VALUES (1, 'bad');
SELECT hook, message FROM hooks.failure WHERE hook LIKE 'stlo\_%';
SELECT hook, calls, failures FROM hooks.stats WHERE hook LIKE 'stlo\_%' ORDER BY hook;
ROLLBACK;
SELECT hooks.unregister_package('stlo');
DROP SCHEMA test_stats_log CASCADE;
