# ALTER EXTENSION hooks UPDATE from 1.0, whose registry was text: the same hooks,
# in the same order and state, each with a definition; and the database then has
# what CREATE EXTENSION makes.  Until then nothing fires that should, nor is
# anything passed over: statements that would fire hooks are refused.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

my $dump = $node->basedir . '/dump';

sub sql { return $node->safe_psql('old', $_[0]); }

# The tables, and the hooks as 1.0 wrote them: rows and triggers
my $setup = q{
	CREATE EXTENSION hooks VERSION '1.0';
	CREATE SCHEMA app;
	CREATE SCHEMA ops;
	GRANT ALL ON SCHEMA app, ops TO owner;
	GRANT USAGE, CREATE ON SCHEMA app TO evil, lost;
	SET ROLE owner;
	CREATE TYPE ops.num AS (n int);
	CREATE FUNCTION ops.eq(ops.num, ops.num) RETURNS boolean LANGUAGE sql IMMUTABLE
	    AS 'SELECT ($1).n % 10 = ($2).n % 10';
	CREATE OPERATOR ops.= (LEFTARG = ops.num, RIGHTARG = ops.num, FUNCTION = ops.eq);
	CREATE TABLE app.parent (id int PRIMARY KEY, gone int, name text, n ops.num);
	ALTER TABLE app.parent DROP gone;
	CREATE TABLE app.child (id int PRIMARY KEY, parent_id int REFERENCES app.parent ON DELETE CASCADE);
	CREATE TABLE app.part (id int) PARTITION BY LIST (id);
	CREATE TABLE app.part1 PARTITION OF app.part FOR VALUES IN (1);
	CREATE TABLE app.plain (id int);
	GRANT TRIGGER ON app.parent TO evil;
	CREATE TABLE app.fired (id bigint GENERATED ALWAYS AS IDENTITY, hook text, rows text, role name DEFAULT current_user);
	GRANT ALL ON app.fired TO PUBLIC;
	CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  IF TG_LEVEL = 'ROW' THEN
	    INSERT INTO app.fired (hook, rows) VALUES (TG_NAME, NEW.id);
	  ELSE
	    INSERT INTO app.fired (hook, rows) SELECT TG_NAME, string_agg(id::text, ',' ORDER BY id) FROM old_table;
	  END IF;
	  RETURN NEW;
	END $$;

	SET ROLE evil;
	CREATE TABLE app.spied (who name, role text);
	CREATE FUNCTION app.spy(int) RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
	  BEGIN
	    SET LOCAL ROLE owner;
	    INSERT INTO app.spied VALUES (current_user, 'became owner');
	  EXCEPTION WHEN insufficient_privilege THEN
	    INSERT INTO app.spied VALUES (current_user, 'refused');
	  END;
	  RETURN true;
	END $$;
	CREATE DOMAIN app.d AS int CHECK (app.spy(VALUE));
	CREATE TYPE app.r AS RANGE (SUBTYPE = app.d);
	CREATE FUNCTION app.stolen() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END $$;
	RESET ROLE;
	CREATE FUNCTION app.note_drop(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO app.fired (hook) VALUES (event->>'hook');
	END $$;

	CREATE TEMP TABLE r (LIKE hooks.registry INCLUDING DEFAULTS);
	ALTER TABLE r
	  ALTER phase SET DEFAULT 'before', ALTER action SET DEFAULT 'update', ALTER relation SET DEFAULT 'app.parent',
	  ALTER callback SET DEFAULT 'app.note()', ALTER level SET DEFAULT 'row', ALTER arguments SET DEFAULT '{}',
	  ALTER on_error SET DEFAULT 'abort', ALTER priority SET DEFAULT 0, ALTER run_after SET DEFAULT '{}',
	  ALTER run_as SET DEFAULT 'owner', ALTER fire SET DEFAULT 'origin', ALTER owner DROP NOT NULL,
	  ALTER search_path SET DEFAULT 'app, ops', ALTER function_owners DROP NOT NULL, ALTER enabled SET DEFAULT true,
	  ALTER quarantined SET DEFAULT false, ALTER enabled_at SET DEFAULT '2026-01-02 03:04:05';
	INSERT INTO r (hook_id, name, columns) VALUES (1, 'columns', '{name}');
	INSERT INTO r (hook_id, name, condition, priority, description) VALUES
	  (3, 'condition', $$(new.name <> '\\old'::text)$$, -1, 'A hook''s "description"'),
	  (4, 'distinct', '(new.n IS DISTINCT FROM old.n)', 0, NULL),
	  (5, 'whole', '(old.* IS DISTINCT FROM new.*)', 0, NULL),
	  (6, 'day', $$((new.id)::numeric > EXTRACT(day FROM '2026-02-01'::date))$$, 0, NULL);
	INSERT INTO r (hook_id, name, phase, action, level, on_error, timeout, package, arguments) VALUES
	  (7, 'doomed', 'before_cascade', 'delete', 'statement', 'quarantine', '1 minute', 'p', '{a,"b c"}');
	INSERT INTO r (hook_id, name, phase, action, level, relation, run_after, fire, enabled, quarantined) VALUES
	  (8, 'doomed_child', 'before_cascade', 'delete', 'statement', 'app.child', '{doomed}', 'origin', true, false),
	  (9, 'parts', 'before_cascade', 'delete', 'statement', 'app.part', '{}', 'always', true, false),
	  (10, 'disabled', 'before_cascade', 'delete', 'statement', 'app.child', '{}', 'origin', false, false),
	  (11, 'quarantined', 'before_cascade', 'delete', 'statement', 'app.child', '{}', 'origin', false, true);
	INSERT INTO r (hook_id, name, phase, action, level, relation, callback, schema, owner, search_path) VALUES
	  (12, 'wide', 'before_cascade', 'delete', 'statement', NULL, 'app.note()', 'app', 'postgres', '"$user", public'),
	  (13, 'dropped', 'before', 'drop', 'statement', 'app.plain', 'app.note_drop(pg_catalog.jsonb)', NULL, 'postgres', '');
	INSERT INTO r (hook_id, name, owner, condition) VALUES
	  (14, 'hostile', 'evil', $$(new.id > 1000 AND NOT isempty('[1,3]'::app.r))$$);

	-- Those that will not do
	INSERT INTO r (hook_id, name, owner, callback, condition) VALUES
	  (20, 'no_column', 'owner', 'app.note()', '(new.gone > 6)'),
	  (21, 'no_function', 'owner', 'app.gone()', NULL),
	  (22, 'no_right', 'lost', 'app.note()', NULL),
	  (23, 'stolen', 'owner', 'app.stolen()', NULL);
	INSERT INTO r (hook_id, name, relation, owner) VALUES (24, 'no_table', 424242, 'owner'), (25, 'no_owner', 'app.parent', 424242);
	UPDATE r SET owner = coalesce(owner, 'owner'),
	  function_owners = CASE name WHEN 'dropped' THEN '{postgres}' ELSE '{owner}' END::regrole[];
	INSERT INTO hooks.registry OVERRIDING SYSTEM VALUE SELECT * FROM r;
	SELECT setval('hooks.registry_hook_id_seq', 30);

	CREATE TRIGGER "Hooks_before_row_update" BEFORE UPDATE ON app.parent FOR EACH ROW EXECUTE FUNCTION hooks.dispatch();
	SELECT format('CREATE TRIGGER "Hooks_before_cascade_delete" AFTER DELETE ON app.%s FOR EACH ROW
	               WHEN (hooks.capture(OLD.tableoid, OLD.ctid)) EXECUTE FUNCTION hooks.dispatch()', t)
	  FROM unnest('{parent,child,part,plain,fired,spied}'::text[]) t \gexec
	ALTER TABLE app.part ENABLE ALWAYS TRIGGER "Hooks_before_cascade_delete"};

my @unresolved = (
	[ 'no_column', 'column new.gone does not exist' ],
	[ 'no_function', 'callback function "app.gone()" does not exist' ],
	[ 'no_right', 'permission denied for table parent' ],
	[ 'stolen', 'function app.stolen() belongs to another role than when the hook was registered' ],
	[ 'no_table', 'relation with OID 424242 does not exist' ],
	[ 'no_owner', 'its owner does not exist' ]);

$node->safe_psql('postgres', "CREATE ROLE $_") foreach ('owner', 'evil', 'lost');
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach ('old', 'fresh', 'restored', 'from_1_0');
$node->safe_psql('fresh', 'CREATE EXTENSION hooks');
sql($setup);

# The recycle bin, as 1.0 wrote it: here, and in another database before a dump
sql(q{
	CREATE TABLE kept (gone int, a int, b text);
	ALTER TABLE kept DROP gone;
	INSERT INTO hooks.kept (relation, rows, caller, transaction_id, kept_at)
	SELECT 'kept', 1, 'postgres', '1000', now() FROM generate_series(1, 2);
	INSERT INTO hooks.kept_row
	SELECT kept_id, 1, 'kept', 'public.kept', '{a,b}', '{2,3}', '{int,text}', '{-1,-1}',
	       CASE kept_id WHEN 1 THEN pg_current_xact_id()::xid ELSE '999'::xid END, 0, 1, E'1\tx\n'
	  FROM hooks.kept;
	INSERT INTO hooks.failure (hook, phase, action, sqlstate, message, transaction_id, occurred_at)
	VALUES ('doomed', 'before_cascade', 'delete', 'P0001', 'broken', '1000', now())});

# What the extension has made
my $extension = q{
	SELECT extversion, c::regclass::text, condition FROM pg_extension, unnest(extconfig, extcondition) x (c, condition)
	 WHERE extname = 'hooks' ORDER BY 2;
	SELECT pg_describe_object(d.classid, d.objid, 0), obj_description(d.objid, d.classid::regclass::name)
	  FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
	 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND x.extname = 'hooks' ORDER BY 1;
	SELECT pg_get_functiondef(oid), proacl FROM pg_proc
	 WHERE pronamespace = 'hooks'::regnamespace ORDER BY oid::regprocedure::text;
	SELECT oid::regclass::text, relkind, relacl, relpersistence FROM pg_class
	 WHERE relnamespace = 'hooks'::regnamespace ORDER BY 1;
	SELECT nspname, nspacl, obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname ~ '^hooks' ORDER BY 1;
	SELECT a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
	       a.attcollation::regcollation, a.attstorage, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum)
	  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
	  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	 WHERE c.relnamespace = 'hooks'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
	   AND c.relkind IN ('r', 'S', 'c') ORDER BY 1, 2;
	SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
	 WHERE connamespace = 'hooks'::regnamespace AND contype <> 'n' ORDER BY 1, 2;  -- attnotnull tells the rest
	SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indrelid
	 WHERE c.relnamespace = 'hooks'::regnamespace ORDER BY 1;
	SELECT evtname, evtevent, evtenabled, evttags, evtfoid::regprocedure FROM pg_event_trigger ORDER BY 1;
	SELECT t.tgrelid::regclass::text, t.tgenabled, pg_get_triggerdef(t.oid), obj_description(t.oid, 'pg_trigger')
	  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'hooks'::regnamespace ORDER BY 1, 3};

# Everything that a user can see of the hooks, but for what becomes of those that
# cannot be resolved, and of a condition that is written out
my $rows = q{
	SELECT hook_id, name, phase, action, relation, callback, level,
	       CASE name WHEN 'distinct' THEN NULL ELSE condition END, columns, arguments, on_error, timeout, priority, run_after, run_as, fire, schema, package, description, owner,
	       CASE search_path WHEN '"$user", public' THEN 'public' ELSE search_path END,
	       enabled AND hook_id < 20, quarantined, enabled_at
	  FROM hooks.registry WHERE name <> 'hostile' ORDER BY hook_id};
my $hooks = "$rows; " . q{
	SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger
	 WHERE tgfoid = 'hooks.dispatch()'::regprocedure ORDER BY 1, 2;
	SELECT last_value FROM hooks.registry_hook_id_seq;
	SELECT * FROM hooks.failure};

# Until the update
my $previous = sql($extension);
my $before = sql($hooks);

isnt($previous, $node->safe_psql('fresh', $extension), '1.0 is another extension');
foreach my $refused (
	q{SELECT hooks.register('x', 'before', 'insert', 'app.parent', 'app.note')},
	q{SELECT hooks.unregister('x', true)},
	q{SELECT hooks.unregister_package('p')},
	q{SELECT hooks.enable('doomed')},
	q{SELECT hooks.disable('doomed')},
	q{SELECT hooks.pause('doomed', 'reason')},
	q{SELECT hooks.resume('doomed')},
	q{SELECT hooks.chain('app.parent')},
	q{SELECT hooks.preview_delete('app.parent')},
	q{SELECT hooks.preview_truncate('app.parent')},
	q{SELECT hooks.preview_drop('app.parent')},
	q{SELECT hooks.cascade_tree('app.parent')},
	q{SELECT hooks.repair()},
	q{SELECT hooks.restore(1)},
	q{SELECT hooks.kept_rows(1, NULL::kept)},
	q{BEGIN; INSERT INTO app.parent VALUES (1); UPDATE app.parent SET name = 'x'},
	q{BEGIN; INSERT INTO app.parent VALUES (1); DELETE FROM app.parent})
{
	is(sqlstate($node, 'old', $refused), '55000', "with 1.0: $refused");
}
like(($node->psql('old', q{SELECT hooks.repair()}))[2], qr/HINT:  ALTER EXTENSION hooks UPDATE/, '... with a hint');
is( sqlstate($node, 'old', q{
		BEGIN;
		CREATE TABLE app.new (id int);
		ALTER TABLE app.new RENAME TO newer;
		ALTER TABLE app.parent RENAME name TO called;
		ALTER FUNCTION app.note RENAME TO noted;
		CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
		DROP TABLE app.newer, app.child;
		DROP SCHEMA ops CASCADE;
		DROP OWNED BY evil;
		ROLLBACK}),
	'none', 'with 1.0: DDL passes');
is(sqlstate($node, 'old', 'SELECT hooks.cancel($$reason$$)'), 'KH001', 'with 1.0: a veto is one');

# A session that has seen 1.0
my $session = $node->background_psql('old');
$session->query_safe('SET client_min_messages = error');
$session->query_safe('CREATE TABLE app.seen (id int)');
$session->query_safe('DROP TABLE app.seen');

# An update that is rolled back
sql('BEGIN; ALTER EXTENSION hooks UPDATE; ROLLBACK');
is(sql($extension), $previous, 'an update that is rolled back leaves nothing');
is(sql($hooks), $before, '... and changes no hook');
is(sql('SELECT count(*) FROM app.spied'), '0', '... and nothing has run that stays');

# Something that would be called in place of what the update makes
sql(q{GRANT CREATE ON SCHEMA hooks TO evil; SET ROLE evil;
	CREATE FUNCTION hooks.register(text, text, text, text, text) RETURNS text LANGUAGE sql AS 'SELECT current_user::text'});
is(sqlstate($node, 'old', 'ALTER EXTENSION hooks UPDATE'), '42501', 'no update of a schema with objects of others');
sql('DROP FUNCTION hooks.register(text, text, text, text, text); REVOKE CREATE ON SCHEMA hooks FROM evil');
is(sql($extension), $previous, '... which leaves nothing');

# The update, by somebody whose settings are others
# (PostgreSQL 19 has one kind of strings only)
my $strings =
  $node->safe_psql('old', q{SELECT count(*) FROM pg_settings WHERE name = 'escape_string_warning'})
  ? 'SET standard_conforming_strings = off; SET escape_string_warning = off;'
  : '';
my ($status, $out, $err) = $node->psql(
	'old', qq{
	SET DateStyle = 'SQL, DMY';
	$strings
	SET transform_null_equals = on;
	SET search_path = app;
	ALTER EXTENSION hooks UPDATE});
is($status, 0, 'the update succeeds');
like($err, qr/WARNING:  hook "$_->[0]" is left disabled, as its definition could not be made: \Q$_->[1]\E/,
	"update: $_->[0] is told of")
  foreach @unresolved;
is(() = $err =~ /WARNING/g, scalar(@unresolved), 'update: ... and nothing else is');
is(sql($extension), $node->safe_psql('fresh', $extension), 'an updated database has what a new one has');
is(sql($hooks), $before, 'update: the same hooks and triggers, once each');
like(sql(q{SELECT condition FROM hooks.registry WHERE name = 'distinct'}),
	qr/new\.n OPERATOR\(ops\.=\) old\.n/, 'update: operators that 1.0 looked up anew are kept');
is(sql('SELECT DISTINCT * FROM app.spied'), 'evil|refused', 'update: what a text runs, it runs as the owner of the hook, and as nobody else');
is( sql(q{SELECT string_agg(proname || ' ' || proowner::regrole, ', ' ORDER BY proname COLLATE "C") FROM pg_proc
           WHERE pronamespace = 'hooks_definition'::regnamespace}),
	'columns owner, condition owner, day owner, disabled owner, distinct owner, doomed owner, doomed_child owner, '
	  . 'dropped postgres, hostile evil, parts owner, quarantined owner, whole owner, wide postgres',
	'update: each of the others has a definition');

# What fires for a few statements, which are rolled back
my $firings = q{
	BEGIN;
	SET LOCAL client_min_messages = error;
	INSERT INTO app.parent SELECT g, 'name', row(g)::ops.num FROM generate_series(1, 3) g;
	INSERT INTO app.child SELECT g, g FROM generate_series(1, 3) g;
	INSERT INTO app.part VALUES (1);
	UPDATE app.parent SET name = '\\old' WHERE id = 1;
	UPDATE app.parent SET n = row(12)::ops.num WHERE id = 2;
	UPDATE app.parent SET n = row(14)::ops.num WHERE id = 3;
	DELETE FROM app.parent WHERE id <= 2;
	DROP TABLE app.plain;
	SET LOCAL session_replication_role = replica;
	DELETE FROM app.part;
	SELECT hook, rows, role FROM app.fired ORDER BY id;
	ROLLBACK};
my $expected = <<'END' =~ s/\n\z//r;
columns|1|owner
whole|1|owner
condition|2|owner
whole|2|owner
day|2|owner
condition|3|owner
distinct|3|owner
whole|3|owner
day|3|owner
doomed|1,2|owner
wide|1,2|postgres
doomed_child|1,2|owner
wide|1,2|postgres
dropped||postgres
parts|1|owner
END
is(sql($firings), $expected, 'update: they fire in a new session');
is($session->query_safe($firings), $expected, 'update: ... and in the one that was there');

($status, $out, $err) = $node->psql('old', 'SELECT hooks.repair()');
is($out, '1', 'update: there is nothing to repair, but for the hook whose table is gone');
is(() = $err =~ /WARNING:  hook "\w+" cannot fire: it has no definition/g, $#unresolved, 'update: ... and what nobody can');
is( sql(q{
		BEGIN;
		SELECT hooks.register('no_column', 'before', 'update', 'app.parent', 'app.note', condition => 'NEW.id > 6', replace => true);
		SELECT hooks.register('no_owner', 'before', 'update', 'app.parent', 'app.note', replace => true);
		SELECT name, enabled FROM hooks.registry WHERE hook_id IN (20, 25) ORDER BY hook_id;
		SELECT hooks.unregister('stolen');
		ROLLBACK}),
	"t\nt\nno_column|t\nno_owner|t\nt", 'update: those can be registered again, in their old place, or unregistered');

# What is new works for what is old
is($session->query_safe(q{
		BEGIN;
		ALTER FUNCTION app.note RENAME TO note_rows;
		DROP TABLE app.part;
		SELECT name, callback FROM hooks.registry WHERE name IN ('columns', 'parts', 'wide') ORDER BY hook_id;
		CREATE TABLE app.late (id int);
		INSERT INTO app.late VALUES (1), (2);
		DELETE FROM app.late;
		SELECT hook, rows FROM app.fired;
		ROLLBACK}),
	"columns|app.note_rows()\nwide|app.note_rows()\nwide|1,2",
	'update: the hooks follow schema changes, and tables come into their scope');
is( sql(q{
		BEGIN;
		SET ROLE owner;
		SET search_path = app, ops;
		SELECT hooks.register('doomed_child', 'before_cascade', 'delete', 'child', 'note', run_after => '{doomed}');
		SELECT hooks.register('new', 'before_cascade', 'delete', 'child', 'note');
		SELECT name FROM hooks.registry ORDER BY hook_id DESC LIMIT 1;
		ROLLBACK}),
	"f\nt\nnew", 'update: registering one again finds it there, a new hook comes after them');

is( sql(q{
		BEGIN;
		ALTER TABLE kept RENAME a TO c;
		SELECT hooks.restore(1);
		SELECT c, b FROM kept;
		ROLLBACK}),
	"1\n1|x", 'update: kept rows go by the numbers of their columns');
like(($node->psql('old', 'BEGIN; ALTER TABLE kept RENAME a TO c; SELECT hooks.restore(2)'))[2],
	qr/column "a" of table "kept" does not exist any more/, '... or by their names, if they were restored');

# Once more
sql(q{SELECT count(hooks.unregister(name)) FROM hooks.registry WHERE hook_id >= 20 OR name = 'hostile'});
$before = sql($hooks);
sql('ALTER EXTENSION hooks UPDATE');
is(sql($hooks), $before, 'a second update changes nothing');

# A dump restores into the new version
$node->command_ok([ 'pg_dump', '-f', "$dump.sql", $node->connstr('old') ], 'pg_dump');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.sql", $node->connstr('restored') ], 'psql');
is($node->safe_psql('restored', $rows), sql($rows), 'restored: the same hooks, once each');
is($node->safe_psql('restored', $extension), $node->safe_psql('fresh', $extension), 'restored: the same extension');
is($node->safe_psql('restored', 'SELECT hooks.repair()'), '0', 'restored: there is nothing to repair');

# A dump of 1.0 restores where 1.0 was created before; then it is updated
$node->safe_psql('from_1_0', $setup);
my $of_1_0 = $node->safe_psql('from_1_0', $rows);
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.1_0", $node->connstr('from_1_0') ], 'pg_dump of 1.0');
$node->safe_psql('postgres', 'DROP DATABASE from_1_0');
$node->safe_psql('postgres', 'CREATE DATABASE from_1_0');
$node->safe_psql('from_1_0', q{CREATE EXTENSION hooks VERSION '1.0'});
$node->command_checks_all(
	[ 'pg_restore', '-d', $node->connstr('from_1_0'), "$dump.1_0" ],
	1,
	[qr/\A\z/],
	[ qr/schema "hooks" already exists/, qr/errors ignored on restore: 1$/m ],
	'pg_restore of it');
$node->safe_psql('from_1_0', 'INSERT INTO app.parent VALUES (1)');
my $updating = $node->background_psql('from_1_0');
my $waiting = $node->background_psql('from_1_0');
$waiting->query_safe('SET client_min_messages = error');
$updating->query_safe('BEGIN; SET LOCAL client_min_messages = error; ALTER EXTENSION hooks UPDATE');
$waiting->query_until(qr/begun/, "\\echo begun\nBEGIN; UPDATE app.parent SET name = 'x';\n");
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'from_1_0' AND backend_type = 'client backend' AND wait_event_type = 'Lock'});
$updating->query_safe('COMMIT');
is($waiting->query_safe(q{SELECT string_agg(hook, ', ' ORDER BY id) FROM app.fired; ROLLBACK}),
	'condition, columns, whole', 'a statement that waits for the update fires the hooks');
