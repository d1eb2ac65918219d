/* hooks--1.0--1.1.sql: makes of version 1.0 what hooks--1.1.sql makes anew */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION hooks UPDATE TO '1.1'" to load this file. \quit

-- The recycle bin in a dump.  pg_dump does not look at hooks.kept_row itself.
ALTER EXTENSION hooks DROP TABLE hooks.kept_row;
ALTER EXTENSION hooks ADD TABLE hooks.kept_row;

-- What pg_dump takes for hooks.kept_row, which not everybody who runs it may
-- read: a table without rows, whose condition calls hooks.kept_readable().
-- What pg_restore loads into it goes to hooks.kept_row.
CREATE TABLE hooks.kept_dump (
    LIKE hooks.kept_row INCLUDING COMMENTS,
    CONSTRAINT kept_dump_passes_to_kept_row CHECK (false)
);

COMMENT ON TABLE hooks.kept_dump IS 'what pg_dump takes for hooks.kept_row: always empty; what is inserted goes to hooks.kept_row';

GRANT SELECT ON hooks.kept_dump TO PUBLIC;
GRANT SELECT ON SEQUENCE hooks.registry_hook_id_seq, hooks.kept_kept_id_seq TO PUBLIC;

-- What is kept of a table that is gone is left out: it cannot be put back, and
-- its OID may be another's after pg_restore.  So is what the role may not read.
SELECT pg_catalog.pg_extension_config_dump('hooks.kept', 'WHERE relation IN (SELECT oid FROM pg_catalog.pg_class) AND (restored_at IS NOT NULL OR kept_id IN (SELECT kept_id FROM hooks.kept_readable()))');
SELECT pg_catalog.pg_extension_config_dump('hooks.kept_dump', 'WHERE false UNION ALL SELECT * FROM hooks.kept_readable() WHERE relation IN (SELECT oid FROM pg_catalog.pg_class) AND kept_id IN (SELECT kept_id FROM hooks.kept WHERE relation IN (SELECT oid FROM pg_catalog.pg_class))');

CREATE FUNCTION hooks.kept_readable() RETURNS SETOF hooks.kept_dump
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_kept_readable';
COMMENT ON FUNCTION hooks.kept_readable() IS 'for pg_dump: of hooks.kept_row the cascades of whose tables the current role may read all rows';

CREATE FUNCTION hooks.kept_load() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_kept_load';
COMMENT ON FUNCTION hooks.kept_load() IS 'trigger function of hooks.kept_dump: puts the row into hooks.kept_row instead';

REVOKE EXECUTE ON FUNCTION hooks.kept_load() FROM PUBLIC;

CREATE TRIGGER kept_load BEFORE INSERT ON hooks.kept_dump
    FOR EACH ROW EXECUTE FUNCTION hooks.kept_load();
ALTER TABLE hooks.kept_dump ENABLE ALWAYS TRIGGER kept_load;
COMMENT ON TRIGGER kept_load ON hooks.kept_dump IS 'the rows that pg_restore loads are kept where not everybody can read them';

CREATE FUNCTION hooks.restore_transaction(transaction_id xid8) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_restore_transaction';
COMMENT ON FUNCTION hooks.restore_transaction(xid8) IS 'puts all rows of all cascades that a transaction has kept back, or none, and returns their number';
