# shellcheck shell=bash disable=SC2154,SC2034
#
# The plots of the manual; part of test/bench/run.  Each is measured, and drawn
# by gnuplot into doc/NAME.svg of this tree, or where PLOTS says.

plots=${PLOTS:-$here/../../doc}

# draw NAME: what comes in, for gnuplot
draw()
{
	command -v gnuplot >/dev/null || fail "plots need gnuplot (Debian: gnuplot-nox)"
	{
		cat <<-PLOT
			set terminal svg size 720,440 noenhanced font 'sans-serif,13' background '#ffffff'
			set output '$home/$1.svg'
			set border 3 lc '#666666'
			set tics nomirror textcolor '#333333'
			set grid lc '#dddddd'
			set key below
			set rmargin 6
			set style line 1 lc '#1b6ca8' lw 2 pt 7 ps 0.5
			set style line 2 lc '#c8553d' lw 2 pt 5 ps 0.5
			set style line 3 lc '#588157' lw 2 pt 9 ps 0.5
			set style line 4 lc '#888888' lw 2 dt 2 pt 1 ps 0.5
		PLOT
		cat
	} | gnuplot || fail "gnuplot could not draw $1"
	cp "$home/$1.svg" "$plots/$1.svg"
	echo "$plots/$1.svg"
}

# The time of a DELETE by the number of its rows
run_plot_rows()
{
	local rows n kind before="BEFORE DELETE ON bench.cascade_root FOR EACH ROW"

	wanted cascade || wanted linear || wanted memory || query <"$here/cascade.sql"
	query <"$here/plots.sql"
	for rows in 1 10 100 1000 10000 100000 1000000; do
		n=$reps
		[ $rows -lt 100000 ] || n=$slow_reps
		cascade_variants
		variant each "$(trigger_on "$before" bench.callback_old)" $((rows + 1))
		measure "rows_$rows" "$n" "DELETE FROM bench.cascade_root WHERE id = 0" \
			"DELETE FROM bench.cascade_root WHERE id BETWEEN 1 AND $rows" ""
		echo "$rows $(for kind in bare hook trigger each; do median <"$home/rows_$rows.$kind"; done | tr '\n' ' ')" >>"$home/rows.dat"
	done
	draw plot-rows <<-PLOT
		set title 'One DELETE: its time with an empty callback on the table'
		set xlabel 'rows deleted'
		set ylabel 'ms'
		set logscale xy
		set format x '%.0f'
		plot '$home/rows.dat' using 1:5 with linespoints ls 2 title 'trigger, BEFORE each row', \\
			'' using 1:4 with linespoints ls 3 title 'trigger, AFTER statement with a transition table', \\
			'' using 1:3 with linespoints ls 1 title 'hook, before_cascade', \\
			'' using 1:2 with linespoints ls 4 title 'neither'
	PLOT
}

# Transactions of one row by the number of clients
run_plot_clients()
{
	local i clients kind kinds=(bare outbox_row notify_row hook)

	workers off
	echo "INSERT INTO bench.events (payload, amount) VALUES ('payload', 1);" >"$home/script.sql"
	for clients in 1 2 4 8 16 32; do
		for ((i = 0; i <= slow_reps; i++)); do
			for kind in "${kinds[@]}"; do
				put_on "$kind"
				"$bindir/pgbench" -n -f "$home/script.sql" -M prepared -c "$clients" -j 2 -T 2 2>"$home/pgbench.log" |
					sed -n 's/^tps = \([0-9.]*\) (without.*/\1/p' >"$home/tps"
				take_off
				((i == 0)) || cat "$home/tps" >>"$home/clients_$clients.$kind"
			done
			kinds=("${kinds[@]:1}" "${kinds[0]}")
		done
		echo "$clients $(for kind in bare hook outbox_row notify_row; do median <"$home/clients_$clients.$kind"; done | tr '\n' ' ')" >>"$home/clients.dat"
	done
	workers on
	draw plot-clients <<-PLOT
		set title 'Transactions that insert one row, whose event is kept for later'
		set xlabel 'clients'
		set ylabel 'transactions/s'
		set logscale x 2
		set yrange [0:*]
		plot '$home/clients.dat' using 1:2 with linespoints ls 4 title 'nothing is kept', \\
			'' using 1:3 with linespoints ls 1 title 'hook, after_commit', \\
			'' using 1:4 with linespoints ls 3 title 'trigger that writes to an outbox', \\
			'' using 1:5 with linespoints ls 2 title 'trigger with pg_notify'
	PLOT
}

