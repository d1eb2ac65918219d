/*
 * rows.c
 *		The rows of a batch, for a callback to see.
 *
 * A batch holds TIDs; here they become the transition tables of one hook: the
 * rows that are in its table, in its table's format, that its condition wants.
 * Values stay as they are stored, out of line where they are.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/tupconvert.h"
#include "access/xact.h"
#include "catalog/pg_constraint.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "firing/chain.h"
#include "firing/rows.h"

/*
 * Begins to fetch rows of a table: versions that this transaction has deleted,
 * or made, or any that are locked.
 */
void
hooks_rows_begin(HookRowFetcher *fetcher, Relation rel,
				 HookRowVersions versions)
{
	fetcher->rel = rel;
	fetcher->versions = versions;
	fetcher->shared = false;
	fetcher->heap = rel->rd_tableam == GetHeapamTableAmRoutine();
	fetcher->buffer = InvalidBuffer;
	fetcher->block = InvalidBlockNumber;
	fetcher->ours = InvalidTransactionId;
	fetcher->slot = table_slot_create(rel, NULL);
}

void
hooks_rows_end(HookRowFetcher *fetcher)
{
	ExecDropSingleTupleTableSlot(fetcher->slot);
	if (BufferIsValid(fetcher->buffer))
		ReleaseBuffer(fetcher->buffer);
}

/*
 * Is a row version the work of this transaction: the old one deleted by it,
 * the new one made by it?  Rows that were captured otherwise are left out.
 */
static inline bool
is_our_work(HookRowFetcher *fetcher, HeapTupleHeader header)
{
	TransactionId xid;

	if (fetcher->versions == HOOK_VERSIONS_ANY)
		return true;
	if (fetcher->versions == HOOK_VERSIONS_NEW)
		xid = HeapTupleHeaderGetRawXmin(header);	/* COPY FREEZE */
	else if ((header->t_infomask & HEAP_XMAX_INVALID) != 0 ||
			 HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask))
		return false;
	else
		xid = HeapTupleHeaderGetUpdateXid(header);
	if (xid != fetcher->ours)
	{
		if (!TransactionIdIsCurrentTransactionId(xid))
			return false;
		fetcher->ours = xid;
	}
	return true;
}

/*
 * Finds a heap's row version; NULL if it is not our work.
 *
 * Rows that a statement deletes mostly come page after page, so for a heap the
 * page stays pinned from row to row.  Its lock is not needed: what our own
 * transaction in progress has deleted or made is neither pruned nor locked by
 * others (whom it would have to let wait), so that line pointer and header are
 * as we left them; and a pinned page's tuples do not move.  Others may lock a
 * row whose key an update left alone: who wants such rows says "shared".
 */
static HeapTuple
find_tuple(HookRowFetcher *fetcher, ItemPointer tid)
{
	BlockNumber block = ItemPointerGetBlockNumber(tid);
	OffsetNumber offset = ItemPointerGetOffsetNumber(tid);
	Page		page;
	ItemId		item;
	bool		ours;

	if (block != fetcher->block)
	{
		fetcher->buffer = ReleaseAndReadBuffer(fetcher->buffer, fetcher->rel,
											   block);
		fetcher->block = block;
	}
	page = BufferGetPage(fetcher->buffer);
	if (offset < FirstOffsetNumber || offset > PageGetMaxOffsetNumber(page))
		return NULL;
	item = PageGetItemId(page, offset);
	if (fetcher->shared)
		LockBuffer(fetcher->buffer, BUFFER_LOCK_SHARE);
	ours = ItemIdIsNormal(item) &&
		is_our_work(fetcher, (HeapTupleHeader) PageGetItem(page, item));
	if (fetcher->shared)
		LockBuffer(fetcher->buffer, BUFFER_LOCK_UNLOCK);
	if (!ours)
		return NULL;
	fetcher->tuple.t_data = (HeapTupleHeader) PageGetItem(page, item);
	fetcher->tuple.t_len = ItemIdGetLength(item);
	fetcher->tuple.t_self = *tid;
	fetcher->tuple.t_tableOid = RelationGetRelid(fetcher->rel);
	return &fetcher->tuple;
}

/*
 * Fetches a row version into the slot; false if it is not our work.
 */
bool
hooks_rows_get(HookRowFetcher *fetcher, ItemPointer tid)
{
	HeapTuple	tuple;

	/* Only of a heap we know how to tell who deleted a row version */
	if (!fetcher->heap)
		return table_tuple_fetch_row_version(fetcher->rel, tid, SnapshotAny,
											 fetcher->slot);
	tuple = find_tuple(fetcher, tid);
	if (tuple == NULL)
		return false;
	/* the slot keeps its own pin on the page where it is the same */
	ExecStoreBufferHeapTuple(tuple, fetcher->slot, fetcher->buffer);
	return true;
}

/*
 * The columns of a table that foreign keys refer to, by the keys' triggers.
 */
static Bitmapset *
referenced_columns(Relation rel)
{
	Bitmapset  *columns = NULL;
	List	   *constraints = NIL;
	ListCell   *lc;

	/* A look-up may make the relcache build its triggers anew */
	for (int i = 0; rel->trigdesc != NULL &&
		 i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];

		if (RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_PK)
			constraints = list_append_unique_oid(constraints,
												 trigger->tgconstraint);
	}
	foreach(lc, constraints)
	{
		HeapTuple	tuple;
		Datum		value;
		bool		isnull;
		ArrayType  *keys;

		tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(lfirst_oid(lc)));
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

