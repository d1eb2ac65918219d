/*
 * direct.c
 *		The rows that a running delete removes itself, not by its cascade.
 *
 * They were captured in batches, which are kept until the statement ends.  A
 * table without a before_cascade hook has no batches: its rows are found in
 * the table by the transaction and command that deleted them.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/ancestors.h"
#include "base/compat.h"
#include "cascade/cascade.h"
#include "cascade/direct.h"
#include "cascade/reached.h"
#include "cascade/switched.h"
#include "firing/chain.h"
#include "firing/deleted.h"
#include "firing/parent.h"
#include "firing/rows.h"
#include "registry/made.h"

/* was the row moved to another partition? */
static inline bool
has_moved(HeapTuple tuple)
{
	return HeapTupleHeaderIndicatesMovedPartitions(tuple->t_data);
}

/*
 * Begins the walk with the rows of a batch.  Rows that an UPDATE has moved to
 * another partition are left out: for foreign keys this is an update of the
 * partitioned table, not a delete.
 */
static void
add_batch(HookWalk *walk, const HookBatch *batch)
{
	for (BatchTable *table = batch->tables; table != NULL; table = table->next)
	{
		Relation	rel = table_open(table->relid, AccessShareLock);
		HookRowFetcher fetcher;

		hooks_rows_begin(&fetcher, rel, HOOK_VERSIONS_OLD);
		for (TidChunk *chunk = table->head; chunk != NULL; chunk = chunk->next)
			for (int i = 0; i < chunk->used; i++)
			{
				CHECK_FOR_INTERRUPTS();
				if (hooks_rows_get(&fetcher, &chunk->tids[i]) &&
					!(fetcher.heap && has_moved(&fetcher.tuple)))
					hooks_cascade_add(walk, fetcher.slot);
			}
		hooks_rows_end(&fetcher);
		table_close(rel, NoLock);
	}
}

/*
 * Was a row deleted, and not moved to another partition, by the command of
 * this transaction?
 */
static bool
is_deleted_by(HeapTuple tuple, CommandId command)
{
	CommandId	changed;

	return hooks_parent_changed_by(tuple->t_data, &changed) &&
		ItemPointerEquals(&tuple->t_data->t_ctid, &tuple->t_self) &&
		changed == command;
}

/*
 * Begins the walk with the rows that the statement has deleted from a table
 * which has no hook that captures them.
 */
static void
add_deleted(HookWalk *walk, Oid relid, CommandId command)
{
	Relation	rel = table_open(relid, AccessShareLock);
	TupleTableSlot *slot;
	TableScanDesc scan;

	if (rel->rd_tableam != GetHeapamTableAmRoutine())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rows deleted from table \"%s\" cannot be told",
						RelationGetRelationName(rel)),
				 errhint("Register a before_cascade hook on it.")));
	slot = table_slot_create(rel, NULL);
	scan = hooks_table_beginscan(rel, SnapshotAny);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		Buffer		buffer = ((BufferHeapTupleTableSlot *) slot)->buffer;
		bool		deleted;

		CHECK_FOR_INTERRUPTS();
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		deleted =
			is_deleted_by(((BufferHeapTupleTableSlot *) slot)->base.tuple,
						  command);
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		if (deleted)
			hooks_cascade_add(walk, slot);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
}

/*
 * Are the rows that are deleted from a table captured?
 */
bool
hooks_direct_is_captured(Oid relid)
{
	const HookEvent *event = hooks_event_find(HOOK_BEFORE_CASCADE,
											  HOOK_STATEMENT, HOOK_DELETE);
	Relation	rel = table_open(relid, AccessShareLock);
	const Trigger *trigger = hooks_made_find(rel->trigdesc, event);
	bool		captured = trigger != NULL && !hooks_switched_off(trigger);

	if (captured)
	{
		HookRelation *relation = hooks_chain_pin(relid);

		/* to look at its condition takes longer than all else here */
		if (!relation->capture_checked)
		{
			/* a copy, as to look may make the relcache build it anew */
			trigger = hooks_made_find(CopyTriggerDesc(rel->trigdesc), event);
			relation->capture_made = trigger != NULL &&
				hooks_made_by_us(trigger, event);
			relation->capture_checked = true;
		}
		captured = relation->capture_made &&
			hooks_chain_captures(relation, event);
		hooks_chain_unpin(relation);
	}
	table_close(rel, NoLock);
	return captured;
}

