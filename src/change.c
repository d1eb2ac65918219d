/*
 * change.c
 *		Rows that a cascade changes: ON DELETE SET NULL and SET DEFAULT, and what
 *		the change of a key does in turn.
 *
 * Two things can come of a change: the row may be a referenced one, whose
 * referencing rows the key's ON UPDATE action is for; and what it now refers to
 * may be missing, which PostgreSQL looks up in a later round.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "change.h"

typedef struct RowId
{
	Oid			relid;
	BlockNumber block;
	OffsetNumber offset;
	uint16		unused;			/* zero */
} RowId;

/* When a row was changed for the last time */
typedef struct LastChange
{
	RowId		row;			/* hash key, must be first */
	int64		event;
} LastChange;

/*
 * The event of a row's last change, if there was more than one and an earlier
 * one may still have to be looked at; 0 otherwise.
 */
static int64 *
last_change(HookWalk *cascade, Oid relid, const ItemPointerData *tid,
			bool make)
{
	RowId		row = {relid, ItemPointerGetBlockNumberNoCheck(tid),
	ItemPointerGetOffsetNumberNoCheck(tid), 0};
	LastChange *change;

	if (cascade->last_changes == NULL)
	{
		HASHCTL		info = {0};

		if (!make)
			return NULL;
		info.keysize = sizeof(RowId);
		info.entrysize = sizeof(LastChange);
		info.hcxt = cascade->context;
		cascade->last_changes = hash_create("hooks last changes", 256, &info,
											HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	change = hash_search(cascade->last_changes, &row,
						 make ? HASH_ENTER : HASH_FIND, NULL);
	return change == NULL ? NULL : &change->event;
}

/*
 * Queues the look-up of what a changed row refers to.
 */
static void
queue_check(HookWalk *cascade, HookStep *step, int64 event, Oid relid,
			const ItemPointerData *tid, const Datum *values, const bool *nulls)
{
	HookLane   *lane = &step->state->checks;
	HookLeaf   *leaf = hooks_route_leaf(step->table, relid);
	ItemPointerData copy = *tid;
	Datum		row[INDEX_MAX_KEYS + 4];
	bool		row_nulls[INDEX_MAX_KEYS + 4] = {false};

	if (!step->taken)
		hooks_walk_prepare(cascade, step);
	if (lane->context == NULL || step->key->deferred ||
		(leaf != NULL && !list_member_ptr(leaf->checked, step->key)))
		return;
	row[0] = Int64GetDatum(++cascade->event);
	row[1] = Int64GetDatum(event);
	row[2] = ObjectIdGetDatum(relid);
	row[3] = PointerGetDatum(&copy);
	for (int i = 0; i < step->key->nkeys; i++)
	{
		row[4 + i] = values[step->positions[i]];
		row_nulls[4 + i] = nulls[step->positions[i]];
	}
	hooks_lane_put(lane, row, row_nulls);
}

/*
 * Remembers a change, to tell of it at the end.
 */
static void
note_change(HookWalk *cascade, const HookCascadeCount *count, Oid relid,
			const ItemPointerData *tid)
{
	ItemPointerData copy = *tid;
	Datum		row[3];
	bool		nulls[3] = {false};

	if (cascade->changes == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(cascade->context);

		cascade->change_desc = CreateTemplateTupleDesc(3);
		TupleDescInitEntry(cascade->change_desc, 1, "count", INT4OID, -1, 0);
		TupleDescInitEntry(cascade->change_desc, 2, "relid", OIDOID, -1, 0);
		TupleDescInitEntry(cascade->change_desc, 3, "tid", TIDOID, -1, 0);
		cascade->changes = tuplestore_begin_heap(false, false, work_mem);
		MemoryContextSwitchTo(old);
	}
	row[0] = Int32GetDatum(count->number);
	row[1] = ObjectIdGetDatum(relid);
	row[2] = PointerGetDatum(&copy);
	tuplestore_putvalues(cascade->changes, cascade->change_desc, row, nulls);
}

/*
 * A step changes a row: sets columns of it to NULL or to their defaults.
 * Whether it stays is known at the end only; then it is told.  ours: the
 * transaction has made it.  False if there are enough of its kind.
 */
bool
hooks_change_row(HookWalk *cascade, HookStep *step, Oid relid,
				 const ItemPointerData *tid, bool ours,
				 const Datum *values, const bool *nulls)
{
	HookCascadeCount *count = hooks_walk_count(cascade, &step->state->count, step,
											   step->effect);
	HookCause	cause = step->effect == HOOK_EFFECT_SET_NULL ?
		HOOK_CAUSE_NULLED : HOOK_CAUSE_DEFAULTED;
	HookLeaf   *leaf = hooks_route_leaf(step->table, relid);
	bool		again = hooks_walk_is_changed(step->table->changes, NULL, relid, tid);
	int64		event = ++cascade->event;
	ListCell   *lc;

	if (!hooks_walk_count_row(cascade, count, relid))
		return false;
	note_change(cascade, count, relid, tid);

	if (leaf != NULL)
		foreach(lc, leaf->updates)
		{
			HookWay    *way = lfirst(lc);

			if (way->steps[cause] != NULL && bms_overlap(way->columns, step->set))
				hooks_walk_queue(cascade, way, way->steps[cause], relid, tid,
								 values, nulls);
		}

	/* only now, as the row itself is among its own spoilers */
	if (step->changed == NULL)
		step->changed = hooks_tidset_make(cascade->context);
	(void) hooks_tidset_add(step->changed, relid, tid);

	/* what is to be looked up for an older version of the row is void now */
	if (again)
		*last_change(cascade, relid, tid, true) = event;
	foreach(lc, step->table->changes)
	{
		HookStep   *other = lfirst(lc);

		if (other == step ||
			(again && other->state->checks.context != NULL &&
			 other->changed != NULL && hooks_tidset_has(other->changed, relid, tid)))
			queue_check(cascade, other, event, relid, tid, values, nulls);
	}
	if (ours || again)
		foreach(lc, step->table->rechecks)
		{
			HookStep   *recheck = lfirst(lc);

			if (!hooks_walk_is_changed(recheck->spoilers, NULL, relid, tid))
				queue_check(cascade, recheck, event, relid, tid, values, nulls);
		}
	return true;
}

/*
 * A row that was changed by a certain event, and the one that it refers to
 * now, NULL if there is none: that blocks, unless the row is gone too, or was
 * changed again.  is_free: by its nulls it need not refer to one.
 */
void
hooks_change_check(HookWalk *cascade, HookStep *step, Oid relid,
				   const ItemPointerData *tid, bool is_free, int64 change,
				   Oid referenced, ItemPointer referenced_tid)
{
	int64	   *last = last_change(cascade, relid, tid, false);

	if (is_free || hooks_tidset_has(cascade->doomed, relid, tid) ||
		(last != NULL && *last != change) ||
		hooks_walk_is_changed(step->spoilers, step, relid, tid))
		return;
	if (referenced_tid == NULL ||
		hooks_tidset_has(cascade->doomed, referenced, referenced_tid) ||
		hooks_walk_is_changed(step->takers, NULL, referenced, referenced_tid))
		hooks_walk_block(cascade, step, relid, tid);
}

/*
 * The row that the defaults of a key refer to is gone, and this is its event:
 * it would set the rows that refer to it by default to what they are.  They
 * block, if they are there still.
 */
static void
apply_default_event(HookWalk *cascade, HookStep *step)
{
	TupleTableSlot *slot;

	step->state->default_event = 0;
	if (cascade->changes == NULL)
		return;
	slot = MakeSingleTupleTableSlot(cascade->change_desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(cascade->changes);
	while (tuplestore_gettupleslot(cascade->changes, true, false, slot))
	{
		HookCascadeCount *count;
		Oid			relid;
		ItemPointer tid;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		count = list_nth(cascade->counts, DatumGetInt32(slot->tts_values[0]));
		relid = DatumGetObjectId(slot->tts_values[1]);
		tid = (ItemPointer) DatumGetPointer(slot->tts_values[2]);
		if (count->step == step &&
			!hooks_tidset_has(cascade->doomed, relid, tid) &&
			!hooks_walk_is_changed(step->spoilers, step, relid, tid))
			hooks_walk_block(cascade, step, relid, tid);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * The same for all steps whose event comes before, or is, the given one.
 */
void
hooks_change_default_events(HookWalk *cascade, int64 before)
{
	ListCell   *lc;

	foreach(lc, cascade->route->steps)
	{
		HookStep   *step = lfirst(lc);

		if (step->state->default_event > 0 && step->state->default_event <= before)
			apply_default_event(cascade, step);
	}
}

/*
 * Tells of the rows that were changed and are there still.
 */
void
hooks_change_tell(HookWalk *cascade)
{
	TupleTableSlot *slot;

	if (cascade->changes == NULL)
		return;
	slot = MakeSingleTupleTableSlot(cascade->change_desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(cascade->changes);
	while (tuplestore_gettupleslot(cascade->changes, true, false, slot))
	{
		HookCascadeCount *count;
		Oid			relid;
		ItemPointer tid;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		count = list_nth(cascade->counts, DatumGetInt32(slot->tts_values[0]));
		relid = DatumGetObjectId(slot->tts_values[1]);
		tid = (ItemPointer) DatumGetPointer(slot->tts_values[2]);
		if (hooks_tidset_has(cascade->doomed, relid, tid))
			count->rows--;
		else
			hooks_walk_visit(cascade, count, relid, tid);
	}
	ExecDropSingleTupleTableSlot(slot);
}
