/*
 * audited.c
 *		The tables hooks.audited, with a row for each firing of hooks.audit(),
 *		and hooks.audited_row, with one for each changed row.
 *
 * Two tables, as the text of a statement and the metadata may be large, and
 * the rows many; the view hooks.audit_log puts them together.  They are
 * written without privilege checks and triggers; only superusers may read or
 * write them otherwise.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/append.h"
#include "base/argument.h"
#include "base/own.h"
#include "base/rights.h"
#include "base/settings.h"
#include "firing/payload.h"
#include "ready/audited.h"
#include "ready/ready.h"
#include "registry/hook.h"

static const HookOwnColumn audited_columns[Natts_audited] = {
	{INT8OID, false},			/* audit_id */
	{TEXTOID, false},			/* hook */
	{REGROLEOID, false},		/* owner */
	{TEXTOID, false},			/* relation */
	{TEXTOID, false},			/* action */
	{TEXTOID, true},			/* root_relation */
	{TEXTOID, true},			/* root_action */
	{INT4OID, true},			/* cascade_depth */
	{NAMEOID, true},			/* constraint_name */
	{NAMEOID, true},			/* caller */
	{NAMEOID, false},			/* session_user */
	{XID8OID, false},			/* transaction_id */
	{TIMESTAMPTZOID, false},	/* occurred_at */
	{TEXTOID, true},			/* statement */
	{JSONBOID, true},			/* metadata */
};

const HookOwnTable hooks_audited_table = {
	"audited", Natts_audited, audited_columns
};

static const HookOwnColumn audited_row_columns[Natts_audited_row] = {
	{INT8OID, false},			/* audit_id */
	{INT8OID, false},			/* number */
	{TEXTARRAYOID, true},		/* changed */
	{JSONBOID, true},			/* old_row */
	{JSONBOID, true},			/* new_row */
};

const HookOwnTable hooks_audited_row_table = {
	"audited_row", Natts_audited_row, audited_row_columns
};

struct HookAuditedWriter
{
	int64		audit_id;
	int64		number;			/* of rows so far */
	Relation	rel;			/* hooks.audited_row */
	HookAppend *append;
};

/*
 * Adds what the rows have in common to hooks.audited.
 */
