# Random schemas, hooks, statements, savepoints and aborts of several sessions side by
# side.  Plain triggers write down what happens; what the hooks were told must be that:
#
#   before_cascade	each row that was deleted, and that the hook wants, in exactly one
#					firing, and no other row; before a cascade removes what refers to it
#   before_commit	one firing a transaction, with the number of rows
#   after			each row, once
#   after_commit	each row of a transaction that committed, once, and those of one row
#					in the order in which they happened
#
# A callback that fails is isolated, and costs nobody else anything.
#
# HOOKS_SEED repeats a run, HOOKS_SCHEMAS makes it longer.  A seed that fails is
# printed with its schema and with what each session ran.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $first_seed = $ENV{HOOKS_SEED} // 20260101;
my $schemas = $ENV{HOOKS_SCHEMAS} // 12;
my $sessions = 3;
my $transactions = 40;		# of each session
my $node = start_node('main', conf => q{
	autovacuum = off
	deadlock_timeout = '50ms'
	max_worker_processes = 16
	hooks.worker_idle = '100ms'
	log_min_messages = fatal
});

sub one_of { return $_[rand @_]; }
sub chance { return rand(100) < $_[0]; }

# What every schema begins with: the tables in which triggers and callbacks write.
# Whatever fails takes what was written along.
my $prelude = q{
CREATE EXTENSION hooks;
CREATE SEQUENCE ids;
CREATE SEQUENCE moment;
-- what happened to a row
CREATE TABLE truth (tab text, op text, id bigint, v int, xid xid8 DEFAULT pg_current_xact_id(),
                    moment bigint DEFAULT nextval('moment'));
-- rows that a cascade is about to remove, with what they refer to
CREATE TABLE going (id bigint, parents bigint[], moment bigint DEFAULT nextval('moment'));
-- what the hooks were told
CREATE TABLE seen (hook text, tab text, id bigint, v int, moment bigint);
CREATE TABLE seen_after (hook text, tab text, op text, id bigint, v int);
CREATE TABLE at_commit (hook text, tab text, op text, rows bigint, xid xid8 DEFAULT pg_current_xact_id());
CREATE TABLE delivered (n bigint GENERATED ALWAYS AS IDENTITY, hook text, tab text, op text, id bigint, v int);

CREATE FUNCTION write_truth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO truth VALUES (TG_ARGV[0], TG_OP, OLD.id, OLD.v);
  ELSE
    INSERT INTO truth VALUES (TG_ARGV[0], TG_OP, NEW.id, NEW.v);
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION write_going() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() > 1 THEN
    INSERT INTO going VALUES (OLD.id, ARRAY[OLD.p1, OLD.p2]);
  END IF;
  RETURN OLD;
END $$;
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  now bigint := nextval('moment');
BEGIN
  INSERT INTO seen SELECT TG_NAME, TG_TABLE_NAME, id, v, now FROM old_table;
  IF TG_ARGV[0] = 'veto' AND EXISTS (SELECT FROM old_table WHERE v = 7) THEN
    PERFORM hooks.cancel('there is a seven');
  END IF;
  IF TG_ARGV[0] = 'fail' AND EXISTS (SELECT FROM old_table WHERE v % 3 = 0) THEN
    RAISE 'there is a multiple of three';
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION see_after() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO seen_after VALUES (TG_NAME, TG_TABLE_NAME, TG_OP, OLD.id, OLD.v);
  ELSE
    INSERT INTO seen_after VALUES (TG_NAME, TG_TABLE_NAME, TG_OP, NEW.id, NEW.v);
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION count_changes(event jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO at_commit
  SELECT event->>'hook', c.relation, upper(c.action), c.rows
    FROM jsonb_to_recordset(event->'changes') AS c(relation text, action text, rows bigint)
$$;
CREATE FUNCTION deliver(event jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO delivered (hook, tab, op, id, v)
  SELECT event->>'hook', event->>'relation', upper(event->>'action'), r.id, r.v
    FROM jsonb_to_recordset(coalesce(event->'new', event->'old')) AS r(id bigint, v int)
$$;
};

# A schema and its hooks: the statements that make them, the tables with those that they
# refer to, and the hooks, of which each has a name, a phase, a table (undef: all), a condition
sub random_schema
{
	my @tables = map { "t$_" } 1 .. 3 + int(rand(3));
	my $sql = '';
	my @hooks;
	my %refers;		# to which table each may refer
	my $hook = sub
	{
		my (%hook) = @_;

		$hook{name} = "$hook{phase}_" . scalar(@hooks);
		$sql .= "SELECT hooks.register('$hook{name}', '$hook{phase}', '$hook{actions}', "
		  . ($hook{table} ? "'$hook{table}'" : 'NULL') . ", '$hook{callback}'"
		  . join('', map { ", $_ => '$hook{$_}'" } grep { defined $hook{$_} } qw(level condition arguments on_error schema))
		  . ");\n";
		push @hooks, \%hook;
	};

	foreach my $t (@tables)
	{
		# partitioned by a number that no one changes
		my $partitioned = chance(25);

		$sql .= "CREATE TABLE $t (id bigint PRIMARY KEY DEFAULT nextval('ids'), v int, p1 bigint, p2 bigint)"
		  . ($partitioned ? ' PARTITION BY HASH (id)' : '') . ";\n";
		$sql .= join('', map { "CREATE TABLE ${t}_$_ PARTITION OF $t FOR VALUES WITH (MODULUS 2, REMAINDER $_);\n" } 0, 1)
		  if $partitioned;
		$sql .= "CREATE INDEX ON $t (p1);\n" if chance(50);
		$sql .= "CREATE TRIGGER zz_truth AFTER INSERT OR UPDATE OR DELETE ON $t FOR EACH ROW EXECUTE FUNCTION write_truth('$t');\n"
		  . "CREATE TRIGGER zz_going BEFORE DELETE ON $t FOR EACH ROW EXECUTE FUNCTION write_going();\n";
	}
	foreach my $t (@tables)
	{
		foreach my $column ('p1', 'p2')
		{
			next if $column eq 'p2' && chance(50);
			my $other = one_of(@tables);

			push @{ $refers{$t} }, $other;
			$sql .= "ALTER TABLE $t ADD FOREIGN KEY ($column) REFERENCES $other ON DELETE "
			  . one_of(('CASCADE') x 6, 'SET NULL', 'NO ACTION')
			  . one_of(('') x 3, ' DEFERRABLE INITIALLY DEFERRED') . ";\n";
		}
	}
	foreach my $t (@tables)
	{
		# one that wants all, by which it is told whether cascades come too early
		$hook->(phase => 'before_cascade', actions => 'delete', table => $t, callback => 'see', all => 1,
			arguments => one_of('{}', '{}', '{veto}'), on_error => one_of(undef, undef, 'isolate', 'quarantine'));
		$hook->(phase => 'before_cascade', actions => 'delete', table => $t, callback => 'see',
			condition => one_of(undef, 'OLD.v % 2 = 0', 'OLD.v IS NULL OR OLD.p1 IS NOT NULL OR true'),
			on_error => one_of(undef, 'isolate')) if chance(40);
		$hook->(phase => 'before_cascade', actions => 'delete', table => $t, callback => 'see', arguments => '{fail}',
			on_error => one_of('isolate', 'quarantine'), fails => 1) if chance(30);
		$hook->(phase => 'after', actions => one_of('delete', 'write', 'insert, update'), level => 'row', table => $t,
			callback => 'see_after', on_error => one_of('abort', 'isolate')) if chance(30);
		$hook->(phase => 'before_commit', actions => one_of('delete', 'insert', 'insert, update, delete'), table => $t,
			callback => 'count_changes') if chance(40);
		$hook->(phase => 'after_commit', actions => one_of('insert, update, delete', 'delete', 'insert, delete'), table => $t,
			callback => 'deliver', condition => undef) if chance(60);
	}
	# log tables are covered too, in which nothing is deleted
	$hook->(phase => 'before_cascade', actions => 'delete', schema => 'public', callback => 'see') if chance(30);
	foreach my $t (@tables)
	{
		$sql .= "INSERT INTO $t (v, p1, p2) SELECT g, NULL, NULL FROM generate_series(1, 60) g;\n";
	}
	return ($sql, \%refers, \@hooks);
}

# A statement that changes something
sub random_statement
{
	my ($refers) = @_;
	my @tables = sort keys %$refers;
	my $t = one_of(@tables);
	my $other = chance(80) ? $refers->{$t}[0] : one_of(@tables);
	my $some = 'v % ' . (2 + int(rand(5))) . ' = ' . int(rand(2));
	my $few = 'id IN (SELECT id FROM ' . $t . ' ORDER BY random() LIMIT ' . (1 + int(rand(4))) . ')';
	my $where = one_of($few, $few, $few, $some);
	# a row of whatever table it may refer to; a wrong one fails
	my $parent = "(SELECT id FROM $other ORDER BY random() LIMIT 1)";

	return one_of(
		("INSERT INTO $t (v, p1) SELECT g, CASE WHEN g % 4 > 0 THEN $parent END FROM generate_series(1, " . (1 + int(rand(6))) . ') g') x 4,
		"INSERT INTO $t (v, p1, p2) VALUES (" . int(rand(20)) . ", $parent, $parent)",
		("DELETE FROM $t WHERE $where") x 4,
		("UPDATE $t SET v = v + 1 WHERE $where") x 2,
		"UPDATE $t SET p1 = $parent WHERE $few",
		"WITH gone AS (DELETE FROM $t WHERE $few RETURNING 1) DELETE FROM $other WHERE v = " . int(rand(9)),
		"INSERT INTO $t AS a (id, v) SELECT id, v FROM $t WHERE $few ON CONFLICT (id) DO UPDATE SET v = a.v + 100",
		"MERGE INTO $t USING (SELECT id AS i FROM $t WHERE $few) s ON id = i WHEN MATCHED AND v % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET v = v + 1",
		"DO \$\$ BEGIN DELETE FROM $t WHERE $few; BEGIN DELETE FROM $other WHERE $some; RAISE 'no'; EXCEPTION WHEN OTHERS THEN NULL; END; UPDATE $t SET v = 7 WHERE $few; END \$\$");
}

# What one session runs
sub random_session
{
	my ($refers) = @_;
	my $sql = "SET client_min_messages = error;\n";

	for (1 .. $transactions)
	{
		if (chance(40))
		{
			$sql .= random_statement($refers) . ";\n";
			next;
		}
		$sql .= 'BEGIN' . one_of('', '', '', ' ISOLATION LEVEL REPEATABLE READ') . ";\n";
		for (1 .. 1 + int(rand(5)))
		{
			my $inner = random_statement($refers) . ";\n";

			$inner = "SAVEPOINT s;\n$inner" . one_of('ROLLBACK TO s', 'ROLLBACK TO s', 'RELEASE s') . ";\n" if chance(50);
			$sql .= $inner;
		}
		$sql .= one_of(('COMMIT') x 4, 'ROLLBACK') . ";\n";
	}
	return $sql;
}

# What would be wrong with one hook: a query whose rows say so
sub wrong_with
{
	my ($hook) = @_;
	my $of = $hook->{table} ? "t.tab = '$hook->{table}'" : 'true';
	my $wanted = ($hook->{condition} // 'true') =~ s/OLD\.v % 2/v % 2/r =~ s/^OLD.*true$/true/r;
	my $ops = join(', ', map { "'$_'" } split /, /, uc($hook->{actions} eq 'write' ? 'insert, update, delete' : $hook->{actions}));
	my $truth = "SELECT tab, op, id, v FROM truth t WHERE $of AND op IN ($ops) AND $wanted";
	my $differ = sub
	{
		my ($told, $true) = @_;

		return "SELECT 'not told', * FROM ($true EXCEPT ALL $told) a UNION ALL SELECT 'not true', * FROM ($told EXCEPT ALL $true) b";
	};

	if ($hook->{phase} eq 'before_cascade')
	{
		my $root = "regexp_replace(tab, '_.*', '')";
		my $told = "SELECT $root, 'DELETE', id, v FROM seen WHERE hook = '$hook->{name}'";
		return "SELECT 'not true', * FROM ($told EXCEPT ALL $truth) b" if $hook->{fails};
		return $differ->($told, $truth);
	}
	return $differ->("SELECT regexp_replace(tab, '_.*', ''), op, id, v FROM seen_after WHERE hook = '$hook->{name}'", $truth)
	  if $hook->{phase} eq 'after';
	return $differ->("SELECT regexp_replace(tab, '^public\\.|_.*', '', 'g'), op, rows, xid FROM at_commit WHERE hook = '$hook->{name}'",
		"SELECT tab, op, count(*), xid FROM truth t WHERE $of AND op IN ($ops) AND tab || xid <> '' GROUP BY tab, op, xid")
	  if $hook->{phase} eq 'before_commit';
	# after_commit: what, and for each row in which order
	return $differ->("SELECT id, string_agg(op || coalesce(v, -1), ' ' ORDER BY n) FROM delivered WHERE hook = '$hook->{name}' GROUP BY id",
		"SELECT id, string_agg(op || coalesce(v, -1), ' ' ORDER BY moment) FROM truth t WHERE $of AND op IN ($ops) GROUP BY id");
}

my ($deleted, $told) = (0, 0);
my %refused;
for my $seed ($first_seed .. $first_seed + $schemas - 1)
{
	srand($seed);

	my $database = "fuzz_$seed";
	my ($schema, $refers, $hooks) = random_schema();
	my @scripts = map { random_session($refers) } 1 .. $sessions;
	my (@wrong, @running, @complaints);
	my ($ret, undef, $err);

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	# a row that is inserted before there are hooks is no truth of theirs
	($ret, undef, $err) = $node->psql($database, "$prelude\n$schema", on_error_stop => 1);
	die "seed $seed: $err" if $ret;
	foreach my $n (0 .. $#scripts)
	{
		my $file = $node->basedir . "/$database.$n.sql";

		append_to_file($file, $scripts[$n]);
		push @running, IPC::Run::start([ 'psql', '-XqAt', '-v', 'VERBOSITY=verbose', '-d', $node->connstr($database), '-f', $file ],
			'>', \my $out, '2>', \$complaints[$n]);
	}
	$_->finish foreach @running;
	# most of what a session complains of is of its statements, not of the hooks
	foreach my $n (0 .. $#scripts)
	{
		push @wrong, "session $n: $_" foreach grep { /KH000|XX\d\d\d|server closed|PANIC|FATAL/ } split /\n/, $complaints[$n];
		$refused{$1}++ while $complaints[$n] =~ /ERROR:\s+(\w{5})/g;
	}
	push @wrong, 'not all is delivered after a minute'
	  unless $node->safe_psql($database, "SELECT hooks.flush('1 min') AND NOT EXISTS (SELECT FROM hooks.outbox)") eq 't';
	foreach my $hook (@$hooks)
	{
		my $found = $node->safe_psql($database, wrong_with($hook));

		push @wrong, "$hook->{name}: $_" foreach split /\n/, $found;
	}
	# whatever a cascade removed has a parent that was told of before
	push @wrong, map { "cascade too early: $_" } split /\n/, $node->safe_psql($database, q{
		SELECT g.* FROM (SELECT id, max(moment) AS moment, max(parents) AS parents FROM going GROUP BY id) g
		 WHERE EXISTS (SELECT FROM truth t WHERE t.id = g.id AND t.op = 'DELETE')
		   AND NOT EXISTS (SELECT FROM seen s WHERE s.id = ANY (g.parents) AND s.moment < g.moment)});
	my @counts = split /\|/, $node->safe_psql($database,
		"SELECT (SELECT count(*) FROM truth WHERE op = 'DELETE'), (SELECT count(*) FROM seen) + (SELECT count(*) FROM delivered)");
	$deleted += $counts[0];
	$told += $counts[1];
	ok(!@wrong, "seed $seed") or diag(join("\n", "HOOKS_SEED=$seed HOOKS_SCHEMAS=1", @wrong[0 .. ($#wrong < 20 ? $#wrong : 20)],
		'-- the schema', $prelude, $schema, map { ("-- session $_", $scripts[ $_ - 1 ]) } 1 .. $sessions));
	$node->safe_psql('postgres', "DROP DATABASE $database");
}
# it would be easy to tell the truth of nothing
cmp_ok($deleted, '>', 100 * $schemas, "$deleted rows were deleted");
cmp_ok($told, '>', 100 * $schemas, "hooks were told of $told rows");
note(join(' ', 'statements that failed:', map { "$_ $refused{$_}" } sort keys %refused));
done_testing();
