# hooks.preview_delete() against the truth: in random schemas, with random rows,
# it says what the DELETE then does.  Rows removed, by table; rows changed, by
# foreign key; and "blocked" exactly where the DELETE fails with 23503.  And
# hooks.doomed() in each firing of a hook on one of the tables: just the rows that
# are gone afterwards.  And what hooks.keep() has kept of it, hooks.restore() puts
# back: all is as before.
#
# HOOKS_SEED repeats a run, HOOKS_SCHEMAS makes it longer.

use strict;
use warnings;
use List::Util qw(shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{HOOKS_SEED} // 20150115;
my $schemas = $ENV{HOOKS_SCHEMAS} // 300;
srand($seed);
diag("seed $seed, $schemas schemas");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
my $version = $node->safe_psql('postgres', 'SHOW server_version_num');

# Compares one preview with its DELETE, which is rolled back.  Returns what
# happened: "deleted", "blocked", "other" for another error; else what differs.
# Every row has a number u of its own, which no foreign key knows.
$node->safe_psql('postgres', q{
CREATE EXTENSION hooks;
CREATE TABLE told (doomed jsonb);
CREATE FUNCTION note_doomed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  t text;
  numbers jsonb;
  result jsonb := '{}';
BEGIN
  FOREACH t IN ARRAY TG_ARGV LOOP
    EXECUTE format('SELECT jsonb_agg(u ORDER BY u) FROM hooks.doomed(NULL::%s)', t) INTO numbers;
    IF numbers IS NOT NULL THEN
      result := result || jsonb_build_object(t, numbers);
    END IF;
  END LOOP;
  INSERT INTO told VALUES (result);
  RETURN NULL;
END $$;
-- A DELETE, kept and restored: NULL if all is as before, else what differs.
-- (ZZ000 would stand for all of its class.)
CREATE FUNCTION round_trip(root regclass, condition text, tables regclass[], before jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  t regclass;
  content jsonb;
  after jsonb := '{}';
BEGIN
  PERFORM hooks.register('bin', 'before_cascade', 'delete', root, 'hooks.keep');
  EXECUTE format('DELETE FROM %s WHERE %s', root, condition);
  IF NOT EXISTS (SELECT FROM hooks.kept) THEN
    RAISE SQLSTATE 'ZZ002';
  END IF;
  PERFORM hooks.restore(kept_id) FROM hooks.kept;
  SET CONSTRAINTS ALL IMMEDIATE;
  FOREACH t IN ARRAY tables LOOP
    EXECUTE format('SELECT coalesce(jsonb_object_agg(u, to_jsonb(r)), ''{}'') FROM %s r', t) INTO content;
    after := after || jsonb_build_object(t, content);
  END LOOP;
  IF after <> before THEN
    RAISE SQLSTATE 'ZZ003' USING MESSAGE = concat('restored ', after, ', before ', before);
  END IF;
  RAISE SQLSTATE 'ZZ001';
EXCEPTION
  WHEN SQLSTATE 'ZZ001' THEN
    RETURN NULL;
  WHEN SQLSTATE 'ZZ002' THEN
    RETURN 'nothing';
  WHEN feature_not_supported THEN
    RETURN 'refused';
  WHEN OTHERS THEN
    RETURN concat('not restored: ', SQLERRM);
END $$;
CREATE FUNCTION compare(root regclass, condition text, tables regclass[], shared boolean, hooked regclass) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  expected jsonb;
  actual jsonb;
  blocked boolean;
  before jsonb := '{}';
  after jsonb := '{}';
  t regclass;
  content jsonb;
  doomed jsonb;
BEGIN
  FOREACH t IN ARRAY tables LOOP
    EXECUTE format('SELECT coalesce(jsonb_object_agg(u, to_jsonb(r)), ''{}'') FROM %s r', t) INTO content;
    before := before || jsonb_build_object(t, content);
  END LOOP;

  CREATE TEMP TABLE preview ON COMMIT DROP AS SELECT * FROM hooks.preview_delete(root, condition);
  SELECT coalesce(bool_or(action = 'blocked'), false) FROM preview INTO blocked;

  BEGIN
    PERFORM hooks.register('doomed', 'before_cascade', 'delete', hooked, 'note_doomed', arguments => tables::text[]);
    EXECUTE format('DELETE FROM %s WHERE %s', root, condition);
    SELECT jsonb_agg(DISTINCT t.doomed) FROM told t INTO doomed;
    FOREACH t IN ARRAY tables LOOP
      EXECUTE format('SELECT coalesce(jsonb_object_agg(u, to_jsonb(r)), ''{}'') FROM %s r', t) INTO content;
      after := after || jsonb_build_object(t, content);
    END LOOP;
    RAISE SQLSTATE 'ZZ000';
  EXCEPTION
    WHEN SQLSTATE 'ZZ000' THEN NULL;
    WHEN foreign_key_violation THEN
      DROP TABLE preview;
      RETURN CASE WHEN blocked THEN 'blocked' ELSE 'not seen: ' || SQLERRM END;
    WHEN not_null_violation OR unique_violation THEN
      DROP TABLE preview;
      RETURN 'other';
  END;

  SELECT jsonb_object_agg(relation, n) FROM (
    SELECT relation, sum(p.rows) AS n FROM preview p WHERE action = 'delete' GROUP BY 1 HAVING sum(p.rows) > 0) x INTO expected;
  SELECT jsonb_object_agg(x.t, n) FROM (
    SELECT b.key AS t, count(*) AS n
      FROM jsonb_each(before) b, jsonb_object_keys(b.value) u
     WHERE NOT (after -> b.key) ? u GROUP BY 1) x INTO actual;
  IF expected IS DISTINCT FROM actual THEN
    RETURN concat('removed ', actual, ', expected ', expected);
  END IF;

  -- what the hook was told, in whatever firing
  SELECT jsonb_object_agg(x.t, numbers) FROM (
    SELECT b.key AS t, jsonb_agg(u::int ORDER BY u::int) AS numbers
      FROM jsonb_each(before) b, jsonb_object_keys(b.value) u
     WHERE NOT (after -> b.key) ? u GROUP BY 1) x INTO actual;
  IF doomed <> jsonb_build_array(actual) THEN
    RETURN concat('doomed ', actual, ', told ', doomed);
  END IF;

  -- rows whose columns of the key differ, by foreign key
  SELECT jsonb_object_agg(constraint_name, n) FROM (
    SELECT constraint_name, sum(p.rows) AS n FROM preview p WHERE action LIKE 'set %' GROUP BY 1 HAVING sum(p.rows) > 0) x INTO expected;
  SELECT jsonb_object_agg(conname, n) FROM (
    SELECT conname, count(*) AS n
      FROM pg_constraint c, jsonb_each(before -> conrelid::regclass::text) b
     WHERE contype = 'f' AND conparentid = 0 AND conrelid = ANY (tables) AND after -> conrelid::regclass::text ? b.key
       AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)
                      AND b.value ->> attname IS DISTINCT FROM after -> conrelid::regclass::text -> b.key ->> attname)
     GROUP BY 1) x INTO actual;
  -- of keys that share columns, one changes what the other has
  IF shared AND (expected IS NULL) = (actual IS NULL) THEN
    actual := expected;
  END IF;
  IF expected IS DISTINCT FROM actual THEN
    RETURN concat('changed ', actual, ', expected ', expected);
  END IF;
  DROP TABLE preview;
  RETURN CASE WHEN blocked THEN 'blocked, but not the DELETE' WHEN doomed IS NOT NULL THEN 'told' ELSE 'deleted' END ||
    coalesce(', ' || round_trip(root, condition, tables, before), ', restored');
END $$;
});

