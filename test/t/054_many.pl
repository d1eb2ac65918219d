# Many hooks, many tables under one hook, and a long cascade: nothing fails for
# their number, or it fails with 53200 or 54001 and the session goes on.
#
# Fewer than HOOKS_FAULTS=all tries: 10,000 hooks, 1,000 tables, 1,000 levels.
# Writes how long things take.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use Test::More;
use Time::HiRes qw(time);

my $all = ($ENV{HOOKS_FAULTS} // '') eq 'all';
my ($hooks, $tables, $levels) = $all ? (10_000, 1_000, 1_000) : (1_000, 100, 200);
my $node = start_node('main', conf => "shared_preload_libraries = 'hooks'\nmax_locks_per_transaction = 1000\nfsync = off\n");

# The result of statements, and how long the last one took
sub timed
{
	my ($what, $sql, $before) = @_;
	my (undef, $out) = $node->psql('postgres', "SET client_min_messages = error;\n" . ($before // '') . "\n\\timing on\n$sql", on_error_die => 1);
	my @ms = $out =~ /Time: ([\d.]+) ms/g;

	note(sprintf '%s: %.1f ms', $what, $ms[-1]);
	return $out =~ s/^Time.*\n?//gmr =~ s/\n\z//r;
}
sub sql { return $node->safe_psql('postgres', $_[0]); }

sql(q{
	CREATE EXTENSION hooks;
	CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(NEW, OLD); END';
	CREATE TABLE told (hook text, n bigint);
	CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
	  'BEGIN INSERT INTO told SELECT TG_NAME, count(*) FROM old_table; RETURN NULL; END'});

# One wide hook
sql(qq{CREATE SCHEMA wide; DO \$\$ BEGIN
	FOR i IN 1 .. $tables LOOP EXECUTE format('CREATE TABLE wide.t%s (id int)', i); END LOOP; END \$\$});
is(timed("a hook on $tables tables", q{SELECT hooks.register('wide', 'before_cascade', 'delete', NULL, 'tell', schema => 'wide')}), 't', 'wide');
timed('a table more', 'CREATE TABLE wide.more (id int)');
is(sql(q{INSERT INTO wide.more VALUES (1), (2); DELETE FROM wide.more; SELECT * FROM told}), 'wide|2', 'it has the hook');
is(timed('repair', 'SELECT hooks.repair()'), 0, 'nothing to mend');
is(timed('gone', q{SELECT hooks.unregister('wide')}), 't', 'unregistered');
is(sql(q{SELECT count(*) FROM pg_trigger WHERE tgfoid = 'hooks.dispatch'::regproc}), 0, 'with all triggers');
sql('DROP SCHEMA wide CASCADE');

# Many hooks on some tables: a table without is as before
sql(q{CREATE SCHEMA many; DO $$ BEGIN FOR i IN 0 .. 99 LOOP EXECUTE format('CREATE TABLE many.t%s (id int)', i); END LOOP; END $$; CREATE TABLE idle (id int)});
is(timed("$hooks hooks", "SELECT count(hooks.register('h' || i, 'before', 'insert', ('many.t' || i % 100)::regclass, 'pass')) FROM generate_series(1, $hooks) i"), $hooks, 'registered');
is(timed('one more', q{SELECT hooks.register('one', 'before', 'insert', 'idle', 'pass')}), 't', 'one more');
timed('insert of 10,000 where there is no hook', 'INSERT INTO idle SELECT generate_series(1, 10000)', q{SELECT hooks.unregister('one');});
timed('insert where there are ' . $hooks / 100, 'INSERT INTO many.t1 VALUES (2)', 'INSERT INTO many.t1 VALUES (1);');
is(timed('check', 'SELECT count(*) FROM hooks.check()'), 0, 'check');
is(timed('repair', 'SELECT hooks.repair()'), 0, 'repair');
is(timed('script', 'SELECT count(*) FROM hooks.script()'), $hooks, 'script');
timed('all gone', "SELECT count(hooks.unregister(name)) FROM hooks.registry");
is(sql('SELECT count(*) FROM hooks.registry'), 0, 'all gone');

# A long cascade, with a hook at its end
sql(qq{CREATE SCHEMA levels; DO \$\$ BEGIN
	CREATE TABLE levels.t0 (id int PRIMARY KEY);
	FOR i IN 1 .. $levels LOOP EXECUTE format('CREATE TABLE levels.t%s (id int PRIMARY KEY REFERENCES levels.t%s ON DELETE CASCADE)', i, i - 1); END LOOP;
	FOR i IN 0 .. $levels LOOP EXECUTE format('INSERT INTO levels.t%s VALUES (1), (2), (3), (4)', i); END LOOP; END \$\$});
is(timed("a hook below $levels levels", qq{SELECT hooks.register('last', 'before_cascade', 'delete', 'levels.t$levels', 'tell')}), 't', 'the last level');
sql('TRUNCATE told');
timed('a delete, the first of a session', 'DELETE FROM levels.t0 WHERE id = 1');
timed('another', 'DELETE FROM levels.t0 WHERE id = 3', 'DELETE FROM levels.t0 WHERE id = 2;');
is(sql('SELECT * FROM told'), "last|1\nlast|1\nlast|1", 'each fires it');
is(sql(qq{SELECT count(*) FROM levels.t$levels}), 1, 'and all goes');
is(timed('preview', q{SELECT count(*) FROM hooks.preview_delete('levels.t0')}), $levels + 1, 'preview');
sql(qq{SELECT hooks.register('last', 'before_closure', 'delete', 'levels.t$levels', 'tell', replace => true)});
sql(qq{SELECT hooks.register('keep', 'before_cascade', 'delete', 'levels.t0', 'hooks.keep')});
timed('closure and keep', 'DELETE FROM levels.t0');
is(sql('SELECT sum(n) FROM told'), 4, 'closure');
is(timed('restore', 'SELECT count(hooks.restore(kept_id)) FROM hooks.kept'), 1, 'restored');
is(sql(qq{SELECT count(*) FROM levels.t$levels}), 1, 'to the last level');

# With little stack: as many levels as there is room for, else a clean error
is(sqlstate($node, 'postgres', q{SET max_stack_depth = '100kB'; DELETE FROM levels.t0}) =~ /^(none|54001)$/ ? 1 : 0, 1, 'with a small stack');
is(sql('SELECT count(*) IN (0, 1) FROM levels.t0'), 't', 'the server goes on');
$node->stop;
done_testing();
