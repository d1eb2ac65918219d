# hooks.rehearse() against the truth: in random schemas with foreign keys, checks,
# triggers, rules and hooks, it says what the statement then does: how many rows it
# inserts, updates and deletes in each table, as PostgreSQL counts them, what fires,
# and the error with which it fails.  And nothing is left of the rehearsal.
#
# HOOKS_SEED repeats a run, HOOKS_SCHEMAS makes it longer.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{HOOKS_SEED} // 20261129;
my $schemas = $ENV{HOOKS_SCHEMAS} // 60;
srand($seed);
diag("seed $seed, $schemas schemas");

my $node = start_node('main', conf => 'autovacuum = off');

# Every firing and trigger is noted in a table, which is rolled back with what it did.
$node->safe_psql('postgres', q{
CREATE EXTENSION hooks;
CREATE SCHEMA s;
CREATE TABLE fired (hook text);
CREATE FUNCTION note_fired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.fired VALUES (TG_NAME);
  RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION note_event(event jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.fired VALUES (event ->> 'hook') $$;
CREATE FUNCTION contents() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t regclass;
  content jsonb;
  result jsonb := '{}';
BEGIN
  FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 's'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY to_jsonb(r)), ''[]'') FROM %s r', t) INTO content;
    result := result || jsonb_build_object(t, content);
  END LOOP;
  RETURN result;
END $$;
CREATE FUNCTION counts() RETURNS TABLE (t regclass, kind text, n bigint) LANGUAGE sql AS $$
  SELECT c.oid, x.kind, x.n FROM pg_class c, LATERAL (VALUES
    ('insert', pg_stat_get_xact_tuples_inserted(c.oid)), ('update', pg_stat_get_xact_tuples_updated(c.oid)),
    ('delete', pg_stat_get_xact_tuples_deleted(c.oid))) x(kind, n)
   WHERE relnamespace = 's'::regnamespace AND relkind = 'r' $$;
CREATE FUNCTION compare(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before jsonb := contents();
  said jsonb;
  done jsonb;
  said_fired jsonb;
  really_fired jsonb;
  said_error text;
  really text;
BEGIN
  CREATE TEMP TABLE told AS SELECT * FROM hooks.rehearse(statement);
  IF contents() <> before OR EXISTS (SELECT FROM fired) THEN
    RETURN 'the rehearsal has left something';
  END IF;
  SELECT message FROM told WHERE kind = 'error' INTO said_error;
  SELECT jsonb_object_agg(relation || ' ' || kind, n) FROM (SELECT relation, kind, sum(rows) AS n FROM told
    WHERE kind IN ('insert', 'update', 'delete') AND relation <> 'fired'::regclass GROUP BY 1, 2 HAVING sum(rows) > 0) x INTO said;
  SELECT jsonb_object_agg(hook, n) FROM (SELECT hook, count(*) AS n FROM told WHERE hook IS NOT NULL AND outcome = 'fired' GROUP BY 1) x INTO said_fired;
  CREATE TEMP TABLE stood AS SELECT * FROM counts();
  BEGIN
    EXECUTE statement;
    SET CONSTRAINTS ALL IMMEDIATE;
    -- (PostgreSQL counts what a savepoint has taken back, too, which is in the log only)
    SELECT jsonb_object_agg(t || ' ' || kind, n) FROM (
      SELECT c.t, c.kind, c.n - s.n AS n FROM counts() c JOIN stood s USING (t, kind) WHERE c.t <> 's.log'::regclass
      UNION ALL SELECT 's.log', 'insert', (SELECT count(*) FROM s.log) - jsonb_array_length(before -> 'log')) x WHERE n > 0 INTO done;
    SELECT jsonb_object_agg(hook, n) FROM (SELECT hook, count(*) AS n FROM fired GROUP BY 1) x INTO really_fired;
    RAISE SQLSTATE 'ZZ001';
  EXCEPTION
    WHEN SQLSTATE 'ZZ001' THEN NULL;
    WHEN OTHERS THEN really := SQLERRM;
  END;
  DROP TABLE told, stood;
  IF said_error IS DISTINCT FROM really THEN
    RETURN concat('said "', said_error, '", failed with "', really, '"');
  ELSIF really IS NOT NULL THEN
    RETURN 'fails';
  ELSIF said IS DISTINCT FROM done THEN
    RETURN concat('said ', said, ', did ', done);
  ELSIF said_fired IS DISTINCT FROM really_fired THEN
    RETURN concat('said fired ', said_fired, ', fired ', really_fired);
  END IF;
  RETURN CASE WHEN done IS NULL THEN 'nothing' ELSE 'same' END;
END $$;
});

sub one_of { return $_[ int(rand(@_)) ]; }
sub chance { return rand() < $_[0]; }

