/* hooks--1.0--1.1.sql: makes of version 1.0 what hooks--1.1.sql makes anew */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION hooks UPDATE TO '1.1'" to load this file. \quit

-- As for CREATE EXTENSION: nothing may be called in place of what the extension
-- makes.  What is the extension's already may be of a role that was a superuser.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_depend d
                 JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) d.refobjid
                 JOIN pg_catalog.pg_shdepend s ON s.classid OPERATOR(pg_catalog.=) d.classid
                      AND s.objid OPERATOR(pg_catalog.=) d.objid
                 JOIN pg_catalog.pg_database b ON b.oid OPERATOR(pg_catalog.=) s.dbid
                 JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) s.refobjid
                WHERE n.nspname OPERATOR(pg_catalog.=) 'hooks'
                  AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
                  AND b.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
                  AND s.deptype OPERATOR(pg_catalog.=) 'o' AND NOT r.rolsuper
                  AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass
                  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                                   WHERE e.classid OPERATOR(pg_catalog.=) d.classid
                                     AND e.objid OPERATOR(pg_catalog.=) d.objid
                                     AND e.deptype OPERATOR(pg_catalog.=) 'e')) THEN
        RAISE EXCEPTION 'schema "hooks" has objects of a role that is not a superuser'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Drop the objects, then update the extension.';
    END IF;
END
$$;

-- What there is already keeps its privileges.
SELECT pg_catalog.set_config('hooks_update.known',
           (SELECT pg_catalog.array_agg(d.objid)::text FROM pg_catalog.pg_depend d
              JOIN pg_catalog.pg_extension x ON x.oid OPERATOR(pg_catalog.=) d.refobjid
             WHERE x.extname OPERATOR(pg_catalog.=) 'hooks' AND d.deptype OPERATOR(pg_catalog.=) 'e'
               AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass), true);

ALTER TABLE hooks.kept ADD COLUMN partial boolean NOT NULL DEFAULT false;
ALTER TABLE hooks.kept ADD COLUMN kept_until timestamptz;
COMMENT ON COLUMN hooks.kept.kept_until IS 'when a worker forgets it; NULL for never';
COMMENT ON COLUMN hooks.kept.partial IS 'true if the DELETE began before the session had loaded the library, and came to the relation by a foreign key: what it removed above is not kept';

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

-- How far each after_commit hook has come in the log.  Only rows are added, as
-- in the log: each delivered batch adds one, and the newest of a hook counts.
CREATE TABLE hooks.position_1 (
    hook_id  bigint      NOT NULL,
    number   bigint      NOT NULL,
    seen     pg_snapshot NOT NULL,
    target   pg_snapshot,
    event_id bigint,
    CONSTRAINT position_1_pkey PRIMARY KEY (hook_id, number)
) WITH (autovacuum_enabled = off);

COMMENT ON TABLE hooks.position_1 IS 'how far hooks have come in the log, the newest row of each counts; three tables that are written in turn with those of the log';
COMMENT ON COLUMN hooks.position_1.hook_id IS 'of the hook';
COMMENT ON COLUMN hooks.position_1.number IS 'counts the positions of a hook';
COMMENT ON COLUMN hooks.position_1.seen IS 'events of transactions that this snapshot sees are done with';
COMMENT ON COLUMN hooks.position_1.target IS 'so are some that this one sees besides; NULL for none';
COMMENT ON COLUMN hooks.position_1.event_id IS 'of these, those with a number up to this one';

CREATE TABLE hooks.position_2 (
    LIKE hooks.position_1 INCLUDING COMMENTS,
    CONSTRAINT position_2_pkey PRIMARY KEY (hook_id, number)
) WITH (autovacuum_enabled = off);
COMMENT ON TABLE hooks.position_2 IS 'the second table, as hooks.position_1';

CREATE TABLE hooks.position_3 (
    LIKE hooks.position_1 INCLUDING COMMENTS,
    CONSTRAINT position_3_pkey PRIMARY KEY (hook_id, number)
) WITH (autovacuum_enabled = off);
COMMENT ON TABLE hooks.position_3 IS 'the third table, as hooks.position_1';

-- Which of the three tables of log and positions is written now: last_value
CREATE SEQUENCE hooks.log_turn MINVALUE 1 MAXVALUE 3 CYCLE;
COMMENT ON SEQUENCE hooks.log_turn IS 'which of the tables of the log is written now';

-- Deliveries that failed: copies, which leave the order of the log.
CREATE TABLE hooks.delivery (
    delivery_id     bigint      NOT NULL CONSTRAINT delivery_pkey PRIMARY KEY,
    hook_id         bigint      NOT NULL,
    relation        regclass,
    action          text        NOT NULL,
    event           jsonb       NOT NULL,
    state           text        NOT NULL CONSTRAINT delivery_state_check CHECK (state OPERATOR(pg_catalog.=) ANY (ARRAY['pending', 'dead'])),
    attempts        integer     NOT NULL,
    next_attempt_at timestamptz,
    last_error      text        NOT NULL,
    enqueued_at     timestamptz NOT NULL
);
CREATE INDEX delivery_next_attempt_idx ON hooks.delivery (next_attempt_at) WHERE state OPERATOR(pg_catalog.=) 'pending';
CREATE INDEX delivery_hook_idx ON hooks.delivery (hook_id);

COMMENT ON TABLE hooks.delivery IS 'deliveries that failed: they wait for the next attempt, or are dead';
COMMENT ON COLUMN hooks.delivery.delivery_id IS 'the number of the delivery, for hooks.redeliver() and hooks.discard()';
COMMENT ON COLUMN hooks.delivery.hook_id IS 'of the hook';
COMMENT ON COLUMN hooks.delivery.relation IS 'the table that the hook is on';
COMMENT ON COLUMN hooks.delivery.action IS 'of the event';
COMMENT ON COLUMN hooks.delivery.event IS 'what the callback gets';
COMMENT ON COLUMN hooks.delivery.state IS 'pending: waits for the next attempt; dead: waits for hooks.redeliver() or hooks.discard()';
COMMENT ON COLUMN hooks.delivery.attempts IS 'how often it has failed since it was committed or redelivered';
COMMENT ON COLUMN hooks.delivery.next_attempt_at IS 'when it is tried again; NULL if it is dead';
COMMENT ON COLUMN hooks.delivery.last_error IS 'why it failed, with the SQLSTATE';
COMMENT ON COLUMN hooks.delivery.enqueued_at IS 'when the event happened';

