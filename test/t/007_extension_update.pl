# ALTER EXTENSION hooks UPDATE: hooks that were registered under a previous
# version are there, once each, and fire before and after it, also in a session
# that has been running all the time; and the database then has what CREATE
# EXTENSION makes.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

my $dump = $node->basedir . '/dump.sql';

sub sql { return $node->safe_psql('old', $_[0]); }

$node->safe_psql('postgres', 'CREATE DATABASE old; CREATE DATABASE fresh; CREATE DATABASE restored');
$node->safe_psql('fresh', 'CREATE EXTENSION hooks');
sql(q{
	CREATE EXTENSION hooks VERSION '1.0';
	CREATE TABLE parent (id int PRIMARY KEY, name text);
	CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE);
	CREATE TABLE part (id int) PARTITION BY LIST (id);
	CREATE TABLE part1 PARTITION OF part FOR VALUES IN (1);
	CREATE TABLE fired (id bigint GENERATED ALWAYS AS IDENTITY, hook text, rows text);

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

	SELECT hooks.register('second', 'before', 'update', 'parent', 'note', columns => '{name}');
	SELECT hooks.register('first', 'before', 'update', 'parent', 'note', priority => -1, condition => 'NEW.name <> OLD.name');
	SELECT hooks.register('doomed', 'before_cascade', 'delete', 'parent', 'note', on_error => 'quarantine');
	SELECT hooks.register('doomed_child', 'before_cascade', 'delete', 'child', 'note');
	SELECT hooks.register('parts', 'before_cascade', 'delete', 'part', 'note', fire => 'always');
	SELECT hooks.register('disabled', 'before_cascade', 'delete', 'child', 'note');
	SELECT hooks.disable('disabled');
	SELECT hooks.register('broken', 'after', 'insert', 'child', 'broken', on_error => 'isolate');
	INSERT INTO child VALUES (0, NULL);
});

# The recycle bin, as that version wrote it: here, and in another database before
# a dump
sql(q{
	CREATE TABLE kept (gone int, a int, b text);
	ALTER TABLE kept DROP gone;
	INSERT INTO hooks.kept (relation, rows, caller, transaction_id, kept_at)
	SELECT 'kept', 1, 'postgres', '1000', now() FROM generate_series(1, 2);
	INSERT INTO hooks.kept_row
	SELECT kept_id, 1, 'kept', 'public.kept', '{a,b}', '{2,3}', '{int,text}', '{-1,-1}',
	       CASE kept_id WHEN 1 THEN pg_current_xact_id()::xid ELSE '999'::xid END, 0, 1, E'1\tx\n'
	  FROM hooks.kept;
});

# Everything that a user can see of the hooks
my $hooks = q{
	SELECT * FROM hooks.registry ORDER BY hook_id;
	SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger
	 WHERE tgfoid = 'hooks.dispatch()'::regprocedure ORDER BY 1, 2;
	SELECT c, hooks.chain(c) FROM unnest('{parent,child,part,part1}'::regclass[]) c};

my $failures = 'SELECT * FROM hooks.failure ORDER BY failure_id';

# What fires for a few statements, which are rolled back
my $firings = q{
	BEGIN;
	SET LOCAL client_min_messages = error;
	INSERT INTO parent SELECT g, 'name' FROM generate_series(1, 3) g;
	INSERT INTO child SELECT g, g FROM generate_series(1, 3) g;
	INSERT INTO part VALUES (1);
	UPDATE parent SET name = 'new' WHERE id = 1;
	DELETE FROM parent WHERE id <= 2;
	SET LOCAL session_replication_role = replica;
	DELETE FROM part;
	SELECT hook, rows FROM fired ORDER BY id;
	SELECT count(*) FROM hooks.failure WHERE hook = 'broken';
	ROLLBACK};
my $expected = "first|1\nsecond|1\ndoomed|1,2\ndoomed_child|1,2\nparts|1\n4";

# What the extension has made
my $extension = q{
	SELECT extversion, ARRAY(SELECT c::regclass || ' ' || condition FROM unnest(extconfig, extcondition) u (c, condition) ORDER BY 1)
	  FROM pg_extension WHERE extname = 'hooks';
	SELECT pg_describe_object(d.classid, d.objid, 0), obj_description(d.objid, d.classid::regclass::name)
	  FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
	 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND x.extname = 'hooks' ORDER BY 1;
	SELECT pg_get_functiondef(oid), proacl FROM pg_proc
	 WHERE pronamespace = 'hooks'::regnamespace ORDER BY oid::regprocedure::text;
	SELECT oid::regclass::text, relkind, relacl FROM pg_class WHERE relnamespace = 'hooks'::regnamespace ORDER BY 1;
	SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, col_description(attrelid, attnum)
	  FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
	 WHERE relnamespace = 'hooks'::regnamespace AND relkind IN ('r', 'v', 'c') AND attnum > 0 AND NOT attisdropped ORDER BY 1, 2;
	SELECT evtname, evtevent, evtenabled, evttags, evtfoid::regprocedure FROM pg_event_trigger ORDER BY 1;
	SELECT t.tgrelid::regclass::text, t.tgenabled, pg_get_triggerdef(t.oid), obj_description(t.oid, 'pg_trigger')
	  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'hooks'::regnamespace ORDER BY 1, 3};

