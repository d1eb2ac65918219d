/*
 * cascade.c
 *		What a DELETE, with its cascades, would do or does.
 *
 * The walk does what PostgreSQL's trigger queue does, to sets of rows: round by
 * round, each step of the route gets the keys of all referenced rows that were
 * deleted or changed in the round before, and one query finds the rows that
 * refer to them.  Keys wait in tuplestores, which spill.
 *
 * Where rows can be reached in more than one way and it matters which comes
 * first, the round is worked off in PostgreSQL's own order: its events are
 * numbered as they would be queued, by the order of the rows and the names of
 * the triggers, and the results of the round's queries are merged by them.
 *
 * The rows are looked for with the active snapshot: the statement's own, by a
 * condition, as the current user; the others as the owner of their table, as
 * PostgreSQL does it.  Who may know of them is asked before.  Nothing is locked
 * but the tables, as by any SELECT.  Names of schemas can change at any time:
 * queries are written anew when PostgreSQL drops their plans.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "cascade.h"
#include "change.h"
#include "conflict.h"
#include "query.h"

/*
 * A walk that begins with rows of the given tables.  With a target, only rows
 * that the delete removes are looked for, and only on the way to that table.
 * With a visitor, rows that block are not looked for.
 * max_rows is the most that is followed from each round of each step; 0 is no
 * limit.
 *
 * Nothing is looked up yet but the route.  Ends with hooks_cascade_end().
 */
HookWalk *
hooks_cascade_begin(List *roots, Oid target, int64 max_rows,
					HookCascadeVisitor visitor, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks cascade",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	HookWalk *cascade = palloc0(sizeof(HookWalk));
	ListCell   *lc;

	cascade->context = context;
	cascade->route = hooks_route_make(roots, target, visitor == NULL);
	hooks_conflict_find(cascade->route, roots);
	cascade->visitor = visitor;
	cascade->arg = arg;
	cascade->max_rows = max_rows;
	cascade->doomed = hooks_tidset_make(context);
	foreach(lc, cascade->route->steps)
		((HookStep *) lfirst(lc))->state = palloc0(sizeof(HookStepState));
	MemoryContextSwitchTo(old);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	return cascade;
}

HookRoute *
hooks_cascade_route(HookWalk *cascade)
{
	return cascade->route;
}

/*
 * Of HookCascadeCount, by depth; of each depth, in order of the first row.
 */
List *
hooks_cascade_counts(const HookWalk *cascade)
{
	return cascade->counts;
}

/*
 * A referencing row that a step's query has found.  False: enough of them.
 */
static bool
apply_row(HookWalk *cascade, HookStep *step, Oid relid,
		  const ItemPointerData *tid, bool same, bool ours,
		  const Datum *values, const bool *nulls)
{
	if (hooks_tidset_has(cascade->doomed, relid, tid) ||
		hooks_walk_is_changed(step->spoilers, NULL, relid, tid))
		return true;
	switch (step->effect)
	{
		case HOOK_EFFECT_DELETE:
			return hooks_walk_doom(cascade,
								   hooks_walk_count(cascade, &step->state->count, step, step->effect),
								   step->table, relid, tid, values, nulls);
		case HOOK_EFFECT_BLOCKED:
			hooks_walk_block(cascade, step, relid, tid);
			return true;
		default:
			/* ri_set() looks whether the row refers to the same as before */
			if (same)
				hooks_walk_block(cascade, step, relid, tid);
			return hooks_change_row(cascade, step, relid, tid, ours, values, nulls);
	}
}

/*
 * Gives a row that a step's query has found to whom it concerns; a check, or a
 * referencing row.
 *
 * Of the rows of one event, those that the cascade has changed come last, as
 * PostgreSQL finds them where their new versions are, behind the others.
 */
static void
apply_found(HookWalk *cascade, HookStep *step, HookLane *lane,
			const Datum *values, const bool *nulls, bool may_wait)
{
	Oid			relid = DatumGetObjectId(values[1]);
	ItemPointer tid = (ItemPointer) DatumGetPointer(values[2]);
	bool		flag = !nulls[3] && DatumGetBool(values[3]);

	CHECK_FOR_INTERRUPTS();
	if (lane == &step->state->checks)
		hooks_change_check(cascade, step, relid, tid, flag,
						   DatumGetInt64(values[4]),
						   nulls[5] ? InvalidOid : DatumGetObjectId(values[5]),
						   nulls[6] ? NULL : (ItemPointer) DatumGetPointer(values[6]));
	else if (may_wait &&
			 hooks_walk_is_changed(step->table->changes, NULL, relid, tid))
		step->state->late = lappend(step->state->late,
									heap_form_tuple(lane->found,
													unconstify(Datum *, values),
													unconstify(bool *, nulls)));
	else if (!apply_row(cascade, step, relid, tid, flag,
						!nulls[4] && TransactionIdIsCurrentTransactionId(DatumGetTransactionId(values[4])),
						values + 5, nulls + 5))
		hooks_lane_close(lane); /* enough: the rest need not be found */
}

