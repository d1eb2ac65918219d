# Without preload, and with no shared memory left for the list of workers: a
# commit and its session go on as if there were no workers.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

$node->safe_psql('postgres', q{
	CREATE EXTENSION hooks;
	CREATE TABLE t (id int);
	CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
	SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act')});
is(sqlstate($node, 'postgres', 'SELECT pg_advisory_lock(n) FROM generate_series(1, 10000000) AS n'),
	'53200', 'locks take all that is left');

# the server's process may end after its client, and gives back the locks then
$node->poll_query_until('postgres', 'SELECT true');
is(sqlstate($node, 'postgres', q{
	INSERT INTO t VALUES (1);
	SET statement_timeout = '100 ms';
	SELECT pg_sleep(5)}), '57014', 'a session that has committed an event can be canceled');
SKIP:
{
	skip 'since PostgreSQL 19 locks have memory of their own', 2 if $node->safe_psql('postgres', 'SHOW server_version_num') >= 190000;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM hooks.outbox'), '1', 'the event waits');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_shmem_allocations WHERE name = 'hooks workers'}),
		'0', 'as there was no room for workers');
}

$node->stop;
done_testing();
