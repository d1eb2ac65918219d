# What loads the library, and when: hooks fire the same without preload, from
# the first statement of a session on.  The kill switch and hooks.pause() leave
# a line in the server log.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

sub sql { return $node->safe_psql('postgres', $_[0]); }

# The lines that a session's statements leave in the log and that match
sub logged
{
	my ($regexp, $statements) = @_;
	my $offset = -s $node->logfile;

	sql($statements);
	my @lines = grep { /LOG: .*$regexp/ } split /\n/, slurp_file($node->logfile, $offset);
	return scalar @lines;
}

sql(q{
	CREATE EXTENSION hooks;
	CREATE TABLE parent (id int PRIMARY KEY);
	CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE);
	CREATE TABLE grandchild (id int PRIMARY KEY, child_id int REFERENCES child ON DELETE CASCADE);
	CREATE TABLE fired (id bigint GENERATED ALWAYS AS IDENTITY,
	                    hook text, rows int, dependents int, caller name);

	CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$
	  TRUNCATE parent, child, grandchild, fired;
	  INSERT INTO parent SELECT g FROM generate_series(1, 10) g;
	  INSERT INTO child SELECT g, g FROM generate_series(1, 10) g;
	  INSERT INTO grandchild SELECT g, g FROM generate_series(1, 10) g;
	$$;
	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO fired (hook, rows, dependents, caller)
	  SELECT TG_NAME, (SELECT count(*) FROM old_table),
	         CASE TG_TABLE_NAME
	           WHEN 'parent' THEN (SELECT count(*) FROM child JOIN old_table o ON o.id = child.parent_id)
	           ELSE (SELECT count(*) FROM grandchild JOIN old_table o ON o.id = grandchild.child_id)
	         END,
	         (hooks.context()).caller;
	  RETURN NULL;
	END $$;
	CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  RETURN NULL;
	END $$;
});

sql(q{
	CREATE TABLE watched (id int);
	CREATE TABLE seen (id int, restoring text);
	CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  PERFORM hooks.context();
	  INSERT INTO seen VALUES (NEW.id, current_setting('hooks.restoring'));
	  RETURN NEW;
	END $$;
	CREATE TRIGGER look BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION look();
});
sql('CREATE ROLE bin_owner');
my $fired = 'SELECT hook, rows, dependents FROM fired ORDER BY id';

foreach my $mode ('none', 'session_preload_libraries', 'shared_preload_libraries')
{
	if ($mode ne 'none')
	{
		$node->adjust_conf('postgresql.conf', 'session_preload_libraries', undef, 1);
		$node->append_conf('postgresql.conf', "$mode = 'hooks'");
		$node->restart;
	}

	# Parent and child hooked: the first statement's own batch and a cascade's
	sql(q{
		SELECT hooks.register('parent_doomed', 'before_cascade', 'delete', 'parent', 'note');
		SELECT hooks.register('child_doomed', 'before_cascade', 'delete', 'child', 'note')});
	sql('SELECT fill()');
	sql('DELETE FROM parent WHERE id <= 8');
	is( sql($fired),
		"parent_doomed|8|8\nchild_doomed|8|8",
		"$mode: a session's first statement fires once per table, dependents intact");
	is(sql('SELECT count(*) FROM fired WHERE caller = current_user'), 2, "$mode: the caller is known");
	sql(q{SELECT hooks.unregister('parent_doomed')});

	# Only the child hooked: the library may arrive in the middle of the
	# cascade, where rows may come in more firings, but none late or twice
	sql('SELECT fill()');
	sql('DELETE FROM parent WHERE id <= 8');
	is(sql('SELECT sum(rows), sum(dependents) FROM fired'), '8|8',
		"$mode: a first statement whose cascade meets a hook has every row, dependents intact");
	is(sql('SELECT count(*) FROM fired'), 1, "$mode: ... in one firing")
	  if $mode ne 'none';

	# The same as the second statement
	sql('SELECT fill(); DELETE FROM parent WHERE id = 1; TRUNCATE fired; DELETE FROM parent WHERE id <= 8');
	is(sql($fired), 'child_doomed|7|7', "$mode: a later statement has them in one firing");
	sql(q{SELECT hooks.unregister('child_doomed')});

	# The recycle bin, where only the child is hooked: what leads to it is captured
	# by a trigger, which loads the library.  Where the hook's owner may have no
	# trigger, it cannot be known to be in the bin, and is told of
	foreach my $owner ('postgres', 'bin_owner')
	{
		my $partial = $owner eq 'bin_owner' && $mode eq 'none';

		sql(qq{
			ALTER TABLE child OWNER TO $owner;
			ALTER TABLE grandchild OWNER TO $owner;
			GRANT SELECT ON parent TO $owner;
			SET ROLE $owner;
			SELECT hooks.register('bin', 'before_cascade', 'delete', 'child', 'hooks.keep')});
		sql('SELECT fill()');
		my ($status, $out, $err) = $node->psql('postgres', 'DELETE FROM parent WHERE id <= 2');
		my $told = $err =~ /WARNING: .*kept rows of table "child" and below, but not what led to them/;
		is($told, $partial, "$mode, $owner: a WARNING if the bin has not what is above");
		is( sql('SELECT relation, partial, sum(rows) FROM hooks.kept GROUP BY 1, 2'),
			$partial ? 'child|t|4' : 'parent|f|6',
			"$mode, $owner: ... and a mark");
		sql(q{SELECT hooks.unregister('bin'), hooks.purge_kept('0');
			ALTER TABLE child OWNER TO postgres;
			ALTER TABLE grandchild OWNER TO postgres});
	}

	# The orphan guard, where nothing but this hook loads the library
	sql(q{SELECT hooks.register('skip', 'before', 'delete', 'child', 'skip')});
	is(sqlstate($node, 'postgres', 'DELETE FROM parent WHERE id = 9'), 'KH004', "$mode: the orphan guard holds in a first statement");
	is(sql('SELECT count(*) FROM parent WHERE id = 9'), 1, "$mode: ... and the row is there");
	sql(q{SELECT hooks.unregister('skip')});

	# For what no trigger stands for, the library must be there before each statement
	sql('CREATE FUNCTION heed(jsonb) RETURNS void LANGUAGE sql AS $$SELECT$$');
	is( sqlstate(
			$node, 'postgres',
			q{SELECT hooks.register('x', 'before', 'select', 'parent', 'heed'), hooks.unregister('x')}),
		$mode eq 'none' ? '55000' : 'none',
		"$mode: a hook on select");
	sql('DROP FUNCTION heed');
}