-- What the hooks are.  A hook has a function of its name here, whose body says
-- so; PostgreSQL keeps it true, and dumps it.  Nobody but hooks.register() and
-- superusers creates functions here, and nobody else can look one up: a view that
-- called one would keep it from being dropped.

CREATE SCHEMA hooks_definition;
COMMENT ON SCHEMA hooks IS 'named callbacks that fire before, in and after statements: functions and tables of the extension hooks';
COMMENT ON SCHEMA hooks_definition IS 'the definitions of hooks, one function each; made by hooks.register(), never called';

CREATE FUNCTION hooks.definition() RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'hooks_definition';
COMMENT ON FUNCTION hooks.definition() IS 'stands in the definition of a hook, and raises an error if somebody calls it';

-- The conversion of hooks looks for it.
CREATE FUNCTION hooks.touch() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_touch';
COMMENT ON FUNCTION hooks.touch() IS 'a callback for before insert and update: sets the columns that its arguments name to the time of the transaction, where the statement does not';

CREATE FUNCTION hooks.rate_limit() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_rate_limit';
COMMENT ON FUNCTION hooks.rate_limit() IS 'a callback for phase before: refuses what comes too often; arguments: how often, in which time, and counted by caller, client_address or metadata:key';

CREATE FUNCTION hooks.rate_limit(event jsonb) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_rate_limit_event';
COMMENT ON FUNCTION hooks.rate_limit(jsonb) IS 'the same for actions whose callbacks take the event';

-- The registry of 1.0 has text, which hooks.convert_hook() resolves once, as the
-- owner of the hook.
ALTER TABLE hooks.registry RENAME TO registry_1_0;
ALTER SEQUENCE hooks.registry_hook_id_seq RENAME TO registry_1_0_hook_id_seq;
ALTER INDEX hooks.registry_pkey RENAME TO registry_1_0_pkey;
ALTER INDEX hooks.registry_hook_id_key RENAME TO registry_1_0_hook_id_key;
ALTER INDEX hooks.registry_relation_idx RENAME TO registry_1_0_relation_idx;
ALTER INDEX hooks.registry_action_idx RENAME TO registry_1_0_action_idx;

CREATE TABLE hooks.registry (
    hook_id      bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT registry_hook_id_key UNIQUE,
    name         text COLLATE pg_catalog."C" NOT NULL CONSTRAINT registry_pkey PRIMARY KEY,
    phase        text        NOT NULL,
    action       text        NOT NULL,
    relation     regclass,
    callback     text        NOT NULL,
    level        text,
    condition    text,
    columns      name[],
    arguments    text[]      NOT NULL,
    on_error     text        NOT NULL,
    timeout      interval,
    max_attempts integer,
    priority     integer     NOT NULL,
    run_after    text[]      NOT NULL,
    run_as       text        NOT NULL,
    fire         text        NOT NULL,
    activation   text        NOT NULL,
    schema       name,
    package      text,
    description  text,
    payload      name[],
    owner        regrole     NOT NULL,
    search_path  text        NOT NULL,
    enabled      boolean     NOT NULL,
    quarantined  boolean     NOT NULL,
    enabled_at   timestamptz NOT NULL
);
CREATE INDEX registry_relation_idx ON hooks.registry (relation);
CREATE INDEX registry_phase_idx ON hooks.registry (phase COLLATE pg_catalog."C", action COLLATE pg_catalog."C");

COMMENT ON TABLE hooks.registry IS 'the registered hooks, one row each: in which state they are, and what their definitions say; written only by the functions of the extension';
COMMENT ON COLUMN hooks.registry.hook_id IS 'order of registration';
COMMENT ON COLUMN hooks.registry.name IS 'the name of the hook, unique in the database';
COMMENT ON COLUMN hooks.registry.phase IS 'when it fires: before, before_cascade, after, after_commit';
COMMENT ON COLUMN hooks.registry.action IS 'the actions, a comma list with groups spelled out';
COMMENT ON COLUMN hooks.registry.relation IS 'the relation that it is on; NULL for a wide hook';
COMMENT ON COLUMN hooks.registry.callback IS 'the callback, qualified, with its argument types';
COMMENT ON COLUMN hooks.registry.level IS 'row or statement; NULL for phases that have no level';
COMMENT ON COLUMN hooks.registry.condition IS 'the condition over OLD and NEW, in a form that means the same under an empty search_path; NULL for none';
COMMENT ON COLUMN hooks.registry.columns IS 'the columns of which an update must assign one; for the action name, those that are the name';
COMMENT ON COLUMN hooks.registry.arguments IS 'TG_ARGV of the callback';
COMMENT ON COLUMN hooks.registry.on_error IS 'the failure policy: abort, isolate, quarantine, retry';
COMMENT ON COLUMN hooks.registry.timeout IS 'how long a firing may take; NULL for any time';
COMMENT ON COLUMN hooks.registry.max_attempts IS 'how often a delivery is tried; NULL: as the parameter hooks.max_attempts says';
COMMENT ON COLUMN hooks.registry.priority IS 'lower runs first in before phases, last in after phases';
COMMENT ON COLUMN hooks.registry.run_after IS 'names of hooks that must run earlier';
COMMENT ON COLUMN hooks.registry.run_as IS 'owner or invoker: the role that the callback runs as';
COMMENT ON COLUMN hooks.registry.fire IS 'origin, replica or always: under which session_replication_role it fires';
COMMENT ON COLUMN hooks.registry.activation IS 'always, or opt_in: only in sessions that name it in the parameter hooks.opt_in';
COMMENT ON COLUMN hooks.registry.schema IS 'of a wide hook, the schema whose tables it is for; NULL for all';
COMMENT ON COLUMN hooks.registry.package IS 'a label that groups hooks';
COMMENT ON COLUMN hooks.registry.description IS 'what the hook is for';
COMMENT ON COLUMN hooks.registry.payload IS 'the columns that events carry; NULL for all';
COMMENT ON COLUMN hooks.registry.owner IS 'the role that owns the hook and, with run_as owner, the one it runs as';
COMMENT ON COLUMN hooks.registry.search_path IS 'the schemas of the registrar''s search_path, under which the callback runs';
COMMENT ON COLUMN hooks.registry.enabled IS 'false after hooks.disable() and while in quarantine';
COMMENT ON COLUMN hooks.registry.quarantined IS 'taken out after too many failures, until hooks.enable()';
COMMENT ON COLUMN hooks.registry.enabled_at IS 'failures since then count toward the quarantine';

