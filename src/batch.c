/*
 * batch.c
 *		Captured rows: what one before_cascade firing is about.
 *
 * While a statement deletes or updates rows, the WHEN of our trigger captures
 * their TIDs.  The first row opens a batch and queues its event, the others
 * join the batch and queue none.  When trigger.c fires the event, all rows of
 * the statement are in the batch, and no referential action has run yet.
 *
 * Which batch a row may join is a matter of when that batch's event fires:
 * - rows of one query do belong together: their events wait until it ends;
 * - rows of several referential actions in the same trigger query level do
 *   too: trigger.c runs all actions that the level has queued before any event
 *   that those queue in turn, and the batch's event is one of the latter;
 * - all others open a batch of their own.  In doubt, so do these: the cost is
 *   one more firing, while a row in the wrong batch would fire too late.
 * A batch leaves the list when its event fires, so nothing can join it later.
 *
 * Each batch has a memory context below TopTransactionContext.  The list of
 * batches follows subtransactions: what was captured in one that aborts goes
 * with it.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/tupconvert.h"
#include "catalog/pg_constraint.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "batch.h"
#include "settings.h"
#include "statement.h"

/* TIDs are kept in chunks, each larger than the one before */
typedef struct TidChunk
{
	struct TidChunk *next;
	int			used;			/* in TIDs */
	int			size;
	ItemPointerData tids[FLEXIBLE_ARRAY_MEMBER];
} TidChunk;

#define FIRST_CHUNK		16
#define LARGEST_CHUNK	65536

/* The rows of one table */
typedef struct BatchTable
{
	struct BatchTable *next;
	Oid			relid;
	TidChunk   *head;
	TidChunk   *tail;
} BatchTable;

struct HookBatch
{
	HookBatch  *next;
	uint64		id;				/* never used twice */
	const HookEvent *event;
	Oid			root;
	MemoryContext query;		/* NULL when that query is over */
	uint64		level;			/* trigger query level, 0 if not known */
	bool		referential;
	Oid			constraint;		/* by whose action; InvalidOid: several */
	const char *action;			/* text of its query, NULL if not seen */
	SubTransactionId subid;
	MemoryContext context;
	BatchTable *tables;			/* the first row's table comes first */
};

/* see batch.h; and above for aborts */
HookBatch  *hooks_batches = NULL;

/* the last id given out; never reset */
static uint64 last_id = 0;

static HookBatch *
open_batch(const HookCapture *capture)
{
	MemoryContext context = AllocSetContextCreate(TopTransactionContext,
												  "hooks batch",
												  ALLOCSET_SMALL_SIZES);
	HookBatch  *batch = MemoryContextAllocZero(context, sizeof(HookBatch));

	batch->id = ++last_id;
	batch->event = capture->event;
	batch->root = capture->root;
	batch->query = capture->query;
	batch->level = hooks_statement != NULL ? hooks_statement->level : 0;
	batch->referential = hooks_statement_in_referential_action();
	if (batch->referential && hooks_statement != NULL)
	{
		batch->constraint = hooks_statement_constraint(hooks_statement);
		batch->action = MemoryContextStrdup(context,
											hooks_statement->query->sourceText);
	}
	batch->subid = GetCurrentSubTransactionId();
	batch->context = context;
	batch->next = hooks_batches;
	hooks_batches = batch;
	return batch;
}

/*
 * The batch that a capture may join, NULL if none.
 */
static HookBatch *
find_batch(const HookCapture *capture)
{
	HookBatch  *batch;

	for (batch = hooks_batches; batch != NULL; batch = batch->next)
	{
		if (batch->id == capture->batch)
			return batch;
		if (batch->event != capture->event || batch->root != capture->root)
			continue;
		if (batch->query == capture->query)
			return batch;
		if (batch->referential && hooks_statement != NULL &&
			hooks_statement->referential &&
			batch->level == hooks_statement->level)
			return batch;
	}
	return NULL;
}

static BatchTable *
find_table(HookBatch *batch, Oid relid)
{
	BatchTable *table;
	BatchTable **end = &batch->tables;

	for (table = batch->tables; table != NULL; table = table->next)
	{
		if (table->relid == relid)
			return table;
		end = &table->next;
	}
	table = MemoryContextAllocZero(batch->context, sizeof(BatchTable));
	table->relid = relid;
	*end = table;
	return table;
}

