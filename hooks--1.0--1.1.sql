/* hooks--1.0--1.1.sql: makes of version 1.0 what hooks--1.1.sql makes anew */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION hooks UPDATE TO '1.1'" to load this file. \quit

-- Which recycle bin this is.  pg_dump leaves the number out, so that rows that
-- come from a dump can be told from those that were kept here.
CREATE TABLE hooks.bin (
    bin_id uuid NOT NULL
);
INSERT INTO hooks.bin VALUES (pg_catalog.gen_random_uuid());

COMMENT ON TABLE hooks.bin IS 'a number that CREATE EXTENSION draws; it goes with the files of the database, and is not dumped';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.bin
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.bin ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.bin IS 'each server has its own recycle bin';

-- Rows that were kept here name the transaction that wrote them, their xmin.
UPDATE hooks.kept_row SET written_by = '0' WHERE xmin <> written_by;
ALTER TABLE hooks.kept_row ALTER COLUMN written_by TYPE text USING written_by::text;
UPDATE hooks.kept_row SET written_by = bin_id || ' ' || relation::oid ||
    coalesce((SELECT string_agg(' ' || type::oid, '' ORDER BY n)
                FROM unnest(types) WITH ORDINALITY t (type, n) WHERE type <> 0), '')
  FROM hooks.bin WHERE written_by <> '0';
COMMENT ON COLUMN hooks.kept_row.written_by IS 'the number of the recycle bin and the OIDs of table and types when the rows were kept; after pg_restore they are others, and then numbers tell nothing any more';

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