COMMENT ON SEQUENCE hooks.registry_hook_id_seq IS 'numbers the hooks in order of registration';
SELECT pg_catalog.pg_extension_config_dump('hooks.registry', '');
SELECT pg_catalog.pg_extension_config_dump('hooks.registry_hook_id_seq', '');

INSERT INTO hooks.registry OVERRIDING SYSTEM VALUE
    SELECT hook_id, name, phase, action, relation, callback, level, condition, columns, arguments,
           on_error, timeout, max_attempts, priority, run_after, run_as, fire, 'always', schema,
           package, description, NULL, owner, search_path, enabled, quarantined, enabled_at
      FROM hooks.registry_1_0;
SELECT pg_catalog.setval('hooks.registry_hook_id_seq', last_value, is_called)
  FROM hooks.registry_1_0_hook_id_seq;

CREATE FUNCTION hooks.convert_hook(name text, function_owners regrole[]) RETURNS boolean
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_convert_hook';
SELECT hooks.convert_hook(name, function_owners) FROM hooks.registry_1_0 ORDER BY hook_id;
DROP FUNCTION hooks.convert_hook(text, regrole[]);

ALTER EXTENSION hooks DROP TABLE hooks.registry_1_0;
ALTER EXTENSION hooks DROP SEQUENCE hooks.registry_1_0_hook_id_seq;
DROP TABLE hooks.registry_1_0;

CREATE FUNCTION hooks.registry_load() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_registry_load';
COMMENT ON FUNCTION hooks.registry_load() IS 'trigger function of hooks.registry: a row that is loaded takes the place of the one that its definition made';

CREATE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON hooks.registry
    FOR EACH STATEMENT EXECUTE FUNCTION hooks.registry_changed();
ALTER TABLE hooks.registry ENABLE ALWAYS TRIGGER registry_changed;
COMMENT ON TRIGGER registry_changed ON hooks.registry IS 'for rows that are not written by the functions of the extension, as by pg_restore';

CREATE TRIGGER registry_load BEFORE INSERT ON hooks.registry
    FOR EACH ROW EXECUTE FUNCTION hooks.registry_load();
ALTER TABLE hooks.registry ENABLE ALWAYS TRIGGER registry_load;
COMMENT ON TRIGGER registry_load ON hooks.registry IS 'for rows that pg_restore loads, after the definitions';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.registry
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.registry ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.registry IS 'hooks are registered on each server by itself';

COMMENT ON FUNCTION hooks.ddl_command_start() IS 'event trigger function: fires hooks on drop, makes way for triggers of partitions';
COMMENT ON FUNCTION hooks.sql_drop() IS 'event trigger function: removes the hooks whose definition was dropped';
COMMENT ON FUNCTION hooks.ddl_command_end() IS 'event trigger function: makes hooks.registry show new names and definitions, makes the triggers of new tables';
COMMENT ON EVENT TRIGGER hooks_ddl_command_start IS 'hooks on drop';
COMMENT ON EVENT TRIGGER hooks_sql_drop IS 'hooks whose definition was dropped';
COMMENT ON EVENT TRIGGER hooks_ddl_command_end IS 'new names and definitions, and tables that come into the scope of a hook';

CREATE FUNCTION hooks.script(package text DEFAULT NULL) RETURNS SETOF text
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'hooks_script';
COMMENT ON FUNCTION hooks.script(text) IS 'the commands that register the same hooks again, in order; package: only those of a package';

-- Owners of hooks see what was counted of theirs; hooks.stats() looks at the
-- rights of its caller by itself.

CREATE FUNCTION hooks.stats(
    OUT hook       text,
    OUT calls      bigint,
    OUT failures   bigint,
    OUT vetoes     bigint,
    OUT rows       bigint,
    OUT total_time double precision,
    OUT max_time   double precision,
    OUT bypassed   bigint,
    OUT since      timestamptz)
RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'hooks_stats';
COMMENT ON FUNCTION hooks.stats() IS 'what was counted of hooks: the caller''s own; of all, for superusers and members of pg_read_all_stats';

