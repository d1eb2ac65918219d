# hooks.preview_delete() against the truth: in random schemas, with random rows,
# it says what the DELETE then does.  Rows removed, by table; rows changed, by
# foreign key; "blocked" exactly where the DELETE fails with 23503 (since PostgreSQL
# 18, with 23001 for RESTRICT), and a NOTICE exactly where SET CONSTRAINTS ALL
# IMMEDIATE does then; hooks that fire.  And hooks.doomed() in each firing of a hook
# on one of the tables: just the rows that are gone afterwards.  And what
# hooks.keep() has kept of it, hooks.restore() puts back: all is as before.
#
# HOOKS_SEED repeats a run, HOOKS_SCHEMAS makes it longer.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use RandomSchema;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{HOOKS_SEED} // 20150115;
my $schemas = $ENV{HOOKS_SCHEMAS} // 250;
srand($seed);
diag("seed $seed, $schemas schemas");

my $node = start_node('main', conf => 'autovacuum = off');

# Compares one preview with its DELETE, which is rolled back.  Returns what
# happened: "deleted", "blocked", "other" for another error; else what differs.
# Every row has a number u of its own, which no foreign key knows.
$node->safe_psql('postgres', q{
CREATE EXTENSION hooks;
CREATE TABLE told (doomed jsonb);
CREATE TABLE fired (hook text);
CREATE FUNCTION note_fired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO fired VALUES (TG_NAME);
  RETURN NULL;
END $$;
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
  -- a changed row has got the unique value of one that went: it is not given back
  WHEN unique_violation THEN
    RETURN 'taken';
  WHEN OTHERS THEN
    RETURN concat('not restored: ', SQLERRM);
END $$;
CREATE FUNCTION compare(root regclass, condition text, tables regclass[], shared boolean, hooked regclass, touched regclass) RETURNS text
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
  late boolean := false;
  hooks text[];
BEGIN
  -- PostgreSQL minds whether the transaction has made a row itself
  IF touched IS NOT NULL THEN
    EXECUTE format('UPDATE %s SET u = u WHERE id %% 2 = 0', touched);
  END IF;
  TRUNCATE fired;

  FOREACH t IN ARRAY tables LOOP
    EXECUTE format('SELECT coalesce(jsonb_object_agg(u, to_jsonb(r)), ''{}'') FROM %s r', t) INTO content;
    before := before || jsonb_build_object(t, content);
  END LOOP;

  -- NOTICEs tell of what would stop COMMIT
  SET client_min_messages = notice;
  RAISE NOTICE 'preview';
  CREATE TEMP TABLE preview ON COMMIT DROP AS SELECT * FROM hooks.preview_delete(root, condition);
  SET client_min_messages = error;
  SELECT coalesce(bool_or(action = 'blocked'), false) FROM preview INTO blocked;

  BEGIN
    PERFORM hooks.register('doomed', 'before_cascade', 'delete', hooked, 'note_doomed', arguments => tables::text[]);
    EXECUTE format('DELETE FROM %s WHERE %s', root, condition);
    SELECT jsonb_agg(DISTINCT t.doomed) FROM told t INTO doomed;
    FOREACH t IN ARRAY tables LOOP
      EXECUTE format('SELECT coalesce(jsonb_object_agg(u, to_jsonb(r)), ''{}'') FROM %s r', t) INTO content;
      after := after || jsonb_build_object(t, content);
    END LOOP;
    SELECT array_agg(DISTINCT hook) FROM fired INTO hooks;
    -- (rolled back, as PostgreSQL does not undo it for the block around)
    BEGIN
      SET CONSTRAINTS ALL IMMEDIATE;
      RAISE SQLSTATE 'ZZ001';
    EXCEPTION
      WHEN SQLSTATE 'ZZ001' THEN NULL;
      WHEN foreign_key_violation THEN
        late := true;
    END;
    RAISE SQLSTATE 'ZZ000';
  EXCEPTION
    WHEN SQLSTATE 'ZZ000' THEN NULL;
    WHEN foreign_key_violation OR restrict_violation THEN
      DROP TABLE preview;
      RETURN CASE WHEN blocked THEN 'blocked' ELSE 'not seen: ' || SQLERRM END;
    WHEN not_null_violation OR unique_violation OR check_violation THEN
      DROP TABLE preview;
      RETURN 'other';
  END;

  SELECT jsonb_object_agg(relation, n) FROM (
    SELECT coalesce(pg_partition_root(relation), relation) AS relation, sum(p.rows) AS n
      FROM preview p WHERE action = 'delete' GROUP BY 1 HAVING sum(p.rows) > 0) x INTO expected;
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
      FROM pg_constraint c, CAST(coalesce(pg_partition_root(conrelid), conrelid) AS regclass) top, jsonb_each(before -> top::text) b
     WHERE contype = 'f' AND conparentid = 0 AND top = ANY (tables) AND after -> top::text ? b.key
       AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)
                      AND b.value ->> attname IS DISTINCT FROM after -> top::text -> b.key ->> attname)
     GROUP BY 1) x INTO actual;
  -- of keys that share columns, one changes what the other has
  IF shared AND (expected IS NULL) = (actual IS NULL) THEN
    actual := expected;
  END IF;
  IF expected IS DISTINCT FROM actual THEN
    RETURN concat('changed ', actual, ', expected ', expected);
  END IF;
  -- The hooks of rows that go, and of rows that are changed; those of rows that are
  -- changed before they go fire too.
  IF (SELECT array_agg(DISTINCT h) FROM preview, unnest(preview.hooks) h WHERE h LIKE 'delete%') IS DISTINCT FROM
     (SELECT array_agg(DISTINCT h) FROM unnest(hooks) h WHERE h LIKE 'delete%') OR
     (SELECT array_agg(DISTINCT h) FROM preview, unnest(preview.hooks) h) <@ hooks = false THEN
    RETURN concat('fired ', hooks, ', expected ', (SELECT array_agg(DISTINCT h) FROM preview, unnest(preview.hooks) h));
  END IF;
  DROP TABLE preview;
  RETURN CASE WHEN blocked THEN 'blocked, but not the DELETE' WHEN doomed IS NOT NULL THEN 'told' ELSE 'deleted' END ||
    coalesce(', ' || round_trip(root, condition, tables, before), ', restored') || CASE WHEN late THEN ', late' ELSE '' END;
