/*
 * cascade.c
 *		What a DELETE, with its cascades, would do or does.
 *
 * The walk repeats what PostgreSQL's trigger queue does, but with sets of
 * rows: it begins with the statement's own rows, and goes on round by round
 * (round.c).
 *
 * All queries use the active snapshot.  The statement's own rows are selected
 * by a condition, as the current user.  The other rows are read as the owner
 * of their table, as PostgreSQL does it; whether the current user may read
 * them is checked before.  A preview locks only the tables, as any SELECT
 * does.  A walk of a running delete also locks the rows that it finds
 * (lock.c).  A schema can be renamed at any time, so a query is written anew
 * when PostgreSQL drops its plan.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "cascade/cascade.h"
#include "cascade/change.h"
#include "cascade/lock.h"
#include "cascade/query.h"
#include "cascade/reached.h"
#include "cascade/round.h"
#include "cascade/routes.h"

/* so often a walk tries to take a route that is kept */
#define TRIES 3

/*
 * Takes a kept route, and opens the tables with which it begins.  False if it
 * was outdated by then.
 */
static bool
try_route(HookWalk *walk, List *roots, Oid target)
{
	ListCell   *lc;

	walk->route = hooks_routes_take(roots, target, walk->context);
	foreach(lc, roots)
	{
		HookTable  *table = hooks_reached_find(walk->route, lfirst_oid(lc));

		if (!table->open)
			hooks_reached_open(walk->route, table);
	}
	if (hooks_routes_is_current(walk->route))
		return true;
	hooks_routes_give_back(walk->route);
	return false;
}

/*
 * Gets the route of a running delete.  The tables with which it begins are
 * open then, and have not changed since the route was made.
 *
 * Where changes come faster than routes are made, the walk makes one of its
 * own: all its tables are open, so it stays as they are.  With
 * debug_discard_caches, each look-up is such a change.
 */
static void
take_route(HookWalk *walk, List *roots, Oid target)
{
	for (int i = 0; i < TRIES; i++)
		if (try_route(walk, roots, target))
			return;
	walk->route = hooks_routes_make(roots, target, true);
}

/*
 * Begins a walk from rows of the given tables.  With a target, it looks only
 * for rows that the delete removes, and only on the way to that table.  With a
 * visitor, the delete is running: the walk does not look for rows that block,
 * and locks what it finds.  Each round then replaces the active snapshot by a
 * new one for the same command.  max_rows limits the rows of each step in each
 * round; 0 is no limit.
 *
 * Only the route is looked up yet.  End the walk with hooks_cascade_end().
 */
HookWalk *
hooks_cascade_begin(List *roots, Oid target, int64 max_rows,
					HookCascadeVisitor visitor, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks cascade",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	HookWalk   *walk = palloc0(sizeof(HookWalk));

	walk->context = context;
	walk->visitor = visitor;
	walk->arg = arg;
	walk->locks = visitor != NULL;
	walk->command = GetActiveSnapshot()->curcid;
	walk->max_rows = max_rows;
	walk->doomed = hooks_tidset_make(context);
	if (walk->locks)
		take_route(walk, roots, target);
	else
		walk->route = hooks_routes_make(roots, target, false);
	MemoryContextSwitchTo(old);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	return walk;
}

HookRoute *
hooks_cascade_route(HookWalk *walk)
{
	return walk->route;
}

static int
compare_counts(const ListCell *a, const ListCell *b)
{
	const HookCascadeCount *count = lfirst(a);
	const HookCascadeCount *other = lfirst(b);

	return count->depth != other->depth ? count->depth - other->depth :
		count->number - other->number;
}

/*
 * A list of HookCascadeCount, sorted by depth, then by their first rows.
 */
List *
hooks_cascade_counts(const HookWalk *walk)
{
	List	   *counts = list_copy(walk->counts);

	/* the deferred round comes last, whatever its depths */
	list_sort(counts, compare_counts);
	return counts;
}

static HookCascadeCount *
root_count(HookWalk *walk, Oid relid)
{
	HookCascadeCount *count = hooks_walk_count(walk, &walk->root, NULL,
											   HOOK_EFFECT_DELETE);

	if (!OidIsValid(count->relation))
		count->relation = relid;
	return count;
}

