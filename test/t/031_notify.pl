# hooks.notify: a listening session gets the event with its rows, or their keys where
# they do not fit; when the transaction commits, and only then.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', extra => [ '-E', 'UTF8' ], conf => 'max_prepared_transactions = 5');

# What a session is told that listens, and then does something: [channel, payload]
sub notifications
{
	my ($sql, $channel) = @_;
	my ($status, $stdout, $stderr) = $node->psql('postgres', 'LISTEN "' . ($channel // 'n') . '"; ' . $sql);

	is($stderr, '', 'no error') if $status != 0;
	return map { decode_json($_) } $stdout =~ /^Asynchronous notification ".*?" with payload "(.*)" received from server/mg;
}

$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION hooks;
	CREATE TABLE t (a int, b text, secret text, PRIMARY KEY (b, a));
	CREATE TABLE keyless (a text);
	SELECT hooks.register('n', 'after', 'write', 't', 'hooks.notify', level => 'statement', on_error => 'abort', arguments => '{n,secret}');
	SELECT hooks.register('by name', 'after', 'write', 'keyless', 'hooks.notify', on_error => 'abort')});

my @told = notifications(q{INSERT INTO t VALUES (1, 'x', 's'), (2, 'y', 's')});
is(@told, 1, 'one statement, one notification');
is_deeply($told[0]{new}, [ { a => 1, b => 'x' }, { a => 2, b => 'y' } ], '... with the rows, but for the column that is left out');
is_deeply([ @{ $told[0] }{qw(hook action relation statement truncated)}, @{ $told[0]{context} }{qw(root_relation cascade_depth)} ],
	[ 'n', 'insert', 'public.t', undef, undef, 'public.t', 0 ], '... and the event, but for the statement');
@told = notifications(q{UPDATE t SET a = a + 10 WHERE a = 1});
is_deeply([ $told[0]{old}, $told[0]{new} ], [ [ { a => 1, b => 'x' } ], [ { a => 11, b => 'x' } ] ], 'before and after');
@told = notifications(q{DELETE FROM t WHERE false; BEGIN; DELETE FROM t; ROLLBACK; BEGIN; SAVEPOINT a; DELETE FROM t; ROLLBACK TO a; COMMIT});
is(@told, 0, 'no rows, and what is rolled back: nothing');

# More than fits
@told = notifications(q{INSERT INTO t SELECT g, 'row', repeat('s', 500) FROM generate_series(1000, 1099) g});
is(scalar @{ $told[0]{new} }, 100, 'a column that is left out needs no room');
@told = notifications(q{INSERT INTO t SELECT g, 'row' FROM generate_series(10000, 11999) g});
my $keys = $told[0]{keys};
is_deeply([ @{ $told[0] }{qw(truncated rows hook action relation)} ], [ JSON::PP::true, 2000, 'n', 'insert', 'public.t' ], 'more rows than fit');
is_deeply([ $keys->[0], $keys->[-1] ], [ { a => 10000, b => 'row' }, { a => 9999 + @$keys, b => 'row' } ], '... the first ones\' keys');
cmp_ok(scalar @$keys, '>', 250, '... as many as fit');
foreach my $length (7600 .. 7700, 8000, 100000)
{
	my @one = notifications("INSERT INTO keyless VALUES (repeat('x', $length))", 'by name');
	my $whole = @one && $one[0]{new} && length $one[0]{new}[0]{a} == $length;
	my $cut = @one && $one[0]{truncated} && $one[0]{rows} == 1 && !exists $one[0]{keys};

	next if @one == 1 && ($length <= 7600 ? $whole : $length > 7700 ? $cut : $whole || $cut);
	fail("a row of $length bytes is told of");
}
# keys of 4 bytes each character, one too long for a notification
@told = notifications(qq{INSERT INTO t VALUES (1, repeat(U&'\\+01F600', 1900)), (2, repeat(U&'\\+01F600', 1990)), (3, 'z')});
is_deeply([ map { $_->{a} } @{ $told[0]{keys} } ], [1], 'bytes count, not characters');
@told = notifications('TRUNCATE t');
is_deeply([ @{ $told[0] }{qw(action new old)} ], [ 'truncate', undef, undef ], 'TRUNCATE');

# What PostgreSQL cannot do
my ($status, $stdout, $stderr) = $node->psql('postgres', q{BEGIN; INSERT INTO t VALUES (1, 'x'); PREPARE TRANSACTION 'p'});
like($stderr, qr/cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY/, 'PREPARE TRANSACTION');
foreach my $channel ('""', 'x' x 64)
{
	is(sqlstate($node, 'postgres', "SELECT hooks.register('x', 'after', 'insert', 't', 'hooks.notify', arguments => '{$channel}')"),
		'22023', 'no channel: ' . substr($channel, 0, 5));
}

done_testing();
