/*
 * doomed.c
 *		The rows of a table that the current delete removes.
 *
 * The rows that the statement itself deletes were captured in batches, which
 * are kept until it ends.  A table without a before_cascade hook has no
 * batches: its rows are found in the table by the transaction and command that
 * deleted them.  From these rows the walk of cascade.c finds the others, as
 * they were when the statement began.  It uses a new snapshot with the
 * statement's command number, so that rows which the statement has removed
 * already are still visible.
 *
 * The result is cached for each statement, table and role, as TIDs, six bytes
 * a row.  It is valid until TRUNCATE or a rewrite gives the table another
 * file.  The cache lives with the record of the running delete (deleted.c).
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/ancestors.h"
#include "base/compat.h"
#include "base/rights.h"
#include "base/tidlist.h"
#include "cascade/cascade.h"
#include "cascade/doomed.h"
#include "cascade/reached.h"
#include "cascade/switched.h"
#include "firing/chain.h"
#include "firing/context.h"
#include "firing/deleted.h"
#include "firing/parent.h"
#include "firing/rows.h"
#include "firing/statement.h"
#include "registry/made.h"

static bool
is_current(const HookDeleteAnswer *answer)
{
	ListCell   *table;
	ListCell   *file;

	forboth(table, answer->tables, file, answer->files)
	{
		if (hooks_tidlist_file(lfirst_oid(table)) != lfirst_oid(file))
			return false;
	}
	return true;
}

/*
 * The walk's visitor: keeps the row if it is of a table that was asked for.
 */
static void
keep_row(const HookCascadeRow *row, void *arg)
{
	HookDeleteAnswer *answer = arg;
	MemoryContext old;

	if (row == NULL)
	{
		answer->rows = NIL;
		return;
	}
	if (row->effect != HOOK_EFFECT_DELETE ||
		!list_member_oid(answer->tables, row->relid))
		return;
	old = MemoryContextSwitchTo(answer->context);
	answer->rows = hooks_tidlist_add(answer->rows, row->relid, &row->tid);
	MemoryContextSwitchTo(old);
}

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

		hooks_rows_begin(&fetcher, rel, true);
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
hooks_doomed_is_captured(Oid relid)
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
			trigger = hooks_made_find(rel->trigdesc, event);
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
uncaptured_tables(const HookStatement *root, List *batches)
{
	List	   *relids = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, hooks_statement_written(root->query->plannedstmt))
	{
		List	   *tables = has_subclass(lfirst_oid(lc)) ?
			hooks_ancestors_below(lfirst_oid(lc), NoLock) :
			list_make1_oid(lfirst_oid(lc));

		foreach(cell, tables)
		{
			if (!has_rows_of(batches, lfirst_oid(cell)) &&
				get_rel_relkind(lfirst_oid(cell)) == RELKIND_RELATION &&
				!hooks_doomed_is_captured(lfirst_oid(cell)))
				relids = list_append_unique_oid(relids, lfirst_oid(cell));
		}
	}
	return relids;
}

/*
 * The batches with the rows that the statement itself deletes: those that have
 * fired and those that wait.  If the statement was not seen, only the batch
 * that fires and those that wait are known; of a referential one, only that.
 */
static List *
find_batches(const HookBatch *firing, const HookStatement *root)
{
	List	   *batches = root == NULL ? list_make1((void *) firing) :
		list_copy(hooks_deleted_get(root)->batches);
	MemoryContext query_cxt = root == NULL ? firing->query_cxt :
		root->query->estate->es_query_cxt;

	for (HookBatch *batch = hooks_batches; batch != NULL; batch = batch->next)
		if (!batch->referential && batch->query_cxt == query_cxt &&
			(root != NULL || !firing->referential) &&
			batch->event->phase == HOOK_BEFORE_CASCADE &&
			batch->event->action == HOOK_DELETE)
			batches = lappend(batches, batch);
	return batches;
}

/*
 * Pushes a snapshot that sees the rows as they were when the statement began:
 * a new one with the number of the statement's command.
 */
static void
push_snapshot(const HookBatch *batch, const HookStatement *root)
{
	PushCopiedSnapshot(GetTransactionSnapshot());
	if (root != NULL)
		GetActiveSnapshot()->curcid = batch->referential ?
			root->query->estate->es_output_cid : GetCurrentCommandId(false);
}

