# shellcheck shell=bash disable=SC2154,SC2034
#
# The rows of the outbox, and of hooks.audit; part of test/bench/run.

run_enqueue()
{
	local rows=100000 ratio insert
	local after="AFTER INSERT ON bench.events REFERENCING NEW TABLE AS new_table FOR EACH STATEMENT"
	local hook="'after_commit', 'insert', 'bench.events', 'bench.deliver'"

	insert="INSERT INTO bench.events (payload, amount) SELECT 'payload ' || i, i FROM generate_series"
	variant bare "" 0
	variant trigger "$(trigger_on "$after" bench.callback_outbox)" 2
	variant hook "$(hook_on "$hook")" 0
	variant five "FOR i IN 1 .. 5 LOOP PERFORM hooks.register('bench' || i, $hook); END LOOP;" 0
	measure enqueue "$((slow_reps + 4))" "$insert(0, 0) i" "$insert(1, $rows) i" "TRUNCATE bench.events, bench.outbox"
	if wanted enqueue; then
		ratio=$(compare enqueue hook trigger)
		row "after_commit, INSERT of $rows rows" "a trigger with INSERT ... SELECT to_jsonb of the same rows" \
			"$ratio×" "≤ 1.1×" "$ratio <= 1.1" enqueue
	fi
	if wanted five; then
		ratio=$(compare enqueue five hook)
		row "five after_commit hooks on one table, INSERT of $rows rows" "one" "$ratio×" "≤ 1.2×" "$ratio <= 1.2" five
	fi
}

# the trigger or hook of a variant on bench.events, and away with it
put_on()
{
	case $1 in
		hook) query -c "SELECT hooks.register('bench', 'after_commit', 'insert', 'bench.events', '${2:-bench.deliver}')" >/dev/null ;;
		bare) ;;
		*) query -c "$(trigger_on 'AFTER INSERT ON bench.events FOR EACH ROW' "bench.callback_$1")" ;;
	esac
}

# What was written goes with it, from the log as from the outbox: no worker runs
# in between that would empty the log, and a table that grows from round to round
# gets pages of memory that no other variant has to touch for the first time.
take_off()
{
	query >/dev/null 2>&1 <<-SQL
		DROP TRIGGER IF EXISTS bench ON bench.events;
		SELECT hooks.unregister('bench', missing_ok => true);
		TRUNCATE bench.events, bench.outbox, hooks.log_1, hooks.log_2, hooks.log_3;
	SQL
}

# workers on|off
workers()
{
	query -c "LOAD 'hooks'" -c "ALTER SYSTEM SET hooks.workers = $1" -c "SELECT pg_reload_conf()" >/dev/null
}

run_transactions()
{
	local i kind ratio kinds=(bare outbox_row notify_row hook)

	workers off
	echo "INSERT INTO bench.events (payload, amount) VALUES ('payload', 1);" >"$home/script.sql"
	for ((i = 0; i <= slow_reps; i++)); do
		for kind in "${kinds[@]}"; do
			put_on "$kind"
			"$bindir/pgbench" -n -f "$home/script.sql" -M prepared -c 8 -j 2 -T 2 2>"$home/pgbench.log" |
				sed -n 's/^tps = \([0-9.]*\) (without.*/\1/p' >"$home/tps"
			take_off
			# the first round is not counted
			((i == 0)) || cat "$home/tps" >>"$home/transactions.$kind"
		done
		kinds=("${kinds[@]:1}" "${kinds[0]}")
	done
	workers on
	for kind in "${kinds[@]}"; do
		printf '%-14s %-18s %10.0f tps\n' transactions "$kind" "$(median <"$home/transactions.$kind")"
	done
	ratio=$(calc "$(median <"$home/transactions.hook") / $(median <"$home/transactions.outbox_row")" %.3f)
	row "after_commit, transactions of one row, 8 clients" "a hand-written outbox trigger" \
		"$ratio× throughput" "≥ 1.0×" "$ratio >= 1.0" transactions
	ratio=$(calc "$(median <"$home/transactions.hook") / $(median <"$home/transactions.notify_row")" %.3f)
	row "the same" "pg_notify in a trigger" "$ratio× throughput" "≥ 1.5×" "$ratio >= 1.5" transactions
}

# milliseconds that a statement takes which commits by itself
timed()
{
	query -c '\timing on' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1
}

