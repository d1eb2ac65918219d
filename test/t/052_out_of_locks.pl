# The lock table is full, at each of many places of what takes locks: it fails with
# 53200 or does all that it has to, and the session goes on.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use AllHooks;
use HooksTest;
use Test::More;

my $groups = 150;
my $node = start_node('main', conf => q{
	shared_preload_libraries = 'hooks'
	max_connections = 10
	max_locks_per_transaction = 10
	autovacuum = off
	hooks.failures_kept = 10000
});

$node->safe_psql('postgres', all_hooks($groups));

# One session takes all locks that there are, and gives some more back before each try
sub try
{
	my ($command, $per_try) = @_;
	my $script = q{SET client_min_messages = error;
		SELECT hooks.context();
		DO $$ BEGIN
		  FOR i IN 1 .. 1000000 LOOP
		    BEGIN PERFORM pg_advisory_lock(i); EXCEPTION WHEN out_of_memory THEN EXIT; END;
		  END LOOP;
		END $$;
	};

	for my $k (1 .. $groups)
	{
		my $from = ($k - 1) * $per_try + 1;
		my $to = $k * $per_try;

		$script .= join "\n", "\\echo try $k", "SELECT FROM pg_advisory_unlock($from)" . join('', map { ", pg_advisory_unlock($_) AS u$_" } $from + 1 .. $to) . ';',
			sprintf($command, $k), "\\echo :SQLSTATE", '';
	}
	my ($rc, $out, $err) = $node->psql('postgres', "$script SELECT pg_advisory_unlock_all(); SELECT count(*) FROM pg_locks WHERE locktype = 'advisory';",
		on_error_stop => 0);
	my @states = $out =~ /^(?:00000|\d{2}\w{3})$/gm;
	my $failed = grep { $_ eq '53200' } @states;
	my @others = grep { !/^(00000|53200)$/ } @states;

	is($rc, 0, 'the session goes on');
	cmp_ok($failed, '>', 2, "$failed tries failed");
	cmp_ok($failed, '<', $groups, 'others did not');
	is("@others", '', 'no other error');
	my @messages = grep { /ERROR|FATAL|PANIC|WARNING/ && !/ERROR:  out of shared memory/ } split /\n/, $err;
	is(join("\n", @messages), '', 'nor message');
	return $failed;
}

try('DELETE FROM parent WHERE g = %d;', 1);
is($node->safe_psql('postgres', 'SELECT hooks.flush()'), 't', 'all is delivered');
is($node->safe_psql('postgres', whole($groups)), '', 'each hook has told of what is gone');

my $failed = try(q{SELECT hooks.register('more_%1$d', 'before_cascade', 'delete', 'child', 'tell_rows');}, 1);
is($node->safe_psql('postgres', q{SELECT count(*) FROM hooks.registry WHERE name ~ 'more'}), $groups - $failed, 'the others are there');
is($node->safe_psql('postgres', 'SELECT count(*) FROM hooks.check()'), 0, 'and whole');
$node->stop;
done_testing();
