# Callbacks in C of another library: loaded before hooks, after it, without it,
# and of another version.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/../..";
my $config = $ENV{PG_CONFIG} // 'pg_config';
my $dir = PostgreSQL::Test::Utils::tempdir();

# Makes a library of the client; returns its path
sub build
{
	my ($name, $flags) = @_;

	mkdir "$dir/$name" or die;
	append_to_file("$dir/$name/Makefile", <<"END");
MODULES = $name
PG_CPPFLAGS = -I$root/src/api $flags
PGXS := \$(shell \$(PG_CONFIG) --pgxs)
include \$(PGXS)
END
	append_to_file("$dir/$name/$name.c", slurp_file("$root/test/api/client.c"));
	system_or_bail('make', '-s', '-C', "$dir/$name", "PG_CONFIG=$config", 'with_llvm=no', "$name.so");
	return "$dir/$name/$name";
}

my $client = build('client', '');
my $newer = build('newer', '-DCLIENT_VERSION=2');
my $node = start_node('main');

$node->safe_psql('postgres', q{
	CREATE EXTENSION hooks;
	CREATE TABLE t (id int);
	SELECT hooks.register('tell', 'before', 'insert', 't', 'hooks.native', arguments => '{client_tell}'),
		hooks.register('veto', 'before', 'delete', 't', 'hooks.native', arguments => '{client_veto}')});

# What a session says
sub said
{
	my ($statements) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', $statements);
	return $err =~ s/psql:<stdin>:\d+: //gr;
}

like(said("SELECT * FROM hooks.chain('t'); LOAD '$client'; INSERT INTO t VALUES (1)"),
	qr/hooks is loaded.*tell: before insert on t/s, 'loaded after hooks');
like(said("LOAD '$client'; INSERT INTO t VALUES (1)"),
	qr/hooks is not loaded.*tell: before insert on t/s, 'loaded before hooks');
like(said("LOAD '$client'; DELETE FROM t"), qr/ERROR:  not today/, 'a veto');
is($node->safe_psql('postgres', 'SELECT count(*) FROM t'), '2', 'which held');
like(said("INSERT INTO t VALUES (1)"), qr/ERROR:  no library that is loaded has a callback "client_tell"/, 'not loaded');
is(sqlstate($node, 'postgres', "LOAD '$client'; SELECT hooks.register('other', 'after', 'insert', 't', 'hooks.native', arguments => '{client_other}',
	on_error => 'abort'); SET statement_timeout = '10s'; INSERT INTO t VALUES (1)"), '55000', 'no such callback, though one was added twice');
$node->safe_psql('postgres', "SELECT hooks.unregister('other')");
like(said("LOAD '$newer'; INSERT INTO t VALUES (1)"),
	qr/ERROR:  a library has callbacks of version 2 of hooks_api.h/, 'of another version');

# Where there is no hooks
$node->safe_psql('postgres', 'CREATE DATABASE without TEMPLATE template0');
my ($rc, $out, $err) = $node->psql('without', "LOAD '$client'; SELECT 1");
is($out, '1', 'hooks is absent: the library works');
like($err, qr/hooks is not loaded/, 'and knows');

# Not for others
like(said("SELECT hooks.native()"), qr/ERROR:  function hooks.native\(\) was not called by a hook/, 'not called directly');
like(said("SELECT hooks.register('none', 'before', 'insert', 't', 'hooks.native')"),
	qr/ERROR:  hooks.native needs the name of a callback/, 'without a name');

done_testing();
