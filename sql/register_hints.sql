-- What is easily written wrong is told how to write, and a hook that cannot fire
-- is told of.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_hints;
SET search_path = test_hints;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%: %', TG_NAME, TG_OP;
    RETURN NULL;
END $$;
CREATE TABLE t (id int PRIMARY KEY, v int);

-- A table's name is not its row type.
SELECT hooks.doomed('t');
SELECT * FROM hooks.doomed('t');
SELECT hooks.doomed('t'::regclass);
SELECT hooks.doomed('t'::text);
SELECT hooks.doomed(NULL);
SELECT hooks.kept_rows(1, 't');
SELECT * FROM hooks.kept_rows(1, NULL);
-- this is one, but here is no firing
SELECT hooks.doomed(NULL::t);

-- An update in phase before_cascade is one of a referenced key: where nothing
-- refers to the table, the hook waits for a foreign key.
SELECT hooks.register('update', 'before_cascade', 'update', 't', 'tell');
INSERT INTO t VALUES (1);
UPDATE t SET id = 2;
CREATE TABLE child (id int REFERENCES t ON UPDATE CASCADE);
UPDATE t SET id = 3;
SELECT hooks.register('other', 'before_cascade', 'update, delete', 't', 'tell');
SELECT hooks.unregister('other');
DROP TABLE child;
-- once said is enough; a delete fires without
SELECT hooks.register('update', 'before_cascade', 'update', 't', 'tell');
SELECT hooks.register('delete', 'before_cascade', 'delete', 't', 'tell');
DELETE FROM t;
-- through a partitioned table, or a partition
CREATE TABLE root (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE low PARTITION OF root FOR VALUES IN (1);
CREATE TABLE high PARTITION OF root DEFAULT;
CREATE TABLE of_low (id int REFERENCES low);
SELECT hooks.register('of root', 'before_cascade', 'update', 'root', 'tell');
SELECT hooks.register('of high', 'before_cascade', 'update', 'high', 'tell');
CREATE TABLE of_root (id int REFERENCES root);
SELECT hooks.register('of high', 'before_cascade', 'update', 'high', 'tell', priority => 1, replace => true);

-- An event has no arguments
CREATE FUNCTION take(event jsonb) RETURNS void LANGUAGE sql AS '';
SELECT hooks.register('event', 'before_commit', 'insert', 't', 'take', arguments => '{a}');

SELECT count(hooks.unregister(name)) FROM hooks.registry;
SET client_min_messages = warning;
DROP SCHEMA test_hints CASCADE;
