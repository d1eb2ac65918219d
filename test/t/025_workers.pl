# Workers: started by the first commit, without preload; gone when idle, so that
# nothing of the extension keeps a database in use; woken by COMMIT PREPARED; with
# preload started again after a restart, and on a standby after its promotion.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', allows_streaming => 1, conf => q{
	max_prepared_transactions = 5
	hooks.worker_idle = '200 ms'
	hooks.retry_delay = '300 ms'
});

sub sql { return $node->safe_psql('app', $_[0]); }

# What was delivered, once it is so
sub delivered
{
	my ($server, $ids, $claim) = @_;

	$server->poll_query_until('app', q{SELECT string_agg(id::text, ',' ORDER BY id) FROM done}, $ids);
	is($server->safe_psql('app', q{SELECT string_agg(id::text, ',' ORDER BY id) FROM done}), $ids, $claim);
}

sub no_workers
{
	my ($claim) = @_;

	ok($node->poll_query_until('postgres', q{
		SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'hooks worker'}), $claim);
}

# Workers are there, or are not, for all sessions from now on
sub switch_workers
{
	my ($to) = @_;

	$node->append_conf('postgresql.conf', "hooks.workers = $to");
	$node->reload;
	$node->poll_query_until('app', 'SHOW hooks.workers', $to);
}

$node->safe_psql('postgres', 'CREATE DATABASE app');
sql(q{
	CREATE EXTENSION hooks;
	CREATE ROLE owner LOGIN;
	CREATE ROLE second LOGIN;
	CREATE TABLE t (id int, pause float DEFAULT 0);
	CREATE TABLE other (id int);
	CREATE TABLE done (id int, session name, at timestamptz DEFAULT clock_timestamp());
	GRANT ALL ON t, other, done TO owner, second;
	CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE r record;
	BEGIN
	  FOR r IN SELECT * FROM jsonb_to_recordset(event->'new') AS x(id int, pause float) LOOP
	    IF r.pause < 0 AND event->>'attempt' = '1' THEN
	      PERFORM pg_terminate_backend(pg_backend_pid());
	    END IF;
	    PERFORM pg_sleep(abs(r.pause));
	    INSERT INTO done (id, session) SELECT r.id, usename FROM pg_stat_activity WHERE pid = pg_backend_pid();
	  END LOOP;
	END $$;
	GRANT EXECUTE ON FUNCTION act TO owner;
	GRANT CREATE ON SCHEMA public TO owner;
	SET ROLE owner;
	SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act');
	SELECT hooks.register('h2', 'after_commit', 'insert', 'other', 'act')});

no_workers('there is none before there is something to do');
sql('INSERT INTO t VALUES (1)');
delivered($node, '1', 'the first commit starts one');
no_workers('which leaves when it is idle');
sql('ALTER ROLE owner SET default_transaction_read_only = on; INSERT INTO t VALUES (2)');
delivered($node, '1,2', 'and comes again, whatever the settings of its role');

