# shellcheck shell=bash disable=SC2154,SC2034
#
# The rows about deletes of one row, and about closures; part of test/bench/run.

# keep_on TABLE: hooks.keep, for a delete of it
keep_on()
{
	hook_on "'before_cascade', 'delete', 'bench.$1', 'hooks.keep'"
}

# archive_on TABLE: writes each deleted row of it as jsonb into an archive
archive_on()
{
	echo "CREATE TRIGGER bench AFTER DELETE ON bench.$1 FOR EACH ROW EXECUTE FUNCTION bench.callback_archive();"
}

kept_clean_up="TRUNCATE hooks.kept, hooks.kept_row, bench.archive, bench.one_copy"

run_one_snapshot()
{
	local ratio

	query <"$here/snapshot.sql"
	query -c "SELECT bench.make_each('parent')" >/dev/null
	variant bare "" 0
	variant trigger "$(trigger_on 'BEFORE DELETE ON bench.parent FOR EACH ROW' bench.callback_each)" 1001
	variant hook "$(hook_on "'before_cascade', 'delete', 'bench.parent', 'bench.callback_set'")" 1001
	measure one-snapshot "$reps" "SELECT bench.each_parent(1, 1)" "SELECT bench.each_parent(2, 1001)" "TRUNCATE bench.snapshot"
	ratio=$(compare one-snapshot hook trigger)
	row "before_cascade snapshot of the 3 dependents of one row, 1,000 DELETEs" "plpgsql BEFORE ROW trigger doing the same" \
		"$ratio×" "≤ 1.1×" "$ratio <= 1.1" one-snapshot
}

run_one_keep()
{
	local ratio archive

	archive="$(archive_on one_room) $(archive_on one_thread) $(archive_on one_message)"
	variant bare "" 0
	variant archive "$archive" 3003
	variant keep "$(keep_on one_room)" 0
	measure one-keep "$reps" "SELECT bench.each_one_room(1, 1)" "SELECT bench.each_one_room(2, 1001)" "$kept_clean_up"
	ratio=$(compare one-keep keep archive)
	row "hooks.keep, 1,000 DELETEs of one row of each of three tables, indexed" "jsonb archive row triggers on the three" \
		"$ratio×" "≤ 1.0×" "$ratio <= 1.0" one-keep
	variant bare "" 0
	variant archive "$archive" 1001
	variant keep "$(keep_on one_room)" 0
	measure alone-keep "$reps" "SELECT bench.each_one_room(5001, 5001)" "SELECT bench.each_one_room(5002, 6001)" "$kept_clean_up"
	ratio=$(compare alone-keep keep archive)
	row "the same, of one row to which nothing refers" "the same" "$ratio×" "≤ 1.0×" "$ratio <= 1.0" one-keep
}

run_one_doomed()
{
	local ratio hook="'before_cascade', 'delete', 'bench.one_room'"

	variant bare "" 0
	variant joined "$(hook_on "$hook, 'bench.callback_one_joined'")" 1001
	variant doomed "$(hook_on "$hook, 'bench.callback_one_doomed'")" 1001
	measure one-doomed "$reps" "SELECT bench.each_one_room(1, 1)" "SELECT bench.each_one_room(2, 1001)" "$kept_clean_up"
	ratio=$(compare one-doomed doomed joined)
	row "INSERT ... SELECT FROM hooks.doomed(), 1,000 DELETEs of one row" "the same by a join with old_table" \
		"$ratio×" "≤ 1.5×" "$ratio <= 1.5" one-doomed
}

# The child's hook captures the rows of the parent, however many that has.
run_keep_child()
{
	local ratio copies="bench.one_copy"

	clock keep-child "$reps" few "bench.keep_child_ms('few')" many "bench.keep_child_ms('many')"
	ratio=$(calc "$(median <"$home/keep-child.many") / $(median <"$home/keep-child.few")" %.3f)
	row "hooks.keep on a child only, a parent of 1M rows, 500 DELETEs of one row" "the same of a parent of 1,000 rows" \
		"$ratio×" "≤ 1.1×" "$ratio <= 1.1" keep-child
}

run_graph()
{
	local name what ratio

	for name in wide tree; do
		what="a table to which 299 refer"
		[ $name = wide ] || what="the root of 2,500 tables, of which five refer to each"
		variant bare "" 0
		variant keep "$(keep_on ${name}_0)" 0
		measure "graph-$name" "$slow_reps" "SELECT bench.each_${name}_0(1, 1)" \
			"SELECT bench.each_${name}_0(2, 101)" "$kept_clean_up"
		ratio=$(calc "$(overhead "graph-$name" keep) / $(median <"$home/graph-$name.bare")" %.3f)
		row "hooks.keep, 100 DELETEs of one row of $what: overhead" "the bare DELETE" \
			"$ratio×" "≤ 3×" "$ratio <= 3" graph
	done
}

run_closure()
{
	local phase hooks ratio table

	variant bare "" 0
	for phase in before_cascade before_closure; do
		hooks=
		for table in room thread message; do
			hooks+=" PERFORM hooks.register('bench_$table', '$phase', 'delete', 'bench.closure_$table', 'bench.callback_nothing');"
		done
		variant $phase "$hooks" 3
	done
	measure closure "$((slow_reps + 4))" "" "DELETE FROM bench.closure_room" ""
	ratio=$(compare closure before_closure before_cascade)
	row "before_closure, 3 levels, 100,100 rows" "before_cascade on the same tables" \
		"$ratio×" "≤ 1.3×" "$ratio <= 1.3" closure
}

run_closures()
{
	copy_cluster template closures
	start closures 5432 "-c max_locks_per_transaction=256"
	query <"$here/common.sql"
	query <"$here/closures.sql" >/dev/null
	if wanted one-snapshot; then run_one_snapshot; fi
	if wanted one-keep; then run_one_keep; fi
	if wanted one-doomed; then run_one_doomed; fi
	if wanted keep-child; then run_keep_child; fi
	if wanted graph; then run_graph; fi
	if wanted closure; then run_closure; fi
	stop closures
}
