/*
 * change.c
 *		Rows that a cascade changes: ON DELETE SET NULL and SET DEFAULT, and
 *		what the change of a key does in turn.
 *
 * A change can have two effects.  If other rows refer to the row, the ON
 * UPDATE actions of their keys follow.  And the row to which it refers now may
 * be missing, which PostgreSQL checks in a later round.
 *
 * This file decides what a change does.  moved.c knows the new values of
 * changed rows and finds rows by them; recycle/altered.c writes them for
 * hooks.keep().
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "base/ancestors.h"
#include "base/compat.h"
#include "cascade/change.h"
#include "cascade/computed.h"
#include "cascade/compare.h"
#include "cascade/query.h"
#include "cascade/reached.h"

/* What a step makes of a row */
typedef struct RowChange
{
	const HookStep *step;
	int64		event;
	Oid			relid;
	const ItemPointerData *tid;
	const Datum *old_values;
	const bool *old_nulls;
	const Datum *values;
	const bool *nulls;
	bool		leaves;			/* the row leaves its partition */
	bool		ours;			/* this transaction has written it before */
} RowChange;

/*
 * Does PostgreSQL check a foreign key of a changed row?  The same decision as
 * in RI_FKey_fk_upd_check_required() of ri_triggers.c.
 */
static bool
must_check(const HookStep *recheck, const RowChange *change)
{
	const HookForeignKey *key = recheck->key;
	int			nnulls = 0;

	Assert(recheck->recheck && recheck->moved != NULL);
	for (int i = 0; i < key->nkeys; i++)
		nnulls += change->nulls[recheck->positions[i]];
	if (nnulls > 0)
		return nnulls < key->nkeys && key->full;
	if (change->ours)
		return true;
	for (int i = 0; i < key->nkeys; i++)
		if (bms_is_member(recheck->keys[i], change->step->touched))
		{
			hooks_compare_prepare(recheck->moved);
			return !hooks_moved_same(recheck->moved,
									 change->old_values, change->old_nulls,
									 change->values, change->nulls);
		}
	return false;
}

static bool
is_in_leaf(const HookLeaf *leaf, const Datum *values, const bool *nulls)
{
	Datum		key[MaxTupleAttributeNumber];
	bool		key_nulls[MaxTupleAttributeNumber];

	Assert(leaf->partition != NULL);
	for (int i = 0; i < leaf->partition->ncolumns; i++)
	{
		key[i] = values[leaf->partition_positions[i]];
		key_nulls[i] = nulls[leaf->partition_positions[i]];
	}
	return hooks_partition_has(leaf->partition, key, key_nulls);
}

/*
 * Has a row with these values left the partition that the step's key is on?
 */
static bool
has_left(const HookStep *step, const Datum *values, const bool *nulls)
{
	ListCell   *lc;

	if (step->left == NULL)
		return false;
	foreach(lc, step->left->leaves)
	{
		const HookLeaf *leaf = lfirst(lc);

		if (leaf->partition == NULL || is_in_leaf(leaf, values, nulls))
			return false;
	}
	return true;
}

/*
 * Queues the checks of the keys of a changed row.
 */
static void
queue_checks(HookWalk *walk, const HookLeaf *leaf, const RowChange *change)
{
	ItemPointerData tid = *change->tid;
	ListCell   *lc;

	if (change->step->state->unknown)
		return;
	foreach(lc, change->step->table->tree->rechecks)
	{
		HookStep   *recheck = lfirst(lc);
		Datum		row[INDEX_MAX_KEYS + 4];
		bool		row_nulls[INDEX_MAX_KEYS + 4] = {false};

		if (!list_member_ptr(leaf->checks, recheck->key) ||
			!must_check(recheck, change) ||
			has_left(recheck, change->values, change->nulls))
			continue;
		if (!recheck->taken)
			hooks_walk_prepare(walk, recheck);
		row[0] = Int64GetDatum(++walk->event);
		row[1] = Int64GetDatum(change->event);
		row[2] = ObjectIdGetDatum(change->relid);
		row[3] = PointerGetDatum(&tid);
		for (int i = 0; i < recheck->key->nkeys; i++)
		{
			row[4 + i] = change->values[recheck->positions[i]];
			row_nulls[4 + i] = change->nulls[recheck->positions[i]];
		}
		hooks_lane_put(&recheck->state->checks, row, row_nulls);
	}
}