# A role whose sessions end with the first error: an error of a callback is not one of these
no_workers('it leaves once more');
sql(q{
	ALTER ROLE owner SET exit_on_error = on;
	CREATE TABLE failing (id int);
	CREATE FUNCTION fails(event jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
	GRANT ALL ON failing TO owner;
	SET ROLE owner;
	SELECT hooks.register('f', 'after_commit', 'insert', 'failing', 'fails', max_attempts => 1);
	INSERT INTO failing VALUES (1)});
is(sql('SELECT hooks.flush()'), 't', 'what fails in a worker is settled');
is(sql('SELECT state, attempts, last_error FROM hooks.outbox'), 'dead|1|P0001: no', 'with its own error');
sql(q{SELECT hooks.unregister('f'); ALTER ROLE owner RESET exit_on_error});
no_workers('without that again');

# 2PC
sql(q{BEGIN; INSERT INTO t VALUES (3); PREPARE TRANSACTION 'p'});
is(sql('SELECT hooks.flush()'), 't', 'what is prepared is not waited for');
no_workers('nor does a worker');
sql(q{COMMIT PREPARED 'p'; SELECT hooks.context()});
is(sql('SELECT hooks.flush()'), 't', 'a flush finds it');
delivered($node, '1,2,3', 'what was prepared is delivered');
sql(q{BEGIN; INSERT INTO t VALUES (4); PREPARE TRANSACTION 'p'});
sql(q{LOAD 'hooks'; COMMIT PREPARED 'p'});
delivered($node, '1,2,3,4', 'COMMIT PREPARED wakes a worker');

# Those that end their session, and one that takes long
sql('INSERT INTO t VALUES (5, -0.001)');
delivered($node, '1,2,3,4,5', 'a callback that terminates its session is tried again');
is(sql('SELECT session FROM done WHERE id = 5'), 'owner', '... in one of the same role');
sql(q{
	CREATE TABLE ending (id int);
	CREATE TABLE go ();
	CREATE SEQUENCE runs;
	GRANT ALL ON ending, go, runs TO owner, second;
	CREATE FUNCTION ends(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
	  PERFORM nextval('runs');
	  WHILE NOT EXISTS (SELECT FROM go) LOOP
	    PERFORM pg_sleep(0.01);
	  END LOOP;
	  PERFORM pg_terminate_backend(pg_backend_pid());
	  PERFORM pg_sleep(60);
	END $$;
	SET ROLE owner;
	SELECT hooks.register('e1', 'after_commit', 'insert', 'ending', 'ends', max_attempts => 1);
	SET ROLE second;
	SELECT hooks.register('e2', 'after_commit', 'insert', 'ending', 'ends', max_attempts => 1);
	INSERT INTO ending VALUES (1)});
$node->poll_query_until('app', 'SELECT last_value FROM runs', '2');
switch_workers('off');
sql('INSERT INTO go DEFAULT VALUES');
no_workers('two that end theirs before one is told of it');
sql(q{SELECT hooks.disable('e1'); INSERT INTO other VALUES (0)});
switch_workers('on');
is(sql('SELECT hooks.flush()'), 't', 'one of them cannot be told of it yet');
is(sql('SELECT count(*) FROM done WHERE id = 0'), '1', '... which another delivery has no part in');
sql(q{DELETE FROM done WHERE id = 0; SELECT hooks.enable('e1')});
sql('SELECT hooks.flush()');
is(sql('SELECT hook, state, attempts FROM hooks.outbox ORDER BY hook'), "e1|dead|1\ne2|dead|1", 'both have failed');
is(sql('SELECT last_value FROM runs'), '2', '... once');
sql(q{SELECT hooks.unregister('e1'), hooks.unregister('e2')});

# One that ends it only when its deliveries commit
sql(q{
	CREATE TABLE later (id int);
	CREATE TABLE arrived (id int);
	GRANT ALL ON later, arrived TO owner;
	CREATE FUNCTION arrive(event jsonb) RETURNS void LANGUAGE sql AS $$
	  INSERT INTO arrived SELECT (event->'new'->0->>'id')::int $$;
	CREATE FUNCTION ends_later() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  IF NEW.id = 2 THEN
	    PERFORM pg_terminate_backend(pg_backend_pid());
	    PERFORM pg_sleep(60);
	  END IF;
	  RETURN NULL;
	END $$;
	CREATE CONSTRAINT TRIGGER ends AFTER INSERT ON arrived DEFERRABLE INITIALLY DEFERRED
	  FOR EACH ROW EXECUTE FUNCTION ends_later();
	SET ROLE owner;
	SELECT hooks.register('later', 'after_commit', 'insert', 'later', 'arrive', max_attempts => 2);
	BEGIN;
	INSERT INTO later VALUES (1);
	INSERT INTO later VALUES (2);
	INSERT INTO later VALUES (3);
	COMMIT});
ok($node->poll_query_until('app', q{SELECT count(*) = 1 FROM hooks.outbox WHERE state = 'dead'}), 'it ends at the commit');
is(sql(q{SELECT hook, state, attempts FROM hooks.outbox}), 'later|dead|2', '... and is dead after max_attempts');
is(sql(q{SELECT string_agg(id::text, ' ' ORDER BY id) FROM arrived}), '1 3', '... and the others are delivered');
sql(q{SELECT hooks.unregister('later')});

sql('INSERT INTO t VALUES (6, 4)');
sql('INSERT INTO other VALUES (7)');
delivered($node, '1,2,3,4,5,7', 'a hook that takes long does not hold up another');
delivered($node, '1,2,3,4,5,6,7', 'and is done in the end');

# Who gives a hook to another role asks for a worker of that role; here nobody else does.
# (REASSIGN OWNED fires no event trigger, so the library must be there.)
foreach my $change ('ALTER FUNCTION hooks_definition.h2 OWNER TO second', "LOAD 'hooks'; REASSIGN OWNED BY second TO owner")
{
	switch_workers('off');
	no_workers('switched off');
	sql('INSERT INTO other VALUES (0)');
	switch_workers('on');
	sql($change);
	ok($node->poll_query_until('app', 'SELECT count(*) = 1 FROM done WHERE id = 0'), $change);
	sql('DELETE FROM done WHERE id = 0');
}

# A role that cannot connect for a while
no_workers('idle');
my $log = -s $node->logfile;
my $refused = sql('SELECT clock_timestamp(); REVOKE CONNECT ON DATABASE app FROM PUBLIC; INSERT INTO other VALUES (0)');
$node->wait_for_log(qr/permission denied for database "app"/, $log);
sql('GRANT CONNECT ON DATABASE app TO PUBLIC');
ok($node->poll_query_until('app', 'SELECT count(*) = 1 FROM done WHERE id = 0'), 'a worker that could not connect is started again');
is(sql("SELECT at > timestamptz '$refused' + '1 s' FROM done WHERE id = 0"), 't', '... after a second');
sql('DELETE FROM done WHERE id = 0');

# A role that cannot log in any more when its worker starts
no_workers('idle');
sql(q{BEGIN; INSERT INTO other VALUES (0); PREPARE TRANSACTION 'p'});
sql('ALTER ROLE owner NOLOGIN');
sql(q{COMMIT PREPARED 'p'});
ok($node->poll_query_until('app', 'SELECT count(*) = 1 FROM done WHERE id = 0'), 'another one stands in for its worker');
sql('ALTER ROLE owner LOGIN; DELETE FROM done WHERE id = 0');

# Databases
no_workers('idle again');
sql('INSERT INTO t VALUES (8)');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE app');
$node->safe_psql('postgres', 'ALTER DATABASE copy RENAME TO copy2');
$node->safe_psql('copy2', 'INSERT INTO t VALUES (9)');
is($node->safe_psql('copy2', 'SELECT hooks.flush()'), 't', 'a copy of the database has workers of its own');
$node->safe_psql('postgres', 'DROP DATABASE copy2');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datname = 'copy2'}), '0',
	'nothing keeps a database in use');

