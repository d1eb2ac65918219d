#!/usr/bin/env bash
#
# pgbench, in its three query modes: many clients, statements that are planned
# once, hooks that change meanwhile.

# shellcheck source=test/clients/claims.sh
. ./claims.sh

# What there must be afterwards is pgbench's own history
pgbench -i -q -s 2 -U app >/dev/null 2>&1
psql -Xqt -o /dev/null -v ON_ERROR_STOP=1 <<'END'
SET client_min_messages = warning;
CREATE TABLE seen (aid int, delta int);
CREATE TABLE totals (rows bigint);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO seen VALUES (NEW.aid, NEW.abalance - OLD.abalance);
	RETURN NEW;
END $$;
CREATE FUNCTION see_event(event jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO totals VALUES (jsonb_array_length(event->'new'))
$$;
SELECT hooks.register('row', 'before', 'update', 'pgbench_accounts', 'see', columns => '{abalance}');
SELECT hooks.register('statement', 'after', 'update', 'pgbench_tellers', 'claims.note', level => 'statement', on_error => 'isolate');
SELECT hooks.register('commit', 'before_commit', 'insert', 'pgbench_history', 'claims.note_event');
SELECT hooks.register('later', 'after_commit', 'insert', 'pgbench_history', 'see_event', payload => '{aid}');
END

for mode in simple extended prepared; do
	sql -c 'TRUNCATE pgbench_history, seen, totals, claims.fired; UPDATE pgbench_accounts SET abalance = 0 WHERE abalance <> 0; TRUNCATE seen'
	pgbench -n -M $mode -c 4 -j 2 -t 100 -U app >/dev/null 2>&1
	claim "-M $mode: all 400 transactions commit" "$(sql -c 'SELECT count(*) FROM pgbench_history')" 400
	claim "-M $mode: a row hook fires for each UPDATE, with its row" \
		"$(sql -c 'SELECT count(*) FROM (SELECT aid, delta FROM seen EXCEPT ALL SELECT aid, delta FROM pgbench_history) x' -c 'SELECT count(*) FROM seen')" $'0\n400'
	claim "-M $mode: an isolated hook fires for each statement" "$(sql -c "SELECT claims.calls('statement')")" '400 calls, 400 rows'
	claim "-M $mode: before_commit fires for each transaction" \
		"$(sql -c "SELECT count(*) FROM claims.fired WHERE hook = 'commit'")" 400
	sql -c 'SELECT hooks.flush()' >/dev/null
	claim "-M $mode: after_commit delivers each event" "$(sql -c 'SELECT count(*), sum(rows) FROM totals')" '400|400'
done

# Transactions that fail with 40001 are tried again: what they fired is gone with them
sql -c 'TRUNCATE pgbench_history, seen, totals, claims.fired'
PGOPTIONS='-c default_transaction_isolation=repeatable\ read' \
	pgbench -n -M prepared -c 4 -j 2 -t 50 --max-tries=0 --latency-limit=60000 -U app >"$TMPDIR/tries.log" 2>&1
sql -c 'SELECT hooks.flush()' >/dev/null
claim "--max-tries: transactions are tried again, and commit" \
	"$(sql -c 'SELECT count(*) FROM pgbench_history')$(grep -oE 'transactions retried: [1-9]' "$TMPDIR/tries.log" | sed 's/[1-9]$/some/')" "200transactions retried: some"
claim "--max-tries: each has fired once in the end" \
	"$(sql -c "SELECT count(*), (SELECT sum(rows) FROM totals), claims.calls('statement'), (SELECT count(*) FROM claims.fired WHERE hook = 'commit') FROM seen")" \
	'200|200|200 calls, 200 rows|200'

# Statements that are sent without waiting for one another
cat >"$TMPDIR/pipeline.sql" <<'END'
\set id random(1, 100000)
\startpipeline
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :id;
UPDATE pgbench_tellers SET tbalance = tbalance + 1 WHERE tid = :client_id + 1;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, :id, 1, now());
\endpipeline
END
sql -c 'TRUNCATE pgbench_history, seen, totals, claims.fired'
pgbench -n -M prepared -c 4 -j 2 -t 50 -U app -f "$TMPDIR/pipeline.sql" >/dev/null 2>&1
sql -c 'SELECT hooks.flush()' >/dev/null
claim "a pipeline fires for each of its statements, and its commit" \
	"$(sql -c "SELECT count(*), (SELECT sum(rows) FROM totals), claims.calls('statement'), (SELECT count(*) FROM claims.fired WHERE hook = 'commit') FROM seen")" \
	'200|200|200 calls, 200 rows|200'

