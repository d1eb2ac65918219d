# pg_dump and pg_restore: every hook is there once, in the same order and state,
# and fires.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

my $dump = $node->basedir . '/dump';

$node->safe_psql('postgres', q{CREATE ROLE "app's owner"; CREATE DATABASE origin});
$node->safe_psql(
	'origin', q{
	CREATE EXTENSION hooks;
	CREATE SCHEMA "App";
	GRANT ALL ON SCHEMA "App" TO "app's owner";
	SET search_path = "App", public;
	SET ROLE "app's owner";
	CREATE TABLE "Parent" (id int PRIMARY KEY, name text, "a ""note""" text);
	CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES "Parent" ON DELETE CASCADE);
	CREATE TABLE part (id int, at int) PARTITION BY RANGE (at);
	CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (10);
	CREATE TABLE part2 PARTITION OF part FOR VALUES FROM (10) TO (20);
	CREATE TABLE fired (id bigint GENERATED ALWAYS AS IDENTITY, hook text, argument text, rows bigint);

	CREATE FUNCTION note_rows() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO fired (hook, argument, rows)
	  SELECT TG_NAME, TG_ARGV[0], count(*) FROM old_table;
	  RETURN NULL;
	END $$;
	CREATE FUNCTION note_row() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO fired (hook, argument) VALUES (TG_NAME, TG_ARGV[0]);
	  RETURN NEW;
	END $$;

	SELECT hooks.register('second', 'before', 'update', '"Parent"', 'note_row', columns => '{"a \"note\""}');
	SELECT hooks.register('first', 'before', 'update', '"Parent"', 'note_row', arguments => '{"it''s, \"odd\""}',
	                      condition => 'NEW.name <> OLD.name', priority => -1, description => 'A hook''s "description"');
	SELECT hooks.register('third', 'before', 'update', '"Parent"', 'note_row', priority => -2, run_after => '{second}');
	SELECT hooks.register('doomed', 'before_cascade', 'delete', '"Parent"', 'note_rows', on_error => 'quarantine',
	                      timeout => '1 minute', package => 'p');
	SELECT hooks.register('doomed_child', 'before_cascade', 'delete', 'child', 'note_rows', on_error => 'isolate');
	SELECT hooks.register('parts', 'before_cascade', 'delete', 'part', 'note_rows', fire => 'always');
	SELECT hooks.register('part', 'before', 'insert', 'part1', 'note_row');
	SELECT hooks.register('disabled', 'before_cascade', 'delete', 'child', 'note_rows');
	SELECT hooks.disable('disabled');
	RESET ROLE;
	SELECT hooks.register('invoked', 'after', 'delete', '"Parent"', 'note_rows', level => 'statement', run_as => 'invoker');
});

# Everything that a user can see of the hooks
sub hooks_of
{
	my ($database) = @_;

	return $node->safe_psql(
		$database, q{
		SELECT * FROM hooks.registry ORDER BY hook_id;
		SELECT t.tgrelid::regclass::text, t.tgname, t.tgenabled, p.tgrelid::regclass, pg_get_triggerdef(t.oid)
		  FROM pg_trigger t LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
		 WHERE t.tgfoid = 'hooks.dispatch()'::regprocedure ORDER BY 1, 2;
		SELECT c, hooks.chain(c) FROM pg_class r, LATERAL (SELECT r.oid::regclass) x (c)
		 WHERE relnamespace = '"App"'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname});
}

# What fires for a few statements, which are rolled back
sub firings_in
{
	my ($database) = @_;

	return $node->safe_psql(
		$database, q{
		BEGIN;
		SET LOCAL search_path = "App";
		INSERT INTO "Parent" SELECT g, 'name' FROM generate_series(1, 5) g;
		INSERT INTO child SELECT g, g FROM generate_series(1, 5) g;
		INSERT INTO part VALUES (1, 1), (2, 11);
		UPDATE "Parent" SET name = 'new', "a ""note""" = 'x' WHERE id = 1;
		UPDATE "Parent" SET name = 'name' WHERE id = 2;
		DELETE FROM "Parent" WHERE id <= 3;
		SET LOCAL session_replication_role = replica;
		DELETE FROM part;
		SELECT hook, argument, rows FROM fired ORDER BY id;
		ROLLBACK});
}

my $hooks = hooks_of('origin');
my $firings = firings_in('origin');

is($firings, <<'EOF' =~ s/\n\z//r, 'the hooks fire in the original');
part||
first|it's, "odd"|
second||
third||
third||
doomed||3
invoked||3
doomed_child||3
parts||2
EOF

sub same_hooks
{
	my ($database, $how) = @_;

	is(hooks_of($database), $hooks, "$how: the same hooks and triggers, once each");
	is(firings_in($database), $firings, "$how: they fire as in the original");
	is( $node->safe_psql(
			$database, q{
			SET search_path = "App";
			SELECT hooks.register('doomed_child', 'before_cascade', 'delete', 'child', 'note_rows', on_error => 'isolate')}),
		'f', "$how: registering one again finds it there");
	is( $node->safe_psql(
			$database, q{
			SET search_path = "App";
			SELECT hooks.register('new', 'before_cascade', 'delete', 'child', 'note_rows');
			SELECT count(*) FROM hooks.registry GROUP BY hook_id HAVING count(*) > 1;
			SELECT name FROM hooks.registry ORDER BY hook_id DESC LIMIT 1}),
		"t\nnew", "$how: a new hook comes after them");
	is( $node->safe_psql(
			$database, q{
			SELECT count(hooks.unregister(name)) FROM hooks.registry;
			SELECT count(*) FROM pg_trigger WHERE tgfoid = 'hooks.dispatch()'::regprocedure}),
		"10\n0", "$how: unregistering removes every trigger");
}

# pg_dump | psql
$node->command_ok([ 'pg_dump', '-f', "$dump.sql", $node->connstr('origin') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.sql", $node->connstr('plain') ], 'psql');
same_hooks('plain', 'plain');

# pg_restore, in two jobs
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", $node->connstr('origin') ], 'pg_dump -Fc');
$node->safe_psql('postgres', 'CREATE DATABASE custom');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-j', '2', '-d', $node->connstr('custom'), "$dump.custom" ], 'pg_restore');
same_hooks('custom', 'custom');

# CREATE DATABASE ... TEMPLATE is a copy too
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE origin');
same_hooks('copy', 'template');

is(hooks_of('origin'), $hooks, 'nothing of that has changed the original');

$node->stop;
done_testing();
