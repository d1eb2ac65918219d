/*
 * round.c
 *		One round of a walk: what refers to the rows of the round before.
 *
 * In each round, each step of the route gets the keys of all referenced rows
 * that were deleted or changed in the round before.  One query then finds the
 * rows that refer to them.  Keys wait in tuplestores, which can spill to disk.
 *
 * Where a row can be reached in more than one way and the order matters, a
 * round is processed in PostgreSQL's own order.  Its events are numbered as
 * PostgreSQL would queue them, by the order of the rows and the names of the
 * triggers, and the results of the round's queries are merged by these
 * numbers.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "miscadmin.h"

#include "cascade/change.h"
#include "cascade/lane_plan.h"
#include "cascade/lane_probe.h"
#include "cascade/lock.h"
#include "cascade/query.h"
#include "cascade/reached.h"
#include "cascade/round.h"

/* does the number belong to this transaction or a subtransaction of it? */
static inline bool
is_of_this_transaction(Datum xid)
{
	return TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xid));
}

/*
 * Processes a referencing row that a step has found.  The values are those of
 * the tree's columns, then the event's key if the step needs it, then what the
 * step copies, if it does.  False if no more rows of the step are needed.
 */
static bool
apply_row(HookWalk *walk, HookStep *step, Oid relid,
		  const ItemPointerData *tid, bool ours, Datum *values, bool *nulls)
{
	int			first = list_length(step->table->tree->columns);
	HookCascadeCount *count;

	if (hooks_tidset_has(walk->doomed, relid, tid) ||
		hooks_change_has_left(walk, step, relid, tid, values, nulls))
		return true;
	switch (step->effect)
	{
		case HOOK_EFFECT_DELETE:
			count = hooks_walk_count(walk, &step->state->count, step,
									 step->effect);
			return count != NULL &&
				hooks_walk_doom(walk, count, step->table, relid, tid, values,
								nulls);
		case HOOK_EFFECT_BLOCKED:
			/* NO ACTION does not block if another row has the key again */
			if (!step->meets || !step->no_action ||
				!hooks_change_has_key(walk, step, HOOK_END_REFERENCED,
									  values + first, nulls + first))
				hooks_walk_block(walk, step, relid, tid);
			return true;
		default:
			if (step->meets)
				first += step->key->nkeys;
			return hooks_change_row(walk, step, relid, tid, ours, values,
									nulls,
									values + first, nulls + first);
	}
}

/*
 * Does a row that a step's query has found refer by another key now?  Where
 * rows can have moved, apply_moved() finds all changed rows, so these are
 * elsewhere, too.
 */
static bool
is_elsewhere(HookWalk *walk, const HookStep *step, Oid relid,
			 const ItemPointerData *tid)
{
	if (step->meets && step->moved->ends[HOOK_END_REFERENCING])
		return hooks_moved_find(walk->versions, relid, tid) != NULL;
	return hooks_walk_is_changed(step->spoilers, NULL, relid, tid);
}

/*
 * Processes what a step's query has found: the result of a check, or a
 * referencing row.
 *
 * Among the rows of one event, those that the cascade has changed come last.
 * PostgreSQL finds their new versions, which stand behind the other rows.
 */
static void
apply_found(HookWalk *walk, HookStep *step, HookLane *lane,
			Datum *values, bool *nulls, bool may_wait)
{
	/* both kinds of rows begin with these */
	Oid			relid = found_relid(values, HOOK_ROW_RELID);
	ItemPointer tid = found_tid(values, HOOK_ROW_TID);

	CHECK_FOR_INTERRUPTS();
	if (lane == &step->state->checks)
		hooks_change_check(walk, step, relid, tid,
						   DatumGetInt64(values[HOOK_CHECK_CHANGE]),
						   nulls[HOOK_CHECK_REFERENCED_TID] ? InvalidOid :
						   found_relid(values, HOOK_CHECK_REFERENCED_RELID),
						   nulls[HOOK_CHECK_REFERENCED_TID] ? NULL :
						   found_tid(values, HOOK_CHECK_REFERENCED_TID),
						   values + HOOK_CHECK_KEY, nulls + HOOK_CHECK_KEY);
	else if (nulls[HOOK_ROW_TID] || is_elsewhere(walk, step, relid, tid))
		;						/* no row for this step here */
	else if (may_wait &&
			 hooks_walk_is_changed(step->table->tree->changes, NULL, relid,
								   tid))
		step->state->late = lappend(step->state->late,
									heap_form_tuple(lane->found, values,
													nulls));
	else if (!apply_row(walk, step, relid, tid,
						!nulls[HOOK_ROW_XMIN] &&
						is_of_this_transaction(values[HOOK_ROW_XMIN]),
						values + HOOK_ROW_COLUMNS, nulls + HOOK_ROW_COLUMNS))
		hooks_lane_close(lane); /* the limit is reached */
}

