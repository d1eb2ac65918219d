-- hooks.restore() runs what belongs to a table (triggers, defaults, domains,
-- index expressions) as the owner of that table, whoever restores: nobody gets at
-- the rights of who restores by a table that refers to what he restores.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
CREATE ROLE regress_mal; CREATE ROLE regress_eve;
CREATE SCHEMA test_owners;
GRANT ALL ON SCHEMA test_owners TO PUBLIC;
SET search_path = test_owners;
CREATE TABLE root (id int PRIMARY KEY, mal int, eve int);
GRANT REFERENCES, SELECT ON root TO PUBLIC;
SELECT hooks.register('bin', 'before_cascade', 'delete', 'root', 'hooks.keep');

-- Everything of a table that can run code, in tables of three roles that refer to
-- each other in a cycle; some of whose rows only lose their keys.
CREATE TABLE ran (what text, who text, restricted boolean);
GRANT INSERT ON ran TO PUBLIC;
CREATE FUNCTION tell(what text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    restricted boolean := false;
BEGIN
    BEGIN
        EXECUTE 'CREATE TEMP TABLE t (a int) ON COMMIT DROP; DROP TABLE t';
    EXCEPTION WHEN insufficient_privilege THEN
        restricted := true;
    END;
    INSERT INTO test_owners.ran VALUES (what, current_user, restricted);
    PERFORM set_config('hooks.metadata', '{"by": "mal"}', false);
    RETURN true;
END $$;
CREATE FUNCTION tell_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM test_owners.tell(format('%s %s %s', TG_WHEN, TG_LEVEL, TG_OP));
    RETURN NEW;
END $$;
CREATE FUNCTION tell_index(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM test_owners.tell('index'); RETURN $1; END $$;
CREATE FUNCTION tell_default() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM test_owners.tell('default'); RETURN 1; END $$;
CREATE DOMAIN told AS int CHECK (tell('domain'));
CREATE DOMAIN told_array AS int[] CHECK (tell('domain in an array'));
CREATE FUNCTION make(name text, other text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($f$
        CREATE TABLE %1$I (id int PRIMARY KEY, other int NOT NULL, root int NOT NULL REFERENCES root ON DELETE CASCADE, d told, a told_array[]);
        CREATE TRIGGER a BEFORE INSERT ON %1$I FOR EACH ROW EXECUTE FUNCTION tell_trigger();
        CREATE TRIGGER b AFTER INSERT ON %1$I FOR EACH ROW EXECUTE FUNCTION tell_trigger();
        CREATE TRIGGER c BEFORE INSERT ON %1$I EXECUTE FUNCTION tell_trigger();
        CREATE TRIGGER d AFTER INSERT ON %1$I EXECUTE FUNCTION tell_trigger();
        CREATE INDEX ON %1$I (tell_index(id));
        CREATE TABLE %1$s_log (id int PRIMARY KEY, root int REFERENCES root ON DELETE SET NULL, d told);
        CREATE TRIGGER a BEFORE UPDATE ON %1$s_log FOR EACH ROW EXECUTE FUNCTION tell_trigger();
        CREATE TRIGGER b AFTER UPDATE ON %1$s_log FOR EACH ROW EXECUTE FUNCTION tell_trigger();
        GRANT ALL ON %1$I, %1$s_log TO PUBLIC $f$, name, other);
END $$;
SET ROLE regress_mal; SELECT make('mal', 'eve');
SET ROLE regress_eve; SELECT make('eve', 'mal'); ALTER TABLE eve ADD FOREIGN KEY (other) REFERENCES mal ON DELETE CASCADE;
SET ROLE regress_mal; ALTER TABLE mal ADD FOREIGN KEY (other) REFERENCES eve ON DELETE CASCADE;
RESET ROLE;
ALTER TABLE root ADD FOREIGN KEY (mal) REFERENCES mal ON DELETE SET NULL, ADD FOREIGN KEY (eve) REFERENCES eve ON DELETE SET NULL;
SET client_min_messages = warning;
INSERT INTO root VALUES (1), (2);
WITH mal AS (INSERT INTO mal VALUES (1, 1, 1, 1, '{"{1}"}'), (2, 2, 2, 2, NULL))
INSERT INTO eve VALUES (1, 1, 1, 1, '{"{1}"}'), (2, 2, 2, 2, NULL);
INSERT INTO mal_log VALUES (1, 1, 1); INSERT INTO eve_log VALUES (1, 1, 1);
UPDATE root SET mal = 1, eve = 1;
RESET client_min_messages;
CREATE FUNCTION contents() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT 'root ' || x FROM root x UNION ALL SELECT 'mal ' || x FROM mal x UNION ALL SELECT 'eve ' || x FROM eve x
    UNION ALL SELECT 'mal_log ' || x FROM mal_log x UNION ALL SELECT 'eve_log ' || x FROM eve_log x ORDER BY 1
$$;
CREATE TABLE before AS SELECT contents() AS row;

-- A superuser deletes and restores.
DELETE FROM root WHERE id = 1;
SELECT (SELECT count(*) FROM root WHERE mal IS NULL), (SELECT count(*) FROM mal), (SELECT count(*) FROM eve_log WHERE root IS NULL);
ALTER TABLE mal ADD more int DEFAULT tell_default();
TRUNCATE ran;
RESET hooks.metadata;
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
SELECT who, restricted, string_agg(DISTINCT what, ', ' ORDER BY what) FROM ran GROUP BY who, restricted ORDER BY who;
-- What they set does not last.
SELECT current_setting('hooks.metadata') = '';
ALTER TABLE mal DROP more;
(SELECT contents() EXCEPT ALL TABLE before) UNION ALL (TABLE before EXCEPT ALL SELECT contents());
-- To look at kept rows runs a domain's CHECK as the table's owner, too.
DELETE FROM root WHERE id = 1;
TRUNCATE ran;
SELECT a FROM hooks.kept_rows((SELECT max(kept_id) FROM hooks.kept), NULL::mal);
SELECT DISTINCT who, restricted, what FROM ran;

-- A role that may write to the tables restores under a search_path of its own:
-- which does not lead what their owners wrote to its functions.
CREATE FUNCTION looks_around() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM trapped(); RETURN NEW; EXCEPTION WHEN undefined_function THEN RETURN NEW; END $$;
CREATE TRIGGER z BEFORE INSERT ON root FOR EACH ROW EXECUTE FUNCTION looks_around();
GRANT ALL ON root TO regress_eve;
CREATE SCHEMA AUTHORIZATION regress_eve;
SET ROLE regress_eve;
CREATE FUNCTION regress_eve.trapped() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'trapped %', current_user; END $$;
SET search_path = regress_eve, test_owners;
INSERT INTO root VALUES (3);
SELECT hooks.restore(max(kept_id)) FROM hooks.kept;
RESET ROLE;
SET search_path = test_owners;
SELECT count(*) FROM root;

SELECT hooks.unregister('bin');
SET client_min_messages = warning;
DROP SCHEMA test_owners, regress_eve CASCADE;
DROP ROLE regress_mal, regress_eve;
SELECT hooks.purge_kept('0') > 0;