CREATE FUNCTION hooks.reset_stats(name text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_reset_stats';
COMMENT ON FUNCTION hooks.reset_stats(text) IS 'begins to count anew, for one hook or for all of the caller''s own';

-- what had no comment
COMMENT ON COLUMN hooks.failure.failure_id IS 'order of the failures';
COMMENT ON COLUMN hooks.failure.hook IS 'the name of the hook';
COMMENT ON COLUMN hooks.failure.phase IS 'of the firing';
COMMENT ON COLUMN hooks.failure.action IS 'of the firing';
COMMENT ON COLUMN hooks.failure.relation IS 'of the firing: the table, or partition';
COMMENT ON COLUMN hooks.failure.sqlstate IS 'of the error';
COMMENT ON COLUMN hooks.failure.message IS 'of the error';
COMMENT ON COLUMN hooks.failure.detail IS 'of the error; NULL for none';
COMMENT ON COLUMN hooks.failure.hint IS 'of the error; NULL for none';
COMMENT ON COLUMN hooks.failure.transaction_id IS 'the transaction of the statement, as of pg_current_xact_id()';
COMMENT ON COLUMN hooks.failure.occurred_at IS 'when the hook failed';
COMMENT ON COLUMN hooks.kept.kept_id IS 'the number of the cascade, for hooks.restore()';
COMMENT ON COLUMN hooks.kept.transaction_id IS 'the transaction of the DELETE, as of pg_current_xact_id()';
COMMENT ON COLUMN hooks.kept.kept_at IS 'when the rows were kept';
COMMENT ON COLUMN hooks.bin.bin_id IS 'drawn by CREATE EXTENSION';
COMMENT ON COLUMN hooks.kept_row.kept_id IS 'the cascade in hooks.kept';
COMMENT ON COLUMN hooks.kept_row.number IS 'the place of this row among those of the cascade';
COMMENT ON COLUMN hooks.context.hook IS 'the name of the hook';
COMMENT ON COLUMN hooks.context.phase IS 'of the firing';
COMMENT ON COLUMN hooks.context.action IS 'of the firing';
COMMENT ON COLUMN hooks.context.level IS 'row or statement';
COMMENT ON COLUMN hooks.context.relation IS 'the table of the firing; at level row the one, or partition, that holds the row';
COMMENT ON COLUMN hooks.context.root_relation IS 'the table that the statement of the client, or of a function, names';
COMMENT ON COLUMN hooks.context.root_action IS 'what that statement does';
COMMENT ON COLUMN hooks.context.cascade_depth IS '0 for rows of the statement itself, then one more for each foreign key; NULL if that is not known';
COMMENT ON COLUMN hooks.context.constraint_name IS 'the foreign key that the rows come by; NULL at depth 0, or if that is not known';
COMMENT ON COLUMN hooks.context.caller IS 'the role that issued the statement; NULL if that is not known';
COMMENT ON COLUMN hooks.context."session_user" IS 'the role that logged in';
COMMENT ON COLUMN hooks.context.columns IS 'of an update, the assigned columns; NULL if that is not known';
COMMENT ON COLUMN hooks.context.statement IS 'the text of the statement';
COMMENT ON COLUMN hooks.context.transaction_id IS 'of the transaction, as of pg_current_xact_id()';
COMMENT ON COLUMN hooks.context.fired_at IS 'when the firing began';
COMMENT ON COLUMN hooks.context.metadata IS 'the parameter hooks.metadata; NULL if it is not set';

-- The system side

CREATE FUNCTION hooks.native() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_native';
COMMENT ON FUNCTION hooks.native() IS 'a callback: calls the function in C that another library has under the name that is its argument';

DROP FUNCTION hooks.chain(regclass);
CREATE FUNCTION hooks.chain(
    relation  regclass,
    OUT phase     text,
    OUT action    text,
    OUT level     text,
    OUT "position" integer,
    OUT hook      text,
    OUT callback  text,
    OUT run_as    name,
    OUT on_error  text,
    OUT condition text,
    OUT columns   name[],
    OUT fire      text,
    OUT activation text)
RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'hooks_chain';
COMMENT ON FUNCTION hooks.chain(regclass) IS 'the hooks that fire on a table, in the order in which they fire; run_as is NULL for the invoker';

-- Checks that are registered: a function each, as for the definitions.  Whoever
-- calls hooks.check() calls them as their owners, who look them up there.
CREATE SCHEMA hooks_check;
COMMENT ON SCHEMA hooks_check IS 'the functions that hooks.check() calls, one for each check; made by hooks.register_check()';

CREATE FUNCTION hooks.register_check(
    name     text,
    callback text,
    package  text    DEFAULT NULL,
    replace  boolean DEFAULT false)
RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_register_check';
COMMENT ON FUNCTION hooks.register_check(text, text, text, boolean) IS 'adds a check to hooks.check(): a function that returns rows of severity, object, message and hint; false if it was there';

CREATE FUNCTION hooks.check(
    package text DEFAULT NULL,
    OUT severity   text,
    OUT code       text,
    OUT check_name text,
    OUT object     text,
    OUT message    text,
    OUT hint       text)
RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'hooks_check';
COMMENT ON FUNCTION hooks.check(text) IS 'what is wrong with hooks, and what the registered checks find; package: only those of a package';

CREATE FUNCTION hooks.register_filter(
    name             text,
    relation         regclass,
    using_expression text,
    enable           boolean DEFAULT false,
    replace          boolean DEFAULT false)
RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_register_filter';
COMMENT ON FUNCTION hooks.register_filter(text, regclass, text, boolean, boolean) IS 'shows, and lets change, only those rows of a table for which an expression is true: a restrictive policy of row-level security; false if it was there';

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

CREATE TRIGGER kept_load BEFORE INSERT ON hooks.kept_dump
    FOR EACH ROW EXECUTE FUNCTION hooks.kept_load();
ALTER TABLE hooks.kept_dump ENABLE ALWAYS TRIGGER kept_load;
COMMENT ON TRIGGER kept_load ON hooks.kept_dump IS 'the rows that pg_restore loads are kept where not everybody can read them';

CREATE FUNCTION hooks.note(relation oid, "row" tid) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_note';
COMMENT ON FUNCTION hooks.note(oid, tid) IS 'in the WHEN of a before_commit trigger: counts an inserted or deleted row for hooks that fire at commit; false';

CREATE FUNCTION hooks.note(relation oid, old_row tid, new_row tid) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_note';
COMMENT ON FUNCTION hooks.note(oid, tid, tid) IS 'in the WHEN of a before_commit trigger: counts an updated row for hooks that fire at commit; true if its query needs an event';

DROP FUNCTION hooks.restore(bigint);
CREATE FUNCTION hooks.restore(kept_id bigint, triggers text DEFAULT 'fire', missing text DEFAULT 'error') RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_restore';
COMMENT ON FUNCTION hooks.restore(bigint, text, text) IS 'puts all rows of a kept cascade back, or none, and returns their number';

CREATE FUNCTION hooks.restore_transaction(transaction_id xid8, triggers text DEFAULT 'fire', missing text DEFAULT 'error') RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_restore_transaction';
COMMENT ON FUNCTION hooks.restore_transaction(xid8, text, text) IS 'puts all rows of all cascades that a transaction has kept back, or none, and returns their number';

CREATE FUNCTION hooks.doomed("table" text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_doomed';
COMMENT ON FUNCTION hooks.doomed(text) IS 'for who writes doomed(''some_table''): an error that says how to call it';

CREATE FUNCTION hooks.kept_rows(kept_id bigint, "table" text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_kept_rows';
COMMENT ON FUNCTION hooks.kept_rows(bigint, text) IS 'for who writes kept_rows(1, ''some_table''): an error that says how to call it';

DROP FUNCTION hooks.register(text, text, text, regclass, text, text, text, name[], text[], text, interval, integer, integer, text[], text, text, name, text, text, boolean);
CREATE FUNCTION hooks.register(
    name         text,
    phase        text,
    action       text,
    relation     regclass,
    callback     text,
    level        text     DEFAULT NULL,
    condition    text     DEFAULT NULL,
    columns      name[]   DEFAULT NULL,
    arguments    text[]   DEFAULT '{}',
    on_error     text     DEFAULT NULL,
    timeout      interval DEFAULT NULL,
    max_attempts integer  DEFAULT NULL,
    priority     integer  DEFAULT 0,
    run_after    text[]   DEFAULT '{}',
    run_as       text     DEFAULT 'owner',
    fire         text     DEFAULT 'origin',
    schema       name     DEFAULT NULL,
    package      text     DEFAULT NULL,
    description  text     DEFAULT NULL,
    replace      boolean  DEFAULT false,
    activation   text     DEFAULT 'always',
    payload      name[]   DEFAULT NULL)
RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_register';
COMMENT ON FUNCTION hooks.register(text, text, text, regclass, text, text, text, name[], text[], text, interval, integer, integer, text[], text, text, name, text, text, boolean, text, name[])
    IS 'registers a hook; true: the registry changed, false: this very hook was there already';

-- The log: what happened in statements, for after_commit hooks.  Its tables are
-- written in turn; they only grow, and are emptied as a whole once every hook has
-- got what is in them.  Nothing is gained by vacuuming them meanwhile, nor by
-- compressing rows, which takes longer than all else.

CREATE SEQUENCE hooks.event_id;

CREATE TABLE hooks.log_1 (
    event_id       bigint   NOT NULL,
    transaction_id xid8     NOT NULL,
    hook_ids       bigint[] NOT NULL,
    relation       oid      NOT NULL,
    relation_name  text     NOT NULL,
    action         text     NOT NULL,
    caller         text,
    "session_user" text,
    statement      text,
    metadata       jsonb,
    fired_at       timestamptz NOT NULL,
    generation     integer  NOT NULL,
    root_relation  text,
    root_action    text,
    cascade_depth  integer,
    constraint_name text,
    old_rows       jsonb,
    new_rows       jsonb,
    selections     jsonb
) WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off);
ALTER TABLE hooks.log_1 ALTER COLUMN old_rows SET STORAGE EXTERNAL,
    ALTER COLUMN new_rows SET STORAGE EXTERNAL;
CREATE INDEX log_1_transaction_id_idx ON hooks.log_1 (transaction_id);

COMMENT ON COLUMN hooks.log_1.event_id IS 'order of writing; what was caused by another event has a greater number';
COMMENT ON COLUMN hooks.log_1.transaction_id IS 'the transaction of the statement, as of pg_current_xact_id()';
COMMENT ON COLUMN hooks.log_1.hook_ids IS 'the hooks that are to get something of it';
COMMENT ON COLUMN hooks.log_1.relation IS 'the OID of the table that the hooks are on, which may be gone meanwhile';
COMMENT ON COLUMN hooks.log_1.relation_name IS 'its name when the statement ran, qualified';
COMMENT ON COLUMN hooks.log_1.action IS 'of the event';
COMMENT ON COLUMN hooks.log_1.caller IS 'the role that issued the statement; NULL if that is not known';
COMMENT ON COLUMN hooks.log_1."session_user" IS 'the role that logged in';
COMMENT ON COLUMN hooks.log_1.statement IS 'the beginning of the text of the statement that it goes back to';
COMMENT ON COLUMN hooks.log_1.metadata IS 'the parameter hooks.metadata; NULL if it is not set';
COMMENT ON COLUMN hooks.log_1.fired_at IS 'when it was written';
COMMENT ON COLUMN hooks.log_1.generation IS '1 for what clients do; one more than that of the event in whose callback it happened';
COMMENT ON COLUMN hooks.log_1.root_relation IS 'the table that the statement names; NULL if that is not known';
COMMENT ON COLUMN hooks.log_1.root_action IS 'what the statement does; NULL if that is not known';
COMMENT ON COLUMN hooks.log_1.cascade_depth IS '0 for rows of the statement itself, then one more for each foreign key; NULL if that is not known';
COMMENT ON COLUMN hooks.log_1.constraint_name IS 'the foreign key that the rows come by; NULL at depth 0, or if that is not known';
COMMENT ON COLUMN hooks.log_1.old_rows IS 'the rows that were deleted, or as they were before the update; NULL for none';
COMMENT ON COLUMN hooks.log_1.new_rows IS 'the rows that were inserted, or as they are after the update; NULL for none';
COMMENT ON COLUMN hooks.log_1.selections IS 'of hooks that get some of the rows or columns, which these are; NULL if all get everything';

CREATE TABLE hooks.log_2 (LIKE hooks.log_1 INCLUDING ALL)
    WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off);
CREATE TABLE hooks.log_3 (LIKE hooks.log_1 INCLUDING ALL)
    WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off);

