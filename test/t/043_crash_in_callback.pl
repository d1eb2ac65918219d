# A callback that crashes the server: that is a failed attempt, though the crash
# takes back everything and empties shared memory; the delivery is dead after
# max_attempts, and the server stays up.  Who has no part in a crash is delivered as
# if there had been none.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = start_node('main', conf => q{
	shared_preload_libraries = 'hooks'
	restart_after_crash = on
	hooks.retry_delay = '100 ms'
	log_min_messages = log
});

sub sql { return $node->safe_psql('postgres', $_[0]); }

# Runs what ends in a crash, all in one transaction.  The crash may come before the
# client is told of its commit.
sub crash_after
{
	ask($node, 'postgres', "BEGIN; $_[0]; COMMIT");
	return;
}

# Waits for a server that is up and says so
sub await
{
	my ($query, $expected, $claim) = @_;
	my $got = '';

	for (1 .. 600)
	{
		my ($rc, $out) = ask($node, 'postgres', $query);

		$got = $out // '';
		last if $rc == 0 && $got eq $expected;
		usleep(100_000);
	}
	is($got, $expected, $claim);
}

# How often the server has crashed
sub crashed
{
	my $n = () = slurp_file($node->logfile) =~ /all server processes terminated; reinitializing/g;

	return $n;
}

# How often since the last time
my $seen = 0;
sub crashes
{
	my ($expected, $claim) = @_;
	my $n = crashed();

	like($n - $seen, qr/^$expected$/, $claim);
	$seen = $n;
}

sql(q{
	CREATE EXTENSION hooks;
	CREATE TABLE t (id int, how text);
	CREATE TABLE done (n bigint GENERATED ALWAYS AS IDENTITY, hook text, id int, attempt int);
	CREATE PROCEDURE crash() LANGUAGE plpgsql AS $$
	BEGIN
	  EXECUTE format('COPY (SELECT 1) TO PROGRAM ''kill -9 %s; sleep 10''', pg_backend_pid());
	END $$;
	CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE r record;
	BEGIN
	  FOR r IN SELECT * FROM jsonb_to_recordset(event->'new') AS x(id int, how text) LOOP
	    IF r.how = 'crash' THEN
	      CALL crash();
	    ELSIF r.how = 'slow' THEN
	      PERFORM pg_sleep(1.5);
	    END IF;
	    INSERT INTO done (hook, id, attempt) VALUES (event->>'hook', r.id, (event->>'attempt')::int);
	  END LOOP;
	END $$;
	CREATE FUNCTION note(event jsonb) RETURNS void LANGUAGE sql AS $$
	  INSERT INTO done (hook, id, attempt)
	    SELECT event->>'hook', id, (event->>'attempt')::int FROM jsonb_to_recordset(event->'new') AS x(id int) $$;
	SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act', max_attempts => 5);
	SELECT hooks.register('beside', 'after_commit', 'insert', 't', 'note')});

my $done = q{SELECT string_agg(id || '.' || attempt, ' ' ORDER BY n) FROM done WHERE hook = 'h'};
my $waiting = 'SELECT hook, state, attempts, last_error FROM hooks.outbox ORDER BY 1, 2';

# Three crashes in its place, two as a retry
crash_after(q{INSERT INTO t VALUES (1); INSERT INTO t VALUES (2, 'crash'); INSERT INTO t VALUES (3)});
await($waiting, 'h|dead|5|57P02: the server crashed while the callback ran', 'dead after max_attempts');
is(sql($done), '1.1 3.1', 'the others are delivered, once');
is(sql(q{SELECT string_agg(id::text, ' ' ORDER BY n) FROM done WHERE hook = 'beside'}), '1 2 3', 'by another hook all');
crashes(5, 'one crash for each attempt');
sql(q{TRUNCATE done; INSERT INTO t VALUES (4)});
is(sql('SELECT hooks.flush()'), 't', 'the server stays up');
is(sql($done), '4.1', 'and delivers');

