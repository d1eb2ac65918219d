# A crash of the server: registered hooks survive it and fire, a registration
# that was not committed is gone and has left no trigger.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

sub sql { return $node->safe_psql('postgres', $_[0]); }

sql(q{
	CREATE EXTENSION hooks;
	CREATE TABLE parent (id int PRIMARY KEY);
	CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE);
	INSERT INTO parent SELECT g FROM generate_series(1, 6) g;
	INSERT INTO child SELECT g, g FROM generate_series(1, 6) g;
	CREATE TABLE fired (id bigint GENERATED ALWAYS AS IDENTITY, hook text, rows text, dependents bigint);

	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO fired (hook, rows, dependents)
	  SELECT TG_NAME, string_agg(o.id::text, ',' ORDER BY o.id),
	         (SELECT count(*) FROM child JOIN old_table p ON p.id = child.parent_id WHERE TG_TABLE_NAME = 'parent')
	    FROM old_table o;
	  RETURN NULL;
	END $$;
	CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  RAISE 'broken';
	END $$;

	SELECT hooks.register('parent_doomed', 'before_cascade', 'delete', 'parent', 'note');
	SELECT hooks.register('child_doomed', 'before_cascade', 'delete', 'child', 'note');
	SELECT hooks.register('broken', 'before_cascade', 'delete', 'parent', 'broken', on_error => 'isolate');
});

my $state = q{
	SELECT name FROM hooks.registry
	UNION ALL
	SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger WHERE tgname ~* '^hooks_'
	ORDER BY 1};
my $before = sql($state);

# A session that is in the middle of everything, with its changes on disk
my $session = $node->background_psql('postgres');
$session->query_safe(q{
	BEGIN;
	SELECT hooks.register('uncommitted', 'after', 'insert', 'parent', 'broken');
	SELECT hooks.register('on_own_table', 'before', 'insert', 'fired', 'broken');
	SELECT hooks.unregister('child_doomed');
	SELECT hooks.disable('parent_doomed')});
isnt($session->query_safe($state), $before, 'the session has changed hooks and triggers');
sql('CHECKPOINT');
is(sql($state), $before, 'others do not see that');

$node->stop('immediate');
$session->{run}->finish;
$node->start;

is(sql($state), $before, 'registry and triggers are as they were committed');
sql('DELETE FROM parent WHERE id <= 3');
is( sql('SELECT hook, rows, dependents FROM fired ORDER BY id'),
	"parent_doomed|1,2,3|3\nchild_doomed|1,2,3|0",
	'the hooks fire, each once, with all rows, before the cascade');
is(sql('SELECT count(*) FROM hooks.failure'), 1, 'an isolated failure is isolated');

# What was committed a moment before the crash, and nothing later
sql(q{SELECT hooks.disable('child_doomed')});
$node->stop('immediate');
$node->start;

sql('TRUNCATE fired; DELETE FROM parent WHERE id = 4');
is(sql('SELECT hook, rows FROM fired ORDER BY id'), 'parent_doomed|4', 'a disabled hook is still disabled');
is(sql('SELECT count(*) FROM hooks.failure'), 2, 'failures are kept');
is( sql(q{SELECT hooks.register('uncommitted', 'after', 'insert', 'parent', 'note', level => 'statement')}),
	't', 'the name of a registration that was lost is free');
is(sql(q{SELECT count(DISTINCT hook_id) = count(*) FROM hooks.registry}), 't', 'hook ids are not used twice');

$node->stop;
done_testing();