COMMENT ON TABLE hooks.log_1 IS 'one of the three tables of the log of what happened in statements, for after_commit hooks; a row for each statement, or for each hooks.delivery_rows rows of it';
COMMENT ON TABLE hooks.log_2 IS 'one of the three tables of the log, as hooks.log_1';
COMMENT ON TABLE hooks.log_3 IS 'one of the three tables of the log, as hooks.log_1';
COMMENT ON SEQUENCE hooks.event_id IS 'numbers the rows of the log';

CREATE FUNCTION hooks.log_row(relation oid, "row" tid) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_log_row';
COMMENT ON FUNCTION hooks.log_row(oid, tid) IS 'in the WHEN of an after_commit trigger: adds an inserted or deleted row to its batch; true for the first row of a batch';

CREATE FUNCTION hooks.log_row(relation oid, old_row tid, new_row tid) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_log_row';
COMMENT ON FUNCTION hooks.log_row(oid, tid, tid) IS 'in the WHEN of an after_commit trigger: adds an updated row to its batch; true for the first row of a batch';

-- Deliveries of after_commit hooks.

CREATE FUNCTION hooks.redeliver(delivery_id bigint) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_redeliver';
COMMENT ON FUNCTION hooks.redeliver(bigint) IS 'has a dead delivery tried again, as if it were new';

CREATE FUNCTION hooks.discard(delivery_id bigint) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_discard';
COMMENT ON FUNCTION hooks.discard(bigint) IS 'forgets a delivery that failed';

CREATE FUNCTION hooks.flush(timeout interval DEFAULT '30 s') RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_flush';
COMMENT ON FUNCTION hooks.flush(interval) IS 'waits until what was committed before is delivered, or dead, or waits for a retry; false if the time is over';

-- What waits, whether in the log or after a failure.
CREATE FUNCTION hooks.waiting(
    events boolean DEFAULT true,
    OUT delivery_id bigint,
    OUT hook        text,
    OUT relation    regclass,
    OUT action      text,
    OUT payload     jsonb,
    OUT enqueued_at timestamptz)
RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_waiting';
COMMENT ON FUNCTION hooks.waiting(boolean) IS 'for hooks.outbox: what waits in the log for the hooks of the current role, with the events or without';

-- PostgreSQL heeds no security_barrier of a query that is a UNION ALL itself.
CREATE VIEW hooks.outbox WITH (security_barrier) AS
    SELECT * FROM (
        SELECT delivery_id, hook, relation, action, payload, 'pending'::text AS state, 0 AS attempts,
               NULL::timestamptz AS next_attempt_at, NULL::text AS last_error, enqueued_at
          FROM hooks.waiting()
        UNION ALL
        SELECT d.delivery_id, r.name, d.relation, d.action, d.event, d.state, d.attempts, d.next_attempt_at, d.last_error, d.enqueued_at
          FROM hooks.delivery d JOIN hooks.registry r ON r.hook_id OPERATOR(pg_catalog.=) d.hook_id
         WHERE pg_catalog.pg_has_role(r.owner, 'USAGE')) o;

