# What happens to the extension and the database while a worker is in a callback:
# ALTER EXTENSION UPDATE, DROP EXTENSION, by the callback too, CREATE DATABASE ...
# TEMPLATE, DROP DATABASE.  And what happens to DDL that waits for a DROP EXTENSION.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', conf => q{hooks.worker_idle = '500 ms'});

my $setup = q{
	CREATE EXTENSION hooks;
	CREATE TABLE t (id int, todo text);
	CREATE TABLE done (n bigint GENERATED ALWAYS AS IDENTITY, id int);
	CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE r record;
	BEGIN
	  FOR r IN SELECT * FROM jsonb_to_recordset(event->'new') AS x(id int, todo text) LOOP
	    EXECUTE r.todo;
	    INSERT INTO public.done (id) VALUES (r.id);
	  END LOOP;
	END $$;
	SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act')};
my $busy = q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hooks worker' AND wait_event = 'PgSleep'};
my $gone = q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'hooks worker'};
my $done = q{SELECT string_agg(id::text, ' ' ORDER BY n) FROM done};

# A version that does not exist yet: it locks tables that workers use, as whatever
# changes their columns would, and adds a function.
my $share = $node->config_data('--sharedir');
my $script = "$share/extension/hooks--1.1--99.sql";
SKIP:
{
	skip 'the extension cannot be written', 4 if !-w "$share/extension";

	open my $out, '>', $script or die "could not write $script: $!";
	print $out q{
		LOCK TABLE hooks.delivery, hooks.position_3, hooks.log_2, hooks.registry, hooks.log_1, hooks.position_1;
		ALTER TABLE hooks.log_1 ALTER COLUMN old_rows SET STORAGE EXTENDED;
		ALTER TABLE hooks.delivery ALTER COLUMN attempts SET DEFAULT 1;
		CREATE FUNCTION hooks.more() RETURNS int LANGUAGE sql AS 'SELECT 1';
	};
	close $out;
	$node->safe_psql('postgres', 'CREATE DATABASE updated');
	$node->safe_psql('updated', $setup);
	$node->safe_psql('updated', q{
		INSERT INTO t VALUES (1, 'SELECT pg_sleep(1)');
		INSERT INTO t VALUES (2, 'SELECT pg_sleep(0.5)');
		INSERT INTO t VALUES (3, 'SELECT 1')});
	ok($node->poll_query_until('updated', $busy), 'a worker is busy');
	$node->safe_psql('updated', q{ALTER EXTENSION hooks UPDATE TO '99'});
	unlink $script;
	is($node->safe_psql('updated', q{SELECT extversion, hooks.more() FROM pg_extension WHERE extname = 'hooks'}),
		'99|1', 'the update has waited for it');
	is($node->safe_psql('updated', q{SELECT hooks.flush(); } . $done), "t\n1 2 3", 'the worker goes on');
	is($node->safe_psql('updated', q{INSERT INTO t VALUES (4, 'SELECT 1'); SELECT hooks.flush(); } . $done), "t\n1 2 3 4",
		'and with what comes then');
}

# Dropped by another session, with what waits: a callback that has begun ends as it may
$node->safe_psql('postgres', 'CREATE DATABASE dropped');
$node->safe_psql('dropped', $setup);
$node->safe_psql('dropped', q{
	INSERT INTO t VALUES (1, 'SELECT pg_sleep(1)');
	INSERT INTO t VALUES (2, 'SELECT 1')});
ok($node->poll_query_until('dropped', $busy), 'a worker is busy');
$node->safe_psql('dropped', 'DROP EXTENSION hooks CASCADE');
ok($node->poll_query_until('dropped', $gone), 'DROP EXTENSION: the worker leaves');
is($node->safe_psql('dropped', q{INSERT INTO t VALUES (3, 'SELECT 1'); } . $done), '1', 'what had begun is done');

# Dropped by the callback itself
$node->safe_psql('dropped', 'DROP TABLE t, done; DROP FUNCTION act');
$node->safe_psql('dropped', $setup);
$node->safe_psql('dropped', q{
	BEGIN;
	INSERT INTO t VALUES (1, 'DROP EXTENSION hooks CASCADE');
	INSERT INTO t VALUES (2, 'SELECT 1');
	COMMIT});
