# Every way to restore a dump, into databases with other OIDs and into the same
# one: the hooks of the original, once each, in the same order and state, and
# nothing to repair.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

my $dump = $node->basedir . '/dump';

# pg_dump leaves out this table, as CREATE EXTENSION would bring it
my $member = q{
	CREATE TABLE public.member (id int);
	ALTER EXTENSION plpgsql ADD TABLE public.member};

$node->safe_psql('postgres', 'CREATE DATABASE origin');
$node->safe_psql(
	'origin', qq{
	$member;
	CREATE EXTENSION hooks;
	CREATE SCHEMA app;
	CREATE TABLE app.parent (id int PRIMARY KEY, name text, kind text);
	CREATE TABLE app.child (id int PRIMARY KEY, parent_id int REFERENCES app.parent ON DELETE CASCADE);
	CREATE TABLE app.part (id int, at int, name text) PARTITION BY RANGE (at);
	CREATE TABLE app.part1 PARTITION OF app.part FOR VALUES FROM (0) TO (10);
	CREATE TABLE app.part2 PARTITION OF app.part FOR VALUES FROM (10) TO (20);
	CREATE VIEW app.names AS SELECT name FROM app.parent;
	CREATE TABLE fired (id bigint GENERATED ALWAYS AS IDENTITY, hook text, rows bigint);
} . q{
	INSERT INTO app.parent SELECT g, 'name', 'old' FROM generate_series(1, 3) g;
	INSERT INTO app.child SELECT g, g FROM generate_series(1, 3) g;
	INSERT INTO app.part VALUES (1, 1), (2, 11);

	CREATE FUNCTION note_rows() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO public.fired (hook, rows) SELECT TG_NAME, count(*) FROM old_table;
	  RETURN NULL;
	END $$;
	CREATE FUNCTION note_all() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO public.fired (hook, rows) SELECT TG_NAME, count(*) FROM old_table;
	  RETURN NULL;
	END $$;
	CREATE FUNCTION note_row() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO public.fired (hook) VALUES (TG_NAME);
	  RETURN NEW;
	END $$;
	CREATE FUNCTION note_drop(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
	  -- pg_restore --clean fires it too
	  IF to_regclass('public.fired') IS NOT NULL THEN
	    INSERT INTO public.fired (hook) VALUES (event->>'hook');
	  END IF;
	END $$;

	SELECT hooks.register('second', 'before', 'update', 'app.parent', 'note_row', columns => '{name}');
	SELECT hooks.register('first', 'before', 'update', 'app.parent', 'note_row', priority => -1,
	                      condition => 'NEW.name <> OLD.name');
	SELECT hooks.register('doomed', 'before_cascade', 'delete', 'app.parent', 'note_rows', condition => $$OLD.kind = 'x'$$);
	SELECT hooks.register('wide', 'before_cascade', 'delete', NULL, 'note_all', schema => 'app');
	SELECT hooks.register('doomed_child', 'before_cascade', 'delete', 'app.child', 'note_rows', fire => 'always');
	SELECT hooks.register('disabled', 'before_cascade', 'delete', 'app.child', 'note_rows');
	SELECT hooks.disable('disabled');
	SELECT hooks.register('view', 'before', 'drop', 'app.names', 'note_drop');
	SELECT hooks.register('parts', 'before_cascade', 'delete', 'app.part', 'note_rows');
	SELECT hooks.register('part1', 'before', 'update', 'app.part1', 'note_row');
	SELECT hooks.register('part2', 'before_cascade', 'delete', 'app.part2', 'note_rows');
	SELECT hooks.register('member', 'before_cascade', 'delete', 'member', 'note_rows');
});

# Conditions of all kinds, hostile and long names, a foreign table, a quarantine
$node->safe_psql('postgres', q{CREATE ROLE "o'wner"});
my $long = 'x' x 60 . q{"'"};
$node->safe_psql(
	'origin', q{
	CREATE SCHEMA "o'dd";
	CREATE SCHEMA ops;
	GRANT ALL ON SCHEMA "o'dd", ops TO "o'wner";
	CREATE FOREIGN DATA WRAPPER wrapper;
	CREATE SERVER server FOREIGN DATA WRAPPER wrapper;
	GRANT USAGE ON FOREIGN SERVER server TO "o'wner";
	SET ROLE "o'wner";
	SET search_path = "o'dd", ops;
	CREATE TYPE mood AS ENUM ('fine', 'it''s bad');
	CREATE TYPE ops.num AS (n int);
	CREATE FUNCTION ops.eq(ops.num, ops.num) RETURNS boolean LANGUAGE sql IMMUTABLE
	    AS 'SELECT ($1).n % 10 = ($2).n % 10';
	CREATE OPERATOR ops.= (LEFTARG = ops.num, RIGHTARG = ops.num, FUNCTION = ops.eq);
	CREATE TABLE "t""1" (gone int, id int PRIMARY KEY, "a ""b""" mood, n ops.num, d date, tags text[]);
	ALTER TABLE "t""1" DROP gone;
	CREATE TABLE read (id bigint GENERATED ALWAYS AS IDENTITY, hook text);
	CREATE FOREIGN TABLE far (id int) SERVER server;
	CREATE FUNCTION "f'n"() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO read (hook) VALUES (TG_NAME);
	  RETURN NEW;
	END $$;
	CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'broken'; END $$;

	SELECT hooks.register(name, 'before', 'update', '"t""1"', '"f''n"', condition => condition,
	                      arguments => ARRAY[E'it''s \\\\ "odd"\n'], timeout => '12:03:04.5', package => 'p''',
	                      description => E'\\\\ "', fire => 'always')
	  FROM (VALUES ('whole', 'OLD.* IS DISTINCT FROM NEW.*'),
	               ('row', 'NEW IS NOT NULL AND OLD::text <> NEW::text'),
	               ('enum', $$NEW."a ""b""" = 'it''s bad'$$),
	               ('operator', 'NEW.n = OLD.n'),
	               ('distinct', 'NEW.n IS DISTINCT FROM OLD.n'),
	               ('nullif', 'NULLIF(NEW.n, OLD.n) IS NOT NULL'),
	               ('case', 'CASE NEW.n WHEN OLD.n THEN true ELSE false END'),
	               ('class', $$OLD.tableoid <> '"t""1"'::regclass OR NEW.id > 1$$),
	               ('cast', $$NEW.d::text LIKE '2%' AND NEW.tags @> '{a}' AND NEW.id = ANY ('{1,2}'::int2[])$$),
	               ('drop table x; --', 'EXTRACT(year FROM NEW.d) BETWEEN 2000 AND 2100'))
	  x (name, condition);
	SELECT hooks.register('broken', 'before', 'update', '"t""1"', 'broken', on_error => 'quarantine', priority => -5);
	SELECT hooks.register('far', 'before', 'insert', 'far', '"f''n"', arguments => '{1}', run_after => '{broken}');
	INSERT INTO "t""1" VALUES (1, 'fine', row(1), '2026-01-02', '{a,b}'), (2, 'fine', row(2), '1999-01-02', '{b}');
	SET client_min_messages = error;
	RESET ROLE;
	SET hooks.quarantine_after = 1;
	UPDATE "t""1" SET id = id;
	DELETE FROM read;
	SET ROLE "o'wner";
	SELECT hooks.register($long$LONG$long$, 'before', 'update', '"t""1"', '"f''n"')} =~ s/LONG/$long/r);

my $odd_firings = q{
	BEGIN;
	SET LOCAL search_path = "o'dd", ops;
	UPDATE "t""1" SET "a ""b""" = 'it''s bad' WHERE id = 1;
	INSERT INTO read (hook) VALUES ('--');
	UPDATE "t""1" SET n = row(12) WHERE id = 2;
	INSERT INTO read (hook) VALUES ('--');
	UPDATE "t""1" SET n = row(13) WHERE id = 2;
	SELECT hook FROM read ORDER BY id;
	ROLLBACK};
my $odd_expected = join("\n",
	'whole', 'row', 'enum', 'operator', 'case', 'cast', 'drop table x; --', $long, '--',
	'whole', 'row', 'operator', 'case', 'class', $long, '--',
	'whole', 'row', 'distinct', 'nullif', 'class', $long);

# What is left of the hooks when their tables have been dropped
my $drops = q{
	BEGIN;
	SET LOCAL client_min_messages = error;
	DROP VIEW app.names;
	DROP TABLE app.child, app.parent, app.part;
	DROP SCHEMA app;
	DROP TABLE "o'dd"."t""1";
	DROP FOREIGN TABLE "o'dd".far;
	ALTER EXTENSION plpgsql DROP TABLE member;
	DROP TABLE member;
	SELECT name FROM hooks.registry;
	SELECT proname FROM pg_proc WHERE pronamespace = 'hooks_definition'::regnamespace;
	ROLLBACK};

# The hooks, the number that the next one gets, and the triggers: those of the
# hooks and the extension's own
my $registry = 'SELECT * FROM hooks.registry ORDER BY hook_id; SELECT last_value FROM hooks.registry_hook_id_seq';
my $triggers = q{
	SELECT t.tgrelid::regclass::text, t.tgname, t.tgenabled, p.tgrelid::regclass, pg_get_triggerdef(t.oid)
	  FROM pg_trigger t LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
	 WHERE t.tgfoid = 'hooks.dispatch()'::regprocedure OR t.tgrelid IN ('hooks.registry'::regclass, 'hooks.failure'::regclass)
	 ORDER BY 1, 2;
	SELECT evtname, evtenabled FROM pg_event_trigger ORDER BY 1};
my $hooks = "$registry; $triggers";
my $data = 'SELECT * FROM app.parent ORDER BY id; SELECT * FROM app.child ORDER BY id; SELECT tableoid::regclass, * FROM app.part ORDER BY id';

# What fires for a few statements, which are rolled back.  The order of a
# partition's own hooks and its parent's is not the point here.
my $firings = q{
	BEGIN;
	DELETE FROM fired;
	INSERT INTO app.parent VALUES (101, 'name', 'x'), (102, 'name', 'y'), (103, 'name', 'x');
	INSERT INTO app.child SELECT g, g FROM generate_series(101, 103) g;
	INSERT INTO app.part VALUES (101, 1), (102, 2), (103, 11);
	INSERT INTO member VALUES (101), (102);
	UPDATE app.parent SET name = 'new' WHERE id = 101;
	UPDATE app.parent SET name = name WHERE id = 102;
	UPDATE app.parent SET kind = 'x' WHERE id = 103;
	DELETE FROM app.parent WHERE id IN (101, 102);
	DELETE FROM member WHERE id > 100;
	DROP VIEW app.names;
	SET LOCAL session_replication_role = replica;
	DELETE FROM app.child WHERE id = 103;
	SET LOCAL session_replication_role = origin;
	SELECT hook, rows FROM fired ORDER BY id;
	DELETE FROM fired;
	UPDATE app.part SET name = 'new' WHERE id > 100;
	DELETE FROM app.part WHERE id > 100;
	SELECT hook, rows FROM fired ORDER BY hook;
	ROLLBACK};

my $origin = $node->safe_psql('origin', $hooks);
my $script = $node->safe_psql('origin', 'SELECT hooks.script()');
my $expected = <<'EOF' =~ s/\n\z//r;
first|
second|
second|
doomed|1
wide|2
wide|2
doomed_child|2
member|2
view|
doomed_child|1
part1|
part1|
part2|1
parts|3
wide|3
EOF

is($node->safe_psql('origin', $firings), $expected, 'the hooks fire in the original');
is($node->safe_psql('origin', 'SELECT hooks.repair()'), '0', 'there is nothing to repair in the original');
is($node->safe_psql('origin', $odd_firings), $odd_expected, 'conditions in the original');
is($node->safe_psql('origin', $drops), '', 'hooks go with their tables in the original');

# A new database where the same names will have other OIDs
sub create
{
	my ($database) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql(
		$database, qq{
		CREATE SCHEMA junk;
		SELECT format('CREATE TABLE junk.t%s (id int PRIMARY KEY)', g) FROM generate_series(1, 20) g \\gexec
		DROP TABLE junk.t1, junk.t3;
		$member});
}

# A database that has been restored is what the original is
sub same
{
	my ($database, $how) = @_;

	is($node->safe_psql($database, $hooks), $origin, "$how: the same hooks and triggers, once each");
	is($node->safe_psql($database, $data), $node->safe_psql('origin', $data), "$how: the same rows");
	is($node->safe_psql($database, 'SELECT count(*) FROM fired'), '0', "$how: nothing fired while it was loaded");
	is($node->safe_psql($database, $firings), $expected, "$how: they fire as in the original, once each");
	is($node->safe_psql($database, 'SELECT hooks.repair()'), '0', "$how: there is nothing to repair");
	is($node->safe_psql($database, 'SELECT hooks.script()'), $script, "$how: the same commands register the hooks again");
	is($node->safe_psql($database, $odd_firings), $odd_expected, "$how: conditions mean the same");
	is($node->safe_psql($database, $drops), '', "$how: hooks go with their tables, without CASCADE");
}

sub restore
{
	my ($database, @options) = @_;

	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr($database), @options ],
		"pg_restore @options[0 .. $#options - 1] into $database");
}

