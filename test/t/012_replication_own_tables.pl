# A publication of all tables has the extension's, too: what is registered, has
# failed and is kept on the publisher does not come to the subscriber, neither with
# the initial copy nor with changes, and what the subscriber has of its own stays.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my %node;
foreach my $name ('publisher', 'subscriber')
{
	$node{$name} = start_node($name, allows_streaming => 'logical');
	$node{$name}->safe_psql(
		'postgres', q{
		CREATE EXTENSION hooks;
		CREATE TABLE parent (id int PRIMARY KEY);
		CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
		CREATE FUNCTION quiet(event jsonb) RETURNS void LANGUAGE sql AS ''});
}
my ($publisher, $subscriber) = @node{qw(publisher subscriber)};

# Registers, fails and keeps; then the numbers in the tables of the extension
sub use_hooks
{
	my ($node, $name, $id) = @_;

	$node->safe_psql(
		'postgres', qq{
		SELECT hooks.register('$name bin', 'before_cascade', 'delete', 'parent', 'hooks.keep');
		SELECT hooks.register('$name broken', 'after', 'delete', 'parent', 'broken');
		SELECT hooks.register('$name log', 'after_commit', 'insert', 'parent', 'quiet');
		INSERT INTO parent VALUES ($id);
		DELETE FROM parent WHERE id = $id});
}
sub state_of
{
	my ($node) = @_;

	return $node->safe_psql(
		'postgres', q{
		SELECT string_agg(name, ', ' ORDER BY hook_id) FROM hooks.registry;
		SELECT string_agg(hook, ', ' ORDER BY failure_id) FROM hooks.failure;
		SELECT count(*) FROM hooks.kept;
		SELECT count(*) FROM hooks.kept_row;
		SELECT string_agg(event_id::text || ' ' || new_rows::text, ', ' ORDER BY event_id) FROM hooks.log_1;
		TABLE hooks.bin});
}

use_hooks($publisher, 'publisher', 1);
use_hooks($subscriber, 'subscriber', 2);
my $before = state_of($subscriber);
like($before, qr/^subscriber bin, subscriber broken, subscriber log\nsubscriber broken\n1\n1\n1 \[\{"id": 2\}\]\n/, 'the subscriber has hooks of its own');

# The initial copy
$publisher->safe_psql('postgres', 'CREATE PUBLICATION pub FOR ALL TABLES; INSERT INTO parent VALUES (3), (4), (5)');
my $connection = connection_to($publisher, 'postgres');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION sub CONNECTION '$connection' PUBLICATION pub");
$subscriber->wait_for_subscription_sync($publisher, 'sub')
  if $subscriber->can('wait_for_subscription_sync');
$subscriber->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')})
  or die 'the initial copy did not end';
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM parent'), 3, 'rows are copied');
is( $subscriber->safe_psql(
		'postgres', q{
		SELECT count(*) FROM pg_class c LEFT JOIN pg_subscription_rel ON srrelid = c.oid
		 WHERE relnamespace = 'hooks'::regnamespace AND relkind = 'r' AND srrelid IS NULL}),
	0, '... and all tables of the extension are published');
is(state_of($subscriber), $before, '... but nothing of them has come');

# Changes: rows that are inserted, updated, deleted
$publisher->safe_psql(
	'postgres', q{
	SELECT hooks.disable('publisher broken');
	DELETE FROM parent WHERE id = 3;
	SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
	SELECT hooks.enable('publisher broken');
	DELETE FROM parent WHERE id = 4;
	SELECT hooks.unregister('publisher bin');
	SELECT hooks.purge_kept('0');
	DELETE FROM hooks.failure;
	INSERT INTO parent VALUES (6)});
$publisher->wait_for_catchup('sub');
is($subscriber->safe_psql('postgres', q{SELECT string_agg(id::text, ',' ORDER BY id) FROM parent}), '3,5,6', 'changes come');
is(state_of($subscriber), $before, '... but not those of the extension\'s tables');

$_->stop foreach ($subscriber, $publisher);
done_testing();
