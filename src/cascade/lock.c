/*
 * lock.c
 *		Locks the rows that a walk has found.
 *
 * A walk must find exactly what the running delete is going to do.  So in each
 * round it locks the rows that it has found, with the locks that the cascade
 * is going to take.  A row that will be deleted is locked FOR UPDATE: after
 * that no session can add a row that refers to it, so the next round finds all
 * of them.  A row by which NO ACTION or RESTRICT would stop the delete is
 * locked FOR KEY SHARE.  If another session has changed or removed a row since
 * the round's snapshot, the rest of the round is locked, and then the walk
 * begins anew.  What it has locked nobody can change meanwhile.
 *
 * An example: table b refers to a, and c refers to b.  We delete row 1 of a.
 * Another session has inserted row 20 of c, which refers to row 10 of b, and
 * has changed row 11 of b to refer to row 2 of a.  It has not committed yet.
 *
 *	round 1		finds rows 10 and 11 of b.  To lock row 10 is to wait for
 *				the other one, who has it FOR KEY SHARE.  It commits, and
 *				row 10 is locked.  Row 11 is not what it was: again.
 *	round 1		finds row 10, which is locked.
 *	round 2		has a snapshot of its own, and finds row 20 of c.
 *
 * The table of the rows is locked, too, as the cascade is going to lock it.
 * After that no session can add a foreign key to it, by which the cascade
 * would go on.  If one was added since the route was made, the walk begins
 * anew.
 *
 * The cascade's own queries, which run later, find the same rows and have to
 * wait for nobody.  Rows are locked in the order of the cascade, those of all
 * tables up to the last round that the walk needs.  So the walk adds no
 * deadlock that the cascade alone would not have.  What it does not lock, and
 * the cascade may wait for: the row to which a changed row refers then, and
 * another session's row with the same unique value.
 *
 * As the cascade does, we look with the newest snapshot, whatever the
 * isolation level.  In REPEATABLE READ and SERIALIZABLE, a row that has
 * changed since the transaction's snapshot is an error (40001).
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "cascade/lock.h"
#include "cascade/query.h"
#include "cascade/reached.h"

/*
 * Replaces the active snapshot by a new one, for the same command.
 */
void
hooks_lock_renew_snapshot(const HookWalk *walk)
{
	PopActiveSnapshot();
	PushCopiedSnapshot(GetLatestSnapshot());
	GetActiveSnapshot()->curcid = walk->command;
}

/*
 * Does a step change columns of this table to which foreign keys can refer?
 */
static bool
changes_key(const HookStep *step, Relation rel)
{
	Bitmapset  *columns = RelationGetIndexAttrBitmap(rel,
													 INDEX_ATTR_BITMAP_KEY);
	Oid			top = step->table->tree->root;
	int			attnum = -1;
	bool		found = false;

	while (!found && (attnum = bms_next_member(step->touched, attnum)) >= 0)
	{
		AttrNumber	number = attnum;
		AttrNumber *own = hooks_reached_numbers(top, RelationGetRelid(rel),
												&number, 1);

		found = bms_is_member(own[0] - FirstLowInvalidHeapAttributeNumber,
							  columns);
		pfree(own);
	}
	bms_free(columns);
	return found;
}

/*
 * How a step locks the rows of one table; see ExecUpdateLockMode() in
 * PostgreSQL.
 */
static LockTupleMode
lock_mode(const HookStep *step, const HookLeaf *leaf, Relation rel)
{
	if (step->effect == HOOK_EFFECT_BLOCKED)
		return LockTupleKeyShare;
	if (step->effect == HOOK_EFFECT_DELETE ||
		hooks_route_leaves(leaf, step) || changes_key(step, rel))
		return LockTupleExclusive;
	return LockTupleNoKeyExclusive;
}

static void
report_conflict(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update")));
}

/*
 * Gets ready to lock a table's rows.
 */
static void
prepare_leaf(HookWalk *walk, HookLeaf *leaf, const HookStep *step)
{
	MemoryContext old = MemoryContextSwitchTo(walk->context);
	LOCKMODE	lockmode = step->effect == HOOK_EFFECT_BLOCKED ?
		RowShareLock : RowExclusiveLock;

	if (leaf->locking == NULL)
	{
		leaf->locking = table_open(leaf->relid, lockmode);
		leaf->slot = table_slot_create(leaf->locking, NULL);
		walk->outdated |= hooks_reached_misses(walk->route, leaf->locking);
	}
	else if (leaf->locked_by->effect == HOOK_EFFECT_BLOCKED &&
			 step->effect != HOOK_EFFECT_BLOCKED)
	{
		LockRelationOid(leaf->relid, lockmode);
		walk->outdated |= hooks_reached_misses(walk->route, leaf->locking);
	}
	leaf->lock_mode = lock_mode(step, leaf, leaf->locking);
	leaf->locked_by = step;
	MemoryContextSwitchTo(old);
}

/*
 * Locks a row.  False if it has changed or gone since the active snapshot, or
 * if the route does not know its table.
 */
static bool
lock_row(HookWalk *walk, HookStep *step, Oid relid, ItemPointer tid)
{
	HookLeaf   *leaf = hooks_reached_leaf(step->table, relid);
	TM_FailureData failure;
	TM_Result	result;
	bool		seen = true;

	/* a partition that is newer than the route, which ends at it */
	if (leaf == NULL)
		return false;
	if (leaf->locked_by != step)
		prepare_leaf(walk, leaf, step);
	result = table_tuple_lock(leaf->locking, tid, GetActiveSnapshot(),
							  leaf->slot, walk->command, leaf->lock_mode,
							  LockWaitBlock, 0, &failure);
	if (result == TM_Ok && IsolationUsesXactSnapshot())
		seen = table_tuple_satisfies_snapshot(leaf->locking, leaf->slot,
											  GetTransactionSnapshot());
	ExecClearTuple(leaf->slot);
	switch (result)
	{
		case TM_Ok:
			if (!seen)
				report_conflict();
			return true;
		case TM_SelfModified:
		case TM_Invisible:

			/* the cascade has changed it already */
			return true;
		case TM_Updated:
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				report_conflict();
			return false;
		default:
			elog(ERROR, "unexpected result of locking a row: %d", result);
	}
	return false;
}

/*
 * Locks the row that a lane has found, if it has found one.  False if it is to
 * be looked for anew.
 */
bool
hooks_lock_found(HookWalk *walk, HookStep *step, const HookLane *lane)
{
	Oid			relid = found_relid(lane->values, HOOK_ROW_RELID);
	ItemPointer tid = found_tid(lane->values, HOOK_ROW_TID);

	CHECK_FOR_INTERRUPTS();
	return lane->nulls[HOOK_ROW_TID] ||
		hooks_tidset_has(walk->doomed, relid, tid) ||
		lock_row(walk, step, relid, tid);
}

/*
 * Frees what locking needs.  The locks stay to the end of the transaction.
 */
void
hooks_lock_end(HookWalk *walk)
{
	ListCell   *step;
	ListCell   *lc;

	foreach(step, walk->taken)
	{
		foreach(lc, ((HookStep *) lfirst(step))->table->leaves)
		{
			HookLeaf   *leaf = lfirst(lc);

			if (leaf->locking == NULL)
				continue;
			ExecDropSingleTupleTableSlot(leaf->slot);
			table_close(leaf->locking, NoLock);
			leaf->locking = NULL;
			leaf->locked_by = NULL;
		}
	}
}
