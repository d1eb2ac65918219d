# Where the library is preloaded, hooks.stats is what all sessions have counted:
# every call once, whether its transaction committed or not; nothing of hooks,
# extensions and databases that are gone; and a bound that is told of.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', conf => q{
	shared_preload_libraries = 'hooks'
	max_prepared_transactions = 10
});
my $cumulative = $node->safe_psql('postgres', "SHOW server_version_num") >= 180000;

sub sql { return $node->safe_psql('postgres', $_[0]); }

# What was counted of a hook; from 18 on it comes a second later
sub counted
{
	my ($hook, $expected, $name) = @_;

	ok( $node->poll_query_until('postgres',
			"SELECT coalesce((SELECT format('%s %s %s %s %s', calls, failures, vetoes, rows, bypassed)
			   FROM hooks.stats WHERE hook = '$hook'), 'none') = '$expected'"), $name)
	  or diag(sql("SELECT * FROM hooks.stats"));
}

my $setup = q{
	CREATE EXTENSION hooks;
	CREATE TABLE t (id int, v int);
	CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	    IF NEW.v = 13 THEN PERFORM hooks.cancel('unlucky'); END IF;
	    RETURN NEW;
	END $$;
	SELECT hooks.register('h', 'before', 'insert', 't', 'f');
};
sql($setup);

# Many sessions at a time: nothing is lost, nothing counted twice.  Every third
# transaction ends with a veto, every third is rolled back.
$node->pgbench('--client=8 --transactions=150 --no-vacuum', 0, [qr{processed: 1200/1200}], [qr{^$}],
	'8 clients',
	{ '020_stats' => q{
		\set n :client_id % 3
		\if :n = 0
			INSERT INTO t VALUES (1, 1), (2, 2);
		\elif :n = 1
			BEGIN;
			INSERT INTO t VALUES (1, 1);
			ROLLBACK;
		\else
			DO $$ BEGIN INSERT INTO t VALUES (1, 13); EXCEPTION WHEN OTHERS THEN NULL; END $$;
		\endif
	}});
# clients 0, 3, 6: two calls each; 1, 4, 7: one; 2, 5: a veto each
counted('h', 3 * 150 * 2 + 3 * 150 + 2 * 150 . ' 0 300 1350 0', 'what 8 sessions counted');

# A transaction that is prepared has called what it has called.
sql("SELECT hooks.reset_stats('h')");
sql("BEGIN; INSERT INTO t VALUES (1, 1); PREPARE TRANSACTION 'p'");
counted('h', '1 0 0 1 0', 'prepared');
sql("ROLLBACK PREPARED 'p'");
counted('h', '1 0 0 1 0', 'and rolled back');

# Another session sees what one that is still there has counted.
my $session = $node->background_psql('postgres');
$session->query_safe('INSERT INTO t VALUES (2, 2)');
counted('h', '2 0 0 2 0', 'of a session that goes on');
$session->query_safe('SELECT hooks.reset_stats()');
counted('h', '0 0 0 0 0', 'reset by another session');
$session->query_safe('INSERT INTO t VALUES (2, 2)');
$session->quit;

# A hook that is unregistered in a savepoint that is rolled back keeps its place.
sql("BEGIN; SAVEPOINT s; SELECT hooks.unregister('h'); ROLLBACK TO s; COMMIT");
counted('h', '1 0 0 1 0', 'not gone after all');
sql("BEGIN; SAVEPOINT s; SELECT hooks.unregister('h'); RELEASE s; COMMIT");
counted('h', 'none', 'gone');
sql("SELECT hooks.register('h', 'before', 'insert', 't', 'f')");
counted('h', '0 0 0 0 0', 'another of its name');
sql('INSERT INTO t VALUES (3, 3)');
sql("DROP EXTENSION hooks CASCADE; CREATE EXTENSION hooks;
     SELECT hooks.register('h', 'before', 'insert', 't', 'f')");
counted('h', '0 0 0 0 0', 'another of another extension');

# Each database has its own.
sql('INSERT INTO t VALUES (4, 4)');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', "$setup INSERT INTO t VALUES (1, 1), (2, 2)");
counted('h', '1 0 0 1 0', 'of another database');
is($node->safe_psql('other', "SELECT calls FROM hooks.stats"), 2, 'which has its own');
$node->safe_psql('postgres', 'DROP DATABASE other');

SKIP:
{
	skip 'no bound', 3 if $cumulative;

	# Those of the dropped database have given back their place: 99 others fit.
	$node->append_conf('postgresql.conf', 'hooks.max_stats = 100');
	$node->restart;
	counted('h', '0 0 0 0 0', 'a restart begins anew');
	$node->safe_psql('postgres', 'CREATE DATABASE other');
	my $many = q{
		SELECT count(hooks.register('h' || i, 'before', 'insert', 't', 'f')) FROM generate_series(1, 59) i;
		INSERT INTO t VALUES (1, 1);
		SELECT count(*) FROM hooks.stats WHERE calls > 0;
	};
	is(($node->psql('other', "$setup $many"))[1] =~ /^60$/m, 1, 'a place for 60');
	$node->safe_psql('postgres', 'DROP DATABASE other');
	my (undef, $out, $err) = $node->psql('postgres', $many);
	is(($out =~ /^60$/m) . $err, '1', 'which others have when the database is gone');
	# the place of a hook that goes in a subtransaction is for others, too
	foreach my $time ('', ', and once more')
	{
		(undef, undef, $err) = $node->psql('postgres', q{
			BEGIN;
			SAVEPOINT a;
			SELECT hooks.unregister('h' || i) FROM generate_series(1, 59) i;
			RELEASE a;
			COMMIT;
		} . $many);
		is($err, '', "so are those of hooks that went in a subtransaction$time");
	}

	# dynahash may have room for a few more
	(undef, undef, $err) = $node->psql('postgres', q{
		SELECT count(hooks.register('x' || i, 'before', 'insert', 't', 'f')) FROM generate_series(1, 150) i;
		INSERT INTO t VALUES (1, 1);
		SELECT count(*) FROM hooks.stats WHERE calls > 0;
	});
	like($err, qr/hooks.stats has no room for all hooks/, 'a bound is told of');
	sql("SELECT hooks.unregister(name) FROM hooks.registry WHERE name <> 'h'");
}

# A crash loses what was counted, and nothing else.
$node->stop('immediate');
$node->start;
counted('h', '0 0 0 0 0', 'a crash begins anew');
sql('INSERT INTO t VALUES (5, 5)');
counted('h', '1 0 0 1 0', 'and goes on');

# Without the library PostgreSQL can still read its own statistics, if no hook is
# counted in them
sql('SELECT hooks.unregister(name) FROM hooks.registry');
my $inserted = sql(q{SELECT pg_stat_get_tuples_inserted('t'::regclass)});
cmp_ok($inserted, '>', 0, 'inserted rows');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
is(sql(q{SELECT pg_stat_get_tuples_inserted('t'::regclass)}), $inserted, '... are known to a server without the library');

done_testing();
