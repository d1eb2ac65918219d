# ALTER DEFAULT PRIVILEGES of the superuser who creates the extension: hooks fire
# for everybody where PUBLIC is to execute no functions, and nobody reads or writes
# the tables of the extension where others are to have all rights on new tables.
# The same after an update from 1.0, for what that has made.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

my $setup = q{
	ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
	ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
	ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app, PUBLIC;
	ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO app, PUBLIC;
	ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO app;
	ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO app, PUBLIC};
my $reset = q{
	ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
	ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO PUBLIC;
	ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM app, PUBLIC;
	ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM app, PUBLIC;
	ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM app;
	ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM app, PUBLIC};

# Who has which rights on what the extension has made
my $rights = q{
	WITH object (name, acl) AS (
	    SELECT oid::regclass::text, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
	      FROM pg_class WHERE relnamespace = 'hooks'::regnamespace AND relkind IN ('r', 'v', 'S')
	    UNION ALL
	    SELECT oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner))
	      FROM pg_proc WHERE pronamespace = 'hooks'::regnamespace
	    UNION ALL
	    SELECT nspname, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname ~ '^hooks'
	    UNION ALL
	    SELECT typname, coalesce(typacl, acldefault('T', typowner)) FROM pg_type WHERE oid = 'hooks.context'::regtype)
	SELECT name, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type
	  FROM object, aclexplode(acl) ORDER BY name, 2, privilege_type};

my $hooks = q{
	CREATE TABLE parent (id int PRIMARY KEY);
	CREATE TABLE child (parent int REFERENCES parent ON DELETE CASCADE);
	INSERT INTO parent VALUES (1), (2);
	INSERT INTO child VALUES (1);
	REVOKE ALL ON parent, child FROM PUBLIC, app;
	GRANT SELECT, DELETE ON parent TO app;
	CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
	DECLARE c hooks.context := hooks.context();
	BEGIN RAISE NOTICE '% fires', c.hook; RETURN NULL; END $$;
	CREATE FUNCTION g(jsonb) RETURNS void LANGUAGE sql AS '';
	SELECT hooks.register('cascade', 'before_cascade', 'delete', 'parent', 'f'),
	       hooks.register('row', 'after', 'delete', 'child', 'f', on_error => 'abort'),
	       hooks.register('commit', 'before_commit', 'delete', 'child', 'g'),
	       hooks.register('later', 'after_commit', 'delete', 'child', 'g')};

sub deletes
{
	my ($database, $name) = @_;
	my ($ret, $out, $err) = $node->psql($database, "SET ROLE app; DELETE FROM parent WHERE id = 1");

	is($ret, 0, "$name: a DELETE of who has the right to");
	like($err, qr/cascade fires.*row fires/s, "$name: fires hooks");
}

$node->safe_psql('postgres', 'CREATE ROLE app; CREATE DATABASE plain; CREATE DATABASE strict; CREATE DATABASE old');

$node->safe_psql('plain', 'CREATE EXTENSION hooks');
my $expected = $node->safe_psql('plain', $rights);
like($expected, qr/hooks.registry\|PUBLIC\|SELECT/, 'rights are told');
unlike($expected, qr/\|app\|/, 'without default privileges');

$node->safe_psql('strict', "$setup; CREATE EXTENSION hooks; $reset; $hooks");
is($node->safe_psql('strict', $rights), $expected, 'CREATE EXTENSION under default privileges: the rights');
deletes('strict', 'CREATE EXTENSION');

# What 1.0 has made keeps what it has
$node->safe_psql('old', "CREATE EXTENSION hooks VERSION '1.0'; GRANT SELECT ON hooks.failure TO app; REVOKE EXECUTE ON FUNCTION hooks.repair() FROM PUBLIC");
$node->safe_psql('old', "$setup; ALTER EXTENSION hooks UPDATE TO '1.1'; $reset; $hooks");
my $updated = $node->safe_psql('old', $rights);
like($updated, qr/^hooks.failure\|app\|SELECT$/m, 'the update leaves the rights on older tables');
unlike($updated, qr/^hooks.repair\(\)\|PUBLIC/m, 'and on older functions');
$node->safe_psql('old', "REVOKE SELECT ON hooks.failure FROM app; GRANT EXECUTE ON FUNCTION hooks.repair() TO PUBLIC");
is($node->safe_psql('old', $rights), $expected, 'ALTER EXTENSION UPDATE under default privileges: the rights on all else');
deletes('old', 'ALTER EXTENSION UPDATE');

done_testing();
