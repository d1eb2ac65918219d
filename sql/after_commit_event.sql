-- What the callback of an after_commit hook gets: the rows and columns that it
-- wanted when the statement ran.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_ac_event;
SET search_path = test_ac_event;
SET client_min_messages = warning;
CREATE ROLE regress_ac_event LOGIN;
ALTER ROLE regress_ac_event SET hooks.max_depth = 3;
ALTER ROLE regress_ac_event SET timezone = 'Asia/Kolkata';
GRANT USAGE, CREATE ON SCHEMA test_ac_event TO regress_ac_event;
SET ROLE regress_ac_event;
CREATE TABLE t (id int PRIMARY KEY, name text, amount numeric, at timestamptz DEFAULT '2026-01-01 00:00+00');
CREATE TABLE got (n bigint GENERATED ALWAYS AS IDENTITY, event jsonb, action text DEFAULT (hooks.context()).action);
CREATE FUNCTION take(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO test_ac_event.got (event) VALUES ($1)';
SELECT hooks.register('ace_all', 'after_commit', 'write', 't', 'take');
SELECT hooks.register('ace_some', 'after_commit', 'insert, update', 't', 'take', condition => 'new.amount > 10', payload => '{id,amount}');
SELECT hooks.register('ace_name', 'after_commit', 'name', 't', 'take', columns => '{name}', payload => '{name}');

-- as a whole
SET hooks.metadata = '{"request": [1, "x"]}';
INSERT INTO t VALUES (1, 'one', 1), (2, NULL, 20), (3, 'three', 30);
RESET hooks.metadata;
SELECT hooks.flush();
SELECT jsonb_pretty(event - 'fired_at' - 'transaction_id') FROM got WHERE event->>'hook' = 'ace_some';
SELECT event->>'hook', event->>'action', event->'new' FROM got ORDER BY 1;
SELECT DISTINCT (event->>'fired_at')::timestamptz BETWEEN now() - interval '1 minute' AND now(), event->>'fired_at' LIKE '%+00:00',
       event->>'transaction_id' ~ '^\d+$' FROM got;
TRUNCATE got;

-- old and new are in the same order
BEGIN;
UPDATE t SET name = coalesce(name, 'two'), amount = amount - 15;
DELETE FROM t WHERE id = 1;
TRUNCATE t;
COMMIT;
SELECT hooks.flush();
SELECT event->>'hook', event->>'action', event->'old', event->'new', event ? 'old', event ? 'new' FROM got ORDER BY event->>'hook', n;
SELECT event->>'action', action, count(*) FROM got GROUP BY 1, 2 ORDER BY 1, 2;
TRUNCATE got;

-- names are those of the statement, and a hook that is replaced gets what it had asked for
BEGIN;
INSERT INTO t VALUES (4, 'four', 40);
ALTER TABLE t RENAME COLUMN amount TO total;
ALTER TABLE t RENAME TO renamed;
SELECT hooks.register('ace_some', 'after_commit', 'insert', 'renamed', 'take', payload => '{at}', replace => true);
COMMIT;
SELECT hooks.flush();
SELECT event->>'hook', event->>'relation', event->'new' FROM got ORDER BY 1;
TRUNCATE got;
INSERT INTO renamed VALUES (5, 'five', 50);
SELECT hooks.flush();
SELECT event->>'hook', event->>'relation', event->'new' FROM got ORDER BY 1;
TRUNCATE got;

-- an object is as jsonb wants it, with many rows and columns, too
DO $$
BEGIN
  EXECUTE (SELECT format('CREATE TABLE many (%s)', string_agg(format('column_%s int DEFAULT %s', g, g), ',')) FROM generate_series(1, 200) g);
END $$;
SELECT hooks.register('ace_many', 'after_commit', 'insert', 'many', 'take', condition => 'new.column_1 % 3 = 0', payload => '{column_7,column_1,column_100}');
SELECT hooks.register('ace_wide', 'after_commit', 'insert', 'many', 'take');
INSERT INTO many (column_1) SELECT generate_series(1, 200);
SELECT hooks.flush();
SELECT jsonb_array_length(event->'new'), event->'new'->0, event->'new'->-1, event::text::jsonb = event FROM got WHERE event->>'hook' = 'ace_many';
SELECT jsonb_array_length(event->'new'), event->'new' = (SELECT jsonb_agg(to_jsonb(m) ORDER BY column_1) FROM many m),
       event::text::jsonb = event, (SELECT count(*) FROM jsonb_each(event->'new'->77)) FROM got WHERE event->>'hook' = 'ace_wide';
TRUNCATE got;

-- a callback may write to its own hook's table, but not for ever
CREATE TABLE chain (id int, at text DEFAULT current_user);
CREATE FUNCTION next(event jsonb) RETURNS void LANGUAGE sql AS
  $$ INSERT INTO test_ac_event.chain SELECT (event->'new'->0->>'id')::int + 1 $$;
SELECT hooks.register('ace_chain', 'after_commit', 'insert', 'chain', 'next');
-- flush() waits for what was committed before, so once for each generation
INSERT INTO chain VALUES (1);
SELECT hooks.flush();
SELECT hooks.flush();
SELECT hooks.flush();
SELECT * FROM chain ORDER BY id;
SELECT hook, state, attempts, last_error, payload->'generation', payload->'new' FROM hooks.outbox WHERE hook = 'ace_chain';
-- ... nor if it is delivered again
SELECT hooks.redeliver(delivery_id) FROM hooks.outbox WHERE hook = 'ace_chain';
SELECT hooks.flush();
SELECT count(*) FROM chain;
SELECT state, last_error FROM hooks.outbox WHERE hook = 'ace_chain';
SELECT hooks.discard(delivery_id) FROM hooks.outbox WHERE hook = 'ace_chain';

RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA test_ac_event CASCADE;
DROP ROLE regress_ac_event;
