# Databases do not wait for each other: not for one whose tables are locked when the
# server starts, nor for workers of others that keep all processes.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = start_node('main', conf => q{
	shared_preload_libraries = 'hooks'
	max_prepared_transactions = 1
});

# A database with a hook
sub make_database
{
	my ($database) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, q{
		CREATE EXTENSION hooks;
		CREATE TABLE t (id int);
		CREATE TABLE done (id int);
		CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE sql
		    AS 'INSERT INTO public.done SELECT (n->>''id'')::int FROM jsonb_array_elements($1->''new'') n';
		SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act')});
}

# Workers are there, or are not, when the server has started
sub restart_with
{
	$node->append_conf('postgresql.conf', join("\n", @_));
	$node->restart;
}

sub delivered
{
	my ($database, $n, $claim) = @_;

	ok($node->poll_query_until($database, 'SELECT count(*) FROM done', $n), $claim);
}

# The first one is locked, by who is still there after a restart
make_database($_) foreach ('d1', 'd2');
restart_with('hooks.workers = off');
$node->safe_psql('d1', q{BEGIN; LOCK TABLE hooks.log_1; PREPARE TRANSACTION 'p'});
$node->safe_psql('d2', 'INSERT INTO t VALUES (1)');
restart_with('hooks.workers = on');
delivered('d2', 1, 'a database whose log is locked does not hold up another');
is($node->safe_psql('d2', q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'd1' AND backend_type = 'hooks worker'}),
	'1', '... while somebody waits there');
$node->safe_psql('d2', q{SELECT hooks.unregister('h');
	CREATE FUNCTION fails(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
	  IF event->>'attempt' = '1' THEN
	    RAISE 'once';
	  END IF;
	  PERFORM public.act(event);
	END $$;
	SELECT hooks.register('h', 'after_commit', 'insert', 't', 'fails');
	INSERT INTO t VALUES (2)});
delivered('d2', 2, 'nor a retry');
$node->safe_psql('d1', q{ROLLBACK PREPARED 'p'});
sub nobody_is_left
{
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'hooks worker'}),
		'nobody is left');
}

nobody_is_left();

# The system itself may have no process for a worker at the moment
my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];

sub limit_processes { return system_log('prlimit', '--pid', $postmaster, "--nproc=$_[0]:") == 0; }

