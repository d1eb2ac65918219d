# What waits for after_commit hooks, when its database moves.
#
# pg_upgrade takes all of it along: events in the log, positions, retries and
# dead deliveries; nothing is lost, delivered twice, or delivered by one of the
# servers that pg_upgrade starts.  A dump has none of it: what waits stays with
# the old database, and the new one begins with its own events.
#
# From this server to itself; and, if the environment variable OLDBINDIR names the
# bin directory of another PostgreSQL which has the extension too, from that one
# to this.

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
	CREATE ROLE owner LOGIN;
	GRANT ALL ON SCHEMA public TO owner;
	SET ROLE owner;
	CREATE TABLE t (id int);
	CREATE TABLE done (n bigint GENERATED ALWAYS AS IDENTITY, hook text, id int, attempt int);
	CREATE TABLE broken (id int);
	CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE r record;
	BEGIN
	  FOR r IN SELECT * FROM jsonb_to_recordset(event->'new') AS x(id int) LOOP
	    IF EXISTS (SELECT FROM public.broken b WHERE b.id = r.id) THEN
	      RAISE 'row % is broken', r.id;
	    END IF;
	    INSERT INTO public.done (hook, id, attempt) VALUES (event->>'hook', r.id, (event->>'attempt')::int);
	  END LOOP;
	END $$;
	SELECT hooks.register('mine', 'after_commit', 'insert', 't', 'act');
	SELECT hooks.register('once', 'after_commit', 'insert', 't', 'act', max_attempts => 1);
	SELECT hooks.register('held', 'after_commit', 'insert', 't', 'act');
	INSERT INTO broken VALUES (2);
	INSERT INTO t VALUES (1);
	INSERT INTO t VALUES (2);
	INSERT INTO t VALUES (3)};

my $done = q{SELECT hook || ' ' || string_agg(id || '.' || attempt, ' ' ORDER BY id, attempt) FROM done GROUP BY hook ORDER BY hook};
my $waiting = q{SELECT hook, payload->'new'->0->>'id', state, attempts, last_error FROM hooks.outbox ORDER BY hook, delivery_id};

# Leaves waiting events, a retry, a dead delivery and a hook that is disabled
sub prepare
{
	my ($node) = @_;

	$node->safe_psql('postgres', $setup);
	is($node->safe_psql('postgres', 'SELECT hooks.flush()'), 't', 'delivered before');
	$node->append_conf('postgresql.conf', 'hooks.workers = off');
	$node->restart;
	$node->safe_psql('postgres', q{
		BEGIN;
		INSERT INTO t VALUES (4);
		SELECT hooks.disable('held');
		COMMIT;
		INSERT INTO t VALUES (5)});
}

my $before = "held 1.1 3.1\nmine 1.1 3.1\nonce 1.1 3.1";
my $held = join "\n", 'held|2|pending|1|P0001: row 2 is broken', 'held|4|pending|0|', 'mine|2|pending|1|P0001: row 2 is broken',
  'mine|4|pending|0|', 'mine|5|pending|0|', 'once|2|dead|1|P0001: row 2 is broken', 'once|4|pending|0|', 'once|5|pending|0|';

