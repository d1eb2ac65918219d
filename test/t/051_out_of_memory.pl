# One allocation fails, at each of many places of a DELETE with hooks of all kinds:
# the statement fails with 53200 or does all that it has to, and the session goes on.
#
# Some places, HOOKS_FAULTS=all for each one.  HOOKS_SEED repeats a choice.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use AllHooks;
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $root = "$FindBin::RealBin/../..";
my $config = $ENV{PG_CONFIG} // 'pg_config';
my $dir = PostgreSQL::Test::Utils::tempdir();
my $seed = $ENV{HOOKS_SEED} // int(rand(1e9));
my $step = ($ENV{HOOKS_FAULTS} // '') eq 'all' ? 1 : 12;
my $groups = 2000;

plan skip_all => 'needs __libc_malloc()' if $^O ne 'linux';
srand($seed);
append_to_file("$dir/Makefile", "MODULES = memory\nPGXS := \$(shell \$(PG_CONFIG) --pgxs)\ninclude \$(PGXS)\n");
append_to_file("$dir/memory.c", slurp_file("$root/test/faults/memory.c"));
system_or_bail('make', '-s', '-C', $dir, "PG_CONFIG=$config", 'with_llvm=no', 'memory.so');

my $node = PostgreSQL::Test::Cluster->new('main');
init_node($node);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'hooks'\nhooks.failures_kept = 10000\njit = off\n"
	. "log_disconnections = on\nrestart_after_crash = on\n");
{
	local $ENV{LD_PRELOAD} = "$dir/memory.so";
	$node->start;
}
$node->safe_psql('postgres', all_hooks($groups));
$node->safe_psql('postgres', "CREATE FUNCTION fails_at(int) RETURNS int AS '$dir/memory', 'memory_fails_at' LANGUAGE C");

# What the server log says from a place on, until the session there has ended
sub ended
{
	my ($offset) = @_;

	for (1 .. 1800)
	{
		my $said = slurp_file($node->logfile, $offset);

		return $said if $said =~ /disconnection: session time|was terminated by signal/;
		usleep(10_000);
	}
	die 'a session does not end';
}

# In sessions that have just begun, and in one that has done the same before: the n-th
# allocation, until there are not so many.  A step more in each
my ($group, $failed, @wrong) = (0, 0);
sub try
{
	my ($before, $command) = @_;

	for (my $n = 1 + int(rand($step));; $n += 1 + int(rand(2 * $step - 1)))
	{
		$group++;
		my $offset = -s $node->logfile;
		my ($rc, $out, $err) = $node->psql('postgres', join("\n", '\set ON_ERROR_STOP off', '\set VERBOSITY sqlstate',
			$before, "SELECT fails_at($n) = -1 \\g /dev/null", sprintf($command, $group), 'SELECT fails_at(0) AS unused \gset',
			'SELECT fails_at(0);', 'DO $$ BEGIN ASSERT hooks.context() IS NULL; END $$;',
			"SELECT count(*) AS rows, count(*) > 0 AS remain FROM parent WHERE g = $group \\gset",
			'\if :remain', "DELETE FROM parent WHERE g = $group;", '\endif',
			"SELECT count(*) FROM parent WHERE g = $group;", '\echo :rows :unused'));
		my $said = ended($offset);
		if ($said =~ /terminated by signal/ && $said =~ /in memory context "PgStat Shared Ref"/)
		{
			# PostgreSQL's own: it leaves an entry without a value, and falls over that
			# when the session ends
			$node->poll_query_until('postgres', 'SELECT true');
			next if $group < $groups;
		}
		my ($armed, $rest, $before, $left) = ($out // '') =~ /^(\d+)\n(\d+)\n(\d+) (\d+|:unused)$/;
		my $out_of_memory = ($err // '') =~ s/^.*ERROR:  53200\n?//gmr;
		# OpenSSL's way to say so
		$out_of_memory =~ s/^.*ERROR:  XX000\n?//gm if $said =~ /could not generate random values/;

		$failed++ if ($err // '') =~ /53200/;
		push @wrong, "n = $n, group $group: $rc, $out, $err" if $rc != 0 || $said =~ /terminated by signal/ || ($rest // '') ne '0' || $before !~ /^[03]$/ || $out_of_memory =~ /ERROR|FATAL|PANIC|terminat/;
		last if @wrong || $left ne '0' || $group == $groups;
	}
	is(join("\n", @wrong), '', "seed $seed");
}

# (what PL/pgSQL does in want of memory while it is loaded is not ours; nor is the cache
# of types, which since 18 is half made when its first allocation fails, and falls over that)
my $plpgsql = "LOAD 'plpgsql'; SELECT ARRAY[1] = ARRAY[1] \\g /dev/null\n";
try($plpgsql, 'DELETE FROM parent WHERE g = %d;');
try("$plpgsql " . 'BEGIN; DELETE FROM parent WHERE g = -1; DELETE FROM parent WHERE g = (SELECT min(g) FROM parent WHERE g > 1900); ROLLBACK;',
	'DELETE FROM parent WHERE g = %d;');
try($plpgsql, "SELECT 1 FROM hooks.preview_delete('parent', 'g = %d') \\g /dev/null");
cmp_ok($failed, '>', 10, "$failed statements were out of memory");
$node->safe_psql('postgres', 'SELECT hooks.flush()');
is($node->safe_psql('postgres', whole($groups)), '', 'each hook has told of what is gone');
$node->stop;
done_testing();
