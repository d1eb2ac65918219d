# Logical replication between two servers: "fire" decides which hooks fire on
# the publisher, which in the initial copy and which in apply; a failing hook
# with policy isolate does not stop replication, one with abort does.
#
# The apply worker works with session_replication_role = replica, so that
# nothing with fire => origin fires and no foreign key acts: the rows that the
# publisher's cascade removed come as changes of their own.  Each change is
# applied by itself, so that before_cascade fires for each row.

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
	$node{$name} = start_node(
		$name,
		allows_streaming => 'logical',
		conf => q{
		max_prepared_transactions = 5
		wal_retrieve_retry_interval = 100ms
		logical_decoding_work_mem = 64kB
	});
}
my $publisher = $node{publisher};
my $subscriber = $node{subscriber};
my $version = $publisher->pg_version;

sub publisher { return $publisher->safe_psql('postgres', $_[0]); }
sub subscriber { return $subscriber->safe_psql('postgres', $_[0]); }

# The same on both servers.  The hooks belong to neither the tables' owner nor
# the subscription's.
foreach my $node ($publisher, $subscriber)
{
	$node->safe_psql(
		'postgres', q{
		CREATE EXTENSION hooks;
		CREATE ROLE app;
		CREATE ROLE auditor;
		GRANT pg_read_all_stats TO auditor;
		CREATE TABLE parent (id int PRIMARY KEY, name text);
		CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE);
		ALTER TABLE parent OWNER TO app;
		ALTER TABLE child OWNER TO app;
		GRANT SELECT, TRIGGER ON parent, child TO auditor;
		CREATE TABLE fired (id bigint GENERATED ALWAYS AS IDENTITY, tab name, kind text, fire text, op text,
		                    rows text, dependents text, role name DEFAULT current_user, caller name, worker text);
		GRANT INSERT ON fired TO auditor;

		-- Notes the rows and, in before_cascade, how many rows depend on them
		CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
		DECLARE
		  ids int[];
		  dependents bigint;
		BEGIN
		  IF TG_LEVEL = 'ROW' THEN
		    ids := ARRAY[coalesce(NEW.id, OLD.id)];
		  ELSIF TG_OP = 'DELETE' THEN
		    ids := ARRAY(SELECT id FROM old_table ORDER BY id);
		  ELSIF TG_OP <> 'TRUNCATE' THEN
		    ids := ARRAY(SELECT id FROM new_table ORDER BY id);
		  END IF;
		  IF TG_LEVEL = 'STATEMENT' AND TG_WHEN = 'BEFORE' AND TG_TABLE_NAME = 'parent' THEN
		    dependents := (SELECT count(*) FROM child WHERE TG_OP = 'TRUNCATE' OR parent_id = ANY (ids));
		  END IF;
		  INSERT INTO fired (tab, kind, fire, op, rows, dependents, caller, worker)
		  VALUES (TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1], TG_OP, array_to_string(ids, ','), dependents,
		          (hooks.context()).caller,
		          (SELECT backend_type FROM pg_stat_activity WHERE pid = pg_backend_pid()));
		  RETURN coalesce(NEW, OLD);
		END $$;
		CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		  INSERT INTO fired (kind) VALUES ('broken');
		  RAISE 'broken';
		END $$;

		SET ROLE auditor;
		SELECT hooks.register(concat_ws('_', t, kind, f), phase, action, t::regclass, 'note', level => level,
		                      arguments => ARRAY[kind, f], fire => f)
		  FROM unnest('{parent,child}'::text[]) t,
		       unnest('{origin,replica,always}'::text[]) f,
		       (VALUES ('before', 'before', 'write', 'row'),
		               ('before_cascade', 'before_cascade', 'delete, truncate', NULL),
		               ('after', 'after', 'write', 'row'),
		               ('statement', 'after', 'write', 'statement')) k (kind, phase, action, level);
		RESET ROLE;
	});
}

# What the hooks of a table with one "fire" have done on a node, in order
sub fired
{
	my ($node, $fire, $table) = @_;

	return $node->safe_psql(
		'postgres', qq{
		SELECT concat_ws(' ', kind, op, rows, '(' || dependents || ')') FROM fired
		 WHERE fire = '$fire' AND tab = '$table' ORDER BY id});
}

sub forget
{
	$_->safe_psql('postgres', 'TRUNCATE fired') foreach ($publisher, $subscriber);
}