my $previous = sql($extension);
my $hooks_before = sql($hooks);
my $failures_before = sql($failures);

isnt($previous, $node->safe_psql('fresh', $extension), 'the previous version is another one');
is(sql($firings), $expected, 'hooks fire under the previous version, with the library of this one');

# A session that has everything in its caches
my $session = $node->background_psql('old');
$session->query_safe('SET client_min_messages = error');
is($session->query_safe($firings), $expected, '... in a session that is to stay');

# An update that is rolled back
sql('BEGIN; ALTER EXTENSION hooks UPDATE; ROLLBACK');
is(sql($extension), $previous, 'an update that is rolled back leaves nothing');
is(sql($hooks), $hooks_before, '... and changes no hook');
is(sql($firings), $expected, '... they fire');

sql('ALTER EXTENSION hooks UPDATE');
is(sql($extension), $node->safe_psql('fresh', $extension), 'an updated database has what a new one has');
is(sql($hooks), $hooks_before, 'update: the same hooks and triggers, once each');
is(sql($failures), $failures_before, 'update: the same failures');
is(sql($firings), $expected, 'update: they fire in a new session');
is($session->query_safe($firings), $expected, 'update: ... and in the one that was there');

is( sql(q{
		BEGIN;
		ALTER TABLE kept RENAME a TO c;
		SELECT hooks.restore(1);
		SELECT c, b FROM kept;
		ROLLBACK}),
	"1\n1|x", 'update: kept rows go by the numbers of their columns');
like(($node->psql('old', 'BEGIN; ALTER TABLE kept RENAME a TO c; SELECT hooks.restore(2)'))[2],
	qr/column "a" of table "kept" does not exist any more/, '... or by their names, if they were restored');

# What is new works for what is old
is($session->query_safe(q{
		BEGIN;
		ALTER FUNCTION note RENAME TO note_rows;
		DROP TABLE part;
		SELECT name, callback FROM hooks.registry ORDER BY hook_id;
		SELECT hooks.register('wide', 'before_cascade', 'delete', NULL, 'note_rows', schema => 'public');
		CREATE TABLE late (id int);
		INSERT INTO late VALUES (1), (2);
		DELETE FROM late;
		SELECT hook, rows FROM fired;
		ROLLBACK}),
	"second|public.note_rows()\nfirst|public.note_rows()\ndoomed|public.note_rows()\ndoomed_child|public.note_rows()\n"
	  . "disabled|public.note_rows()\nbroken|public.broken()\nt\nwide|1,2",
	'update: the hooks follow schema changes, and tables come into their scope');
is(sql('SELECT hooks.repair()'), '0', 'update: there is nothing to repair');
is( sql(q{
		BEGIN;
		SELECT hooks.register('doomed_child', 'before_cascade', 'delete', 'child', 'note');
		SELECT hooks.register('new', 'before_cascade', 'delete', 'child', 'note');
		SELECT name FROM hooks.registry ORDER BY hook_id DESC LIMIT 1;
		ROLLBACK}),
	"f\nt\nnew", 'update: registering one again finds it there, a new hook comes after them');

# Once more
sql('ALTER EXTENSION hooks UPDATE');
is(sql($hooks), $hooks_before, 'a second update changes nothing');

# A dump restores into the new version
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('old') ], 'pg_dump');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'psql');
is($node->safe_psql('restored', $hooks), $hooks_before, 'restored: the same hooks and triggers, once each');
is($node->safe_psql('restored', $extension), $node->safe_psql('fresh', $extension), 'restored: the same extension');
is( $node->safe_psql('restored', $firings), $expected =~ s/4\z/3/r,
	'restored: they fire; failures are not dumped');

$session->quit;
is( sql(q{
		SELECT count(hooks.unregister(name)) FROM hooks.registry;
		SELECT count(*) FROM pg_trigger WHERE tgfoid = 'hooks.dispatch()'::regprocedure;
		DROP EXTENSION hooks;
		SELECT count(*) FROM pg_event_trigger}),
	"7\n0\n0", 'unregistering removes every trigger');

$node->stop;
done_testing();
