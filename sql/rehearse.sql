-- hooks.rehearse() runs a statement with all that it fires, tells what happened, and
-- takes it back.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
CREATE ROLE regress_hooks_user;
CREATE SCHEMA rehearse;
GRANT USAGE ON SCHEMA rehearse TO regress_hooks_user;
SET search_path = rehearse;
CREATE TABLE a (id int PRIMARY KEY, v text);
CREATE TABLE b (id int PRIMARY KEY, a int CONSTRAINT b_a REFERENCES a ON DELETE CASCADE);
CREATE TABLE c (b int CONSTRAINT c_b REFERENCES b ON DELETE SET NULL, x int DEFAULT 1);
CREATE TABLE log (t text);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(NEW, OLD); END';
CREATE FUNCTION logs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO rehearse.log VALUES (TG_NAME); RETURN coalesce(NEW, OLD); END $$;
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO rehearse.log VALUES ('lost'); RAISE 'it fails'; END $$;
CREATE FUNCTION vetoes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM hooks.cancel('no'); END $$;
CREATE FUNCTION event(e jsonb) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION r(statement text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', "position", coalesce(depth::text, '-'), kind, relation, constraint_name, hook, outcome, rows, message) FROM hooks.rehearse(statement) $$;
INSERT INTO a VALUES (1), (2), (3);
INSERT INTO b VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO c VALUES (1), (2), (3);

-- A cascade: the tables, in the order in which they change.
SELECT r('DELETE FROM a WHERE id < 3');
SELECT count(*) FROM a;
SELECT r('DELETE FROM a WHERE id = 99');
-- ... also in a table without triggers
SELECT r('DELETE FROM log WHERE false');
SELECT r('SELECT * FROM a');

-- With triggers, rules, and hooks of every phase; nothing of it lasts.
CREATE TRIGGER logged AFTER DELETE ON b FOR EACH ROW EXECUTE FUNCTION logs();
CREATE RULE also AS ON DELETE TO a DO ALSO INSERT INTO log VALUES ('rule');
SELECT hooks.register('early', 'before', 'delete', 'a', 'logs');
SELECT hooks.register('cascade', 'before_cascade', 'delete', 'a', 'cb');
SELECT hooks.register('below', 'before_cascade', 'delete', 'b', 'cb', condition => 'OLD.id < 3');
-- (no row has that)
SELECT hooks.register('unmet', 'before_cascade', 'delete', 'b', 'cb', condition => 'OLD.id > 100');
SELECT hooks.register('isolated', 'after', 'delete', 'b', 'fails', level => 'statement');
SELECT hooks.register('commits', 'before_commit', 'delete', 'b', 'event');
SELECT hooks.register('later', 'after_commit', 'delete', 'a', 'event');
SELECT r('DELETE FROM a WHERE id < 3');
SELECT count(*) FROM log;
SELECT count(*) FROM hooks.failure WHERE hook = 'isolated';
SELECT count(*) FROM hooks.outbox WHERE hook = 'later';
SELECT hook, calls, failures FROM hooks.stats WHERE calls > 0 AND hook IN ('early', 'cascade', 'isolated', 'commits');
SELECT bool_and(duration >= '0') FROM hooks.rehearse('DELETE FROM a WHERE id < 3') WHERE hook IS NOT NULL AND kind <> 'after_commit';
-- ... nor in a transaction that goes on
BEGIN;
SELECT count(*) FROM hooks.rehearse('DELETE FROM a WHERE id < 3');
COMMIT;
SELECT hooks.unregister(name) FROM hooks.registry ORDER BY name;
DROP RULE also ON a;
DROP TRIGGER logged ON b;

-- What would fail: by a constraint, at once or at commit, by a veto, by what is not there.
SELECT r('INSERT INTO a VALUES (1)');
SELECT r('INSERT INTO c VALUES (99)');
ALTER TABLE c ALTER CONSTRAINT c_b DEFERRABLE INITIALLY DEFERRED;
SELECT r('INSERT INTO c VALUES (99)');
SELECT hooks.register('veto', 'before_cascade', 'delete', 'a', 'vetoes');
SELECT r('DELETE FROM a');
SELECT hooks.unregister('veto');
SELECT r('DELETE FROM nowhere');
SELECT r('SELECT 1 / (id - 1) FROM a');

-- What a subtransaction takes back is not counted.
CREATE FUNCTION half() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rehearse.log VALUES ('stays');
  BEGIN
    INSERT INTO rehearse.log VALUES ('goes'), ('goes');
    RAISE 'x';
  EXCEPTION WHEN OTHERS THEN NULL;
  END;
  BEGIN
    INSERT INTO rehearse.log VALUES ('stays');
    UPDATE rehearse.log SET t = 'y';
  EXCEPTION WHEN OTHERS THEN NULL;
  END;
  BEGIN
    INSERT INTO rehearse.log VALUES ('goes'), ('goes'), ('goes');
    RAISE 'x';
  EXCEPTION WHEN OTHERS THEN NULL;
  END;
END $$;
SELECT hooks.register('h', 'before', 'insert', 'log', 'cb', level => 'statement');
SELECT r('SELECT half()');
SELECT r('DO $x$ BEGIN PERFORM rehearse.half(); END $x$');
-- What a utility command is followed by is told as what comes before it.
SELECT r('DO $x$ BEGIN INSERT INTO rehearse.log VALUES (1); LOCK TABLE rehearse.log; INSERT INTO rehearse.log VALUES (2), (3); END $x$');
SELECT hooks.unregister('h');

-- Other statements: partitions, WITH, MERGE, TRUNCATE, DROP.
CREATE TABLE p (id int) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
SELECT r('INSERT INTO p VALUES (1), (2), (2)');
SELECT r('WITH x AS (DELETE FROM c RETURNING b) INSERT INTO log SELECT b FROM x');
SELECT r('MERGE INTO a USING (VALUES (1), (9)) n(id) ON a.id = n.id WHEN MATCHED THEN UPDATE SET v = 1 WHEN NOT MATCHED THEN INSERT VALUES (n.id)');
SELECT hooks.register('trunc', 'before', 'truncate', 'log', 'cb');
SELECT r('TRUNCATE log');
SELECT hooks.register('drop', 'before', 'drop', 'log', 'event');
SELECT r('DROP TABLE log');
SELECT r('DO $x$ BEGIN CREATE TEMP TABLE fresh AS SELECT 1; INSERT INTO fresh VALUES (2); END $x$');
SELECT hooks.unregister(name) FROM hooks.registry ORDER BY name;
-- One rehearsal in another: what is taken back there is not told here.
SELECT r('SELECT * FROM hooks.rehearse(''DELETE FROM a'')');

-- Bad input.
SELECT r(NULL);
SELECT r('');
SELECT r(' ; ');
SELECT r('DELETE FROM a; DELETE FROM b');
SELECT r('DELETE FORM a');
SELECT r('DELETE FROM a WHERE id = $1');
SELECT r('COMMIT');
SELECT r('SAVEPOINT x');
SELECT r('VACUUM a');
SELECT r('DECLARE x CURSOR FOR SELECT 1');
SELECT r('COPY a FROM STDIN');
SELECT r('CREATE TABLE z (id int)');
SELECT r('SELECT 1 INTO z');
SELECT r('EXPLAIN SELECT 1');
SELECT r('DROP INDEX CONCURRENTLY a_pkey');
SELECT r('DO $x$ BEGIN COMMIT; END $x$');
BEGIN READ ONLY;
SELECT r('SELECT 1');
SELECT r('DELETE FROM a');
ROLLBACK;
SET statement_timeout = 200;
SELECT r('SELECT pg_sleep(60)');
RESET statement_timeout;

-- It has its caller's rights, and none in a restricted operation.
SET ROLE regress_hooks_user;
SELECT r('DELETE FROM a');
RESET ROLE;
CREATE FUNCTION in_index(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN PERFORM hooks.rehearse('SELECT 1'); RETURN i; END $$;
CREATE INDEX ON a (in_index(id));
-- A hook in another one runs out of memory, of which it cannot be told; the other catches that.
CREATE TABLE outside (id int);
CREATE TABLE inside (id int);
CREATE FUNCTION catches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO rehearse.inside VALUES (1); RETURN NEW; EXCEPTION WHEN out_of_memory THEN RETURN NEW; END $$;
CREATE FUNCTION exhausts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE USING ERRCODE = 'out_of_memory'; END $$;
SELECT hooks.register('catches', 'before', 'insert', 'outside', 'catches'), hooks.register('exhausts', 'before', 'insert', 'inside', 'exhausts');
SELECT r('INSERT INTO outside VALUES (1)');
-- A thousand firings.
CREATE TABLE many (id int);
SELECT hooks.register('each', 'before', 'insert', 'many', 'cb');
SELECT kind, hook, outcome, sum(rows) FROM hooks.rehearse('INSERT INTO many SELECT generate_series(1, 1000)') GROUP BY 1, 2, 3 ORDER BY 1, 2;
-- What is told does not depend on hooks.trace.
CREATE FUNCTION quietly() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL hooks.trace = off; INSERT INTO rehearse.many VALUES (1); SET LOCAL hooks.log_min_duration = -1; INSERT INTO rehearse.many VALUES (2); END $$;
SELECT r('SELECT quietly()');
-- Whether statistics are gathered makes no difference.
SET track_counts = off;
SELECT r('DELETE FROM b');
SHOW track_counts;
RESET track_counts;
SET client_min_messages = warning;
DROP SCHEMA rehearse CASCADE;
DROP ROLE regress_hooks_user;
