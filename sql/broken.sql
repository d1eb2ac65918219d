-- A hook whose condition, columns or callback went away while nobody watched
-- fails when it fires, as its policy says; the table, other hooks and
-- hooks.chain() go on.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA broken;
SET search_path = broken;
RESET client_min_messages;
CREATE TABLE t (id int PRIMARY KEY, v text, w text);
INSERT INTO t SELECT i, 'v', 'w' FROM generate_series(1, 9) i;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% fires', TG_NAME;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION lost() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
CREATE FUNCTION pred(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';

-- isolate: a warning and a failure each, and the good hook fires
SELECT hooks.register('condition', 'before', 'delete', 't', 'tell', condition => 'pred(OLD.w)', on_error => 'isolate', package => 'broken'),
       hooks.register('batch', 'before_cascade', 'delete', 't', 'tell', condition => 'pred(OLD.w)', on_error => 'isolate', package => 'broken'),
       hooks.register('callback', 'before', 'delete', 't', 'lost', on_error => 'isolate', package => 'broken'),
       hooks.register('columns', 'before', 'update', 't', 'tell', columns => '{v}', on_error => 'isolate', package => 'broken'),
       hooks.register('good', 'before', 'delete, update', 't', 'tell', package => 'broken');
DELETE FROM t WHERE id = 1;
ALTER EVENT TRIGGER hooks_sql_drop DISABLE;
DROP FUNCTION pred(text);
DROP FUNCTION lost();
ALTER TABLE t DROP COLUMN v;
ALTER EVENT TRIGGER hooks_sql_drop ENABLE ALWAYS;
DELETE FROM t WHERE id IN (2, 3);
UPDATE t SET w = 'x' WHERE id = 4;
SELECT hook, action, sqlstate, count(*) FROM hooks.failure WHERE hook IN ('condition', 'batch', 'callback', 'columns')
 GROUP BY 1, 2, 3 ORDER BY 1;
SELECT phase, action, hook FROM hooks.chain('t') ORDER BY 1, 2, 3;

-- abort: the statement fails, and the context says which hook it is
SELECT hooks.unregister('condition'), hooks.unregister('batch'), hooks.unregister('callback');
CREATE FUNCTION pred(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
SELECT hooks.register('strict', 'before', 'delete', 't', 'tell', condition => 'pred(OLD.w)', package => 'broken');
ALTER EVENT TRIGGER hooks_sql_drop DISABLE;
DROP FUNCTION pred(text);
ALTER EVENT TRIGGER hooks_sql_drop ENABLE ALWAYS;
\set SHOW_CONTEXT errors
DELETE FROM t WHERE id = 5;
-- and it is mended by what was missing
CREATE FUNCTION pred(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
DELETE FROM t WHERE id = 5;

SELECT hooks.unregister_package('broken');
SET client_min_messages = warning;
DROP SCHEMA broken CASCADE;