# A cascade of 1 + 3 + 6 rows, which each transaction makes and removes
psql -Xqt -o /dev/null -v ON_ERROR_STOP=1 <<'END'
SET client_min_messages = warning;
CREATE TABLE a (id bigint PRIMARY KEY);
CREATE TABLE b (id bigint PRIMARY KEY, a bigint REFERENCES a ON DELETE CASCADE);
CREATE TABLE c (b bigint REFERENCES b ON DELETE CASCADE);
CREATE INDEX ON b (a);
CREATE INDEX ON c (b);
CREATE SEQUENCE ids INCREMENT 10;
SELECT hooks.register('cascade', 'before_cascade', 'delete', 'a', 'claims.note', arguments =>
	'{SELECT count(*) FROM c JOIN b ON c.b = b.id JOIN old_table o ON o.id = b.a}');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'a', 'hooks.keep');
END
cat >"$TMPDIR/cascade.sql" <<'END'
SELECT nextval('ids') AS id \gset
INSERT INTO a VALUES (:id);
INSERT INTO b SELECT :id + i, :id FROM generate_series(1, 3) i;
INSERT INTO c SELECT :id + 1 + i % 3 FROM generate_series(1, 6) i;
DELETE FROM a WHERE id = :id;
END
for mode in simple extended prepared; do
	sql -c "TRUNCATE claims.fired; SELECT hooks.purge_kept('0')" >/dev/null
	pgbench -n -M $mode -c 4 -j 2 -t 50 -U app -f "$TMPDIR/cascade.sql" >/dev/null 2>&1
	claim "-M $mode: before_cascade fires once for each DELETE, all dependents there" \
		"$(sql -c "SELECT claims.calls('cascade')")" '200 calls, 200 rows, 1200 counted'
	claim "-M $mode: the recycle bin has each cascade" "$(sql -c 'SELECT count(*), sum(rows) FROM hooks.kept')" '200|2000'
done
sql -c 'SELECT count(hooks.restore(kept_id)) FROM hooks.kept' >/dev/null
claim "what the bin puts back is all that was made" \
	"$(sql -c 'SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT count(*) FROM c)')" '200|600|1200'

# A hook is replaced again and again while prepared statements run: each transaction
# has exactly one firing, of whichever of the two is in force.
psql -Xqt -o /dev/null -v ON_ERROR_STOP=1 <<'END'
CREATE FUNCTION see_other() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO claims.fired (hook, op) VALUES ('other', TG_OP);
	RETURN NEW;
END $$;
END
sql -c 'TRUNCATE pgbench_history, seen, claims.fired'
pgbench -n -M prepared -c 3 -j 1 -T 120 -U app >"$TMPDIR/pgbench.log" 2>&1 &
bench=$!
for callback in see_other see see_other see; do
	before=$(sql -c 'SELECT count(*) FROM pgbench_history')
	poll "SELECT count(*) > $before + 50 FROM pgbench_history" || break
	sql -U app -c "SELECT hooks.register('row', 'before', 'update', 'pgbench_accounts', '$callback', columns => '{abalance}', replace => true)" >/dev/null
done
kill $bench
wait $bench 2>/dev/null
poll "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'pgbench')"
claim "a hook that is replaced fires once for each transaction, old or new" \
	"$(sql -c "SELECT (SELECT count(*) FROM seen) + (SELECT count(*) FROM claims.fired WHERE hook = 'other') - (SELECT count(*) FROM pgbench_history),
		(SELECT count(*) > 50 FROM seen), (SELECT count(*) > 50 FROM claims.fired WHERE hook = 'other')")" '0|t|t'
claim "no client of it had an error" "$(grep -cE 'ERROR|aborted' "$TMPDIR/pgbench.log")" 0

if [ "${PRELOADED:-}" ]; then
	sql -c 'SELECT hooks.reset_stats()' >/dev/null
	pgbench -n -M prepared -c 4 -j 2 -t 100 -U app >/dev/null 2>&1
	claim "hooks.stats has counted the firings of all sessions" \
		"$(sql -c "SELECT hook, calls, rows, failures FROM hooks.stats WHERE hook IN ('row', 'statement') ORDER BY 1")" $'row|400|400|0\nstatement|400|400|0'

	sql -U app -c 'TRUNCATE claims.fired' -c "SELECT hooks.register('before_read', 'before', 'select', 'pgbench_accounts', 'claims.note_event')" \
		-c "SELECT hooks.register('after_read', 'after', 'select', 'pgbench_accounts', 'claims.note_event', on_error => 'abort')" >/dev/null
	for mode in simple extended prepared; do
		sql -c 'TRUNCATE claims.fired'
		pgbench -n -S -M $mode -c 4 -j 2 -t 50 -U app >/dev/null 2>&1
		claim "-S -M $mode: hooks on select fire before and after each execution" \
			"$(sql -c "SELECT claims.calls('before_read')" -c "SELECT claims.calls('after_read')")" $'200 calls, 0 rows\n200 calls, 200 rows'
	done
fi

echo 'done'