$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE app');
$node->safe_psql('copy', 'INSERT INTO t VALUES (9, 60)');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'copy' AND wait_event = 'PgSleep'}),
	'a worker is busy');
my $gone = $node->safe_psql('postgres', q{SELECT oid FROM pg_database WHERE datname = 'copy'});
$log = -s $node->logfile;
$node->safe_psql('postgres', 'DROP DATABASE copy WITH (FORCE)');
$node->wait_for_log(qr/FATAL:  database $gone does not exist/, $log);
sleep 4;
is(scalar(() = slurp_file($node->logfile, $log) =~ /FATAL:  database $gone does not exist/g), 1,
	'of a database that is gone, nobody tries to connect again');

# Held back, after all else is delivered
sql('SELECT hooks.flush()');
$node->append_conf('postgresql.conf', 'hooks.workers = off');
$node->reload;
no_workers('switched off, there is none');
sql('INSERT INTO t VALUES (10)');
is(sql(q{SELECT hooks.flush('100 ms')}), 'f', 'and what is committed waits');
is(sql('SELECT count(*) FROM hooks.outbox'), '1', 'as hooks.outbox shows');

# A restart, with a standby beside it
$node->backup('base');
$node->append_conf('postgresql.conf', q{
	hooks.workers = on
	shared_preload_libraries = 'hooks'
});
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', q{
	hooks.workers = on
	shared_preload_libraries = 'hooks'
});
$standby->start;
is(sqlstate($standby, 'app', 'SELECT hooks.flush()'), '25006', 'a standby delivers nothing');
is(sqlstate($standby, 'app', 'SELECT hooks.redeliver(1)'), '25006', 'nor again');
$node->stop('immediate');
$standby->promote;
delivered($standby, '1,2,3,4,5,6,7,8,10', 'after promotion it does');
$standby->stop;
$node->start;
delivered($node, '1,2,3,4,5,6,7,8,10', 'after a restart the launcher starts a worker');
no_workers('which leaves');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'hooks launcher' AND datid IS NULL}),
	'1', 'the launcher stays, and has no database');