static void
add_tids(HookBatch *batch, BatchTable *table, ItemPointer old_tid,
		 ItemPointer new_tid)
{
	TidChunk   *chunk = table->tail;
	int			width = new_tid != NULL ? 2 : 1;

	if (chunk == NULL || chunk->used + width > chunk->size)
	{
		int			size = chunk == NULL ? FIRST_CHUNK :
			Min(chunk->size * 2, LARGEST_CHUNK);

		chunk = MemoryContextAlloc(batch->context,
								   offsetof(TidChunk, tids) +
								   sizeof(ItemPointerData) * size);
		chunk->next = NULL;
		chunk->used = 0;
		chunk->size = size;
		if (table->tail == NULL)
			table->head = chunk;
		else
			table->tail->next = chunk;
		table->tail = chunk;
	}
	chunk->tids[chunk->used++] = *old_tid;
	if (new_tid != NULL)
		chunk->tids[chunk->used++] = *new_tid;
}

/*
 * Adds a row; new_tid is NULL for a deleted one.  Returns true if it is the
 * first of its batch, whose event the caller has to queue.
 *
 * A row that two triggers capture one after the other is added once.
 */
bool
hooks_batch_add(HookCapture *capture, ItemPointer old_tid, ItemPointer new_tid)
{
	HookBatch  *batch = find_batch(capture);
	bool		first = batch == NULL;
	BatchTable *table;

	if (first)
		batch = open_batch(capture);
	else if (capture->batch != batch->id && batch->action != NULL &&
			 strcmp(batch->action, hooks_statement->query->sourceText) != 0)
		batch->constraint = InvalidOid;
	capture->batch = batch->id;
	table = find_table(batch, capture->relid);
	if (table->tail != NULL &&
		ItemPointerEquals(&table->tail->tids[table->tail->used -
											 (new_tid != NULL ? 2 : 1)],
						  old_tid))
		return false;
	add_tids(batch, table, old_tid, new_tid);
	return first;
}

/*
 * Takes the batch out of the list whose first row this is; NULL if there is
 * none, because it has fired or was rolled back.  The caller frees it.
 */
HookBatch *
hooks_batch_take(const HookEvent *event, Oid relid, ItemPointer first)
{
	for (HookBatch **link = &hooks_batches; *link != NULL; link = &(*link)->next)
	{
		HookBatch  *batch = *link;

		if (batch->event == event && batch->tables != NULL &&
			batch->tables->relid == relid &&
			ItemPointerEquals(&batch->tables->head->tids[0], first))
		{
			*link = batch->next;
			return batch;
		}
	}
	return NULL;
}

void
hooks_batch_free(HookBatch *batch)
{
	MemoryContextDelete(batch->context);
}

/*
 * The tables that hold the rows.
 */
List *
hooks_batch_relations(const HookBatch *batch)
{
	List	   *relids = NIL;

	for (BatchTable *table = batch->tables; table != NULL; table = table->next)
		relids = lappend_oid(relids, table->relid);
	return relids;
}

/*
 * Were the rows changed by referential actions?
 */
bool
hooks_batch_is_referential(const HookBatch *batch)
{
	return batch->referential;
}

Oid
hooks_batch_constraint(const HookBatch *batch)
{
	return batch->constraint;
}

/*
 * Is a row version the work of this transaction: the old one deleted by it, the
 * new one made by it?  Whoever called capture() otherwise gets nothing for it.
 */
static bool
is_our_work(HeapTupleHeader header, bool old)
{
	if (!old)
		return TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(header));
	return (header->t_infomask & HEAP_XMAX_INVALID) == 0 &&
		!HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(header));
}

/*
 * Fetches a version of a row into a slot; false if it is not our work.
 *
 * Rows that a statement deletes mostly come page after page, so for a heap the
 * page is kept pinned in *buffer from row to row.  A pinned page's tuples do not
 * move; their headers are read under the page's lock.
 */
