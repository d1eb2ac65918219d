# Hooks of phase before_commit where a transaction is not one of psql's: applied
# by logical replication, where each of the publisher's is one; prepared, and
# committed after a crash; restored from a dump.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my %node;
foreach my $name ('publisher', 'subscriber')
{
	$node{$name} = start_node(
		$name,
		allows_streaming => 'logical',
		conf => q{
		max_prepared_transactions = 5
		wal_retrieve_retry_interval = 100ms
	});
	$node{$name}->safe_psql(
		'postgres', q{
		CREATE EXTENSION hooks;
		CREATE TABLE t (id int PRIMARY KEY, state text);
		CREATE TABLE part (id int PRIMARY KEY) PARTITION BY RANGE (id);
		CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (1000);
		CREATE TABLE fired (id bigint GENERATED ALWAYS AS IDENTITY, hook text, changes text);
		CREATE FUNCTION tells(event jsonb) RETURNS void LANGUAGE sql AS $$
		  INSERT INTO public.fired (hook, changes)
		  SELECT event->>'hook', string_agg(format('%s %s %s', c->>'relation', c->>'action', c->>'rows'), ', ' ORDER BY n)
		    FROM jsonb_array_elements(event->'changes') WITH ORDINALITY a (c, n) $$;
	});
}
my $publisher = $node{publisher};
my $subscriber = $node{subscriber};

sub publisher { return $publisher->safe_psql('postgres', $_[0]); }
sub subscriber { return $subscriber->safe_psql('postgres', $_[0]); }

# The subscriber's hooks, for what is applied
subscriber(q{
	SELECT hooks.register('applied', 'before_commit', 'write', 't', 'tells', fire => 'replica'),
	       hooks.register('paid', 'before_commit', 'update', 't', 'tells', fire => 'always',
	                      columns => '{state}', condition => $$NEW.state = 'paid'$$),
	       hooks.register('parts', 'before_commit', 'insert', 'part', 'tells', fire => 'replica'),
	       hooks.register('origin', 'before_commit', 'write', 't', 'tells')});
publisher(q{CREATE PUBLICATION p FOR TABLE t, part WITH (publish_via_partition_root = true)});
my $connection = $publisher->connstr . ' dbname=postgres';
subscriber("CREATE SUBSCRIPTION s CONNECTION '$connection' PUBLICATION p WITH (copy_data = off)");
publisher(q{
	BEGIN;
	INSERT INTO t VALUES (1, 'new'), (2, 'new'), (3, 'new');
	SAVEPOINT s;
	DELETE FROM t;
	ROLLBACK TO s;
	UPDATE t SET state = 'paid' WHERE id < 3;
	INSERT INTO part VALUES (1), (2);
	COMMIT;
	UPDATE t SET state = 'sent' WHERE id = 1;
	TRUNCATE t});
$publisher->wait_for_catchup('s');
is( subscriber('SELECT hook, changes FROM fired ORDER BY id'),
	"applied|public.t insert 3, public.t update 2
paid|public.t update 2
parts|public.part insert 2
applied|public.t update 1
applied|public.t truncate ",
	'each applied transaction fires each hook once');
subscriber('DROP SUBSCRIPTION s');

# Prepared: it fires then, and is as durable as the rest
publisher(q{
	SELECT hooks.register('prepared', 'before_commit', 'insert', 't', 'tells');
	BEGIN;
	INSERT INTO t VALUES (10, 'new');
	PREPARE TRANSACTION 'x';
	BEGIN;
	INSERT INTO t VALUES (11, 'new');
	PREPARE TRANSACTION 'y'});
is(publisher('SELECT count(*) FROM fired'), 0, 'nothing to be seen of it before COMMIT PREPARED');
$publisher->stop('immediate');
$publisher->start;
publisher(q{COMMIT PREPARED 'x'; ROLLBACK PREPARED 'y'});
is(publisher('SELECT hook, changes FROM fired'),
	'prepared|public.t insert 1', 'it fired once, at PREPARE TRANSACTION');

# A dump restored: the hook and its triggers are there, once
publisher(q{SELECT hooks.register('parts', 'before_commit', 'write', 'part', 'tells')});
my $dump = $publisher->basedir . '/dump.sql';
$publisher->command_ok([ 'pg_dump', '-f', $dump, 'postgres' ], 'pg_dump');
publisher('CREATE DATABASE restored');
$publisher->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-f', $dump, 'restored' ],
	'psql, in one transaction');
$publisher->safe_psql('restored', q{TRUNCATE fired; INSERT INTO part VALUES (7), (8); INSERT INTO t VALUES (12)});
is( $publisher->safe_psql('restored', 'SELECT hook, changes FROM fired ORDER BY id'),
	"parts|public.part insert 2\nprepared|public.t insert 1",
	'the restored hooks fire');
is($publisher->safe_psql('restored', 'SELECT hooks.repair()'), 0, '... and need no repair');

done_testing();
