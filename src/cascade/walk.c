/*
 * walk.c
 *		What a walk along a cascade does to single rows: it counts them,
 *		deletes them, or finds that they block the delete.
 */
#include "postgres.h"

#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "cascade/computed.h"
#include "cascade/lane_plan.h"
#include "cascade/probe.h"
#include "cascade/query.h"
#include "cascade/reached.h"
#include "cascade/routes.h"
#include "cascade/walk.h"

/*
 * Begins the next depth: the events so far are of the rows above it.
 */
void
hooks_walk_descend(HookWalk *walk)
{
	MemoryContext old = MemoryContextSwitchTo(walk->context);

	walk->last_events = walk->last_events == NULL ? palloc(sizeof(int64)) :
		repalloc(walk->last_events, sizeof(int64) * (walk->depth + 1));
	walk->last_events[walk->depth] = walk->event;
	walk->depth++;
	MemoryContextSwitchTo(old);
}

/*
 * The depth of the rows to which an event leads.
 */
int
hooks_walk_depth_after(const HookWalk *walk, int64 event)
{
	int			depth = 0;

	Assert(event <= walk->event);
	while (walk->last_events[depth] < event)
		depth++;
	return depth + 1;
}

/*
 * The count of what a step has done in this round.  NULL if there are max_rows
 * counts, and the step has one of an earlier round: then that is the last one
 * of it.
 */
HookCascadeCount *
hooks_walk_count(HookWalk *walk, HookCascadeCount **last, HookStep *step,
				 HookEffect effect)
{
	HookCascadeCount *count = *last;
	MemoryContext old;

	if (count != NULL && count->depth == walk->depth)
		return count;
	if (count != NULL && walk->max_rows > 0 &&
		list_length(walk->counts) >= walk->max_rows)
	{
		count->capped = walk->cut = true;
		return NULL;
	}
	old = MemoryContextSwitchTo(walk->context);
	count = palloc0(sizeof(HookCascadeCount));
	count->number = list_length(walk->counts);
	count->depth = walk->depth;
	count->effect = effect;
	count->capped = walk->cut;
	if (step != NULL)
	{
		count->step = step;
		count->key = step->key;
		count->relation = step->key->referencing;
		count->columns = step->set;
		count->late = step->deferred;
	}
	walk->counts = lappend(walk->counts, count);
	MemoryContextSwitchTo(old);
	*last = count;
	return count;
}

/*
 * Counts a row; false if max_rows were counted already.
 */
bool
hooks_walk_count_row(HookWalk *walk, HookCascadeCount *count, Oid relid)
{
	if (walk->max_rows > 0 && count->rows >= walk->max_rows)
	{
		count->capped = walk->cut = true;
		return false;
	}
	count->rows++;
	if (count->relids == NIL || llast_oid(count->relids) != relid)
	{
		MemoryContext old = MemoryContextSwitchTo(walk->context);

		count->relids = list_append_unique_oid(count->relids, relid);
		MemoryContextSwitchTo(old);
	}
	return true;
}

/*
 * Calls the visitor for a row.
 */
void
hooks_walk_visit(HookWalk *walk, const HookCascadeCount *count, Oid relid,
				 const ItemPointerData *tid)
{
	HookCascadeRow row;

	if (walk->visitor == NULL)
		return;
	row.relid = relid;
	row.tid = *tid;
	row.depth = count->depth;
	row.step = count->step;
	row.effect = count->effect;
	walk->visitor(&row, walk->arg);
}

/*
 * Has one of the steps, except the given one, changed the row?
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
write_sql(const HookWalk *walk, const HookStep *step, const HookLane *lane,
		  const char *name)
{
	bool		ordered = walk->route->ordered || step->deferred;

	if (lane == &step->state->checks)
		return hooks_query_checks(step, name, ordered);
	return step->counts ? hooks_query_counts(step, name) :
		hooks_query_rows(step, name, ordered || walk->locks);
}

/*
 * Makes the lane of a step.
 */
