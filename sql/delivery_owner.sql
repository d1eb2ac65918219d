-- A hook that gets another owner while deliveries wait: they go on, as that owner, without another
-- commit of an event; the worker that was at them makes no more.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_owner;
SET search_path = test_owner;
SET client_min_messages = warning;
CREATE ROLE regress_hooks_first LOGIN;
CREATE ROLE regress_hooks_second LOGIN;
GRANT ALL ON SCHEMA test_owner TO regress_hooks_first, regress_hooks_second;
CREATE TABLE t (id int);
CREATE TABLE done (n bigint GENERATED ALWAYS AS IDENTITY, id int, who text);
GRANT ALL ON t, done TO regress_hooks_first, regress_hooks_second;
CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(735503);
  INSERT INTO test_owner.done (id, who) SELECT (event->'new'->0->>'id')::int, current_user;
END $$;
CREATE FUNCTION await() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  LOOP
    PERFORM FROM pg_locks WHERE locktype = 'advisory' AND objid = 735503 AND NOT granted;
    EXIT WHEN FOUND;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $$;
-- until so many are done, not for ever; nobody asks for a worker
CREATE FUNCTION done(wanted int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..1000 LOOP
    EXIT WHEN (SELECT count(*) FROM done) >= wanted;
    PERFORM pg_sleep(0.01);
  END LOOP;
  RETURN QUERY SELECT done.id || '|' || who FROM done ORDER BY done.n;
END $$;
SET ROLE regress_hooks_first;
SELECT hooks.register('own', 'after_commit', 'insert', 't', 'act');
RESET ROLE;

SELECT pg_advisory_lock(735503);
INSERT INTO t VALUES (1);
SELECT await();
INSERT INTO t VALUES (2);
REASSIGN OWNED BY regress_hooks_first TO regress_hooks_second;
SELECT pg_advisory_unlock(735503);
SELECT * FROM done(2);

SELECT pg_advisory_lock(735503);
INSERT INTO t VALUES (3);
SELECT await();
INSERT INTO t VALUES (4);
ALTER FUNCTION hooks_definition.own OWNER TO regress_hooks_first;
SELECT pg_advisory_unlock(735503);
SELECT * FROM done(4);

-- ... or is replaced by somebody else
SELECT pg_advisory_lock(735503);
INSERT INTO t VALUES (5);
SELECT await();
INSERT INTO t VALUES (6);
ALTER TABLE t OWNER TO regress_hooks_second;
SET ROLE regress_hooks_second;
SELECT hooks.register('own', 'after_commit', 'insert', 't', 'act', timeout => '1 min', replace => true);
RESET ROLE;
SELECT pg_advisory_unlock(735503);
SELECT * FROM done(6);

-- ... or may not have a hook on the table any more: what was written before is delivered, and no more
SELECT pg_advisory_lock(735503);
INSERT INTO t VALUES (7);
SELECT await();
INSERT INTO t VALUES (8);
ALTER TABLE t OWNER TO CURRENT_USER;
SELECT has_table_privilege('regress_hooks_second', 't', 'TRIGGER');
INSERT INTO t VALUES (9);
SELECT pg_advisory_unlock(735503);
SELECT * FROM done(8);
SELECT hooks.flush('1min');
SELECT * FROM done(8) OFFSET 8;

SELECT hooks.unregister('own');
DROP SCHEMA test_owner CASCADE;
DROP OWNED BY regress_hooks_first, regress_hooks_second;
DROP ROLE regress_hooks_first, regress_hooks_second;
