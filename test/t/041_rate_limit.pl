# hooks.rate_limit lets pass so many in a time, no more and no fewer, counted
# for all sessions together: by caller, by address, by metadata.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

my $node = start_node('main', conf => q{
	shared_preload_libraries = 'hooks'
	log_min_messages = fatal
});

sub sql { return $node->safe_psql('postgres', $_[0]); }

# The error of a statement as "SQLSTATE message / detail / hint", '' for none
sub refusal
{
	my ($statement) = @_;
	my (undef, undef, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$statement");

	return '' unless $err =~ /ERROR:\s+(.*)/;
	my @parts = ($1);
	push @parts, $1 while $err =~ /(?:DETAIL|HINT):\s+(.*)/g;
	return join ' / ', @parts;
}

# Runs a script in 8 clients; returns how long it took
sub clients
{
	my ($options, $script) = @_;
	my $file = $node->basedir . '/script.sql';
	my $begun = Time::HiRes::time();

	open my $out, '>', $file or die;
	print $out $script;
	close $out;
	command_ok(['pgbench', '-n', '-c', 8, '-j', 2, @$options, '-f', $file, $node->connstr('postgres')], "pgbench @$options");
	return Time::HiRes::time() - $begun;
}

sql(q{
	CREATE EXTENSION hooks;
	CREATE TABLE t (id int, client int, role name DEFAULT current_user);
	CREATE ROLE alice;
	CREATE ROLE bob;
	GRANT ALL ON t TO PUBLIC;
	CREATE FUNCTION attempt(client int) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO t (client) VALUES (client);
	EXCEPTION WHEN SQLSTATE 'KH001' THEN NULL;
	END $$;
});

sub limit
{
	my ($arguments, $more) = @_;

	$more //= '';
	sql(qq{SELECT hooks.unregister('limited', true);
		SELECT hooks.register('limited', 'before', 'insert', 't', 'hooks.rate_limit', arguments => '{$arguments}', level => 'statement' $more);
		TRUNCATE t});
}

# Many clients of one role: exactly so many pass
limit('100, 1 hour');
clients(['-t', 100], 'SELECT attempt(:client_id);');
is(sql('SELECT count(*) FROM t'), '100', 'exactly as many as may');

# What it tells who is refused, and that it is a veto, whatever the policy
like(refusal('INSERT INTO t VALUES (1)'),
	qr{^KH001: rate limit of hook "limited" is exceeded / It lets pass 100 in 1 hour of role "postgres"\. / Try again in \d+ s\.$},
	'what the client is told');
is(sql(q{SELECT calls, failures, vetoes FROM hooks.stats WHERE hook = 'limited'}), '801|0|701', 'counted as vetoes');
limit('1, 1 hour', ", on_error => 'isolate'");
is(refusal('INSERT INTO t VALUES (1)'), '', 'the first one');
like(refusal('INSERT INTO t VALUES (1)'), qr/^KH001/, 'no policy swallows it');

# Tokens come back, one by one, and no client starves
limit('500, 1 second');
my $seconds = clients(['-T', 4], 'SELECT attempt(:client_id);');
my $n = sql('SELECT count(*) FROM t');
cmp_ok($n, '<=', 500 * (1 + $seconds), "no more than the rate: $n in $seconds s");
cmp_ok($n, '>=', 500 * 4, 'no fewer');
cmp_ok(sql('SELECT min(n) FROM (SELECT count(*) n FROM t GROUP BY client) s'), '>=', $n / 8 / 5, 'each client has a part');
is(sql('SELECT count(DISTINCT client) FROM t'), '8', 'each of them');
limit('2, 600 ms');
like(refusal(join(' ', map { "INSERT INTO t VALUES ($_);" } 1 .. 3)), qr/Try again in \d+ ms\.$/, 'none is left');
ok($node->poll_query_until('postgres', "SELECT attempt(3) IS NOT NULL AND count(*) = 3 FROM t"), 'one has come back');

# By caller: a role does not take from another; SET ROLE, and functions of others
limit('2, 1 hour');
clients(['-t', 3], 'SET ROLE alice; SELECT attempt(:client_id); SET ROLE bob; SELECT attempt(:client_id);');
is(sql('SELECT role, count(*) FROM t GROUP BY role ORDER BY role'), "alice|2\nbob|2", 'by caller');
sql(q{CREATE FUNCTION definer() RETURNS void SECURITY DEFINER LANGUAGE sql AS 'INSERT INTO t VALUES (1)'});
sql('SELECT definer(); SELECT definer()');
like(refusal('SET ROLE alice; SELECT definer()'), qr/^KH001: .* role "postgres"/, 'a function that runs as its owner is a statement of the owner');

# By metadata; whatever it is that has it, and all that have none
limit('1, 1 hour, "metadata:tenant"');
is(refusal(qq{SET hooks.metadata = '$_'; INSERT INTO t VALUES (1)}), '', "metadata $_")
	for '{"tenant": "a"}', '{"tenant": 7}', '{"tenant": {"deep": [1]}}', '{"other": "a"}';
like(refusal(q{SET hooks.metadata = '{"tenant": "a", "request": 2}'; INSERT INTO t VALUES (1)}), qr/of metadata "tenant" = "a"/, 'the same tenant');
like(refusal(qq{SET hooks.metadata = '$_'; INSERT INTO t VALUES (1)}), qr/of all without metadata "tenant"/, "no tenant: $_")
	for '', '[{"tenant": "a"}]', '"tenant"', '7', '{"tenant": null}', 'null';

# By address
limit('1, 1 hour, client_address');
is(refusal('SET ROLE alice; INSERT INTO t VALUES (1)'), '', 'the first of an address');
my $address = $node->host =~ m{^/} ? 'all local clients' : 'clients at ';
like(refusal('SET ROLE bob; INSERT INTO t VALUES (1)'), qr/of $address/, 'another role of the address');

# A token that was taken stays taken
limit('2, 1 hour');
sql('BEGIN; INSERT INTO t VALUES (1); ROLLBACK; BEGIN; SAVEPOINT s; INSERT INTO t VALUES (1); ROLLBACK TO s; COMMIT');
like(refusal('INSERT INTO t VALUES (1)'), qr/^KH001/, 'who rolls back has used it');

# At level row each row takes one; the statement that meets none has taken them
sql(q{SELECT hooks.unregister('limited');
	SELECT hooks.register('limited', 'before', 'write', 't', 'hooks.rate_limit', arguments => '{10, 1 hour}');
	INSERT INTO t SELECT generate_series(1, 4); UPDATE t SET id = id; DELETE FROM t WHERE id < 3});
is(sql('SELECT count(*) FROM t'), '2', 'rows of all actions pass');
is(sqlstate($node, 'postgres', 'INSERT INTO t VALUES (1)'), 'KH001', 'ten rows');

# Hooks that are registered anew begin anew; another hook has a bucket of its own
sql(q{SELECT hooks.register('limited', 'before', 'write', 't', 'hooks.rate_limit', arguments => '{1, 1 hour}', replace => true);
	INSERT INTO t VALUES (1);
	SELECT hooks.register('limited_2', 'before', 'write', 't', 'hooks.rate_limit', arguments => '{1, 1 hour}')});
is(sqlstate($node, 'postgres', 'INSERT INTO t VALUES (1)'), 'KH001', 'the first hook');
sql(q{SELECT hooks.disable('limited')});
is(sqlstate($node, 'postgres', 'INSERT INTO t VALUES (1)'), 'none', 'the second hook');

# Many subjects do not push out one that has used its tokens up
sql(q{SELECT hooks.unregister('limited_2'); SELECT hooks.unregister('limited')});
limit('2, 1 hour, "metadata:k"');
sql(q{SET hooks.metadata = '{"k": "empty"}'; INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)});
sql(q{DO $$ BEGIN FOR i IN 1 .. 40000 LOOP
	PERFORM set_config('hooks.metadata', format('{"k": %s}', i), false); INSERT INTO t VALUES (i); END LOOP; END $$});