END $$;
});

# A schema, as SQL that makes it and compares its previews
sub make_schema
{
	my ($sql, $shared, @tables) = random_schema();

	for my $t (grep { $_->{by} !~ /g|key/ && chance(0.4) } @tables)
	{
		$sql .= "SELECT hooks.register(\$q\$$_ $t->{name}\$q\$, 'after', '$_', \$q\$$t->{name}\$q\$, 'note_fired', on_error => 'abort');\n"
		  for 'delete', 'update';
	}

	my $list = 'ARRAY[' . join(', ', map { "\$q\$$_->{name}\$q\$" } @tables) . ']::regclass[]';
	my $compare = $sql;
	for (1 .. 4)
	{
		my $t = one_of(@tables);
		my $condition = one_of('id = ' . (1 + int(rand($t->{rows}))), 'id % 2 = 0', 'id <= ' . (1 + int(rand($t->{rows}))), 'true');
		$compare .= "SELECT concat('result: ', compare(\$q\$$t->{name}\$q\$, '$condition', $list, " . ($shared ? 'true' : 'false') . ", \$q\$" . one_of(@tables)->{name} . "\$q\$, "
		  . (chance(0.2) ? '$q$' . one_of(@tables)->{name} . '$q$' : 'NULL') . "), \$q\$ | DELETE FROM $t->{name} WHERE $condition\$q\$);\n";
	}
	return ($compare, $sql);
}

my %seen;
my @wrong;
for my $number (1 .. $schemas)
{
	my ($compare, $sql) = make_schema();
	my ($stdout, $stderr);

	$node->psql('postgres', "SET client_min_messages = error;\n$compare",
		stdout => \$stdout, stderr => \$stderr, on_error_stop => 1);
	# each preview's NOTICEs
	my (undef, @notices) = split /NOTICE:  preview$/m, $stderr, -1;
	my @results = grep { /^result: / } split /\n/, $stdout;
	if (@results != 4 || @notices != 4)
	{
		push @wrong, "schema $number: $stderr\n$sql";
		next;
	}
	for my $line (@results)
	{
		my ($result, $statement) = $line =~ /^result: (.*) \| (.*)$/;
		my $late = (shift @notices) =~ /is deferred: it would stop COMMIT/;

		$seen{$_}++ for split /, /, $result;
		push @wrong, "schema $number: $statement: $result\n$sql"
		  if $result !~ /^((deleted|told), (restored|nothing|refused|taken)(, late)?|blocked|other)$/
		  || ($result =~ /restored|nothing|refused|taken/ && ($result =~ /late/ xor $late));
	}
}

ok(!@wrong, 'every preview says what its DELETE does') or diag("HOOKS_SEED=$seed: $wrong[0]");
diag(scalar(@wrong) . ' wrong; ' . join(', ', map { "$seen{$_} $_" } grep { /^(deleted|told|blocked|other|restored|nothing|refused|taken|late)$/ } sort keys %seen));
cmp_ok($seen{deleted} // 0, '>', $schemas, '... many of them delete');
cmp_ok($seen{told} // 0, '>', $schemas / 2, '... many tell a hook of it');
cmp_ok($seen{restored} // 0, '>', 2 * $schemas, '... most are kept and restored');
cmp_ok($seen{blocked} // 0, '>', $schemas / 4, '... many are blocked');
cmp_ok($seen{late} // 0, '>', $schemas / 25, '... some stop COMMIT only') if !defined $ENV{HOOKS_SEED};	# rare, with some seeds there are none

$node->stop;
done_testing();
