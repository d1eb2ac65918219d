/*
 * announce.c
 *		Hooks on restore: which rows come back.
 *
 * They are told of the rows that were removed, by table, before the first of
 * them is put back and when all are there again.  Rows that were changed, and
 * are changed back, are no rows that come back.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/settings.h"
#include "firing/bypass.h"
#include "firing/rowjson.h"
#include "recycle/announce.h"
#include "recycle/putback.h"
#include "registry/present.h"

/* The rows of one table */
typedef struct AnnouncedRows
{
	List	   *tables;			/* of HookRestored, one for each format */
	HookPayloadValue *json;		/* NULL until a hook fires */
	MemoryContext context;
} AnnouncedRows;

/*
 * Adds the rows of one format to an array.  What is made of a row lives in the
 * current memory context.
 */
static void
push_rows(JsonbInState *array, Relation rel, const HookRestored *table)
{
	TupleTableSlot *kept = MakeSingleTupleTableSlot(table->desc,
													&TTSOpsMinimalTuple);
	TupleTableSlot *row = MakeSingleTupleTableSlot(RelationGetDescr(rel),
												   &TTSOpsVirtual);
	Bitmapset  *columns = NULL;
	HookRowJson *json;

	for (int i = 0; i < table->fields.n; i++)
		if (table->fields.attnums[i] != InvalidAttrNumber)
			columns = bms_add_member(columns, table->fields.attnums[i]);
	if (columns == NULL)
		columns = bms_make_singleton(0);
	json = hooks_rowjson_begin(rel, columns);
	hooks_rowjson_enter(json);
	/* what has put them back has read them */
	tuplestore_rescan(table->store);
	while (tuplestore_gettupleslot(table->store, true, true, kept))
	{
		CHECK_FOR_INTERRUPTS();
		hooks_fields_place(&table->fields, kept, row);
		/* the array may point to its values when the next row is fetched */
		for (int i = 0; i < row->tts_tupleDescriptor->natts; i++)
		{
			Form_pg_attribute att = TupleDescAttr(row->tts_tupleDescriptor, i);

			if (!row->tts_isnull[i])
				row->tts_values[i] = datumCopy(row->tts_values[i],
											   att->attbyval, att->attlen);
		}
		ExecStoreVirtualTuple(row);
		hooks_rowjson_push(json, array, row);
	}
	hooks_rowjson_leave(json);
	ExecDropSingleTupleTableSlot(kept);
	ExecDropSingleTupleTableSlot(row);
}

/*
 * The rows of a table as an array, made once for all hooks.
 */
static HookPayloadValue *
announced_rows(const HookAccessRelation *relation)
{
	AnnouncedRows *rows = relation->source;
	MemoryContext work;
	MemoryContext old;
	JsonbInState array = {0};
	Relation	rel;
	ListCell   *lc;
	Jsonb	   *json;

	if (rows->json != NULL)
		return rows->json;
	work = AllocSetContextCreate(CurrentMemoryContext, "hooks restored rows",
								 ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	rel = relation_open(relation->relid, AccessShareLock);
	hooks_jsonb_push(&array, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, rows->tables)
	{
		push_rows(&array, rel, lfirst(lc));
	}
	hooks_jsonb_push(&array, WJB_END_ARRAY, NULL);
	relation_close(rel, NoLock);
	json = JsonbValueToJsonb(array.result);
	MemoryContextSwitchTo(rows->context);
	rows->json = hooks_payload_share(json);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	return rows->json;
}

static HookAccessRelation *
find_announced(HookAccess *access, Oid relid)
{
	HookAccessRelation *relation;
	AnnouncedRows *rows;
	ListCell   *lc;

	foreach(lc, access->relations)
	{
		relation = lfirst(lc);
		if (relation->relid == relid)
			return relation;
	}
	rows = palloc0(sizeof(AnnouncedRows));
	rows->context = access->context;
	relation = palloc0(sizeof(HookAccessRelation));
	relation->relid = relid;
	relation->source = rows;
	access->relations = lappend(access->relations, relation);
	return relation;
}

/*
 * Counts the hooks that a restore which skips triggers leaves out.
 */
void
hooks_announce_skip(List *removed)
{
	List	   *done = NIL;
	ListCell   *lc;

	foreach(lc, removed)
	{
		Oid			relid = ((HookRestored *) lfirst(lc))->format.relid;

		if (list_member_oid(done, relid) || !hooks_present_concerns(relid))
			continue;
		done = lappend_oid(done, relid);
		hooks_bypass_event(relid,
						   hooks_event_find(HOOK_BEFORE, HOOK_STATEMENT,
											HOOK_RESTORE),
						   HOOK_MISS_RESTORE);
		hooks_bypass_event(relid,
						   hooks_event_find(HOOK_AFTER, HOOK_STATEMENT,
											HOOK_RESTORE),
						   HOOK_MISS_RESTORE);
	}
}

/*
 * Fires the hooks before some rows, of HookRestored, are put back.  Returns
 * what hooks_announce_end() takes, in the current memory context; NULL if
 * there is no hook to tell.
 */
HookAccess *
hooks_announce_begin(List *removed)
{
	HookAccess *access = palloc0(sizeof(HookAccess));
	ListCell   *lc;

	access->context = CurrentMemoryContext;
	foreach(lc, removed)
	{
		HookRestored *table = lfirst(lc);
		HookAccessRelation *relation;
		AnnouncedRows *rows;

		if (!hooks_present_concerns(table->format.relid))
			continue;
		relation = find_announced(access, table->format.relid);
		rows = relation->source;
		rows->tables = lappend(rows->tables, table);
		relation->rows += table->rows;
		for (int i = 0; i < table->fields.n; i++)
		{
			int			attnum = table->fields.attnums[i];

			if (attnum != InvalidAttrNumber)
				relation->columns =
					bms_add_member(relation->columns,
								   attnum -
								   FirstLowInvalidHeapAttributeNumber);
		}
	}
	if (access->relations == NIL)
		return NULL;
	access->sql = debug_query_string;
	access->root_action = hooks_word_of_action(HOOK_RESTORE);
	access->caller = GetUserId();
	access->make_rows = announced_rows;
	hooks_access_fire(access, HOOK_BEFORE, HOOK_RESTORE);
	return access;
}

/*
 * The rows are back.
 */
void
hooks_announce_end(const HookAccess *access)
{
	if (access != NULL)
		hooks_access_fire(access, HOOK_AFTER, HOOK_RESTORE);
}