is(sqlstate($node, 'postgres', q{SET hooks.metadata = '{"k": "empty"}'; INSERT INTO t VALUES (1)}), 'KH001', 'an empty bucket stays');

# Nor do those of a hook of its own get rid of what another owner's hook counts of a role
limit('2, 1 hour');
sql(q{SET ROLE alice; INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)});
sql(q{CREATE TABLE of_alice (id int);
	ALTER TABLE of_alice OWNER TO alice;
	SET ROLE alice;
	SELECT hooks.register('of alice', 'before', 'insert', 'of_alice', 'hooks.rate_limit', arguments => '{1, 100 days, "metadata:k"}', level => 'statement');
	DO $$ BEGIN FOR i IN 1 .. 40000 LOOP
	PERFORM set_config('hooks.metadata', format('{"k": %s}', i), false); INSERT INTO of_alice VALUES (i); END LOOP; END $$});
is(sqlstate($node, 'postgres', q{SET ROLE alice; INSERT INTO t VALUES (1)}), 'KH001', 'no room is made by other hooks');

# Drops take a token too, by the other form of the callback
sql(q{SELECT hooks.unregister('limited');
	SELECT hooks.register('drops', 'before', 'drop', NULL, 'hooks.rate_limit', schema => 'public', arguments => '{1, 1 hour}');
	CREATE TABLE a (); CREATE TABLE b (); DROP TABLE a});
