# What hooks.trace and hooks.log_min_duration tell of time: a DETAIL for the
# client, a line in the server log for what took long enough, of deliveries too.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', conf => "shared_preload_libraries = 'hooks'\nlog_min_messages = warning");

$node->safe_psql('postgres', q{
CREATE EXTENSION hooks;
CREATE TABLE t (id int);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_sleep(NEW.id / 1000.0);
  IF NEW.id = 3 THEN RAISE 'it fails'; END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION event(e jsonb) RETURNS void LANGUAGE sql AS 'SELECT pg_sleep(0.02)';
SELECT hooks.register('slow', 'before', 'insert', 't', 'cb');
});

my ($out, $err);

$node->psql('postgres', 'SET hooks.trace = on; INSERT INTO t VALUES (20)', stderr => \$err);
like($err, qr/NOTICE:  hook "slow" \(before insert on t\) fired for 1 row\nDETAIL:  It took (\d+\.\d{3}) ms\./, 'the NOTICE has a DETAIL');
my ($ms) = $err =~ /It took (\S+) ms/;
cmp_ok($ms, '>=', 20, '... which says how long it took');

my $offset = -s $node->logfile;
$node->psql('postgres', 'SET hooks.log_min_duration = 0; INSERT INTO t VALUES (1); INSERT INTO t VALUES (3)');
my $log = slurp_file($node->logfile, $offset);
like($log, qr/LOG:  duration: \d+\.\d{3} ms  hook "slow" \(before insert on t\): fired, rows 1\n/, '0 logs all');
like($log, qr/LOG:  duration: \d+\.\d{3} ms  hook "slow" \(before insert on t\): failed, rows 1\n/, '... also what failed');

# Neither ends with the other, or with a rehearsal (which is logged, too).
$offset = -s $node->logfile;
$node->psql('postgres', q{
SET hooks.log_min_duration = 0;
SELECT hooks.rehearse('INSERT INTO t VALUES (0)');
INSERT INTO t VALUES (0);
SET hooks.trace = on;
SET hooks.trace = off;
INSERT INTO t VALUES (0);
});
$log = slurp_file($node->logfile, $offset);
is(() = $log =~ /LOG:  duration/g, 3, 'logged after a rehearsal, and after a trace');
$node->psql('postgres', q{
SET hooks.trace = on;
SET hooks.log_min_duration = 60000;
SET hooks.log_min_duration = -1;
INSERT INTO t VALUES (0)}, stderr => \$err);
like($err, qr/NOTICE:  hook "slow" \(before insert on t\) fired for 1 row/, 'traced, though nothing is logged any more');

$offset = -s $node->logfile;
$node->psql('postgres', q{SET hooks.log_min_duration = '1 s'; INSERT INTO t VALUES (0); INSERT INTO t VALUES (1100)});
$log = slurp_file($node->logfile, $offset);
is(() = $log =~ /LOG:  duration/g, 1, 'else what took so long');

$node->append_conf('postgresql.conf', "hooks.log_min_duration = 10");
$node->reload;
$node->safe_psql('postgres', q{
SELECT hooks.unregister('slow');
SELECT hooks.register('later', 'after_commit', 'insert', 't', 'event');
INSERT INTO t VALUES (1);
SELECT hooks.flush();
});
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM hooks.outbox)"), 'delivered');
$log = slurp_file($node->logfile, $offset);
like($log, qr/LOG:  duration: \d+\.\d{3} ms  hook "later" \(after_commit insert on [\w.]+\): fired, rows 0\n/, 'deliveries are logged');

$node->stop;
done_testing();
