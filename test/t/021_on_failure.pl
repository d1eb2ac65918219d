# on_failure hooks are told of statements that failed: by the client, in functions
# that caught the error, in cascades, by COPY and TRUNCATE; once each, with what
# the client was told; and nothing of it gets into the way of a client.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', conf => q{
	shared_preload_libraries = 'hooks'
	log_min_messages = fatal
});

sub sql { return $node->safe_psql('postgres', $_[0]); }
sub try { return $node->psql('postgres', $_[0]); }

# What the hooks were told since the last time, in order
sub told
{
	my ($expected, $name, $columns) = @_;
	my @lines = split /\n/, $expected;
	my $n = @lines;

	$columns //= 'hook, action, relation, sqlstate, caught';
	$node->poll_query_until('postgres', "SELECT count(*) >= $n FROM told");
	is(sql("SELECT $columns FROM told ORDER BY id"), $expected, $name);
	sql('TRUNCATE told');
}

sql(q{
	CREATE EXTENSION hooks;
	CREATE TABLE told (id bigint GENERATED ALWAYS AS IDENTITY, hook text, action text, relation text, sqlstate text,
	                   caught bool, event jsonb);
	CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE sql AS $$
	  INSERT INTO told (hook, action, relation, sqlstate, caught, event)
	  SELECT event ->> 'hook', event ->> 'action', event ->> 'relation', event ->> 'sqlstate', (event ->> 'caught')::bool, event
	$$;
	CREATE TABLE parent (id int PRIMARY KEY, v int CHECK (v > 0));
	CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE);
	CREATE TABLE other (id int PRIMARY KEY);
	CREATE FUNCTION stubborn() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN RAISE 'child % stays', OLD.id USING ERRCODE = 'P0009', DETAIL = 'why', HINT = 'let it'; END $$;
	CREATE FUNCTION raise_no_memory() RETURNS int LANGUAGE plpgsql AS $$
	BEGIN RAISE 'nothing left' USING ERRCODE = '53200', DETAIL = 'why', HINT = 'let it'; END $$;
	CREATE TRIGGER stubborn BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION stubborn();
	INSERT INTO parent VALUES (1, 1);
	INSERT INTO child VALUES (1, 1);
	SELECT hooks.register('on_parent', 'on_failure', 'write', 'parent', 'tell');
	SELECT hooks.register('on_child', 'on_failure', 'delete', 'child', 'tell');
});

# What the client is told
try('INSERT INTO parent VALUES (1, 1)');
told('on_parent|insert|public.parent|23505|f', 'a statement of the client');
try("UPDATE parent SET v = 0 /* here */");
told(q{on_parent|new row for relation "parent" violates check constraint "parent_v_check"|Failing row contains (1, 0).|UPDATE parent SET v = 0 /* here */|postgres|on_failure},
	'all of it', q{event ->> 'hook', event ->> 'message', event ->> 'detail', event ->> 'statement', event ->> 'caller', event ->> 'phase'});

# Of one that ran out of memory, no more than that is told
try(q{DO $$ BEGIN INSERT INTO parent VALUES (raise_no_memory()); END $$});
told('on_parent|53200|out of memory|null|null', 'no memory', q{hook, sqlstate, event ->> 'message', event -> 'detail', event -> 'hint'});

# In which transaction, if it has a number, and with which metadata, if it is short
my $metadata = q{event ->> 'transaction_id', event -> 'metadata'};
try(q{SET hooks.metadata = '{"request": "r-17"}'; UPDATE parent SET v = 0});
told('|{"request": "r-17"}', 'metadata', $metadata);
my (undef, $xid) = try(q{SET hooks.metadata = '"} . 'x' x 1021 . q{"'; BEGIN; SELECT pg_current_xact_id(); UPDATE parent SET v = 0});
told("$xid|\"" . 'x' x 1021 . '"', 'a transaction', $metadata);
try(q{SET hooks.metadata = '"} . 'x' x 1022 . q{"'; UPDATE parent SET v = 0});
told('|null', 'long metadata', $metadata);

