-- Hooks on "drop" fire for the tables and views that a command reaches, whatever it
-- names; and what the event lists is what PostgreSQL then drops.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA test_reach_log;
CREATE SCHEMA test_reach;
CREATE SCHEMA test_reach_2;
CREATE ROLE regress_reach_owner;
CREATE ROLE regress_reach_user;
GRANT ALL ON SCHEMA test_reach, test_reach_2 TO regress_reach_owner;
GRANT ALL ON SCHEMA test_reach_2 TO regress_reach_user;
SET search_path = test_reach;

-- A schema in which all hangs together.
CREATE TYPE pair AS (a int, b text);
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE SEQUENCE numbers;
CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE parents (id positive PRIMARY KEY DEFAULT nextval('numbers'), name text UNIQUE, m mood DEFAULT 'sad',
                      doubled int GENERATED ALWAYS AS (twice(id)) STORED, CHECK (twice(id) > id));
CREATE INDEX by_double ON parents (twice(id)) WHERE id > 3;
CREATE STATISTICS parents_stat ON id, name FROM parents;
CREATE TRIGGER touched BEFORE INSERT ON parents FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE heirs (extra pair, s bigserial) INHERITS (parents);
CREATE TABLE children (id int GENERATED ALWAYS AS IDENTITY, parent_id int REFERENCES parents, parent parents, EXCLUDE (id WITH =));
CREATE POLICY mine ON children USING (EXISTS (SELECT FROM heirs));
CREATE POLICY for_owner ON children TO regress_reach_owner USING (true);
CREATE RULE also AS ON DELETE TO children DO ALSO DELETE FROM heirs WHERE id = OLD.id;
CREATE TABLE pairs OF pair (PRIMARY KEY (a));
CREATE TABLE pairs_also OF pair;
CREATE FUNCTION name_of(parents) RETURNS text LANGUAGE sql AS 'SELECT $1.name';
CREATE FUNCTION all_pairs() RETURNS SETOF pairs LANGUAGE sql AS 'SELECT NULL::test_reach.pairs';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE COLLATION plain (LOCALE = 'C');
CREATE TYPE span AS RANGE (SUBTYPE = int);
CREATE TABLE spans (s span, words text COLLATE plain);
CREATE TABLE root (id int PRIMARY KEY, v text, w int DEFAULT twice(1)) PARTITION BY RANGE (id);
CREATE TABLE branch PARTITION OF root FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
CREATE TABLE leaf PARTITION OF branch FOR VALUES FROM (0) TO (5);
CREATE TABLE test_reach_2."A leaf" PARTITION OF root FOR VALUES FROM (10) TO (20);
CREATE INDEX ON root (v);
CREATE TABLE root_refs (id int REFERENCES root, name text REFERENCES parents (name));
CREATE TRIGGER touched BEFORE INSERT ON root FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW names AS SELECT id, name_of(p) FROM parents p;
CREATE VIEW over_names AS SELECT total(id) FROM names WHERE id === 1;
CREATE MATERIALIZED VIEW test_reach_2."A ""view""" AS SELECT * FROM over_names;
CREATE UNIQUE INDEX ON test_reach_2."A ""view""" (total);
CREATE VIEW grouped AS SELECT id, name FROM parents GROUP BY id;
CREATE VIEW leaf_grouped AS SELECT id, v FROM leaf GROUP BY id;
CREATE VIEW test_reach_2.of_pairs AS SELECT (p).b FROM all_pairs() p;
CREATE VIEW of_texts AS SELECT b FROM pairs_also;
CREATE VIEW last_number AS SELECT last_value FROM numbers;
CREATE VIEW of_index AS SELECT pg_relation_size('by_double') AS size;
CREATE VIEW of_w AS SELECT w FROM test_reach_2."A leaf";
CREATE VIEW hen AS SELECT 1 AS id;
CREATE VIEW egg AS SELECT id FROM hen;
CREATE OR REPLACE VIEW hen AS SELECT id FROM egg;
CREATE VIEW of_spans AS SELECT words COLLATE plain AS words, lower(s) FROM spans;
CREATE FOREIGN DATA WRAPPER test_reach_wrapper;
CREATE SERVER test_reach_server FOREIGN DATA WRAPPER test_reach_wrapper;
CREATE USER MAPPING FOR regress_reach_user SERVER test_reach_server;
CREATE FOREIGN TABLE elsewhere (id int, m mood) SERVER test_reach_server;
CREATE VIEW of_elsewhere AS SELECT m FROM elsewhere;
ALTER TABLE spans OWNER TO regress_reach_owner;
ALTER VIEW hen OWNER TO regress_reach_owner;
ALTER FUNCTION all_pairs() OWNER TO regress_reach_owner;

