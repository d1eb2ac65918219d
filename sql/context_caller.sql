-- hooks.context(): who issued the statement that fires a hook, and its text.
\pset format unaligned
\pset tuples_only on
\pset null null
CREATE SCHEMA test_context;
SET search_path = test_context;

CREATE TABLE roots (id int PRIMARY KEY, note text, "odd Name" int);
CREATE TABLE children (id int PRIMARY KEY,
                       root_id int CONSTRAINT children_root_fkey REFERENCES roots ON DELETE CASCADE ON UPDATE CASCADE,
                       spare_id int CONSTRAINT children_spare_fkey REFERENCES roots ON DELETE SET NULL);
CREATE TABLE leaves (child_id int CONSTRAINT leaves_fkey REFERENCES children ON DELETE CASCADE);

INSERT INTO roots VALUES (1), (2), (3);
INSERT INTO children VALUES (11, 1, 3), (12, 2, 3), (13, NULL, 1);
\set VERBOSITY terse

-- caller: the role that issued the statement, also in a cascade, where
-- current_user is somebody else; and the text of the statement, and what
-- hooks.metadata held.
CREATE ROLE regress_hooks_context;
GRANT USAGE ON SCHEMA test_context TO regress_hooks_context;
GRANT SELECT, DELETE ON roots TO regress_hooks_context;
CREATE FUNCTION who() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    RAISE NOTICE '%: % by %, %, %', c.hook, c.caller, current_user = c.caller, c.statement, c.metadata;
    RAISE NOTICE '%', c.session_user = session_user AND c.transaction_id = pg_current_xact_id()
        AND c.fired_at BETWEEN statement_timestamp() AND clock_timestamp();
    RETURN OLD;
END $$;
SELECT hooks.register('direct', 'before', 'delete', 'roots', 'who', package => 'context');
SELECT hooks.register('cascaded', 'before', 'delete', 'children', 'who', package => 'context');
SET hooks.metadata = '{"request": 7}';
SET ROLE regress_hooks_context;
DELETE FROM roots WHERE id = 2;
RESET ROLE;

-- A command in a function that runs as somebody else is issued by that one,
-- whosever statement fires the function.
CREATE FUNCTION who_drops(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% by %, %', event->>'action', event->>'caller', (hooks.context()).caller;
END $$;
CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DROP TABLE test_context.doomed;
    RETURN NULL;
END $$;
CREATE TABLE doomed (id int);
GRANT CREATE ON SCHEMA test_context TO regress_hooks_context;
ALTER TABLE doomed OWNER TO regress_hooks_context;
ALTER FUNCTION drop_it OWNER TO regress_hooks_context;
CREATE TRIGGER drop_it AFTER INSERT ON roots EXECUTE FUNCTION drop_it();
SELECT hooks.register('drops', 'before', 'drop', 'doomed', 'who_drops');
INSERT INTO roots VALUES (5);

-- The statement is that of the function, not that of its caller, also where
-- only the partitioned table has a trigger.
CREATE FUNCTION what() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% of %', (hooks.context()).statement, (hooks.context()).root_relation;
    RETURN NULL;
END $$;
CREATE TABLE tree (id int) PARTITION BY LIST (id);
CREATE TABLE branch PARTITION OF tree FOR VALUES IN (1);
CREATE FUNCTION cut() RETURNS void LANGUAGE sql AS 'DELETE FROM test_context.tree';
SELECT hooks.register('what', 'after', 'delete', 'tree', 'what', level => 'statement', package => 'context');
SELECT cut();

-- A caller that an earlier hook has dropped has no name any more; nothing fails of it.
CREATE ROLE regress_hooks_gone;
GRANT USAGE ON SCHEMA test_context TO regress_hooks_gone;
CREATE TABLE t (id int);
CREATE TABLE told (event jsonb);
GRANT INSERT ON t TO regress_hooks_gone;
CREATE FUNCTION act() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO test_context.t VALUES (1)';
ALTER FUNCTION act() OWNER TO regress_hooks_gone;
CREATE FUNCTION drops() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    REASSIGN OWNED BY regress_hooks_gone TO CURRENT_USER;
    DROP OWNED BY regress_hooks_gone;
    DROP ROLE regress_hooks_gone;
    RETURN NULL;
END $$;
CREATE FUNCTION tells() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE '%: caller %', TG_NAME, (hooks.context()).caller;
END $$;
CREATE FUNCTION tells(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO test_context.told VALUES (event)';
SET client_min_messages = error;
SELECT hooks.register('1', 'before', 'insert', 't', 'drops', level => 'statement', package => 'context'),
       hooks.register('2', 'before', 'insert', 't', 'tells', level => 'statement', on_error => 'isolate', package => 'context'),
       hooks.register('3', 'after', 'insert', 't', 'hooks.audit', package => 'context'),
       hooks.register('4', 'before_commit', 'insert', 't', 'tells(jsonb)', package => 'context'),
       hooks.register('5', 'after_commit', 'insert', 't', 'tells(jsonb)', package => 'context');
SELECT act();
SELECT hooks.flush();
SELECT event->>'hook', event->'caller' FROM told ORDER BY 1;
SELECT hook, message, caller FROM hooks.failure WHERE hook = '2';
SELECT hook, caller FROM hooks.audited WHERE hook = '3';
SELECT count(*) FROM pg_roles WHERE rolname = 'regress_hooks_gone';
DELETE FROM hooks.failure;
DELETE FROM hooks.audited_row;
DELETE FROM hooks.audited;

SELECT hooks.unregister_package('context');
SET client_min_messages = warning;
DROP SCHEMA test_context CASCADE;
DROP ROLE regress_hooks_context;