# One that waits for hooks.opt_in
sql(q{SELECT hooks.register('asked', 'on_failure', 'write', 'parent', 'tell', activation => 'opt_in')});
try(q{UPDATE parent SET v = 0});
told('on_parent|update|public.parent|23514|f', 'not asked for');
try(q{SET hooks.opt_in = asked; UPDATE parent SET v = 0});
told("on_parent|update|public.parent|23514|f\nasked|update|public.parent|23514|f", 'asked for');
try(q{SET hooks.opt_in = asked; COPY parent FROM PROGRAM 'echo x'});
told("on_parent|insert|public.parent|22P02|f\nasked|insert|public.parent|22P02|f", 'asked for by COPY');
sql(q{SELECT hooks.unregister('asked')});

# Each statement that the error passes, the inner one first; and the cascade's
try('DELETE FROM parent');
told("on_child|delete|public.child|P0009|f\non_parent|delete|public.parent|P0009|f", 'a cascade');

# Caught in a function, or not; in a savepoint of the client's, it has come to the client
sql(q{DO $$ BEGIN INSERT INTO parent VALUES (1, 1); EXCEPTION WHEN OTHERS THEN NULL; END $$});
told('on_parent|insert|public.parent|23505|t', 'caught');
try(q{DO $$ BEGIN INSERT INTO parent VALUES (1, 1); END $$});
told('on_parent|insert|public.parent|23505|f', 'in a function, not caught');
try('BEGIN; SAVEPOINT s; INSERT INTO parent VALUES (1, 1); ROLLBACK TO s; COMMIT');
told('on_parent|insert|public.parent|23505|f', 'a savepoint');
try(q{DO $$ BEGIN BEGIN INSERT INTO parent VALUES (1, 1); EXCEPTION WHEN OTHERS THEN NULL; END;
	UPDATE parent SET v = 0; END $$});
told("on_parent|insert|public.parent|23505|t\non_parent|update|public.parent|23514|f", 'one of each');

# Other commands
try("COPY parent FROM PROGRAM 'echo x'");
told('on_parent|insert|public.parent|22P02|f', 'COPY');
try('TRUNCATE parent');
told('on_parent|truncate|public.parent|0A000|f', 'TRUNCATE');
try('WITH w AS (UPDATE parent SET v = 0 RETURNING 1) SELECT * FROM w');
told('on_parent|update|public.parent|23514|f', 'in WITH');
sql('CREATE ROLE nobody; GRANT USAGE ON SCHEMA public TO nobody');
try('SET ROLE nobody; DELETE FROM parent');
told('nobody|postgres|42501', 'rights', q{event ->> 'caller', event ->> 'session_user', sqlstate});

# MERGE, for the actions that it has; of a partitioned table, the one that the statement names
sql(q{CREATE TABLE parted (id int, v int) PARTITION BY LIST (id);
	CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
	INSERT INTO parted VALUES (1, 0);
	SELECT hooks.register(a, 'on_failure', a, 'parted', 'tell') FROM unnest('{insert,update,delete}'::text[]) a;
	SELECT hooks.register('of part', 'on_failure', 'write', 'part', 'tell')});
my $merge = 'MERGE INTO parted USING (VALUES (1)) m (id) ON parted.id = m.id';
try("$merge WHEN MATCHED THEN UPDATE SET v = 1 / v");
told('update|update|public.parted|22012|f', 'MERGE that updates');
try("$merge WHEN MATCHED AND 1 / v = 1 THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1, 1)");
told("insert|insert|public.parted|22012|f\ndelete|delete|public.parted|22012|f", 'MERGE that inserts and deletes');
try('DELETE FROM parted WHERE 1 / v = 1');
try('DELETE FROM part WHERE 1 / v = 1');
told("delete|delete|public.parted|22012|f\nof part|delete|public.part|22012|f", 'a table, and its partition');
sql('DROP TABLE parted');

# Not those of other tables and actions, nor those that succeed
try('INSERT INTO other VALUES (1), (1); SELECT 1/0; SELECT 1/0 FROM parent; INSERT INTO child VALUES (1)');
sql('INSERT INTO parent VALUES (2, 2)');
try('INSERT INTO parent VALUES (3, 0)');
told('on_parent|insert|public.parent|23514|f', 'nothing else');