COMMENT ON VIEW hooks.outbox IS 'deliveries of after_commit hooks that are not done with, of the hooks of the current role; superusers see all';
COMMENT ON COLUMN hooks.outbox.delivery_id IS 'the number of the delivery, for hooks.redeliver() and hooks.discard()';
COMMENT ON COLUMN hooks.outbox.hook IS 'the name of the hook';
COMMENT ON COLUMN hooks.outbox.relation IS 'the table that the hook is on';
COMMENT ON COLUMN hooks.outbox.action IS 'of the event';
COMMENT ON COLUMN hooks.outbox.payload IS 'the event, as the callback gets it';
COMMENT ON COLUMN hooks.outbox.state IS 'pending: it is to be delivered; dead: it has failed too often, and waits for hooks.redeliver() or hooks.discard()';
COMMENT ON COLUMN hooks.outbox.attempts IS 'how often it has failed since it was committed or redelivered';
COMMENT ON COLUMN hooks.outbox.next_attempt_at IS 'of one that has failed: when it is tried again; NULL if it is dead, or new';
COMMENT ON COLUMN hooks.outbox.last_error IS 'of one that has failed: why, with the SQLSTATE';
COMMENT ON COLUMN hooks.outbox.enqueued_at IS 'when the event happened';

-- What is counted, and what waits: of hooks that are not the reader's, the latter
-- is not told.
CREATE VIEW hooks.stats AS
    SELECT s.hook, s.calls, s.failures, s.vetoes, s.rows, s.total_time, s.max_time, s.bypassed,
           CASE WHEN r.phase OPERATOR(pg_catalog.=) 'after_commit' AND pg_catalog.pg_has_role(r.owner, 'USAGE')
                THEN coalesce(w.pending, 0) END AS pending,
           w.lag, w.last_error, s.since
      FROM hooks.stats() s
      LEFT JOIN hooks.registry r ON r.name OPERATOR(pg_catalog.=) s.hook
      LEFT JOIN (SELECT o.hook,
                        pg_catalog.count(*) FILTER (WHERE o.state OPERATOR(pg_catalog.=) 'pending') AS pending,
                        pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)
                            pg_catalog.min(o.enqueued_at) FILTER (WHERE o.state OPERATOR(pg_catalog.=) 'pending')) AS lag,
                        (pg_catalog.array_agg(o.last_error ORDER BY o.delivery_id DESC)
                            FILTER (WHERE o.last_error IS NOT NULL))[1] AS last_error
                   FROM (SELECT delivery_id, hook, 'pending'::text AS state, NULL::text AS last_error, enqueued_at
                           FROM hooks.waiting(events => false)
                         UNION ALL
                         SELECT d.delivery_id, h.name, d.state, d.last_error, d.enqueued_at
                           FROM hooks.delivery d JOIN hooks.registry h ON h.hook_id OPERATOR(pg_catalog.=) d.hook_id
                          WHERE pg_catalog.pg_has_role(h.owner, 'USAGE')) o
                  GROUP BY o.hook) w ON w.hook OPERATOR(pg_catalog.=) s.hook;
COMMENT ON VIEW hooks.stats IS 'what was counted of hooks: by all sessions where the library is preloaded, else by this one';
COMMENT ON COLUMN hooks.stats.hook IS 'the name of the hook';
COMMENT ON COLUMN hooks.stats.calls IS 'how often its callback was called';
COMMENT ON COLUMN hooks.stats.failures IS 'calls that ended with an error';
COMMENT ON COLUMN hooks.stats.vetoes IS 'calls that hooks.cancel() ended, with the statement; they are no failures';
COMMENT ON COLUMN hooks.stats.rows IS 'rows that the callback was given';
COMMENT ON COLUMN hooks.stats.total_time IS 'how long the calls took, in ms; at level row only while hooks.track_timing is on; NULL if none was measured';
COMMENT ON COLUMN hooks.stats.max_time IS 'how long the longest took, in ms';
COMMENT ON COLUMN hooks.stats.bypassed IS 'firings that were left out: paused, by the replication role; and statements that left out the hook as a whole: by the kill switch, or a disabled trigger';
COMMENT ON COLUMN hooks.stats.pending IS 'of phase after_commit: deliveries that wait';
COMMENT ON COLUMN hooks.stats.lag IS 'how long ago the oldest of them happened, in seconds; NULL if none waits';
COMMENT ON COLUMN hooks.stats.last_error IS 'of the deliveries that have failed, and wait or are dead: why the newest did';
COMMENT ON COLUMN hooks.stats.since IS 'when counting began; NULL if nothing was counted';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.position_1
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.position_1 ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.position_1 IS 'each server has its own log';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.position_2
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.position_2 ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.position_2 IS 'each server has its own log';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.position_3
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.position_3 ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.position_3 IS 'each server has its own log';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.delivery
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.delivery ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.delivery IS 'each server has deliveries of its own';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.log_1
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.log_1 ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.log_1 IS 'each server has its own log';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.log_2
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.log_2 ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.log_2 IS 'each server has its own log';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.log_3
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.log_3 ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.log_3 IS 'each server has its own log';

-- Ready callbacks for phase after, and the audit log.
CREATE TABLE hooks.audited (
    audit_id       bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audited_pkey PRIMARY KEY,
    hook           text COLLATE pg_catalog."C" NOT NULL,
    owner          regrole     NOT NULL,
    relation       text        NOT NULL,
    action         text        NOT NULL,
    root_relation  text,
    root_action    text,
    cascade_depth  integer,
    constraint_name name,
    caller         name,
    "session_user" name        NOT NULL,
    transaction_id xid8        NOT NULL,
    occurred_at    timestamptz NOT NULL,
    statement      text,
    metadata       jsonb
);