# watch_delivery NAME KIND: 4 writers and who delivers, for a time; leaves
# NAME.dat: second, events/s, p99 in ms, dead rows
watch_delivery()
{
	local name=$1 kind=$2 schema=hooks consumer=

	query -c "TRUNCATE bench.delivered, bench.sampled" -c "SELECT pg_stat_reset()" >/dev/null
	if [ "$kind" = hook ]; then
		put_on hook bench.deliver_seen
	else
		put_on outbox_row
		schema=bench
		query -c "CALL bench.consume_for($seconds)" >/dev/null 2>&1 &
		consumer=$!
	fi
	query -c "CALL bench.sample_for($seconds, '$schema')" &
	local sampler=$!
	"$bindir/pgbench" -n -f "$home/script.sql" -M prepared -c 4 -j 2 -R "$writes" -T "$seconds" >/dev/null 2>&1
	wait "$sampler" ${consumer:+"$consumer"} || fail "plot-held: $name failed"
	take_off
	query -F ' ' -c "
		SELECT s.second, count(d.at) / 2.0, coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY d.ms), 'NaN'), min(s.dead)
		  FROM (SELECT at, dead, row_number() OVER (ORDER BY at) * 2 - 2 AS second, lag(at) OVER (ORDER BY at) AS before FROM bench.sampled) s
		  LEFT JOIN bench.delivered d ON d.at > s.before AND d.at <= s.at
		 WHERE s.before IS NOT NULL GROUP BY s.second ORDER BY s.second" >"$home/$name.dat"
}

# Delivery over time, with and without a transaction that is held open
run_plot_held()
{
	local seconds=120 writes=1200 kind holder column title unit

	[ "$slow_reps" -gt 3 ] || seconds=20
	query <"$here/plots.sql"
	query -c "ALTER SYSTEM SET autovacuum = on" -c "ALTER SYSTEM SET autovacuum_naptime = 5" -c "SELECT pg_reload_conf()" >/dev/null
	echo "INSERT INTO bench.events (payload, at) VALUES ('payload', clock_timestamp());" >"$home/script.sql"
	for kind in hook queue; do
		watch_delivery "$kind" "$kind"
		query -c "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(pg_current_xact_id()) FROM bench.audited; SELECT pg_sleep(3600)" >/dev/null 2>&1 &
		holder=$!
		sleep 1
		watch_delivery "${kind}_held" "$kind"
		query -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()" >/dev/null
		wait "$holder" 2>/dev/null || true
	done
	query -c "ALTER SYSTEM RESET autovacuum" -c "SELECT pg_reload_conf()" >/dev/null
	for column in "2 drain events/s" "3 latency p99 in ms" "4 dead dead rows"; do
		read -r column title unit <<<"$column"
		draw "plot-held-$title" <<-PLOT
			set title '4 writers, $writes events/s, beside a transaction that is held open, and without'
			set xlabel 'seconds'
			set ylabel '$unit'
			$([ "$title" = drain ] && echo "set yrange [0:*]" || echo "set logscale y")
			y(v) = '$title' eq 'dead' ? v + 1 : v
			plot '$home/hook.dat' using 1:(y(\$$column)) with lines ls 1 dt 2 title 'hook, after_commit', \\
				'$home/hook_held.dat' using 1:(y(\$$column)) with lines ls 1 title 'the same, held', \\
				'$home/queue.dat' using 1:(y(\$$column)) with lines ls 2 dt 2 title 'queue with SKIP LOCKED', \\
				'$home/queue_held.dat' using 1:(y(\$$column)) with lines ls 2 title 'the same, held'
		PLOT
	done
}