$updating->quit;
$waiting->quit;
$node->safe_psql('from_1_0', 'TRUNCATE app.parent CASCADE');
is($node->safe_psql('from_1_0', $rows), $of_1_0, 'from a dump of 1.0: the same hooks, once each');
is($node->safe_psql('from_1_0', $firings), $expected, 'from a dump of 1.0: they fire');

$session->quit;
is( sql(q{
		SELECT count(hooks.unregister(name)) FROM hooks.registry;
		SELECT count(*) FROM pg_trigger WHERE tgfoid = 'hooks.dispatch()'::regprocedure;
		DROP EXTENSION hooks;
		SELECT count(*) FROM pg_event_trigger}),
	"12\n0\n0", 'unregistering removes every trigger');

# Of a role that is no superuser any more is the extension itself
$node->safe_psql('postgres', 'CREATE ROLE once SUPERUSER LOGIN');
$node->safe_psql('postgres', 'CREATE DATABASE of_once OWNER once');
$node->safe_psql('of_once', q{CREATE EXTENSION hooks VERSION '1.0'}, extra_params => [ '-U', 'once' ]);
$node->safe_psql('postgres', 'ALTER ROLE once NOSUPERUSER');
$node->psql('of_once', 'ALTER EXTENSION hooks UPDATE');
is($node->safe_psql('of_once', q{SELECT extversion FROM pg_extension WHERE extname = 'hooks'}), '1.1', 'an update of what was a superuser\'s');

$node->stop;
done_testing();
