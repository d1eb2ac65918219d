# A batch that does not fit into work_mem goes to disk; where it may not, the
# statement fails with 53400, and all is there.
#
# 100,000 rows, 1,000,000 with HOOKS_FAULTS=all.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use Test::More;

my $rows = ($ENV{HOOKS_FAULTS} // '') eq 'all' ? 1_000_000 : 100_000;
my $node = start_node('main', conf => qq{
	shared_preload_libraries = 'hooks'
	work_mem = '64kB'
	maintenance_work_mem = '1MB'
	autovacuum = off
	hooks.failures_kept = 10
});

sub sql { return $node->safe_psql('postgres', $_[0]); }

sql(qq{
	CREATE EXTENSION hooks;
	CREATE TABLE parent (id int PRIMARY KEY);
	CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE, v text);
	CREATE TABLE told (hook text, n bigint, total bigint);
	CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
	  'BEGIN INSERT INTO told SELECT TG_NAME, count(*), sum(id) FROM old_table; RETURN NULL; END';
	CREATE FUNCTION tell_doomed() RETURNS trigger LANGUAGE plpgsql AS
	  'BEGIN INSERT INTO told SELECT TG_NAME, count(*), sum(id) FROM hooks.doomed(NULL::child); RETURN NULL; END';
	CREATE FUNCTION deliver(event jsonb) RETURNS void LANGUAGE sql AS
	  'INSERT INTO told SELECT ''deliver'', count(*), sum((e->>''id'')::int) FROM jsonb_array_elements(event->''old'') e';
	INSERT INTO parent VALUES (1);
	INSERT INTO child SELECT i, 1, 'row ' || i FROM generate_series(1, $rows) i;
	CREATE INDEX ON child (parent);
	SELECT hooks.register('cascade', 'before_cascade', 'delete', 'child', 'tell');
	SELECT hooks.register('some', 'before_cascade', 'delete', 'child', 'tell', condition => 'OLD.id > 10');
	SELECT hooks.register('closure', 'before_closure', 'delete', 'child', 'tell');
	SELECT hooks.register('doomed', 'before_cascade', 'delete', 'parent', 'tell_doomed');
	SELECT hooks.register('keep', 'before_cascade', 'delete', 'parent', 'hooks.keep');
	SELECT hooks.register('after', 'after', 'delete', 'child', 'tell', level => 'statement', on_error => 'abort');
	SELECT hooks.register('deliver', 'after_commit', 'delete', 'child', 'deliver')});

# Too little room for temporary files
is(sqlstate($node, 'postgres', "SET temp_file_limit = '500kB'; DELETE FROM parent"), '53400', 'temp_file_limit');
is(sql('SELECT count(*), (SELECT count(*) FROM told), (SELECT count(*) FROM hooks.kept) FROM child'), "$rows|0|0", 'all is there');

# No policy swallows that, as who deletes can bring it about
sql(q{SELECT hooks.register(name, phase, action, 'child', 'tell', on_error => 'isolate', replace => true)
	FROM hooks.registry WHERE name IN ('cascade', 'closure');
	SELECT hooks.unregister(name) FROM hooks.registry WHERE name IN ('some', 'doomed', 'keep', 'after', 'deliver')});
is(sqlstate($node, 'postgres', "SET temp_file_limit = '500kB'; DELETE FROM parent"), '53400', 'isolated');
is(sql('SELECT count(*), (SELECT count(*) FROM told), (SELECT count(*) FROM hooks.failure) FROM child'), "$rows|0|0", 'all is there');

sql(q{
	SELECT hooks.register('some', 'before_cascade', 'delete', 'child', 'tell', condition => 'OLD.id > 10');
	SELECT hooks.register('doomed', 'before_cascade', 'delete', 'parent', 'tell_doomed');
	SELECT hooks.register('keep', 'before_cascade', 'delete', 'parent', 'hooks.keep');
	SELECT hooks.register('after', 'after', 'delete', 'child', 'tell', level => 'statement', on_error => 'abort');
	SELECT hooks.register('deliver', 'after_commit', 'delete', 'child', 'deliver');
	DELETE FROM parent});
is(sql('SELECT hooks.flush()'), 't', 'delivered');
my $total = $rows * ($rows + 1) / 2;
is(sql('SELECT hook, sum(n), sum(total) FROM told GROUP BY 1 ORDER BY 1'),
	join("\n", "after|$rows|$total", "cascade|$rows|$total", "closure|$rows|$total", "deliver|$rows|$total", "doomed|$rows|$total",
		'some|' . ($rows - 10) . '|' . ($total - 55)), 'all have all rows');
is(sql('SELECT count(hooks.restore(kept_id)) FROM hooks.kept; SELECT count(*) FROM child'), "1\n$rows", 'restored');
$node->stop;
done_testing();