# What the hooks of a table have done on both nodes, and that all that may fire
# there did the same.
sub check_fired
{
	my ($what, $table, $on_publisher, $on_subscriber) = @_;

	is(fired($publisher, $_, $table), $on_publisher =~ s/\s*\n\s*/\n/gr, "$what: $_ hooks on $table of the publisher")
	  foreach ('origin', 'always');
	is(fired($subscriber, $_, $table), $on_subscriber =~ s/\s*\n\s*/\n/gr, "$what: $_ hooks on $table of the subscriber")
	  foreach ('replica', 'always');
	is(fired($publisher, 'replica', $table), '', "$what: replica hooks on $table of the publisher");
	is(fired($subscriber, 'origin', $table), '', "$what: origin hooks on $table of the subscriber");
}

# The initial copy is a COPY: it fires row and statement triggers
publisher(q{
	INSERT INTO parent SELECT g, 'old' FROM generate_series(1, 4) g;
	INSERT INTO child SELECT g * 10, g FROM generate_series(1, 3) g;
	CREATE PUBLICATION pub FOR TABLE parent, child});
forget();
my $connection = connection_to($publisher, 'postgres');
subscriber("CREATE SUBSCRIPTION sub CONNECTION '$connection' PUBLICATION pub");
$subscriber->wait_for_subscription_sync($publisher, 'sub');