# What is long is cut off, between characters
sql(q{CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE '%', repeat('ä', 100000); END $$;
	CREATE TRIGGER loud BEFORE INSERT ON parent FOR EACH ROW WHEN (NEW.id = 77) EXECUTE FUNCTION loud()});
try("INSERT INTO parent VALUES (77, 1) /* " . 'ä' x 5000 . " */");
told('t|t', 'bounds', q{octet_length(event ->> 'message') BETWEEN 1020 AND 1023,
	octet_length(event ->> 'statement') BETWEEN 2040 AND 2047});

# A callback that fails is isolated; it is not told of itself
sql(q{CREATE FUNCTION fails(event jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO parent VALUES (1, 1) $$;
	SELECT hooks.register('fails', 'on_failure', 'insert', 'parent', 'fails')});
try('INSERT INTO parent VALUES (1, 1)');
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM hooks.failure WHERE hook = 'fails' AND phase = 'on_failure'"),
	'isolated');
told('on_parent|insert|public.parent|23505|f', 'and that was all');
ok($node->poll_query_until('postgres', q{SELECT calls = 1 AND failures = 1 FROM hooks.stats WHERE hook = 'fails'}),
	'and counted');
sql("SELECT hooks.unregister('fails')");

# Too many at a time: what finds no room is counted, and no client waits
sql("ALTER SYSTEM SET hooks.workers = off; SELECT pg_reload_conf(), hooks.reset_stats()");
$node->poll_query_until('postgres', "SHOW hooks.workers", 'off');
sql(q{DO $$ BEGIN FOR i IN 1 .. 1000 LOOP
	BEGIN INSERT INTO parent VALUES (1, 1); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$});
ok($node->poll_query_until('postgres', "SELECT bypassed = 1000 - 256 FROM hooks.stats WHERE hook = 'on_parent'"),
	'overflow') or diag(sql('SELECT * FROM hooks.stats'));
sql("ALTER SYSTEM RESET hooks.workers; SELECT pg_reload_conf()");
$node->poll_query_until('postgres', "SHOW hooks.workers", 'on');
try('DELETE FROM parent');
$node->poll_query_until('postgres', q{SELECT count(*) >= 256 FROM told WHERE action = 'insert'});
is(sql(q{SELECT count(*) FROM told WHERE action = 'insert'}), '256', 'the others come in time');

# Who makes many fail keeps nobody else from being told
sql("TRUNCATE told; ALTER SYSTEM SET hooks.workers = off; SELECT pg_reload_conf(), hooks.reset_stats()");
$node->poll_query_until('postgres', "SHOW hooks.workers", 'off');
sql(q{CREATE ROLE greedy;
	CREATE TABLE of_greedy (id int CHECK (id > 1));
	ALTER TABLE of_greedy OWNER TO greedy;
	CREATE FUNCTION tell_nobody(event jsonb) RETURNS void LANGUAGE sql AS '';
	SET ROLE greedy;
	SELECT hooks.register('of greedy', 'on_failure', 'insert', 'of_greedy', 'tell_nobody');
	DO $$ BEGIN FOR i IN 1 .. 400 LOOP
	BEGIN INSERT INTO of_greedy VALUES (1); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$});
sql(q{DO $$ BEGIN FOR i IN 1 .. 10 LOOP
	BEGIN INSERT INTO parent VALUES (1, 1); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$});
is(sql(q{SELECT bypassed FROM hooks.stats WHERE hook = 'on_parent'}), '0', 'none misses it');
is(sql(q{SELECT bypassed FROM hooks.stats WHERE hook = 'of greedy'}), 400 - 256 + 10, 'who has most does');
sql("ALTER SYSTEM RESET hooks.workers; SELECT pg_reload_conf()");
$node->poll_query_until('postgres', "SHOW hooks.workers", 'on');
try('DELETE FROM parent');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 10 FROM told WHERE hook = 'on_parent' AND action = 'insert'}), 'and is told');
try('INSERT INTO of_greedy VALUES (1)');
ok($node->poll_query_until('postgres', q{SELECT calls + bypassed = 401 FROM hooks.stats WHERE hook = 'of greedy'}), 'as it is of what was left');