sub upgrade
{
	my ($what, @install_path) = @_;
	my $old = PostgreSQL::Test::Cluster->new("old_$what", @install_path);
	my $new = PostgreSQL::Test::Cluster->new("new_$what");
	my @init;
	my $conf = q{
		hooks.retry_delay = '1h'
		hooks.worker_idle = '200 ms'
		shared_preload_libraries = 'hooks'
	};

	init_node($old);
	$old->append_conf('postgresql.conf', $conf);
	$old->start;
	prepare($old);
	is($old->safe_psql('postgres', $waiting), $held, "$what: what waits");
	my $last = $old->safe_psql('postgres', 'SELECT max(event_id) FROM hooks.log_1');

	@init = (extra => ['--no-data-checksums'])
	  if $new->pg_version >= 18 && $old->safe_psql('postgres', 'SHOW data_checksums') eq 'off';
	init_node($new, @init);
	$old->append_conf('postgresql.conf', 'hooks.workers = on');
	$old->stop;
	$new->append_conf('postgresql.conf', $conf);

	# pg_upgrade leaves files where it works
	chdir $new->basedir or die "could not enter " . $new->basedir . ": $!";
	command_ok(
		[
			'pg_upgrade', '--retain', '-d', $old->data_dir, '-D', $new->data_dir,
			'-b', $old->config_data('--bindir'), '-B', $new->config_data('--bindir'),
			'-s', $new->host, '-p', $old->port, '-P', $new->port
		],
		"$what: pg_upgrade");
	chdir $directory or die "could not enter $directory: $!";
	$new->append_conf('postgresql.conf', 'hooks.workers = off');
	$new->start;
	is($new->safe_psql('postgres', $done), $before, "$what: nothing is delivered meanwhile");
	is($new->safe_psql('postgres', $waiting), $held, "$what: the same waits");
	is($new->safe_psql('postgres', 'SELECT max(event_id) FROM hooks.log_1'), $last, "$what: by the same numbers");

	# New events come after those, with greater numbers
	$new->safe_psql('postgres', 'INSERT INTO t VALUES (6)');
	cmp_ok($new->safe_psql('postgres', 'SELECT max(event_id) FROM hooks.log_1'), '>', $last, "$what: the next number");
	$new->append_conf('postgresql.conf', 'hooks.workers = on');
	$new->restart;
	$new->poll_query_until('postgres', q{SELECT count(*) >= 12 FROM done});
	is($new->safe_psql('postgres', 'SELECT hooks.flush()'), 't', "$what: all is delivered");
	is($new->safe_psql('postgres', $done), "held 1.1 3.1\nmine 1.1 3.1 4.1 5.1 6.1\nonce 1.1 3.1 4.1 5.1 6.1", "$what: once");
	is( $new->safe_psql('postgres', q{
			DELETE FROM broken;
			UPDATE hooks.delivery SET next_attempt_at = now() WHERE state = 'pending';
			SELECT hooks.redeliver(delivery_id) FROM hooks.outbox WHERE state = 'dead';
			SELECT hooks.enable('held');
			SELECT hooks.flush()}),
		"\nt\nt", "$what: retries, a dead delivery and a disabled hook go on");
	is( $new->safe_psql('postgres', $done),
		"held 1.1 2.2 3.1 4.1\nmine 1.1 2.2 3.1 4.1 5.1 6.1\nonce 1.1 2.1 3.1 4.1 5.1 6.1", "$what: once, too");
	is($new->safe_psql('postgres', $waiting), '', "$what: nothing waits");
	$new->stop;
}

upgrade('same');

SKIP:
{
	skip 'OLDBINDIR names no other PostgreSQL', 1 if !$ENV{OLDBINDIR};

	upgrade('other', install_path => dirname($ENV{OLDBINDIR}));
}

# A server as pg_upgrade starts it
my $upgrading = start_node('upgrading', conf => q{
	hooks.retry_delay = '1h'
	hooks.worker_idle = '200 ms'
	shared_preload_libraries = 'hooks'
});
prepare($upgrading);
$upgrading->append_conf('postgresql.conf', 'hooks.workers = on');
$upgrading->stop;
$upgrading->command_ok([ 'pg_ctl', '-w', '-D', $upgrading->data_dir, '-l', $upgrading->logfile, '-o', '-b', 'start' ], 'start with -b');
$upgrading->safe_psql('postgres', 'INSERT INTO t VALUES (7)');
is($upgrading->safe_psql('postgres', q{SELECT hooks.flush('2 s')}), 'f', 'binary upgrade: what is committed waits');
is($upgrading->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'hooks%'}),
	'0', 'binary upgrade: there is no worker');
is($upgrading->safe_psql('postgres', $done), $before, 'binary upgrade: nothing is delivered');
$upgrading->command_ok([ 'pg_ctl', '-w', '-D', $upgrading->data_dir, 'stop' ], 'stop');

# Dump and restore
my $node = start_node('main', conf => q{
	hooks.retry_delay = '1h'
	hooks.worker_idle = '200 ms'
});
prepare($node);
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $dump ], 'pg_restore');
is($node->safe_psql('restored', $waiting), '', 'a dump has nothing that waits');
$node->append_conf('postgresql.conf', 'hooks.workers = on');
$node->restart;
$node->safe_psql('restored', 'INSERT INTO t VALUES (7)');
is($node->safe_psql('restored', 'SELECT hooks.flush()'), 't', 'the restored database has events of its own');
is( $node->safe_psql('restored', $done), "held 1.1 3.1\nmine 1.1 3.1 7.1\nonce 1.1 3.1 7.1",
	'these are delivered, once');
is($node->safe_psql('postgres', 'SELECT hooks.flush()'), 't', 'what waited is delivered by the old database');
is( $node->safe_psql('postgres', $done), "held 1.1 3.1\nmine 1.1 3.1 4.1 5.1\nonce 1.1 3.1 4.1 5.1", 'and by no other');
$node->stop;

done_testing();
