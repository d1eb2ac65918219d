-- Claim: a veto that a callback has caught is not taken for the end of another
-- firing: an error that follows is a failure.
SET client_min_messages = warning;
CREATE SCHEMA test_veto_caught;
SET search_path = test_veto_caught;
CREATE TABLE t (id int);
CREATE FUNCTION catches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN PERFORM hooks.cancel('caught'); EXCEPTION WHEN OTHERS THEN NULL; END;
    RETURN NEW;
END $$;
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
SELECT hooks.register('catches', 'before', 'insert', 't', 'catches', package => 'veto_caught');
SELECT hooks.register('fails', 'before', 'insert', 't', 'fails', package => 'veto_caught');
CREATE VIEW seen AS
    SELECT hook, calls, failures, vetoes FROM hooks.stats WHERE hook IN ('catches', 'fails') ORDER BY hook;

-- of another hook in the same statement
INSERT INTO t VALUES (1);
TABLE seen;

-- of the same hook in a later statement
SELECT hooks.unregister('fails');
INSERT INTO t VALUES (2);
CREATE OR REPLACE FUNCTION catches() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
INSERT INTO t VALUES (3);
TABLE seen;

-- a veto still is one
CREATE OR REPLACE FUNCTION catches() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM hooks.cancel('no'); END $$;
INSERT INTO t VALUES (4);
TABLE seen;

SELECT hooks.unregister_package('veto_caught');
DROP SCHEMA test_veto_caught CASCADE;