# Nor who has many hooks on the same table, that come first
sql("TRUNCATE told; SELECT hooks.reset_stats(); GRANT TRIGGER ON parent TO greedy; SET ROLE greedy;" .
	join(';', map { "SELECT hooks.register('greedy$_', 'on_failure', 'insert', 'parent', 'tell_nobody', priority => -1)" } 1 .. 40));
try('INSERT INTO parent VALUES (2, 0)');
told('on_parent|insert|public.parent|23514|f', 'the hook of another role is told, too');
is(sql(q{SELECT sum(bypassed), count(*) FILTER (WHERE bypassed > 0) FROM hooks.stats WHERE hook ~ '^greedy'}), '9|9',
	'what gives way is counted');
sql("SELECT count(hooks.unregister('greedy' || n)) FROM generate_series(1, 40) n");
sql(q{SELECT hooks.unregister('of greedy'); DROP TABLE of_greedy; REVOKE ALL ON parent FROM greedy; DROP ROLE greedy});

# A hook that is disabled, or gone, before it is told
sql("ALTER SYSTEM SET hooks.workers = off; SELECT pg_reload_conf()");
$node->poll_query_until('postgres', "SHOW hooks.workers", 'off');
sql(q{TRUNCATE told; INSERT INTO other VALUES (100);
	SELECT hooks.register(name, 'on_failure', 'insert', 'other', 'tell') FROM unnest('{off,gone}'::text[]) name});
try('INSERT INTO other VALUES (100)');
sql(q{SELECT hooks.disable('off'), hooks.unregister('gone'); DELETE FROM other WHERE id = 100});
sql("ALTER SYSTEM RESET hooks.workers; SELECT pg_reload_conf()");
$node->poll_query_until('postgres', "SHOW hooks.workers", 'on');
try('INSERT INTO parent VALUES (1, 1)');
told('on_parent|insert|public.parent|23505|f', 'who is disabled or gone by then is not told');
sql("SELECT hooks.unregister('off')");

# Many hooks of one statement
sql(join(';', map { "SELECT hooks.register('many$_', 'on_failure', 'insert', 'parent', 'tell')" } 1 .. 20));
sql("TRUNCATE told; SELECT hooks.reset_stats()");
try('INSERT INTO parent VALUES (2, 0)');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 21 AND count(DISTINCT hook) = 21 FROM told'), 'more than 16 hooks');
is(sql('SELECT sum(bypassed) FROM hooks.stats'), '0', 'none misses it');
sql("SELECT count(hooks.unregister('many' || n)) FROM generate_series(1, 20) n");

# A worker that is terminated while it tells
sql(q{CREATE FUNCTION ends(event jsonb) RETURNS void LANGUAGE sql AS 'SELECT pg_terminate_backend(pg_backend_pid())';
	SELECT hooks.register('ends', 'on_failure', 'insert', 'parent', 'ends')});
try('INSERT INTO parent VALUES (2, 0)');
ok($node->poll_query_until('postgres', q{SELECT bypassed = 1 FROM hooks.stats WHERE hook = 'ends'}), 'terminated: counted as missed');
sql("SELECT hooks.unregister('ends')");

# What has waited for a minute gives way, and is counted for its hook
sql("TRUNCATE told; ALTER SYSTEM SET hooks.workers = off; SELECT pg_reload_conf(), hooks.reset_stats()");
$node->poll_query_until('postgres', "SHOW hooks.workers", 'off');
sql(q{DO $$ BEGIN FOR i IN 1 .. 256 LOOP
	BEGIN INSERT INTO parent VALUES (1, 1); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$});
my $minute = sql('SELECT clock_timestamp()');
$node->poll_query_until('postgres', "SELECT clock_timestamp() > timestamptz '$minute' + '61 s'");
sql(q{DO $$ BEGIN FOR i IN 1 .. 10 LOOP
	BEGIN UPDATE parent SET v = 0; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$});
