-- What a role wrote itself is called as that role when it looks at a cascade, to
-- compare keys.  It gets nothing out of the cursors that the walk reads from, which
-- may be of other roles' tables, and cannot close them.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_own;
CREATE SCHEMA test_lookers_own AUTHORIZATION regress_hooks_own;
SET SESSION AUTHORIZATION regress_hooks_own;
SET search_path = test_lookers_own;
SET client_min_messages = warning;
CREATE TYPE wrapped AS (v int);
-- as the owner of a table no cursor can be closed, but what is compared in memory
-- is so as who looks
CREATE FUNCTION unwrap(wrapped) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    cursor_name text;
BEGIN
    IF current_setting('test_lookers_own.mode', true) = 'close' THEN
        EXECUTE 'CLOSE ALL';
    ELSIF current_setting('test_lookers_own.mode', true) = 'move' THEN
        FOREACH cursor_name IN ARRAY ARRAY(SELECT name FROM pg_cursors) LOOP
            BEGIN
                EXECUTE format('MOVE FORWARD ALL FROM %I', cursor_name);
                RAISE WARNING 'moved';
            EXCEPTION WHEN object_not_in_prerequisite_state THEN
                NULL;
            END;
        END LOOP;
    END IF;
    RETURN ($1).v;
EXCEPTION WHEN insufficient_privilege THEN
    RETURN ($1).v;
END $$;
CREATE CAST (wrapped AS int) WITH FUNCTION unwrap(wrapped) AS IMPLICIT;
CREATE TABLE r (id int PRIMARY KEY);
CREATE TABLE q (x int PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE p (x int PRIMARY KEY, r int REFERENCES r ON DELETE CASCADE);
CREATE TABLE c (x wrapped DEFAULT ROW(2)::wrapped CONSTRAINT c_to_q REFERENCES q ON DELETE SET DEFAULT,
                CONSTRAINT c_to_p FOREIGN KEY (x) REFERENCES p ON DELETE CASCADE);
INSERT INTO r VALUES (1);
INSERT INTO q SELECT g, nullif(g, 2) / g FROM generate_series(1, 20) g;
INSERT INTO p SELECT g, nullif(g, 3) / g FROM generate_series(1, 20) g;
INSERT INTO c SELECT ROW(g)::wrapped FROM generate_series(3, 20) g;

SELECT * FROM hooks.preview_delete('r') ORDER BY depth, relation::text, action;
SET test_lookers_own.mode = 'close';
SELECT * FROM hooks.preview_delete('r') ORDER BY depth, relation::text, action;
SET test_lookers_own.mode = 'move';
SELECT * FROM hooks.preview_delete('r') ORDER BY depth, relation::text, action;
RESET test_lookers_own.mode;

RESET SESSION AUTHORIZATION;

-- An error in between leaves nothing of the walk behind.
SET search_path = test_lookers_own;
ALTER FUNCTION unwrap OWNER TO CURRENT_USER;
CREATE OR REPLACE FUNCTION unwrap(wrapped) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    -- in memory as who looks; in the queries as the owner of their tables
    IF current_user <> 'regress_hooks_own' THEN
        RAISE 'no';
    END IF;
    RETURN ($1).v;
END $$;
SELECT count(*) FROM hooks.preview_delete('r');
SELECT count(*) FROM pg_cursors;

DROP SCHEMA test_lookers_own CASCADE;
DROP ROLE regress_hooks_own;
