-- What the event of a drop lists is what PostgreSQL then drops.
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' => '
\getenv folder PG_ABS_SRCDIR
\set file :folder '/sql/include/drop_reach.psql'
\set ECHO none
\i :file
\set ECHO all
CREATE TABLE gone (object_type text, schema_name text, object_name text, object_identity text, original boolean);
CREATE FUNCTION note_gone() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test_reach_log.gone
    SELECT object_type, schema_name, object_name, object_identity, original FROM pg_event_trigger_dropped_objects();
END $$;
CREATE EVENT TRIGGER test_reach_gone ON sql_drop EXECUTE FUNCTION note_gone();
ALTER EVENT TRIGGER test_reach_gone DISABLE;

-- For each DROP ... CASCADE of something in the schema, the event's list
-- is what pg_event_trigger_dropped_objects() has, what is named first, the same for
-- all; and hooks fire for just the relations in it.
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
-- DROP OWNED; see doc/wide-and-drop.md
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