static void
make_lane(HookWalk *walk, HookStep *step)
{
	MemoryContext old = MemoryContextSwitchTo(walk->route->context);
	HookStepState *state = step->state;
	char	   *name = psprintf("step %d", ++walk->route->nlanes);
	bool		lasts = walk->route->kept != NULL;

	if (step->recheck)
		hooks_lane_prepare(&state->checks, name, hooks_query_desc(step, true),
						   step->key->referenced,
						   write_sql(walk, step, &state->checks, name), false,
						   lasts);
	else
	{
		hooks_lane_prepare(&state->rows, name, hooks_query_desc(step, false),
						   step->key->referencing,
						   write_sql(walk, step, &state->rows, name), true,
						   lasts);
		if (walk->locks)
			state->rows.probe = hooks_probe_make(step);
	}
	MemoryContextSwitchTo(old);
}

static void
add_taken(HookWalk *walk, HookStep *step)
{
	int			n = list_length(walk->taken);

	while (n > 0 &&
		   ((HookStep *) list_nth(walk->taken, n - 1))->number > step->number)
		n--;
	walk->taken = list_insert_nth(walk->taken, n, step);
	step->taken = true;
}

/*
 * Prepares a step when the walk first comes to it.  If the walk is outdated
 * after this, no rows can be added to the step's lane.
 */
void
hooks_walk_prepare(HookWalk *walk, HookStep *step)
{
	MemoryContext old = MemoryContextSwitchTo(walk->context);
	HookStepState *state = step->state;
	HookLane   *lane = step->recheck ? &state->checks : &state->rows;

	Assert(!step->taken);
	/* only the number of rows is needed: nothing depends on them */
	step->counts = step->alone && !step->deferred && walk->visitor == NULL &&
		walk->max_rows == 0;
	if (!step->table->open)
		hooks_reached_open(walk->route, step->table);
	walk->outdated = !hooks_routes_is_current(walk->route);
	if (walk->outdated)
	{
		MemoryContextSwitchTo(old);
		return;
	}
	if (lane->context == NULL)
		make_lane(walk, step);
	hooks_lane_begin(lane, walk->context);
	if (step->effect == HOOK_EFFECT_SET_DEFAULT && !step->copies)
	{
		state->defaults = palloc(sizeof(Datum) * step->key->nkeys);
		state->default_nulls = palloc(sizeof(bool) * step->key->nkeys);
		state->unknown = !hooks_query_defaults(step, state->defaults,
											   state->default_nulls);
	}
	state->unknown |= hooks_computed_is_unknown(step);
	add_taken(walk, step);
	MemoryContextSwitchTo(old);
}

/*
 * Ends the walk's use of a step, which is as before the walk then.
 */
void
hooks_walk_leave(HookStep *step)
{
	HookStepState *state = step->state;

	hooks_lane_end(&state->rows);
	hooks_lane_end(&state->checks);
	state->late = NIL;
	state->unknown = false;
	state->defaults = NULL;
	state->default_nulls = NULL;
	state->count = state->blocked = NULL;
	state->blocks = NULL;
	step->changed = NULL;
	step->taken = step->counts = false;
}

/*
 * Writes the query of a lane anew, before it is planned or when PostgreSQL has
 * dropped its plan: a table, or more likely its schema, may have another name.
 */
void
hooks_walk_renew_sql(HookWalk *walk, const HookStep *step, HookLane *lane)
{
	MemoryContext old = MemoryContextSwitchTo(lane->context);
	char	   *sql;

	AcceptInvalidationMessages();
	sql = write_sql(walk, step, lane, lane->enr.md.name);
	MemoryContextSwitchTo(old);
	hooks_lane_plan_set_sql(lane, sql);
}

/*
 * Replaces the values of a row, those of the tree's columns, by its new ones
 * if it was changed.
 */
void
hooks_walk_present(HookWalk *walk, const HookTree *tree, Oid relid,
				   const ItemPointerData *tid, Datum *values, bool *nulls)
{
	int			n = list_length(tree->columns);
	ListCell   *lc;

	if (tree->moves)
	{
		HookVersion *version =
			hooks_moved_find(walk->versions, relid, tid);

		if (version != NULL)
		{
			Assert(version->values != NULL);
			memcpy(values, version->values, sizeof(Datum) * n);
			memcpy(nulls, version->nulls, sizeof(bool) * n);
		}
		return;
	}
	foreach(lc, tree->changes)
	{
		HookStep   *step = lfirst(lc);

		if (step->changed == NULL ||
			!hooks_tidset_has(step->changed, relid, tid))
			continue;
		for (int i = 0; i < step->key->nkeys; i++)
			if (step->positions[i] >= 0 &&
				bms_is_member(step->keys[i], step->touched))
				nulls[step->positions[i]] = true;
	}
}