# A database without the extension has nothing to follow
sql('CREATE DATABASE without');
sql('CREATE ROLE leaving; CREATE ROLE staying;');
is( $node->psql('without', q{
		CREATE TABLE belongs (id int);
		ALTER TABLE belongs OWNER TO leaving;
		REASSIGN OWNED BY leaving TO staying;
		DROP OWNED BY staying}),
	0, 'preload: REASSIGN OWNED and DROP OWNED without the extension');

# The kill switch
sql(q{SELECT hooks.register('parent_doomed', 'before_cascade', 'delete', 'parent', 'note')});
my $two_deletes = 'DELETE FROM parent WHERE id = 1; DELETE FROM parent WHERE id = 2';

foreach my $mode ('shared_preload_libraries', 'none')
{
	if ($mode eq 'none')
	{
		$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', undef, 1);
	}
	my $line = 'hooks do not fire';

	# From the configuration, before the library is there; once for all sessions
	$node->append_conf('postgresql.conf', 'hooks.enabled = off');
	$node->restart;
	sql('SELECT fill()');
	is(logged($line, $two_deletes), 1, "$mode: the kill switch in the configuration is logged");
	sql('SELECT fill()');
	is(logged($line, $two_deletes), 0, "$mode: ... by one session");
	is(sql('SELECT count(*) FROM fired'), 0, "$mode: no hook fires");
	$node->adjust_conf('postgresql.conf', 'hooks.enabled', undef, 1);
	$node->restart;

	foreach my $session (1, 2)
	{
		sql('SELECT fill()');
		is(logged($line, "SET hooks.enabled = off; $two_deletes"),
			$session == 1 ? 1 : 0, "$mode: the kill switch, session $session");
	}
	is(sql('SELECT count(*) FROM fired'), 0, "$mode: no hook fires");
	is(logged($line, "SELECT fill(); $two_deletes"), 0, "$mode: nothing is logged while it is on");
	is(sql('SELECT count(*) FROM fired'), 2, "$mode: ... and hooks fire");

	# hooks.pause() and hooks.resume()
	sql('SELECT fill()');
	is( logged( 'hook "parent_doomed" paused by .*nightly import', qq{
			BEGIN;
			SELECT hooks.pause('parent_doomed', 'nightly import');
			$two_deletes;
			COMMIT;
			DELETE FROM parent WHERE id = 3;}),
		1, "$mode: a pause is logged with its reason");
	is(sql('SELECT count(*) FROM fired'), 1, "$mode: ... and ends with the transaction");
	is( logged( 'hook "parent_doomed" resumed', q{
			BEGIN;
			SELECT hooks.pause('parent_doomed', 'a moment');
			SELECT hooks.resume('parent_doomed');
			DELETE FROM parent WHERE id = 4;
			COMMIT;}),
		1, "$mode: a resume is logged");
	is(sql('SELECT count(*) FROM fired'), 2, "$mode: ... and the hook fires");

	# Where nothing has loaded the library, hooks.restoring is anybody's parameter: a trigger
	# that loads it before it looks is not misled, though its table has no hooks.
	sql('TRUNCATE seen');
	$node->psql('postgres', "SET hooks.restoring = '1'; INSERT INTO watched VALUES (1)", on_error_stop => 0);
	sql('INSERT INTO watched VALUES (2)');
	is(sql('SELECT id, restoring FROM seen ORDER BY id'), "1|\n2|", "$mode: nobody else sets hooks.restoring");
}

$node->stop;
done_testing();
