# hooks.stream: the events of 10,000 rows of concurrent writers arrive on another
# server in the order of commits, through pgoutput and through wal2json; what is
# rolled back does not.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_node(
	'source',
	allows_streaming => 'logical',
	conf => q{
	max_prepared_transactions = 5
	logical_decoding_work_mem = 64kB
});
my $target = start_node('target');

sub source { return $source->safe_psql('postgres', $_[0]); }
sub target { return $target->safe_psql('postgres', $_[0]); }

my $plugins = $source->config_data('--pkglibdir');
my $has_wal2json = -e "$plugins/wal2json.so";

# counter's row is updated last: who has got its lock commits before the next one
# gets it, so that its numbers are in the order of commits
source(q{
	CREATE EXTENSION hooks;
	CREATE TABLE item (client int, n int, secret text);
	CREATE TABLE counter (n int);
	CREATE TABLE big (id int PRIMARY KEY, value text);
	INSERT INTO counter VALUES (0);
	CREATE PUBLICATION nothing;
	SELECT pg_create_logical_replication_slot('pgoutput', 'pgoutput');
	SELECT hooks.register('item', 'after', 'write', 'item', 'hooks.stream', level => 'statement', on_error => 'abort', arguments => '{hooks,secret}');
	SELECT hooks.register('counter', 'after', 'update', 'counter', 'hooks.stream', on_error => 'abort')});
