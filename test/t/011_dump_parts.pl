# Parts of a dump, and databases that have hooks of their own: what a dump brings
# fires when its data is there and not before, what was there fires for what is
# loaded, and where one half of a hook is missing that is told.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

my $dump = $node->basedir . '/dump';

sub create
{
	my ($database, $sql) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "CREATE EXTENSION hooks; $sql") if defined $sql;
}

# What psql says
sub said
{
	my ($database, $sql) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql);

	$err =~ s/psql:<stdin>:\d+: //g;
	return join("\n", grep { $_ ne '' } $out, $err);
}

my $note = q{
	CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  RAISE NOTICE '% %', TG_NAME, TG_TABLE_NAME;
	  RETURN NEW;
	END $$};

create(
	'origin', qq{
	$note;
	CREATE SCHEMA app;
	CREATE TABLE app.t (id int);
	CREATE TABLE app.part (id int) PARTITION BY LIST (id);
	CREATE TABLE app.part1 PARTITION OF app.part FOR VALUES IN (1);
	CREATE TABLE app.other (id int);
	INSERT INTO app.t VALUES (1);
	INSERT INTO app.part VALUES (1);
	SELECT hooks.register('one', 'before', 'insert', 'app.t', 'note');
	SELECT hooks.register('all', 'before', 'insert', NULL, 'note', schema => 'app', fire => 'always')});
my $triggers = q{
	SELECT tgrelid::regclass::text, tgname, tgenabled, tgparentid <> 0 FROM pg_trigger
	 WHERE tgfoid = 'hooks.dispatch()'::regprocedure ORDER BY 1, 2};
my $inserts = 'INSERT INTO app.t VALUES (2); INSERT INTO app.part VALUES (1); INSERT INTO app.other VALUES (1)';
my $fired = "NOTICE:  one t\nNOTICE:  all t\nNOTICE:  all part1\nNOTICE:  all other";

is(said('origin', $inserts), $fired, 'the original');
$node->command_ok([ 'pg_dump', '-f', "$dump.sql", $node->connstr('origin') ], 'pg_dump');
$node->command_ok([ 'pg_dump', '-s', '-f', "$dump.schema", $node->connstr('origin') ], 'pg_dump --schema-only');
$node->command_ok([ 'pg_dump', '-n', 'app', '-f', "$dump.app", $node->connstr('origin') ], 'pg_dump -n');
$node->command_ok([ 'pg_dump', '-a', '-n', 'hooks', '-Fc', '-f', "$dump.registry", $node->connstr('origin') ],
	'pg_dump of the registry alone');

sub load
{
	my ($database, $file, $stderr, $what) = @_;

	$node->command_checks_all([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $file, $node->connstr($database) ],
		0, [], [$stderr], $what);
}

# A wide hook is defined before the tables are created and the data is loaded
create('everything');
load('everything', "$dump.sql", qr/\A\z/, 'a dump with a wide hook: nothing fires while it is loaded');
is($node->safe_psql('everything', $triggers), $node->safe_psql('origin', $triggers), '... the same triggers');
is(said('everything', $inserts), $fired, '... and then the hooks do');

# A schema-only dump, and a table that comes later
create('structure');
load('structure', "$dump.schema", qr/\A\z/, 'schema-only');
is(said('structure', $inserts), $fired, 'schema-only: the hooks fire');
is(said('structure', 'CREATE TABLE app.late AS SELECT 1 AS id; INSERT INTO app.late VALUES (2)'),
	'NOTICE:  all late', 'schema-only: also on a table that comes later');
is(said('structure', 'DROP TABLE app.late'), '', 'schema-only: it goes');

# Into a database with a wide hook of its own: that fires for what is loaded, and
# shares its triggers with the hooks of the dump
create('mine', $note =~ s/NOTICE/WARNING/r =~ s/note/mine/r . "; SELECT hooks.register('mine', 'before', 'insert', NULL, 'mine')");
$node->command_checks_all(
	[ 'psql', '-Xq', '-f', "$dump.sql", $node->connstr('mine') ],
	0, [],
	[qr/\A(?:psql:[^\n]*ERROR:  schema "hooks" already exists\n)(?:psql:[^\n]*WARNING:  mine \w+\n(?:CONTEXT:[^\n]*\n)?){2,}\z/],
	'a wide hook of the database fires for what is loaded');
is( said('mine', $inserts),
	"NOTICE:  one t\nNOTICE:  all t\nWARNING:  mine t\nNOTICE:  all part1\nWARNING:  mine part1\nNOTICE:  all other\nWARNING:  mine other",
	'... and with those of the dump');
is($node->safe_psql('mine', $triggers), $node->safe_psql('origin', $triggers), '... the triggers are those of the dump');
is(said('mine', 'SELECT hooks.repair()'), '0', '... and as they should be');

# One schema of a dump has the triggers only
create('part', '');
load('part', "$dump.app", qr/\A\z/, '-n');
my $told = q{WARNING:  trigger "Hooks_before_row_insert" of table "t" has no hook that it is for
HINT:  Call hooks.repair().};
is(said('part', 'INSERT INTO app.t VALUES (1); INSERT INTO app.t VALUES (2)'), $told, '-n: that is told, once in a session');
is( said('part', 'SET client_min_messages = warning; SELECT hooks.repair(); SELECT hooks.repair(); INSERT INTO app.t VALUES (3)'),
	"3\n0", '-n: repair() removes them');

# The rows of the registry alone
create('lone', "$note; CREATE SCHEMA app; CREATE TABLE app.t (id int); CREATE TABLE app.part (id int)");
$node->command_ok([ 'pg_restore', '-d', $node->connstr('lone'), "$dump.registry" ], 'the registry alone');
like(said('lone', q{SELECT hooks.chain('app.t')}), qr/WARNING:  hook "one" cannot fire: it has no definition/, '... is told of');
is(said('lone', $inserts =~ s/; [^;]*\z//r), '', '... and fires nothing');
like(said('lone', 'SELECT hooks.repair()'), qr/\A0\nWARNING:  hook "one" cannot fire.*WARNING:  hook "all" cannot fire/s,
	'... repair() cannot make hooks of it');
is( said('lone', q{
		SELECT hooks.unregister('all');
		SELECT hooks.register('one', 'before', 'insert', 'app.t', 'note', replace => true);
		INSERT INTO app.t VALUES (1);
		SELECT name FROM hooks.registry}),
	"t\nt\none\nNOTICE:  one t", '... but they can be registered again, or unregistered');

$node->stop;
done_testing();