static bool
fetch_row(Relation rel, ItemPointer tid, bool old, TupleTableSlot *slot,
		  Buffer *buffer)
{
	HeapTuple	tuple;
	Page		page;
	OffsetNumber offset = ItemPointerGetOffsetNumber(tid);
	ItemId		item;
	bool		ours = false;

	/* Another access method's rows are its own business */
	if (rel->rd_tableam != GetHeapamTableAmRoutine())
		return table_tuple_fetch_row_version(rel, tid, SnapshotAny, slot);

	*buffer = ReleaseAndReadBuffer(*buffer, rel, ItemPointerGetBlockNumber(tid));
	tuple = &((BufferHeapTupleTableSlot *) slot)->base.tupdata;
	LockBuffer(*buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(*buffer);
	if (offset >= FirstOffsetNumber && offset <= PageGetMaxOffsetNumber(page) &&
		ItemIdIsNormal(item = PageGetItemId(page, offset)))
	{
		ExecClearTuple(slot);
		tuple->t_data = (HeapTupleHeader) PageGetItem(page, item);
		tuple->t_len = ItemIdGetLength(item);
		tuple->t_self = *tid;
		tuple->t_tableOid = RelationGetRelid(rel);
		ours = is_our_work(tuple->t_data, old);
	}
	LockBuffer(*buffer, BUFFER_LOCK_UNLOCK);
	if (ours)
		ExecStoreBufferHeapTuple(tuple, slot, *buffer);
	return ours;
}

/*
 * The columns of a table that foreign keys refer to, by the keys' triggers.
 */
static Bitmapset *
referenced_columns(Relation rel)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];
		HeapTuple	tuple;
		Datum		value;
		bool		isnull;
		ArrayType  *keys;

		if (RI_FKey_trigger_type(trigger->tgfoid) != RI_TRIGGER_PK)
			continue;
		tuple = SearchSysCache1(CONSTROID,
								ObjectIdGetDatum(trigger->tgconstraint));
		if (!HeapTupleIsValid(tuple))
			continue;
		value = SysCacheGetAttr(CONSTROID, tuple, Anum_pg_constraint_confkey,
								&isnull);
		if (!isnull)
		{
			keys = DatumGetArrayTypeP(value);
			for (int j = 0; j < ARR_DIMS(keys)[0]; j++)
				columns = bms_add_member(columns,
										 ((int16 *) ARR_DATA_PTR(keys))[j]);
		}
		ReleaseSysCache(tuple);
	}
	return columns;
}

/*
 * Did an update change one of the columns?  Compares as ri_triggers.c does on
 * the referenced side: by the bytes.
 */
static bool
key_changed(const Bitmapset *columns, TupleTableSlot *old, TupleTableSlot *new)
{
	int			attnum = -1;

	while ((attnum = bms_next_member(columns, attnum)) >= 0)
	{
		Form_pg_attribute attr = TupleDescAttr(old->tts_tupleDescriptor,
											   attnum - 1);
		bool		isnull[2];
		Datum		value[2];

		value[0] = slot_getattr(old, attnum, &isnull[0]);
		value[1] = slot_getattr(new, attnum, &isnull[1]);
		if (isnull[0] != isnull[1] ||
			(!isnull[0] && !datum_image_eq(value[0], value[1],
										   attr->attbyval, attr->attlen)))
			return true;
	}
	return false;
}

/* a slot's row in the format of another table, if a map is needed for that */
static TupleTableSlot *
convert(TupleConversionMap *map, TupleTableSlot *slot, TupleTableSlot *out)
{
	return map == NULL ? slot : execute_attr_map_slot(map->attrMap, slot, out);
}

/*
 * Puts the rows that are in a table, or in a partition of it, into
 * tuplestores, in the table's format: the old versions, and for updates the
 * new ones.  Of updated rows only those whose referenced key changed count.
 *
 * The tuplestores are made in the current memory context and spill to disk
 * beyond work_mem; their files belong to the given resource owner, so that they
 * may outlive a subtransaction.  The caller ends them.  Returns the number of
 * rows.
 */
