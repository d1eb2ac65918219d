-- hooks.context() where a statement changes several tables: at depth 0 the root
-- is the table that the part of the statement names which changed the rows, and
-- what that part does; below, that of the rows they follow.  It is NULL only
-- where two parts may have changed a row.
\pset format unaligned
\pset tuples_only on
\pset null null
LOAD 'hooks';
CREATE SCHEMA test_parts;
SET search_path = test_parts;

CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, line text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c hooks.context = hooks.context();
BEGIN
    INSERT INTO test_parts.log (line)
    VALUES (format('%s %s: depth %s by %s, root %s of %s', c.relation, lower(TG_OP), coalesce(c.cascade_depth::text, 'null'),
                   coalesce(c.constraint_name, 'null'), coalesce(c.root_action, 'null'), coalesce(c.root_relation::text, 'null')));
    RETURN coalesce(NEW, OLD);
END $$;
-- Every phase and level tells the same; n is how many firings there were.
CREATE FUNCTION read_log() RETURNS SETOF text LANGUAGE sql AS $$
    WITH l AS (DELETE FROM log RETURNING *) SELECT count(*) || ' x ' || line FROM l GROUP BY line ORDER BY line COLLATE "C" $$;
CREATE FUNCTION watch(VARIADIC tabs regclass[]) RETURNS bigint LANGUAGE sql SET client_min_messages = warning AS $$
    SELECT count(hooks.register(format('%s %s %s', t, p, l), p, a, t, 'note', level => l, on_error => 'abort', package => 'parts'))
      FROM unnest(tabs) t,
           (VALUES ('before', 'row', 'insert, update, delete'), ('after', 'row', 'insert, update, delete'), ('before', 'statement', 'insert, update, delete'),
                   ('after', 'statement', 'insert, update, delete'), ('before_cascade', 'statement', 'delete, update')) v (p, l, a) $$;

