# Where one operator or result of C code can be replaced by its opposite, and code that
# has all of these in it and chooses one while it runs.
#
# Code that chooses is made by text that is put before, in and behind an expression:
#
#     a == b        (MUTANT(1) != (a == b))
#     !a            (MUTANT(2) != (!a))
#     a && b        ({bool l = !!(a); l != MUTANT(3) ? !!(b) : l;})
#     a + b         ({__auto_type l = (a); __auto_type r = (b); MUTANT(4) ? l - r : l + r;})
#     a += b        a += (MUTANT(5) ? -1 : 1) * (b)
#     true          (!MUTANT(6))
#
# so that these can be within each other.  How far the operands go is read from the
# precedence of the operators around; see mutation_points().

package MutationPoints;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(mutation_points choosing);

my %opposite = (
	'==' => '!=', '!=' => '==', '&&' => '||', '||' => '&&', '<' => '>=', '>=' => '<', '>' => '<=', '<=' => '>',
	'true' => 'false', 'false' => 'true', '+' => '-', '-' => '+', '+=' => '-=', '-=' => '+=', '!' => '');

# Binary operators, those that bind closest last
my %precedence;
{
	my $level = 0;

	foreach my $operators ('||', '&&', '|', '^', '&', '== !=', '< > <= >=', '<< >>', '+ -', '* / %')
	{
		$level++;
		$precedence{$_} = $level foreach split / /, $operators;
	}
}
my $assignment = qr/^(?:[-+*\/%&|^]|<<|>>)?=$/;

# What is said to people or holds anyhow: a change in it is no change of what the code does
my $not_code = qr/^(?:Assert\w*|StaticAssert\w*|elog|ereport|errmsg\w*|errdetail\w*|errhint\w*|errcontext\w*)$/;

# The tokens of a text, without comments and preprocessor lines: text, offset, kind
# (w: word or number, s: string, p: other), and of brackets the index of the partner
sub tokens
{
	my ($text) = @_;
	my (@tokens, @open);

	while ($text =~ m{\G(?:
			\s+ | /\*.*?\*/ | (?:^|(?<=\n))[ \t]*\#(?:[^\n]*\\\n)*[^\n]*
			| (?<s>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
			| (?<w>\d[\w.]*|\w+)
			| (?<p>->|\+\+|--|<<=|>>=|<<|>>|[-+*/%&|^=!<>]=|&&|\|\||.)
		)}gsx)
	{
		my ($kind) = grep { defined $+{$_} } qw(s w p) or next;
		my $token = { text => $+{$kind}, kind => $kind, at => $-[0] + index($&, $+{$kind}) };

		push @tokens, $token;
		push @open, $#tokens if $token->{text} =~ /^[\(\[\{]$/;
		if ($token->{text} =~ /^[\)\]\}]$/ && @open)
		{
			my $from = pop @open;

			$token->{pair} = $from;
			$tokens[$from]{pair} = $#tokens;
		}
	}
	return @tokens;
}

# Is what stands in these brackets a type, and they a cast?
sub is_cast
{
	my ($tokens, $from, $to) = @_;
	my $inside = join ' ', map { $_->{text} } @$tokens[ $from + 1 .. $to - 1 ];

	return 0 if $from > 0 && ($tokens->[ $from - 1 ]{kind} eq 'w' && $tokens->[ $from - 1 ]{text} ne 'return' || $tokens->[ $from - 1 ]{text} =~ /^[\)\]]$/);
	return $inside =~ /^[A-Za-z_]\w*(?: \w+)*(?: \*)*$/;
}

# Does a value end with this token?
sub ends_value
{
	my ($tokens, $i) = @_;
	my $token = $tokens->[$i];

	return 0 if $i < 0;
	return $token->{text} !~ /^(?:return|case|else|do|goto)$/ if $token->{kind} ne 'p';
	return 1 if $token->{text} =~ /^(?:\]|\+\+|--)$/;
	return $token->{text} eq ')' && !is_cast($tokens, $token->{pair}, $i);
}

sub binary
{
	my ($tokens, $i) = @_;

	return $tokens->[$i]{kind} eq 'p' && $precedence{ $tokens->[$i]{text} } && ends_value($tokens, $i - 1) ? $precedence{ $tokens->[$i]{text} } : 0;
}

# The first token of what stands left of a binary operator of some precedence, and
# the last one of what stands right of it
sub left_operand
{
	my ($tokens, $i, $level) = @_;

	for ($i--; $i >= 0; $i--)
	{
		my $text = $tokens->[$i]{text};

		last if $tokens->[$i]{kind} eq 'p' && ($text =~ /^[\(\[\{\},;?:]$/ || $text =~ $assignment);
		last if $text =~ /^(?:return|case|else|do)$/;
		last if (binary($tokens, $i) || 99) < $level;
		next if $text !~ /^[\)\]]$/;
		my $from = $tokens->[$i]{pair};
		last if $from > 0 && $tokens->[ $from - 1 ]{text} =~ /^(?:if|while|for|switch|foreach)$/;
		$i = $from;
	}
	return $i + 1;
}

