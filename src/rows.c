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

#include "chain.h"
#include "rows.h"

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
	List	   *constraints = NIL;
	ListCell   *lc;

	/* A look-up may make the relcache build its triggers anew */
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
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
hooks_rows_fetch(const HookBatch *batch, Relation target,
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