/*
 * Queues what happens to the rows that refer to a changed row.
 */
static void
queue_updates(HookWalk *walk, const HookLeaf *leaf, const RowChange *change)
{
	HookCause	cause = hooks_route_cause(change->step);
	ListCell   *lc;

	foreach(lc, leaf->updates)
	{
		HookWay    *way = lfirst(lc);

		if (way->steps[cause] != NULL &&
			bms_overlap(way->columns, change->step->touched) &&
			!(change->leaves && hooks_route_is_left(leaf, way)))
			hooks_walk_queue(walk, way, way->steps[cause],
							 change->old_values, change->old_nulls,
							 change->values, change->nulls);
	}
}

/*
 * The same for foreign keys to the partition, which see a row that leaves it
 * as deleted.
 */
static void
queue_leaving(HookWalk *walk, const HookLeaf *leaf, const RowChange *change)
{
	ListCell   *lc;

	foreach(lc, leaf->deletes)
	{
		HookWay    *way = lfirst(lc);

		if (way->steps[HOOK_CAUSE_DELETED] != NULL &&
			hooks_route_is_left(leaf, way))
			hooks_walk_queue(walk, way, way->steps[HOOK_CAUSE_DELETED],
							 change->old_values, change->old_nulls, NULL,
							 NULL);
	}
}

/*
 * Remembers a change for hooks_change_tell().
 */
static void
note_change(HookWalk *walk, const HookCascadeCount *count, Oid relid,
			const ItemPointerData *tid)
{
	ItemPointerData copy = *tid;
	Datum		row[3];
	bool		nulls[3] = {false};

	if (walk->changes == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(walk->context);

		walk->change_desc = CreateTemplateTupleDesc(3);
		TupleDescInitEntry(walk->change_desc, 1, "count", INT4OID, -1, 0);
		TupleDescInitEntry(walk->change_desc, 2, "relid", OIDOID, -1, 0);
		TupleDescInitEntry(walk->change_desc, 3, "tid", TIDOID, -1, 0);
		TupleDescFinalize(walk->change_desc);
		walk->changes = tuplestore_begin_heap(false, false, work_mem);
		MemoryContextSwitchTo(old);
	}
	row[0] = Int32GetDatum(count->number);
	row[1] = ObjectIdGetDatum(relid);
	row[2] = PointerGetDatum(&copy);
	tuplestore_putvalues(walk->changes, walk->change_desc, row, nulls);
}

/*
 * Sets the new values of a row that a step changes.  copies is what it copies,
 * if it does.
 */
static void
set_values(const HookStep *step, const Datum *copies, const bool *copy_nulls,
		   Datum *values, bool *nulls)
{
	const HookStepState *state = step->state;

	for (int i = 0; i < step->key->nkeys; i++)
	{
		int			position = step->positions[i];

		if (position < 0 || !bms_is_member(step->keys[i], step->touched))
			continue;
		nulls[position] = true;
		if (step->copies && step->moves)
		{
			values[position] = copies[i];
			nulls[position] = copy_nulls[i];
		}
		else if (state->defaults != NULL)
		{
			values[position] = state->defaults[i];
			nulls[position] = state->default_nulls[i];
		}
	}
}

/*
 * Keeps the new values of a row, so that later steps can find it by them.
 */
