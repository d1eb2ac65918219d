-- Isolation is no way around a hook: limits that a caller can bring about are
-- not isolated.  The statement fails, so that nothing is done unaudited.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA limits;
SET search_path = limits;
DELETE FROM hooks.failure;
CREATE TABLE pay (id int, memo text);
CREATE TABLE audit (id int, memo text);
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO limits.audit VALUES (NEW.id, NEW.memo);
  RETURN NULL;
END $$;
SELECT hooks.register('audit', 'after', 'insert', 'pay', 'cb', on_error => 'isolate', package => 'limits');
-- The SQLSTATE of a command's error, or that it succeeded.
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  RETURN 'ok';
EXCEPTION WHEN OTHERS OR query_canceled THEN
  RETURN SQLSTATE;
END $$;
-- What is paid is audited, and nothing has been isolated.
CREATE FUNCTION unaudited() RETURNS bigint LANGUAGE sql AS $$
  SELECT (SELECT count(*) FROM (SELECT id FROM limits.pay EXCEPT ALL SELECT id FROM limits.audit) x) +
         (SELECT count(*) FROM hooks.failure)
$$;
INSERT INTO pay VALUES (0);

-- The stack: an INSERT at every depth of a recursion, to its bottom.
SET max_stack_depth = '100kB';
CREATE FUNCTION deep(n int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    INSERT INTO limits.pay VALUES (n);
  EXCEPTION WHEN statement_too_complex THEN
    NULL;
  END;
  PERFORM limits.deep(n + 1);
EXCEPTION WHEN statement_too_complex THEN
  NULL;
END $$;
SELECT deep(1);
RESET max_stack_depth;
SELECT count(*) > 3 FROM pay;
SELECT unaudited();

-- Temporary files.
CREATE FUNCTION sorts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM g FROM generate_series(1, 100000) g ORDER BY g::text OFFSET 99999;
  INSERT INTO limits.audit VALUES (NEW.id);
  RETURN NULL;
END $$;
SELECT hooks.register('audit', 'after', 'insert', 'pay', 'sorts', on_error => 'isolate', package => 'limits', replace => true);
SET work_mem = '64kB';
SET temp_file_limit = '100kB';
SELECT try('INSERT INTO limits.pay VALUES (1)');
RESET temp_file_limit;
RESET work_mem;
SELECT unaudited();
SELECT hooks.register('audit', 'after', 'insert', 'pay', 'cb', on_error => 'isolate', package => 'limits', replace => true);

-- A program limit: a value that the audit's index cannot hold.
CREATE INDEX ON audit (memo);
SELECT try($$INSERT INTO limits.pay SELECT 1, string_agg(md5(g::text), '') FROM generate_series(1, 1000) g$$);
SELECT unaudited();

-- The transaction made read-only by what the statement itself calls.
SELECT try($$INSERT INTO limits.pay SELECT 1, set_config('transaction_read_only', 'on', true)$$);
BEGIN;
INSERT INTO pay SELECT 1, set_config('transaction_read_only', 'on', true);
ROLLBACK;
SELECT unaudited();

-- hooks.max_depth: a hook on the audit finds the caller at the last level but one.
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE ladder (n int);
CREATE FUNCTION climb() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.n > 0 THEN
    INSERT INTO limits.ladder VALUES (NEW.n - 1);
  ELSE
    INSERT INTO limits.pay VALUES (1);
  END IF;
  RETURN NEW;
END $$;
SELECT hooks.register('on audit', 'before', 'insert', 'audit', 'pass', package => 'limits'),
       hooks.register('climb', 'before', 'insert', 'ladder', 'climb', on_error => 'isolate', package => 'limits');
SET hooks.max_depth = 4;
SELECT n, try(format('INSERT INTO limits.ladder VALUES (%s)', n)) FROM generate_series(0, 4) n;
RESET hooks.max_depth;
SELECT unaudited(), count(*) FROM pay WHERE id = 1;
SELECT hooks.unregister('on audit'), hooks.unregister('climb');

-- A callback that raises such an error by itself says so itself: the SQLSTATE
-- counts, whoever raised it.  Others are isolated, also a refused NOWAIT (55P03).
CREATE FUNCTION raises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING message = 'raised', errcode = TG_ARGV[0];
END $$;
SET client_min_messages = error;
CREATE FUNCTION raised(code text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hooks.register('audit', 'after', 'insert', 'pay', 'limits.raises', arguments => ARRAY[code],
                         on_error => 'quarantine', package => 'limits', replace => true);
  RETURN limits.try('INSERT INTO limits.pay VALUES (2)');
END $$;
SELECT code, raised(code) FROM unnest(ARRAY['54000', '54001', '54011', '53000', '53100', '53200', '53300', '53400',
                                            '25006', '40001', '57014', 'KH003', '55P03', '55000', '22003', '42501', 'P0001']) code;
SELECT count(*) FROM hooks.failure;
-- a condition's errors are the hook's as well
CREATE FUNCTION condition(code text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING message = 'raised', errcode = code;
END $$;
SELECT hooks.register('audit', 'after', 'insert', 'pay', 'cb', condition => 'limits.condition(NEW.memo)',
                      on_error => 'isolate', package => 'limits', replace => true);
SELECT code, try(format('INSERT INTO limits.pay VALUES (3, %L)', code)) FROM unnest(ARRAY['54001', '22012']) code;
RESET client_min_messages;

-- What waits for the commit is not isolated, unless the callback looks at it before
CREATE TABLE known (id int PRIMARY KEY);
CREATE TABLE refers (id int CONSTRAINT is_known REFERENCES known DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION refer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO limits.refers VALUES (NEW.id);
  IF TG_NARGS > 0 THEN
    SET CONSTRAINTS limits.is_known IMMEDIATE;
    SET CONSTRAINTS limits.is_known DEFERRED;
  END IF;
  RETURN NULL;
END $$;
SET client_min_messages = warning;
SELECT hooks.register('audit', 'after', 'insert', 'pay', 'refer', on_error => 'isolate', package => 'limits', replace => true);
INSERT INTO pay VALUES (44);
SELECT hooks.register('audit', 'after', 'insert', 'pay', 'refer', on_error => 'isolate', package => 'limits', arguments => '{look}', replace => true);
BEGIN; INSERT INTO pay VALUES (44); INSERT INTO refers VALUES (5); INSERT INTO known VALUES (5); COMMIT;
SELECT count(*) FROM pay WHERE id = 44;

SELECT hooks.unregister_package('limits');
DELETE FROM hooks.failure;
SET client_min_messages = warning;
DROP SCHEMA limits CASCADE;