like(refusal('DROP TABLE b'), qr/^KH001: rate limit of hook "drops" is exceeded/, 'the second drop');

# So does each read, whatever sends it; also in a transaction that only reads, and one that is rolled back
sql(q{SELECT hooks.unregister('drops');
	CREATE VIEW v AS SELECT * FROM t;
	CREATE FUNCTION reads() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM t); END';
	SELECT hooks.register('reads', 'before', 'select', 't', 'hooks.rate_limit', arguments => '{5, 1 hour}')});
is(refusal($_), '', $_) for 'SELECT * FROM v', 'SELECT reads()', 'BEGIN READ ONLY; TABLE t; ROLLBACK', 'COPY t TO STDOUT',
	'SELECT * FROM t a JOIN t b USING (id)';
like(refusal('SELECT reads()'), qr{^KH001: rate limit of hook "reads" is exceeded / It lets pass 5 in 1 hour of role "postgres"\. / Try again in \d+ s\.$},
	'the sixth read');
is(refusal('EXPLAIN SELECT * FROM v'), '', 'what does not read takes none');
is(refusal('SET ROLE alice; SELECT count(*) FROM t'), '', 'another role');
is(sql(q{SELECT calls, failures, vetoes FROM hooks.stats WHERE hook = 'reads'}), '7|0|1', 'counted');
is(refusal(q{SELECT hooks.register('x', 'after', 'select', 't', 'hooks.rate_limit', arguments => '{5, 1 hour}')}) =~ /^42P17/, 1, 'not after a read');
sql(q{SELECT hooks.unregister('reads');
	SELECT hooks.register('copies', 'before', 'load, dump', 't', 'hooks.rate_limit', arguments => '{1, 1 hour}')});
is(refusal('COPY t TO STDOUT'), '', 'the first COPY');
like(refusal('COPY t FROM STDIN'), qr/^KH001/, 'the second');
sql(q{SELECT hooks.unregister('copies')});

# Without preload: refused, and a hook that is there lets nothing pass unseen
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
limit('10, 1 hour');
$node->restart;
like(refusal(q{SELECT hooks.register('x', 'before', 'insert', 't', 'hooks.rate_limit', arguments => '{10, 1 hour}')}),
	qr/^55000: hooks.rate_limit needs the library to be preloaded .* Add hooks to "shared_preload_libraries"/, 'not preloaded');
like(refusal('INSERT INTO t VALUES (1)'), qr/^55000: hooks.rate_limit needs/, 'a hook that is there');
is(sqlstate($node, 'postgres', q{SELECT hooks.register('x', 'before', 'insert', 't', 'hooks.rate_limit', arguments => '{0, 1 hour}')}),
	'22023', 'mistakes are told first');

done_testing();