/*
 * A row in the format of another table.  It has the values of the row that it
 * is made of, and, which virtual rows have not, its system columns.
 */
typedef struct ConvertedRow
{
	VirtualTupleTableSlot base;
	TupleTableSlot *row;
} ConvertedRow;

static TupleTableSlotOps converted_ops;

static Datum
converted_getsysattr(TupleTableSlot *slot, int attnum, bool *isnull)
{
	return slot_getsysattr(((ConvertedRow *) slot)->row, attnum, isnull);
}

/*
 * A slot for hooks_rows_convert(), in the current memory context.
 */
TupleTableSlot *
hooks_rows_make_converted(TupleDesc desc)
{
	if (converted_ops.base_slot_size == 0)
	{
		memcpy(&converted_ops, &TTSOpsVirtual, sizeof(TupleTableSlotOps));
		converted_ops.base_slot_size = sizeof(ConvertedRow);
		converted_ops.getsysattr = converted_getsysattr;
	}
	return MakeSingleTupleTableSlot(desc, &converted_ops);
}

/*
 * Converts a row.  The result is valid as long as the row is.
 */
void
hooks_rows_convert(AttrMap *map, TupleTableSlot *row,
				   TupleTableSlot *converted)
{
	(void) execute_attr_map_slot(map, row, converted);
	((ConvertedRow *) converted)->row = row;
	converted->tts_tableOid = row->tts_tableOid;
	converted->tts_tid = row->tts_tid;
}

/* a slot's row in the format of another table, if a map is needed for that */
static TupleTableSlot *
convert_row(TupleConversionMap *map, TupleTableSlot *slot, TupleTableSlot *out)
{
	if (map == NULL)
		return slot;
	hooks_rows_convert(map->attrMap, slot, out);
	return out;
}

/*
 * Puts the rows that are in a table, or in a partition of it, into
 * tuplestores, in the table's format: the old versions, and for updates the
 * new ones.  Of updated rows only those whose referenced key changed count.
 *
 * The tuplestores are made in the current memory context and spill to disk
 * beyond work_mem; their files belong to the given resource owner, so that
 * they may outlive a subtransaction, and go with it.  Returns the number of
 * rows.
 */
int64
hooks_rows_fetch(const HookBatch *batch, Relation target,
				 HookRowFilter filter, void *arg, ResourceOwner owner,
				 Tuplestorestate **old_table, Tuplestorestate **new_table)
{
	ResourceOwner current_owner = CurrentResourceOwner;
	bool		update = batch->event->action == HOOK_UPDATE;
	int			width = update ? 2 : 1;
	int64		rows = 0;

	Assert(hooks_event_captures(batch->event));
	CurrentResourceOwner = owner;
	*old_table = tuplestore_begin_heap(false, false, work_mem);
	*new_table = update ? tuplestore_begin_heap(false, false, work_mem) : NULL;
	CurrentResourceOwner = current_owner;

	for (BatchTable *table = batch->tables; table != NULL; table = table->next)
	{
		Relation	rel;
		bool		as_stored;
		HookRowFetcher old_rows;
		HookRowFetcher new_rows;
		TupleTableSlot *old_out = NULL;
		TupleTableSlot *new_out = NULL;
		TupleConversionMap *map = NULL;
		Bitmapset  *keys = NULL;

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
		hooks_rows_begin(&old_rows, rel, batch->walked ?
						 HOOK_VERSIONS_ANY : HOOK_VERSIONS_OLD);
		if (rel != target)
			map = convert_tuples_by_name(RelationGetDescr(rel),
										 RelationGetDescr(target));
		if (map != NULL)
			old_out = hooks_rows_make_converted(RelationGetDescr(target));
		if (update)
		{
			keys = referenced_columns(rel);
			hooks_rows_begin(&new_rows, rel, HOOK_VERSIONS_NEW);
			if (map != NULL)
				new_out = hooks_rows_make_converted(RelationGetDescr(target));
		}

		/* nothing to look at and nothing to change: straight from the page */
		as_stored = old_rows.heap && !update && filter == NULL && map == NULL;
		for (TidChunk *chunk = table->head; chunk != NULL; chunk = chunk->next)
		{
			for (int i = 0; i < chunk->used; i += width)
			{
				TupleTableSlot *old;
				TupleTableSlot *new = NULL;

				CHECK_FOR_INTERRUPTS();
				if (as_stored)
				{
					HeapTuple	tuple = find_tuple(&old_rows, &chunk->tids[i]);

					if (tuple != NULL)
					{
						tuplestore_puttuple(*old_table, tuple);
						rows++;
					}
					continue;
				}
				if (!hooks_rows_get(&old_rows, &chunk->tids[i]))
					continue;
				if (update &&
					(!hooks_rows_get(&new_rows, &chunk->tids[i + 1]) ||
					 !key_changed(keys, old_rows.slot, new_rows.slot)))
					continue;
				old = convert_row(map, old_rows.slot, old_out);
				if (update)
					new = convert_row(map, new_rows.slot, new_out);
				if (filter != NULL && !filter(old, new, arg))
					continue;
				tuplestore_puttupleslot(*old_table, old);
				if (update)
					tuplestore_puttupleslot(*new_table, new);
				rows++;
			}
		}

		hooks_rows_end(&old_rows);
		if (update)
			hooks_rows_end(&new_rows);
		if (old_out != NULL)
			ExecDropSingleTupleTableSlot(old_out);
		if (new_out != NULL)
			ExecDropSingleTupleTableSlot(new_out);
		table_close(rel, NoLock);
	}
	return rows;
}
