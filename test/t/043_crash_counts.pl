# How often which delivery has crashed the server is in a file, which has room for some:
# who comes when it is full takes the place of one that has crashed it least.  So what
# is in the file is written here as workers leave it (src/base/crash.c).

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
});
my $file = $node->data_dir . '/pg_stat_tmp/hooks_deliveries';
my ($magic, $notes, $counts, $format) = (0x686B6432, 64, 32, 'L L l x![q] q');

# Starts the server with one note of a delivery, and these counts: place => [database,
# extension, crashes, delivery].  Returns those that are different then.
sub count_crash
{
	my ($delivery, %counts) = @_;
	my (@expected, @found);

	$node->stop;
	unlink $file;
	append_to_file($file, pack('L x![q]', $magic) . pack($format, 1, 5, 0, $delivery) . pack($format, 0, 0, 0, 0) x ($notes - 1)
		. join('', map { pack($format, @{ $counts{$_} }) } 1 .. $counts));
	my $before = slurp_file($file);
	$node->start;
	for (1 .. 1800)
	{
		last if slurp_file($file) ne $before;
		usleep(100_000);
	}
	my $read = slurp_file($file);
	is(length $read, length $before, "delivery $delivery: the file is as long as before");
	is((unpack($format, substr($read, 8)))[3], 0, "... and has its note no more");
	for my $place (1 .. $counts)
	{
		my @count = unpack($format, substr($read, 8 + 24 * ($notes + $place - 1)));

		push @found, join(' ', $place, @count) if "@count" ne "@{ $counts{$place} }";
	}
	return join ', ', @found;
}

my %full = map { $_ => [ 1, 5, 3, 1000 + $_ ] } 1 .. $counts;

is(count_crash(7, %full, 20 => [ 1, 5, 2, 1020 ]), '20 1 5 1 7', 'the one with the fewest crashes makes way');
is(count_crash(7, %full, 5 => [ 1, 5, 2, 1005 ], 20 => [ 0, 5, 9, 1020 ], 30 => [ 1, 5, 1, 1030 ]), '20 1 5 1 7', 'none, if there is a free place');
is(count_crash(7, %full, 1 => [ 0, 0, 0, 0 ], 2 => [ 0, 0, 0, 0 ]), '1 1 5 1 7', 'the first one');
is(count_crash(1031, %full), '31 1 5 4 1031', 'one that is there is counted up');
is(count_crash(1031, %full, 31 => [ 2, 5, 3, 1031 ], 9 => [ 1, 5, 1, 1009 ]), '9 1 5 1 1031', 'but not that of another database');
is(count_crash(1031, %full, 31 => [ 1, 4, 3, 1031 ], 9 => [ 1, 5, 1, 1009 ]), '9 1 5 1 1031', 'nor of an extension that was there before');

# What is no such file is left as it is.
sub left_alone
{
	my ($claim, $content) = @_;

	$node->stop;
	unlink $file;
	append_to_file($file, $content);
	$node->start;
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hooks launcher'});
	$node->safe_psql('postgres', 'CREATE EXTENSION IF NOT EXISTS hooks; SELECT hooks.flush()');
	ok(slurp_file($file) eq $content, $claim);
}

my $sound = pack('L x![q]', $magic) . pack($format, 1, 5, 0, 7) . pack($format, 0, 0, 0, 0) x ($notes + $counts - 1);

left_alone('a file of another version', pack('L', $magic + 1) . substr($sound, 4));
left_alone('half of a file', substr($sound, 0, 100));

$node->stop;
done_testing();