# What is kept for a time
switch_workers('off');
sql(q{
	CREATE TABLE bin (id int PRIMARY KEY);
	SELECT hooks.register('bin', 'before_cascade', 'delete', 'bin', 'hooks.keep', arguments => '{1 ms}');
	INSERT INTO bin VALUES (1);
	DELETE FROM bin});
is(sql('SELECT count(*) FROM hooks.kept'), '1', 'switched off, what is kept stays');
$node->append_conf('postgresql.conf', 'hooks.workers = on');
$node->restart;
ok($node->poll_query_until('app', 'SELECT count(*) = 0 FROM hooks.kept'), 'after a restart a worker forgets it');
sql(q{SELECT hooks.unregister('bin')});
no_workers('and leaves');

# The log is emptied when the last hook is gone, however short a worker stays;
# later, if somebody is in the way; and when the server has started
my $forget = q{
	SELECT hooks.register('last', 'after_commit', 'insert', 't', 'act');
	INSERT INTO t VALUES (1);
	SELECT hooks.flush('1 s');
	SELECT hooks.unregister('last')};
$log = q{SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relnamespace = 'hooks'::regnamespace AND relname ~ '^(log|position)_' AND relkind = 'r'};
$node->safe_psql('postgres', 'CREATE DATABASE forgotten');
$node->safe_psql('forgotten', q{
	CREATE EXTENSION hooks;
	CREATE TABLE t (id int);
	CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE sql AS ''});
$node->safe_psql('forgotten', $forget);
ok($node->poll_query_until('forgotten', $log, '0'), 'without a hook the log is emptied');
my $reader = $node->background_psql('forgotten');
$reader->query_safe('BEGIN; LOCK TABLE hooks.log_1, hooks.log_2, hooks.log_3 IN ACCESS SHARE MODE');
$node->safe_psql('forgotten', $forget);
no_workers('nobody waits for who reads it');
isnt($node->safe_psql('forgotten', $log), '0', 'it is left');
$reader->query_safe('COMMIT');
$reader->quit;
ok($node->poll_query_until('forgotten', $log, '0'), 'and emptied later');
switch_workers('off');
$node->safe_psql('forgotten', $forget);
isnt($node->safe_psql('forgotten', $log), '0', 'switched off, it is left');
$node->append_conf('postgresql.conf', 'hooks.workers = on');
$node->restart;
ok($node->poll_query_until('forgotten', $log, '0'), 'and emptied when the server has started');
no_workers('after which none stays');

# ... and if its only row is large, and nobody has come to it
$node->safe_psql('forgotten', q{
	CREATE TABLE large (x text);
	SELECT hooks.register('last', 'after_commit', 'insert', 'large', 'act');
	BEGIN;
	INSERT INTO large SELECT string_agg(md5(i::text), '') FROM generate_series(1, 150) i;
	SELECT hooks.disable('last');
	COMMIT;
	SELECT hooks.unregister('last')});
ok($node->poll_query_until('forgotten', $log, '0'), 'a large row is gone, too');