ok($node->poll_query_until('dropped', q{SELECT count(*) = 0 FROM pg_extension WHERE extname = 'hooks'}), 'by a callback');
ok($node->poll_query_until('dropped', $gone), 'by a callback: the worker leaves');
is($node->safe_psql('dropped', $done), '1', 'by a callback: what it did is there');
$node->safe_psql('dropped', 'DROP TABLE t, done; DROP FUNCTION act');
$node->safe_psql('dropped', $setup);
is($node->safe_psql('dropped', q{INSERT INTO t VALUES (1, 'SELECT 1'); SELECT hooks.flush(); } . $done), "t\n1", 'created again, it works');

# Created again, after the worker ended in a callback: that is not held against the
# first delivery of the new one, though it has the number of the other
$node->safe_psql('dropped', q{
	DROP EXTENSION hooks CASCADE; DROP TABLE t, done; DROP FUNCTION act; } . $setup . q{;
	INSERT INTO t VALUES (1, 'SELECT pg_sleep(100)')});
ok($node->poll_query_until('dropped', $busy), 'a worker is busy');
$node->safe_psql('dropped', q{
	DROP EXTENSION hooks CASCADE; DROP TABLE t, done; DROP FUNCTION act;
	SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE backend_type = 'hooks worker' AND wait_event = 'PgSleep'; } . $setup);
$node->safe_psql('dropped', q{INSERT INTO t VALUES (1, 'SELECT 1'); SELECT hooks.flush()});
is($node->safe_psql('dropped', $done), '1', 'the first delivery of a new extension');
is($node->safe_psql('dropped', q{SELECT count(*) FROM hooks.outbox}), '0', '... has not failed before');

# DDL that looks for hooks for the first time in its session, and waits
my $dropper = $node->background_psql('dropped');
my $other = $node->background_psql('dropped');
$dropper->query_safe('SET client_min_messages = warning; BEGIN; DROP EXTENSION hooks CASCADE');
$other->query_until(qr/sent/, "\\echo sent\nCREATE TABLE beside (id int);\n");
ok($node->poll_query_until('postgres', q{
	SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE TABLE beside%'}),
	'DDL waits for a DROP EXTENSION');
$dropper->query_safe('COMMIT');
$other->quit;
$dropper->quit;
is($node->safe_psql('dropped', q{SELECT to_regclass('beside')}), 'beside', '... and passes then');
$node->safe_psql('dropped', 'DROP TABLE t, done; DROP FUNCTION act; ' . $setup);

# What needs the database for itself waits for the callback or, since 19, ends the
# worker: that is no failure of the delivery
$node->safe_psql('postgres', 'CREATE DATABASE copied');
$node->safe_psql('copied', $setup =~ s/\)\z/, max_attempts => 1)/r);
$node->safe_psql('copied', q{INSERT INTO t VALUES (1, 'SELECT pg_sleep(1)')});
ok($node->poll_query_until('postgres', $busy), 'a worker is busy');
is(sqlstate($node, 'postgres', 'CREATE DATABASE copy TEMPLATE copied'), 'none', 'CREATE DATABASE ... TEMPLATE');
foreach my $database ('copied', 'copy')
{
	is($node->safe_psql($database, 'SELECT hooks.flush(); ' . $done), "t\n1", "$database: it is delivered, with one attempt");
	is($node->safe_psql($database, q{SELECT count(*) FROM hooks.outbox}), '0', "$database: ... and has not failed");
}

# The database
$node->safe_psql('dropped', q{INSERT INTO t VALUES (2, 'SELECT pg_sleep(1)')});
ok($node->poll_query_until('dropped', $busy), 'a worker is busy');
is(sqlstate($node, 'postgres', 'DROP DATABASE dropped'), 'none', 'DROP DATABASE waits for a callback that is not too long');
$node->safe_psql('postgres', 'CREATE DATABASE dropped');
$node->safe_psql('dropped', $setup);
$node->safe_psql('dropped', q{INSERT INTO t VALUES (2, 'SELECT pg_sleep(100)')});
ok($node->poll_query_until('dropped', $busy), 'a worker is busy');
is(sqlstate($node, 'postgres', 'DROP DATABASE dropped WITH (FORCE)'), 'none', 'FORCE ends it');
is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server is well');
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|TRAP/, 'nothing has crashed');
unlike(slurp_file($node->logfile), qr/deadlock detected/, 'and nobody was in a deadlock');

$node->stop;
done_testing();