/*
 * Queues an event of a referenced row: its key goes to the step's next round.
 * values are those of the HookTree's columns, before and after a change; NULL:
 * the row is deleted.
 */
void
hooks_walk_queue(HookWalk *walk, const HookWay *way, HookStep *step,
				 const Datum *values, const bool *nulls,
				 const Datum *new_values, const bool *new_nulls)
{
	const HookTree *tree = way->tree;
	Datum		row[2 * INDEX_MAX_KEYS + 1];
	bool		row_nulls[2 * INDEX_MAX_KEYS + 1] = {false};
	int			n = way->key->nkeys;
	bool		same = new_values != NULL;

	Assert(step->key == way->key);
	Assert((new_values == NULL) == (step->cause == HOOK_CAUSE_DELETED));
	for (int i = 0; i < n; i++)
	{
		int			position = way->positions[i];

		Assert(position >= 0);
		if (nulls[position])
			return;
		row[i + 1] = values[position];
		if (new_values == NULL)
			continue;
		row[n + i + 1] = new_values[position];
		row_nulls[n + i + 1] = new_nulls[position];
		/* as ri_KeysEqual() compares referenced keys */
		same = same && !new_nulls[position] &&
			datum_image_eq(values[position], new_values[position],
						   tree->byvals[position], tree->lengths[position]);
	}
	if (same)
		return;
	if (!step->taken)
		hooks_walk_prepare(walk, step);
	if (walk->outdated)
		return;
	row[0] = Int64GetDatum(++walk->event);
	hooks_lane_put(&step->state->rows, row, row_nulls);
}

/*
 * A row is deleted.  False if max_rows were counted already.
 */
bool
hooks_walk_doom(HookWalk *walk, HookCascadeCount *count,
				HookTable *table, Oid relid,
				const ItemPointerData *tid, Datum *values, bool *nulls)
{
	HookLeaf   *leaf = hooks_reached_leaf(table, relid);
	ListCell   *lc;

	Assert(count->effect == HOOK_EFFECT_DELETE);
	if (!hooks_walk_count_row(walk, count, relid))
		return false;
	hooks_tidset_add(walk->doomed, relid, tid);
	hooks_walk_visit(walk, count, relid, tid);
	if (leaf == NULL || leaf->deletes == NIL)
		return true;
	hooks_walk_present(walk, table->tree, relid, tid, values, nulls);
	foreach(lc, leaf->deletes)
	{
		HookWay    *way = lfirst(lc);

		if (way->steps[HOOK_CAUSE_DELETED] != NULL)
			hooks_walk_queue(walk, way, way->steps[HOOK_CAUSE_DELETED],
							 values, nulls, NULL, NULL);
	}
	return true;
}

/*
 * A row blocks the delete.  It is counted once for each foreign key.
 */
void
hooks_walk_block(HookWalk *walk, HookStep *step, Oid relid,
				 const ItemPointerData *tid)
{
	HookStepState *state = step->state;
	HookCascadeCount *count;
	ListCell   *lc;

	Assert(step->effect == HOOK_EFFECT_BLOCKED ||
		   step->effect == HOOK_EFFECT_SET_DEFAULT);
	foreach(lc, walk->route->steps)
	{
		HookStep   *other = lfirst(lc);

		if (other->key == step->key && other->state->blocks != NULL &&
			hooks_tidset_has(other->state->blocks, relid, tid))
			return;
	}
	if (state->blocks == NULL)
		state->blocks = hooks_tidset_make(walk->context);
	count = hooks_walk_count(walk, &state->blocked, step, HOOK_EFFECT_BLOCKED);
	if (count != NULL && hooks_walk_count_row(walk, count, relid))
		hooks_tidset_add(state->blocks, relid, tid);
}