CREATE TABLE a (id int PRIMARY KEY, v int);
CREATE TABLE b (id int PRIMARY KEY, v int);
CREATE TABLE ac (id int PRIMARY KEY CONSTRAINT ac_a REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE bc (id int PRIMARY KEY CONSTRAINT bc_b REFERENCES b ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE acc (id int CONSTRAINT acc_ac REFERENCES ac ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO a SELECT generate_series(1, 20);
INSERT INTO b TABLE a;
INSERT INTO ac SELECT id FROM a;
INSERT INTO bc SELECT id FROM b;
INSERT INTO acc TABLE ac;
SELECT watch('a', 'b', 'ac', 'bc', 'acc');

-- A part in WITH that the rest reads, and one that nobody does: that one runs when
-- the rest is done.
WITH x AS (DELETE FROM a WHERE id = 1 RETURNING id) DELETE FROM b USING x WHERE b.id = x.id;
SELECT read_log();
WITH x AS (DELETE FROM a WHERE id = 2) DELETE FROM b WHERE id = 2;
SELECT read_log();
-- The statement itself changes nothing, or another table; or keys.
WITH x AS (DELETE FROM a WHERE id = 3 RETURNING id), y AS (DELETE FROM b WHERE id = 3) SELECT id FROM x;
SELECT read_log();
CREATE TABLE gone (id int, v int);
SELECT watch('gone');
WITH x AS (DELETE FROM a WHERE id = 4 RETURNING *) INSERT INTO gone TABLE x;
SELECT read_log();
WITH x AS (DELETE FROM a WHERE id = 5 RETURNING id) UPDATE b SET id = 50 FROM x WHERE b.id = x.id;
SELECT read_log();
WITH x AS (INSERT INTO gone VALUES (1)) INSERT INTO a VALUES (6) ON CONFLICT (id) DO UPDATE SET id = 60;
SELECT read_log();
WITH x AS (DELETE FROM a WHERE id = 7 RETURNING id)
MERGE INTO b USING x ON b.id = x.id WHEN MATCHED THEN DELETE;
SELECT read_log();
SELECT hooks.unregister_package('parts');

-- A table that both lead to, and one below it: each row has its own root, and what
-- joins both has none.
CREATE TABLE ab (id int PRIMARY KEY, a int CONSTRAINT ab_a REFERENCES a ON DELETE CASCADE, b int CONSTRAINT ab_b REFERENCES b ON DELETE CASCADE);
CREATE TABLE abc (id int CONSTRAINT abc_ab REFERENCES ab ON DELETE CASCADE);
INSERT INTO ab VALUES (1, 8, NULL), (2, NULL, 8);
INSERT INTO abc SELECT id FROM ab;
SELECT hooks.register(t || ' ' || p, p, 'delete', t, 'note', level => CASE WHEN p = 'before_cascade' THEN 'statement' ELSE 'row' END, package => 'parts')
  FROM unnest('{ab, abc}'::regclass[]) t, unnest('{before, after, before_cascade}'::text[]) p;
WITH x AS (DELETE FROM a WHERE id = 8) DELETE FROM b WHERE id = 8;
SELECT read_log();
SELECT hooks.unregister_package('parts');

-- Parts that change the same table: what they have in common.
SELECT watch('a', 'ac');
WITH x AS (DELETE FROM a WHERE id = 9) DELETE FROM a WHERE id = 10;
SELECT read_log();
WITH x AS (UPDATE a SET v = 1 WHERE id = 11 RETURNING 1) DELETE FROM a USING x WHERE id = 12;
SELECT read_log();
WITH x AS (UPDATE a SET id = 110 WHERE id = 11 RETURNING 1) DELETE FROM a USING x WHERE id = 12 OR id = 13;
SELECT read_log();
SELECT hooks.unregister_package('parts');

-- What rules make of one statement are several, each with a root of its own; a
-- view that can be updated stands for its table.
CREATE VIEW both_ids AS SELECT id FROM a;
CREATE RULE both_gone AS ON DELETE TO both_ids DO INSTEAD (DELETE FROM b WHERE id = OLD.id; DELETE FROM a WHERE id = OLD.id);
CREATE VIEW some_ids AS SELECT id FROM a WHERE id > 0;
CREATE VIEW their_ids AS SELECT id FROM a;
CREATE FUNCTION remove() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM test_parts.b WHERE id = OLD.id; RETURN OLD; END $$;
CREATE TRIGGER remove INSTEAD OF DELETE ON their_ids FOR EACH ROW EXECUTE FUNCTION remove();
SELECT watch('a', 'b', 'ac', 'bc');
DELETE FROM both_ids WHERE id = 14;
SELECT read_log();
WITH x AS (DELETE FROM b WHERE id = 15) DELETE FROM some_ids WHERE id = 15;
SELECT read_log();
DELETE FROM their_ids WHERE id = 16;
SELECT read_log();
SELECT hooks.unregister_package('parts');

-- Rows that move between partitions, in different cascades: each has its own root, and so
-- has what follows them.
CREATE TABLE moves (a int CONSTRAINT moves_a REFERENCES a ON UPDATE CASCADE, b int CONSTRAINT moves_b REFERENCES b ON UPDATE CASCADE,
                    PRIMARY KEY (a, b)) PARTITION BY RANGE (a, b);
CREATE TABLE moves1 PARTITION OF moves FOR VALUES FROM (MINVALUE, MINVALUE) TO (18, MINVALUE);
CREATE TABLE moves2 PARTITION OF moves FOR VALUES FROM (18, MINVALUE) TO (18, 1000);
CREATE TABLE moves3 PARTITION OF moves FOR VALUES FROM (18, 1000) TO (MAXVALUE, MAXVALUE);
CREATE TABLE follows (a int, b int, CONSTRAINT follows_moves FOREIGN KEY (a, b) REFERENCES moves ON UPDATE CASCADE);
INSERT INTO moves VALUES (17, 18), (18, 17), (16, 18), (18, 19);
INSERT INTO follows TABLE moves;
SELECT watch('follows');
WITH x AS (UPDATE a SET id = 1017 WHERE id = 17) UPDATE b SET id = 1017 WHERE id = 17;
SELECT read_log();
WITH x AS (UPDATE b SET id = 1019 WHERE id = 19) UPDATE a SET id = 1016 WHERE id = 16;
SELECT read_log();
SELECT * FROM follows ORDER BY a, b;

SELECT hooks.unregister_package('parts');

-- A part that nobody reads is written when the statement ends, here within a function's caller; only a partition
-- has a trigger.
CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
SELECT hooks.register('unread', 'after', 'insert', 'parted_1', 'note', level => 'row', package => 'parts');
CREATE FUNCTION write_unread() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  result int;
BEGIN
  WITH unread AS (INSERT INTO test_parts.parted VALUES (1)) SELECT 2 INTO result;
  RETURN result;
END $$;
SELECT write_unread();
SELECT read_log();

SET client_min_messages = warning;
SELECT hooks.unregister_package('parts');
DROP SCHEMA test_parts CASCADE;
