# Where one operator or result of C code can be replaced by its opposite.

package MutationPoints;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(mutation_points mutated);

my %opposite = (
	'==' => '!=', '!=' => '==', '&&' => '||', '||' => '&&', '<' => '>=', '>=' => '<', '>' => '<=', '<=' => '>',
	'true' => 'false', 'false' => 'true', '+' => '-', '-' => '+', '+=' => '-=', '-=' => '+=', '!' => '');

# What is said to people or holds anyhow: a change in it is no change of what the code does
my $not_code = qr/\b(?:Assert\w*|StaticAssert\w*|elog|ereport|errmsg\w*|errdetail\w*|errhint\w*|errcontext\w*)\s*(?=\()/;

my $parens;
$parens = qr/\((?:[^()]++|(??{ $parens }))*\)/;

# The text with spaces for what is not code; everything keeps its place
sub code_only
{
	my ($text) = @_;
	my $blank = sub { $_[0] =~ s/[^\n]/ /gr };

	$text =~ s{(/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')}{$blank->($1)}ges;
	$text =~ s{^([ \t]*\#(?:[^\n]*\\\n)*[^\n]*)}{$blank->($1)}gem;
	$text =~ s{($not_code$parens)}{$blank->($1)}ge;
	return $text;
}

# All places of a text: line, offset, and what would stand there instead.  A "+" or
# "<" counts if it stands between two values, which has spaces around it.
sub mutation_points
{
	my ($text) = @_;
	my $code = code_only($text);
	my @points;
	my ($line, $seen) = (1, 0);

	while ($code =~ /(==|!=|&&|\|\||<=|>=|\+=|-=|(?<= )[-+<>](?=[ \n])|\b(?:true|false)\b|!(?!=))/g)
	{
		my $offset = $-[0];

		$line += substr($code, $seen, $offset - $seen) =~ tr/\n//;
		$seen = $offset;
		push @points, { line => $line, offset => $offset, old => $1, new => $opposite{$1} };
	}
	return @points;
}

# The text with one of its places replaced
sub mutated
{
	my ($text, $point) = @_;

	substr($text, $point->{offset}, length $point->{old}) = $point->{new};
	return $text;
}

1;