/*
 * Gives the row in hand of a lane to whom it concerns, and goes on to the next
 * one.
 */
static void
apply_lane(HookWalk *cascade, HookStep *step, HookLane *lane)
{
	int64		event = lane->event;
	List	   *late;
	ListCell   *lc;

	apply_found(cascade, step, lane, lane->values, lane->nulls,
				cascade->route->ordered);
	if ((hooks_lane_advance(lane) && lane->event == event) ||
		lane == &step->state->checks)
		return;
	late = step->state->late;
	step->state->late = NIL;
	foreach(lc, late)
	{
		Datum		values[MaxTupleAttributeNumber];
		bool		nulls[MaxTupleAttributeNumber];

		heap_deform_tuple(lfirst(lc), lane->found, values, nulls);
		apply_found(cascade, step, lane, values, nulls, false);
	}
	list_free_deep(late);
}

/*
 * Counts what a step that is alone finds in this round.
 */
static void
count_lane(HookWalk *cascade, HookStep *step, HookLane *lane)
{
	while (hooks_lane_advance(lane))
	{
		int64		rows = DatumGetInt64(lane->values[2]);
		HookCascadeCount *count;

		if (rows == 0)
			continue;
		count = hooks_walk_count(cascade, &step->state->count, step, step->effect);
		(void) hooks_walk_count_row(cascade, count,
									DatumGetObjectId(lane->values[1]));
		count->rows += rows - 1;
	}
}

/*
 * Opens a lane for the next round; false if there is nothing to ask.
 */
static bool
open_lane(HookWalk *cascade, HookStep *step, HookLane *lane)
{
	if (lane->context == NULL)
		return false;
	if (!hooks_lane_has_plan(lane))
		hooks_walk_renew_query(cascade, step, lane);
	if (!hooks_lane_next_round(lane))
		return false;
	hooks_lane_open(lane);
	if (step->counts)
		count_lane(cascade, step, lane);
	else
		(void) hooks_lane_advance(lane);
	return true;
}

/*
 * Opens the steps that have something to ask, those that are deferred or the
 * others; false if none has.
 */
static bool
open_steps(HookWalk *cascade, bool deferred)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, cascade->route->steps)
	{
		HookStep   *step = lfirst(lc);

		if (!step->taken || step->deferred != deferred)
			continue;
		any |= open_lane(cascade, step, &step->state->rows);
		any |= open_lane(cascade, step, &step->state->checks);
	}
	return any;
}

static void
choose(HookStep *step, HookLane *lane, HookStep **first, HookLane **first_lane)
{
	if (lane->portal == NULL ||
		(*first_lane != NULL && (*first_lane)->event <= lane->event))
		return;
	*first = step;
	*first_lane = lane;
}

/*
 * Works off what is open: in the order of events, or if that does not matter
 * each step as it comes.
 */
static void
run_round(HookWalk *cascade)
{
	bool		ordered = cascade->route->ordered;
	int64		queued = cascade->event;
	ListCell   *lc;

	for (;;)
	{
		HookStep   *step = NULL;
		HookLane   *lane = NULL;

		foreach(lc, cascade->route->steps)
		{
			HookStep   *other = lfirst(lc);

			choose(other, &other->state->rows, &step, &lane);
			choose(other, &other->state->checks, &step, &lane);
			if (lane != NULL && !ordered)
				break;
		}
		hooks_change_default_events(cascade, lane == NULL ? queued : lane->event);
		if (lane == NULL)
			break;
		do
			apply_lane(cascade, step, lane);
		while (!ordered && lane->portal != NULL);
	}
}

static HookCascadeCount *
root_count(HookWalk *cascade, Oid relid)
{
	HookCascadeCount *count = hooks_walk_count(cascade, &cascade->root, NULL,
											   HOOK_EFFECT_DELETE);

	if (!OidIsValid(count->relation))
		count->relation = relid;
	return count;
}