/*
 * Adds a row from which the walk begins, in a slot of its own table.
 */
void
hooks_cascade_add(HookWalk *walk, TupleTableSlot *slot)
{
	Oid			relid = slot->tts_tableOid;
	HookTable  *table = hooks_reached_find(walk->route, relid);
	int			ncolumns = list_length(table->tree->columns);
	Datum		values[MaxTupleAttributeNumber];
	bool		nulls[MaxTupleAttributeNumber];

	Assert(table != NULL);

	if (hooks_tidset_has(walk->doomed, relid, &slot->tts_tid))
		return;
	for (int i = 0; i < ncolumns; i++)
		values[i] = slot_getattr(slot, table->numbers[i], &nulls[i]);
	(void) hooks_walk_doom(walk, root_count(walk, relid), table, relid,
						   &slot->tts_tid, values, nulls);
}

/*
 * Adds a row of a table or of a child of it, from which the walk begins.  The
 * slot is that of the previous row's table, or NULL.
 */
static TupleTableSlot *
select_from_child(HookWalk *walk, HookTable *parent, Oid relid,
				  ItemPointer tid, TupleTableSlot *slot)
{
	HookTable  *table = hooks_reached_find(walk->route, relid);
	Relation	rel;

	/* it is newer than the route, or no table refers to it */
	if (table == NULL || table->tree->columns == NIL)
	{
		(void) hooks_walk_doom(walk, walk->root, parent, relid, tid, NULL,
							   NULL);
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
	hooks_cascade_add(walk, slot);
	table_close(rel, NoLock);
	return slot;
}

/*
 * Adds the rows of a table that a condition selects; NULL selects all.  The
 * arguments are those of hooks_query_roots().  Children are tables of the
 * route, too.
 */
void
hooks_cascade_select(HookWalk *walk, Oid relid, bool children,
					 const char *condition)
{
	HookTable  *table = hooks_reached_find(walk->route, relid);
	HookCascadeCount *count = root_count(walk, relid);
	char	   *sql = hooks_query_roots(table, children, condition);
	TupleTableSlot *slot = NULL;
	HookLane	lane = {0};

	lane.context = lane.memory = CurrentMemoryContext;
	lane.sql = sql;
	lane.told = condition != NULL;
	hooks_lane_open(&lane);
	while (hooks_lane_advance(&lane))
	{
		Oid			found = DatumGetObjectId(lane.values[HOOK_ROOT_RELID]);
		ItemPointer tid =
			(ItemPointer) DatumGetPointer(lane.values[HOOK_ROOT_TID]);

		CHECK_FOR_INTERRUPTS();
		if (children)
			slot = select_from_child(walk, table, found, tid, slot);
		else
			(void) hooks_walk_doom(walk, count, table, found, tid,
								   lane.values + HOOK_ROOT_COLUMNS,
								   lane.nulls + HOOK_ROOT_COLUMNS);
		if (count->capped)
			hooks_lane_close(&lane);
	}
	if (slot != NULL)
		ExecDropSingleTupleTableSlot(slot);
	hooks_lane_end(&lane);
	pfree(sql);
}

/*
 * Runs the walk to its end, from the rows that were added.  False if a table
 * has changed since the route was made, or another session has changed a row
 * that was found: then begin another walk.
 */
bool
hooks_cascade_run(HookWalk *walk)
{
	for (;;)
	{
		hooks_walk_descend(walk);
		if (walk->outdated || !hooks_round_open(walk, false))
			break;
		hooks_round_run(walk);
		walk->outdated |= walk->overtaken;
	}
	if (!walk->outdated && hooks_round_open(walk, true))
		hooks_round_run(walk);
	if (walk->outdated || walk->overtaken)
		return false;
	hooks_change_tell(walk);
	return true;
}

/*
 * Frees the walk, and all its results.
 */
void
hooks_cascade_end(HookWalk *walk)
{
	ListCell   *lc;

	hooks_lock_end(walk);
	foreach(lc, walk->taken)
	{
		hooks_walk_leave(lfirst(lc));
	}
	if (walk->changes != NULL)
		tuplestore_end(walk->changes);
	hooks_routes_give_back(walk->route);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	MemoryContextDelete(walk->context);
}
