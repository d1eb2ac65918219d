-- What a role wrote itself is called as that role when it looks at a cascade, to
-- compare keys.  It cannot close the cursors that the walk reads from, and gets
-- an error for the attempt.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_hooks_looker;
CREATE SCHEMA test_lookers_own AUTHORIZATION regress_hooks_looker;
SET SESSION AUTHORIZATION regress_hooks_looker;
SET search_path = test_lookers_own;
SET client_min_messages = warning;
CREATE TYPE wrapped AS (v int);
-- the queries run as a table's owner, who may not close cursors then; only what
-- is compared in memory can
CREATE FUNCTION unwrap(wrapped) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('test_lookers_own.close', true) = 'on' THEN
        EXECUTE 'CLOSE ALL';
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
SET test_lookers_own.close = 'on';
DO $$
BEGIN
    PERFORM hooks.preview_delete('r');
EXCEPTION WHEN invalid_cursor_state THEN
    RAISE WARNING 'invalid_cursor_state';
END $$;
-- and all is well afterwards
RESET test_lookers_own.close;
SELECT count(*) FROM hooks.preview_delete('r');

RESET SESSION AUTHORIZATION;
DROP SCHEMA test_lookers_own CASCADE;
DROP ROLE regress_hooks_looker;