static bool
has_rows_of(List *batches, Oid relid)
{
	ListCell   *lc;

	foreach(lc, batches)
	{
		const HookBatch *batch = lfirst(lc);

		for (const BatchTable *table = batch->tables; table != NULL;
			 table = table->next)
			if (table->relid == relid)
				return true;
	}
	return false;
}

/*
 * The tables from which a statement deletes directly, and whose rows are not
 * captured.  Of those that have rows in its batches they are.
 */
static List *
uncaptured_tables(const HookStatement *statement, List *batches)
{
	List	   *relids = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, hooks_statement_written(statement->query->plannedstmt))
	{
		List	   *tables = has_subclass(lfirst_oid(lc)) ?
			hooks_ancestors_below(lfirst_oid(lc), NoLock) :
			list_make1_oid(lfirst_oid(lc));

		foreach(cell, tables)
		{
			if (!has_rows_of(batches, lfirst_oid(cell)) &&
				get_rel_relkind(lfirst_oid(cell)) == RELKIND_RELATION &&
				!hooks_direct_is_captured(lfirst_oid(cell)))
				relids = list_append_unique_oid(relids, lfirst_oid(cell));
		}
	}
	return relids;
}

/*
 * The batches with the rows that the statement itself deletes: those that have
 * fired and those that wait.  If the statement was not seen, only the batch
 * that fires is known.  None of the statement waits then: what is not seen
 * deletes a single row (logical replication's apply), or the library was
 * loaded in its cascade, where all its own rows have had their firing.
 */
static List *
find_batches(const HookBatch *firing, const HookStatement *statement)
{
	List	   *batches;

	if (statement == NULL)
		return list_make1((void *) firing);
	batches = list_copy(hooks_deleted_get(statement)->batches);
	for (HookBatch *batch = hooks_batches; batch != NULL; batch = batch->next)
		if (!batch->referential &&
			batch->query_cxt == statement->query->estate->es_query_cxt &&
			batch->event->phase == HOOK_BEFORE_CASCADE &&
			batch->event->action == HOOK_DELETE)
			batches = lappend(batches, batch);
	return batches;
}

/*
 * Finds where the rows are that the statement of a firing deletes itself.  If
 * it was not seen, only captured ones can be found.
 */
void
hooks_direct_find(HookDirect *direct, const HookBatch *firing,
				  const HookStatement *statement, bool captured_only)
{
	ListCell   *lc;

	direct->statement = statement;
	direct->batches = find_batches(firing, statement);
	direct->uncaptured = statement == NULL || captured_only ? NIL :
		uncaptured_tables(statement, direct->batches);
	direct->tables = list_copy(direct->uncaptured);
	foreach(lc, direct->batches)
	{
		List	   *relids = hooks_batch_relations(lfirst(lc));

		direct->tables = list_concat_unique_oid(direct->tables, relids);
	}
}

/*
 * Begins the walk with these rows.  A table whose rows are not captured is
 * left out if it leads to nothing that was asked for.
 */
void
hooks_direct_add(const HookDirect *direct, HookWalk *walk, Oid target,
				 List *target_tables)
{
	ListCell   *lc;

	foreach(lc, direct->batches)
	{
		add_batch(walk, lfirst(lc));
	}
	foreach(lc, direct->uncaptured)
	{
		Oid			relid = lfirst_oid(lc);
		HookTable  *table =
			hooks_reached_find(hooks_cascade_route(walk), relid);

		if (!OidIsValid(target) || hooks_route_leads(table) ||
			list_member_oid(target_tables, relid))
			add_deleted(walk, relid,
						direct->statement->query->estate->es_output_cid);
	}
}
