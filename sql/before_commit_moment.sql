-- The moment of a before_commit hook: after all deferred triggers, and never
-- earlier; nothing of it is in the way of what else the transaction does.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE SCHEMA moment;
SET search_path = moment;
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE other (id int);
CREATE FUNCTION told(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '%: % rows', event->>'hook', event->'changes'->0->>'rows';
END $$;
CREATE FUNCTION deferred() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'deferred trigger of %', TG_TABLE_NAME;
  IF TG_TABLE_NAME = 'other' THEN
    INSERT INTO t VALUES (NEW.id);
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER deferred AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION deferred();
CREATE CONSTRAINT TRIGGER deferred AFTER INSERT ON other DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION deferred();
SELECT hooks.register('h', 'before_commit', 'insert', 't', 'told');

-- what deferred triggers do is in the one firing
BEGIN;
INSERT INTO other VALUES (100), (101);
INSERT INTO t VALUES (1);
COMMIT;

-- SET CONSTRAINTS fires what is deferred, but not the hook, neither then nor twice
BEGIN;
INSERT INTO t VALUES (2);
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO t VALUES (3);
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO t VALUES (4);
\echo commit now
COMMIT;
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO t VALUES (5);
\echo commit now
COMMIT;
-- nor has it a name there
BEGIN;
SET CONSTRAINTS hooks_before_commit_insert IMMEDIATE;
ROLLBACK;

-- the table may be altered, truncated and dropped meanwhile, as no event waits
DROP TRIGGER deferred ON t;
BEGIN;
INSERT INTO t VALUES (6);
ALTER TABLE t ADD COLUMN note text;
ALTER TABLE t ALTER COLUMN note TYPE varchar;
CREATE INDEX ON t (note);
CLUSTER t USING t_pkey;
ALTER TABLE t RENAME TO t2;
TRUNCATE t2;
INSERT INTO t2 VALUES (7);
COMMIT;
ALTER TABLE t2 RENAME TO t;

-- cursors: what closes them all does not fire it, and it is not to be seen
BEGIN;
DECLARE c CURSOR FOR SELECT 1;
DECLARE d CURSOR WITH HOLD FOR SELECT count(*) FROM t;
INSERT INTO t VALUES (8);
SELECT name FROM pg_cursors ORDER BY name;
CLOSE ALL;
ROLLBACK;
BEGIN;
INSERT INTO t VALUES (8);
SAVEPOINT s;
CLOSE ALL;
SELECT count(*) FROM pg_cursors;
\echo commit now
COMMIT;
-- nor can it be known by its name, as PL/pgSQL would close it and have the hooks fire too early
BEGIN;
INSERT INTO t VALUES (9);
SELECT count(*) FROM pg_cursors;
SELECT ident FROM pg_backend_memory_contexts WHERE ident LIKE 'hooks before_commit%';
DO $$
DECLARE
  c refcursor := 'hooks before_commit';
BEGIN
  CLOSE c;
END $$;
ROLLBACK;
-- one that is open still
BEGIN;
DECLARE c CURSOR FOR SELECT 1;
INSERT INTO t VALUES (10);
FETCH c;
COMMIT;
-- a callback that closes all cursors
CREATE FUNCTION closes(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'CLOSE ALL';
  RAISE NOTICE 'closed';
END $$;
SELECT hooks.register('closes', 'before_commit', 'insert', 't', 'closes', on_error => 'isolate');
BEGIN;
DECLARE c CURSOR FOR SELECT 1;
INSERT INTO t VALUES (11);
COMMIT;
SELECT hooks.unregister('closes');

-- COPY with FREEZE, which wants that nothing else is open
BEGIN;
INSERT INTO t VALUES (12);
CREATE TABLE fresh (id int);
COPY fresh FROM stdin WITH (FREEZE);
1
\.
COMMIT;

-- the table is dropped in the same transaction: there is nothing left to tell of
BEGIN;
INSERT INTO t VALUES (13);
DROP TABLE t;
COMMIT;
SELECT count(*) FROM hooks.registry WHERE name = 'h';
SET client_min_messages = warning;
DROP SCHEMA moment CASCADE;
