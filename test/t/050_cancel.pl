# Statements that are canceled at many moments, by a time limit or by somebody else:
# either all has happened or nothing, and the session goes on as if nothing had.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use AllHooks;
use HooksTest;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $groups = 400;
my $node = start_node('main', conf => "shared_preload_libraries = 'hooks'\nhooks.failures_kept = 10000\n");

$node->safe_psql('postgres', all_hooks($groups));

# One session: each group under a limit in ms, of which a pause leaves some part; then
# with somebody who cancels
sub deletes
{
	my ($first, $last, $limit) = @_;

	return join '', map { sprintf "SET statement_timeout = %d; DELETE FROM parent WHERE g = (SELECT %d FROM pg_sleep(%f));\nRESET statement_timeout;\n" .
		"DO \$\$ BEGIN ASSERT hooks.context() IS NULL; END \$\$;\n", $limit, $_, $limit / 1000 * (0.4 + rand(0.6)) } $first .. $last;
}
# Errors and warnings but for those that are expected
sub others
{
	my ($err, $expected) = @_;

	return join "\n", grep { /ERROR|FATAL|PANIC|WARNING/ && !/ERROR:  $expected$|WARNING:  hook "fails" .* was isolated: fails$/ } split /\n/, $err;
}

my ($out, $err) = ('', '');
$node->psql('postgres', deletes(1, 200, 5), stdout => \$out, stderr => \$err, on_error_stop => 0);
my $timeouts = () = $err =~ /canceling statement due to statement timeout/g;
cmp_ok($timeouts, '>', 5, "$timeouts of 200 took too long");
is(others($err, 'canceling statement due to statement timeout'), '', 'nothing else');

# Somebody who cancels whoever deletes, at any moment, until it has gone
$node->safe_psql('postgres', q{CREATE PROCEDURE cancel() LANGUAGE plpgsql AS $$
DECLARE begun boolean = false;
BEGIN
  LOOP
    PERFORM pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim';
    EXIT WHEN begun AND NOT FOUND;
    begun = begun OR FOUND;
    PERFORM pg_sleep(0.0005 + random() * 0.01);
    COMMIT;
  END LOOP;
END $$});
($out, $err) = ('', '');
my $in = "SET application_name = 'victim';\n" . deletes(201, $groups, 0);
my $canceler = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', "SET statement_timeout = '3min'", '-c', 'CALL cancel()' ],
	'<', \undef, '>', \my $ignored, '2>', \my $canceler_err);
$node->psql('postgres', $in, stdout => \$out, stderr => \$err, on_error_stop => 0);
$canceler->finish;
is($canceler_err, '', 'the one who cancels ends');
my $canceled = () = $err =~ /canceling statement due to user request/g;
cmp_ok($canceled, '>', 5, "$canceled of 200 were canceled");
is(others($err, 'canceling statement due to user request'), '', 'nothing else');

is($node->safe_psql('postgres', 'SELECT hooks.flush()'), 't', 'all is delivered');
is($node->safe_psql('postgres', whole($groups)), '', 'each hook has told of what is gone');
is($node->safe_psql('postgres', 'DELETE FROM parent; SELECT hooks.flush()'), 't', 'the rest goes');
$node->stop;
done_testing();
