# A procedure that rolls back lets go of the plan of its own CALL: nothing
# reads the plan when the procedure is done.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use Test::More;

my $node = start_node('main');

$node->safe_psql('postgres', q{
	CREATE EXTENSION hooks;
	CREATE TABLE done (n int);
	CREATE PROCEDURE let_go() LANGUAGE plpgsql AS $$
	BEGIN
		ROLLBACK;
		EXECUTE 'DEALLOCATE ALL';
		-- plans that take its place
		FOR i IN 1 .. 100 LOOP
			EXECUTE format('PREPARE taken_%s AS SELECT %L', i, repeat('x', i * 20));
			EXECUTE format('EXECUTE taken_%s', i);
		END LOOP;
		INSERT INTO done VALUES (1);
	END $$});
my $script = $node->basedir . '/call.sql';
PostgreSQL::Test::Utils::append_to_file($script, "SELECT hooks.context();\nCALL let_go();\n");
$node->command_ok([ 'pgbench', '-n', '-M', 'prepared', '-t', '1', '-f', $script, 'postgres' ],
	'the procedure is called with a plan of its own');
is($node->safe_psql('postgres', 'SELECT count(*) FROM done'), '1', 'and the server goes on');

done_testing();