check_fired('initial copy', 'parent', '',
	"before INSERT 1\nbefore INSERT 2\nbefore INSERT 3\nbefore INSERT 4
	 after INSERT 1\nafter INSERT 2\nafter INSERT 3\nafter INSERT 4
	 statement INSERT 1,2,3,4");
check_fired('initial copy', 'child', '',
	"before INSERT 10\nbefore INSERT 20\nbefore INSERT 30
	 after INSERT 10\nafter INSERT 20\nafter INSERT 30
	 statement INSERT 10,20,30");

# Hooks run as their owner; who called is the role that applies: the owner of
# the subscription, since 16 that of the table
my $applier = $version >= 16 ? 'app' : subscriber('SELECT current_user');
is(subscriber('SELECT DISTINCT role, caller FROM fired'), "auditor|$applier", 'initial copy: as whom hooks run');

# Apply: row triggers only
forget();
publisher(q{
	INSERT INTO parent VALUES (5, 'new'), (6, 'new');
	UPDATE parent SET name = 'changed' WHERE id >= 5});
$publisher->wait_for_catchup('sub');
check_fired('insert and update', 'parent',
	"before INSERT 5\nbefore INSERT 6\nafter INSERT 5\nafter INSERT 6\nstatement INSERT 5,6
	 before UPDATE 5\nbefore UPDATE 6\nafter UPDATE 5\nafter UPDATE 6\nstatement UPDATE 5,6",
	"before INSERT 5\nafter INSERT 5\nbefore INSERT 6\nafter INSERT 6
	 before UPDATE 5\nafter UPDATE 5\nbefore UPDATE 6\nafter UPDATE 6");
is(subscriber('SELECT DISTINCT role, caller FROM fired'), "auditor|$applier", 'apply: as whom hooks run');

# A cascade: before_cascade sees the dependent rows on both servers
forget();
publisher('DELETE FROM parent WHERE id <= 2');
$publisher->wait_for_catchup('sub');
check_fired('cascade', 'parent',
	"before DELETE 1\nbefore DELETE 2\nbefore_cascade DELETE 1,2 (2)
	 after DELETE 1\nafter DELETE 2\nstatement DELETE 1,2",
	"before DELETE 1\nbefore_cascade DELETE 1 (1)\nafter DELETE 1
	 before DELETE 2\nbefore_cascade DELETE 2 (1)\nafter DELETE 2");
check_fired('cascade', 'child',
	"before DELETE 10\nbefore DELETE 20\nbefore_cascade DELETE 10,20
	 after DELETE 10\nafter DELETE 20\nstatement DELETE 10,20",
	"before DELETE 10\nbefore_cascade DELETE 10\nafter DELETE 10
	 before DELETE 20\nbefore_cascade DELETE 20\nafter DELETE 20");
is(subscriber('SELECT id FROM child'), '30', 'cascade: the rows have gone on the subscriber, each once');

# TRUNCATE: it has statement triggers only, and apply fires these
forget();
publisher('TRUNCATE parent, child');
$publisher->wait_for_catchup('sub');
check_fired('truncate', 'parent', ("before_cascade TRUNCATE (1)\nstatement TRUNCATE") x 2);
check_fired('truncate', 'child', ("before_cascade TRUNCATE\nstatement TRUNCATE") x 2);

# A list of columns means those that the publisher sends
subscriber(q{
	ALTER TABLE parent ADD COLUMN local text;
	SELECT hooks.register('on_' || c, 'before', 'update', 'parent', 'note', columns => ARRAY[c], fire => 'always',
	                      arguments => ARRAY[c, 'columns'])
	  FROM unnest('{name,local}'::name[]) c});
publisher(q{
	INSERT INTO parent VALUES (1, 'old');
	UPDATE parent SET name = 'new'});
$publisher->wait_for_catchup('sub');
is(fired($subscriber, 'columns', 'parent'), 'name UPDATE 1', 'columns: only what is replicated counts as assigned');
subscriber(q{SELECT hooks.unregister('on_name'), hooks.unregister('on_local')});

# Into a partitioned table: its hooks fire for the partitions, also for one that
# came after them; a row that moves is a delete and an insert
publisher(q{
	CREATE TABLE part (id int, at int, PRIMARY KEY (id, at));
	INSERT INTO part VALUES (1, 1);
	ALTER PUBLICATION pub ADD TABLE part});
subscriber(q{
	CREATE TABLE part (id int, at int, PRIMARY KEY (id, at)) PARTITION BY LIST (at);
	CREATE TABLE part1 PARTITION OF part FOR VALUES IN (1);
	SELECT hooks.register('part_' || phase, phase, action, 'part', 'note', arguments => ARRAY[phase, 'tree'], fire => 'replica')
	  FROM (VALUES ('before', 'write'), ('before_cascade', 'delete')) p (phase, action);
	CREATE TABLE part2 PARTITION OF part FOR VALUES IN (2);
	ALTER SUBSCRIPTION sub REFRESH PUBLICATION});
$subscriber->wait_for_subscription_sync($publisher, 'sub');
publisher('UPDATE part SET at = 2');
publisher('DELETE FROM part');
$publisher->wait_for_catchup('sub');
is( subscriber(q{SELECT kind, op, rows, tab FROM fired WHERE fire = 'tree' ORDER BY id}),
	'before|INSERT|1|part1
before|DELETE|1|part1
before|INSERT|1|part2
before_cascade|DELETE|1|part
before|DELETE|1|part2
before_cascade|DELETE|1|part',
	'partitions: hooks of the partitioned table fire');

# Isolated failures do not stop replication; a quarantine takes place
publisher(q{INSERT INTO child VALUES (10, 1)});
$publisher->wait_for_catchup('sub');
forget();
subscriber(q{
	SELECT hooks.register('broken_row', 'before', 'insert', 'parent', 'broken', fire => 'always', on_error => 'isolate');
	SELECT hooks.register('broken_set', 'before_cascade', 'delete', 'parent', 'broken', fire => 'replica',
	                      on_error => 'isolate');
	SELECT hooks.register('broken_often', 'after', 'insert', 'parent', 'broken', fire => 'replica', on_error => 'quarantine')});
publisher(q{
	INSERT INTO parent SELECT g FROM generate_series(2, 8) g;
	DELETE FROM parent WHERE id <= 2});
$publisher->wait_for_catchup('sub');
is(subscriber(q{SELECT string_agg(id::text, ',' ORDER BY id) FROM parent}),
	'3,4,5,6,7,8', 'isolate: changes are applied');
is(subscriber('SELECT count(*) FROM child'), '0', 'isolate: ... and those after them');
is( subscriber(q{
		SELECT hook, phase, action, relation, message, caller, count(*), count(DISTINCT transaction_id)
		  FROM hooks.failure GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1}),
	"broken_often|after|insert|parent|broken|$applier|5|1
broken_row|before|insert|parent|broken|$applier|7|1
broken_set|before_cascade|delete|parent|broken|$applier|2|1",
	'isolate: hooks.failure tells of it');
is(subscriber(q{SELECT name FROM hooks.registry WHERE quarantined}), 'broken_often', 'quarantine: the hook is out');
is(subscriber(q{SELECT count(*) FROM fired WHERE kind = 'broken'}), '0', 'isolate: what the hook did is rolled back');
is(fired($subscriber, 'always', 'parent'), fired($subscriber, 'replica', 'parent'), 'isolate: the other hooks');
isnt(fired($subscriber, 'always', 'parent'), '', 'isolate: ... have fired');
like(
	slurp_file($subscriber->logfile),
	qr/WARNING: .*hook "broken_set" \(before_cascade delete on parent\) failed and was isolated: broken/,
	'isolate: there is a warning in the log');
subscriber(q{SELECT hooks.unregister(name) FROM hooks.registry WHERE name ~ '^broken_'});

# A failing hook with policy abort stops it, until somebody disables or mends it
foreach my $case ([ 'before', 'insert', q{hooks.disable('veto')} ],
	[ 'before_cascade', 'delete', q{hooks.register('veto', 'before_cascade', 'delete', 'parent', 'note', replace => true,
	                                               fire => 'replica', on_error => 'abort')} ])
{
	my ($phase, $action, $mend) = @$case;
	my $there = 'SELECT count(*) FROM parent WHERE id = 9';
	my $offset = -s $subscriber->logfile;

	forget();
	subscriber(qq{
		SELECT hooks.register('veto', '$phase', '$action', 'parent', 'broken', fire => 'replica', on_error => 'abort')});
	publisher($action eq 'insert' ? 'INSERT INTO parent VALUES (9)' : 'DELETE FROM parent WHERE id = 9');
	publisher('INSERT INTO parent VALUES (10); DELETE FROM parent WHERE id = 10');

	foreach my $attempt ('once', 'and again')
	{
		$offset = $subscriber->wait_for_log(qr/ERROR: .*broken\n.*CONTEXT: .*hook "veto" \($phase $action on parent\)/s, $offset);
		ok($offset, "abort: the $phase hook stops apply, $attempt");
	}
	is(subscriber('SELECT count(*) FROM fired'), 0, 'abort: nothing has fired that is there to be seen');
	is(subscriber($there), $action eq 'insert' ? 0 : 1, "abort: the $action is not applied");

	subscriber("SELECT $mend");
	$publisher->wait_for_catchup('sub');
	is(subscriber($there), $action eq 'insert' ? 1 : 0, "abort: with the hook mended, the $action is applied");
	is( subscriber(q{SELECT count(*) FROM fired WHERE fire = 'always' AND kind = 'before' AND rows = '9'}),
		1, 'abort: ... and the other hooks have fired once');
	is(subscriber(q{SELECT count(*) FROM hooks.failure WHERE hook = 'veto'}), 0, 'abort: it is no isolated failure');
	subscriber(q{SELECT hooks.unregister('veto')});
}

# Neither is it lost if the hook fails when the transaction commits, and
# disable_on_error has the subscription wait for somebody
subscriber(q{
	CREATE FUNCTION refuse(event jsonb) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE 'refused'; END $$;
	SELECT hooks.register('veto', 'before_commit', 'insert', 'parent', 'refuse', fire => 'replica');
	ALTER SUBSCRIPTION sub SET (disable_on_error = true)});
my $end_of_log = -s $subscriber->logfile;
publisher('INSERT INTO parent VALUES (11)');
$subscriber->poll_query_until('postgres', 'SELECT NOT subenabled FROM pg_subscription')
  or die 'the subscription was not disabled';
ok($subscriber->wait_for_log(qr/ERROR: .*refused/, $end_of_log), 'before_commit: the hook refuses the transaction');
is(subscriber('SELECT count(*) FROM parent WHERE id = 11'), 0, 'before_commit: the transaction is not applied');
subscriber(q{SELECT hooks.unregister('veto'); ALTER SUBSCRIPTION sub ENABLE});
$publisher->wait_for_catchup('sub');
is(subscriber('SELECT count(*) FROM parent WHERE id = 11'), 1, 'before_commit: ... until nothing refuses it');

# Hooks that fire at the commit, and after it, hear of what is applied, also
# since 16, where each change is applied in a security-restricted operation.
# A callback that runs as the applying role is restricted as that was.
subscriber(q{
	CREATE TABLE heard (hook text, action text, rows jsonb, caller text, role name DEFAULT current_user, restricted boolean);
	GRANT INSERT ON heard TO auditor, app;
	CREATE FUNCTION hear(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
	  restricted boolean := false;
	BEGIN
	  BEGIN
	    CREATE TEMPORARY TABLE own ();
	    DROP TABLE own;
	  EXCEPTION WHEN insufficient_privilege THEN
	    restricted := true;
	  END;
	  INSERT INTO public.heard (hook, action, rows, caller, restricted)
	  VALUES (event->>'hook', event->>'action', jsonb_path_query_array(event, '$.new[*].id'), event->>'caller', restricted);
	END $$;
	SELECT hooks.register('invoker', 'before_commit', 'insert, truncate', 'parent', 'hear', fire => 'replica', run_as => 'invoker');
	SET ROLE auditor;
	SELECT hooks.register('commit', 'before_commit', 'insert, truncate', 'parent', 'hear', fire => 'replica', priority => 1),
	       hooks.register('delivery', 'after_commit', 'insert, truncate', 'parent', 'hear', fire => 'replica')});
foreach my $change ('INSERT INTO parent VALUES (12)', 'TRUNCATE parent, child')
{
	my $action = $change =~ /^INSERT/ ? 'insert' : 'truncate';
	# the triggers of TRUNCATE fire as the owner of the subscription, since 18 as that of the table
	my $applies = $action eq 'truncate' && $version < 18 ? subscriber('SELECT current_user') : $applier;
	my $restricted = $action eq 'insert' && $version >= 16 ? 't' : 'f';

	publisher($change);
	$publisher->wait_for_catchup('sub');
	is(subscriber('SELECT hooks.flush()'), 't', "commit: what was told of $action is delivered");
	is( subscriber(q{SELECT hook, action, caller, role, restricted FROM heard ORDER BY role <> caller, hook}),
		"invoker|$action|$applies|$applies|$restricted\n" .
		"commit|$action|$applies|auditor|t\ndelivery|$action|$applies|auditor|f",
		"commit: who hears of $action, and as whom");
	is( subscriber(q{SELECT rows FROM heard WHERE hook = 'delivery'}),
		$action eq 'insert' ? '[12]' : '[]', "commit: the rows of $action");
	subscriber('TRUNCATE heard');
}
subscriber(q{SELECT hooks.unregister(hook) FROM unnest('{invoker,commit,delivery}'::text[]) hook});

# A hook cannot have what others deferred run as its owner; a trigger of the table may do that.
subscriber(q{
	CREATE TABLE constraints (result text);
	GRANT INSERT ON constraints TO auditor, app;
	CREATE FUNCTION set_constraints() RETURNS trigger LANGUAGE plpgsql AS $$
	DECLARE
	  result text := TG_NAME || ' sets them';
	BEGIN
	  BEGIN
	    SET CONSTRAINTS ALL IMMEDIATE;
	  EXCEPTION WHEN insufficient_privilege THEN
	    result := TG_NAME || ' may not';
	  END;
	  INSERT INTO public.constraints VALUES (result);
	  RETURN NEW;
	END $$;
	CREATE TRIGGER a_trigger BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION set_constraints();
	ALTER TABLE parent ENABLE REPLICA TRIGGER a_trigger;
	SET ROLE auditor;
	SELECT hooks.register('a_hook', 'before', 'insert', 'parent', 'set_constraints', fire => 'replica')});
publisher('INSERT INTO parent VALUES (13)');
$publisher->wait_for_catchup('sub');
is(subscriber('SELECT result FROM constraints ORDER BY result'), "a_hook may not\na_trigger sets them", 'apply: SET CONSTRAINTS');
subscriber(q{SELECT hooks.unregister('a_hook'); DROP TRIGGER a_trigger ON parent});

# Subscribes anew, with an option; it must be in force
sub subscribe
{
	my ($option) = @_;

	subscriber('DROP SUBSCRIPTION sub');
	publisher('TRUNCATE parent, child');
	subscriber('TRUNCATE parent, child');
	subscriber("CREATE SUBSCRIPTION sub CONNECTION '$connection' PUBLICATION pub WITH (copy_data = false, $option)");
	$publisher->wait_for_catchup('sub');
	publisher(q{
		INSERT INTO parent SELECT g, repeat('x', 100) FROM generate_series(1, 1000) g;
		INSERT INTO child SELECT g, g FROM generate_series(1, 1000) g});
	$publisher->wait_for_catchup('sub');
	forget();
}

# Two-phase commit: hooks fire when the prepared transaction is applied, and
# what they did is part of it
{
	subscribe('two_phase = true');
	$subscriber->poll_query_until('postgres', q{SELECT subtwophasestate = 'e' FROM pg_subscription})
	  or die 'two_phase was not enabled';
	subscriber(q{
		SELECT hooks.register('broken_set', 'before_cascade', 'delete', 'parent', 'broken', fire => 'replica',
		                      on_error => 'isolate')});

	foreach my $end ('ROLLBACK', 'COMMIT')
	{
		publisher(q{BEGIN; DELETE FROM parent WHERE id = 1; PREPARE TRANSACTION 'two'});
		$publisher->wait_for_catchup('sub');
		is(subscriber('SELECT count(*) FROM pg_prepared_xacts'), 1, 'two_phase: it is prepared on the subscriber');
		is(subscriber('SELECT count(*) FROM fired'), 0, 'two_phase: a prepared firing is not visible');
		publisher("$end PREPARED 'two'");
		$publisher->wait_for_catchup('sub');
		my $committed = $end eq 'COMMIT';
		is( fired($subscriber, 'always', 'parent'),
			$committed ? "before DELETE 1\nbefore_cascade DELETE 1 (1)\nafter DELETE 1" : '',
			"two_phase: firings after $end PREPARED");
		is( subscriber(q{SELECT count(*) FROM hooks.failure WHERE hook = 'broken_set' AND action = 'delete'}),
			$committed ? 3 : 2, "two_phase: failures after $end PREPARED");
		is(subscriber('SELECT count(*) FROM child WHERE id = 1'), $committed ? 0 : 1, "two_phase: rows after $end PREPARED");
	}
	subscriber(q{SELECT hooks.unregister('broken_set')});

	# Its events are delivered, though the worker of the subscription commits
	# by no command that the library sees; with preload, too
	$subscriber->append_conf('postgresql.conf', "shared_preload_libraries = 'hooks'");
	$subscriber->restart;
	subscriber(q{
		CREATE TABLE delivered (event jsonb);
		CREATE FUNCTION deliver(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO public.delivered VALUES (event)';
		SELECT hooks.register('told', 'after_commit', 'delete', 'parent', 'deliver', fire => 'replica')});
	publisher(q{BEGIN; DELETE FROM parent WHERE id = 2; PREPARE TRANSACTION 'two'});
	publisher(q{COMMIT PREPARED 'two'});
	ok($subscriber->poll_query_until('postgres', q{SELECT count(*) = 1 FROM delivered WHERE event->'old'->0->>'id' = '2'}),
		'two_phase: the event is delivered');
	subscriber(q{SELECT hooks.unregister('told')});
}

# Large transactions that are sent while they run, with a savepoint that is
# rolled back; its rows are not in the committed firings
foreach my $mode ('on', 'parallel')
{
  SKIP:
	{
		skip "subscriptions have no streaming = $mode", 6 if $mode eq 'parallel' && $version < 16;

		subscribe("streaming = $mode");
		subscriber(qq{SELECT hooks.register('broken_$mode', 'before_cascade', 'delete', 'parent', 'broken', fire => 'replica',
		                                    on_error => 'isolate', condition => 'OLD.id % 100 = 0')});
		my $streamed = q{SELECT coalesce(sum(stream_txns), 0) FROM pg_stat_replication_slots};
		my $streamed_before = publisher($streamed);
		publisher(q{
			BEGIN;
			INSERT INTO parent SELECT g, repeat('x', 100) FROM generate_series(1001, 2000) g;
			SAVEPOINT one;
			DELETE FROM parent WHERE id <= 500;
			INSERT INTO parent SELECT g, repeat('x', 100) FROM generate_series(2001, 3000) g;
			ROLLBACK TO one;
			DELETE FROM parent WHERE id > 500;
			COMMIT});
		$publisher->wait_for_catchup('sub');
		ok($publisher->poll_query_until('postgres', "SELECT ($streamed) > $streamed_before"),
			"streaming = $mode: it was streamed");
		is( subscriber(q{
				SELECT tab, kind, op, fire, count(*), min(rows::int), max(rows::int), sum(dependents::int)
				  FROM fired WHERE fire <> 'replica' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3}),
			'child|after|DELETE|always|500|501|1000|
child|before|DELETE|always|500|501|1000|
child|before_cascade|DELETE|always|500|501|1000|
parent|after|DELETE|always|1500|501|2000|
parent|after|INSERT|always|1000|1001|2000|
parent|before|DELETE|always|1500|501|2000|
parent|before|INSERT|always|1000|1001|2000|
parent|before_cascade|DELETE|always|1500|501|2000|500',
			"streaming = $mode: each row has fired once, dependents intact");
		is( subscriber(q{SELECT count(*) FROM (SELECT tab, kind, op, rows, dependents FROM fired WHERE fire = 'always'
		                                       EXCEPT ALL
		                                       SELECT tab, kind, op, rows, dependents FROM fired WHERE fire = 'replica') x}),
			0, "streaming = $mode: the same for replica");
		is(subscriber('SELECT count(*), max(id) FROM parent'), '500|500', "streaming = $mode: the rows are right");
		is(subscriber("SELECT count(*) FROM hooks.failure WHERE hook = 'broken_$mode'"),
			15, "streaming = $mode: failures are isolated");
		subscriber("SELECT hooks.unregister('broken_$mode')");
		is( subscriber('SELECT DISTINCT worker FROM fired'),
			'logical replication parallel worker',
			"streaming = $mode: who applied it")
		  if $mode eq 'parallel';
	}
}

# A publication FOR ALL TABLES has the extension's own: what is registered, has
# failed and is kept stays each server's own, from the initial copy on
foreach my $node ($publisher, $subscriber)
{
	$node->safe_psql('postgres', 'CREATE DATABASE every');
	$node->safe_psql('every', 'CREATE EXTENSION hooks; CREATE TABLE t (id int PRIMARY KEY)');
	$node->safe_psql('every', q{
		CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'broken'; END $$;
		SELECT hooks.register('both', 'before', 'insert', 't', 'broken', on_error => 'isolate');
		SELECT hooks.register('bin', 'before_cascade', 'delete', 't', 'hooks.keep')});
}
my $own = q{
	SELECT hook_id, name, enabled FROM hooks.registry ORDER BY 1;
	SELECT proname FROM pg_proc WHERE pronamespace = 'hooks_definition'::regnamespace ORDER BY 1;
	SELECT hook FROM hooks.failure;
	SELECT count(*) FROM hooks.kept_row;
	SELECT bin_id FROM hooks.bin};
$subscriber->safe_psql('every', q{SELECT hooks.disable('both'); SELECT hooks.register('mine', 'after', 'insert', 't', 'broken')});
$publisher->safe_psql('every', q{SELECT hooks.register('theirs', 'after', 'insert', 't', 'broken'); INSERT INTO t VALUES (1)});
my $own_before = $subscriber->safe_psql('every', $own);
$publisher->safe_psql('every', 'CREATE PUBLICATION every FOR ALL TABLES');
my $every = $publisher->connstr('every') =~ s/'/''/gr;
$subscriber->safe_psql('every', "CREATE SUBSCRIPTION every CONNECTION '$every' PUBLICATION every");
$subscriber->wait_for_subscription_sync($publisher, 'every', 'every');
is($subscriber->safe_psql('every', 'SELECT * FROM t'), '1', 'all tables: the initial copy');
is($subscriber->safe_psql('every', $own), $own_before, '... has nothing of the hooks');
$publisher->safe_psql('every', q{
	INSERT INTO t VALUES (2), (3);
	DELETE FROM t WHERE id = 2;
	SELECT hooks.restore(kept_id) FROM hooks.kept;
	SELECT hooks.disable('theirs');
	SELECT hooks.enable('theirs');
	SELECT hooks.register('mine', 'before', 'insert', 't', 'broken');
	SELECT hooks.unregister('both');
	SELECT hooks.purge_kept('0')});
$publisher->wait_for_catchup('every');
is($subscriber->safe_psql('every', 'SELECT string_agg(id::text, \',\' ORDER BY id) FROM t'), '1,2,3', 'all tables: changes');
is($subscriber->safe_psql('every', $own), $own_before, '... leave the hooks alone');
is($subscriber->safe_psql('every', 'SELECT hooks.repair()'), '0', '... and there is nothing to repair');
$subscriber->safe_psql('every', 'DROP SUBSCRIPTION every');

is(subscriber(q{SELECT count(*) FROM hooks.failure WHERE hook !~ '^broken_'}),
	0, 'no other hook has failed on the subscriber');
is(publisher('SELECT count(*) FROM hooks.failure'), 0, 'no hook has failed on the publisher');

$_->stop foreach ($subscriber, $publisher);
done_testing();
