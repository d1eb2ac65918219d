# pg_upgrade: the new server has every hook once, with its triggers, in the
# same order and state, and it fires.
#
# From this server to itself, which pg_upgrade permits; and, if the environment
# variable OLDBINDIR names the bin directory of another PostgreSQL which has the
# extension too, from that one to this.

use strict;
use warnings;
use Cwd;
use File::Basename;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = getcwd();

my $setup = q{
	CREATE EXTENSION hooks;
	CREATE ROLE "app's owner";
	CREATE ROLE admin SUPERUSER;
	CREATE SCHEMA "App";
	GRANT ALL ON SCHEMA "App" TO "app's owner";
	SET search_path = "App", public;
	SET ROLE "app's owner";
	CREATE TABLE "Parent" (id int PRIMARY KEY, gone int, name text, "a ""note""" text);
	ALTER TABLE "Parent" DROP gone;
	CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES "Parent" ON DELETE CASCADE);
	CREATE TABLE part (id int, at int) PARTITION BY RANGE (at);
	CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (10);
	CREATE TABLE part2 (at int, id int);
	ALTER TABLE part ATTACH PARTITION part2 FOR VALUES FROM (10) TO (20);
	CREATE TABLE fired (id bigint GENERATED ALWAYS AS IDENTITY, hook text, rows text, role name DEFAULT current_user);

	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  IF TG_LEVEL = 'ROW' THEN
	    INSERT INTO fired (hook, rows) VALUES (TG_NAME, NEW.id);
	  ELSE
	    INSERT INTO fired (hook, rows) SELECT TG_NAME, string_agg(id::text, ',' ORDER BY id) FROM old_table;
	  END IF;
	  RETURN NEW;
	END $$;
	CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  RAISE 'broken';
	END $$;

	SELECT hooks.register('columns', 'before', 'update', '"Parent"', 'note', columns => '{"a \"note\""}');
	SELECT hooks.register('taken', 'before', 'update', '"Parent"', 'note');
	SELECT hooks.register('condition', 'before', 'update', '"Parent"', 'note', priority => -1,
	                      condition => 'NEW.name <> OLD.name', description => 'A hook''s "description"');
	SELECT hooks.register('doomed', 'before_cascade', 'delete', '"Parent"', 'note', on_error => 'quarantine',
	                      timeout => '1 minute', package => 'p');
	SELECT hooks.register('doomed_child', 'before_cascade', 'delete', 'child', 'note', on_error => 'isolate');
	SELECT hooks.register('parts', 'before_cascade', 'delete', 'part', 'note', fire => 'always');
	SELECT hooks.register('part', 'before', 'insert', 'part2', 'note', fire => 'replica');
	SELECT hooks.register('disabled', 'before_cascade', 'delete', 'child', 'note');
	SELECT hooks.disable('disabled');
	SELECT hooks.register('broken', 'after', 'insert', 'child', 'broken', on_error => 'isolate');
	SELECT hooks.register('last', 'after', 'delete', '"Parent"', 'note', level => 'statement');
	SELECT hooks.unregister('taken');
	INSERT INTO child VALUES (0, NULL);

	SET ROLE admin;
	CREATE FUNCTION note_drop(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO fired (hook, rows) VALUES (event->>'hook', event->>'action');
	END $$;
	SELECT hooks.register('wide', 'before_cascade', 'delete', NULL, 'note', schema => 'App');
	SELECT hooks.register('dropped', 'before', 'drop', 'child', 'note_drop');

	CREATE TYPE public.pair AS (a int, gone int, b int);
	ALTER TYPE public.pair DROP ATTRIBUTE gone;
	CREATE TABLE public.kept (gone int, a int, b int, p public.pair);
	ALTER TABLE public.kept DROP gone;
	INSERT INTO public.kept VALUES (1, 2, '(3,4)');
	SELECT hooks.register('bin', 'before_cascade', 'delete', 'public.kept', 'hooks.keep');
	DELETE FROM public.kept;
	SELECT hooks.unregister('bin')};

# Everything that a user can see of the hooks.  Conditions are stored as text
# and shown as the server writes them.
my $hooks = q{
	SELECT * FROM hooks.registry ORDER BY hook_id;
	SELECT failure_id, hook, phase, action, relation, sqlstate, message, caller, occurred_at FROM hooks.failure ORDER BY 1;
	SELECT t.tgrelid::regclass::text, t.tgname, t.tgenabled, p.tgrelid::regclass, pg_get_triggerdef(t.oid)
	  FROM pg_trigger t LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
	 WHERE NOT t.tgisinternal OR t.tgparentid <> 0 ORDER BY 1, 2;
	SELECT e.evtname, e.evtevent, e.evtenabled, e.evtfoid::regprocedure, d.deptype, x.extname
	  FROM pg_event_trigger e
	  LEFT JOIN pg_depend d ON d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e'
	  LEFT JOIN pg_extension x ON x.oid = d.refobjid ORDER BY 1;
	SELECT c, hooks.chain(c) FROM pg_class r, LATERAL (SELECT r.oid::regclass) x (c)
	 WHERE relnamespace = '"App"'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname};

my $extension = q{SELECT extversion FROM pg_extension WHERE extname = 'hooks'};

