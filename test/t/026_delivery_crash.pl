# A server that crashes at random moments of writing and delivering: each event that
# was committed is delivered once, no other is, and none before its cause.
#
# The cause: who counts up a counter has waited for the row lock of whoever did so
# before, so the numbers of one counter must be delivered in their order.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);

my $crashes = $ENV{HOOKS_CRASHES} || 200;
my $seed = $ENV{HOOKS_SEED} || int(time) % 100000;
my $node = start_node('main', conf => q{
	restart_after_crash = on
	max_prepared_transactions = 10
	log_min_messages = fatal
});

srand($seed);
note("HOOKS_SEED=$seed");

sub sql { return $node->safe_psql('postgres', $_[0]); }

sql(q{
	CREATE EXTENSION hooks;
	CREATE ROLE other LOGIN;
	GRANT ALL ON SCHEMA public TO other;
	CREATE TABLE counter (k int PRIMARY KEY, n bigint NOT NULL);
	INSERT INTO counter SELECT k, 0 FROM generate_series(1, 5) k;
	CREATE TABLE t (k int, n bigint);
	CREATE TABLE done (seq bigint GENERATED ALWAYS AS IDENTITY, hook text, k int, n bigint);
	GRANT ALL ON t, done TO other;
	CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE sql
	    AS $$ INSERT INTO done (hook, k, n)
	          SELECT $1->>'hook', k, n FROM jsonb_to_recordset($1->'new') AS x(k int, n bigint) $$;
	SELECT hooks.register('mine', 'after_commit', 'insert', 't', 'act');
	SET ROLE other;
	SELECT hooks.register('others', 'after_commit', 'insert', 't', 'act')});

my $script = $node->basedir . '/write.sql';
append_to_file($script, q{
\set k random(1, 5)
\set how random(1, 10)
BEGIN;
WITH c AS (UPDATE counter SET n = n + 1 WHERE k = :k RETURNING k, n) INSERT INTO t SELECT k, n FROM c;
SAVEPOINT s;
INSERT INTO t VALUES (:k, -1);
ROLLBACK TO s;
\if :how = 1
ROLLBACK;
\else
COMMIT;
\endif
});

# A process of the server, chosen at random among workers, or writers
sub victim
{
	my ($type) = @_;

	for (1 .. 20)
	{
		my (undef, $pids) = ask($node, 'postgres', qq{
			SELECT pid FROM pg_stat_activity WHERE backend_type = '$type' AND pid <> pg_backend_pid()});
		my @pids = split /\n/, $pids // '';

		return $pids[rand @pids] if @pids;
	}
	return undef;
}

my %crashed = (server => 0, 'hooks worker' => 0, 'client backend' => 0);
for my $i (1 .. $crashes)
{
	my $out = '';
	my $writers = IPC::Run::start([ 'pgbench', '-n', '-c', 8, '-t', 150, '-f', $script, $node->connstr('postgres') ],
		'>', \$out, '2>', \$out);

	usleep(rand 120_000);
	if ($i % 20 == 0)
	{
		$node->stop('immediate');
		$crashed{server}++;
		$writers->finish;
		$node->start;
	}
	else
	{
		my $type = rand() < 0.8 ? 'hooks worker' : 'client backend';
		my $pid = victim($type);

		usleep(rand 10_000);
		$crashed{$type}++ if defined $pid && kill('KILL', $pid);
		if (!defined $pid)
		{
			$node->stop('immediate');
			$crashed{server}++;
		}
		$writers->finish;
		$node->start if !defined $pid;
		for (1 .. 1000)
		{
			my ($rc) = ask($node, 'postgres', 'SELECT 1');
			last if $rc == 0;
			usleep(10_000);
		}
	}
}
note(join ', ', map { "$_: $crashed{$_}" } sort keys %crashed);

is(sql(q{SELECT hooks.flush('60 s')}), 't', 'everything is delivered in the end');
cmp_ok(sql('SELECT count(*) FROM t'), '>', $crashes, 'much was committed');
is(sql(q{SELECT count(*) FROM (SELECT k, n, h FROM t, unnest(ARRAY['mine', 'others']) h EXCEPT ALL SELECT k, n, hook FROM done) x}),
	'0', 'nothing is lost');
is(sql(q{SELECT count(*) FROM (SELECT k, n, hook FROM done EXCEPT ALL SELECT k, n, h FROM t, unnest(ARRAY['mine', 'others']) h) x}),
	'0', 'nothing is done twice, or was never committed');
is(sql(q{SELECT count(*) FROM (SELECT n, lag(n) OVER (PARTITION BY hook, k ORDER BY seq) AS before FROM done) x WHERE n <= before}),
	'0', 'nothing comes before its cause');
is(sql('SELECT count(*) FROM hooks.outbox'), '0', 'nothing waits');

$node->stop;
done_testing();
