# Hooks of phase startup: session, at the first statement of each client's
# session; server, once after the server starts.  In order, isolated, and
# whatever they do, nobody is locked out.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

my $node = start_node('main', allows_streaming => 1, conf => q{
	shared_preload_libraries = 'hooks'
	log_min_messages = fatal
	max_worker_processes = 16
});

# without the hooks that are tested
sub sql { return $node->safe_psql('postgres', "SET hooks.enabled = off;\n$_[0]", extra_params => ['-q']); }

# What a session of joe, who is nobody, tells: output and errors
sub joe
{
	my ($statements, $options) = @_;
	local $ENV{PGOPTIONS} = $options // '';
	my ($rc, $out, $err) = $node->psql('postgres', $statements, extra_params => ['-q', '-U', 'joe'], on_error_stop => 0);

	return wantarray ? ($out, $err) : $out;
}

# What was noted since the last time
sub noted { return sql(q{WITH gone AS (DELETE FROM noted RETURNING *) SELECT string_agg(hook, ' ' ORDER BY id) FROM gone}); }

sub hook
{
	my ($name, $body, $more) = @_;

	sql(qq{SELECT hooks.unregister('$name', true);
		CREATE OR REPLACE FUNCTION $name(event jsonb) RETURNS void LANGUAGE plpgsql AS \$f\$ $body \$f\$;
		SELECT hooks.register('$name', 'startup', 'session', NULL, '$name' } . ($more // '') . ')');
}

my $note = q{BEGIN INSERT INTO noted (hook, event) VALUES (event ->> 'hook', event); END};
# hooks.enabled is a superuser's to set at the start of a session
$ENV{PGOPTIONS} = '-c hooks.enabled=off';
sql(qq{
	CREATE EXTENSION hooks;
	CREATE ROLE joe LOGIN;
	CREATE TABLE noted (id bigint GENERATED ALWAYS AS IDENTITY, hook text, event jsonb);
	CREATE TABLE mine (id int);
	GRANT ALL ON mine TO joe;
	CREATE TABLE keys (id int PRIMARY KEY);
	CREATE TABLE refs (id int REFERENCES keys DEFERRABLE INITIALLY DEFERRED);
});

# In order: run_after before priority, priority before age; once in a session
hook('third', $note);
hook('second', $note, ', priority => 7');
hook('first', $note, ', priority => 9');
sql(q{SELECT hooks.register('third', 'startup', 'session', NULL, 'third', run_after => '{second}', replace => true);
	SELECT hooks.register('second', 'startup', 'session', NULL, 'second', run_after => '{first}', replace => true)});
is(joe("SELECT 1;\nSELECT 2;"), "1\n2", 'a session');
is(noted(), 'first second third', 'once, in order');
joe('SELECT 1');
is(sql(q{SELECT event - '{fired_at,transaction_id}'::text[] FROM noted WHERE hook = 'first'}),
	'{"hook": "first", "phase": "startup", "action": "session", "caller": "joe", "metadata": null, "relation": null, "statement": "SELECT 1", "session_user": "joe"}',
	'the event');
noted();
sql(q{SELECT hooks.unregister('third'); SELECT hooks.unregister('second'); SELECT hooks.unregister('first')});
is(sql(q{SELECT hooks.enable('first')} =~ s/enable.*/script()/r), '', 'none is left');

# Any first statement; and each once
hook('note', $note);
for my $first ('SHOW work_mem', 'SET work_mem = 1000', 'BEGIN', 'START TRANSACTION READ ONLY', 'BEGIN ISOLATION LEVEL SERIALIZABLE',
	'PREPARE p AS SELECT 1', 'VALUES (1)', 'COPY (SELECT 1) TO STDOUT', "COPY mine FROM STDIN;\n1\n\\.\nSELECT 1", 'INSERT INTO mine VALUES (1)', 'CREATE TABLE IF NOT EXISTS noted ()',
	'LOCK TABLE mine', 'DO $$ BEGIN COMMIT; END $$', 'EXPLAIN SELECT 1', 'LISTEN x', 'VACUUM mine', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
	'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', 'DISCARD ALL', 'CHECKPOINT')
{
	my ($out, $err) = joe("$first;\nCOMMIT;\nSELECT 'through';\nSELECT 2;");
	like($out, qr/through\n2$/, "first: $first");
	is(noted(), 'note', "once: $first");
}
is(sql('SELECT count(*) FROM noted'), '0', 'a superuser who sets hooks.enabled off comes in without');
{
	local $ENV{PGOPTIONS} = '';
	$node->safe_psql('postgres', $_) for 'CREATE DATABASE other', 'DROP DATABASE other', 'CREATE INDEX CONCURRENTLY ON mine (id)', 'VACUUM',
		'REINDEX DATABASE CONCURRENTLY postgres', q{SELECT pg_switch_wal()};
}
is(noted(), 'note note note note note note', 'commands that can be in no transaction block');
like((joe("SELEC 1;\nSELECT 2;"))[1], qr/syntax error/, 'a syntax error');
is(noted(), 'note', 'the statement after it');
joe("ROLLBACK;\nCOMMIT;\nSAVEPOINT s");
is(noted(), '', 'nothing but ends of transactions');

# BEGIN keeps its options, and SET TRANSACTION comes first
is(joe("BEGIN ISOLATION LEVEL REPEATABLE READ;\nSET TRANSACTION READ ONLY;\nSHOW transaction_isolation;\nCOMMIT"), 'repeatable read', 'with BEGIN');
is(joe("BEGIN;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nSELECT current_setting('transaction_isolation');\nCOMMIT;"), 'serializable', 'after it');
is(noted(), 'note note', 'each has fired');

# So it is in one message, which psql sends where a semicolon has a backslash
is(joe("BEGIN ISOLATION LEVEL REPEATABLE READ \\; SELECT current_setting('transaction_isolation') \\; COMMIT"), 'repeatable read', 'with BEGIN, in one message');
for my $before ('', "SET work_mem = 1000 \\;", "SHOW work_mem \\;", "SET LOCAL work_mem = 1000 \\; RESET work_mem \\;")
{
	my ($out, $err) = joe("BEGIN \\; $before SET TRANSACTION ISOLATION LEVEL SERIALIZABLE \\; SELECT current_setting('transaction_isolation') \\; COMMIT");

	like($out, qr/serializable$/, "after BEGIN and '$before'");
	is($err, '', "without an error after '$before'");
}
is(noted(), 'note note note note note', 'each has fired, too');
joe("SET work_mem = 1000 \\; SHOW work_mem;\nSELECT 1;");
is(noted(), 'note', 'at the next message');
joe("SET work_mem = 1000 \\; SET ROLE joe \\; SHOW work_mem");
is(noted(), 'note', 'before SET ROLE');

# In the transaction of the first statement, or before BEGIN in one of their own
joe("INSERT INTO mine VALUES (1 / 0);");
is(noted(), '', 'a statement that fails takes them along');
joe("INSERT INTO mine VALUES (1 / 0);\nSELECT nonsense;\nSELECT 1;\nSELECT 2;");
is(noted(), 'note', 'they fire again at the next');
joe("BEGIN;\nSELECT 1;\nROLLBACK;");
is(noted(), 'note', 'BEGIN comes after their transaction');
joe('BEGIN \; SELECT 1 \; ROLLBACK \; SELECT 2');
is(noted(), 'note', 'a message with several statements');
joe('BEGIN \; SAVEPOINT s \; SELECT 1 \; ROLLBACK TO s \; SELECT 2 \; COMMIT');
is(noted(), 'note', 'a savepoint takes them along');
joe('BEGIN \; SAVEPOINT s \; SELECT 1 \; RELEASE s \; SELECT 2 \; COMMIT \; SELECT 3');
is(noted(), 'note', 'a savepoint that is released');

# What they do is there for the first statement
hook('note', q{BEGIN PERFORM set_config('app.tenant', session_user || '7', false); INSERT INTO public.noted (hook) VALUES ('x');
	UPDATE mine SET id = id + 100; CREATE TEMP TABLE IF NOT EXISTS session_table (); END});
sql('GRANT ALL ON noted TO joe; TRUNCATE mine; INSERT INTO mine VALUES (1)');
is(joe("BEGIN;\nSHOW app.tenant;\nCOMMIT;"), 'joe7', 'a parameter');
is(joe("SELECT count(*), current_setting('app.tenant') FROM noted"), '2|joe7', 'rows');
is(joe("UPDATE mine SET id = id + 1000 RETURNING id"), '1301', 'a row that both write');
is(joe("DECLARE c CURSOR WITH HOLD FOR SELECT id FROM mine;\nFETCH c;"), '1401', 'a cursor');
noted();

# A callback that runs statements, and one that fails, isolated
hook('note', q{BEGIN PERFORM 1; EXECUTE 'SELECT 2'; INSERT INTO noted (hook) VALUES ('nested'); END});
joe('SELECT 1');
is(noted(), 'nested', 'statements of a callback start nothing');
hook('bad', q{BEGIN INSERT INTO noted (hook) VALUES ('bad'); RAISE 'no way'; END}, ', priority => -1');
my ($out, $err) = joe('SELECT 1');
is($out, '1', 'a failing hook');
like($err, qr/WARNING:  hook "bad" \(startup session\) failed and was isolated: no way/, 'the client is told');
is(noted(), 'nested', 'the others fire');
is(sql(q{SELECT hook, phase, action, relation IS NULL, message, caller FROM hooks.failure}), 'bad|startup|session|t|no way|joe', 'the failure');

# Whatever it does, everybody gets in; the session lives
my %harm = (
	'loops' => q{BEGIN LOOP NULL; END LOOP; END},
	'sleeps' => q{BEGIN PERFORM pg_sleep(1000); END},
	'terminates itself' => q{BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1000); END},
	'terminates itself at the end' => q{BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END},
	'cancels itself' => q{BEGIN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(1000); END},
	'cancels itself, and catches that' => q{BEGIN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(1000); EXCEPTION WHEN OTHERS OR query_canceled THEN NULL; END},
	'vetoes' => q{BEGIN PERFORM hooks.cancel('no'); END},
	'commits' => q{BEGIN COMMIT; END},
	'recurses' => q{BEGIN PERFORM bad(event); END},
	'claims to be cancelled' => q{BEGIN RAISE EXCEPTION USING ERRCODE = '57P01'; END},
	'claims a deadlock' => q{BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END},
	'claims to be out of memory' => q{BEGIN RAISE EXCEPTION USING ERRCODE = '53200'; END},
	'sets the transaction read only' => q{BEGIN SET TRANSACTION READ ONLY; END},
	'breaks a deferred constraint' => q{BEGIN INSERT INTO refs VALUES (1); END},
	'sets a timeout' => q{BEGIN SET statement_timeout = 1; PERFORM pg_sleep(0.1); RESET statement_timeout; END},
	'sets a role' => q{BEGIN SET ROLE nobody; END},
	'locks' => q{BEGIN LOCK TABLE hooks.failure; RAISE 'x'; END},
	'drops' => q{BEGIN DROP FUNCTION bad CASCADE; RAISE 'x'; END},
	'disables' => q{BEGIN PERFORM hooks.disable('bad'); RAISE 'x'; END},
);
sql('ALTER SYSTEM SET hooks.startup_timeout = 300; SELECT pg_reload_conf()');
for my $harm (sort keys %harm)
{
	hook('bad', $harm{$harm}, ', priority => -1');
	is(join(' ', scalar joe("SELECT 1;\nSELECT 2;"), scalar joe("BEGIN;\nSELECT 3;\nCOMMIT;\nSELECT 4;")), "1\n2 3\n4", "a hook that $harm");
}
noted();
is(sql(q{SELECT DISTINCT message FROM hooks.failure WHERE message ~ 'own session'}), 'hook "bad" tried to cancel or terminate its own session', 'what is told of one that ends its session');
# ... and behind the hooks signals mean what they did
hook('bad', $harm{'cancels itself'}, ', priority => -1');
like((joe("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(1000);\nSELECT 5;"))[1], qr/canceling statement due to user request/, 'a client cancels itself later');
is(scalar joe("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1);\nSELECT 5;"), '', '... and terminates itself');
noted();
sql('DELETE FROM hooks.failure');

# The client's own limits: statement_timeout does not count the hooks, and a
# transaction that is read-only does not matter
hook('bad', q{BEGIN PERFORM pg_sleep(0.2); END}, ', priority => -1');
is(joe('SELECT 1', '-c statement_timeout=150'), '1', 'statement_timeout');
like((joe('SELECT pg_sleep(10)', '-c statement_timeout=150'))[1], qr/statement timeout/, 'begins anew for the statement');
hook('bad', q{BEGIN INSERT INTO noted (hook) VALUES ('bad'); END});
is(joe('SELECT 1', '-c default_transaction_read_only=on'), '1', 'read-only sessions');
is(joe('SELECT 1', '-c default_transaction_isolation=serializable'), '1', 'serializable');

# abort refuses the session until it succeeds; never a superuser's
hook('bad', q{BEGIN IF EXISTS (SELECT FROM keys) THEN PERFORM hooks.cancel('closed for the day', hint => 'Come back.'); END IF; END}, ", on_error => 'abort'");
sql('INSERT INTO keys VALUES (1)');
($out, $err) = joe("BEGIN;\nSELECT 1;\nROLLBACK;\nSELECT 2;");
is($out, '', 'no statement of a refused session runs');
like($err, qr/closed for the day.*closed for the day/s, 'each is told');
{
	local $ENV{PGOPTIONS} = '';
	my ($rc, $admin, $told) = $node->psql('postgres', 'SELECT 1');
	is($admin, '1', 'a superuser comes in');
	like($told, qr/WARNING:  hook "bad" .* closed for the day.*never a superuser's/s, 'and is told');
}
sql('TRUNCATE keys CASCADE');
is(joe('SELECT 1'), '1', 'open again');
sql('SELECT hooks.unregister(\'bad\')');
noted();

# As whom: the owner, or whoever came
hook('note', q{BEGIN INSERT INTO noted (hook) VALUES (current_user || ' for ' || (event ->> 'caller')); END});
joe('SELECT 1');
is(noted(), 'postgres for joe', 'as the owner');
hook('note', q{BEGIN INSERT INTO noted (hook) VALUES (current_user); END}, ", run_as => 'invoker'");
joe('SELECT 1');
is(noted(), 'joe', 'as the invoker');
hook('note', q{BEGIN INSERT INTO noted (hook) SELECT hook || phase || action || (relation IS NULL) || (root_action IS NULL) || caller || coalesce(statement, '-') FROM hooks.context(); END});
joe('SELECT 1');
is(noted(), 'notestartupsessiontruetruejoeSELECT 1', 'hooks.context()');

# Opt-in, disabled, and switched off
hook('note', $note, ", activation => 'opt_in'");
joe('SELECT 1');
is(noted(), '', 'not opted in');
like((joe('SELECT 1', '-c hooks.trace=on'))[1], qr/NOTICE:  hook "note" \(startup session\) did not fire: "hooks.opt_in" does not name it/, 'hooks.trace tells that');
like((joe('SELECT 1', '-c hooks.trace=on -c hooks.opt_in=note'))[1], qr/NOTICE:  hook "note" \(startup session\) fired/, 'and that it fires');
noted();
joe('SELECT 1', '-c hooks.opt_in=note');
is(noted(), 'note', 'opted in');
hook('note', $note);
sql(q{SELECT hooks.disable('note')});
joe('SELECT 1');
is(noted(), '', 'disabled');
sql(q{SELECT hooks.enable('note')});

# Not in parallel workers, autovacuum, background workers, walsenders, or postgres --single
is(joe(q{SELECT count(*) FROM pg_class}, '-c min_parallel_table_scan_size=0 -c min_parallel_index_scan_size=0 -c parallel_setup_cost=0 -c parallel_tuple_cost=0'), sql('SELECT count(*) FROM pg_class'), 'a parallel query');
is(noted(), 'note', 'not in its workers');
$node->command_ok(['psql', '-X', '-d', $node->connstr('postgres') . ' replication=database', '-c', 'IDENTIFY_SYSTEM', '-c', 'SELECT 1'], 'a walsender');
is(noted(), '', 'not in it');
sql(q{CREATE FUNCTION later(jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO noted (hook) VALUES ('later') $$;
	CREATE ROLE boss SUPERUSER LOGIN; SET SESSION AUTHORIZATION boss; SELECT hooks.register('later', 'after_commit', 'insert', 'mine', 'later');
	RESET SESSION AUTHORIZATION; SET hooks.enabled = on; INSERT INTO mine VALUES (2); SELECT hooks.flush()});
is(noted(), 'later', 'not in our workers');

# A standby: hooks fire, and cannot write
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
delete $ENV{PGOPTIONS};
is($standby->safe_psql('postgres', 'SELECT 1', extra_params => ['-U', 'joe']), '1', 'a session on a standby');
is($standby->safe_psql('postgres', "BEGIN;\nSELECT 1;\nCOMMIT;", extra_params => ['-U', 'joe', '-q']), '1', 'a transaction on a standby');
$standby->stop;
$ENV{PGOPTIONS} = '-c hooks.enabled=off';

# A dump brings the hooks; a registry that cannot be read lets everybody in
is(scalar(grep { /'startup'/ } split /\n/, sql('SELECT hooks.script()')), 1, 'hooks.script()');
sql('CREATE DATABASE restored');
$node->command_ok(['sh', '-c', 'pg_dump -d "$0" | psql -X -q -v ON_ERROR_STOP=1 -d "$1"', $node->connstr('postgres'), $node->connstr('restored')], 'a dump');
noted();
{
	local $ENV{PGOPTIONS} = '';
	$node->safe_psql('restored', 'SELECT 1', extra_params => ['-U', 'joe']);
	is($node->safe_psql('restored', q{SET hooks.enabled = off; SELECT count(*) >= 2 FROM noted}), 't', 'fires there too');
}
sql('CREATE DATABASE damaged TEMPLATE restored');
$node->safe_psql('damaged', 'ALTER TABLE hooks.registry ADD COLUMN strange int');
{
	local $ENV{PGOPTIONS} = '';
	is($node->safe_psql('damaged', 'SELECT 1', extra_params => ['-U', 'joe']), '1', 'a damaged registry');
}

# server: once after each start, in each database that has such hooks, in order
sub server_hook
{
	my ($database, $name, $body, $more) = @_;

	$node->safe_psql($database, qq{SET hooks.enabled = off;
		CREATE OR REPLACE FUNCTION $name(event jsonb) RETURNS void LANGUAGE plpgsql AS \$f\$ $body \$f\$;
		SELECT hooks.register('$name', 'startup', 'server', NULL, '$name' } . ($more // '') . ')');
}
sql(q{SELECT hooks.unregister('note'); SELECT hooks.unregister('later'); TRUNCATE noted});
$node->safe_psql('restored', q{SET hooks.enabled = off; SELECT hooks.unregister('note'); SELECT hooks.unregister('later'); TRUNCATE noted});
my $both = q{BEGIN INSERT INTO noted (hook, event) VALUES (event ->> 'hook', event); END};
server_hook('postgres', 'warm_2', $both);
server_hook('postgres', 'warm_fails', q{BEGIN RAISE 'cold'; END}, ', priority => -1');
server_hook('postgres', 'warm_1', $both, ', priority => -2');
server_hook('postgres', 'warm_3', q{BEGIN PERFORM pg_sleep(1000); END}, ", priority => 9, timeout => '1 s'");
# those that one before them has taken out of force do not fire
server_hook('postgres', 'warm_0', q{BEGIN PERFORM hooks.disable('warm_off'), hooks.unregister('warm_gone', missing_ok => true); END}, ', priority => -3');
server_hook('postgres', $_, $both, ', priority => -2') for qw(warm_off warm_gone);
server_hook('restored', 'warm', $both);
sub await
{
	my ($database, $expected, $name) = @_;
	my $n = split ' ', $expected;

	$node->poll_query_until($database, "SELECT count(*) >= $n FROM noted");
	is($node->safe_psql($database, q{SET hooks.enabled = off; SELECT string_agg(hook, ' ' ORDER BY id) FROM noted}), $expected, $name);
}
delete $ENV{PGOPTIONS};
is(sql('SELECT count(*) FROM noted'), '0', 'not before the server starts');

# One that an interrupted DROP DATABASE has left is not looked into
sql('CREATE DATABASE half_dropped');
sql(q{UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half_dropped'});
my $end_of_log = -s $node->logfile;
$node->restart;
await('postgres', 'warm_1 warm_2', 'the hooks of one database');
await('restored', 'warm', 'those of another');
unlike(substr(slurp_file($node->logfile), $end_of_log), qr/FATAL:  cannot connect/, '... and no other');
sql('DROP DATABASE half_dropped');
is(sql(q{SELECT event - '{fired_at,transaction_id}'::text[] FROM noted WHERE hook = 'warm_2'}),
	'{"hook": "warm_2", "phase": "startup", "action": "server", "caller": "postgres", "metadata": null, "relation": null, "statement": null, "session_user": "postgres"}',
	'the event');
$node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM hooks.failure WHERE phase = 'startup' AND action = 'server'});
is(sql(q{SELECT string_agg(hook || ' ' || sqlstate, ', ' ORDER BY failure_id) FROM hooks.failure WHERE action = 'server'}), 'warm_fails P0001, warm_3 KH002', 'those that fail');

# once: not when the workers are switched off and on, nor when the launcher ends
sql(q{ALTER SYSTEM SET hooks.workers = off; SELECT pg_reload_conf(); SELECT pg_sleep(0.2); ALTER SYSTEM RESET hooks.workers; SELECT pg_reload_conf();
	SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'hooks launcher'});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hooks launcher'}), 'another launcher');
sql(q{SELECT hooks.register('later', 'after_commit', 'insert', 'mine', 'later')});
$node->safe_psql('postgres', 'INSERT INTO mine VALUES (3); SELECT hooks.flush()');
await('postgres', 'warm_1 warm_2 later', 'not once more');
$node->stop('immediate');
$node->start;
await('postgres', 'warm_1 warm_2 later warm_1 warm_2', 'after a crash');

# a command that needs the database for itself waits for a hook that does not take long
$node->safe_psql('restored', 'SET hooks.enabled = off; TRUNCATE noted');
server_hook('restored', 'slow', $both =~ s/BEGIN/BEGIN PERFORM pg_sleep(1);/r, ', priority => 1');
$node->restart;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'restored' AND wait_event = 'PgSleep'}), 'a hook takes its time');
is(sqlstate($node, 'postgres', 'ALTER DATABASE restored RENAME TO renamed'), 'none', 'ALTER DATABASE ... RENAME');
is($node->safe_psql('renamed', q{SET hooks.enabled = off; SELECT string_agg(hook, ' ' ORDER BY id) FROM noted; SELECT hooks.unregister('slow')}),
	"warm slow\nt", '... comes after it');
sql('ALTER DATABASE renamed RENAME TO restored');

# abort: those after it do not fire; a hook that never ends stops nobody
sql('TRUNCATE noted; DELETE FROM hooks.failure');
$node->safe_psql('restored', 'SET hooks.enabled = off; TRUNCATE noted');
server_hook('postgres', 'warm_fails', q{BEGIN RAISE 'cold'; END}, ", on_error => 'abort', priority => -1, replace => true");
server_hook('restored', 'endless', q{BEGIN PERFORM pg_sleep(1000); END}, ', priority => 1');
$node->restart;
await('restored', 'warm', 'a hook before one that does not end');
await('postgres', 'warm_1', 'a hook before one that aborts');
$node->safe_psql('postgres', 'INSERT INTO mine VALUES (3); SELECT hooks.flush()');
await('postgres', 'warm_1 later', 'deliveries go on');
$node->append_conf('postgresql.conf', 'hooks.enabled = off');
$node->restart;
$node->append_conf('postgresql.conf', 'hooks.enabled = on');
$node->reload;
$node->poll_query_until('postgres', 'SHOW hooks.enabled', 'on');
$node->safe_psql('postgres', 'INSERT INTO mine VALUES (3); SELECT hooks.flush()');
await('postgres', 'warm_1 later later', 'a server that starts with hooks.enabled off');

# session_preload_libraries: sessions, but no server
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\nsession_preload_libraries = '\$libdir/hooks'");
$node->restart;
$ENV{PGOPTIONS} = '-c hooks.enabled=off';
sql('TRUNCATE noted');
hook('note', $note);
joe("SELECT 1;\nSELECT 2");
is(noted(), 'note', 'session_preload_libraries');
is(sqlstate($node, 'postgres', q{SELECT hooks.register('x', 'startup', 'server', NULL, 'note')}), '55000', 'server needs shared_preload_libraries');
noted();

# Not preloaded: refused, and not fired by chance
$node->append_conf('postgresql.conf', "session_preload_libraries = ''");
$node->restart;
joe("LOAD 'hooks';\nSELECT 1");
is(noted(), '', 'not preloaded');
my (undef, undef, $told) = $node->psql('postgres', q{SELECT hooks.register('x', 'startup', 'session', NULL, 'note')});
like($told, qr/ERROR:  action "session" needs the library to be preloaded\nHINT:  Add hooks to "shared_preload_libraries"/, 'refused');
like(sql(q{SELECT object, message FROM hooks.check() WHERE object = 'note'}), qr/note\|hook "note" cannot fire: the library is not preloaded/, 'hooks.check()');

done_testing();