# It is one table that is written, however many hooks there are, until that is large
my $turn = 'SELECT last_value FROM hooks.log_turn';
my $before = $node->safe_psql('forgotten', $turn);
$node->safe_psql('forgotten', q{
	SELECT hooks.register('many' || i, 'after_commit', 'insert', 't', 'act') FROM generate_series(1, 10) i;
	DO $$ BEGIN FOR i IN 1 .. 40 LOOP INSERT INTO t VALUES (i); COMMIT; PERFORM hooks.flush(); COMMIT; END LOOP; END $$});
no_workers('all is delivered');
is($node->safe_psql('forgotten', $turn), $before, 'a small table of the log is written on');
$node->safe_psql('forgotten', q{SELECT hooks.unregister('many' || i) FROM generate_series(1, 10) i});

# One that has been quick is not taken for one that takes long: it stays alone.  On a busy
# machine it may have taken long the first times.
sql(q{
	CREATE TABLE quick (id int);
	CREATE FUNCTION quick(event jsonb) RETURNS void LANGUAGE sql AS '';
	GRANT ALL ON quick TO second;
	SET ROLE second;
	SELECT hooks.register('q1', 'after_commit', 'insert', 'quick', 'quick'), hooks.register('q2', 'after_commit', 'insert', 'quick', 'quick')});
$node->append_conf('postgresql.conf', "hooks.worker_idle = '2 s'");
$node->reload;
my $workers;
foreach (1 .. 5)
{
	sql('INSERT INTO quick VALUES (1); SELECT hooks.flush(); SELECT pg_sleep(0.5)');
	$workers = sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'hooks worker' AND usename = 'second'});
	last if $workers == 1;
	no_workers('once more');
}
is($workers, 1, 'a worker that has been quick stays alone');

# Nobody is woken for what others have to do: the worker of "owner" learns of changes to its
# hooks, and of what was prepared
my $worker_of = q{SELECT pg_sleep(0.3); SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'hooks worker' AND usename = };
no_workers('idle once more');
is(sql(q{
		SET ROLE owner;
		SELECT count(hooks.register('h3', 'after_commit', 'insert', 'other', 'act')) = 0;
		INSERT INTO other VALUES (0);
		SELECT hooks.flush();
		SELECT hooks.unregister('h3');
		INSERT INTO other VALUES (0);
		SELECT hooks.flush();
		RESET ROLE;} . "$worker_of 'second'"),
	"f\nt\nt\nt\n\n0", 'a change of hooks concerns their owner');
sql(q{
	DELETE FROM done WHERE id = 0;
	CREATE ROLE third LOGIN;
	GRANT ALL ON quick TO third;
	SET ROLE third;
	SELECT hooks.register('b3', 'before_commit', 'insert', 'quick', 'quick');
	RESET ROLE;
	BEGIN;
	INSERT INTO t VALUES (0);
	PREPARE TRANSACTION 'p';
	COMMIT PREPARED 'p'});
ok($node->poll_query_until('app', 'SELECT count(*) = 1 FROM done WHERE id = 0'), 'what was prepared is delivered');
is(sql("$worker_of 'third'"), "\n0", '... without those who have no after_commit hooks');
sql(q{DELETE FROM done WHERE id = 0; SELECT hooks.unregister('b3')});
sql(q{SELECT hooks.unregister('q1'), hooks.unregister('q2')});

# A full max_worker_processes
$node->append_conf('postgresql.conf', 'max_worker_processes = 1');
$node->restart;
sql('INSERT INTO t VALUES (11)');
is(sql(q{SELECT hooks.flush('500 ms')}), 'f', 'without a free worker process it waits');
is(sql('SELECT code, object FROM hooks.check()'), 'no_worker_process|h', 'hooks.check() says so');
$node->append_conf('postgresql.conf', "max_worker_processes = 8\nhooks.worker_idle = '1 h'");
$node->restart;
delivered($node, '1,2,3,4,5,6,7,8,10,11', 'until there is one');
sql('SELECT pg_sleep(1)');
ok($node->poll_query_until('forgotten', q{
	SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'hooks worker' AND datname = current_database()}), 'where nothing waits there is none');

$node->stop;
done_testing();