is(sql(q{SELECT bypassed FROM hooks.stats WHERE hook = 'on_parent'}), '10', 'what gave way is counted');
like(sql(q{SELECT message FROM hooks.check() WHERE code = 'firings_bypassed'}), qr/^10 firings of hook "on_parent" were left out/, 'hooks.check()');
sql("ALTER SYSTEM RESET hooks.workers; SELECT pg_reload_conf()");
$node->poll_query_until('postgres', "SHOW hooks.workers", 'on');
try('DELETE FROM parent');
# (the DELETE, which wakes a worker, may let two more give way)
ok($node->poll_query_until('postgres', q{SELECT count(*) + (SELECT bypassed FROM hooks.stats WHERE hook = 'on_parent') = 266
	FROM told WHERE action <> 'delete'}), 'each is told or counted');
is(sql(q{SELECT count(*), (SELECT bypassed BETWEEN 10 AND 12 FROM hooks.stats WHERE hook = 'on_parent')
	FROM told WHERE hook = 'on_parent' AND action = 'update'}), '10|t', 'the newest are told');

# Many clients: each failure once
sql("TRUNCATE told; SELECT hooks.reset_stats()");
$node->pgbench('--client=4 --transactions=20 --no-vacuum', 0, [qr{processed: 80/80}], [qr{^$}], '4 clients',
	{ '021_on_failure' => q{DO $$ BEGIN INSERT INTO parent VALUES (1, 1); EXCEPTION WHEN OTHERS THEN NULL; END $$}});
ok($node->poll_query_until('postgres', "SELECT count(*) + (SELECT bypassed FROM hooks.stats WHERE hook = 'on_parent') = 80 FROM told"),
	'each once');

# The hook of a role that cannot log in: its callback, and what that leaves for the commit, cannot become anybody else
sql(q{
	CREATE ROLE no_login NOLOGIN;
	GRANT CREATE ON SCHEMA public TO no_login;
	GRANT TRIGGER ON other TO no_login;
	SET ROLE no_login;
	CREATE TABLE escaped (id int, who text);
	CREATE FUNCTION escape() RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
	  EXECUTE 'SET SESSION AUTHORIZATION ' || (SELECT quote_ident(rolname) FROM pg_roles WHERE oid = 10);
	  RETURN current_user;
	EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
	CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
	BEGIN UPDATE escaped SET who = who || ' ' || escape(); RETURN NULL; END $$;
	CREATE CONSTRAINT TRIGGER later AFTER INSERT ON escaped DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION later();
	CREATE FUNCTION try(event jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO escaped SELECT 1, escape() $$;
	SELECT hooks.register('escapes', 'on_failure', 'insert', 'other', 'try');
	RESET ROLE;
	INSERT INTO other VALUES (1);
});
try('INSERT INTO other VALUES (1)');
$node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM escaped');
is(sql('SELECT who FROM escaped'), '42501 42501', 'a role that cannot log in stays what it is');
unlike(slurp_file($node->logfile), qr/role "no_login" is not permitted to log in/, '... and nobody tries to be it');
sql("SELECT hooks.unregister('escapes')");

# What makes no sense is refused.
sub refused
{
	my ($arguments, $sqlstate) = @_;

	is(sqlstate($node, 'postgres', "SELECT hooks.register('bad', 'on_failure', $arguments)"), $sqlstate, $arguments);
}
refused(q{'delete', 'parent', 'tell', level => 'row'}, '42P17');
refused(q{'delete', 'parent', 'tell', condition => 'OLD.id = 1'}, '42P17');
refused(q{'update', 'parent', 'tell', columns => '{v}'}, '42P17');
refused(q{'name', 'parent', 'tell', columns => '{v}'}, '42P17');
refused(q{'drop', 'parent', 'tell'}, '42P17');
refused(q{'delete', 'parent', 'tell', on_error => 'retry'}, '42P17');
refused(q{'delete', 'parent', 'tell', on_error => 'abort'}, '42P17');
refused(q{'delete', 'parent', 'tell', payload => '{id}'}, '42P17');
refused(q{'delete', 'parent', 'stubborn'}, '42P17');

# Without preload nobody would see a statement fail.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
refused(q{'delete', 'parent', 'tell'}, '55000');
my (undef, undef, $err) = try("SELECT * FROM hooks.chain('parent')");
like($err, qr/shared_preload_libraries/, 'and the hooks that are there say so');

done_testing();
