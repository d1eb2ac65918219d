-- Who may execute what; and everything has a comment.  A new function of the
-- extension has to be added here.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_hooks_anybody;

-- Every function with its right for anybody; none has the rights of its owner.
-- Those that change something check the rights of their caller by themselves.
SELECT p.oid::regprocedure AS function, has_function_privilege('regress_hooks_anybody', p.oid, 'EXECUTE') AS execute, prosecdef
  FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE extname = 'hooks'
 ORDER BY p.oid::regprocedure::text COLLATE "C";
-- The schema has no others, and the extension has none elsewhere.
SELECT count(*) FILTER (WHERE d.objid IS NULL) AS foreign_functions, count(*) FILTER (WHERE pronamespace <> 'hooks'::regnamespace) AS elsewhere
  FROM pg_proc p LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
       AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'hooks')
 WHERE pronamespace = 'hooks'::regnamespace OR d.objid IS NOT NULL;

-- tables, views and sequences
SELECT c.oid::regclass AS relation, relkind, string_agg(privilege, ' ' ORDER BY privilege) AS anybody
  FROM pg_class c LEFT JOIN LATERAL
       unnest(CASE relkind WHEN 'S' THEN ARRAY['SELECT', 'UPDATE', 'USAGE']
              ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'] END) privilege
       ON CASE relkind WHEN 'S' THEN has_sequence_privilege('regress_hooks_anybody', c.oid, privilege)
          ELSE has_table_privilege('regress_hooks_anybody', c.oid, privilege) END
 WHERE relnamespace = 'hooks'::regnamespace AND relkind IN ('r', 'v', 'S')
 GROUP BY c.oid, relname, relkind ORDER BY relname COLLATE "C";
SELECT nspname, has_schema_privilege('regress_hooks_anybody', oid, 'USAGE') AS usage,
       has_schema_privilege('regress_hooks_anybody', oid, 'CREATE') AS create
  FROM pg_namespace WHERE nspname ~ '^hooks' ORDER BY nspname;

-- what has no comment; since 17 the array and row types that come with a type,
-- table or view are members too, and have none
SELECT pg_describe_object(classid, objid, 0)
  FROM pg_depend
 WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'hooks')
   AND deptype = 'e' AND obj_description(objid, classid::regclass::name) IS NULL
   AND NOT (classid = 'pg_type'::regclass
            AND EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
                         WHERE t.oid = objid AND (t.typcategory = 'A' OR c.relkind IN ('r', 'v'))))
 ORDER BY 1;

-- nor has one of its schemas, of which the extension's own is no member
SELECT nspname FROM pg_namespace WHERE nspname ~ '^hooks' AND obj_description(oid, 'pg_namespace') IS NULL;

-- nor has any column of a table or type
SELECT attrelid::regclass, attname
  FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
 WHERE relnamespace = 'hooks'::regnamespace AND relkind IN ('r', 'v', 'c') AND attnum > 0 AND NOT attisdropped
   AND col_description(attrelid, attnum) IS NULL;

-- All functions are volatile and for the leader only: they look at the state of
-- the session, or change the registry.
SELECT count(*) FROM pg_proc WHERE pronamespace = 'hooks'::regnamespace AND (proparallel <> 'u' OR provolatile <> 'v')
   AND proname <> 'definition';
-- what pg_dump takes along
SELECT c::regclass FROM pg_extension, unnest(extconfig) c WHERE extname = 'hooks' ORDER BY c::regclass::text;
-- neither relocatable nor trusted
SELECT relocatable, trusted, superuser, schema FROM pg_available_extension_versions WHERE name = 'hooks' AND version = '1.0';

DROP ROLE regress_hooks_anybody;
