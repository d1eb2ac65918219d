/*
 * log.c
 *		The log: what happened in statements, for after_commit hooks.
 *
 * The log is three tables, of which one is written at a time (log_turn.c).
 * Rows are only added, in the transaction of the statement: durable with it,
 * and gone with its rollback.  They are written as catalog code does it:
 * triggers, rules, privileges and the search_path do not apply.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "firing/log.h"
#include "firing/log_turn.h"
#include "firing/origin.h"

static const HookOwnColumn log_columns[Natts_log] = {
	{INT8OID, false},			/* event_id */
	{XID8OID, false},			/* transaction_id */
	{INT8ARRAYOID, false},		/* hook_ids */
	{OIDOID, false},			/* relation */
	{TEXTOID, false},			/* relation_name */
	{TEXTOID, false},			/* action */
	{TEXTOID, true},			/* caller */
	{TEXTOID, true},			/* session_user */
	{TEXTOID, true},			/* statement */
	{JSONBOID, true},			/* metadata */
	{TIMESTAMPTZOID, false},	/* fired_at */
	{INT4OID, false},			/* generation */
	{TEXTOID, true},			/* root_relation */
	{TEXTOID, true},			/* root_action */
	{INT4OID, true},			/* cascade_depth */
	{TEXTOID, true},			/* constraint_name */
	{JSONBOID, true},			/* old_rows */
	{JSONBOID, true},			/* new_rows */
	{JSONBOID, true},			/* selections */
};

const HookOwnTable hooks_log_tables[HOOK_LOG_TABLES] = {
	{"log_1", Natts_log, log_columns},
	{"log_2", Natts_log, log_columns},
	{"log_3", Natts_log, log_columns},
};

/* see log.h; an abort leaves it as it is */
int			hooks_log_generation = 0;

/*
 * Appends a row to the log.
 */
void
hooks_log_append(const HookLogEntry *entry)
{
	Relation	log = hooks_log_turn_open();
	Datum		values[Natts_log];
	bool		nulls[Natts_log] = {false};
	Datum	   *ids = palloc(sizeof(Datum) * entry->nhooks);
	Oid			sequence;
	HeapTuple	tuple;

	Assert(entry->nhooks > 0);
	for (int i = 0; i < entry->nhooks; i++)
		ids[i] = Int64GetDatum(entry->hook_ids[i]);

#define SET(column, value) (values[Anum_log_##column - 1] = (value))
#define SET_TEXT(column, string) \
	(nulls[Anum_log_##column - 1] = (string) == NULL, \
	 SET(column, (string) == NULL ? (Datum) 0 : CStringGetTextDatum(string)))
#define SET_JSON(column, json) \
	(nulls[Anum_log_##column - 1] = (json) == NULL, \
	 SET(column, (json) == NULL ? (Datum) 0 : JsonbPGetDatum(json)))
	sequence = hooks_own_relation("event_id", RELKIND_SEQUENCE);
	SET(event_id, Int64GetDatum(nextval_internal(sequence, false)));
	SET(transaction_id, FullTransactionIdGetDatum(GetTopFullTransactionId()));
	SET(hook_ids, PointerGetDatum(construct_array(ids, entry->nhooks, INT8OID,
												  sizeof(int64),
												  FLOAT8PASSBYVAL,
												  TYPALIGN_DOUBLE)));
	SET(relation, ObjectIdGetDatum(entry->relation));
	SET_TEXT(relation_name, entry->relation_name);
	SET_TEXT(action, entry->action);
	SET_TEXT(caller, entry->caller);
	SET_TEXT(session_user, entry->session_user);
	SET_TEXT(statement, entry->statement);
	SET_JSON(metadata, entry->metadata);
	SET(fired_at, TimestampTzGetDatum(entry->fired_at));
	SET(generation, Int32GetDatum(entry->generation));
	SET_TEXT(root_relation, entry->root_relation);
	SET_TEXT(root_action, entry->root_action);
	nulls[Anum_log_cascade_depth - 1] =
		entry->cascade_depth == HOOK_DEPTH_UNKNOWN;
	SET(cascade_depth, Int32GetDatum(entry->cascade_depth));
	SET_TEXT(constraint_name, entry->constraint_name);
	SET_JSON(old_rows, entry->old_rows);
	SET_JSON(new_rows, entry->new_rows);
	SET_JSON(selections, entry->selections);
#undef SET
#undef SET_TEXT
#undef SET_JSON
	tuple = heap_form_tuple(RelationGetDescr(log), values, nulls);
	CatalogTupleInsert(log, tuple);
	heap_freetuple(tuple);
	table_close(log, NoLock);
}