# What fires for a few statements, which are rolled back
my $firings = q{
	BEGIN;
	SET LOCAL search_path = "App";
	SET LOCAL client_min_messages = error;
	INSERT INTO "Parent" SELECT g, 'name' FROM generate_series(1, 5) g;
	INSERT INTO child SELECT g, g FROM generate_series(1, 5) g;
	INSERT INTO part VALUES (1, 1), (2, 11);
	UPDATE "Parent" SET name = 'new', "a ""note""" = 'x' WHERE id = 1;
	UPDATE "Parent" SET name = 'name' WHERE id = 2;
	DELETE FROM "Parent" WHERE id <= 3;
	DELETE FROM part;
	SET LOCAL session_replication_role = replica;
	INSERT INTO part VALUES (3, 12);
	DELETE FROM part;
	SELECT hook, rows, role FROM fired ORDER BY id;
	SELECT hook, count(*) FROM hooks.failure GROUP BY 1;
	ROLLBACK};

# What becomes of the hooks when what they are about is renamed and dropped, and
# a table comes into their scope
my $follow = q{
	BEGIN;
	ALTER FUNCTION "App".note RENAME TO noted;
	ALTER TABLE "App".part2 SET SCHEMA public;
	DROP TABLE "App".child;
	CREATE TABLE "App".late (id int);
	SELECT name, relation, callback FROM hooks.registry ORDER BY hook_id;
	SELECT hook, rows, role FROM "App".fired ORDER BY id;
	SELECT tgname FROM pg_trigger WHERE tgrelid = '"App".late'::regclass;
	ROLLBACK};

my $expected = <<'EOF' =~ s/\n\z//r;
condition|1|app's owner
columns|1|app's owner
doomed|1,2,3|app's owner
wide|1,2,3|admin
last|1,2,3|app's owner
doomed_child|1,2,3|app's owner
wide|1,2,3|admin
parts|1,2|app's owner
wide|1,2|admin
part|3|app's owner
parts|3|app's owner
broken|6
EOF

my $followed = <<'EOF' =~ s/\n\z//r;
columns|"App"."Parent"|"App".noted()
condition|"App"."Parent"|"App".noted()
doomed|"App"."Parent"|"App".noted()
parts|"App".part|"App".noted()
part|part2|"App".noted()
last|"App"."Parent"|"App".noted()
wide||"App".noted()
dropped|drop|admin
Hooks_before_cascade_delete
EOF

# upgrade(what, install_path): makes a server of the old version, upgrades it
# and looks at it
sub upgrade
{
	my ($what, @install_path) = @_;
	my $old = PostgreSQL::Test::Cluster->new("old_$what", @install_path);
	my $new = PostgreSQL::Test::Cluster->new("new_$what");
	my @init;

	init_node($old);
	$old->start;
	$old->safe_psql('postgres', $setup);
	is($old->safe_psql('postgres', $firings), $expected, "$what: the hooks fire in the old server");
	my $before = $old->safe_psql('postgres', $hooks);
	my $version = $old->safe_psql('postgres', $extension);

	# 18 makes checksums by default; both servers must have them or not
	@init = (extra => ['--no-data-checksums'])
	  if $new->pg_version >= 18 && $old->safe_psql('postgres', 'SHOW data_checksums') eq 'off';
	init_node($new, @init);
	$old->stop;

	# pg_upgrade leaves files where it works
	chdir $new->basedir or die "could not enter " . $new->basedir . ": $!";
	command_ok(
		[
			'pg_upgrade', '-d', $old->data_dir, '-D', $new->data_dir,
			'-b', $old->config_data('--bindir'), '-B', $new->config_data('--bindir'),
			'-s', $new->host, '-p', $old->port, '-P', $new->port
		],
		"$what: pg_upgrade");
	chdir $directory or die "could not enter $directory: $!";
	$new->start;

	is($new->safe_psql('postgres', $hooks), $before, "$what: the same hooks and triggers, once each");
	is($new->safe_psql('postgres', $firings), $expected, "$what: they fire as before");
	is($new->safe_psql('postgres', $follow), $followed, "$what: they follow schema changes");
	is($new->safe_psql('postgres', $extension), $version, "$what: the version of the extension stays");
	# Numbers of columns are what they were, so that columns can change their names
	is( $new->safe_psql(
			'postgres', q{
			ALTER TABLE kept RENAME a TO c;
			ALTER TABLE kept RENAME b TO a;
			ALTER TABLE kept RENAME c TO b;
			SELECT hooks.restore(kept_id) FROM hooks.kept;
			SELECT a, b, p FROM kept}),
		"1
2|1|(3,4)", "$what: what was kept can be put back");
	is( $new->safe_psql(
			'postgres', q{
			SET ROLE "app's owner";
			SET search_path = "App", public;
			SELECT hooks.register('doomed_child', 'before_cascade', 'delete', 'child', 'note', on_error => 'isolate');
			SELECT hooks.register('new', 'before_cascade', 'delete', 'child', 'note');
			SELECT name FROM hooks.registry ORDER BY hook_id DESC LIMIT 1;
			SELECT count(*) FROM hooks.registry GROUP BY hook_id HAVING count(*) > 1;
			SELECT hooks.enable('disabled')}),
		"f\nt\nnew\nt", "$what: registering one again finds it there, a new hook comes after them");
	is( $new->safe_psql('postgres', $firings),
		$expected =~ s/doomed_child(.*\n)(wide.*\n)/doomed_child$1disabled$1$2new$1/r,
		"$what: and these fire");
	is( $new->safe_psql(
			'postgres', q{
			SELECT count(hooks.unregister(name)) FROM hooks.registry;
			SELECT count(*) FROM pg_trigger WHERE tgfoid = 'hooks.dispatch()'::regprocedure;
			DROP EXTENSION hooks}),
		"12\n0", "$what: unregistering removes every trigger");
	$new->stop;
}

upgrade('same');

SKIP:
{
	skip 'OLDBINDIR names no other PostgreSQL', 1 if !$ENV{OLDBINDIR};

	upgrade('other', install_path => dirname($ENV{OLDBINDIR}));
}

done_testing();