sub make_schema
{
	my $sql = "DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s, public;\n";
	my $n = 2 + int(rand(3));
	my @tables = map { "t$_" } 0 .. $n - 1;

	for my $t (@tables)
	{
		my $check = chance(0.3) ? ', CHECK (v < ' . (3 + int(rand(8))) . ')' : '';
		if (chance(0.2))
		{
			$sql .= "CREATE TABLE $t (id int PRIMARY KEY, p int, q int, v int DEFAULT 0$check) PARTITION BY RANGE (id);\n"
			  . "CREATE TABLE ${t}_0 PARTITION OF $t FOR VALUES FROM (MINVALUE) TO (4);\nCREATE TABLE ${t}_1 PARTITION OF $t DEFAULT;\n";
		}
		else
		{
			$sql .= "CREATE TABLE $t (id int PRIMARY KEY, p int, q int, v int DEFAULT 0$check);\n";
		}
		$sql .= "INSERT INTO $t SELECT i, CASE WHEN i % 4 > 0 THEN 1 + i % 5 END, CASE WHEN i % 3 > 0 THEN 1 + i % 4 END, i % 3 FROM generate_series(1, 6) i;\n";
	}
	$sql .= "CREATE TABLE log (what text);\n";
	for my $k (1 .. 1 + int(rand(2 * $n)))
	{
		my ($child, $parent) = (one_of(@tables), one_of(@tables));
		$sql .= sprintf("ALTER TABLE %s ADD CONSTRAINT k$k FOREIGN KEY (%s) REFERENCES %s ON DELETE %s ON UPDATE %s%s;\n",
			$child, one_of('p', 'q'), $parent, one_of('CASCADE', 'CASCADE', 'SET NULL', 'NO ACTION', 'RESTRICT'),
			one_of('CASCADE', 'CASCADE', 'SET NULL', 'NO ACTION'), one_of('', '', ' DEFERRABLE INITIALLY DEFERRED'));
	}
	for my $i (1 .. int(rand(4)))
	{
		my ($t, $other) = (one_of(@tables), one_of(@tables));
		my $do = one_of("INSERT INTO s.log VALUES (TG_NAME)", "UPDATE s.$other SET v = v + 1 WHERE id = 1 + pg_trigger_depth()",
			"DELETE FROM s.$other WHERE id = 5 AND pg_trigger_depth() < 3",
			"BEGIN INSERT INTO s.log VALUES ('a'), ('b'); PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN INSERT INTO s.log VALUES ('c'); END");
		my $event = one_of('INSERT', 'UPDATE', 'DELETE');
		my $level = one_of('ROW', 'STATEMENT');
		$sql .= "CREATE FUNCTION f$i() RETURNS trigger LANGUAGE plpgsql AS \$f\$ BEGIN IF pg_trigger_depth() < 4 THEN $do; END IF; RETURN coalesce(NEW, OLD); END \$f\$;\n"
		  . "CREATE TRIGGER g$i " . one_of('BEFORE', 'AFTER') . " $event ON $t FOR EACH $level EXECUTE FUNCTION f$i();\n";
	}
	if (chance(0.3))
	{
		my $event = one_of('DELETE', 'UPDATE');
		$sql .= "CREATE RULE also AS ON $event TO " . one_of(@tables) . " DO ALSO INSERT INTO log VALUES ('rule');\n";
	}
	for my $i (1 .. int(rand(5)))
	{
		my $phase = one_of('before', 'before_cascade', 'after', 'before_cascade');
		my $action = one_of('delete', $phase eq 'before_cascade' ? 'update' : 'insert', 'update', 'delete');
		my $level = $phase eq 'before_cascade' ? 'statement' : one_of('row', 'statement');
		my $condition = $level eq 'row' && chance(0.3) ? ", condition => '" . ($action eq 'delete' ? 'OLD' : 'NEW') . ".id < 4'" : '';
		$sql .= "SELECT hooks.register('h$i', '$phase', '$action', '" . one_of(@tables) . "', 'note_fired', level => '$level', on_error => 'abort'$condition);\n";
	}
	my @statements;
	for (1 .. 8)
	{
		my $t = one_of(@tables);
		my $some = one_of('id = ' . (1 + int(rand(7))), 'id % 2 = 0', 'v > 0', 'true', 'p IS NULL');
		push @statements, one_of("DELETE FROM $t WHERE $some", "DELETE FROM $t WHERE $some", "UPDATE $t SET v = v + 1 WHERE $some",
			"UPDATE $t SET id = id + 10 WHERE $some", "UPDATE $t SET p = " . int(rand(8)) . " WHERE $some",
			"INSERT INTO $t VALUES (" . int(rand(20)) . ', ' . int(rand(8)) . ', NULL)',
			"INSERT INTO $t SELECT id + 5, p, q FROM " . one_of(@tables) . " ON CONFLICT (id) DO UPDATE SET v = 1",
			"WITH x AS (DELETE FROM $t WHERE $some RETURNING id) INSERT INTO log SELECT id FROM x");
	}
	$sql .= "SELECT 'result: ' || compare(\$q\$$_\$q\$) || \$q\$ | $_\$q\$;\n" for @statements;
	return $sql;
}

my %seen;
my @wrong;
for my $number (1 .. $schemas)
{
	my $sql = make_schema();
	my ($stdout, $stderr);

	# (not in force where the rows are against a key: the schema has one less)
	$node->psql('postgres', "SET client_min_messages = error;\n$sql", stdout => \$stdout, stderr => \$stderr);
	my @results = grep { /^result: / } split /\n/, $stdout;
	push @wrong, "schema $number: $stderr\n$sql" if @results != 8;
	for (@results)
	{
		my ($result, $statement) = /^result: (.*) \| (.*)$/;

		$seen{$result}++;
		push @wrong, "schema $number: $statement: $result\n$sql" if $result !~ /^(same|nothing|fails)$/;
	}
}

ok(!@wrong, 'every rehearsal says what its statement does') or diag("HOOKS_SEED=$seed: $wrong[0]");
diag(scalar(@wrong) . ' wrong; ' . join(', ', map { "$seen{$_} $_" } grep { /^(same|nothing|fails)$/ } sort keys %seen));
cmp_ok($seen{same} // 0, '>', 2 * $schemas, '... many of them do something');
cmp_ok($seen{fails} // 0, '>', $schemas / 2, '... many fail');

$node->stop;
done_testing();
