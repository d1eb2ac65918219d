# Events of prepared transactions are delivered after COMMIT PREPARED, whatever
# session issues it: without preload, one that does not have the library; with
# preload, after a restart too.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', conf => q{
	max_prepared_transactions = 200
	hooks.worker_idle = '200 ms'
});

sub sql { return $node->safe_psql('postgres', $_[0]); }

# What is delivered, without a flush() that would wake somebody
sub delivered
{
	my ($ids, $claim) = @_;

	$node->poll_query_until('postgres', q{SELECT string_agg(id::text, ',' ORDER BY id) FROM done}, $ids);
	is(sql(q{SELECT string_agg(id::text, ',' ORDER BY id) FROM done}), $ids, $claim);
}

sub nobody
{
	my ($claim) = @_;

	ok($node->poll_query_until('postgres', q{
		SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'hooks%' AND backend_type <> 'hooks launcher'
		   OR backend_type = 'hooks launcher' AND current_setting('shared_preload_libraries') <> 'hooks'}), $claim);
}

sql(q{
	CREATE EXTENSION hooks;
	CREATE ROLE other;
	CREATE TABLE t (id int);
	CREATE TABLE done (id int);
	GRANT ALL ON t, done TO other;
	GRANT CREATE ON SCHEMA public TO other;
	CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE sql
	    AS 'INSERT INTO public.done SELECT id FROM jsonb_to_recordset($1->''new'') AS x(id int)';
	SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act')});
nobody('at first');

sql(q{BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p1'});
sql(q{BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'p2'});
sql(q{BEGIN; INSERT INTO t VALUES (3); PREPARE TRANSACTION 'p3'});
is(sql(q{SELECT count(*) FROM done}), '0', 'prepared is not committed');
sql(q{COMMIT PREPARED 'p2'});
delivered('2', 'committed by a session without the library');
sql(q{ROLLBACK PREPARED 'p1'});
sql(q{COMMIT PREPARED 'p3'});
delivered('2,3', 'rolled back is not delivered, and keeps nobody from what is');
nobody('and then nobody is left');

# Two owners, one of whom cannot log in; a savepoint that was taken back
sql(q{SET ROLE other; SELECT hooks.register('h2', 'after_commit', 'insert', 't', 'act')});
sql(q{BEGIN; SAVEPOINT s; INSERT INTO t VALUES (0); ROLLBACK TO s; INSERT INTO t VALUES (4); PREPARE TRANSACTION 'p4'});
sql(q{COMMIT PREPARED 'p4'});
delivered('2,3,4,4', 'to each owner');

# What is to be tried again
sql(q{
	ALTER TABLE done RENAME TO gone;
	SELECT hooks.unregister('h2');
	SELECT hooks.register('h', 'after_commit', 'insert', 't', 'act', max_attempts => 1, replace => true);
	INSERT INTO t VALUES (5)});
is(sql(q{SELECT hooks.flush()}), 't', 'it is dead');
sql(q{ALTER TABLE gone RENAME TO done});
sql(q{BEGIN; SELECT hooks.redeliver(delivery_id) FROM hooks.outbox; PREPARE TRANSACTION 'p5'});
sql(q{COMMIT PREPARED 'p5'});
delivered('2,3,4,4,5', 'redelivered in a prepared transaction');

# More than there is room for: the next commit finds them
sql(join(';', map { "BEGIN; INSERT INTO t VALUES (6); PREPARE TRANSACTION 'q$_'" } 1 .. 150));
sql("COMMIT PREPARED 'q$_'") for 1 .. 150;
sql('TRUNCATE done; INSERT INTO t VALUES (7)');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM done WHERE id = 7}), 'a commit after many prepared ones');
is(sql('SELECT count(*) FROM done WHERE id = 6') <= 150, 1, 'none twice');
is(sql('SELECT hooks.flush()'), 't', 'flush');
is(sql('SELECT count(*) FROM hooks.outbox'), '0', 'none is left');

# Without preload, across a restart: the next commit of an event finds it
sql(q{TRUNCATE done; BEGIN; INSERT INTO t VALUES (8); PREPARE TRANSACTION 'p8'});
$node->restart;
sql(q{COMMIT PREPARED 'p8'});
sql(q{INSERT INTO t VALUES (9)});
delivered('8,9', 'across a restart');

# With preload
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'hooks'");
sql(q{TRUNCATE done; BEGIN; INSERT INTO t VALUES (10); PREPARE TRANSACTION 'p10'});
$node->restart;
nobody('with preload nothing waits');
sql(q{COMMIT PREPARED 'p10'});
delivered('10', 'with preload, across a restart');
sql(q{BEGIN; INSERT INTO t VALUES (11); PREPARE TRANSACTION 'p11'});
sql(q{COMMIT PREPARED 'p11'});
delivered('10,11', 'with preload');

$node->stop;
done_testing();
