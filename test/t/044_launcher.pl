# Without preload, one launcher is started for all who wait for a worker, and leaves
# when nobody does.  Those for whom it has no room are found again, and nobody waits
# long for that in a database where something is locked.  One that is busy is
# not relieved again and again.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $owners = 150;				# there is room for 128
my $node = start_node('main', conf => q{
	hooks.max_workers = 1
	hooks.retry_delay = '3 s'
	hooks.worker_idle = '100 ms'
	log_min_messages = debug1
});

my $no_worker = q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'hooks worker'};

sub sql { return $node->safe_psql('postgres', $_[0]); }

# It has no database, and so is in no view, but in the log
sub launcher_has_left
{
	$node->wait_for_log(qr/background worker "hooks launcher" \(PID \d+\) exited/, $_[0]);
	ok($node->poll_query_until('postgres', $no_worker), 'nobody is left');
}

# A worker of "busy" has the only place until there is a row in go
sub begin_busy
{
	sql('TRUNCATE go, done; INSERT INTO b VALUES (1)');
	ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7"), 'one is busy');
}

sub end_busy { sql('INSERT INTO go VALUES (1)'); }

sql(qq{
	CREATE EXTENSION hooks;
	CREATE TABLE b (id int);
	CREATE TABLE few (id int);
	CREATE TABLE many (id int);
	CREATE TABLE later (id int);
	CREATE TABLE go (id int);
	CREATE TABLE done (hook text);
	CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE sql
	    AS 'INSERT INTO public.done VALUES (\$1->>''hook'')';
	CREATE FUNCTION act_busy(event jsonb) RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN
	  PERFORM pg_advisory_xact_lock(7);
	  WHILE NOT EXISTS (SELECT FROM public.go) LOOP
	    PERFORM pg_sleep(0.01);
	  END LOOP;
	END \$\$;
	CREATE FUNCTION fails(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE ''once''; END';
	GRANT CREATE ON SCHEMA public TO public;
	GRANT ALL ON b, few, many, later, go, done TO public;
	SELECT format('CREATE ROLE %I LOGIN', name) FROM (SELECT 'r' || g FROM generate_series(1, $owners) g UNION SELECT unnest('{busy,last}'::text[])) r(name) \\gexec
	SET ROLE busy;
	SELECT hooks.register('busy', 'after_commit', 'insert', 'b', 'act_busy');
	SET ROLE last;
	SELECT hooks.register('last', 'after_commit', 'insert', 'later', 'fails', max_attempts => 2);
	RESET ROLE;
	SELECT format('SET ROLE r%s; SELECT hooks.register(%L, ''after_commit'', ''insert'', %L, ''act'')', g, t || g, t)
	FROM (SELECT 'few' t, generate_series(1, 3) g UNION SELECT 'many', generate_series(1, $owners)) x \\gexec});

# Three wait
begin_busy();
sql('INSERT INTO few VALUES (1)');
is(sql('SELECT count(*) FROM done'), '0', 'three wait for the place');
end_busy();
ok($node->poll_query_until('postgres', 'SELECT count(*) FROM done', '3'), 'they get it');
launcher_has_left(0);
is(scalar(() = slurp_file($node->logfile) =~ /starting background worker process "hooks launcher"/g), 1, 'one launcher was started');

# One waits for its next attempt, and more than there is room for
sql('INSERT INTO later VALUES (1)');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM hooks.outbox WHERE attempts = 1}), 'a delivery fails');
ok($node->poll_query_until('postgres', $no_worker), 'and its worker leaves');
begin_busy();
$node->safe_psql('postgres', 'CREATE DATABASE locked');
$node->safe_psql('locked', 'CREATE EXTENSION hooks');
my $locker = $node->background_psql('locked');
$locker->query_safe('BEGIN; LOCK TABLE hooks.log_1');
my $log = -s $node->logfile;
sql('INSERT INTO many VALUES (1)');
end_busy();
ok($node->poll_query_until('postgres', 'SELECT count(DISTINCT hook) FROM done', $owners), 'all who are due get their turn');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM hooks.outbox WHERE state = 'dead'}), 'and who was due later');
is(sql('SELECT count(*) FROM done'), $owners, 'each once');
$node->wait_for_log(qr/canceling statement due to lock timeout/, $log);
ok($node->poll_query_until('postgres', $no_worker), 'nobody waits in a database');
$locker->query_safe('COMMIT');
$locker->quit;
launcher_has_left($log);

# Others of the same owner have nothing to do meanwhile, and leave at once.  They look once in
# 100 ms whether the busy one is through.
$node->append_conf('postgresql.conf', "hooks.worker_idle = 0\nhooks.max_workers = 4");
$node->reload;
sql(q{SET ROLE busy; SELECT hooks.register('second', 'after_commit', 'insert', 'later', 'act')});
begin_busy();
$log = -s $node->logfile;
my $since = time;
sleep 2;
cmp_ok(scalar(() = slurp_file($node->logfile, $log) =~ /starting background worker process "hooks worker"/g),
	'<', 10 * (time - $since) + 5, 'they are not started in an endless loop');
end_busy();
launcher_has_left($log);

$node->stop;
done_testing();