/*
 * Begins with a row, in the slot of its own table.
 */
void
hooks_cascade_add(HookWalk *cascade, TupleTableSlot *slot)
{
	Oid			relid = slot->tts_tableOid;
	HookTable  *table = hooks_route_table(cascade->route, relid);
	Datum		values[MaxTupleAttributeNumber];
	bool		nulls[MaxTupleAttributeNumber];
	int			n = 0;
	ListCell   *lc;

	if (hooks_tidset_has(cascade->doomed, relid, &slot->tts_tid))
		return;
	foreach(lc, table->columns)
	{
		values[n] = slot_getattr(slot, lfirst_int(lc), &nulls[n]);
		n++;
	}
	(void) hooks_walk_doom(cascade, root_count(cascade, relid), table, relid,
						   &slot->tts_tid, values, nulls);
}

/*
 * Begins with a row of a table or a child of it.  The slot is of the table that
 * the row before was of, or NULL.
 */
static TupleTableSlot *
select_from_child(HookWalk *cascade, HookTable *parent, Oid relid,
				  ItemPointer tid, TupleTableSlot *slot)
{
	HookTable  *table = hooks_route_table(cascade->route, relid);
	Relation	rel;

	/* it has come after the route was made; or nothing refers to it */
	if (table == NULL || table->columns == NIL)
	{
		(void) hooks_walk_doom(cascade, cascade->root, parent, relid, tid, NULL, NULL);
		return slot;
	}
	rel = table_open(relid, NoLock);
	if (slot != NULL && slot->tts_tableOid != relid)
	{
		ExecDropSingleTupleTableSlot(slot);
		slot = NULL;
	}
	if (slot == NULL)
		slot = table_slot_create(rel, NULL);
	if (!table_tuple_fetch_row_version(rel, tid, GetActiveSnapshot(), slot))
		elog(ERROR, "could not find a row of table \"%s\" again",
			 RelationGetRelationName(rel));
	hooks_cascade_add(cascade, slot);
	table_close(rel, NoLock);
	return slot;
}

/*
 * Begins with the rows of a table that a condition selects; NULL: all of them.
 * As for hooks_query_roots(); children are tables of the route, too.
 */
void
hooks_cascade_select(HookWalk *cascade, Oid relid, bool children,
					 const char *condition)
{
	HookTable  *table = hooks_route_table(cascade->route, relid);
	HookCascadeCount *count = root_count(cascade, relid);
	char	   *query = hooks_query_roots(table, children, condition);
	TupleTableSlot *slot = NULL;
	HookLane	lane = {0};

	lane.context = CurrentMemoryContext;
	lane.query = query;
	hooks_lane_plan(&lane);
	hooks_lane_open(&lane);
	while (hooks_lane_advance(&lane))
	{
		Oid			found = DatumGetObjectId(lane.values[1]);
		ItemPointer tid = (ItemPointer) DatumGetPointer(lane.values[2]);

		CHECK_FOR_INTERRUPTS();
		if (children)
			slot = select_from_child(cascade, table, found, tid, slot);
		else
			(void) hooks_walk_doom(cascade, count, table, found, tid,
								   lane.values + 3, lane.nulls + 3);
		if (count->capped)
			hooks_lane_close(&lane);
	}
	if (slot != NULL)
		ExecDropSingleTupleTableSlot(slot);
	SPI_freeplan(lane.plan);
	pfree(query);
}

/*
 * Goes on from the rows that it was given, to the end.
 */
void
hooks_cascade_run(HookWalk *cascade)
{
	for (;;)
	{
		cascade->depth++;
		if (!open_steps(cascade, false))
			break;
		run_round(cascade);
	}
	if (open_steps(cascade, true))
		run_round(cascade);
	hooks_change_tell(cascade);
}

/*
 * Frees the walk, with what it has told.
 */
void
hooks_cascade_end(HookWalk *cascade)
{
	ListCell   *lc;

	foreach(lc, cascade->route->steps)
	{
		HookStepState *state = ((HookStep *) lfirst(lc))->state;

		hooks_lane_end(&state->rows);
		hooks_lane_end(&state->checks);
	}
	if (cascade->changes != NULL)
		tuplestore_end(cascade->changes);
	hooks_route_end(cascade->route);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	MemoryContextDelete(cascade->context);
}