/*
 * Ends an event: processes the moved rows that have its key now.  Then it
 * checks whether a row still refers to the key, as ri_set() does after SET
 * DEFAULT.
 */
static void
apply_moved(HookWalk *walk, HookStep *step, HookLane *lane, HeapTuple tuple)
{
	HookMoved  *moved = step->moved;
	int			first = HOOK_ROW_COLUMNS +
		list_length(step->table->tree->columns);
	Datum		values[MaxTupleAttributeNumber];
	bool		nulls[MaxTupleAttributeNumber];
	HookMovedScan scan;
	HookVersion *version;
	ItemPointerData tid;

	heap_deform_tuple(tuple, lane->found, values, nulls);
	for (int look = 0; look < 2; look++)
	{
		if (look == 1 &&
			(step->effect != HOOK_EFFECT_SET_DEFAULT || !step->no_action ||
			 hooks_change_has_key(walk, step, HOOK_END_REFERENCED,
								  values + first, nulls + first)))
			break;
		hooks_moved_begin(&scan, moved, HOOK_END_REFERENCING,
						  HOOK_END_REFERENCED,
						  values + first, nulls + first);
		while ((version = hooks_moved_next(&scan)) != NULL)
		{
			CHECK_FOR_INTERRUPTS();
			hooks_moved_tid(version, &tid);
			if (hooks_reached_leaf(step->table, version->row.relid) == NULL ||
				hooks_tidset_has(walk->doomed, version->row.relid, &tid))
				continue;
			if (look == 1)
				hooks_walk_block(walk, step, version->row.relid, &tid);
			else if (!apply_row(walk, step, version->row.relid, &tid, true,
								values + HOOK_ROW_COLUMNS,
								nulls + HOOK_ROW_COLUMNS))
			{
				hooks_lane_close(lane);
				break;
			}
		}
	}
}

/*
 * Locks the current row of a lane, if the walk locks rows.  False if the walk
 * has to begin anew: then rows of this round are locked, and no more.
 */
static bool
lock_current(HookWalk *walk, HookStep *step, const HookLane *lane)
{
	if (walk->locks && lane == &step->state->rows)
		walk->overtaken |= !hooks_lock_found(walk, step, lane);
	return !walk->overtaken;
}

/*
 * Processes the current row of a lane, and moves on to the next one.
 */
static void
apply_lane(HookWalk *walk, HookStep *step, HookLane *lane)
{
	int64		event = lane->event;
	HeapTuple	tuple = NULL;
	bool		meets = step->meets &&
		step->moved->ends[HOOK_END_REFERENCING] &&
		lane == &step->state->rows;
	List	   *late;
	ListCell   *lc;

	/* rows of all depths have waited for it */
	if (step->deferred)
		walk->depth = hooks_walk_depth_after(walk, event);
	if (!lock_current(walk, step, lane))
	{
		(void) hooks_lane_advance(lane);
		return;
	}
	if (meets)
		tuple = heap_form_tuple(lane->found, lane->values, lane->nulls);
	apply_found(walk, step, lane, lane->values, lane->nulls,
				walk->route->ordered);
	if ((hooks_lane_advance(lane) && lane->event == event) ||
		lane == &step->state->checks)
	{
		if (meets)
			heap_freetuple(tuple);
		return;
	}
	late = step->state->late;
	step->state->late = NIL;
	foreach(lc, late)
	{
		Datum		values[MaxTupleAttributeNumber];
		bool		nulls[MaxTupleAttributeNumber];

		heap_deform_tuple(lfirst(lc), lane->found, values, nulls);
		apply_found(walk, step, lane, values, nulls, false);
	}
	list_free_deep(late);
	if (meets)
	{
		apply_moved(walk, step, lane, tuple);
		heap_freetuple(tuple);
	}
}

