# Which test reaches which of the places of the source that can be mutated, and how
# long it takes; kept in a file.

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

# A map with nothing in it, of a source of which the texts' sums are told by file
sub new
{
	my ($class, %md5) = @_;

	return bless { md5 => \%md5, tests => {}, reached => {} }, $class;
}

sub load { return retrieve($_[1]); }
sub save { nstore($_[0], $_[1]); }

# A test: the sum of its text, seconds, and the places that it has reached
sub add
{
	my ($map, $test, $path, $seconds, @places) = @_;

	$map->{tests}{$test} = { md5 => md5_of($path), seconds => $seconds };
	$map->{reached}{ $_->{file} }{ $_->{offset} }{$test} = 1 foreach @places;
	delete $map->{reach};
}

sub knows
{
	my ($map, $test) = @_;
	my $known = $map->{tests}{ $test->{name} };

	return $known && $known->{md5} eq md5_of($test->{path});
}

# What a test reaches of a file; a place counts the more, the fewer tests reach it
sub reach
{
	my ($map, $test, $file) = @_;

	if (!$map->{reach}{$file})
	{
		foreach my $tests (values %{ $map->{reached}{$file} })
		{
			$map->{reach}{$file}{$_} += 1 / keys %$tests foreach keys %$tests;
		}
	}
	return $map->{reach}{$file}{$test} // 0;
}

# The tests that reach a place, those that reach most of its file in little time first.
# If the file has changed since, those that reach any place of it.  A test that the map
# does not know, or not as it is, may reach it.
sub tests_of
{
	my ($map, $place, $md5, @tests) = @_;
	my $file = $place->{file};
	my $exact = ($map->{md5}{$file} // '') eq $md5;
	my %score;

	foreach my $test (@tests)
	{
		my $name = $test->{name};
		my $reach = $map->reach($name, $file);

		if (!$map->knows($test)) { $score{$name} = 1e9; }
		elsif ($exact ? $map->{reached}{$file}{ $place->{offset} }{$name} : $reach)
		{
			$score{$name} = $reach / ($map->{tests}{$name}{seconds} + 0.3);
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