$node->command_ok([ 'pg_dump', '-Fd', '-j', '2', '-f', "$dump.dir", $node->connstr('origin') ], 'pg_dump -Fd');
$node->command_ok([ 'pg_dump', '-f', "$dump.sql", $node->connstr('origin') ], 'pg_dump');
$node->command_ok([ 'pg_dump', '--inserts', '-f', "$dump.inserts", $node->connstr('origin') ], 'pg_dump --inserts');

# psql, in one transaction; with --inserts, the hooks come one by one
for my $kind ('sql', 'inserts')
{
	create("psql_$kind");
	$node->command_ok([ 'psql', '-Xq1', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.$kind", $node->connstr("psql_$kind") ], "psql, $kind");
	same("psql_$kind", "psql, $kind");
	isnt(
		$node->safe_psql("psql_$kind", q{SELECT 'app.parent'::regclass::oid, 'note_rows()'::regprocedure::oid}),
		$node->safe_psql('origin', q{SELECT 'app.parent'::regclass::oid, 'note_rows()'::regprocedure::oid}),
		"psql, $kind: the OIDs are others");
}

# Of the data only, in the order of the foreign keys
$node->command_ok([ 'pg_dump', '-Fc', '--data-only', '-f', "$dump.data", $node->connstr('origin') ], 'pg_dump --data-only');

# Two jobs, from a directory
create('jobs');
restore('jobs', '-j', '2', "$dump.dir");
same('jobs', 'two jobs');

# By sections
create('sections');
restore('sections', '--section=pre-data', "$dump.dir");
is( $node->safe_psql('sections', q{
		SELECT count(*) FROM hooks.registry;
		SELECT count(*) FROM pg_trigger WHERE tgfoid = 'hooks.dispatch()'::regprocedure}),
	"24\n0", 'pre-data: all hooks, no triggers');
restore('sections', '--section=data', "$dump.dir");
is( $node->safe_psql('sections', q{
		SELECT count(*) FROM hooks.registry;
		SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgfoid = 'hooks.dispatch()'::regprocedure}),
	"24\nmember|Hooks_before_cascade_delete", "data: all hooks; those triggers that pg_dump leaves out");
restore('sections', '--section=post-data', "$dump.dir");
same('sections', 'sections');

# The schema: all hooks are there in order, but for their state, and fire; then the
# data, in sight of a session that was there.  Triggers of tables that belong to
# an extension are in no dump.
my $enabled = $expected =~ s/doomed_child\|2\n/$&disabled|2\n/r;
my $no_member = $enabled =~ s/^member.*\n//mr;
create('schema_data');
restore('schema_data', '--schema-only', "$dump.dir");
is( $node->safe_psql('schema_data', 'SELECT name FROM hooks.registry ORDER BY hook_id'),
	$node->safe_psql('origin', 'SELECT name FROM hooks.registry ORDER BY hook_id'), 'schema-only: the same hooks');
my $session = $node->background_psql('schema_data');
is($session->query_safe($firings), $no_member, 'schema-only: they fire');
is( $node->safe_psql('schema_data', q{
		SELECT hooks.repair();
		SELECT hooks.repair()}),
	"1\n0", 'schema-only: what misses is mended');
is($session->query_safe($firings), $enabled, 'schema-only: ... and then they are as new');
restore('schema_data', '--data-only', "$dump.data");
is($session->query_safe($firings), $expected, 'data-only: hooks fire in a session that was there');
same('schema_data', 'data-only');
$session->quit;

# With --disable-triggers, pg_restore leaves all triggers enabled for the origin
# only, the extension's own too.  The registry comes last, so that nothing but
# its own load tells the session.
create('no_triggers');
restore('no_triggers', '--schema-only', "$dump.dir");
restore('no_triggers', '--data-only', '--disable-triggers', '-n', 'app', '-n', q{o'dd}, "$dump.dir");
$session = $node->background_psql('no_triggers');
is($session->query_safe($firings), $no_member =~ s/doomed_child\|1\n//r, '--disable-triggers: ... so that one is not fired');
restore('no_triggers', '--data-only', '--disable-triggers', '-n', 'hooks', "$dump.dir");
is( $node->safe_psql('no_triggers', $registry),
	$node->safe_psql('origin', $registry), '--disable-triggers: the same hooks');
cmp_ok($node->safe_psql('no_triggers', 'SELECT hooks.repair()'), '>', 0, '--disable-triggers: repair() mends triggers');
is($session->query_safe($firings), $expected, '--disable-triggers: hooks fire in a session that was there');
same('no_triggers', '--disable-triggers');
$session->quit;

# Rows of the registry without their triggers
create('repaired');
restore('repaired', '--schema-only', "$dump.dir");
$node->safe_psql(
	'repaired', q{
	SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger
	 WHERE tgfoid = 'hooks.dispatch()'::regprocedure AND tgparentid = 0 \gexec});
restore('repaired', '--data-only', "$dump.data");
cmp_ok($node->safe_psql('repaired', 'SELECT hooks.repair()'), '>', 0, 'data-only, no triggers: repair() makes them');
same('repaired', 'repaired');

# Into a database that has hooks of its own, whose numbers and names are taken in
# part.  What was registered there under a name of the dump's is dropped with
# --clean, and else stays what it is; its row is the dump's.
create('taken');
$node->safe_psql(
	'taken', q{
	CREATE EXTENSION hooks;
	CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END $$;
	SELECT hooks.register('unrelated', 'before', 'insert', 'junk.t4', 'nothing');
	SELECT hooks.register('doomed', 'before', 'insert', 'junk.t4', 'nothing');
	SELECT hooks.disable('doomed')});
$node->command_checks_all(
	[ 'pg_restore', '-d', $node->connstr('taken'), "$dump.dir" ],
	1,
	[qr/\A\z/],
	[ qr/schema "hooks" already exists/, qr/function "doomed" already exists/, qr/errors ignored on restore: 2$/m ],
	'pg_restore into a database that has hooks');
is( $node->safe_psql('taken', q{SELECT string_agg(name, ' ' ORDER BY hook_id) FROM hooks.registry WHERE owner::text <> '"o''wner"'}),
	'second first doomed wide doomed_child disabled view parts part1 part2 member unrelated',
	'taken names: all hooks are there, in the order of the dump');
is($node->safe_psql('taken', q{SELECT relation, enabled FROM hooks.registry WHERE name = 'doomed'}),
	'junk.t4|t', 'taken names: ... one of them is what it was, in the state of the dump');
is($node->safe_psql('taken', $firings), $expected =~ s/^doomed\|.*\n//mr, 'taken names: the others fire');
$node->safe_psql('taken', q{
	SELECT hooks.register('last', 'before', 'insert', 'junk.t4', 'nothing')});
is($node->safe_psql('taken', 'SELECT name FROM hooks.registry ORDER BY hook_id DESC LIMIT 1'),
	'last', 'taken names: a new hook comes after all');
# The trigger that a hook of the dump had on the table is nobody's
is($node->safe_psql('taken', 'SELECT hooks.repair()'), '0', 'taken names: there is nothing to repair');

# --clean into the database itself, and into one where hooks, triggers and tables
# are others: what a hook uses only there cannot be dropped, and so not created;
# nothing else fails.  Not with a hook on the table of the extension plpgsql, which
# --clean does not drop.
$node->safe_psql('origin', q{SELECT hooks.unregister('member')});
$expected =~ s/^member.*\n//m;
$origin = $node->safe_psql('origin', $hooks);
$script = $node->safe_psql('origin', 'SELECT hooks.script()');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.clean", $node->connstr('origin') ], 'pg_dump -Fc');
$node->safe_psql('postgres', 'CREATE DATABASE other TEMPLATE origin');
$node->safe_psql(
	'other', q{
	SELECT hooks.unregister('first');
	SELECT hooks.enable('disabled');
	SELECT hooks.register('doomed', 'after', 'delete', 'app.child', 'note_row', replace => true);
	SELECT hooks.register('more', 'before', 'insert', 'app.part1', 'note_row');
	DROP VIEW app.names;
	ALTER TABLE app.child RENAME TO children;
	ALTER TABLE app.children RENAME TO child;
	DELETE FROM app.parent;
	DELETE FROM fired});
isnt($node->safe_psql('other', $hooks), $origin, 'the other database has other hooks');

foreach my $case (
	[ 'other', [], qr/cannot drop function (public\.)?note_row\(\).*function "note_row" already exists.*errors ignored on restore: 2$/s ],
	[ 'origin', [] ],
	[ 'origin', ['--single-transaction'] ])
{
	my ($database, $options, $errors) = @$case;
	my $rows = $node->safe_psql('origin', $data);

	$node->command_checks_all(
		[ 'pg_restore', '--clean', '--if-exists', @$options, '-d', $node->connstr($database), "$dump.clean" ],
		$errors ? 1 : 0,
		[qr/\A\z/], [ $errors // qr/\A\z/ ],
		"pg_restore --clean --if-exists @$options into $database");
	is($node->safe_psql('origin', $data), $rows, '--clean: the original has its rows');
	same($database, "--clean @$options into $database");
}

$node->stop;
done_testing();