static void
write_firing(int64 audit_id, HookFiring *firing)
{
	const HookSubject *subject = firing->subject;
	Relation	audited = hooks_own_open(&hooks_audited_table,
										 RowExclusiveLock);
	Jsonb	   *metadata = hooks_settings_metadata();
	const HookOrigin *origin;
	HookOrigin	found;
	Oid			root;
	const char *root_action;
	const char *statement;
	Datum		values[Natts_audited] = {0};
	bool		nulls[Natts_audited] = {false};

	origin = hooks_context_find(firing, &found, &root, &root_action,
								&statement);
	if (firing->fired_at == 0)
		firing->fired_at = GetCurrentTimestamp();
#define SET(column, value) (values[Anum_audited_##column - 1] = (value))
#define SET_STRING(column, string, input) \
	do { \
		const char *set_string = (string); \
		nulls[Anum_audited_##column - 1] = set_string == NULL; \
		if (set_string != NULL) \
			SET(column, DirectFunctionCall1(input, \
											CStringGetDatum(set_string))); \
	} while (0)
#define SET_TEXT(column, string) SET_STRING(column, string, textin)
#define SET_NAME(column, string) SET_STRING(column, string, namein)
	SET(id, Int64GetDatum(audit_id));
	SET_TEXT(hook, subject->hook);
	SET(owner, ObjectIdGetDatum(subject->definition->owner));
	SET_TEXT(relation, hooks_payload_relation(subject->relation));
	SET_TEXT(action, hooks_context_action_word(subject));
	SET_TEXT(root_relation, hooks_payload_relation(root));
	SET_TEXT(root_action, root_action);
	nulls[Anum_audited_depth - 1] = origin->depth == HOOK_DEPTH_UNKNOWN;
	SET(depth, Int32GetDatum(origin->depth));
	SET_NAME(constraint, OidIsValid(origin->constraint) ?
			 get_constraint_name(origin->constraint) : NULL);
	nulls[Anum_audited_caller - 1] = !OidIsValid(firing->caller);
	SET(caller, hooks_rights_role_name(firing->caller));
	SET(session_user, hooks_rights_role_name(GetSessionUserId()));
	SET(transaction_id, FullTransactionIdGetDatum(GetTopFullTransactionId()));
	SET(occurred_at, TimestampTzGetDatum(firing->fired_at));
	/* at level row, each row of the statement would store the whole text */
	if (subject->event->level == HOOK_ROW)
		statement = hooks_payload_statement(statement);
	SET_TEXT(statement, hooks_ready_tells_statement(firing, 0) ? statement :
			 NULL);
	nulls[Anum_audited_metadata - 1] = metadata == NULL;
	SET(metadata, JsonbPGetDatum(metadata));
#undef SET
#undef SET_STRING
#undef SET_TEXT
#undef SET_NAME
	hooks_append_one(audited, values, nulls);
	table_close(audited, NoLock);
}

/*
 * Begins to write down the changes of a firing.
 */
HookAuditedWriter *
hooks_audited_begin(HookFiring *firing)
{
	HookAuditedWriter *writer = palloc0(sizeof(HookAuditedWriter));
	Oid			sequence;

	writer->rel = hooks_own_open(&hooks_audited_row_table, RowExclusiveLock);
	sequence = hooks_own_relation("audited_audit_id_seq", RELKIND_SEQUENCE);
	writer->audit_id = nextval_internal(sequence, false);
	write_firing(writer->audit_id, firing);
	writer->append = hooks_append_begin(writer->rel);
	return writer;
}

/*
 * Adds a change.  Arguments that do not apply are NULL.
 */
void
hooks_audited_add(HookAuditedWriter *writer, ArrayType *changed,
				  Jsonb *old_row, Jsonb *new_row)
{
	Datum		values[Natts_audited_row];
	bool		nulls[Natts_audited_row] = {false};

	values[Anum_audited_row_id - 1] = Int64GetDatum(writer->audit_id);
	values[Anum_audited_row_number - 1] = Int64GetDatum(++writer->number);
	values[Anum_audited_row_changed - 1] = PointerGetDatum(changed);
	nulls[Anum_audited_row_changed - 1] = changed == NULL;
	values[Anum_audited_row_old - 1] = PointerGetDatum(old_row);
	nulls[Anum_audited_row_old - 1] = old_row == NULL;
	values[Anum_audited_row_new - 1] = PointerGetDatum(new_row);
	nulls[Anum_audited_row_new - 1] = new_row == NULL;
	hooks_append_row(writer->append, values, nulls);
}

void
hooks_audited_end(HookAuditedWriter *writer)
{
	hooks_append_end(writer->append);
	table_close(writer->rel, NoLock);
	pfree(writer);
	CommandCounterIncrement();
}

PG_FUNCTION_INFO_V1(hooks_purge_audit);

/*
 * hooks.purge_audit(older_than interval) returns bigint
 *
 * Forgets older entries; returns the number of rows.  Runs with the rights of
 * the caller, who needs DELETE on both tables.
 */
Datum
hooks_purge_audit(PG_FUNCTION_ARGS)
{
	Oid			types[] = {INTERVALOID};
	Datum		values[1];
	bool		isnull;
	Datum		count;
	int			result;

	hooks_argument_require(fcinfo, 0);
	PreventCommandIfReadOnly("hooks.purge_audit()");
	values[0] = PG_GETARG_DATUM(0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	result = SPI_execute_with_args("WITH gone AS (DELETE FROM hooks.audited"
								   " WHERE occurred_at OPERATOR(pg_catalog.<)"
								   " (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) $1)"
								   " RETURNING audit_id),"
								   " gone_rows AS (DELETE FROM hooks.audited_row r USING gone g"
								   " WHERE r.audit_id OPERATOR(pg_catalog.=) g.audit_id"
								   " RETURNING 1)"
								   " SELECT pg_catalog.count(*) FROM gone_rows",
								   1, types, values, NULL, false, 0);
	if (result != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not purge the audit log");
	count = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
						  &isnull);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	PG_RETURN_DATUM(count);
}
