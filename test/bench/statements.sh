# shellcheck shell=bash disable=SC2154,SC2034
#
# Statements that are told of, beside contrib's tcn and pgaudit; part of
# test/bench/run.

# hooks.notify at both levels, and a trigger of tcn, which is for each row
run_notify()
{
	local rows=20000 ratio
	local update="UPDATE bench.audited SET amount = amount + 1 WHERE id"

	query -c "CREATE EXTENSION tcn" >/dev/null 2>&1 ||
		{ not_measured "hooks.notify, UPDATE of $rows rows" "contrib's tcn" "tcn is not installed" "≤ 1.0×" notify; return; }
	variant bare "" 0
	variant tcn "$(trigger_on 'AFTER UPDATE ON bench.audited FOR EACH ROW' triggered_change_notification)" 0
	variant row "$(hook_on "'after', 'update', 'bench.audited', 'hooks.notify', level => 'row', on_error => 'abort'")" 0
	variant statement "$(hook_on "'after', 'update', 'bench.audited', 'hooks.notify', level => 'statement', on_error => 'abort'")" 0
	measure notify "$slow_reps" "$update = 0" "$update > 0" "VACUUM bench.audited"
	ratio=$(compare notify statement tcn)
	row "hooks.notify, level statement, UPDATE of $rows rows (level row, all of the old and the new row: $(compare notify row tcn)×)" \
		"contrib's tcn, which tells the key of each row" "$ratio×" "≤ 1.0×" "$ratio <= 1.0" notify
}

# A thousand reads of a function, of each of which the server log tells.
run_reads()
{
	local ratio reads=1000
	local statement="DO \$do\$ DECLARE n bigint; BEGIN FOR i IN 1 .. $reads LOOP SELECT balance INTO n FROM bench.account WHERE id = i; END LOOP; END \$do\$"

	copy_cluster template reads
	start reads 5432 "-c shared_preload_libraries=pgaudit,hooks -c pgaudit.log_catalog=off" 2>/dev/null ||
		{ not_measured "select, after: $reads reads of one row" "pgaudit" "pgaudit is not installed" "" reads; return; }
	query <"$here/common.sql"
	query <<-SQL
		CREATE EXTENSION pgaudit;
		CREATE TABLE bench.account AS SELECT id, balance FROM account;
		ALTER TABLE bench.account ADD PRIMARY KEY (id);
		VACUUM ANALYZE bench.account;
		CREATE FUNCTION bench.callback_read(event jsonb) RETURNS void LANGUAGE plpgsql AS \$\$ BEGIN RAISE LOG '%', event; END \$\$;
	SQL
	variant bare "" 0
	variant pgaudit "SET LOCAL pgaudit.log = 'read'; SET LOCAL pgaudit.log_relation = on;" 0
	variant hook "$(hook_on "'after', 'select', 'bench.account', 'bench.callback_read', on_error => 'abort'")" $reads
	measure reads "$slow_reps" "" "$statement" ""
	ratio=$(compare reads hook pgaudit)
	shown "select, after: $reads reads of one row, which a plpgsql callback writes to the server log as JSON" "pgaudit, which writes a line of CSV" \
		"$ratio×" reads
	stop reads
}