/*
 * Refuses a walk that would show the current user rows that it may not read.
 * Errors of hooks_rights_check_read().
 */
static void
check_rights(HookWalk *walk, List *roots, Oid target)
{
	HookRoute  *route = hooks_cascade_route(walk);
	ListCell   *lc;

	if (route->may_read)
		return;
	foreach(lc, route->steps)
	{
		const HookStep *step = lfirst(lc);

		if (step->wanted)
			hooks_rights_check_read(step->key->referencing);
	}
	foreach(lc, OidIsValid(target) ? NIL : roots)
	{
		hooks_rights_check_read(hooks_ancestors_top(lfirst_oid(lc)));
	}
	route->may_read = true;
}

/*
 * Begins the walk with the deleted rows of tables that are not captured.  A
 * table is left out if it leads to nothing that was asked for.
 */
static void
add_uncaptured(HookWalk *walk, List *uncaptured, Oid target,
			   List *target_tables, CommandId command)
{
	ListCell   *lc;

	foreach(lc, uncaptured)
	{
		Oid			relid = lfirst_oid(lc);
		HookTable  *table =
			hooks_reached_find(hooks_cascade_route(walk), relid);

		if (!OidIsValid(target) || hooks_route_leads(table) ||
			list_member_oid(target_tables, relid))
			add_deleted(walk, relid, command);
	}
}

/* A delete to walk */
typedef struct WalkedDelete
{
	const HookStatement *root;	/* NULL: not seen */
	List	   *batches;		/* of its own rows */
	List	   *uncaptured;		/* tables whose rows are in none */
	List	   *roots;			/* all tables of its own rows */
	Oid			target;			/* InvalidOid: all */
	List	   *target_tables;	/* target, its partitions and children */
	bool		check;			/* that the current user may read the rows */
} WalkedDelete;

/*
 * One try to walk it; false if it has to begin anew.
 */
static bool
try_walk(const WalkedDelete *delete, HookCascadeVisitor visitor, void *arg)
{
	HookWalk   *walk = hooks_cascade_begin(delete->roots, delete->target, 0,
										   visitor, arg);
	bool		done;
	ListCell   *lc;

	if (delete->check)
		check_rights(walk, delete->roots, delete->target);
	foreach(lc, delete->batches)
	{
		add_batch(walk, lfirst(lc));
	}
	if (delete->uncaptured != NIL)
		add_uncaptured(walk, delete->uncaptured, delete->target,
					   delete->target_tables,
					   delete->root->query->estate->es_output_cid);
	done = hooks_cascade_run(walk);
	hooks_cascade_end(walk);
	return done;
}

static void
add_delete_roots(WalkedDelete *delete)
{
	ListCell   *lc;

	delete->roots = list_copy(delete->uncaptured);
	foreach(lc, delete->batches)
	{
		List	   *relids = hooks_batch_relations(lfirst(lc));

		delete->roots = list_concat_unique_oid(delete->roots, relids);
	}
}

static void
run_walk(const WalkedDelete *delete, const HookBatch *batch,
		 HookCascadeVisitor visitor, void *arg)
{
	push_snapshot(batch, delete->root);
	while (!try_walk(delete, visitor, arg))
		visitor(NULL, arg);
	PopActiveSnapshot();
}

/*
 * Walks the delete of a firing, and calls the visitor for each row.  With a
 * target, only on the way to this table; its partitions and children are
 * given, too.  With InvalidOid, the whole delete.  Errors of check_rights().
 */
static void
walk_delete(const HookFiring *firing, Oid target, List *target_tables,
			HookCascadeVisitor visitor, void *arg)
{
	const HookBatch *batch = firing->subject->batch;
	WalkedDelete delete = {0};

	Assert(batch != NULL);
	delete.root = hooks_statement_of_cascade(firing->statement);
	delete.batches = find_batches(batch, delete.root);
	if (delete.root != NULL)
		delete.uncaptured = uncaptured_tables(delete.root, delete.batches);
	delete.target = target;
	delete.target_tables = target_tables;
	delete.check = true;
	add_delete_roots(&delete);
	run_walk(&delete, batch, visitor, arg);
}

/*
 * Walks the running statement's whole delete, of which a captured batch fires,
 * if wanted(roots, arg) says so for the tables with which it begins.  What is
 * not captured of the statement's own rows is left out.  Nobody is shown rows
 * by this, so no right to read them is needed.
 */