if ($has_wal2json)
{
	# since the minor versions of 2026, plugins of others have to be listed
	if (source(q{SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'}))
	{
		source(q{ALTER SYSTEM SET output_plugin_libraries = pgoutput, wal2json});
		$source->reload;
		$source->poll_query_until('postgres', q{SELECT current_setting('output_plugin_libraries') ~ 'wal2json'});
	}
	source("SELECT pg_create_logical_replication_slot('wal2json', 'wal2json')");
}
target('CREATE EXTENSION dblink; CREATE TABLE received (place bigint GENERATED ALWAYS AS IDENTITY, data bytea)');

# 8 writers: 200 transactions of 50 rows, in chunks of 20; a savepoint is rolled
# back in each, and some as a whole
my $script = $source->basedir . '/write.sql';
append_to_file(
	$script, q{
	\set undone random(1, 5)
	BEGIN;
	SET LOCAL hooks.delivery_rows = 20;
	INSERT INTO item SELECT :client_id, g, 'secret' FROM generate_series(1, 50) g;
	SAVEPOINT a;
	INSERT INTO item SELECT :client_id, 0, 'rolled back';
	ROLLBACK TO a;
	UPDATE counter SET n = n + 1;
	COMMIT;
	\if :undone = 1
	BEGIN;
	INSERT INTO item VALUES (:client_id, -1, 'rolled back');
	UPDATE counter SET n = n + 1;
	ROLLBACK;
	\endif
});
$source->command_ok([ 'pgbench', '-n', '-c', 8, '-j', 2, '-t', 25, '-f', $script, $source->connstr('postgres') ],
	'8 writers');
is(source('SELECT count(*) FROM item'), 10000, '... of 10,000 rows');

# What has come to the other server, as [transaction, event] in the order of arrival
sub receive
{
	my $connection = connection_to($source, 'postgres');

	target(qq{
		TRUNCATE received;
		INSERT INTO received (data) SELECT data FROM dblink('$connection',
			\$\$SELECT data FROM pg_logical_slot_get_binary_changes('pgoutput', NULL, NULL,
			   'proto_version', '1', 'publication_names', 'nothing', 'messages', 'true')\$\$) x (data bytea)});
	my @events;
	my $transaction;
	foreach my $hex (split /\n/, target("SELECT encode(data, 'hex') FROM received ORDER BY place"))
	{
		my $message = pack 'H*', $hex;
		my $kind = substr $message, 0, 1;

		# the formats of the manual: Begin, and Message
		($transaction) = unpack 'x17 N', $message if $kind eq 'B';
		next unless $kind eq 'M';
		my ($transactional, $prefix, $content) = unpack 'x C x8 Z* N/a', $message;
		push @events, { transactional => $transactional, prefix => $prefix, transaction => $transaction,
			text => $content, %{ decode_json($content) } };
	}
	return @events;
}

my @events = receive();
my @counters = map { $_->{new}[0]{n} } grep { $_->{hook} eq 'counter' } @events;
is_deeply(\@counters, [ 1 .. 200 ], 'pgoutput: the order is that of the commits');
is_deeply([ grep { $_->{transaction} != $_->{transaction_id} || !$_->{transactional} || $_->{prefix} ne 'hooks' } @events ],
	[], '... each event comes with its transaction');

# Between two numbers there are all chunks of one transaction's rows
my @chunks;
my $wrong = 0;
foreach my $event (@events)
{
	if ($event->{hook} eq 'item') { push @chunks, $event; next; }
	my @rows = map { @{ $_->{new} } } @chunks;
	my %clients = map { $_->{client} => 1 } @rows;

	$wrong++ if keys %clients != 1 || join(' ', map { $_->{n} } @rows) ne join(' ', 1 .. 50);
	$wrong++ if join(' ', map { $_->{chunk} . ($_->{more} ? '+' : '') } @chunks) ne '1+ 2+ 3';
	@chunks = ();
}
is($wrong, 0, '... with all of its rows, in their order, and nothing that was rolled back');
is_deeply([ grep { /secret|rolled back/ } map { $_->{text} } @events ], [], '... without the column that is left out');
my $event = (grep { $_->{hook} eq 'counter' } @events)[0];
is_deeply(
	[ @$event{qw(phase action relation caller session_user statement old)}, @{ $event->{context} }{qw(root_relation root_action cascade_depth)} ],
	[ 'after', 'update', 'public.counter', ($source->safe_psql('postgres', 'SELECT current_user')) x 2,
		'UPDATE counter SET n = n + 1;', [ { n => 0 } ], 'public.counter', 'update', 0 ],
	'an event tells what hooks.context() tells');

SKIP:
{
	skip 'wal2json is not installed for this version of PostgreSQL', 1 if !$has_wal2json;
	my $connection = connection_to($source, 'postgres');
	my @contents = map { decode_json($_)->{content} } split /\n/, target(qq{
		SELECT data FROM dblink('$connection', \$\$SELECT data FROM pg_logical_slot_get_changes('wal2json', NULL, NULL,
			'format-version', '2', 'include-transaction', 'false', 'add-msg-prefixes', 'hooks', 'add-tables', 'none.none')\$\$) x (data text)});
	is_deeply(\@contents, [ map { $_->{text} } @events ], 'wal2json: the same events in the same order');
}

# Messages are of bounded size; a prepared transaction's come with its commit
source(q{
	SELECT hooks.register('big', 'after', 'write', 'big', 'hooks.stream', level => 'statement', on_error => 'abort', arguments => '{big}');
	INSERT INTO big SELECT g, repeat('x', 300000) FROM generate_series(1, 20) g;
	BEGIN; INSERT INTO big VALUES (21, ''); PREPARE TRANSACTION 'p'});
@events = receive();
is(join(' ', map { scalar @{ $_->{new} } } @events), '4 4 4 4 4', 'wide rows: messages of about 1 MB');
source(q{COMMIT PREPARED 'p'; DELETE FROM big WHERE id > 20; DELETE FROM big WHERE false; TRUNCATE big});
@events = receive();
is(join(' ', map { "$_->{prefix} $_->{action}" . ($_->{old} ? " $_->{old}[0]{id}" : '') } @events),
	'big insert big delete 21 big truncate', 'COMMIT PREPARED, no rows, TRUNCATE');
is_deeply([ map { $_->{more} ? 1 : 0 } @events ], [ 0, 0, 0 ], '... each of them complete');

# Where nothing can read it, register() says so
my ($status, $stdout, $stderr) = $target->psql('postgres',
	q{CREATE EXTENSION hooks; SELECT hooks.register('s', 'after', 'insert', 'received', 'hooks.stream')});
my $notice = qr/NOTICE:  nothing can read what hooks\.stream writes while "wal_level" is below "logical"/;
if ($target->safe_psql('postgres', 'SHOW server_version_num') < 190000) { like($stderr, $notice, 'wal_level below logical'); }
($status, $stdout, $stderr) = $source->psql('postgres', q{SELECT hooks.register('s', 'after', 'insert', 'big', 'hooks.stream')});
unlike($stderr, $notice, 'wal_level logical');
is(sqlstate($source, 'postgres', q{SELECT hooks.register('t', 'after', 'insert', 'big', 'hooks.stream', arguments => '{""}')}),
	'22023', 'an empty prefix is refused');

done_testing();
