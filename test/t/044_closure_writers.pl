# A DELETE with hooks.keep(), hooks.doomed() and before_closure hooks, in random
# schemas, beside three sessions that insert, update, move and delete in the same
# tables.  Plain row triggers write down what the cascade really removes.  That is
# what each before_closure hook was told of, each row once; what hooks.doomed() told;
# and what hooks.keep() has kept: hooks.restore() brings each row back as it was.
#
# And no cascade waits for a row that it deletes or changes, as these were locked before:
# it comes into no deadlock for one.  The server's log says where a session waits.
#
# HOOKS_SEED repeats a run (what happens between sessions does not repeat),
# HOOKS_SCHEMAS makes it longer.  HOOKS_BARE=1 has no hooks, but the same schemas and
# statements: so many DELETEs come into a deadlock, and so often cascades wait, without
# them.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use RandomSchema;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{HOOKS_SEED} // 20261130;
my $schemas = $ENV{HOOKS_SCHEMAS} // 30;
my $bare = $ENV{HOOKS_BARE} // 0;
my $deletes = 12;			# in each schema
my $writers = 3;
my $statements = 150;		# of each writer
my $folder = PostgreSQL::Test::Utils::tempdir();
srand($seed);
diag("seed $seed, $schemas schemas");

my $node = start_node('main', conf => "autovacuum = off\ndeadlock_timeout = 100ms\nlog_lock_waits = on\n");

# What the session that deletes notes goes to temporary tables of its own.
$node->safe_psql('postgres', q{
CREATE EXTENSION hooks;
CREATE FUNCTION deletes() RETURNS boolean LANGUAGE sql AS $$ SELECT current_setting('test.deletes', true) = 'on' $$;
CREATE FUNCTION note_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF deletes() THEN
    INSERT INTO pg_temp.seen (tab, u, removed, old) VALUES (TG_ARGV[0], OLD.u, TG_OP = 'DELETE', to_jsonb(OLD));
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION note_closure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  t text;
BEGIN
  IF deletes() THEN
    INSERT INTO pg_temp.fired SELECT TG_ARGV[0], u FROM old_table;
    FOR i IN 1 .. TG_NARGS - 1 LOOP
      CONTINUE WHEN EXISTS (SELECT FROM pg_temp.asked WHERE tab = TG_ARGV[i]);
      INSERT INTO pg_temp.asked VALUES (TG_ARGV[i]);
      EXECUTE format('INSERT INTO pg_temp.told SELECT %L, u FROM hooks.doomed(NULL::%s)', TG_ARGV[i], TG_ARGV[i]);
    END LOOP;
  END IF;
  RETURN NULL;
END $$;

-- One DELETE, in a transaction of its own, and what is wrong with what was told of it
CREATE FUNCTION attempt(root text, condition text, tables text[], hooked text[], restore boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  expected jsonb;
  actual jsonb;
  content jsonb;
  t text;
  bin bigint;
BEGIN
  TRUNCATE pg_temp.seen, pg_temp.fired, pg_temp.told, pg_temp.asked;
  SET LOCAL test.deletes = on;
  BEGIN
    EXECUTE format('DELETE FROM %s WHERE %s', root, condition);
  EXCEPTION
    -- rows that a foreign key changes so that what they are made of is not known
    WHEN feature_not_supported THEN
      RETURN CASE WHEN SQLERRM ~ '^cannot keep' THEN 'refused' ELSE 'wrong: ' || SQLERRM END;
    WHEN OTHERS THEN
      RETURN 'failed ' || SQLSTATE || CASE WHEN SQLSTATE LIKE '23%' OR SQLSTATE LIKE '40%' THEN '' ELSE ': ' || SQLERRM END;
  END;
  SET LOCAL test.deletes = off;
  IF current_setting('test.bare') = 'on' THEN
    RETURN 'bare';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_temp.seen) THEN
    RETURN 'nothing';
  END IF;

  -- a row that has moved to another partition is still there
  FOREACH t IN ARRAY tables LOOP
    EXECUTE format('DELETE FROM pg_temp.seen s USING %s r WHERE s.tab = %L AND s.removed AND s.u = r.u', t, t);
  END LOOP;

  SELECT coalesce(jsonb_object_agg(tab, us), '{}') FROM (
    SELECT tab, jsonb_agg(u ORDER BY u) AS us FROM pg_temp.seen WHERE removed AND tab = ANY (hooked) GROUP BY tab) x INTO expected;
  SELECT coalesce(jsonb_object_agg(tab, us), '{}') FROM (
    SELECT tab, jsonb_agg(u ORDER BY u) AS us FROM pg_temp.fired GROUP BY tab) x INTO actual;
  IF actual <> expected THEN
    RETURN concat('wrong: fired ', actual, ', removed ', expected);
  END IF;

  SELECT coalesce(jsonb_object_agg(tab, us), '{}') FROM (
    SELECT tab, jsonb_agg(u ORDER BY u) AS us FROM pg_temp.seen WHERE removed AND tab IN (SELECT tab FROM pg_temp.asked) GROUP BY tab) x INTO expected;
  SELECT coalesce(jsonb_object_agg(tab, us), '{}') FROM (
    SELECT tab, jsonb_agg(u ORDER BY u) AS us FROM pg_temp.told GROUP BY tab) x INTO actual;
  IF actual <> expected THEN
    RETURN concat('wrong: doomed ', actual, ', removed ', expected);
  END IF;
  IF NOT restore THEN
    RETURN 'told';
  END IF;

  -- all that was removed or changed is as it was before
  SELECT kept_id FROM hooks.kept WHERE transaction_id = pg_current_xact_id() INTO bin;
  IF bin IS NULL THEN
    RETURN 'wrong: nothing kept';
  END IF;
  BEGIN
    PERFORM hooks.restore(bin);
    SET CONSTRAINTS ALL IMMEDIATE;
  EXCEPTION
    -- a changed row has got the unique value of one that went; a parent that others remove
    WHEN unique_violation OR deadlock_detected OR serialization_failure THEN
      RETURN 'told, not restored ' || SQLSTATE;
    WHEN OTHERS THEN
      RETURN concat('wrong: restore: ', SQLSTATE, ' ', SQLERRM);
  END;
  FOREACH t IN ARRAY tables LOOP
    SELECT coalesce(jsonb_object_agg(u, old), '{}') FROM (
      SELECT DISTINCT ON (u) u, old FROM pg_temp.seen WHERE tab = t ORDER BY u, n) x INTO expected;
    EXECUTE format('SELECT coalesce(jsonb_object_agg(r.u, to_jsonb(r)), ''{}'') FROM %s r WHERE r.u IN (SELECT u FROM pg_temp.seen WHERE tab = %L)', t, t) INTO actual;
    IF actual <> expected THEN
      RETURN concat('wrong: restored ', actual, ', was ', expected);
    END IF;
  END LOOP;
  RETURN 'told, restored';
EXCEPTION WHEN OTHERS THEN
  RETURN concat('wrong: ', SQLSTATE, ' ', SQLERRM);
END $$;
});

