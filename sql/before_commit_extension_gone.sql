-- The extension is dropped in a transaction that a before_commit hook waits for:
-- there is no hook any more, and the transaction commits.  So is hooks.failure, which would be pruned.
\pset format unaligned
\pset tuples_only on
CREATE TABLE waits (id int);
CREATE FUNCTION waits(event jsonb) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'fired'; END$$;
SELECT hooks.register('waits', 'before_commit', 'insert', 'waits', 'waits');
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'fails'; END$$;
SELECT hooks.register('fails', 'before', 'insert', 'waits', 'fails', on_error => 'isolate');
SET client_min_messages = error;
BEGIN;
INSERT INTO waits VALUES (1);
DROP EXTENSION hooks CASCADE;
COMMIT;
TABLE waits;
CREATE EXTENSION hooks;
DROP TABLE waits;
DROP FUNCTION waits, fails;