/*
 * Counts the rows that a step finds in this round.  For steps that are alone.
 */
static void
count_lane(HookWalk *walk, HookStep *step, HookLane *lane)
{
	while (hooks_lane_advance(lane))
	{
		int64		rows = DatumGetInt64(lane->values[HOOK_COUNT_ROWS]);
		HookCascadeCount *count;

		if (rows == 0)
			continue;
		count =
			hooks_walk_count(walk, &step->state->count, step, step->effect);
		(void) hooks_walk_count_row(walk, count,
									found_relid(lane->values,
												HOOK_COUNT_RELID));
		count->rows += rows - 1;
	}
}

/*
 * Starts a lane: few rows are looked up in an index, others are found by a
 * query.  This is written anew if PostgreSQL has dropped its plan.
 */
static void
start_lane(HookWalk *walk, const HookStep *step, HookLane *lane)
{
	if (hooks_lane_probe_open(lane))
		return;
	if (!hooks_lane_plan_is_valid(lane))
		hooks_walk_renew_sql(walk, step, lane);
	hooks_lane_open(lane);
}

/*
 * Opens a lane for the next round; false if no rows wait for it.
 */
static bool
open_lane(HookWalk *walk, HookStep *step, HookLane *lane)
{
	if (lane->memory == NULL || !hooks_lane_next_round(lane))
		return false;
	start_lane(walk, step, lane);
	if (step->counts)
		count_lane(walk, step, lane);
	else
		(void) hooks_lane_advance(lane);
	return true;
}

/*
 * Is there a step for which rows wait, and whose rows the walk must find: a
 * deferred one, or another?
 */
static bool
has_next(const HookWalk *walk, bool deferred)
{
	ListCell   *lc;

	foreach(lc, walk->taken)
	{
		const HookStep *step = lfirst(lc);

		if (step->wanted && step->deferred == deferred &&
			(hooks_lane_waits(&step->state->rows) ||
			 hooks_lane_waits(&step->state->checks)))
			return true;
	}
	return false;
}

/*
 * Opens the steps for which rows wait: the deferred ones, or all others.
 * False if there is none.
 */
static bool
open_steps(HookWalk *walk, bool deferred)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, walk->taken)
	{
		HookStep   *step = lfirst(lc);

		if (step->deferred != deferred)
			continue;
		any |= open_lane(walk, step, &step->state->rows);
		any |= open_lane(walk, step, &step->state->checks);
	}
	return any;
}

/*
 * Begins a round; false if nothing is left to find.  In a running delete the
 * round has all steps, but there is none of only such as lock rows: the walk
 * has nothing more to lock after these.
 */
bool
hooks_round_open(HookWalk *walk, bool deferred)
{
	if (!has_next(walk, deferred))
		return false;
	if (walk->locks)
		hooks_lock_renew_snapshot(walk);
	return open_steps(walk, deferred);
}

static void
choose(HookStep *step, HookLane *lane, HookStep **first, HookLane **first_lane)
{
	if (!lane->has_row ||
		(*first_lane != NULL && (*first_lane)->event <= lane->event))
		return;
	*first = step;
	*first_lane = lane;
}

/*
 * Processes the open steps: in the order of events, or step by step if the
 * order does not matter.  It always does to lock rows.
 */
void
hooks_round_run(HookWalk *walk)
{
	bool		ordered = walk->route->ordered || walk->locks;
	ListCell   *lc;

	for (;;)
	{
		HookStep   *step = NULL;
		HookLane   *lane = NULL;

		foreach(lc, walk->taken)
		{
			HookStep   *other = lfirst(lc);

			choose(other, &other->state->rows, &step, &lane);
			choose(other, &other->state->checks, &step, &lane);
			if (lane != NULL && !ordered)
				break;
		}
		if (lane == NULL)
			break;
		do
			apply_lane(walk, step, lane);
		while (!ordered && lane->has_row);
	}
}