sub right_operand
{
	my ($tokens, $i, $level) = @_;

	for ($i++; $i < @$tokens; $i++)
	{
		my $text = $tokens->[$i]{text};

		last if $tokens->[$i]{kind} eq 'p' && ($text =~ /^[\)\]\},;]$/ || $level && ($text =~ /^[?:]$/ || $text =~ $assignment));
		last if (binary($tokens, $i) || 99) <= $level;
		$i = $tokens->[$i]{pair} if $text =~ /^[\(\[\{]$/;
	}
	return $i - 1;
}

# The last token of what a "!" is of
sub negated
{
	my ($tokens, $i) = @_;

	for ($i++;; $i++)
	{
		next if $tokens->[$i]{text} =~ /^(?:!|~|-|\+|\*|&|\+\+|--)$/;
		last if $tokens->[$i]{text} ne '(' || !is_cast($tokens, $i, $tokens->[$i]{pair});
		$i = $tokens->[$i]{pair};
	}
	for (;; $i++)
	{
		$i = $tokens->[$i]{pair} if $tokens->[$i]{text} =~ /^[\(\[]$/;
		my $next = $tokens->[ $i + 1 ]{text};
		if ($next =~ /^(?:->|\.)$/) { $i++; next; }
		last if $next !~ /^(?:\(|\[|\+\+|--)$/;
	}
	return $i;
}

# All places of a text: line, offset, what would stand there instead, and where the
# operands begin and end.  What is outside of functions, or a static value, has to be
# constant, and so cannot be chosen.
sub mutation_points
{
	my ($text) = @_;
	my @tokens = tokens($text);
	my (@points, $function_end);
	my ($line, $seen) = (1, 0);

	for (my $i = 0; $i < @tokens; $i++)
	{
		my ($token, $old) = ($tokens[$i], $tokens[$i]{text});
		my ($from, $to) = ($i, $i);

		if (!defined $function_end)
		{
			next if $old !~ /^[\(\[\{]$/;
			if ($old eq '{' && $tokens[ $i - 1 ]{text} eq ')') { $function_end = $token->{pair}; }
			else { $i = $token->{pair}; }
			next;
		}
		if ($i == $function_end) { undef $function_end; next; }
		if ($old eq 'static')
		{
			$i++ while $tokens[$i]{text} ne ';';
			next;
		}
		if ($old =~ $not_code && $tokens[ $i + 1 ]{text} eq '(')
		{
			$i = $tokens[ $i + 1 ]{pair};
			next;
		}
		next if !defined $opposite{$old} || $token->{kind} eq 's';
		if ($precedence{$old})
		{
			my $level = binary(\@tokens, $i) or next;

			$from = left_operand(\@tokens, $i, $level);
			$to = right_operand(\@tokens, $i, $level);
		}
		elsif ($old eq '!') { $to = negated(\@tokens, $i); }
		elsif ($old =~ /=/) { $to = right_operand(\@tokens, $i, 0); }

		$line += substr($text, $seen, $token->{at} - $seen) =~ tr/\n//;
		$seen = $token->{at};
		push @points, { line => $line, offset => $token->{at}, old => $old, new => $opposite{$old},
			from => $tokens[$from]{at}, to => $tokens[$to]{at} + length $tokens[$to]{text} };
	}
	return @points;
}

# The text with all of these places so that each is replaced if MUTANT() of its
# number is true.  Lines stay lines.
sub choosing
{
	my ($text, @points) = @_;
	my (@put, $result);
	my $at = 0;

	foreach my $point (@points)
	{
		my ($old, $n) = ($point->{old}, $point->{number});
		my $mutant = "MUTANT($n)";
		my ($before, $instead, $behind) =
			$old =~ /^(?:true|false)$/ ? ('', $old eq 'true' ? "(!$mutant)" : $mutant, '')
			: $old =~ /^[-+]=$/ ? ('', "$old ($mutant ? -1 : 1) * (", ')')
			: $old eq '!' ? ("($mutant != (", '!', '))')
			: $old eq '&&' ? ("({bool l$n = !!(", "); l$n != $mutant ? !!(", ") : l$n;})")
			: $old eq '||' ? ("({bool l$n = !!(", "); l$n == $mutant ? !!(", ") : l$n;})")
			: $old =~ /^[-+]$/ ? ("({__auto_type l$n = (", "); __auto_type r$n = (", "); $mutant ? l$n $point->{new} r$n : l$n $old r$n;})")
			: ("($mutant != (", $old, '))');

		# At one place: what ends there, inner before outer; what begins, outer before inner
		push @put, { at => $point->{from}, length => 0, turn => 1, inner => -$point->{to}, text => $before };
		push @put, { at => $point->{offset}, length => length $old, turn => 2, inner => 0, text => $instead };
		push @put, { at => $point->{to}, length => 0, turn => 0, inner => -$point->{from}, text => $behind };
	}
	foreach my $put (sort { $a->{at} <=> $b->{at} || $a->{turn} <=> $b->{turn} || $a->{inner} <=> $b->{inner} } grep { $_->{text} ne '' } @put)
	{
		$result .= substr($text, $at, $put->{at} - $at) . $put->{text};
		$at = $put->{at} + $put->{length};
	}
	return ($result // '') . substr($text, $at);
}

1;