# A value for a column that others refer to, or that refers to others
sub some_value
{
	my $column = shift;

	return $column eq 'g' ? int(rand(3)) : chance(0.15) ? 'NULL' : "'" . (1 + int(rand(chance(0.5) ? 4 : 12)) + ($column eq 'code' ? one_of(0, 100) : 0)) . "'";
}

# What one session writes beside the deletes
sub make_writer
{
	my ($number, @tables) = @_;
	my $u = 100_000 * $number;
	my $sql = "\\set ON_ERROR_ROLLBACK on\nSET search_path = s, public;\nSET client_min_messages = fatal;\n";
	my $left = 0;

	for (1 .. $statements)
	{
		my $t = one_of(@tables);
		my @columns = ('id', 'g', 'code', sort keys %{ $t->{columns} });
		my $column = chance(0.7) && keys %{ $t->{columns} } ? one_of(sort keys %{ $t->{columns} }) : one_of(@columns);
		my $where = 'id = ' . (1 + int(rand(12)));
		my $what = rand();

		if ($left == 0 && chance(0.3))
		{
			$sql .= "BEGIN;\n";
			$left = 2 + int(rand(3));
		}
		$sql .= $what < 0.4 ? "INSERT INTO $t->{name} (u, " . join(', ', @columns) . ') VALUES (' . join(', ', ++$u, map { $_ eq 'id' ? 1 + int(rand(30)) : some_value($_) } @columns) . ") ON CONFLICT DO NOTHING;\n" :
		  $what < 0.85 ? "UPDATE $t->{name} SET $column = " . some_value($column) . " WHERE $where;\n" :
		  "DELETE FROM $t->{name} WHERE $where;\n";
		$sql .= "SELECT pg_sleep(0.002) \\g /dev/null\n" . one_of('COMMIT', 'COMMIT', 'COMMIT', 'ROLLBACK') . ";\n"
		  if $left > 0 && --$left == 0;
	}
	return $sql;
}

