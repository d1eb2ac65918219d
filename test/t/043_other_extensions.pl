# Hooks on reads beside other extensions that stand in the executor, preloaded before us or
# after us: nobody misses a statement.  What clients send with parameters is theirs.  Where
# the library is not preloaded any more, check() says that the hooks are out of force.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', conf => q{
	compute_query_id = on
	auto_explain.log_min_duration = 0
	pgaudit.log = 'read'
	track_functions = all
});
my $libraries = $node->config_data('--pkglibdir');
my @others = grep { -e "$libraries/$_.so" } qw(pg_stat_statements auto_explain pgaudit set_user);

sub sql { return $node->safe_psql('postgres', $_[0]); }

sub preload
{
	# the last one counts
	$node->append_conf('postgresql.conf', "shared_preload_libraries = '" . join(', ', @_) . "'");
	$node->restart;
	return;
}

preload('hooks', @others);
sql(q{
	CREATE EXTENSION hooks;
	CREATE TABLE t (id int);
	INSERT INTO t VALUES (1), (2), (3);
	CREATE TABLE seen (n serial, phase text, rows int, sent_by text, statement text, caller text);
	CREATE FUNCTION note(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO seen (phase, rows, sent_by, statement, caller)
	  SELECT event->>'phase', (event->>'rows')::int, event->>'sent_by', event->>'statement', event->>'caller';
	END $$;
	SELECT hooks.register(p, p, 'select', 't', 'note', on_error => 'abort') FROM unnest('{before,after}'::text[]) p});
sql("CREATE EXTENSION $_") foreach grep { $_ ne 'auto_explain' } @others;

# set_user's refusals come from ProcessUtility_hook and object_access_hook.  The latter is
# ours, too, while a DROP ROLE runs.
my $set_user = grep { $_ eq 'set_user' } @others;
my $as_admin = "SET SESSION AUTHORIZATION app; SELECT set_user_u('postgres');";
sql(q{
	CREATE ROLE app;
	CREATE ROLE reader;
	GRANT SELECT ON t TO reader;
	GRANT reader TO app;
	GRANT EXECUTE ON FUNCTION set_user(text), set_user_u(text) TO app;
	CREATE TABLE dropped (event jsonb);
	CREATE FUNCTION dropped(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO dropped VALUES (event)';
	SELECT hooks.register('dropped', 'before', 'drop', NULL, 'dropped', on_error => 'abort')}) if $set_user;

foreach my $order ([ 'hooks', @others ], [ @others, 'hooks' ])
{
	my $name = join(', ', @$order);

	preload(@$order);
	sql('TRUNCATE seen');
	sql('SELECT pg_stat_statements_reset()') if grep { $_ eq 'pg_stat_statements' } @others;
	my $offset = -s $node->logfile;

	is(sql('SELECT id AS marked FROM t WHERE id < 3'), "1\n2", "$name: the statement");
	is( sql('SELECT phase, rows, sent_by FROM seen ORDER BY n'),
		"before||client\nafter|2|client",
		"$name: the hooks");
	my $log = slurp_file($node->logfile, $offset);

	foreach my $other (@others)
	{
		is( sql(q{SELECT sum(calls), sum(rows) FROM pg_stat_statements WHERE query LIKE 'SELECT id AS marked%'}),
			'1|2',
			"$name: $other") if $other eq 'pg_stat_statements';
		like($log, qr/plan:\s+Query Text: SELECT id AS marked/, "$name: $other") if $other eq 'auto_explain';
		like($log, qr/AUDIT: SESSION,\d+,\d+,READ,SELECT,,,.?SELECT id AS marked/, "$name: $other") if $other eq 'pgaudit';
	}

	if ($set_user)
	{
		sql('TRUNCATE seen, dropped');
		sql("SET SESSION AUTHORIZATION app; SELECT set_user('reader'); SELECT id FROM t WHERE id = 1; SELECT reset_user()");
		is(sql('SELECT phase, caller FROM seen ORDER BY n'), "before|reader\nafter|reader", "$name: set_user: who reads");
		my (undef, undef, $err) = $node->psql('postgres', "$as_admin COPY t TO PROGRAM 'cat'");
		like($err, qr/ERROR:  COPY PROGRAM blocked by set_user/, "$name: set_user: ProcessUtility_hook");
		(undef, undef, $err) = $node->psql('postgres',
			"$as_admin CREATE ROLE gone; DROP ROLE gone; SELECT set_config('role', 'app', false)");
		like($err, qr/ERROR:  .*blocked by set_user/, "$name: set_user: object_access_hook, after a drop");
		is(sql(q{SELECT event->>'command', event->'objects'->0->>'object_identity' FROM dropped}), 'DROP ROLE|gone', "$name: set_user: the drop");
	}

	# A veto leaves nothing behind in anybody's stack
	sql(q{CREATE OR REPLACE FUNCTION refuse(jsonb) RETURNS void LANGUAGE sql AS $$SELECT hooks.cancel('no')$$;
	      SELECT hooks.register('refuse', 'before', 'select', 't', 'refuse')});
	is(sqlstate($node, 'postgres', 'SELECT id FROM t'), 'KH001', "$name: a veto");
	is(sql('BEGIN; SAVEPOINT s; SELECT 1; ROLLBACK TO s; SELECT 2; COMMIT'), "1\n2", "$name: and the next statements");
	sql(q{SELECT hooks.unregister('refuse')});
}

# The extended protocol, with and without a named statement
foreach my $mode ('extended', 'prepared')
{
	my $script = $node->basedir . "/$mode.sql";

	append_to_file($script, "\\set id 2\nSELECT id FROM t WHERE id = :id;\n");
	sql('TRUNCATE seen');
	$node->command_ok([ 'pgbench', '-n', '-M', $mode, '-t', '3', '-f', $script, 'postgres' ], "pgbench -M $mode");
	is( sql('SELECT phase, sent_by, sum(rows), count(*) FROM seen GROUP BY 1, 2 ORDER BY 1'),
		"after|client|3|3\nbefore|client||3",
		"$mode: the client's");
}

# pg_dump reads, and copies, in a transaction in which nothing can be written
sql(q{SELECT hooks.unregister('before'), hooks.unregister('after')});
sql(q{CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN RAISE LOG 'told of %', event->>'action'; END $$;
      SELECT hooks.register('dump', 'before', 'read', 't', 'tell', on_error => 'abort')});
my $dumped = -s $node->logfile;
$node->command_ok([ 'pg_dump', '-f', $node->basedir . '/dump.sql', 'postgres' ], 'pg_dump');
my @told = slurp_file($node->logfile, $dumped) =~ /told of (\w+)/g;
is_deeply(\@told, [ 'dump', 'select' ], '... fires what reads');

# Without preload the hooks are out of force, and check() says so
preload();
is(sql('SELECT count(*) FROM t'), 3, 'not preloaded: reads go on');
like(sql(q{SELECT message FROM hooks.check() WHERE object LIKE '%dump%' OR message LIKE '%dump%'}),
	qr/not preloaded/, 'not preloaded: check() tells');
is(sqlstate($node, 'postgres', q{SELECT hooks.register('x', 'before', 'all', 't', 'tell')}), '55000', 'not preloaded: 55000');
is(sqlstate($node, 'postgres', q{SELECT hooks.register('x', 'before', 'put', 't', 'tell')}), '42P17',
	'not preloaded: what would make no sense otherwise is that');
sql(q{ALTER ROLE CURRENT_USER SET session_preload_libraries = 'hooks'});
is(sqlstate($node, 'postgres', q{SELECT hooks.register('x', 'before', 'select', 't', 'tell')}), '55000', 'preloaded for a role: 55000');

done_testing();
