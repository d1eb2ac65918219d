# The disk is full while the log is written, or a large row is kept: the statement
# fails, and nothing that was committed is lost.  A limit for the size of files is
# what the server meets instead.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
init_node($node, extra => ['--wal-segsize=1']);
$node->append_conf('postgresql.conf', qq{
	shared_preload_libraries = 'hooks'
	autovacuum = off
	restart_after_crash = off
	max_wal_size = '2MB'
	min_wal_size = '2MB'
});
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION hooks;
	CREATE TABLE t (id int PRIMARY KEY, v text);
	CREATE TABLE delivered (id int);
	CREATE FUNCTION deliver(event jsonb) RETURNS void LANGUAGE sql AS
	  'INSERT INTO delivered SELECT (e->>''id'')::int FROM jsonb_array_elements(event->''new'') e';
	SELECT hooks.register('h', 'after_commit', 'insert', 't', 'deliver', payload => '{id,v}');
	SELECT hooks.register('keep', 'before_cascade', 'delete', 't', 'hooks.keep');
	-- the values are compressed in the table, and not where they are copied to
	ALTER TABLE hooks.log_1 ALTER new_rows SET STORAGE EXTERNAL;
	ALTER TABLE hooks.log_2 ALTER new_rows SET STORAGE EXTERNAL;
	ALTER TABLE hooks.log_3 ALTER new_rows SET STORAGE EXTERNAL;
	ALTER TABLE hooks.kept_row ALTER data SET STORAGE EXTERNAL;
});
$node->stop;

# No file of the server can have more than 8 MB
sub start_limited
{
	system_or_bail('sh', '-c', "ulimit -f 16384; exec pg_ctl -s -w -D " . $node->data_dir . ' -l ' . $node->logfile . ' -o "--cluster-name=main" start');
	$node->_update_pid(1);
}
start_limited();

# Nothing is delivered meanwhile, so that the log only grows
my ($n, $rows, $err) = (0, 0);
my ($rc, $out);
while ($n++ < 300)
{
	($rc, $out, $err) = $node->psql('postgres', "INSERT INTO t SELECT $rows + i, repeat('x', 50000) FROM generate_series(1, 20) i");
	last if $rc != 0;
	$rows += 20;
}
like($err, qr/ERROR:  could not (extend|write to) file "[^"]+"/, 'the statement fails');
is($node->safe_psql('postgres', 'SELECT count(*) FROM t'), $rows, 'and nothing of it is there');
cmp_ok($node->safe_psql('postgres', q{SELECT max(pg_total_relation_size(oid)) FROM pg_class WHERE relname ~ '^log_[123]$'}), '>', 8000000, 'as the log is full');
unlike(slurp_file($node->logfile), qr/PANIC|was terminated by signal/, 'no crash');

# With room again all is delivered
$node->stop;
$node->start;
is($node->safe_psql('postgres', 'SELECT hooks.flush()'), 't', 'delivered');
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT id) FROM delivered'), "$rows|$rows", 'each once');

# The recycle bin likewise
$node->safe_psql('postgres', "INSERT INTO t SELECT $rows + i, repeat('x', 50000) FROM generate_series(1, 100) i");
$rows += 100;
$node->stop;
start_limited();
($rc, $out, $err) = $node->psql('postgres', 'DELETE FROM t');
like($err, qr/ERROR:  could not (extend|write to) file "[^"]+"/, 'what cannot be kept is not deleted');
is($node->safe_psql('postgres', 'SELECT count(*), (SELECT count(*) FROM hooks.kept) FROM t'), "$rows|0", 'all is there');
$node->stop;
$node->start;
is($node->safe_psql('postgres', 'DELETE FROM t; SELECT count(*) FROM hooks.kept'), 1, 'with room it is');
$node->stop;

# A worker that has no room for the note of what it is at works without.  A file
# system that is full, in a namespace of a user who is not root to the server.
my $full = 'mount -t tmpfs -o size=4k tmpfs "$0" && head -c 4096 /dev/zero >"$0/full" && exec unshare -U --map-user=1000 --map-group=1000 -- "$@"';
my $notes = $node->data_dir . '/pg_stat_tmp';
my @with_full = ('unshare', '-Urm', 'sh', '-c', $full, $notes);
SKIP:
{
	skip 'no namespaces here', 4 if system("@{[map { quotemeta } @with_full, 'true']} 2>/dev/null") != 0;

	unlink "$notes/hooks_deliveries";
	system_or_bail(@with_full, 'pg_ctl', '-s', '-w', '-D', $node->data_dir, '-l', $node->logfile, '-o', '--cluster-name=main', 'start');
	$node->_update_pid(1);
	my $log = -s $node->logfile;
	is($node->safe_psql('postgres', q{TRUNCATE delivered; INSERT INTO t VALUES (0); SELECT hooks.flush()}), 't', 'without room for a note it is delivered');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM delivered'), 1, '... once');
	ok($node->wait_for_log(qr/LOG:  could not use file "pg_stat_tmp\/hooks_deliveries": No space left on device/, $log), '... which the log tells');
	unlike(slurp_file($node->logfile), qr/was terminated by signal/, '... and nothing crashes');
	$node->stop;
}
done_testing();
