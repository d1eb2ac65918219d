/*
 * walk.c
 *		What a walk along a cascade does to single rows: count, delete, keep them
 *		from being deleted.
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/memutils.h"

#include "query.h"
#include "walk.h"

/*
 * The count of what a step has done in this round.
 */
HookCascadeCount *
hooks_walk_count(HookWalk *cascade, HookCascadeCount **last, HookStep *step,
				 HookEffect effect)
{
	HookCascadeCount *count = *last;
	MemoryContext old;

	if (count != NULL && count->depth == cascade->depth)
		return count;
	old = MemoryContextSwitchTo(cascade->context);
	count = palloc0(sizeof(HookCascadeCount));
	count->number = list_length(cascade->counts);
	count->depth = cascade->depth;
	count->effect = effect;
	count->capped = cascade->cut;
	if (step != NULL)
	{
		count->step = step;
		count->key = step->key;
		count->relation = step->key->referencing;
		count->columns = step->set;
		count->late = step->deferred;
	}
	cascade->counts = lappend(cascade->counts, count);
	MemoryContextSwitchTo(old);
	*last = count;
	return count;
}

/*
 * Counts a row; false if there are enough.
 */
bool
hooks_walk_count_row(HookWalk *cascade, HookCascadeCount *count, Oid relid)
{
	if (cascade->max_rows > 0 && count->rows >= cascade->max_rows)
	{
		count->capped = cascade->cut = true;
		return false;
	}
	count->rows++;
	if (count->relids == NIL || llast_oid(count->relids) != relid)
	{
		MemoryContext old = MemoryContextSwitchTo(cascade->context);

		count->relids = list_append_unique_oid(count->relids, relid);
		MemoryContextSwitchTo(old);
	}
	return true;
}

/*
 * Tells the visitor of a row.
 */
void
hooks_walk_visit(HookWalk *cascade, const HookCascadeCount *count, Oid relid,
				 const ItemPointerData *tid)
{
	HookCascadeRow row;

	if (cascade->visitor == NULL)
		return;
	row.relid = relid;
	row.tid = *tid;
	row.depth = count->depth;
	row.step = count->step;
	row.effect = count->effect;
	cascade->visitor(&row, cascade->arg);
}

/*
 * Has one of the steps changed the row, other than the given one?
 */
bool
hooks_walk_is_changed(List *steps, const HookStep *other, Oid relid,
					  const ItemPointerData *tid)
{
	ListCell   *lc;

	foreach(lc, steps)
	{
		HookStep   *step = lfirst(lc);

		if (step != other && step->changed != NULL &&
			hooks_tidset_has(step->changed, relid, tid))
			return true;
	}
	return false;
}

/*
 * The query of a step's lane, with the names that its tables have now.
 */
static char *
write_query(const HookWalk *cascade, const HookStep *step, const HookLane *lane,
			const char *name)
{
	if (lane == &step->state->checks)
		return hooks_query_checks(step, name, cascade->route->ordered);
	return step->counts ? hooks_query_counts(step, name) :
		hooks_query_rows(step, name, cascade->route->ordered);
}

/*
 * Makes a step's queries, when it is first taken.
 */
void
hooks_walk_prepare(HookWalk *cascade, HookStep *step)
{
	MemoryContext old = MemoryContextSwitchTo(cascade->context);
	HookStepState *state = step->state;
	bool		checks = cascade->route->blocked && hooks_query_defaults(step);
	char	   *name;

	/* nobody wants to know which rows, and nothing depends on it */
	step->counts = step->alone && cascade->visitor == NULL && cascade->max_rows == 0;
	if (!step->recheck)
	{
		name = psprintf("step %d", ++cascade->nlanes);
		hooks_lane_prepare(&state->rows, name, hooks_query_desc(step, false),
						   step->key->referencing,
						   write_query(cascade, step, &state->rows, name), true);
	}
	if (checks)
	{
		name = psprintf("step %d", ++cascade->nlanes);
		hooks_lane_prepare(&state->checks, name, hooks_query_desc(step, true),
						   step->key->referenced,
						   write_query(cascade, step, &state->checks, name), false);
	}
	if (step->knows_same)
		hooks_query_default_row(step, &state->default_relid, &state->default_tid);
	step->taken = true;
	MemoryContextSwitchTo(old);
}

/*
 * Writes the query of a lane anew, before it is planned or when PostgreSQL has
 * dropped its plan: a table, or more likely its schema, may have another name.
 */
void
hooks_walk_renew_query(HookWalk *cascade, const HookStep *step, HookLane *lane)
{
	MemoryContext old = MemoryContextSwitchTo(cascade->context);
	char	   *query;

	AcceptInvalidationMessages();
	query = write_query(cascade, step, lane, lane->enr.md.name);
	MemoryContextSwitchTo(old);
	hooks_lane_set_query(lane, query);
}

/*
 * Queues an event of a referenced row: its key goes to the step's next round.
 * values are those of the HookTable's columns.
 */
void
hooks_walk_queue(HookWalk *cascade, const HookWay *way, HookStep *step,
				 Oid relid, const ItemPointerData *tid,
				 const Datum *values, const bool *nulls)
{
	Datum		row[INDEX_MAX_KEYS + 1];
	bool		row_nulls[INDEX_MAX_KEYS + 1] = {false};

	cascade->event++;
	for (int i = 0; i < way->key->nkeys; i++)
	{
		if (nulls[way->positions[i]])
			return;
		row[i + 1] = values[way->positions[i]];
	}
	if (hooks_walk_is_changed(way->spoilers, NULL, relid, tid))
		return;
	if (!step->taken)
		hooks_walk_prepare(cascade, step);
	row[0] = Int64GetDatum(cascade->event);
	hooks_lane_put(&step->state->rows, row, row_nulls);
}

/*
 * A row is deleted.  False if there are enough of its kind.
 */
bool
hooks_walk_doom(HookWalk *cascade, HookCascadeCount *count,
				HookTable *table, Oid relid,
				const ItemPointerData *tid, const Datum *values, const bool *nulls)
{
	HookLeaf   *leaf = hooks_route_leaf(table, relid);
	ListCell   *lc;

	if (!hooks_walk_count_row(cascade, count, relid))
		return false;
	(void) hooks_tidset_add(cascade->doomed, relid, tid);
	hooks_walk_visit(cascade, count, relid, tid);
	if (leaf == NULL)
		return true;
	foreach(lc, leaf->deletes)
	{
		HookWay    *way = lfirst(lc);
		HookStep   *step = way->steps[HOOK_CAUSE_DELETED];

		if (step == NULL)
			continue;
		hooks_walk_queue(cascade, way, step, relid, tid, values, nulls);
		if (step->state->default_relid == relid &&
			ItemPointerEquals(&step->state->default_tid, (ItemPointer) tid))
			step->state->default_event = cascade->event;
	}
	return true;
}

/*
 * A row keeps the delete from happening.
 */
void
hooks_walk_block(HookWalk *cascade, HookStep *step, Oid relid,
				 const ItemPointerData *tid)
{
	HookStepState *state = step->state;
	HookCascadeCount *count;

	if (state->blocks == NULL)
		state->blocks = hooks_tidset_make(cascade->context);
	if (hooks_tidset_has(state->blocks, relid, tid))
		return;
	count = hooks_walk_count(cascade, &state->blocked, step, HOOK_EFFECT_BLOCKED);
	if (hooks_walk_count_row(cascade, count, relid))
		(void) hooks_tidset_add(state->blocks, relid, tid);
}