COMMENT ON TABLE hooks.audited IS 'what hooks.audit() has written down: one row for each firing; see the view hooks.audit_log';
COMMENT ON COLUMN hooks.audited.audit_id IS 'order of the firings';
COMMENT ON COLUMN hooks.audited.hook IS 'the name of the hook';
COMMENT ON COLUMN hooks.audited.owner IS 'the role that owned the hook, and may read this';
COMMENT ON COLUMN hooks.audited.relation IS 'the name of the table, or partition, at that time';
COMMENT ON COLUMN hooks.audited.action IS 'of the firing';
COMMENT ON COLUMN hooks.audited.root_relation IS 'the name of the table that the statement names; NULL if that is not known';
COMMENT ON COLUMN hooks.audited.root_action IS 'what that statement does';
COMMENT ON COLUMN hooks.audited.cascade_depth IS '0 for rows of the statement itself, then one more for each foreign key; NULL if that is not known';
COMMENT ON COLUMN hooks.audited.constraint_name IS 'the foreign key that the rows come by; NULL at depth 0, or if that is not known';
COMMENT ON COLUMN hooks.audited.caller IS 'the role that issued the statement; NULL if that is not known';
COMMENT ON COLUMN hooks.audited."session_user" IS 'the role that logged in';
COMMENT ON COLUMN hooks.audited.transaction_id IS 'the transaction of the statement, as of pg_current_xact_id()';
COMMENT ON COLUMN hooks.audited.occurred_at IS 'when the hook fired';
COMMENT ON COLUMN hooks.audited.statement IS 'the text of the statement';
COMMENT ON COLUMN hooks.audited.metadata IS 'the parameter hooks.metadata; NULL if it was not set';

CREATE TABLE hooks.audited_row (
    audit_id bigint NOT NULL,
    number   bigint NOT NULL,
    changed  text[],
    old_row  jsonb,
    new_row  jsonb,
    CONSTRAINT audited_row_pkey PRIMARY KEY (audit_id, number)
);

COMMENT ON TABLE hooks.audited_row IS 'what hooks.audit() has written down: one row for each changed row; see the view hooks.audit_log';
COMMENT ON COLUMN hooks.audited_row.audit_id IS 'the firing in hooks.audited';
COMMENT ON COLUMN hooks.audited_row.number IS 'the place of this row among those of the firing';
COMMENT ON COLUMN hooks.audited_row.changed IS 'of an update, the columns with other values than before; those that are left out of the rows too';
COMMENT ON COLUMN hooks.audited_row.old_row IS 'the row before; NULL for an insert';
COMMENT ON COLUMN hooks.audited_row.new_row IS 'the row after; NULL for a delete';

-- Who owned a hook may read what it wrote, and superusers all of it.
CREATE VIEW hooks.audit_log WITH (security_barrier) AS
    SELECT a.audit_id, r.number, a.hook, a.owner, a.relation, a.action, a.root_relation, a.root_action, a.cascade_depth,
           a.constraint_name, a.caller, a."session_user", a.transaction_id, a.occurred_at, a.statement, a.metadata,
           r.changed, r.old_row, r.new_row
      FROM hooks.audited a LEFT JOIN hooks.audited_row r ON r.audit_id OPERATOR(pg_catalog.=) a.audit_id
     WHERE pg_catalog.pg_has_role(a.owner, 'USAGE');

COMMENT ON VIEW hooks.audit_log IS 'what hooks.audit() has written down, one row for each changed row: that of hooks which the role owns, of all for superusers';
COMMENT ON COLUMN hooks.audit_log.audit_id IS 'order of the firings';
COMMENT ON COLUMN hooks.audit_log.number IS 'the place of this row among those of the firing; NULL for a truncate, which tells no rows';
COMMENT ON COLUMN hooks.audit_log.hook IS 'the name of the hook';
COMMENT ON COLUMN hooks.audit_log.owner IS 'the role that owned the hook';
COMMENT ON COLUMN hooks.audit_log.relation IS 'the name of the table, or partition, at that time';
COMMENT ON COLUMN hooks.audit_log.action IS 'of the firing';
COMMENT ON COLUMN hooks.audit_log.root_relation IS 'the name of the table that the statement names; NULL if that is not known';
COMMENT ON COLUMN hooks.audit_log.root_action IS 'what that statement does';
COMMENT ON COLUMN hooks.audit_log.cascade_depth IS '0 for rows of the statement itself, then one more for each foreign key; NULL if that is not known';
COMMENT ON COLUMN hooks.audit_log.constraint_name IS 'the foreign key that the rows come by; NULL at depth 0, or if that is not known';
COMMENT ON COLUMN hooks.audit_log.caller IS 'the role that issued the statement; NULL if that is not known';
COMMENT ON COLUMN hooks.audit_log."session_user" IS 'the role that logged in';
COMMENT ON COLUMN hooks.audit_log.transaction_id IS 'the transaction of the statement, as of pg_current_xact_id()';
COMMENT ON COLUMN hooks.audit_log.occurred_at IS 'when the hook fired';
COMMENT ON COLUMN hooks.audit_log.statement IS 'the text of the statement';
COMMENT ON COLUMN hooks.audit_log.metadata IS 'the parameter hooks.metadata; NULL if it was not set';
COMMENT ON COLUMN hooks.audit_log.changed IS 'of an update, the columns with other values than before; those that are left out of the rows too';
COMMENT ON COLUMN hooks.audit_log.old_row IS 'the row before; NULL for an insert';
COMMENT ON COLUMN hooks.audit_log.new_row IS 'the row after; NULL for a delete';

-- What pg_dump takes for both tables, as for hooks.kept_row.
CREATE TABLE hooks.audited_dump (
    LIKE hooks.audited INCLUDING COMMENTS,
    CONSTRAINT audited_dump_passes_to_audited CHECK (false)
);
COMMENT ON TABLE hooks.audited_dump IS 'what pg_dump takes for hooks.audited: always empty; what is inserted goes to hooks.audited';

CREATE TABLE hooks.audited_row_dump (
    LIKE hooks.audited_row INCLUDING COMMENTS,
    CONSTRAINT audited_row_dump_passes_to_audited_row CHECK (false)
);
COMMENT ON TABLE hooks.audited_row_dump IS 'what pg_dump takes for hooks.audited_row: always empty; what is inserted goes to hooks.audited_row';
COMMENT ON SEQUENCE hooks.audited_audit_id_seq IS 'numbers the firings of hooks.audit()';

SELECT pg_catalog.pg_extension_config_dump('hooks.audited_audit_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hooks.audited_dump', 'WHERE false UNION ALL SELECT * FROM hooks.audited_readable()');
SELECT pg_catalog.pg_extension_config_dump('hooks.audited_row_dump', 'WHERE false UNION ALL SELECT * FROM hooks.audited_row_readable()');

-- Ready callbacks for phase after.  A hook runs them as its owner; rows become
-- jsonb as the owner of the table.

CREATE FUNCTION hooks.stream() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_stream';
COMMENT ON FUNCTION hooks.stream() IS 'a callback for phase after: the event as messages of logical decoding; arguments: their prefix, and columns to leave out';