SET search_path = test_reach_log, test_reach;
CREATE TABLE fired (n serial, relation text, event jsonb);
CREATE FUNCTION note(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    ASSERT (SELECT count(*) > 0 AND bool_and(to_regclass(o->>'object_identity') IS NOT NULL) FROM jsonb_array_elements(event->'objects') o
             WHERE o->>'object_type' IN ('table', 'view', 'materialized view', 'foreign table')), 'not all is there';
    INSERT INTO test_reach_log.fired (relation, event) VALUES (event->>'relation', event);
END $$;
CREATE TABLE gone (object_type text, schema_name text, object_name text, object_identity text, original boolean);
CREATE FUNCTION note_gone() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test_reach_log.gone
    SELECT object_type, schema_name, object_name, object_identity, original FROM pg_event_trigger_dropped_objects();
END $$;
CREATE EVENT TRIGGER test_reach_gone ON sql_drop EXECUTE FUNCTION note_gone();
ALTER EVENT TRIGGER test_reach_gone DISABLE;
SELECT count(hooks.register('on ' || c.oid::regclass, 'before_cascade', 'drop', c.oid, 'note', package => 'reach')) AS relations
  FROM pg_class c
 WHERE relnamespace IN ('test_reach'::regnamespace, 'test_reach_2'::regnamespace) AND relkind IN ('r', 'p', 'v', 'm', 'f');

-- Runs a command and takes it back.  The relations for which hooks fired; the error
-- if there is one.
CREATE FUNCTION reached(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE command;
    SELECT string_agg(replace(relation, 'test_reach.', ''), ' ' ORDER BY relation COLLATE "C") INTO result FROM test_reach_log.fired;
    RAISE SQLSTATE '00TRY';
EXCEPTION WHEN SQLSTATE '00TRY' THEN
    RETURN coalesce(result, '-');
WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
\pset fieldsep ' => '
SELECT c, reached(c) FROM unnest(ARRAY[
    -- indexes and constraints that a view is made from
    'DROP INDEX by_double CASCADE', 'ALTER TABLE parents DROP CONSTRAINT parents_pkey CASCADE',
    'ALTER TABLE root DROP CONSTRAINT root_pkey CASCADE',
    -- columns, in children, partitions and tables of a type
    'ALTER TABLE parents DROP COLUMN id CASCADE', 'ALTER TABLE ONLY parents DROP id CASCADE', 'ALTER TABLE root DROP w CASCADE',
    'ALTER TYPE pair DROP ATTRIBUTE b CASCADE', 'ALTER FOREIGN TABLE elsewhere DROP m CASCADE',
    'ALTER TABLE IF EXISTS root ADD x int, DROP COLUMN IF EXISTS y CASCADE, DROP w CASCADE', 'ALTER TABLE parents DROP doubled',
    -- the rest
    'DROP TABLE children', 'DROP TABLE branch CASCADE', 'DROP TABLE children, root_refs, leaf CASCADE', 'DROP VIEW egg CASCADE',
    'DROP MATERIALIZED VIEW test_reach_2."A ""view"""', 'DROP SCHEMA test_reach_2 CASCADE', 'DROP TYPE pair CASCADE',
    'DROP TYPE mood CASCADE', 'DROP DOMAIN positive CASCADE', 'DROP SEQUENCE numbers CASCADE', 'DROP FUNCTION name_of CASCADE',
    'DROP FUNCTION all_pairs(), touch() CASCADE', 'DROP AGGREGATE total(int) CASCADE', 'DROP OPERATOR ===(int, int) CASCADE',
    'DROP COLLATION plain CASCADE', 'DROP SERVER test_reach_server CASCADE', 'DROP FOREIGN DATA WRAPPER test_reach_wrapper CASCADE',
    'DROP OWNED BY regress_reach_owner CASCADE', 'DROP TRIGGER touched ON parents CASCADE',
    -- in a command of a function, the statement is a DO
    'DO $x$ BEGIN DROP VIEW test_reach.of_w; DROP TABLE test_reach.pairs_also CASCADE; END $x$',
    -- nothing is there
    'DROP TABLE IF EXISTS nothing, test_nowhere.nothing CASCADE', 'DROP VIEW IF EXISTS nothing, of_w, nothing',
    'DROP TYPE IF EXISTS nothing CASCADE', 'ALTER TABLE IF EXISTS nothing DROP COLUMN a CASCADE', 'DROP OWNED BY regress_reach_user CASCADE']) c;

-- An extension's member, and what hangs on an extension; where one is at hand.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgres_fdw') THEN
        RETURN;
    END IF;
    CREATE EXTENSION postgres_fdw SCHEMA test_reach_2;
    CREATE SERVER test_reach_other FOREIGN DATA WRAPPER postgres_fdw;
    CREATE FOREIGN TABLE test_reach.other (id int) SERVER test_reach_other;
    ALTER EXTENSION postgres_fdw ADD VIEW test_reach.of_w;
    PERFORM hooks.register('on other', 'before', 'drop', 'test_reach.other', 'test_reach_log.note');
    ASSERT test_reach_log.reached('DROP EXTENSION postgres_fdw CASCADE') = 'of_w other', 'CASCADE';
    DROP FOREIGN TABLE test_reach.other;
    DELETE FROM test_reach_log.fired;
    DROP SERVER test_reach_other;
    ASSERT test_reach_log.reached('DROP EXTENSION postgres_fdw') = 'of_w', 'member';
    ALTER EXTENSION postgres_fdw DROP VIEW test_reach.of_w;
    DROP EXTENSION postgres_fdw;
END $$;

-- Of a command that fails nothing remains, and the next one fires again.
CREATE FUNCTION tell(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING '% by %', event->>'relation', event->>'caller';
END $$;
\set VERBOSITY terse
DROP TABLE branch, spans RESTRICT;
DROP TABLE pairs_also, spans, nothing CASCADE;
SELECT count(*) FROM fired;
BEGIN;
SAVEPOINT s;
DROP TABLE spans CASCADE;
SELECT relation FROM fired ORDER BY n;
ROLLBACK TO s;
SELECT count(*) FROM fired;
DROP VIEW of_w;
SELECT relation FROM fired;
SELECT count(*) FROM hooks.registry WHERE name IN ('on spans', 'on of_w');
ROLLBACK;
SELECT count(*) FROM hooks.registry WHERE name IN ('on spans', 'on of_w');

-- No callback runs for who may not: not the owner of what is named, of one of it, or
-- of the children that the command alters with it.
SELECT count(hooks.register(name, 'before', 'drop', relation, 'tell', package => 'tell', replace => true))
       = count(*) FROM hooks.registry WHERE package = 'reach';
CREATE TABLE test_reach_2.own (id int, x int);
CREATE TABLE test_reach_2.own_child () INHERITS (test_reach_2.own);
CREATE VIEW test_reach_2.of_child AS SELECT x FROM test_reach_2.own_child;
CREATE TYPE test_reach_2.own_type AS (a int, b int);
CREATE TABLE test_reach_2.typed OF test_reach_2.own_type;
CREATE VIEW test_reach_2.of_typed AS SELECT b FROM test_reach_2.typed;
ALTER TABLE test_reach_2.own OWNER TO regress_reach_user;
ALTER TYPE test_reach_2.own_type OWNER TO regress_reach_user;
SELECT count(hooks.register(c, 'before', 'drop', c, 'tell', package => 'tell'))
  FROM unnest('{test_reach_2.own,test_reach_2.of_child,test_reach_2.of_typed}'::text[]) c;
GRANT USAGE ON SCHEMA test_reach, test_reach_log TO regress_reach_user;
SET ROLE regress_reach_user;
DO $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY '{"DROP TABLE spans CASCADE","DROP TABLE test_reach_2.own, spans CASCADE","DROP SCHEMA test_reach CASCADE",
        "DROP TYPE mood CASCADE","DROP FUNCTION twice CASCADE","DROP SEQUENCE numbers CASCADE","DROP SERVER test_reach_server CASCADE",
        "DROP OWNED BY regress_reach_owner CASCADE","ALTER TABLE root DROP w CASCADE","ALTER TYPE pair DROP ATTRIBUTE b CASCADE",
        "ALTER TABLE parents DROP CONSTRAINT parents_pkey CASCADE","ALTER TABLE test_reach_2.own DROP x CASCADE",
        "ALTER TYPE test_reach_2.own_type DROP ATTRIBUTE b CASCADE"}'::text[] LOOP
        BEGIN
            EXECUTE command;
            RAISE WARNING '%: done', command;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING '%: %', command, SQLERRM;
        END;
    END LOOP;
END $$;
-- but the owner drops what others have made of it
BEGIN;
DROP TABLE test_reach_2.own CASCADE;
ROLLBACK;
RESET ROLE;
SELECT hooks.unregister_package('tell') > 20;
DROP TABLE test_reach_2.own, test_reach_2.typed CASCADE;
DROP TYPE test_reach_2.own_type;

-- The property: for each DROP ... CASCADE of something in the schema, the event's list
-- is what pg_event_trigger_dropped_objects() has, what is named first, the same for
-- all; and hooks fire for just the relations in it.
SELECT count(hooks.register('on ' || c.oid::regclass, 'before', 'drop', c.oid, 'note', package => 'reach')) AS relations
  FROM pg_class c
 WHERE relnamespace IN ('test_reach'::regnamespace, 'test_reach_2'::regnamespace) AND relkind IN ('r', 'p', 'v', 'm', 'f');
CREATE FUNCTION differs(command text, OUT fires boolean, OUT what text, OUT names text[]) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    fires = EXISTS (SELECT FROM fired);
    WITH said AS (
        SELECT o.* FROM jsonb_to_recordset((SELECT event->'objects' FROM fired ORDER BY n LIMIT 1))
                        o(object_type text, schema_name text, object_name text, object_identity text, original boolean)
    ), relations AS (
        SELECT object_identity FROM gone WHERE object_type IN ('table', 'view', 'materialized view', 'foreign table')
    )
    SELECT string_agg(line, '; ' ORDER BY line),
           (SELECT array_agg(DISTINCT s.object_type) FROM said s JOIN gone g USING (object_type, object_identity)
             WHERE (s.schema_name, s.object_name) IS DISTINCT FROM (g.schema_name, g.object_name))
      INTO what, names FROM (
        SELECT 'not dropped: ' || r FROM (SELECT object_type, object_identity, original FROM said
                                          EXCEPT ALL SELECT object_type, object_identity, original FROM gone) r WHERE fires
        UNION ALL SELECT 'not in the event: ' || r FROM (SELECT object_type, object_identity, original FROM gone
                                          EXCEPT ALL SELECT object_type, object_identity, original FROM said) r WHERE fires
        UNION ALL SELECT 'fired for ' || r FROM (SELECT relation FROM fired EXCEPT ALL TABLE relations) r
        UNION ALL SELECT 'not fired for ' || r FROM (TABLE relations EXCEPT ALL SELECT relation FROM fired) r
        UNION ALL SELECT 'not one list' FROM fired HAVING count(DISTINCT event->'objects') > 1
        UNION ALL SELECT 'original after others' FROM fired, jsonb_path_query(event->'objects', '$[*].original') WITH ORDINALITY o(original, i)
                  HAVING max(i) FILTER (WHERE original::boolean) > min(i) FILTER (WHERE NOT original::boolean)
    ) lines(line);
    RAISE SQLSTATE '00TRY';
EXCEPTION WHEN SQLSTATE '00TRY' THEN
    RETURN;
WHEN dependent_objects_still_exist OR invalid_table_definition OR wrong_object_type THEN
    -- a part of something, or inherited
    fires = NULL;
END $$;
CREATE TABLE commands AS
WITH relations AS (
    SELECT c.oid, c.oid::regclass::text AS name, relkind, CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
           WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END AS kind
      FROM pg_class c WHERE relnamespace IN ('test_reach'::regnamespace, 'test_reach_2'::regnamespace)
), drops(kind, names) AS (
    SELECT kind, name FROM relations
    UNION ALL SELECT 'TABLE', a.name || ', ' || b.name FROM relations a, relations b WHERE a.kind = 'TABLE' AND b.kind = 'TABLE' AND a.oid <> b.oid
    UNION ALL SELECT 'VIEW', a.name || ', ' || b.name FROM relations a, relations b WHERE a.kind = 'VIEW' AND b.kind = 'VIEW' AND a.oid <> b.oid
    UNION ALL SELECT 'TYPE', oid::regtype::text FROM pg_type WHERE typnamespace = 'test_reach'::regnamespace AND typtype IN ('e', 'd', 'r')
    UNION ALL SELECT 'ROUTINE', oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'test_reach'::regnamespace
    UNION ALL SELECT 'OPERATOR', oid::regoperator::text FROM pg_operator WHERE oprnamespace = 'test_reach'::regnamespace
    UNION ALL VALUES ('SCHEMA', 'test_reach'), ('SCHEMA', 'test_reach_2'), ('SCHEMA', 'test_reach, test_reach_2'), ('COLLATION', 'plain'),
        ('SERVER', 'test_reach_server'), ('FOREIGN DATA WRAPPER', 'test_reach_wrapper'), ('STATISTICS', 'parents_stat'),
        ('OWNED BY', 'regress_reach_owner'), ('TRIGGER', 'touched ON root'), ('RULE', 'also ON children'), ('POLICY', 'mine ON children')
)
SELECT 'DROP ' || kind AS kind, format('DROP %s %s CASCADE', kind, names) AS command FROM drops
UNION ALL SELECT 'DROP COLUMN', format('ALTER %s %s DROP %s %I CASCADE', kind, name, CASE kind WHEN 'TYPE' THEN 'ATTRIBUTE' ELSE 'COLUMN' END, attname)
  FROM relations JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped WHERE relkind IN ('r', 'p', 'f', 'c')
UNION ALL SELECT 'DROP CONSTRAINT', format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', name, conname)
  FROM relations r JOIN pg_constraint ON conrelid = r.oid WHERE contype <> 'n';
ALTER EVENT TRIGGER test_reach_gone ENABLE;
CREATE TABLE results AS SELECT * FROM commands, differs(command);
ALTER EVENT TRIGGER test_reach_gone DISABLE;
-- but for a column of a view that goes as a whole or stays, and the policies of
-- DROP OWNED; see the limits in the README
SELECT command, what FROM results WHERE what IS NOT NULL ORDER BY command COLLATE "C";
-- schema_name and object_name too; the types of object where they are others
SELECT DISTINCT unnest(names) AS type FROM results ORDER BY type;
-- of each kind, there was one that fired
SELECT kind FROM results GROUP BY kind HAVING bool_or(fires) ORDER BY kind COLLATE "C";
SELECT count(*) > 200 FROM results WHERE fires;

DROP EVENT TRIGGER test_reach_gone;
SELECT hooks.unregister_package('reach') > 20;
DROP SCHEMA test_reach, test_reach_2, test_reach_log CASCADE;
DROP FOREIGN DATA WRAPPER test_reach_wrapper CASCADE;
DROP OWNED BY regress_reach_owner, regress_reach_user;
DROP ROLE regress_reach_owner, regress_reach_user;