# Redelivered, it has as many attempts as a new one
sql(q{SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act', max_attempts => 1, replace => true)});
crash_after('SELECT hooks.redeliver(delivery_id) FROM hooks.outbox');
await($waiting, 'h|dead|1|57P02: the server crashed while the callback ran', 'a single attempt');
crashes(1, 'is a single crash');
sql('SELECT hooks.discard(delivery_id) FROM hooks.outbox; TRUNCATE done');
crash_after(q{INSERT INTO t VALUES (5, 'crash')});
await($waiting, 'h|dead|1|57P02: the server crashed while the callback ran', 'of a new one, too');
crashes(1, 'is a single crash');
sql('SELECT hooks.discard(delivery_id) FROM hooks.outbox; TRUNCATE done');

# isolate: it is tried no more, and hooks.failure has it
sql(q{SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act', on_error => 'isolate', replace => true)});
crash_after(q{INSERT INTO t VALUES (6, 'crash'); INSERT INTO t VALUES (7)});
await($done, '7.1', 'isolated');
is(sql(q{SELECT sqlstate, message FROM hooks.failure WHERE hook = 'h'}), '57P02|the server crashed while the callback ran', 'hooks.failure');
crashes(3, 'after three crashes');
is(sql($waiting), '', 'nothing waits');

# Somebody else crashes, while a callback is at work; or the server is shut down at once
sql(q{SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act', max_attempts => 2, replace => true)});
for my $id (10 .. 13)
{
	sql("INSERT INTO t VALUES ($id, 'slow')");
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
	if ($id < 12)
	{
		my $before = crashed();

		# the next session may come before the server knows of it
		ask($node, 'postgres', 'CALL crash()');
		for (1 .. 600) { last if crashed() > $before; usleep(100_000); }
		await('SELECT 1', '1', 'crash of a client');
	}
	else
	{
		$node->stop('immediate');
		$node->start;
	}
}
await($done, '7.1 10.1 11.1 12.1 13.1', 'no attempt is counted');

# A worker that somebody else kills: the delivery keeps its place
sql(q{SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act', replace => true)});
sql(q{TRUNCATE done; INSERT INTO t VALUES (20, 'slow'); INSERT INTO t VALUES (21)});
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
kill 'KILL', sql(q{SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
await($done, '20.2 21.1', 'a worker that was killed');

# What crashes when the portion commits is found, and only that fails
sql(q{
	TRUNCATE done;
	CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN CALL crash(); RETURN NULL; END';
	CREATE CONSTRAINT TRIGGER late AFTER INSERT ON done DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = 32) EXECUTE FUNCTION late();
	SELECT hooks.unregister('beside');
	SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act', max_attempts => 2, replace => true)});
crashes(3, 'so far');
crash_after(q{INSERT INTO t VALUES (30); INSERT INTO t VALUES (31); INSERT INTO t VALUES (32); INSERT INTO t VALUES (33)});
await($waiting, 'h|dead|2|57P02: the server crashed while the callback ran', 'a crash at commit');
is(sql($done), '30.1 31.1 33.1', 'the others are delivered, once');
crashes('[34]', 'one for each attempt, and one for each portion of several');

# Without preload the next session that delivers counts it
sql(q{SELECT hooks.discard(delivery_id) FROM hooks.outbox; DROP TRIGGER late ON done; TRUNCATE done});
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
crash_after(q{INSERT INTO t VALUES (40, 'crash'); INSERT INTO t VALUES (41)});
for (1 .. 600)
{
	my (undef, $out) = ask($node, 'postgres', "SELECT hooks.flush('1 s'); $waiting");

	last if ($out // '') =~ /dead/;
	usleep(100_000);
}
is(sql($waiting), 'h|dead|2|57P02: the server crashed while the callback ran', 'without preload');
is(sql($done), '41.1', 'without preload the other is delivered');
unlike(slurp_file($node->logfile), qr/could not use file/, 'the file that counts crashes could be used');

$node->stop;
done_testing();