CREATE FUNCTION hooks.notify() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_notify';
COMMENT ON FUNCTION hooks.notify() IS 'a callback for phase after: the event for LISTEN; arguments: the channel, and columns to leave out';

CREATE FUNCTION hooks.audit() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_audit';
COMMENT ON FUNCTION hooks.audit() IS 'a callback for phase after: writes the changed rows down, for hooks.audit_log; arguments: columns to leave out';

CREATE FUNCTION hooks.purge_audit(older_than interval) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_purge_audit';
COMMENT ON FUNCTION hooks.purge_audit(interval) IS 'forgets what hooks.audit() wrote down longer ago, and returns the number of rows';

CREATE FUNCTION hooks.audited_readable() RETURNS SETOF hooks.audited_dump
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_audited_readable';
COMMENT ON FUNCTION hooks.audited_readable() IS 'for pg_dump: the rows of hooks.audited that the current role may read';

CREATE FUNCTION hooks.audited_row_readable() RETURNS SETOF hooks.audited_row_dump
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'hooks_audited_row_readable';
COMMENT ON FUNCTION hooks.audited_row_readable() IS 'for pg_dump: the rows of hooks.audited_row that the current role may read';

CREATE FUNCTION hooks.audited_load() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'hooks_audited_load';
COMMENT ON FUNCTION hooks.audited_load() IS 'trigger function of hooks.audited_dump and hooks.audited_row_dump: puts the row into the table that they stand for';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.audited
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.audited ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.audited IS 'each server has its own audit log';

CREATE TRIGGER not_replicated BEFORE INSERT OR UPDATE OR DELETE ON hooks.audited_row
    FOR EACH ROW EXECUTE FUNCTION hooks.not_replicated();
ALTER TABLE hooks.audited_row ENABLE REPLICA TRIGGER not_replicated;
COMMENT ON TRIGGER not_replicated ON hooks.audited_row IS 'each server has its own audit log';

CREATE TRIGGER audited_load BEFORE INSERT ON hooks.audited_dump
    FOR EACH ROW EXECUTE FUNCTION hooks.audited_load();
ALTER TABLE hooks.audited_dump ENABLE ALWAYS TRIGGER audited_load;
COMMENT ON TRIGGER audited_load ON hooks.audited_dump IS 'the rows that pg_restore loads go where not everybody can read them';

CREATE TRIGGER audited_load BEFORE INSERT ON hooks.audited_row_dump
    FOR EACH ROW EXECUTE FUNCTION hooks.audited_load();
ALTER TABLE hooks.audited_row_dump ENABLE ALWAYS TRIGGER audited_load;
COMMENT ON TRIGGER audited_load ON hooks.audited_row_dump IS 'the rows that pg_restore loads go where not everybody can read them';

CREATE FUNCTION hooks.rehearse(
    statement text,
    OUT "position"      bigint,
    OUT depth           integer,
    OUT kind            text,
    OUT relation        regclass,
    OUT constraint_name name,
    OUT hook            text,
    OUT outcome         text,
    OUT rows            bigint,
    OUT duration        interval,
    OUT message         text)
RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'hooks_rehearse';
COMMENT ON FUNCTION hooks.rehearse(text) IS 'runs one statement with everything that it fires, tells what happened, and takes it back';

-- Who may what of what is new.  ALTER DEFAULT PRIVILEGES of who updates the
-- extension does not count.
DO $$
DECLARE
    command text;
BEGIN
    FOR command IN
        WITH object (id, name, acl, owner, for_public) AS (
            SELECT oid, 'TABLE ' OPERATOR(pg_catalog.||) oid::pg_catalog.regclass::text, relacl, relowner, NULL
              FROM pg_catalog.pg_class
             WHERE relnamespace OPERATOR(pg_catalog.=) 'hooks'::pg_catalog.regnamespace
               AND relkind OPERATOR(pg_catalog.=) ANY ('{r,v,S}'::"char"[])
            UNION ALL
            SELECT oid, 'SCHEMA ' OPERATOR(pg_catalog.||) nspname::text, nspacl, nspowner, NULL
              FROM pg_catalog.pg_namespace
             WHERE nspname OPERATOR(pg_catalog.=) ANY ('{hooks_definition,hooks_check}'::name[])
            UNION ALL
            SELECT oid, 'FUNCTION ' OPERATOR(pg_catalog.||) oid::pg_catalog.regprocedure::text, proacl, proowner, 'EXECUTE'
              FROM pg_catalog.pg_proc
             WHERE pronamespace OPERATOR(pg_catalog.=) 'hooks'::pg_catalog.regnamespace)
        SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s FROM %s', o.name,
                                          CASE WHEN a.grantee OPERATOR(pg_catalog.=) '0'::pg_catalog.oid THEN 'PUBLIC'
                                               ELSE a.grantee::pg_catalog.regrole::text END)
          FROM object o, LATERAL pg_catalog.aclexplode(o.acl) a
         WHERE a.grantee OPERATOR(pg_catalog.<>) o.owner
           AND (a.grantee OPERATOR(pg_catalog.<>) '0'::pg_catalog.oid OR o.for_public IS NULL)
           AND NOT o.id OPERATOR(pg_catalog.=) ANY (pg_catalog.current_setting('hooks_update.known')::pg_catalog.oid[])
        UNION ALL
        SELECT pg_catalog.format('GRANT %s ON %s TO PUBLIC', o.for_public, o.name)
          FROM object o
         WHERE o.for_public IS NOT NULL AND o.acl IS NOT NULL
           AND NOT o.id OPERATOR(pg_catalog.=) ANY (pg_catalog.current_setting('hooks_update.known')::pg_catalog.oid[])
           AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(o.acl) a
                            WHERE a.grantee OPERATOR(pg_catalog.=) '0'::pg_catalog.oid)
    LOOP
        EXECUTE command;
    END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION hooks.registry_load(), hooks.kept_load(), hooks.audited_load() FROM PUBLIC;

GRANT USAGE ON SCHEMA hooks_check TO PUBLIC;
GRANT SELECT ON hooks.registry, hooks.kept_dump, hooks.audited_dump, hooks.audited_row_dump TO PUBLIC;
GRANT SELECT ON hooks.audit_log, hooks.outbox, hooks.stats TO PUBLIC;
GRANT SELECT ON SEQUENCE hooks.registry_hook_id_seq, hooks.kept_kept_id_seq, hooks.audited_audit_id_seq TO PUBLIC;