int64
hooks_batch_rows(const HookBatch *batch, Relation target,
				 HookRowFilter filter, void *arg, ResourceOwner owner,
				 Tuplestorestate **old_table, Tuplestorestate **new_table)
{
	ResourceOwner current_owner = CurrentResourceOwner;
	bool		update = batch->event->action == HOOK_UPDATE;
	int			width = update ? 2 : 1;
	int64		rows = 0;

	CurrentResourceOwner = owner;
	*old_table = tuplestore_begin_heap(false, false, work_mem);
	*new_table = update ? tuplestore_begin_heap(false, false, work_mem) : NULL;
	CurrentResourceOwner = current_owner;

	for (BatchTable *table = batch->tables; table != NULL; table = table->next)
	{
		Relation	rel;
		TupleTableSlot *old_slot;
		TupleTableSlot *new_slot = NULL;
		TupleTableSlot *old_out = NULL;
		TupleTableSlot *new_out = NULL;
		TupleConversionMap *map = NULL;
		Bitmapset  *keys = NULL;
		Buffer		old_buffer = InvalidBuffer;
		Buffer		new_buffer = InvalidBuffer;

		if (table->relid != RelationGetRelid(target))
		{
			HookRelation *relation = hooks_chain_pin(table->relid);
			bool		below = list_member_oid(relation->ancestors,
												RelationGetRelid(target));

			hooks_chain_unpin(relation);
			if (!below)
				continue;
		}
		rel = table_open(table->relid, AccessShareLock);
		old_slot = table_slot_create(rel, NULL);
		if (rel != target)
			map = convert_tuples_by_name(RelationGetDescr(rel),
										 RelationGetDescr(target));
		if (map != NULL)
			old_out = MakeSingleTupleTableSlot(RelationGetDescr(target),
											   &TTSOpsVirtual);
		if (update)
		{
			keys = referenced_columns(rel);
			new_slot = table_slot_create(rel, NULL);
			if (map != NULL)
				new_out = MakeSingleTupleTableSlot(RelationGetDescr(target),
												   &TTSOpsVirtual);
		}

		for (TidChunk *chunk = table->head; chunk != NULL; chunk = chunk->next)
		{
			for (int i = 0; i < chunk->used; i += width)
			{
				TupleTableSlot *old;
				TupleTableSlot *new = NULL;

				CHECK_FOR_INTERRUPTS();
				if (!fetch_row(rel, &chunk->tids[i], true, old_slot,
							   &old_buffer))
					continue;
				if (update &&
					(!fetch_row(rel, &chunk->tids[i + 1], false, new_slot,
								&new_buffer) ||
					 !key_changed(keys, old_slot, new_slot)))
					continue;
				old = convert(map, old_slot, old_out);
				if (update)
					new = convert(map, new_slot, new_out);
				if (filter != NULL && !filter(old, new, arg))
					continue;
				tuplestore_puttupleslot(*old_table, old);
				if (update)
					tuplestore_puttupleslot(*new_table, new);
				rows++;
			}
		}

		ExecDropSingleTupleTableSlot(old_slot);
		if (new_slot != NULL)
			ExecDropSingleTupleTableSlot(new_slot);
		if (old_out != NULL)
			ExecDropSingleTupleTableSlot(old_out);
		if (new_out != NULL)
			ExecDropSingleTupleTableSlot(new_out);
		if (BufferIsValid(old_buffer))
			ReleaseBuffer(old_buffer);
		if (BufferIsValid(new_buffer))
			ReleaseBuffer(new_buffer);
		table_close(rel, NoLock);
	}
	return rows;
}

/*
 * A query's memory goes away; another may be given the same address.
 */
void
hooks_batch_query_ends(MemoryContext query)
{
	for (HookBatch *batch = hooks_batches; batch != NULL; batch = batch->next)
		if (batch->query == query)
			batch->query = NULL;
}

/*
 * The query, and the trigger query level whose triggers it has fired, are
 * done: every batch of theirs must have fired.  If one has not, its trigger
 * was tampered with, and its rows must not go unseen.
 */
void
hooks_batch_check_fired(MemoryContext query, uint64 level)
{
	for (HookBatch *batch = hooks_batches; batch != NULL; batch = batch->next)
		if (batch->query == query || (batch->referential && batch->level == level))
			ereport(ERROR,
					(errcode(ERRCODE_HOOK_ERROR),
					 errmsg("before_cascade hooks on \"%s\" did not fire",
							get_rel_name(batch->root)),
					 errdetail("The trigger \"%s\" captured rows, but was not fired for them.",
							   batch->event->trigger)));
}

/*
 * A subtransaction ends: its batches go to its parent, or away.
 */
void
hooks_batch_end_subtransaction(SubTransactionId subid, SubTransactionId parent,
							   bool commit)
{
	HookBatch **link = &hooks_batches;

	while (*link != NULL)
	{
		HookBatch  *batch = *link;

		if (batch->subid == subid && !commit)
		{
			*link = batch->next;
			hooks_batch_free(batch);
			continue;
		}
		if (batch->subid == subid)
			batch->subid = parent;
		link = &batch->next;
	}
}
