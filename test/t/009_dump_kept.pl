# The recycle bin in a dump: what can still be put back is there, and can be; in a
# database where no table has the OID that it had.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

$node->safe_psql('postgres', 'CREATE DATABASE origin; CREATE DATABASE restored');
$node->safe_psql(
	'origin', q{
	CREATE EXTENSION hooks;
	CREATE TYPE mood AS ENUM ('sad', 'happy');
	CREATE TYPE pair AS (a mood, b mood[]);
	CREATE TABLE parent (id int PRIMARY KEY, note text);
	CREATE TABLE child (gone int, id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE, p pair[], at timestamptz, f float8);
	ALTER TABLE child DROP gone;
	ALTER TYPE mood ADD VALUE 'well' BEFORE 'happy';
	CREATE TABLE changed (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE SET NULL);
	CREATE TABLE dropped (id int PRIMARY KEY);
	CREATE TABLE stays (id int REFERENCES dropped ON DELETE CASCADE);
	INSERT INTO parent VALUES (1, E'a\tb\\c\n'), (2, NULL);
	INSERT INTO child SELECT g, 1 + g % 2, ARRAY[ROW('sad', '{happy,NULL}')::pair, NULL], now(), g / 3.0 FROM generate_series(1, 5000) g;
	INSERT INTO changed VALUES (1, 1), (2, 2);
	INSERT INTO dropped VALUES (1);
	INSERT INTO stays VALUES (1);
	CREATE TABLE before AS SELECT 'parent' AS t, md5(parent::text) FROM parent UNION ALL SELECT 'child', md5(child::text) FROM child UNION ALL SELECT 'changed', md5(changed::text) FROM changed;
	SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep');
	SELECT hooks.register('bin of dropped', 'before_cascade', 'delete', 'dropped', 'hooks.keep');
	DELETE FROM dropped;
	DELETE FROM parent WHERE id = 1;
	DROP TABLE dropped CASCADE});

is($node->safe_psql('origin', 'SELECT count(*) FROM hooks.kept'),
	2, 'what was kept of a dropped table is still listed');
my ($status, $stdout, $stderr) = $node->psql('origin', 'SELECT hooks.restore(min(kept_id)) FROM hooks.kept');
like($stderr, qr/table public\.dropped of kept cascade 1 does not exist any more/, '... but cannot be put back');

# An OID more or less in the new database
$node->safe_psql('restored', 'CREATE TABLE first (a int, b text); CREATE TYPE first_type AS ENUM ()');
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('origin') ], 'pg_dump');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'psql');

# In the new database, numbers are others: names, and their order, tell columns
# and attributes.
foreach my $change (
	[ 'ALTER TABLE child RENAME at TO since', qr/column "at" of table "child" does not exist any more/ ],
	[ 'ALTER TABLE child RENAME id TO x; ALTER TABLE child RENAME parent TO id; ALTER TABLE child RENAME x TO parent',
		qr/columns "id" and "parent" of table "child" are in another order than when its rows were kept/ ],
	[ 'ALTER TYPE pair RENAME ATTRIBUTE a TO x', qr/the type of column "p" of table "child" has changed since/ ],
	[ 'ALTER TYPE pair ADD ATTRIBUTE c int', qr/the type of column "p" of table "child" has changed since/ ],
	[ q{ALTER TYPE mood RENAME VALUE 'well' TO 'x'}, qr/the type of column "p" of table "child" has changed since/ ])
{
	my ($sql, $message) = @$change;

	($status, $stdout, $stderr) = $node->psql('restored',
		"BEGIN; $sql; SELECT hooks.restore(kept_id) FROM hooks.kept");
	like($stderr, $message, "restored: $sql");
}

foreach my $database ('restored', 'origin')
{
	is( $node->safe_psql($database, q{SELECT hooks.restore(kept_id) FROM hooks.kept WHERE relation = 'parent'::regclass}),
		2501, "$database: all rows are put back");
	is( $node->safe_psql(
			$database, q{
			CREATE TABLE now AS SELECT 'parent' AS t, md5(parent::text) FROM parent UNION ALL SELECT 'child', md5(child::text) FROM child UNION ALL SELECT 'changed', md5(changed::text) FROM changed;
			SELECT count(*) FROM now;
			SELECT count(*) FROM (TABLE now EXCEPT ALL TABLE before) x}),
		"5004\n0", "$database: as they were");
}
is($node->safe_psql('restored', 'SELECT count(*) FROM hooks.kept'), 1, 'of a dropped table nothing is in the dump');
is($node->safe_psql('restored', 'SELECT count(*) FROM hooks.kept_row'), 0, '... nor what was deleted with its rows');
is( $node->safe_psql(
		'restored', q{
		DELETE FROM parent;
		SELECT max(kept_id) > min(kept_id) FROM hooks.kept}),
	't', 'new numbers come after the old ones');

$node->stop;
done_testing();