run_drain()
{
	local n=10000 i size ratio pgq=
	local fill="DO \$\$ BEGIN FOR i IN 1 .. $n LOOP INSERT INTO bench.events (payload, amount) VALUES ('payload', i); END LOOP; END \$\$"

	if query -c "CREATE EXTENSION pgq" >/dev/null 2>&1; then
		pgq=1
		query -c "SELECT pgq.create_queue('bench'), pgq.register_consumer('bench', 'consumer')" >/dev/null
	fi
	for ((i = 0; i <= slow_reps; i++)); do
		for size in 1 60; do
			put_on outbox_row
			query -c "$fill"
			timed "CALL bench.consume($size)" >>"$home/drain.loop_$size"
			take_off
		done
		workers off
		put_on hook
		query -c "$fill"
		workers on
		timed "SELECT hooks.flush('10 min')" >>"$home/drain.hook"
		take_off
		if [ -n "$pgq" ]; then
			query -c "SELECT count(pgq.insert_event('bench', 'insert', to_jsonb(e)::text)) FROM (SELECT i, 'payload' FROM generate_series(1, $n) i) e" \
				-c "SELECT pgq.force_tick('bench')" -c "SELECT pgq.ticker('bench')" >/dev/null
			timed "CALL bench.consume_pgq()" >>"$home/drain.pgq"
		fi
	done
	for i in loop_1 loop_60 hook ${pgq:+pgq}; do
		printf '%-14s %-18s %10.0f events/s\n' drain "$i" "$(calc "$n * 1000 / $(median <"$home/drain.$i")")"
	done
	ratio=$(calc "$(median <"$home/drain.loop_1") / $(median <"$home/drain.hook")" %.3f)
	row "worker, $n events, empty callback" "a loop in plpgsql with SKIP LOCKED, an event at a time" \
		"$ratio× throughput" "≥ 3×" "$ratio >= 3" drain
	ratio=$(calc "$(median <"$home/drain.loop_60") / $(median <"$home/drain.hook")" %.3f)
	row "the same" "the same loop, 60 events at a time" "$ratio× throughput" "≥ 1×" "$ratio >= 1" drain
	if [ -n "$pgq" ]; then
		ratio=$(calc "$(median <"$home/drain.pgq") / $(median <"$home/drain.hook")" %.3f)
		row "the same" "PgQ's next_batch loop, without a subtransaction for each event" \
			"$ratio× throughput" "≥ 1×" "$ratio >= 1" drain
	else
		not_measured "the same" "PgQ's next_batch loop" "pgq is not installed" "≥ 1×" drain
	fi
}

# percentile KIND FRACTION
percentile()
{
	query -c "SELECT round(percentile_cont($2) WITHIN GROUP (ORDER BY ms)::numeric, 3) FROM bench.latency WHERE kind = '$1'"
}

run_latency()
{
	local n=$((reps * 20)) listener hook notify part ratio

	"${CC:-cc}" -O2 -I"$("$PG_CONFIG" --includedir)" -o "$home/listen" "$here/listen.c" \
		-L"$("$PG_CONFIG" --libdir)" -lpq 2>"$home/cc.log" ||
		{ not_measured "latency from commit to callback, idle" "NOTIFY to a listening client" "libpq or a compiler is missing" "≤ 1.0×" latency; return; }
	echo "INSERT INTO bench.events (payload, at) VALUES ('payload', clock_timestamp());" >"$home/script.sql"
	query -c "TRUNCATE bench.latency"
	put_on notify_latency
	"$home/listen" "" >"$home/listen.out" &
	listener=$!
	until grep -q ready "$home/listen.out" 2>/dev/null; do sleep 0.1; done
	"$bindir/pgbench" -n -f "$home/script.sql" -c 1 -R 50 -t "$n" >/dev/null 2>&1
	sleep 1
	kill "$listener"
	take_off
	put_on hook bench.deliver_latency
	# the client is there when it begins; so is the worker
	query -f "$home/script.sql" -c "SELECT hooks.flush()" -c "DELETE FROM bench.latency WHERE kind = 'hook'" >/dev/null
	"$bindir/pgbench" -n -f "$home/script.sql" -c 1 -R 50 -t "$n" >/dev/null 2>&1
	query -c "SELECT hooks.flush()" >/dev/null
	take_off
	for part in 0.5 0.99; do
		hook=$(percentile hook $part)
		notify=$(percentile notify $part)
		ratio=$(calc "$hook / $notify" %.3f)
		printf '%-14s %-18s %10s ms, NOTIFY %s ms\n' latency "p$(calc "$part * 100" %d)" "$hook" "$notify"
		row "from the INSERT to its effect, idle system, p$(calc "$part * 100" %d): $hook ms" \
			"NOTIFY to a libpq client that calls the same function: $notify ms" "$ratio×" "≤ 1.0×" "$ratio <= 1.0" latency
	done
}

