# Which test runs which line of the source, by gcov; kept in a file.

package ReachMap;

use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Storable qw(nstore retrieve);

sub md5_of
{
	my ($path) = @_;

	open(my $in, '<', $path) or return '';
	local $/;
	return md5_hex(<$in>);
}

# A map of the tree in a folder, with nothing in it
sub new
{
	my ($class, $tree) = @_;
	my %md5 = map { s/^\Q$tree\E\///r => md5_of($_) } glob("$tree/src/*.c $tree/src/*/*.c");

	return bless { md5 => \%md5, tests => {}, lines => {}, n => 0 }, $class;
}

sub load { return retrieve($_[1]); }
sub save { nstore($_[0], $_[1]); }

# Counts what has run since the last time as what a test runs.  Removes the counts.
sub add
{
	my ($map, $tree, $test, $path, $seconds) = @_;
	my $bit = $map->{n}++;
	my $file;
	my $last;				# of the code before this line: has it run?

	$map->{tests}{$test} = { bit => $bit, md5 => md5_of($path), seconds => $seconds };
	open(my $gcov, '-|', "cd '$tree' && gcov -t src/*.gcda src/*/*.gcda 2>/dev/null") or die "could not run gcov: $!\n";
	while (my $row = <$gcov>)
	{
		my ($count, $line, $rest) = $row =~ /^\s*([^:]+):\s*(\d+):(.*)/ or next;

		if ($line == 0)
		{
			$file = $1 if $rest =~ /^Source:(.*)/;
			undef $last;
			next;
		}
		next if !$map->{md5}{$file};
		# What is within an expression belongs to the code before; a brace at the left ends a function
		$last = $count =~ /^\d/ if $count !~ /^-/;
		undef $last if $rest =~ /^\}/;
		$map->{code}{$file}[$line] = 1 if defined $last;
		next if !$last;
		$map->{lines}{$file}[$line] //= '';
		vec($map->{lines}{$file}[$line], $bit, 1) = 1;
		$map->{reach}{$file}[$bit]++;
	}
	close $gcov;
	unlink glob("$tree/src/*.gcda $tree/src/*/*.gcda");
}

sub knows
{
	my ($map, $test) = @_;
	my $known = $map->{tests}{ $test->{name} };

	return $known && $known->{md5} eq md5_of($test->{path});
}

# The tests that run a line, those that run most of its file in little time first.
# If the file has changed since, or the line is in no function, those that run any
# line of the file.  A test that the map does not know, or not as it is, may run it.
sub tests_of
{
	my ($map, $tree, $file, $line, @tests) = @_;
	my $bits = $map->{lines}{$file}[$line];
	my $exact = ($map->{md5}{$file} // '') eq md5_of("$tree/$file") && $map->{code}{$file}[$line];
	my %score;

	foreach my $test (@tests)
	{
		my $known = $map->{tests}{ $test->{name} };
		my $reach = $known ? $map->{reach}{$file}[ $known->{bit} ] // 0 : 0;

		if (!$map->knows($test))
		{
			$score{ $test->{name} } = 1e9;
		}
		elsif ($exact ? defined $bits && vec($bits, $known->{bit}, 1) : $reach)
		{
			$score{ $test->{name} } = $reach / ($known->{seconds} + 0.5);
		}
	}
	return sort { $score{ $b->{name} } <=> $score{ $a->{name} } } grep { $score{ $_->{name} } } @tests;
}

sub seconds
{
	my ($map, $test) = @_;
	my $known = $map->{tests}{$test};

	return $known ? $known->{seconds} : 10;
}

1;
