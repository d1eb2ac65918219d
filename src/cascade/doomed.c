/*
 * doomed.c
 *		The rows of a table that the current delete removes.
 *
 * From the rows that the statement itself deletes (direct.c), the walk of
 * cascade.c finds the others, as they were when the statement began.  It uses
 * a new snapshot with the statement's command number, so that rows which the
 * statement has removed already are still visible.
 *
 * The result is cached for each statement, table and role, as TIDs, six bytes
 * a row.  It is valid until TRUNCATE or a rewrite gives the table another
 * file.  The cache lives with the record of the running delete (deleted.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/ancestors.h"
#include "base/rights.h"
#include "base/tidlist.h"
#include "cascade/cascade.h"
#include "cascade/direct.h"
#include "cascade/doomed.h"
#include "firing/context.h"
#include "firing/deleted.h"
#include "firing/statement.h"

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

/* A delete to walk */
typedef struct WalkedDelete
{
	HookDirect	direct;			/* its own rows */
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
	List	   *roots = delete->direct.tables;
	HookWalk   *walk = hooks_cascade_begin(roots, delete->target, 0, visitor,
										   arg);
	bool		done;

	if (delete->check)
		check_rights(walk, roots, delete->target);
	hooks_direct_add(&delete->direct, walk, delete->target,
					 delete->target_tables);
	done = hooks_cascade_run(walk);
	hooks_cascade_end(walk);
	return done;
}

static void
run_walk(const WalkedDelete *delete, const HookBatch *batch,
		 HookCascadeVisitor visitor, void *arg)
{
	push_snapshot(batch, delete->direct.statement);
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
	hooks_direct_find(&delete.direct, batch,
					  hooks_statement_of_cascade(firing->statement), false);
	delete.target = target;
	delete.target_tables = target_tables;
	delete.check = true;
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

	hooks_direct_find(&delete.direct, batch,
					  hooks_statement_of_cascade(hooks_statement), true);
	if (wanted(delete.direct.tables, arg))
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
 * The record of the delete of a firing; NULL if the statement was not seen.
 */
static HookDelete *
delete_of(const HookFiring *firing)
{
	const HookStatement *root = hooks_statement_of_cascade(firing->statement);

	return root == NULL ? NULL : hooks_deleted_get(root);
}

/*
 * As what hooks.keep() has kept the delete of a firing already; 0: it has not,
 * or that was rolled back, or the statement was not seen.
 */
int64
hooks_doomed_kept(const HookFiring *firing)
{
	const HookDelete *statement = delete_of(firing);

	return statement == NULL ? 0 : statement->kept_id;
}

/*
 * Notes as what hooks.keep() has kept the delete of a firing.
 */
void
hooks_doomed_set_kept(const HookFiring *firing, int64 kept_id)
{
	HookDelete *statement = delete_of(firing);

	if (statement == NULL)
		return;
	statement->kept_id = kept_id;
	statement->kept_level = GetCurrentTransactionNestLevel();
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

	/* the walk locks those that it comes to, in the cascade's order */
	answer->tables = hooks_ancestors_below(target, NoLock);
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
