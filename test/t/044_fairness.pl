# Nobody's deliveries wait for ever while others are busy: owners take turns when
# there are fewer workers than owners, retries do not wait for the end of a busy
# log, nor the log for retries.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', conf => q{
	hooks.max_workers = 1
	hooks.retry_delay = '100 ms'
});

sub sql { return $node->safe_psql('postgres', $_[0]); }

sql(q{
	CREATE EXTENSION hooks;
	CREATE ROLE busy LOGIN;
	CREATE ROLE modest LOGIN;
	CREATE TABLE t (id int);
	CREATE TABLE u (id int);
	CREATE TABLE done (n bigint GENERATED ALWAYS AS IDENTITY, hook text, id int);
	CREATE TABLE fails (id int);
	GRANT ALL ON t, u, done, fails TO busy, modest;
	GRANT CREATE ON SCHEMA public TO busy, modest;
	CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE n int = event->'new'->0->>'id';
	BEGIN
	  PERFORM pg_sleep(0.03);
	  IF event->>'attempt' = '1' AND EXISTS (SELECT FROM public.fails WHERE id = n) THEN
	    RAISE 'once';
	  END IF;
	  INSERT INTO public.done (hook, id) VALUES (event->>'hook', n);
	END $$;
	SET ROLE busy;
	SELECT hooks.register('busy', 'after_commit', 'insert', 't', 'act');
	SET ROLE modest;
	SELECT hooks.register('modest', 'after_commit', 'insert', 'u', 'act')});

my $stream = q{DO $$ BEGIN FOR i IN 1 .. 200 LOOP INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$};

# One place, and two owners
sql($stream);
sql('INSERT INTO u VALUES (1)');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM done WHERE hook = 'modest'}), 'another owner gets the place');
cmp_ok(sql(q{SELECT count(*) FROM done WHERE hook = 'busy'}), '<', 200, 'before all is done');
sql('INSERT INTO u VALUES (2)');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM done WHERE hook = 'modest'}), 'and again');
cmp_ok(sql(q{SELECT count(*) FROM done WHERE hook = 'busy'}), '<', 200, 'before all is done');
is(sql(q{SELECT hooks.flush('1 min')}), 't', 'all is done in the end');
is(sql(q{SELECT count(*) = 200 AND bool_and(id = place) FROM (SELECT id, row_number() OVER (ORDER BY n) AS place FROM done WHERE hook = 'busy') x}),
	't', 'in its order, once');

# Retries in a busy log
sql('TRUNCATE done; INSERT INTO fails VALUES (1), (2), (3)');
sql($stream);
is(sql(q{SELECT hooks.flush('1 min')}), 't', 'all is done once more');
is(sql('SELECT count(*) FROM done WHERE id > 3'), '197', 'all of the log');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 200 FROM done'), 'and the retries');
cmp_ok(sql('SELECT max(place) FROM (SELECT id, row_number() OVER (ORDER BY n) AS place FROM done) x WHERE id <= 3'), '<', 100,
	'which came before the end of the log');

# A log with many retries
sql('TRUNCATE done; INSERT INTO fails SELECT generate_series(4, 150)');
sql($stream);
ok($node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM done WHERE id = 200'), 'retries do not hold back the log');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 200 AND count(DISTINCT id) = 200 FROM done'), 'all is done, once');

# A place that becomes free is for who waits for it, not for who commits in that moment.
# The launcher is stopped, so that the moment lasts.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'hooks'");
$node->restart;
sql(q{
	CREATE TABLE v (id int);
	GRANT ALL ON v TO busy;
	CREATE FUNCTION hold(event jsonb) RETURNS void LANGUAGE sql AS 'SELECT pg_advisory_xact_lock(7)';
	SET ROLE busy;
	SELECT hooks.register('hold', 'after_commit', 'insert', 'v', 'hold')});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hooks launcher'}), 'a launcher');
my $launcher = sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'hooks launcher'});
my $holder = $node->background_psql('postgres');
$holder->query_safe('SELECT pg_advisory_lock(7)');
sql('INSERT INTO v VALUES (1)');
ok($node->poll_query_until('postgres', q{
	SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hooks worker' AND wait_event = 'advisory' AND now() > backend_start + '1.5 s'}),
	'an owner has had the place for long');
kill 'STOP', $launcher;
sql('INSERT INTO u VALUES (1000)');
$holder->query_safe('SELECT pg_advisory_unlock(7)');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'hooks worker'}), 'it gives the place away');
$holder->query_safe('SELECT pg_advisory_lock(7)');
sql('INSERT INTO v VALUES (2)');
kill 'CONT', $launcher;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM done WHERE hook = 'modest' AND id = 1000}), 'to who waited for it');
$holder->query_safe('SELECT pg_advisory_unlock(7)');
$holder->quit;
is(sql(q{SELECT hooks.flush('1 min')}), 't', '... and gets it back');

$node->stop;
done_testing();