void
hooks_doomed_walk_closure(const HookBatch *batch,
						  bool (*wanted) (List *roots, void *arg),
						  HookCascadeVisitor visitor, void *arg)
{
	WalkedDelete delete = {0};

	delete.root = hooks_statement_of_cascade(hooks_statement);
	delete.batches = find_batches(batch, delete.root);
	add_delete_roots(&delete);
	if (wanted(delete.roots, arg))
		run_walk(&delete, batch, visitor, arg);
}

/*
 * Can the delete of a firing be walked, or the tables of a TRUNCATE be told?
 */
bool
hooks_doomed_knows(const HookFiring *firing)
{
	const HookEvent *event = firing->subject->event;

	return event->phase == HOOK_BEFORE_CLOSURE ||
		(event->phase == HOOK_BEFORE_CASCADE &&
		 (event->action & (HOOK_DELETE | HOOK_TRUNCATE)) != 0);
}

/*
 * Walks the whole delete of a firing.
 */
void
hooks_doomed_walk(const HookFiring *firing, HookCascadeVisitor visitor,
				  void *arg)
{
	walk_delete(firing, InvalidOid, NIL, visitor, arg);
}

/*
 * The table that the statement of a firing names; the firing's own table if
 * the statement was not seen.
 */
Oid
hooks_doomed_target(const HookFiring *firing)
{
	bool		seen = hooks_statement_of_cascade(firing->statement) != NULL;
	Oid			root = seen ? hooks_context_root(firing) : InvalidOid;

	return OidIsValid(root) ? root : firing->subject->relation;
}

/*
 * Is only a part of the delete known: what follows from the firing's rows?
 * This is so if the statement was not seen, and a foreign key has led to the
 * firing's rows.
 */
bool
hooks_doomed_is_partial(const HookFiring *firing)
{
	return hooks_statement_of_cascade(firing->statement) == NULL &&
		firing->subject->batch->referential;
}

/*
 * True for the first firing of a statement that calls this.  A call that was
 * rolled back does not count.  Always true if the statement was not seen.
 */
bool
hooks_doomed_first(const HookFiring *firing)
{
	const HookStatement *root = hooks_statement_of_cascade(firing->statement);
	HookDelete *statement = root == NULL ? NULL : hooks_deleted_get(root);

	if (statement == NULL)
		return true;
	if (statement->asked > 0)
		return false;
	statement->asked = GetCurrentTransactionNestLevel();
	return true;
}

/*
 * What the delete of a firing removes from a table, as a list of HookTidList.
 * Cached for each statement, table and role, as the walk checks what the role
 * may read; without a cache if the statement was not seen.
 */
List *
hooks_doomed_rows(const HookFiring *firing, Oid target)
{
	const HookStatement *root = hooks_statement_of_cascade(firing->statement);
	HookDelete *statement = NULL;
	MemoryContext old;
	HookDeleteAnswer *answer;
	ListCell   *lc;

	Assert(firing->subject->event->action == HOOK_DELETE);
	if (root != NULL)
	{
		statement = hooks_deleted_get(root);
		foreach(lc, statement->answers)
		{
			answer = lfirst(lc);
			if (answer->target == target && answer->role == GetUserId() &&
				is_current(answer))
				return answer->rows;
		}
	}

	/* it joins the others when it is complete */
	old = MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext,
													  "hooks doomed rows",
													  ALLOCSET_SMALL_SIZES));
	answer = palloc0(sizeof(HookDeleteAnswer));
	answer->target = target;
	answer->role = GetUserId();
	answer->nest_level = GetCurrentTransactionNestLevel();
	answer->context = CurrentMemoryContext;
	answer->tables = hooks_ancestors_below(target, AccessShareLock);
	foreach(lc, answer->tables)
	{
		answer->files = lappend_oid(answer->files,
									hooks_tidlist_file(lfirst_oid(lc)));
	}
	MemoryContextSwitchTo(old);
	walk_delete(firing, target, answer->tables, keep_row, answer);
	if (statement != NULL)
	{
		MemoryContextSetParent(answer->context, statement->context);
		old = MemoryContextSwitchTo(statement->context);
		statement->answers = lappend(statement->answers, answer);
		MemoryContextSwitchTo(old);
	}
	return answer->rows;
}
