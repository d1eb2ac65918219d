-- Somebody's own indexes on the tables that the extension writes, with
-- expressions and conditions, are kept up as for any INSERT.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
CREATE SCHEMA test_own_indexes;
SET search_path = test_own_indexes;
CREATE FUNCTION words(text) RETURNS int IMMUTABLE LANGUAGE sql AS $$ SELECT count(*)::int FROM regexp_split_to_table($1, ' ') $$;
CREATE FUNCTION day(timestamptz) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1 AT TIME ZONE 'UTC'; END $$;
CREATE INDEX own_words ON hooks.failure (words(message));
CREATE INDEX own_part ON hooks.failure (failure_id) WHERE message <> 'is told';
CREATE INDEX own_day ON hooks.kept (day(kept_at), (restored_at IS NULL));
CREATE INDEX own_open ON hooks.kept (kept_id) WHERE restored_at IS NULL;
CREATE INDEX own_rows ON hooks.kept_row ((rows + 1)) WHERE rows > 1;
CREATE INDEX own_length ON hooks.kept_row (length(data));

-- hooks.failure: in a statement, and at commit
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES t ON DELETE CASCADE);
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'is told'; END $$;
CREATE FUNCTION fail(event jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'told at commit'; END $$;
SELECT hooks.register('own_fails', 'after', 'insert', 't', 'fail', on_error => 'isolate'),
       hooks.register('own_at_commit', 'before_commit', 'insert', 't', 'fail', on_error => 'isolate');
INSERT INTO t VALUES (1), (2), (3);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET jit = off;
SELECT hook, words(message), count(*) FROM hooks.failure WHERE hook ~ '^own_' AND words(message) IN (2, 3) GROUP BY 1, 2 ORDER BY 1;
SELECT hook FROM hooks.failure WHERE message <> 'is told' AND hook ~ '^own_';
SELECT hooks.unregister('own_fails'), hooks.unregister('own_at_commit');

-- hooks.kept and hooks.kept_row: kept, and restored
INSERT INTO child VALUES (1), (1), (2);
SELECT hooks.register('own_keeps', 'before_cascade', 'delete', 't', 'hooks.keep');
DELETE FROM t WHERE id < 3;
SELECT max(kept_id) AS kept_id FROM hooks.kept \gset
SELECT relation, rows, restored_at IS NULL FROM hooks.kept WHERE day(kept_at) IS NOT NULL AND kept_id = :kept_id;
SELECT relation, rows FROM hooks.kept_row WHERE rows > 1 AND rows + 1 IN (3, 4) AND kept_id = :kept_id ORDER BY number;
SELECT hooks.restore(:kept_id);
SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM child);
SELECT restored_at > kept_at, partial, kept_until, caller = current_user FROM hooks.kept WHERE kept_id = :kept_id;
SELECT count(*) FROM hooks.kept WHERE restored_at IS NULL AND kept_id = :kept_id;
SELECT count(*) FROM hooks.kept_row WHERE kept_id = :kept_id;
-- an index that cannot be kept up is an error, not a row that it lacks
CREATE INDEX own_zero ON hooks.kept ((1 / (rows - 4)));
DELETE FROM t WHERE id = 3;
DELETE FROM child WHERE id = 2;
DELETE FROM t;
SELECT count(*) FROM t;

RESET enable_seqscan;
SELECT hooks.unregister('own_keeps'), hooks.purge_kept('0');
DROP INDEX hooks.own_words, hooks.own_part, hooks.own_day, hooks.own_open, hooks.own_rows, hooks.own_length, hooks.own_zero;
SET client_min_messages = warning;
DROP SCHEMA test_own_indexes CASCADE;