sub one_of { return $_[ int(rand(@_)) ]; }
sub chance { return rand() < $_[0]; }

# A schema, as SQL that makes it
sub make_schema
{
	my $number = shift;
	my $ntables = 1 + int(rand(5));
	my ($sql, $shared) = ("DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s, public;\n", 0);
	my (@tables, @keys);
	my $u = 0;

	# id is the primary key, (id, g) and code are unique too
	for my $t (0 .. $ntables - 1)
	{
		push @tables, {
			name => "t$t",
			rows => 2 + int(rand(10)),
			partitioned => chance(0.15),
			columns => {},
			code_taken => 0 };
	}
	for my $k (1 .. 1 + int(rand($ntables + 3)))
	{
		my $child = one_of(@tables);
		my $parent = chance(0.2) ? $child : one_of(@tables);
		my $to = one_of('id', 'id', 'id', $parent->{partitioned} ? 'id' : 'code', 'both', 'tenant');
		my @columns;
		my $on_delete = one_of('CASCADE', 'CASCADE', 'CASCADE', 'SET NULL', 'SET NULL', 'SET DEFAULT', 'RESTRICT', 'NO ACTION');
		my $on_update = one_of('CASCADE', 'SET NULL', 'RESTRICT', 'NO ACTION', 'NO ACTION');
		my $full = $to ne 'tenant' && ($to ne 'both' || $on_update ne 'CASCADE') && chance(0.1) ? ' MATCH FULL' : '';
		my $list = '';
		my $deferred = $on_delete eq 'NO ACTION' ? one_of('', '', ' DEFERRABLE', ' DEFERRABLE INITIALLY DEFERRED') : '';

		if ($to eq 'both')
		{
			@columns = ("c${k}_a", "c${k}_b");
			$list = ' (' . one_of(@columns) . ')'
			  if $on_delete eq 'SET NULL' && $version >= 150000 && chance(0.4);
		}
		elsif ($to eq 'tenant')
		{
			# keys that share a column, which is part of a referenced key itself
			@columns = ("c$k", 'g');
			$list = " (c$k)" if $on_delete eq 'SET NULL' && $version >= 150000 && chance(0.4);
			$shared = 1;
		}
		elsif ($to eq 'id' && !$child->{code_taken} && !$child->{partitioned} && chance(0.15))
		{
			# the referencing column is itself referred to
			@columns = ('code');
			$child->{code_taken} = 1;
			$child->{code_from} = $parent;
		}
		elsif (chance(0.1) && grep { $_->{child} == $child && $_->{to} eq $to && $_->{parent} == $parent } @keys)
		{
			my ($other) = grep { $_->{child} == $child && $_->{to} eq $to && $_->{parent} == $parent } @keys;
			@columns = @{ $other->{columns} };
			$shared = 1;
		}
		else
		{
			@columns = ("c$k");
		}
		for my $c (@columns)
		{
			next if $c eq 'code' || $c eq 'g';
			$child->{columns}{$c} //= {
				type => one_of('int', 'int', 'bigint', $to eq 'code' ? 'int' : 'smallint'),
				default => chance(0.5) ? 1 + int(rand(6)) + ($to eq 'code' ? 100 : 0) : undef,
				null => !chance(0.15),
				from => $parent, to => $c =~ /_b$/ ? 'g' : $to eq 'code' ? 'code' : 'id',
				pair => $to eq 'both' ? $columns[0] : undef,
				same_g => $to eq 'tenant' };
		}
		push @keys, {
			name => "k$k", child => $child, parent => $parent, to => $to, columns => [@columns],
			sql => sprintf('ALTER TABLE %s ADD CONSTRAINT k%d FOREIGN KEY (%s) REFERENCES %s (%s)%s ON DELETE %s%s ON UPDATE %s%s;',
				$child->{name}, $k, join(', ', @columns), $parent->{name},
				$to =~ /both|tenant/ ? 'id, g' : $to, $full, $on_delete, $list, $on_update, $deferred) };
	}

	# the rows, which keep all the keys
	for my $t (@tables)
	{
		my @codes = map { $_ + 100 } 1 .. $t->{rows};
		if ($t->{code_from})
		{
			@codes = shuffle(1 .. $t->{code_from}{rows});
		}
		$t->{data} = [
			map {
				+{ u => ++$u, id => $_, g => $_ % 3, code => chance(0.8) ? shift(@codes) : undef }
			} 1 .. $t->{rows} ];
	}
	for my $t (@tables)
	{
		for my $name (sort keys %{ $t->{columns} })
		{
			my $c = $t->{columns}{$name};
			my @from = grep { defined $_->{ $c->{to} } } @{ $c->{from}{data} };

			$c->{null} = 1 if !@from;
			for my $row (@{ $t->{data} })
			{
				if (defined $c->{pair} && $c->{to} eq 'g')
				{
					$row->{$name} = defined $row->{ $c->{pair} } ? $row->{ $c->{pair} } % 3 : undef;
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
		$sql .= "CREATE TABLE $t->{name} (u int, id int PRIMARY KEY, g int, code int"
		  . join('', map {
				my $c = $t->{columns}{$_};
				", $_ $c->{type}" . (defined $c->{default} ? " DEFAULT $c->{default}" : '') . ($c->{null} ? '' : ' NOT NULL')
			} sort keys %{ $t->{columns} })
		  . ', UNIQUE (id, g)' . ($t->{partitioned} ? '' : ', UNIQUE (code)') . ')'
		  . ($t->{partitioned} ? ' PARTITION BY RANGE (id)' : '') . ";\n";
		$sql .= "CREATE TABLE $t->{name}_$_->[0] PARTITION OF $t->{name} FOR VALUES FROM ($_->[0]) TO ($_->[1]);\n"
		  for $t->{partitioned} ? ([ 0, 4 ], [ 4, 100 ]) : ();
		$sql .= "INSERT INTO $t->{name} (" . join(', ', @names) . ') VALUES '
		  . join(', ', map { my $row = $_; '(' . join(', ', map { $row->{$_} // 'NULL' } @names) . ')' } @{ $t->{data} }) . ";\n";
		$sql .= "CREATE INDEX ON $t->{name} ($_);\n" for grep { chance(0.3) } sort keys %{ $t->{columns} };
	}
	$sql .= "$_->{sql}\n" for @keys;

	my $list = "ARRAY['" . join("', '", map { $_->{name} } @tables) . "']::regclass[]";
	my $compare = $sql;
	for (1 .. 4)
	{
		my $t = one_of(@tables);
		my $condition = one_of('id = ' . (1 + int(rand($t->{rows}))), 'id % 2 = 0', 'id <= ' . (1 + int(rand($t->{rows}))), 'true');
		$compare .= "SELECT 'result: ' || compare('$t->{name}', '$condition', $list, " . ($shared ? 'true' : 'false') . ", '" . one_of(@tables)->{name} . "') || ' | DELETE FROM $t->{name} WHERE $condition';\n";
	}
	return ($compare, $sql);
}

my %seen;
my @wrong;
for my $number (1 .. $schemas)
{
	my ($compare, $sql) = make_schema($number);
	my ($stdout, $stderr);

	$node->psql('postgres', "SET client_min_messages = error;\n$compare",
		stdout => \$stdout, stderr => \$stderr, on_error_stop => 1);
	if ($stderr)
	{
		push @wrong, "schema $number: $stderr\n$sql";
		next;
	}
	for my $line (grep { /^result: / } split /\n/, $stdout)
	{
		my ($result, $statement) = $line =~ /^result: (.*) \| (.*)$/;

		$seen{$_}++ for split /, /, $result;
		push @wrong, "schema $number: $statement: $result\n$sql"
		  if $result !~ /^((deleted|told), (restored|nothing|refused)|blocked|other)$/;
	}
}

ok(!@wrong, 'every preview says what its DELETE does') or diag($wrong[0]);
diag(scalar(@wrong) . ' wrong; ' . join(', ', map { "$seen{$_} $_" } grep { /^(deleted|told|blocked|other|restored|nothing|refused)$/ } sort keys %seen));
cmp_ok($seen{deleted} // 0, '>', $schemas, '... many of them delete');
cmp_ok($seen{told} // 0, '>', $schemas / 2, '... many tell a hook of it');
cmp_ok($seen{restored} // 0, '>', 2 * $schemas, '... most are kept and restored');
cmp_ok($seen{blocked} // 0, '>', $schemas / 4, '... many are blocked');

$node->stop;
done_testing();
