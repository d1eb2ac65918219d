-- one-snapshot, one-keep, one-doomed, keep-child, graph, closure: deletes of one
-- row, what comes of the tables around it, and hooks at the root of a cascade.

CREATE FUNCTION bench.callback_nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;

-- A function each_... that deletes one row with each DELETE, as most statements
-- of applications do.
CREATE FUNCTION bench.make_each(name text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FUNCTION bench.each_%1$s(first integer, last integer) RETURNS void LANGUAGE plpgsql AS
                    ''BEGIN FOR i IN first .. last LOOP DELETE FROM bench.%1$s WHERE id = i; END LOOP; END''', name);
END $$;

-- three tables, each of which refers to the one before; so many rows in the
-- first one, and so many that refer to each
CREATE FUNCTION bench.make_levels(name text, rows integer, children integer) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE bench.%1$s_room (id integer PRIMARY KEY, name text NOT NULL, made timestamptz NOT NULL);
                    CREATE TABLE bench.%1$s_thread (id integer PRIMARY KEY,
                        room_id integer NOT NULL REFERENCES bench.%1$s_room ON DELETE CASCADE, title text);
                    CREATE TABLE bench.%1$s_message (id integer PRIMARY KEY,
                        thread_id integer NOT NULL REFERENCES bench.%1$s_thread ON DELETE CASCADE,
                        author integer NOT NULL, body text);
                    INSERT INTO bench.%1$s_room SELECT i, ''room '' || i, now() FROM generate_series(1, %2$s) i;
                    INSERT INTO bench.%1$s_thread
                        SELECT i, 1 + (i - 1) / %3$s, ''thread '' || i FROM generate_series(1, %2$s * %3$s) i;
                    INSERT INTO bench.%1$s_message
                        SELECT i, 1 + (i - 1) / %3$s, i %% 100, ''message '' || i FROM generate_series(1, %2$s * %3$s * %3$s) i;
                    CREATE INDEX ON bench.%1$s_thread (room_id);
                    CREATE INDEX ON bench.%1$s_message (thread_id);',
                   name, rows, children);
END $$;

-- one-keep, one-doomed: a row in each of three tables; from 5001 on nothing
-- refers to the rooms
SELECT bench.make_levels('one', 10000, 1);
DELETE FROM bench.one_message WHERE id > 5000;
DELETE FROM bench.one_thread WHERE id > 5000;
CREATE TABLE bench.archive (relation text, row jsonb, at timestamptz);
CREATE FUNCTION bench.callback_archive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.archive VALUES (TG_TABLE_NAME, to_jsonb(OLD), now());
    RETURN NULL;
END $$;
CREATE TABLE bench.one_copy (LIKE bench.one_thread);
CREATE FUNCTION bench.callback_one_joined() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.one_copy SELECT t.* FROM old_table o JOIN bench.one_thread t ON t.room_id = o.id;
    RETURN NULL;
END $$;
CREATE FUNCTION bench.callback_one_doomed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.one_copy SELECT * FROM hooks.doomed(NULL::bench.one_thread);
    RETURN NULL;
END $$;

-- keep-child: parents of 1k and 1M rows, a child each that keeps
CREATE TABLE bench.few_parent (id integer PRIMARY KEY, name text);
CREATE TABLE bench.few_child (id integer PRIMARY KEY, parent_id integer REFERENCES bench.few_parent ON DELETE CASCADE);
CREATE TABLE bench.many_parent (id integer PRIMARY KEY, name text);
CREATE TABLE bench.many_child (id integer PRIMARY KEY, parent_id integer REFERENCES bench.many_parent ON DELETE CASCADE);
CREATE INDEX ON bench.few_child (parent_id);
CREATE INDEX ON bench.many_child (parent_id);
INSERT INTO bench.few_parent SELECT i, 'parent' FROM generate_series(1, 1000) i;
INSERT INTO bench.many_parent SELECT i, 'parent' FROM generate_series(1, 1000000) i;
INSERT INTO bench.few_child SELECT i, i FROM generate_series(1, 1000) i;
INSERT INTO bench.many_child SELECT i, i FROM generate_series(1, 1000) i;

CREATE FUNCTION bench.keep_child_ms(name text) RETURNS double precision LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hooks.register('bench', 'before_cascade', 'delete', format('bench.%s_child', name)::regclass, 'hooks.keep');
    EXECUTE format('SELECT bench.each_%s_parent(1, 1)', name);
    RETURN bench.ms(format('SELECT bench.each_%s_parent(2, 501)', name));
END $$;

-- graph: a table to which 299 others refer, and a tree of 2,500 tables in which
-- five refer to each
CREATE PROCEDURE bench.make_graph(name text, tables integer, each integer)
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE bench.%s_0 (id integer PRIMARY KEY)', name);
    EXECUTE format('INSERT INTO bench.%s_0 SELECT generate_series(1, 1000)', name);
    FOR i IN 1 .. tables - 1 LOOP
        EXECUTE format('CREATE TABLE bench.%1$s_%2$s (id integer PRIMARY KEY,
                            parent_id integer REFERENCES bench.%1$s_%3$s ON DELETE CASCADE);
                        CREATE INDEX ON bench.%1$s_%2$s (parent_id);', name, i, (i - 1) / each);
        IF i % 200 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
END $$;
CALL bench.make_graph('wide', 300, 300);
CALL bench.make_graph('tree', 2500, 5);
INSERT INTO bench.wide_1 SELECT i, i FROM generate_series(1, 1000) i;
INSERT INTO bench.tree_1 SELECT i, i FROM generate_series(1, 1000) i;

-- closure: three levels, 100,100 rows
SELECT bench.make_levels('closure', 1100, 9);

SELECT bench.make_each(name)
  FROM unnest('{one_room, few_parent, many_parent, wide_0, tree_0}'::text[]) name;
VACUUM ANALYZE;