# torture KIND: 4 writers at 800 events/s; sets rate, p99, dead
torture()
{
	local events started ended

	query -c "TRUNCATE bench.latency" -c "SELECT pg_stat_reset()" >/dev/null
	put_on hook bench.deliver_latency
	started=$(date +%s%N)
	"$bindir/pgbench" -n -f "$home/script.sql" -M prepared -c 4 -j 2 -R 3200 -T "$seconds" >/dev/null 2>&1
	query -c "SELECT hooks.flush('10 min')" >/dev/null
	ended=$(date +%s%N)
	events=$(query -c "SELECT count(*) FROM bench.latency")
	rate=$(calc "$events * 1e9 / ($ended - $started)" %.1f)
	p99=$(percentile hook 0.99)
	sleep 1
	dead=$(query -c "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_all_tables WHERE schemaname = 'hooks'")
	take_off
	printf '%-14s %-18s %10.0f events/s, p99 %s ms, %s dead rows\n' torture "$1" "$rate" "$p99" "$dead"
}

run_torture()
{
	local seconds=180 rate p99 dead free_rate free_p99 holder ratio

	[ "$slow_reps" -gt 3 ] || seconds=20
	echo "INSERT INTO bench.events (payload, at) VALUES ('payload', clock_timestamp());" >"$home/script.sql"
	torture free
	free_rate=$rate free_p99=$p99
	query -c "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(pg_current_xact_id()) FROM bench.audited; SELECT pg_sleep(3600)" >/dev/null 2>&1 &
	holder=$!
	sleep 1
	torture held
	kill "$holder"
	query -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()" >/dev/null
	ratio=$(calc "$rate / $free_rate" %.3f)
	row "4 writers at 800 events/s, $seconds s, beside a held REPEATABLE READ transaction" "without it" \
		"$ratio× throughput" "≥ 0.98×" "$ratio >= 0.98" torture
	ratio=$(calc "$p99 / $free_p99" %.3f)
	row "the same, p99 of the latency: $p99 ms" "$free_p99 ms" "$ratio×" "≤ 1.2×" "$ratio <= 1.2" torture
	row "the same, dead rows in all tables of hooks" "" "$dead" "≤ 500" "$dead <= 500" torture
}

run_audit()
{
	local rows=20000 ratio logged=
	local after="AFTER UPDATE ON bench.audited FOR EACH ROW"

	query -c "CREATE EXTENSION table_log" >/dev/null 2>&1 && logged=1
	variant bare "" 0
	variant plpgsql "$(trigger_on "$after" bench.callback_audit)" $((rows + 1))
	variant statement "$(hook_on "'after', 'update', 'bench.audited', 'hooks.audit', level => 'statement', on_error => 'abort'")" 0
	variant row "$(hook_on "'after', 'update', 'bench.audited', 'hooks.audit', on_error => 'abort'")" 0
	if [ -n "$logged" ]; then
		variant table_log "CREATE TABLE bench.audited_log (LIKE bench.audited, trigger_id bigserial, trigger_mode text, trigger_tuple text, trigger_changed timestamptz); CREATE TRIGGER bench $after EXECUTE FUNCTION table_log('audited_log', 0, 'bench');" 0
	fi
	measure audit "$slow_reps" "UPDATE bench.audited SET amount = 1 WHERE id = 0" \
		"UPDATE bench.audited SET amount = amount + 1 WHERE id > 0" "VACUUM bench.audited"
	ratio=$(compare audit statement plpgsql)
	row "hooks.audit, level statement, UPDATE of $rows rows" "a plpgsql audit trigger" "$ratio×" "≤ 0.5×" "$ratio <= 0.5" audit
	ratio=$(compare audit row plpgsql)
	row "the same, level row" "a plpgsql audit trigger" "$ratio×" "≤ 1.0×" "$ratio <= 1.0" audit
	if [ -n "$logged" ]; then
		ratio=$(compare audit statement table_log)
		row "the same, level statement" "table_log, which writes rows, not jsonb" "$ratio×" "≤ 1.0×" "$ratio <= 1.0" audit
	fi
}
