# Hooks on drop for all of a database are told of DROP ROLE, DROP DATABASE and
# DROP TABLESPACE too, which event triggers do not see, where the library is
# preloaded: before the drop, with what goes; and can stop it.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', conf => q{
	shared_preload_libraries = 'hooks'
	log_min_messages = fatal
	allow_in_place_tablespaces = on
});

sub sql { return $node->safe_psql('postgres', $_[0]); }

# What was noted since the last time
sub noted
{
	my ($columns) = @_;
	return sql(q{WITH gone AS (DELETE FROM noted RETURNING *) SELECT string_agg(concat_ws('|', } . $columns . q{), E'\n' ORDER BY id) FROM gone});
}
my $what = q{hook, event ->> 'command', (SELECT string_agg(o ->> 'object_type' || ' ' || (o ->> 'object_identity'), ', ') FROM jsonb_array_elements(event -> 'objects') o)};

sql(q{
	CREATE EXTENSION hooks;
	CREATE TABLE noted (id bigint GENERATED ALWAYS AS IDENTITY, hook text, event jsonb);
	CREATE FUNCTION note(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		ASSERT (SELECT bool_and(to_regrole(o ->> 'object_identity') IS NOT NULL) FROM jsonb_array_elements(event -> 'objects') o
		         WHERE o ->> 'object_type' = 'role') IS NOT FALSE, 'it is gone';
		INSERT INTO noted (hook, event) VALUES (event ->> 'hook', event);
	END $$;
	CREATE FUNCTION guard(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF EXISTS (SELECT FROM jsonb_array_elements(event -> 'objects') o WHERE o ->> 'object_name' ~ 'keep') THEN
			PERFORM hooks.cancel(format('%s is not for you', event ->> 'command'));
		END IF;
	END $$;
	CREATE SCHEMA app;
	SELECT hooks.register('cascade', 'before_cascade', 'drop', NULL, 'note');
	SELECT hooks.register('before', 'before', 'drop', NULL, 'note');
	SELECT hooks.register('of_schema', 'before', 'drop', NULL, 'note', schema => 'app');
	SELECT hooks.register('condition', 'before', 'drop', NULL, 'note', condition => 'current_user = ''nobody''');
	CREATE ROLE boss CREATEROLE CREATEDB LOGIN;
	CREATE ROLE nobody LOGIN;
});

# Each kind; every hook once for a command, before those of before_cascade
sql(q{CREATE ROLE a; CREATE ROLE b; DROP ROLE a, b});
is(noted($what), "before|DROP ROLE|role a, role b\ncascade|DROP ROLE|role a, role b", 'roles');
sql(q{CREATE USER a; DROP USER a; CREATE GROUP "A b"; DROP GROUP IF EXISTS "A b", absent});
is(noted($what), qq{before|DROP ROLE|role a\ncascade|DROP ROLE|role a\nbefore|DROP ROLE|role "A b"\ncascade|DROP ROLE|role "A b"}, 'users and groups');
sql('CREATE DATABASE d');
sql('DROP DATABASE d WITH (FORCE)');
is(noted($what), "before|DROP DATABASE|database d\ncascade|DROP DATABASE|database d", 'a database');
sql(q{CREATE TABLESPACE t LOCATION ''});
sql('DROP TABLESPACE t');
is(noted($what), "before|DROP TABLESPACE|tablespace t\ncascade|DROP TABLESPACE|tablespace t", 'a tablespace');
sql(q{DO $$ BEGIN CREATE ROLE a; DROP ROLE a; END $$});
is(noted($what), "before|DROP ROLE|role a\ncascade|DROP ROLE|role a", 'in a function');
sql(q{SET SESSION AUTHORIZATION boss; CREATE ROLE a; DROP ROLE a});
is(noted(q{event - '{fired_at,transaction_id}'::text[]}),
	join("\n", map { '{"hook": "' . $_->[0] . '", "owned": [], "phase": "' . $_->[1] . '", "action": "drop", "caller": "boss", "command": "DROP ROLE", "objects": [{"original": true, "object_name": "a", "object_type": "role", "schema_name": null, "object_identity": "a"}], "metadata": null, "relation": null, "statement": "DROP ROLE a", "session_user": "boss", "owned_elsewhere": []}' }
		['before', 'before'], ['cascade', 'before_cascade']), 'the event');
sql('CREATE TABLE public.t (); DROP TABLE public.t; CREATE TABLE app.t (); DROP TABLE app.t');
is(noted('hook'), "before\ncascade\nof_schema\nbefore\ncascade" =~ s/of_schema\nbefore/before\nof_schema/r, 'relations, as ever');
sql(q{SET SESSION AUTHORIZATION nobody; CREATE TEMP TABLE x (); RESET SESSION AUTHORIZATION; SELECT hooks.unregister('cascade')});
noted('hook');

# What a role owns: here, and elsewhere
sql('CREATE ROLE owner');
sql('CREATE DATABASE other OWNER owner');
$node->safe_psql('other', 'CREATE TABLE x1 (); CREATE TABLE x2 (); ALTER TABLE x1 OWNER TO owner; ALTER TABLE x2 OWNER TO owner');
sql(q{CREATE TABLE app.mine (); ALTER TABLE app.mine OWNER TO owner; GRANT SELECT ON noted TO owner});
is(sqlstate($node, 'postgres', 'DROP ROLE owner'), '2BP01', 'a role that owns something');
is(noted('hook'), '', 'the failed command takes the note along');
sql(q{CREATE TABLE kept (event jsonb); CREATE FUNCTION show(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN RAISE NOTICE '% %', event -> 'owned', event -> 'owned_elsewhere'; END $$;
	SELECT hooks.register('show', 'before', 'drop', NULL, 'show')});
my (undef, undef, $told) = $node->psql('postgres', 'DROP ROLE owner');
like($told, qr/"object_identity": "app.mine"/, 'a table');
like($told, qr/"object_type": "database".*"object_identity": "other"|"object_identity": "other"/, 'a database');
like($told, qr/\[\{"objects": 2, "database": "other"\}\]/, 'how much elsewhere');
sql(q{SELECT hooks.unregister('show')});
noted('hook');

# Stopped: a veto, an error; nothing is gone, and the role can be used
sql(q{SELECT hooks.register('guard', 'before', 'drop', NULL, 'guard', on_error => 'isolate');
	CREATE ROLE keep_role; CREATE ROLE other_role});
sql('CREATE DATABASE keep_db');
sql(q{CREATE TABLESPACE keep_ts LOCATION ''});
is(sqlstate($node, 'postgres', $_), 'KH001', $_) for 'DROP ROLE other_role, keep_role', 'DROP DATABASE keep_db', 'DROP TABLESPACE keep_ts', 'DROP OWNED BY keep_role; DROP ROLE keep_role';
is(sql(q{SELECT count(*) FROM pg_roles WHERE rolname ~ '_role$'}), '2', 'the roles are there');
is($node->safe_psql('keep_db', 'SELECT 1'), '1', 'the database is there');
is(noted('hook'), '', 'nothing is left of it');
is(sql(q{SELECT vetoes FROM hooks.stats WHERE hook = 'guard'}), '4', 'vetoes');
sql(q{CREATE FUNCTION fails(event jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO noted (hook) VALUES ('fails'); RAISE 'x'; END $$;
	SELECT hooks.register('fails', 'before', 'drop', NULL, 'fails', on_error => 'isolate'); DROP ROLE other_role});
is(noted('hook'), 'before', 'an isolated failure');
is(sql(q{SELECT hook, phase, action, relation IS NULL, message FROM hooks.failure}), 'fails|before|drop|t|x', 'hooks.failure');
sql('CREATE DATABASE d');
sql('DROP DATABASE d');
is(sql('SELECT count(*) FROM hooks.failure'), '2', 'of a command that can be in no transaction block');
sql(q{SELECT hooks.unregister('fails'); DELETE FROM hooks.failure});
noted('hook');

# Who may not drop, and what is not there, fires nothing
is(sqlstate($node, 'postgres', "SET SESSION AUTHORIZATION nobody; $_"), '42501', "no right: $_") for 'DROP ROLE keep_role', 'DROP DATABASE keep_db', 'DROP TABLESPACE keep_ts';
is(sqlstate($node, 'postgres', $_), '42704', $_) for 'DROP ROLE absent', 'DROP TABLESPACE absent';
is(sqlstate($node, 'postgres', 'DROP DATABASE absent'), '3D000', 'DROP DATABASE absent');
is(sqlstate($node, 'postgres', 'BEGIN; DROP DATABASE keep_db'), '25001', 'in a transaction block');
is(sql(q{SELECT count(*) FROM hooks.stats WHERE hook = 'guard' AND vetoes > 4}), '0', 'none was asked');
sql('DROP ROLE IF EXISTS absent');
is(noted('hook'), '', 'IF EXISTS');

# A callback that drops another role is told of too; one that swaps names, or
# drops what the command names, changes nothing silently
sql(q{CREATE FUNCTION swaps(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF event -> 'objects' -> 0 ->> 'object_name' = 'first' THEN
			ALTER ROLE second RENAME TO third;
			ALTER ROLE innocent RENAME TO second;
		ELSIF event -> 'objects' -> 0 ->> 'object_name' = 'outer' THEN
			DROP ROLE "inner";
		ELSIF event -> 'objects' -> 0 ->> 'object_name' = 'same' THEN
			DROP ROLE IF EXISTS same2;
		END IF;
	END $$;
	SELECT hooks.register('swaps', 'before', 'drop', NULL, 'swaps', priority => 1);
	CREATE ROLE first; CREATE ROLE second; CREATE ROLE innocent; CREATE ROLE "outer"; CREATE ROLE "inner"; CREATE ROLE same; CREATE ROLE same2});
is(sqlstate($node, 'postgres', 'DROP ROLE first, second'), '55000', 'a name that means another role now');
is(sql(q{SELECT count(*) FROM pg_roles WHERE rolname IN ('first', 'second', 'innocent')}), '3', 'all are there');
sql('DROP ROLE "outer"');
is(noted($what), "before|DROP ROLE|role \"outer\"\nbefore|DROP ROLE|role \"inner\"", 'a drop in a callback');
isnt(sqlstate($node, 'postgres', 'DROP ROLE same, same2'), 'none', 'a callback that drops what the command names');
sql(q{SELECT hooks.unregister('swaps'); DROP ROLE first, second, innocent, same, same2});
noted('hook');

# Switched off, disabled, for replicas; in another database; not a hook of a role
sql('SET hooks.enabled = off; CREATE ROLE a; DROP ROLE a');
is(noted('hook'), '', 'hooks.enabled off');
my $bypassed = q{SELECT bypassed FROM hooks.stats WHERE hook = 'before'};
my $before = sql($bypassed);
sql('SET hooks.enabled = off; CREATE ROLE a; CREATE ROLE b; CREATE ROLE c; DROP ROLE a, b, c');
is(sql($bypassed), $before + 1, '... counts the command once');
sql('SET session_replication_role = replica; CREATE ROLE a; DROP ROLE a');
is(noted('hook'), '', 'session_replication_role');
$node->safe_psql('other', 'CREATE ROLE a; DROP ROLE a');
is(noted('hook'), '', 'another database has other hooks');
(undef, undef, $told) = $node->psql('postgres', 'SET hooks.trace = on; CREATE ROLE a; DROP ROLE a');
is(join("\n", map { /(NOTICE: .*)/ ? $1 : () } split /\n/, $told), q{NOTICE:  hook "before" (before drop) fired
NOTICE:  hook "condition" (before drop) did not fire: its condition is not true
NOTICE:  hook "guard" (before drop) fired}, 'hooks.trace');
is(noted('hook'), 'before', 'with hooks.trace');
sql(q{SELECT hooks.register('limit', 'before', 'drop', NULL, 'hooks.rate_limit', arguments => '{1, 1 hour}'); CREATE ROLE a; CREATE ROLE b; DROP ROLE a});
is(sqlstate($node, 'postgres', 'DROP ROLE b'), 'KH001', 'hooks.rate_limit');
sql(q{SELECT hooks.unregister('limit'); DROP ROLE b});
noted('hook');
is(sqlstate($node, 'postgres', q{SET SESSION AUTHORIZATION nobody; SELECT hooks.register('x', 'before', 'drop', NULL, 'guard')}), '42501', 'for superusers');

# session_preload_libraries will do, but loading the library later does not
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\nsession_preload_libraries = 'hooks'");
$node->restart;
is(sqlstate($node, 'postgres', 'DROP ROLE keep_role'), 'KH001', 'session_preload_libraries');
$node->append_conf('postgresql.conf', "session_preload_libraries = ''");
$node->restart;
sql("LOAD 'hooks'; DROP ROLE keep_role");
is(noted('hook'), '', 'not preloaded: not seen');
done_testing();
