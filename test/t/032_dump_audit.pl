# The audit log in a dump: all of it for superusers, what a role may read for others;
# and the subscriber of a publication for all tables has its own.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', allows_streaming => 'logical');
my $log = 'SELECT audit_id, number, hook, owner, relation, action, caller, transaction_id, occurred_at, statement, metadata, changed, old_row, new_row FROM hooks.audit_log ORDER BY audit_id, number';

$node->safe_psql(
	'postgres', q{
	CREATE DATABASE restored;
	CREATE DATABASE of_owner;
	CREATE EXTENSION hooks;
	CREATE ROLE owner LOGIN;
	CREATE ROLE gone SUPERUSER;
	CREATE TABLE t (id int, "a ""b" text);
	CREATE TABLE dropped (id int);
	ALTER TABLE t OWNER TO owner;
	SELECT hooks.register('all', 'after', 'write', 't', 'hooks.audit', level => 'statement', on_error => 'abort');
	SELECT hooks.register('dropped', 'after', 'write', 'dropped', 'hooks.audit', level => 'statement', on_error => 'abort');
	SET ROLE owner;
	SELECT hooks.register('own', 'after', 'insert', 't', 'hooks.audit', on_error => 'abort', condition => 'NEW.id < 3');
	RESET ROLE;
	SET ROLE gone;
	SELECT hooks.register('of gone', 'after', 'write', 't', 'hooks.audit', level => 'statement', on_error => 'abort');
	RESET ROLE;
	SET hooks.metadata = '{"x": "a\tb"}';
	INSERT INTO t SELECT g, E'x\\\n\t' || g FROM generate_series(1, 2500) g;
	UPDATE t SET id = id + 1 WHERE id < 4;
	INSERT INTO dropped VALUES (1);
	TRUNCATE t;
	DROP TABLE dropped;
	SELECT hooks.unregister('of gone');
	DROP ROLE gone});

my $dump = $node->basedir . '/dump';
my $before = $node->safe_psql('postgres', $log);
my $gone = $node->safe_psql('postgres', q{SELECT DISTINCT owner FROM hooks.audit_log WHERE hook = 'of gone'});
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), $dump ], 'pg_restore');
is($node->safe_psql('restored', $log), $before =~ s/\|of gone\|\Q$gone\E\|/|of gone|-|/gr, 'the same log, of tables and roles that are gone too');
like($gone, qr/^\d+$/, '... whose numbers may be those of other roles there, and are not in it');
is($node->safe_psql('restored', 'SELECT count(*) FROM hooks.audited_dump, hooks.audited_row_dump'), 0, '... in its tables');
$node->safe_psql('restored', 'INSERT INTO t VALUES (1)');
is($node->safe_psql('restored', 'SELECT count(*) FROM hooks.audited'),
	$node->safe_psql('postgres', 'SELECT count(*) + 2 FROM hooks.audited'), 'it goes on with new numbers');

# A role that dumps its own database gets its own part
$node->safe_psql('postgres', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO owner');
my $own = $node->safe_psql('postgres', "SET ROLE owner; $log");
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') . ' user=owner' ], 'pg_dump by another role');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('of_owner'), $dump ], '... is restored by a superuser');
is($node->safe_psql('of_owner', $log), $own, '... with what that role may read');
cmp_ok($node->safe_psql('of_owner', q{SELECT count(*) FROM hooks.audit_log WHERE hook <> 'own'}), '==', 0, '... and nothing of others');

done_testing();