static void
keep_version(HookWalk *walk, HookTree *tree, HookVersion *version,
			 const Datum *values, const bool *nulls)
{
	int			n = list_length(tree->columns);
	MemoryContext old = MemoryContextSwitchTo(walk->context);
	ListCell   *lc;

	Assert(tree->moves);
	if (version->values == NULL)
	{
		version->values = palloc(sizeof(Datum) * Max(n, 1));
		version->nulls = palloc(sizeof(bool) * Max(n, 1));
	}
	for (int i = 0; i < n; i++)
	{
		version->nulls[i] = nulls[i];
		if (!nulls[i])
			version->values[i] =
				datumCopy(values[i], tree->byvals[i], tree->lengths[i]);
	}
	MemoryContextSwitchTo(old);
	foreach(lc, tree->referencing)
	{
		hooks_compare_prepare(lfirst(lc));
		hooks_moved_add(lfirst(lc), HOOK_END_REFERENCING, version);
	}
	foreach(lc, tree->referenced)
	{
		hooks_compare_prepare(lfirst(lc));
		hooks_moved_add(lfirst(lc), HOOK_END_REFERENCED, version);
	}
}

/*
 * Has the cascade moved a row out of the partition that the step's key is on?
 * The values are those of the tree's columns that a query has found.
 */
bool
hooks_change_has_left(HookWalk *walk, const HookStep *step, Oid relid,
					  const ItemPointerData *tid, const Datum *values,
					  const bool *nulls)
{
	const HookTree *tree = step->table->tree;
	Datum		new_values[MaxTupleAttributeNumber];
	bool		new_nulls[MaxTupleAttributeNumber];

	if (step->left == NULL ||
		!hooks_walk_is_changed(tree->changes, NULL, relid, tid))
		return false;
	memcpy(new_values, values, sizeof(Datum) * list_length(tree->columns));
	memcpy(new_nulls, nulls, sizeof(bool) * list_length(tree->columns));
	hooks_walk_present(walk, tree, relid, tid, new_values, new_nulls);
	return has_left(step, new_values, new_nulls);
}

/*
 * Has the step's key changed the row before?
 */
static bool
is_counted(const HookStep *step, Oid relid, const ItemPointerData *tid)
{
	ListCell   *lc;

	foreach(lc, step->table->tree->changes)
	{
		const HookStep *other = lfirst(lc);

		if (other->key == step->key && other->changed != NULL &&
			hooks_tidset_has(other->changed, relid, tid))
			return true;
	}
	return false;
}

/*
 * A step changes a row: sets columns of it to NULL, to their defaults, or to
 * what it copies.  A later step may still delete the row, so the visitor is
 * told of the change at the end, once for each key.  ours: this transaction
 * has written the row.  False if max_rows were counted already.
 */
bool
hooks_change_row(HookWalk *walk, HookStep *step, Oid relid,
				 const ItemPointerData *tid, bool ours,
				 Datum *values, bool *nulls,
				 const Datum *copies, const bool *copy_nulls)
{
	HookCascadeCount *count = hooks_walk_count(walk, &step->state->count, step,
											   step->effect);
	HookTree   *tree = step->table->tree;
	HookLeaf   *leaf = hooks_reached_leaf(step->table, relid);
	bool		counted = is_counted(step, relid, tid);
	bool		again = hooks_walk_is_changed(tree->changes, NULL, relid, tid);
	Datum		new_values[MaxTupleAttributeNumber];
	bool		new_nulls[MaxTupleAttributeNumber];
	RowChange	change = {step, ++walk->event, relid, tid, values, nulls,
		new_values, new_nulls};

	Assert(step->effect == HOOK_EFFECT_SET_NULL ||
		   step->effect == HOOK_EFFECT_SET_DEFAULT);
	if (count == NULL ||
		(!counted && !hooks_walk_count_row(walk, count, relid)))
		return false;
	if (!counted || walk->visitor != NULL)
		note_change(walk, count, relid, tid);

	hooks_walk_present(walk, tree, relid, tid, values, nulls);
	memcpy(new_values, values, sizeof(Datum) * list_length(tree->columns));
	memcpy(new_nulls, nulls, sizeof(bool) * list_length(tree->columns));
	set_values(step, copies, copy_nulls, new_values, new_nulls);
	if (leaf != NULL && step->computes)
		hooks_computed_set(leaf, step, walk->context, new_values, new_nulls);

	change.leaves = leaf != NULL && hooks_route_leaves(leaf, step) &&
		is_in_leaf(leaf, values, nulls) &&
		!is_in_leaf(leaf, new_values, new_nulls);
	change.ours = ours || again || change.leaves;

	/* an INSERT's events come before those of the UPDATE that it is part of */
	if (change.leaves)
	{
		queue_leaving(walk, leaf, &change);
		queue_checks(walk, leaf, &change);
		queue_updates(walk, leaf, &change);
	}
	else if (leaf != NULL)
	{
		queue_updates(walk, leaf, &change);
		queue_checks(walk, leaf, &change);
	}

	if (step->changed == NULL)
		step->changed = hooks_tidset_make(walk->context);
	hooks_tidset_add(step->changed, relid, tid);

	/* queued checks of an older version of the row do not count any more */
	if (again || tree->moves)
	{
		HookVersion *version =
			hooks_moved_get(&walk->versions, walk->context, relid, tid);

		version->event = change.event;
		if (tree->moves)
			keep_version(walk, tree, version, new_values, new_nulls);
	}
	return true;
}

