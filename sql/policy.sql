-- An error in a callback means what the hook's on_error says, and some errors
-- are never swallowed.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA policy;
SET search_path = policy;
DELETE FROM hooks.failure;
CREATE TABLE systems (id int PRIMARY KEY);
CREATE TABLE links (id int REFERENCES systems ON DELETE CASCADE);
CREATE TABLE effects (line text);
-- what the callback does is told by its argument
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO policy.effects VALUES (TG_NAME);
  CASE split_part(TG_ARGV[0], ' ', 1)
    WHEN 'fine' THEN NULL;
    WHEN 'cancel' THEN PERFORM hooks.cancel('no: ' || TG_NAME, 'Not today.', 'Try tomorrow.');
    WHEN 'raise' THEN
      RAISE EXCEPTION USING message = 'broken', errcode = split_part(TG_ARGV[0], ' ', 2),
                            detail = 'In two.', hint = 'Mend it.';
    WHEN 'sleep' THEN PERFORM pg_sleep(60);
    WHEN 'recurse' THEN INSERT INTO policy.systems SELECT max(id) + 1 FROM policy.systems;
  END CASE;
  RETURN coalesce(NEW, OLD);
END $$;
-- Runs a command in a subtransaction; which effects stayed, or the error.
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM policy.effects;
  EXECUTE command;
  RETURN 'ok: ' || coalesce((SELECT string_agg(line, ',' ORDER BY line) FROM policy.effects), '');
EXCEPTION WHEN OTHERS OR query_canceled THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
INSERT INTO systems VALUES (1), (2);
INSERT INTO links VALUES (1), (1), (2);

-- abort: the statement fails, and the context says whose fault it is.
SELECT hooks.register('bad', 'before_cascade', 'delete', 'systems', 'cb', arguments => '{raise XX001}', package => 'policy');
DELETE FROM systems;
SELECT count(*) FROM links;

-- isolate: one warning, one row in hooks.failure, the statement and the other
-- hooks go on, and all that the callback did is rolled back.
SELECT hooks.register('bad', 'before_cascade', 'delete', 'systems', 'cb', arguments => '{raise XX001}', package => 'policy',
                      on_error => 'isolate', replace => true),
       hooks.register('good', 'before_cascade', 'delete', 'systems', 'cb', arguments => '{fine}', package => 'policy');
BEGIN;
DELETE FROM systems WHERE id = 1;
SELECT count(*) FROM links;
SELECT line FROM effects;
SELECT hook, phase, action, relation, sqlstate, message, detail, hint,
       context LIKE '%function cb() line %hook "bad" (before\_cascade delete on systems)%' AS context,
       caller = current_user AS caller, transaction_id = pg_current_xact_id() AS transaction_id, occurred_at >= now() AS occurred_at
  FROM hooks.failure;
ROLLBACK;
-- with the statement that is rolled back goes the failure
SELECT count(*) FROM hooks.failure;
-- A row hook that fails passes the row on as it got it; nothing is left open
-- after hundreds of them.
SELECT hooks.unregister_package('policy');
SELECT hooks.register('bad row', 'before', 'insert', 'systems', 'cb', arguments => '{raise 22012}', package => 'policy',
                      on_error => 'isolate');
SET client_min_messages = error;
INSERT INTO systems SELECT generate_series(1001, 1300);
RESET client_min_messages;
SELECT count(*) FROM systems WHERE id > 1000;
SELECT hook, action, sqlstate, count(*) FROM hooks.failure GROUP BY 1, 2, 3;
DELETE FROM hooks.failure;
DELETE FROM systems WHERE id > 1000;
SELECT hooks.unregister_package('policy');

-- What ends the statement, by phase and policy.  A veto does in the before
-- phases, whatever the policy, and is a failure like any other afterwards.
-- Errors after which the client has to retry, and query cancel, always do.
SET client_min_messages = error;
CREATE FUNCTION matrix(action text) RETURNS TABLE (phase text, on_error text, result text) LANGUAGE plpgsql AS $$
BEGIN
  FOR phase, on_error IN
    SELECT p.phase, e.on_error
      FROM unnest(ARRAY['before', 'before_cascade', 'after']) WITH ORDINALITY p(phase, i),
           unnest(ARRAY['abort', 'isolate', 'quarantine']) WITH ORDINALITY e(on_error, j) ORDER BY i, j
  LOOP
    PERFORM hooks.register('good', phase, 'delete', 'systems', 'cb', arguments => '{fine}', replace => true),
            hooks.register('bad', phase, 'delete', 'systems', 'cb', arguments => ARRAY[action], on_error => on_error, replace => true);
    result := policy.try('DELETE FROM policy.systems WHERE id = 1');
    INSERT INTO systems VALUES (1) ON CONFLICT DO NOTHING;
    PERFORM hooks.unregister('good'), hooks.unregister('bad');
    RETURN NEXT;
  END LOOP;
END $$;
SELECT * FROM matrix('raise P0001');
SELECT * FROM matrix('cancel');
SELECT * FROM matrix('raise 40001');
SELECT * FROM matrix('raise 40P01');
SELECT * FROM matrix('raise 57014');
SELECT * FROM matrix('raise 57P01');
SELECT * FROM matrix('raise 53200');
-- KH001 is the veto, however it is raised
SELECT * FROM matrix('raise KH001');
RESET client_min_messages;
-- the real thing
SELECT hooks.register('sleeper', 'before_cascade', 'delete', 'systems', 'cb', arguments => '{sleep}', package => 'policy',
                      on_error => 'isolate');
SET statement_timeout = '1s';
DELETE FROM systems WHERE id = 2;
RESET statement_timeout;
SELECT count(*) FROM systems WHERE id = 2;
SELECT hooks.unregister_package('policy');

-- A veto carries reason, detail and hint to the client.
SELECT hooks.register('veto', 'before', 'delete', 'systems', 'cb', arguments => '{cancel}', package => 'policy',
                      on_error => 'isolate', level => 'statement');
\set SHOW_CONTEXT never
DELETE FROM systems;
\set VERBOSITY sqlstate
DELETE FROM systems;
\set VERBOSITY default
\set SHOW_CONTEXT errors
SELECT hooks.unregister_package('policy');
-- In the callback of an after hook, the veto of a statement that it issues is
-- that callback's failure, and the client's statement goes on.
SELECT hooks.register('veto', 'before', 'insert', 'systems', 'cb', arguments => '{cancel}', package => 'policy'),
       hooks.register('outer', 'after', 'delete', 'links', 'cb', arguments => '{recurse}', package => 'policy');
DELETE FROM links WHERE id = 2;
SELECT hooks.unregister_package('policy');

-- A chain of hooks that never ends is KH003, which names it.
SELECT hooks.register('one', 'after', 'insert', 'systems', 'cb', arguments => '{recurse}', on_error => 'abort', package => 'policy');
SET hooks.max_depth = 3;
\set SHOW_CONTEXT never
INSERT INTO systems VALUES (100);
SELECT count(*) FROM systems WHERE id >= 100;
-- Under isolate it is as well: who calls may have used up the depth, so that what
-- is isolated would be left out.
SELECT hooks.register('one', 'after', 'insert', 'systems', 'cb', arguments => '{recurse}', package => 'policy', replace => true);
INSERT INTO systems VALUES (100);
SELECT count(*) FROM systems WHERE id >= 100;
RESET hooks.max_depth;
\set SHOW_CONTEXT errors

SELECT hooks.unregister_package('policy');
DELETE FROM hooks.failure;
SET client_min_messages = warning;
DROP SCHEMA policy CASCADE;
