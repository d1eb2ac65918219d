# Prepared transactions: what hooks did, and what happened to hooks, is
# committed or rolled back with them, by whatever session, across a crash too.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', conf => 'max_prepared_transactions = 5');

sub sql { return $node->safe_psql('postgres', $_[0]); }

sql(q{
	CREATE EXTENSION hooks;
	CREATE TABLE parent (id int PRIMARY KEY);
	CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE);
	CREATE TABLE fired (id bigint GENERATED ALWAYS AS IDENTITY, hook text, rows text);
	INSERT INTO parent SELECT g FROM generate_series(1, 9) g;
	INSERT INTO child SELECT g, g FROM generate_series(1, 9) g;

	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO fired (hook, rows)
	  SELECT TG_NAME, string_agg(id::text, ',' ORDER BY id) FROM old_table;
	  RETURN NULL;
	END $$;
	CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  RAISE 'broken';
	END $$;

	SELECT hooks.register('parent_doomed', 'before_cascade', 'delete', 'parent', 'note');
	SELECT hooks.register('child_doomed', 'before_cascade', 'delete', 'child', 'note');
	SELECT hooks.register('broken', 'before_cascade', 'delete', 'child', 'broken', on_error => 'isolate');
});

my $fired = 'SELECT hook, rows FROM fired ORDER BY id';

# A cascade with hooks, prepared; the session goes on
sql(q{
	BEGIN;
	DELETE FROM parent WHERE id <= 2;
	PREPARE TRANSACTION 'one';
	DELETE FROM parent WHERE id = 3});
is(sql($fired), "parent_doomed|3\nchild_doomed|3", 'the next transaction of the session has its own rows only');
is(sql('SELECT count(*) FROM hooks.failure'), 1, '... and its own failure');

sql(q{COMMIT PREPARED 'one'});
is( sql($fired),
	"parent_doomed|1,2\nchild_doomed|1,2\nparent_doomed|3\nchild_doomed|3",
	'COMMIT PREPARED in another session makes the firings visible');
is(sql('SELECT count(*) FROM hooks.failure'), 2, '... and the isolated failure');

# Rolled back
sql(q{
	TRUNCATE fired;
	BEGIN;
	DELETE FROM parent WHERE id = 4;
	PREPARE TRANSACTION 'two'});
sql(q{ROLLBACK PREPARED 'two'});
is(sql($fired), '', 'ROLLBACK PREPARED takes the firings back');
is(sql('SELECT count(*) FROM hooks.failure'), 2, '... and the failure');
is(sql('SELECT count(*) FROM child WHERE id = 4'), 1, '... and the delete');

# Across a crash
sql(q{
	BEGIN;
	DELETE FROM parent WHERE id = 5;
	PREPARE TRANSACTION 'three'});
$node->stop('immediate');
$node->start;
sql(q{COMMIT PREPARED 'three'});
is(sql($fired), "parent_doomed|5\nchild_doomed|5", 'a prepared cascade survives a crash');

# A registration: in force when it is committed
sql(q{
	TRUNCATE fired;
	BEGIN;
	SELECT hooks.register('second', 'before_cascade', 'delete', 'child', 'note');
	SELECT hooks.disable('child_doomed');
	PREPARE TRANSACTION 'four'});
my $session = $node->background_psql('postgres');
$session->query_safe('SET client_min_messages = error');
$session->query_safe('DELETE FROM parent WHERE id = 6');
is(sql($fired), "parent_doomed|6\nchild_doomed|6", 'a prepared change of hooks is not in force');
sql(q{TRUNCATE fired; COMMIT PREPARED 'four'});
$session->query_safe('DELETE FROM parent WHERE id = 7');
is(sql($fired), "parent_doomed|7\nsecond|7", 'COMMIT PREPARED puts it in force in a running session');

# A pause ends where the session leaves the transaction
$session->query_safe(q{
	TRUNCATE fired;
	BEGIN;
	SELECT hooks.pause('parent_doomed', 'import');
	DELETE FROM parent WHERE id = 8;
	PREPARE TRANSACTION 'five'});
$session->query_safe(q{COMMIT PREPARED 'five'});
$session->query_safe('DELETE FROM parent WHERE id = 9');
is(sql($fired), "second|8\nparent_doomed|9\nsecond|9", 'a pause ends with PREPARE TRANSACTION');
$session->quit;

$node->stop;
done_testing();