my (%seen, @wrong);
for my $number (1 .. $schemas)
{
	my ($sql, $shared, @tables) = random_schema();
	my @hooked = grep { chance(0.7) } @tables;
	my $list = sub { return 'ARRAY[' . join(', ', map { "\$q\$$_->{name}\$q\$" } @_) . ']::text[]'; };
	my $deleter = "SET deadlock_timeout = '1ms';\nSET search_path = s, public;\nSET client_min_messages = error;\nSET test.bare = " . ($bare ? 'on' : 'off') . ";\n"
	  . "SET hooks.opt_in = 'bin';\nSELECT pg_sleep(0.1) \\g /dev/null\n"
	  . "CREATE TEMP TABLE seen (n serial, tab text, u int, removed boolean, old jsonb);\n"
	  . "CREATE TEMP TABLE fired (tab text, u int);\nCREATE TEMP TABLE told (tab text, u int);\nCREATE TEMP TABLE asked (tab text);\n";

	for my $t (@tables)
	{
		$sql .= "CREATE TRIGGER note_row AFTER UPDATE OR DELETE ON $t->{name} FOR EACH ROW EXECUTE FUNCTION note_row(\$q\$$t->{name}\$q\$);\n";
	}
	for my $t (@hooked)
	{
		my @asks = map { "\$q\$$_->{name}\$q\$" } grep { chance(0.5) } @tables;

		next if $bare;
		$sql .= "SELECT hooks.register(\$q\$closure $t->{name}\$q\$, 'before_closure', 'delete', \$q\$$t->{name}\$q\$, 'note_closure', arguments => ARRAY["
		  . join(', ', "\$q\$$t->{name}\$q\$", @asks) . "]);\n";
	}
	for my $t ($bare ? () : @tables)
	{
		$sql .= "SELECT hooks.register(\$q\$bin $t->{name}\$q\$, 'before_cascade', 'delete', \$q\$$t->{name}\$q\$, 'hooks.keep', activation => 'opt_in');\n";
		$deleter .= "SELECT set_config('hooks.opt_in', concat_ws(', ', current_setting('hooks.opt_in'), quote_ident(\$q\$bin $t->{name}\$q\$)), false) \\g /dev/null\n";
	}
	for (1 .. $deletes)
	{
		my $t = one_of(@tables);
		my $condition = one_of('id = ' . (1 + int(rand($t->{rows}))), 'id % 2 = 0', 'id <= ' . (1 + int(rand($t->{rows}))), 'true');

		$deleter .= 'BEGIN' . (chance(0.2) ? ' ISOLATION LEVEL REPEATABLE READ' : '') . ";\n"
		  . "SELECT concat('result: ', attempt(\$q\$$t->{name}\$q\$, '$condition', " . $list->(@tables) . ', ' . $list->(@hooked) . ', '
		  . (chance(0.8) ? 'true' : 'false') . "), \$q\$ | DELETE FROM $t->{name} WHERE $condition\$q\$);\n"
		  . one_of('COMMIT', 'ROLLBACK') . ";\n";
	}

	my (undef, undef, $stderr) = $node->psql('postgres', "SET client_min_messages = error;\n$sql", on_error_stop => 1);
	if ($stderr ne '')
	{
		push @wrong, "schema $number: $stderr\n$sql";
		next;
	}
	# files, as the processes must not wait for this one
	my @running;
	for my $input ($deleter, map { make_writer($_, @tables) } 1 .. $writers)
	{
		my $file = "$folder/" . scalar(@running);

		PostgreSQL::Test::Utils::append_to_file($file, $input);
		push @running, { file => $file,
			handle => IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', $file ], '>', "$file.out", '2>', "$file.err") };
	}
	for my $run (@running)
	{
		$run->{handle}->finish;
		$run->{$_} = slurp_file("$run->{file}.$_") for 'out', 'err';
		unlink $run->{file};
		push @wrong, "schema $number: $run->{err}" if $run->{err} =~ /server closed|PANIC|could not (find|open|read)/;
	}
	my @results = grep { /^result: / } split /\n/, $running[0]{out};
	push @wrong, "schema $number: @results: $running[0]{err}" if @results != $deletes;
	for my $line (@results)
	{
		my ($result, $statement) = $line =~ /^result: (.*) \| (.*)$/;

		$seen{ $result =~ /^wrong/ ? 'wrong' : $result }++;
		push @wrong, "schema $number: $statement: $result\n$sql" if $result !~ /^(told(, restored|, not restored \w+)?|nothing|refused|bare|failed (23|40)\w{3})$/;
	}
	last if @wrong > 20;
}

ok(!@wrong, 'what is kept, told and fired is what is removed') or diag("HOOKS_SEED=$seed: $wrong[0]");
diag(scalar(@wrong) . ' wrong; ' . join(', ', map { "$seen{$_} $_" } sort keys %seen));

# The innermost query is the cascade's own, which is inside of the DELETE
my $waits = () = slurp_file($node->logfile) =~ /(?:still waiting|detected deadlock).*\n.*DETAIL: .*\n.*CONTEXT:  while (?:deleting|updating) tuple.*\n\tSQL statement "(?:DELETE FROM|UPDATE) .*"\n\tSQL statement "DELETE /g;
diag("$waits waits of cascades");
if (!$bare)
{
	is($waits, 0, '... no cascade waits for a row that it deletes or changes');
	cmp_ok($seen{'told, restored'} // 0, '>', $schemas, '... many are restored');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM hooks.failure'), 0, '... no callback fails');
}

$node->stop;
done_testing();
