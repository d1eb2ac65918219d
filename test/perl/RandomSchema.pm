# Random schemas with foreign keys of all kinds, and rows that keep these keys.

package RandomSchema;

use strict;
use warnings;
use Exporter 'import';
use List::Util qw(shuffle);

our @EXPORT = qw(random_schema one_of chance);

# Every row has a number u of its own, which no foreign key knows.

sub one_of { return $_[ int(rand(@_)) ]; }
sub chance { return rand() < $_[0]; }

# One of a table's rows, by what partition they are in: all, or those of [from, to)
sub rows_in
{
	my ($table, $part) = @_;

	return grep { !$part || ($part->{by_g} ? $_->{g} : $_->{id} >= $part->{from} && $_->{id} < $part->{to}) } @{ $table->{data} };
}

# A schema "s": the SQL that makes it and fills it, whether keys share columns, and
# its tables.
sub random_schema
{
	# half of them small, with defaults that exist and keys that meet
	my $dense = chance(0.5);
	my $ntables = 1 + int(rand($dense ? 3 : 5));
	my $codes = $dense ? 0 : 100;
	my ($sql, $shared) = ("DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s, public;\n", 0);
	my (@tables, @keys);
	my $u = 0;
	my $hostile = chance(0.1);
	my $quote = sub { my $name = shift; return $hostile ? qq("${name}'s ""; --") : $name; };

	# id is the primary key, (id, g) and code are unique too; of a table that is
	# partitioned by id, id and (id, g); by g, (id, g); by a foreign key, nothing
	for my $t (0 .. $ntables - 1)
	{
		my $by = chance(0.25) ? one_of('id', 'id', 'g', 'key') : '';
		my $sub = $by eq 'id' && chance(0.4);

		push @tables, {
			name => $quote->("t$t"),
			rows => 2 + int(rand($dense ? 4 : 10)),
			by => $by,
			code_type => one_of('int', 'int', 'int', 'numeric', 'text'),
			parts => $by eq 'id' ? [
				{ name => $quote->("t${t}_0"), from => 0, to => 4 },
				{ name => $quote->("t${t}_1"), from => 4, to => 100, sub => $sub },
				$sub ? { name => $quote->("t${t}_1_0"), from => 4, to => 8 } : () ] :
			  $by eq 'g' ? [ { name => $quote->("t${t}_g"), by_g => 1 } ] : [],
			columns => {},
			code_taken => 0 };
	}
	for my $k (1 .. 1 + int(rand($ntables + 3)))
	{
		my $child = one_of(@tables);
		my $parent = chance(0.2) ? $child : one_of(@tables);
		my @targets = $parent->{by} eq 'key' ? () : $parent->{by} eq 'g' ? ('both', 'tenant') :
		  ('id', 'id', $dense ? 'tenant' : 'id', $parent->{by} ? 'id' : 'code', 'both', 'tenant');
		next if !@targets;
		my $to = one_of(@targets);
		# (PostgreSQL cannot make a key between a table and its own partition)
		my $child_part = $child != $parent && @{ $child->{parts} } && chance(0.2) ? one_of(@{ $child->{parts} }) : undef;
		my $parent_part = @{ $parent->{parts} } && $child != $parent && chance(0.2) ? one_of(@{ $parent->{parts} }) : undef;
		my @columns;
		my $on_delete = $dense && chance(0.5) ? 'SET DEFAULT' :
		  one_of('CASCADE', 'CASCADE', 'CASCADE', 'SET NULL', 'SET NULL', 'SET DEFAULT', 'RESTRICT', 'NO ACTION');
		my $on_update = one_of('CASCADE', 'CASCADE', 'SET NULL', 'SET DEFAULT', 'RESTRICT', 'NO ACTION');
		my $full = $to ne 'tenant' && chance(0.2);
		my $list = '';
		my $deferred = one_of('', '', '', ' DEFERRABLE', ' DEFERRABLE INITIALLY DEFERRED');
		my $lists = $on_delete =~ /SET/;

		if ($to eq 'both')
		{
			@columns = ($quote->("c${k}_a"), $quote->("c${k}_b"));
			$list = ' (' . one_of(@columns) . ')' if $lists && chance(0.4);
		}
		elsif ($to eq 'tenant')
		{
			# keys that share a column, which is part of a referenced key itself
			@columns = ($quote->("c$k"), 'g');
			$list = ' (' . $quote->("c$k") . ')' if $lists && chance(0.4);
			$shared = 1;
		}
		elsif ($to eq 'id' && !$child->{code_taken} && !$child->{by} && $child->{code_type} eq 'int' && chance(0.15))
		{
			# the referencing column is itself referred to
			@columns = ('code');
			$child->{code_taken} = 1;
			$child->{code_from} = $parent;
			$child->{code_part} = $parent_part;
		}
		elsif (chance(0.1) && grep { $_->{child} == $child && $_->{to} eq $to && $_->{parent} == $parent } @keys)
		{
			my ($other) = grep { $_->{child} == $child && $_->{to} eq $to && $_->{parent} == $parent } @keys;
			@columns = @{ $other->{columns} };
			$parent_part = $other->{parent_part};
			$shared = 1;
		}
		else
		{
			@columns = ($quote->("c$k"));
		}
		for my $c (@columns)
		{
			next if $c eq 'code' || $c eq 'g';
			my $second = @columns > 1 && $c ne $columns[0];
			my $target = $second ? 'g' : $to eq 'code' ? 'code' : 'id';
			$child->{columns}{$c} //= {
				type => $target ne 'code' ? one_of('int', 'int', 'bigint', 'smallint') :
				  $parent->{code_type} eq 'text' ? one_of('text', 'varchar(20)') :
				  $parent->{code_type} eq 'numeric' ? one_of('int', 'numeric') : one_of('int', 'bigint'),
				default => chance($dense ? 0.8 : 0.5) ? ($second ? int(rand(3)) : 1 + int(rand($dense ? 4 : 6)) + ($to eq 'code' ? $codes : 0)) : undef,
				null => !chance(0.1),
				from => $parent, part => $parent_part, to => $target,
				pair => $second ? $columns[0] : undef, partly => !$full,
				same_g => $to eq 'tenant' };
		}
		$child->{key_column} = $columns[0] if $child->{by} eq 'key' && !$full && $columns[0] ne 'code';
		push @keys, {
			name => $quote->("k$k"), child => $child, parent => $parent, parent_part => $parent_part, to => $to, columns => [@columns],
			sql => sprintf('ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)%s ON DELETE %s%s ON UPDATE %s%s;',
				($child_part // $child)->{name}, $quote->("k$k"), join(', ', @columns), ($parent_part // $parent)->{name},
				$to =~ /both|tenant/ ? 'id, g' : $to, $full ? ' MATCH FULL' : '', $on_delete, $list, $on_update, $deferred) };
	}

	# the rows, which keep all the keys
	for my $t (@tables)
	{
		$t->{data} = [ map { +{ u => ++$u, id => $_, g => $_ % 3 } } 1 .. $t->{rows} ];
	}
	for my $t (@tables)
	{
		my @codes = map { $_ + $codes } 1 .. $t->{rows};
		@codes = shuffle(map { $_->{id} } rows_in($t->{code_from}, $t->{code_part})) if $t->{code_from};
		$_->{code} = chance(0.8) ? shift(@codes) : undef for @{ $t->{data} };
	}
	for my $t (@tables)
	{
		for my $name (sort keys %{ $t->{columns} })
		{
			my $c = $t->{columns}{$name};
			my @from = grep { defined $_->{ $c->{to} } } rows_in($c->{from}, $c->{part});

			$c->{null} = 1 if !@from;
			for my $row (@{ $t->{data} })
			{
				if (defined $c->{pair})
				{
					$row->{$name} = !defined $row->{ $c->{pair} } || ($c->{partly} && chance(0.1)) ? undef : $row->{ $c->{pair} } % 3;
				}
				elsif ($c->{same_g})
				{
					my @same = grep { $_->{g} == $row->{g} } @from;

					$row->{$name} = @same && !chance(0.2) ? one_of(@same)->{id} : undef;
				}
				else
				{
					$row->{$name} = @from && !($c->{null} && chance(0.2)) ? one_of(@from)->{ $c->{to} } : undef;
				}
			}
			$c->{null} = 1 if grep { !defined $_->{$name} } @{ $t->{data} };
		}
		my @names = ('u', 'id', 'g', 'code', sort keys %{ $t->{columns} });
		my $by = $t->{by} eq 'key' ? $t->{key_column} // 'id' : $t->{by};
		my @code_default = $t->{code_from} ? (1 + int(rand(6))) : ($codes + 1 + int(rand(6)));
		my @unique = $t->{by} eq 'key' ? () :
		  ('UNIQUE (id, g)', $t->{by} eq 'g' ? () : 'PRIMARY KEY (id)', $by ? () : 'UNIQUE (code)');
		my @columns = ('u int', 'id int', 'g int' . (chance(0.4) ? ' DEFAULT ' . int(rand(3)) : ''),
			"code $t->{code_type}" . (chance(0.4) ? " DEFAULT '@code_default'" : ''),
			map {
				my $c = $t->{columns}{$_};
				"$_ $c->{type}" . (defined $c->{default} ? " DEFAULT '$c->{default}'" : '') . ($c->{null} ? '' : ' NOT NULL')
			} sort keys %{ $t->{columns} });
		# a partition may have its columns in another order, with gaps
		my $partition = sub {
			my ($name, $above, $bounds, $by_what) = @_;

			return "CREATE TABLE $name PARTITION OF $above $bounds$by_what;\n" if chance(0.5);
			my @own = (map({ $_ eq 'id int' && "@unique" =~ /PRIMARY KEY/ ? "$_ NOT NULL" : $_ } @columns), 'gone int');
			return "CREATE TABLE $name (" . join(', ', 'gone_too text', shuffle(@own)) . ")$by_what;\n"
			  . "ALTER TABLE $name DROP gone, DROP gone_too;\n"
			  . "ALTER TABLE $above ATTACH PARTITION $name $bounds;\n";
		};
		$sql .= "CREATE TABLE $t->{name} (" . join(', ', @columns, @unique) . ')'
		  . ($by ? " PARTITION BY " . ($t->{by} eq 'id' ? 'RANGE' : 'LIST') . " ($by)" : '') . ";\n";
		for my $part (grep { !$_->{by_g} } @{ $t->{parts} })
		{
			my $under = $part->{name} =~ /_1_0/ ? $t->{parts}[1]{name} : $t->{name};
			$sql .= $partition->($part->{name}, $under, "FOR VALUES FROM ($part->{from}) TO ($part->{to})",
				$part->{sub} ? ' PARTITION BY RANGE (id)' : '');
			$sql .= $partition->($quote->('p' . ++$u), $part->{name}, 'DEFAULT', '') if $part->{sub};
		}
		if ($by && $t->{by} ne 'id')
		{
			my $null = chance(0.8) ? ', NULL' : '';
			$sql .= $partition->($t->{by} eq 'g' ? $t->{parts}[0]{name} : $quote->('p' . ++$u), $t->{name},
				"FOR VALUES IN ('1', '2', '101', '102'$null)", '');
			$sql .= $partition->($quote->('p' . ++$u), $t->{name}, 'DEFAULT', '');
		}
		$sql .= "INSERT INTO $t->{name} (" . join(', ', @names) . ') VALUES '
		  . join(', ', map { my $row = $_; '(' . join(', ', map { defined $row->{$_} ? "'$row->{$_}'" : 'NULL' } @names) . ')' } @{ $t->{data} }) . ";\n";
		$sql .= "CREATE INDEX ON $t->{name} ($_);\n" for grep { chance(0.3) } sort keys %{ $t->{columns} };
	}
	$sql .= "$_->{sql}\n" for @keys;

	return ($sql, $shared, @tables);
}

1;
