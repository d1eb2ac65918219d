# A dump without owners (pg_dump -O -x): the hooks belong to who restores it, as all
# else does, and run as that role; they are in the same state and order.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
my $dump = $node->basedir . '/dump';

$node->safe_psql('postgres', 'CREATE ROLE app; CREATE DATABASE origin; CREATE DATABASE copy');
$node->safe_psql(
	'origin', q{
	CREATE EXTENSION hooks;
	CREATE SCHEMA s AUTHORIZATION app;
	SET ROLE app;
	SET search_path = s;
	CREATE TABLE t (id int PRIMARY KEY);
	CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN RAISE NOTICE '% as %', TG_NAME, current_user; RETURN NULL; END $$;
	CREATE FUNCTION g(jsonb) RETURNS void LANGUAGE sql AS '';
	SELECT hooks.register('second', 'after', 'insert', 't', 'tell', on_error => 'abort'),
	       hooks.register('later', 'after_commit', 'insert', 't', 'g'),
	       hooks.register('first', 'after', 'insert', 't', 'tell', on_error => 'abort'),
	       hooks.register('bin', 'before_cascade', 'delete', 't', 'hooks.keep');
	SELECT hooks.disable('later');
	INSERT INTO t VALUES (1);
	DELETE FROM t});
$node->command_ok([ 'pg_dump', '-O', '-x', '-f', $dump, $node->connstr('origin') ], 'pg_dump -O -x');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('copy') ], 'restore');

my $state = 'SELECT name, enabled FROM hooks.registry ORDER BY hook_id';
is($node->safe_psql('copy', $state), $node->safe_psql('origin', $state), 'the same hooks, in the same state');
is($node->safe_psql('copy', "SELECT DISTINCT owner = 10 FROM hooks.registry"), 't', 'they belong to who restored');
is($node->safe_psql('copy', "SELECT count(*) FROM hooks.check() WHERE severity = 'error'"), '0', 'and nothing is wrong');
my ($ret, $out, $err) = $node->psql('copy', 'INSERT INTO s.t VALUES (2)');
my $role = $node->safe_psql('copy', 'SELECT current_user');
like($err, qr/first as $role.*second as $role/s, 'and run as that role');
is($node->safe_psql('copy', 'SELECT hooks.restore(kept_id) FROM hooks.kept; SELECT id FROM s.t ORDER BY 1'), "1\n1\n2", 'what was kept comes back');

done_testing();
