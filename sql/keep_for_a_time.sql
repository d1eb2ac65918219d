-- What hooks.keep has kept is forgotten by a worker when its time is over.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_keep_time;
SET search_path = test_keep_time;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (parent int REFERENCES parent ON DELETE CASCADE);
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS 'INSERT INTO parent SELECT generate_series(1, 3); INSERT INTO child SELECT g % 3 + 1 FROM generate_series(1, 3000) g';
SELECT fill();

-- Only what says how long, and only that.
\set VERBOSITY sqlstate
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{soon}');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{""}');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{0}');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{-1 day}');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{1 day,2 days}');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{999999 years}');
\set VERBOSITY default

SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{30 days}');
DELETE FROM parent WHERE id = 1;
SELECT rows, kept_until - kept_at BETWEEN '29 days 23 hours' AND '30 days 1 hour' FROM hooks.kept;
-- Without an argument it is kept for ever; the argument counts that was there when
-- the rows went.
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', replace => true);
DELETE FROM parent WHERE id = 2;
SELECT rows, kept_until IS NULL FROM hooks.kept ORDER BY kept_id;

-- A worker does it, of one cascade or of more than it forgets at a time.
CREATE PROCEDURE wait_until_kept(n bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. 600 LOOP
    EXIT WHEN (SELECT count(*) FROM hooks.kept) = n;
    COMMIT;
    PERFORM pg_sleep(0.1);
  END LOOP;
END $$;
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{1 ms}', replace => true);
DELETE FROM parent WHERE id = 3;
CALL wait_until_kept(2);
SELECT rows, kept_until IS NULL FROM hooks.kept ORDER BY kept_id;
SELECT count(DISTINCT kept_id), sum(rows) FROM hooks.kept_row;
SELECT fill();
DO $$ BEGIN FOR i IN 1 .. 250 LOOP INSERT INTO parent VALUES (4); DELETE FROM parent WHERE id = 4; END LOOP; END $$;
CALL wait_until_kept(2);
SELECT count(*) FROM hooks.kept;
-- What was restored, too; what is rolled back was never kept.
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{2 s}', replace => true);
DELETE FROM parent WHERE id = 1;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
BEGIN; DELETE FROM parent; ROLLBACK;
SELECT count(*) FROM hooks.kept;
CALL wait_until_kept(2);
SELECT count(*), (SELECT count(*) FROM parent) FROM hooks.kept;
-- Of several hooks that keep one cascade the longest time counts, whichever comes
-- first; a statement of a callback is another one.
CREATE VIEW last AS SELECT rows, round(extract(epoch FROM kept_until - kept_at) / 3600) AS hours FROM hooks.kept ORDER BY kept_id DESC LIMIT 1;
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{1 hour}', replace => true);
SELECT hooks.register('bin_2', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{3 hours}');
BEGIN; DELETE FROM parent; TABLE last; ROLLBACK;
SELECT hooks.register('bin_2', 'before_cascade', 'delete', 'child', 'hooks.keep', arguments => '{2 hours}', on_error => 'isolate', replace => true);
BEGIN; DELETE FROM parent; TABLE last; ROLLBACK;
SELECT hooks.register('bin', 'before_cascade', 'delete', 'parent', 'hooks.keep', arguments => '{5 hours}', on_error => 'isolate', replace => true);
BEGIN; DELETE FROM parent; TABLE last; ROLLBACK;
SELECT hooks.register('bin_2', 'before_closure', 'delete', 'child', 'hooks.keep', replace => true);
BEGIN; DELETE FROM parent; TABLE last; ROLLBACK;
SELECT hooks.register('bin_2', 'before_cascade', 'delete', 'child', 'hooks.keep', replace => true);
BEGIN; DELETE FROM parent; TABLE last; ROLLBACK;
CREATE FUNCTION twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM child; RAISE 'fails'; END $$;
SELECT hooks.register('twice', 'before_cascade', 'delete', 'parent', 'twice', on_error => 'isolate', run_after => '{bin}');
BEGIN; DELETE FROM parent; TABLE last; ROLLBACK;
SELECT hooks.unregister('bin_2'), hooks.unregister('twice');
-- By hand it can be done as ever.
SELECT hooks.purge_kept('0');

SELECT hooks.unregister('bin');
SET client_min_messages = warning;
DROP SCHEMA test_keep_time CASCADE;
