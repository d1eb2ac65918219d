# pg_dump for who is no superuser: it works, and takes of the recycle bin what the
# role may read; a superuser's takes all.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

my $file = $node->basedir . '/dump';

$node->safe_psql('postgres', q{
	CREATE ROLE app LOGIN; CREATE ROLE guest LOGIN;
	CREATE DATABASE origin OWNER app});
$node->safe_psql(
	'origin', q{
	CREATE EXTENSION hooks;
	CREATE SCHEMA secret;
	CREATE TABLE secret.hidden (id int PRIMARY KEY, note text);
	INSERT INTO secret.hidden SELECT g, 'top secret ' || g FROM generate_series(1, 3) g;
	SELECT hooks.register('hidden', 'before_cascade', 'delete', 'secret.hidden', 'hooks.keep');
	-- large, so that it is stored apart from its row
	INSERT INTO secret.hidden VALUES (4, (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 1000) g));
	GRANT CREATE ON SCHEMA public TO app;
	GRANT SELECT ON hooks.registry TO app;
	SET ROLE app;
	CREATE TABLE parent (id int PRIMARY KEY, note text);
	CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
	INSERT INTO parent SELECT g, 'of app ' || g FROM generate_series(1, 4) g;
	INSERT INTO child SELECT g, g FROM generate_series(1, 4) g;
	SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep');
	DELETE FROM parent WHERE id = 1;
	DELETE FROM parent WHERE id = 2;
	SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
	RESET ROLE;
	DELETE FROM secret.hidden;
	SELECT hooks.unregister('hidden');
	-- one that app may read in part
	CREATE TABLE secret.mixed (parent int REFERENCES parent ON DELETE CASCADE, note text);
	INSERT INTO secret.mixed VALUES (3, 'top secret of 3');
	SELECT hooks.unregister('bin');
	SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep');
	DELETE FROM parent WHERE id = 3});

sub sql
{
	my ($database, $sql) = @_;
	return $node->safe_psql($database, $sql);
}

# A dump by a role; its text
sub dump_as
{
	my ($role, @options) = @_;

	$node->command_ok([ 'pg_dump', '-U', $role, '-f', $file, @options, '-d', $node->connstr('origin') ],
		"pg_dump @options as $role");
	return slurp_file($file);
}

# The dump in hand, loaded into a new database
sub load
{
	my ($database) = @_;

	sql('postgres', "DROP DATABASE IF EXISTS $database");
	sql('postgres', "CREATE DATABASE $database");
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr($database) ],
		"... loads");
}

my $all = q{SELECT count(*), count(*) FILTER (WHERE restored_at IS NOT NULL) FROM hooks.kept};
my $rows = q{SELECT count(*), sum(rows) FROM hooks.kept_row};
my $own = q{SELECT hooks.restore(kept_id) FROM hooks.kept WHERE relation = 'parent'::regclass AND restored_at IS NULL ORDER BY kept_id LIMIT 1};

is(sql('origin', $all), '4|1', 'four cascades are kept, one was restored');

# Everything that the owner of the database may dump in one go
foreach my $options ([], ['--inserts'])
{
	my $text = dump_as('app', '-T', 'secret.*', @$options);

	unlike($text, qr/top secret/, '... has nothing that the role may not read');
	like($text, qr/of app 1/, '... but what it may');
	load('loaded');
	is(sql('loaded', $all), '2|1', '... whole cascades only');
	is(sql('loaded', $rows), '2|2', '... with their rows');
	is(sql('loaded', $own), '2', '... which can be put back');
	is(sql('loaded', 'SELECT count(*) FROM hooks.kept_dump'), '0', '... and no row is where all can read it');
	is(sql('loaded', q{DELETE FROM parent WHERE id = 4; SELECT max(kept_id) > 4 FROM hooks.kept}),
		't', '... and new numbers come after the old ones');
}
unlike(dump_as('app', '-s', '-T', 'secret.*'), qr/^(COPY|INSERT)/m, '... without data');
dump_as('app', '-n', 'public');
dump_as('app', '-a', '-T', 'secret.*');

# Row-level security hides rows from who does not own the table
sql('origin', q{GRANT SELECT ON parent, child TO guest});
like(dump_as('guest', '-T', 'secret.*'), qr/of app 1/, '... of what was granted');
sql('origin', q{ALTER TABLE child ENABLE ROW LEVEL SECURITY});
$node->command_ok([ 'pg_dump', '-U', 'guest', '-f', $file, '-T', 'secret.*', '-T', 'child', '-d', $node->connstr('origin') ],
	'... a table behind row-level security is left out');
unlike(slurp_file($file), qr/of app 1$/m, '... and what was kept of it with it');
is( sql('origin', q{SET ROLE guest; SELECT count(*) FROM hooks.kept_readable()}), '0',
	'the function that pg_dump calls gives nothing more');
sql('origin', q{ALTER TABLE child DISABLE ROW LEVEL SECURITY});
is( sql('origin', q{BEGIN; DROP TABLE secret.mixed, secret.hidden; SET ROLE app; SELECT count(*) FROM hooks.kept_readable() WHERE data ~ 'secret'; ROLLBACK}),
	'0', '... nor of tables that are gone');

# A superuser's dump has all
$node->command_ok([ 'pg_dump', '-f', $file, $node->connstr('origin') ], 'pg_dump as a superuser');
load('loaded');
is(sql('loaded', $all), '4|1', '... all cascades');
is(sql('loaded', q{SELECT hooks.restore(kept_id) FROM hooks.kept WHERE relation = 'secret.hidden'::regclass}),
	'4', '... which can be put back');
is(sql('loaded', q{SELECT length(note) FROM secret.hidden WHERE id = 4}), '32000', '... large values too');
is(sql('loaded', $own), '2', '... and those of others');
$node->command_ok([ 'pg_dumpall', '-f', "$file.all", '-d', $node->connstr('postgres') ], 'pg_dumpall as a superuser');
like(slurp_file("$file.all"), qr/top secret 1/, '... has all');

# Triggers that pg_restore disables are there for the bin all the same
sql('postgres', 'DROP DATABASE loaded');
sql('postgres', 'CREATE DATABASE loaded');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $file, $node->connstr('origin') ], 'pg_dump -Fc');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-s', '-d', $node->connstr('loaded'), $file ], 'pg_restore -s');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-a', '--disable-triggers', '-d', $node->connstr('loaded'), $file ],
	'pg_restore --data-only --disable-triggers');
is(sql('loaded', 'SELECT count(*) FROM hooks.kept_dump'), '0', '... leaves no row where all can read it');
is(sql('loaded', $own), '2', '... and keeps what was kept');

# The table takes no row, and the function serves no other table
my ($status, $stdout, $stderr) = $node->psql('origin', q{
	CREATE TABLE other (LIKE hooks.kept_row);
	CREATE TRIGGER other BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION hooks.kept_load();
	INSERT INTO other TABLE hooks.kept_row});
like($stderr, qr/function hooks\.kept_load\(\) is for inserts into hooks\.kept_dump only/, 'its trigger function is for it only');
($status, $stdout, $stderr) = $node->psql('origin', q{
	SET ROLE app;
	INSERT INTO hooks.kept_dump SELECT * FROM hooks.kept_readable()});
like($stderr, qr/permission denied for table kept_dump/, 'only superusers load rows');

$node->stop;
done_testing();