/*
 * Is a table the other table, or a partition of it on any level?
 */
static bool
is_in_table(Oid relid, Oid table)
{
	return relid == table || list_member_oid(hooks_ancestors_of(relid), table);
}

/*
 * Has a changed row got this key, given as either end of the foreign key has
 * it?  Rows that had the key before the delete are not looked at.
 */
bool
hooks_change_has_key(HookWalk *walk, const HookStep *step, HookEnd by,
					 const Datum *key, const bool *nulls)
{
	HookMovedScan scan;
	HookVersion *version;

	if (!step->moved->ends[HOOK_END_REFERENCED])
		return false;
	hooks_moved_begin(&scan, step->moved, HOOK_END_REFERENCED, by, key, nulls);
	while ((version = hooks_moved_next(&scan)) != NULL)
	{
		ItemPointerData tid;

		hooks_moved_tid(version, &tid);
		if (!hooks_tidset_has(walk->doomed, version->row.relid, &tid) &&
			is_in_table(version->row.relid, step->key->referenced))
			return true;
	}
	return false;
}

/*
 * Ends the check of a row that an event has changed.  referenced is the row to
 * which it refers now.  NULL, no such row, blocks the delete, unless the
 * changed row is deleted too or was changed again.
 */
void
hooks_change_check(HookWalk *walk, HookStep *step, Oid relid,
				   const ItemPointerData *tid, int64 change,
				   Oid referenced, ItemPointer referenced_tid,
				   const Datum *key, const bool *nulls)
{
	HookVersion *version =
		hooks_moved_find(walk->versions, relid, tid);

	if (hooks_tidset_has(walk->doomed, relid, tid) ||
		(version != NULL && version->event != change))
		return;
	if ((referenced_tid == NULL ||
		 hooks_tidset_has(walk->doomed, referenced, referenced_tid) ||
		 hooks_walk_is_changed(step->takers, NULL, referenced,
							   referenced_tid)) &&
		!hooks_change_has_key(walk, step, HOOK_END_REFERENCING, key, nulls))
		hooks_walk_block(walk, step, relid, tid);
}

/*
 * Tells the visitor of the changed rows that were not deleted later.
 */
void
hooks_change_tell(HookWalk *walk)
{
	TupleTableSlot *slot;

	if (walk->changes == NULL)
		return;
	slot = MakeSingleTupleTableSlot(walk->change_desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(walk->changes);
	while (tuplestore_gettupleslot(walk->changes, true, false, slot))
	{
		HookCascadeCount *count;
		Oid			relid;
		ItemPointer tid;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		count = list_nth(walk->counts, DatumGetInt32(slot->tts_values[0]));
		relid = DatumGetObjectId(slot->tts_values[1]);
		tid = (ItemPointer) DatumGetPointer(slot->tts_values[2]);
		if (hooks_tidset_has(walk->doomed, relid, tid))
			count->rows--;
		else
			hooks_walk_visit(walk, count, relid, tid);
	}
	ExecDropSingleTupleTableSlot(slot);
}