SKIP:
{
	chomp(my $limit = `prlimit --pid $postmaster --nproc --output=SOFT --noheadings` // '');
	skip 'processes cannot be limited', 1 if $limit !~ /^\s*(\d+|unlimited)\s*$/ || !limit_processes($1);
	my $session = $node->background_psql('d1');
	my $log = -s $node->logfile;

	$session->query_safe('SELECT 1');
	limit_processes(1);
	$session->query_safe('INSERT INTO t VALUES (50)');
	$node->wait_for_log(qr/could not fork (background )?worker process/, $log);
	limit_processes($limit =~ s/\s//gr);
	delivered('d1', 1, 'a worker that could not be started is started later');
	$session->query_safe('TRUNCATE done');
	$session->quit;
}

# One process is enough for who looks, and for the hooks of the start
$node->safe_psql('d1', q{
	CREATE FUNCTION note_start(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO public.done VALUES (100)';
	SELECT hooks.register('starts', 'startup', 'server', NULL, 'note_start')});
restart_with('max_logical_replication_workers = 0', 'max_worker_processes = 2');
delivered('d1', 1, 'with one free process, hooks of the start fire');
$node->safe_psql('d2', 'INSERT INTO t VALUES (3)');
delivered('d2', 3, '... and others are delivered to');

# More databases than processes: those whose workers are busy all the time make room
my @others = ('d3', 'd4', 'd5');
make_database($_) foreach (@others);
sub keep_busy
{
	my ($database) = @_;

	$node->safe_psql($database, q{
		CREATE TABLE busy (id int);
		CREATE FUNCTION again(event jsonb) RETURNS void LANGUAGE sql AS 'SELECT pg_sleep(0.05); INSERT INTO public.busy VALUES (1)';
		SELECT hooks.register('again', 'after_commit', 'insert', 'busy', 'again');
		INSERT INTO busy VALUES (1)});
	ok($node->poll_query_until($database, 'SELECT count(*) > 2 FROM busy'), "$database is busy");
}

restart_with('max_worker_processes = 3', 'hooks.max_depth = 1000');
keep_busy('d3');
keep_busy('d4');
$node->safe_psql('d5', 'INSERT INTO t VALUES (1)');
delivered('d5', 1, 'who waits for a process of busy ones gets it');
$node->safe_psql($_, q{SELECT hooks.unregister('again')}) foreach ('d3', 'd4');

# Nobody makes room when other programs keep all processes: it is tried again
nobody_is_left();
$node->safe_psql('d5', q{CREATE TABLE large WITH (parallel_workers = 2) AS SELECT generate_series(1, 10000) id});
my $parallel = $node->background_psql('d5', on_error_stop => 0);
$parallel->query_safe($_) foreach ('SET parallel_setup_cost = 0', 'SET parallel_tuple_cost = 0', 'SET min_parallel_table_scan_size = 0');

sub stop_query
{
	$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query ~ '^SELECT count.pg_sleep' AND backend_type = 'client backend'});
}

# Does something while there is no process.  The query may get fewer: a process that has
# just ended is free when the postmaster has seen it.
sub meanwhile
{
	my ($act) = @_;
	my $kept = 0;

	for (1 .. 50)
	{
		$parallel->query_until(qr/starts/, "\\echo starts\nSELECT count(pg_sleep(1)) FROM large;\n");
		for (1 .. 20)
		{
			$kept = $node->safe_psql('postgres', q{SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type = 'parallel worker'}) eq 't';
			last if $kept;
			usleep(100_000);
		}
		last if $kept;
		stop_query();
	}
	ok($kept, 'others keep all processes');
	$act->();
	stop_query();
}

sub set_workers
{
	my ($value) = @_;

	$node->append_conf('postgresql.conf', "hooks.workers = $value");
	$node->reload;
	ok($node->poll_query_until('postgres', 'SHOW hooks.workers', $value), "workers are $value");
}

meanwhile(sub { $node->safe_psql('d5', 'INSERT INTO t VALUES (2)') });
delivered('d5', 2, 'a worker is started when they are free');

# ... and so is who looks into the databases
nobody_is_left();
set_workers('off');
my $launcher = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'hooks launcher'});
$node->safe_psql('postgres', "SELECT pg_terminate_backend($launcher)");
ok($node->poll_query_until('postgres', qq{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hooks launcher' AND pid <> $launcher}),
	'a new launcher has seen it');
$node->safe_psql('d5', 'INSERT INTO t VALUES (3)');
meanwhile(sub { set_workers('on'); sleep 1 });
delivered('d5', 3, 'what waited is found when there are processes');
$parallel->quit;

# Those whose workers are idle do so at once
restart_with(q{hooks.worker_idle = '1 d'});
$node->safe_psql($_, 'INSERT INTO t VALUES (1)') foreach (@others);
delivered($others[0], 1, 'idle ones make room');
delivered($others[1], 1, '... and so does the next one');
delivered($others[2], 4, '... in turn');
my $idle = $node->safe_psql('postgres', q{SELECT string_agg(pid::text, ', ') FROM pg_stat_activity WHERE backend_type = 'hooks worker'});
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'hooks launcher'});
ok($node->poll_query_until('postgres', "SELECT count(*) < 2 FROM pg_stat_activity WHERE pid IN ($idle)"),
	'... also for who looks into the databases');

# Without preload there may be no process for the launcher
restart_with(q{shared_preload_libraries = ''}, 'max_worker_processes = 1');
$node->safe_psql($_, 'INSERT INTO t VALUES (2)') foreach (@others);
delivered($others[0], 2, 'without a launcher they make room, too');
delivered($others[1], 2, '... and so does the next one');
delivered($others[2], 5, '... in turn');

# Who waits until it is time must not keep the only process from who is to come then
restart_with('hooks.worker_idle = 0', q{hooks.retry_delay = '3 s'});
$node->safe_psql('d2', 'INSERT INTO t VALUES (4)');
delivered('d2', 4, 'after a failure, too');

$node->stop;
done_testing();
