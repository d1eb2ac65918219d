/*
 * told.c
 *		The rows that before_closure hooks have been told of.
 *
 * A hook is told of each row that goes once.  At the root of a delete it is
 * told of all that a walk has found, before anything dependent is removed.
 * Rows that the cascade removes later are looked up here: only what nobody was
 * told of yet is new.
 *
 * Callbacks run in between, and may write to the same tables.  So a row is
 * followed through what this transaction does to it:
 *
 *	walk		finds row 10 of b, at (0,1), and row 20 of c, at (0,7)
 *	hook on b	is told of (0,1) of b.  Its callback updates row 20 of c, which
 *				is at (0,9) then, and makes row 21, at (0,10).
 *	hook on c	is told of (0,9), the version that is going to be removed.
 *				(0,7) and (0,9) are noted.
 *	cascade		removes (0,9) and (0,10) of c: (0,10) is new.
 *
 * A row that has left its partition is a new row elsewhere: told_moved.c.
 *
 * A row that a callback's own statement removes is told of by a firing of that
 * statement, and then left out of those of the statement around it; and the
 * other way round.  Nobody else changes the rows: the walk has locked them.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/ancestors.h"
#include "base/tidlist.h"
#include "firing/parent.h"
#include "firing/rows.h"
#include "firing/told.h"

static HookTidSet *
make_set(const HookBatch *rows, MemoryContext context)
{
	HookTidSet *set = hooks_tidset_make(context);

	for (BatchTable *table = rows->tables; table != NULL; table = table->next)
		for (TidChunk *chunk = table->head; chunk != NULL; chunk = chunk->next)
			for (int i = 0; i < chunk->used; i++)
				hooks_tidset_add(set, table->relid, &chunk->tids[i]);
	return set;
}

/*
 * The hooks on a table have been told of rows by a statement.
 */
void
hooks_told_add(HookDelete *statement, Oid target, const HookBatch *rows)
{
	MemoryContext old = MemoryContextSwitchTo(statement->context);
	HookTold   *told = palloc(sizeof(HookTold));

	told->target = target;
	told->rows = make_set(rows, statement->context);
	told->relids = told->files = NIL;
	told->moved = told->arrived = NULL;
	for (BatchTable *table = rows->tables; table != NULL; table = table->next)
	{
		told->relids = lappend_oid(told->relids, table->relid);
		told->files = lappend_oid(told->files, table->file);
	}
	statement->told = lappend(statement->told, told);
	MemoryContextSwitchTo(old);
}

/*
 * Are a table's rows where they were when hooks were told of them?
 */
bool
hooks_told_holds(const HookTold *told, Oid relid)
{
	ListCell   *table;
	ListCell   *file;

	forboth(table, told->relids, file, told->files)
	{
		if (lfirst_oid(table) == relid)
			return lfirst_oid(file) == hooks_tidlist_file(relid);
	}
	return false;
}

/*
 * The sets with rows of a table of which the hooks on the target, the same
 * table or one above it, have been told by the running statements.
 */
static List *
sets_of(Oid target, Oid relid)
{
	List	   *sets = NIL;
	ListCell   *lc;

	for (HookDelete *statement = hooks_deletes; statement != NULL;
		 statement = statement->outer)
		foreach(lc, statement->told)
	{
		HookTold   *told = lfirst(lc);

		if (told->target == target && hooks_told_holds(told, relid))
			sets = lappend(sets, told->rows);
	}
	return sets;
}

/*
 * Were hooks on the target told of any row by the running statements?
 */
static bool
target_was_told(Oid target)
{
	for (HookDelete *statement = hooks_deletes; statement != NULL;
		 statement = statement->outer)
	{
		ListCell   *lc;

		foreach(lc, statement->told)
		{
			if (((HookTold *) lfirst(lc))->target == target)
				return true;
		}
	}
	return false;
}

static bool
in_sets(List *sets, Oid relid, const ItemPointerData *tid)
{
	ListCell   *lc;

	foreach(lc, sets)
	{
		if (hooks_tidset_has(lfirst(lc), relid, tid))
			return true;
	}
	return false;
}

/*
 * Has this transaction updated the row version at hand?  Then *next is where
 * the next one is.  A row that has left its partition has none.
 */
static bool
is_updated(HookRowFetcher *fetcher, ItemPointer next)
{
	HeapTupleHeader header = fetcher->tuple.t_data;
	CommandId	command;

	if (!hooks_parent_changed_by(header, &command) ||
		HeapTupleHeaderIndicatesMovedPartitions(header) ||
		ItemPointerEquals(&header->t_ctid, &fetcher->tuple.t_self))
		return false;
	*next = header->t_ctid;
	return true;
}

/* What looks for later versions of told rows */
typedef struct ToldVersions
{
	HookRowFetcher fetcher;
	List	   *later;			/* of ItemPointer */
} ToldVersions;

static void
find_versions(const ItemPointerData *tid, void *arg)
{
	ToldVersions *versions = arg;
	ItemPointerData next = *tid;

	CHECK_FOR_INTERRUPTS();
	while (hooks_rows_get(&versions->fetcher, &next) &&
		   is_updated(&versions->fetcher, &next))
	{
		ItemPointer version = palloc(sizeof(ItemPointerData));

		*version = next;
		versions->later = lappend(versions->later, version);
	}
}

/*
 * Adds to the sets what has become of their rows in a table since.
 */
static void
follow_updates(List *sets, Relation rel)
{
	ListCell   *set;
	ListCell   *lc;

	foreach(set, sets)
	{
		ToldVersions versions = {.later = NIL};

		hooks_rows_begin(&versions.fetcher, rel, HOOK_VERSIONS_ANY);
		hooks_tidset_each(lfirst(set), RelationGetRelid(rel), find_versions,
						  &versions);
		hooks_rows_end(&versions.fetcher);
		foreach(lc, versions.later)
		{
			hooks_tidset_add(lfirst(set), RelationGetRelid(rel),
							 lfirst(lc));
		}
	}
}

/*
 * Were hooks told of the row at hand?  It may be a later version of one that
 * they were told of, if this transaction has made it.  What became of those is
 * looked for once, and noted in *followed.
 */
static bool
is_told(List *sets, HookRowFetcher *fetcher, bool *followed)
{
	Oid			relid = RelationGetRelid(fetcher->rel);
	ItemPointerData tid = fetcher->tuple.t_self;
	TransactionId xmin;

	if (in_sets(sets, relid, &tid))
		return true;
	if (sets == NIL || *followed)
		return false;
	xmin = HeapTupleHeaderGetXmin(fetcher->tuple.t_data);
	if (!TransactionIdIsCurrentTransactionId(xmin))
		return false;
	follow_updates(sets, fetcher->rel);
	*followed = true;
	return in_sets(sets, relid, &tid);
}

/*
 * Goes on to the newest version of the row at hand, which a walk has found
 * before the given command.  False if it was deleted since, or has left its
 * partition.
 */
static bool
find_newest(HookRowFetcher *fetcher, CommandId since)
{
	ItemPointerData next;
	CommandId	command;

	while (is_updated(fetcher, &next))
	{
		if (!hooks_rows_get(fetcher, &next))
			return false;
	}
	return !hooks_parent_changed_by(fetcher->tuple.t_data, &command) ||
		command < since;
}

/*
 * Does a row that a walk has found before the given command still go, and were
 * hooks not told of it?  Then *tid is where it is now.  With a set, only what
 * is in it still goes.
 */
static bool
still_goes(List *sets, Oid target, HookRowFetcher *fetcher,
		   ItemPointer tid, CommandId since, HookTidSet *again,
		   bool *followed)
{
	if (!fetcher->heap)
		return !in_sets(sets, RelationGetRelid(fetcher->rel), tid);
	if (!hooks_rows_get(fetcher, tid) || is_told(sets, fetcher, followed) ||
		hooks_told_has_arrived(target, fetcher) ||
		!find_newest(fetcher, since))
		return false;
	*tid = fetcher->tuple.t_self;
	return again == NULL ||
		hooks_tidset_has(again, RelationGetRelid(fetcher->rel), tid);
}

/*
 * Of rows that a walk has found before the given command, as they are now:
 * those that are still to go, and of which the hooks on their table were not
 * told by a statement around this one.  If callbacks have written to the
 * tables since, another walk has found "again"; else that is NULL.
 */
HookBatch *
hooks_told_filter_walked(HookBatch *rows, Oid target, CommandId since,
						 const HookBatch *again)
{
	HookTidSet *found = again == NULL ? NULL :
		make_set(again, CurrentMemoryContext);
	HookBatch  *left = hooks_batch_make(rows->event, true);

	hooks_told_forget_moved(target);
	for (BatchTable *table = rows->tables; table != NULL; table = table->next)
	{
		List	   *sets = sets_of(target, table->relid);
		bool		followed = false;
		HookRowFetcher fetcher;
		Relation	rel;

		/* it was emptied, or its rows are elsewhere */
		if (hooks_tidlist_file(table->relid) != table->file)
			continue;
		if (sets == NIL && again == NULL &&
			!(get_rel_relispartition(table->relid) && target_was_told(target)))
		{
			hooks_batch_put_all(left, table);
			continue;
		}
		rel = table_open(table->relid, AccessShareLock);
		hooks_rows_begin(&fetcher, rel, HOOK_VERSIONS_ANY);
		for (TidChunk *chunk = table->head; chunk != NULL; chunk = chunk->next)
			for (int i = 0; i < chunk->used; i++)
			{
				ItemPointerData tid = chunk->tids[i];

				CHECK_FOR_INTERRUPTS();
				if (still_goes(sets, target, &fetcher, &tid, since, found,
							   &followed))
					hooks_batch_put(left, table->relid, &tid);
			}
		hooks_rows_end(&fetcher);
		table_close(rel, NoLock);
	}
	return left;
}

/*
 * Is a table the target, or a partition below it?
 */
static bool
is_below(Oid relid, Oid target)
{
	return relid == target ||
		list_member_oid(hooks_ancestors_of(relid), target);
}

/*
 * Does the captured row at hand go, and was nobody told of it?  What an update
 * has moved to another partition does not go.
 */
static bool
is_news(List *sets, Oid target, HookRowFetcher *fetcher, ItemPointer tid,
		bool *followed)
{
	/* the usual case needs no look at the row */
	if (in_sets(sets, RelationGetRelid(fetcher->rel), tid))
		return false;
	if (!fetcher->heap)
		return true;
	return hooks_rows_get(fetcher, tid) &&
		!HeapTupleHeaderIndicatesMovedPartitions(fetcher->tuple.t_data) &&
		!is_told(sets, fetcher, followed) &&
		!hooks_told_has_arrived(target, fetcher);
}

/*
 * Of the captured rows of a batch, those of which the hooks on a table were
 * not told yet.
 */
HookBatch *
hooks_told_filter_captured(const HookBatch *batch, Oid target)
{
	HookBatch  *left = hooks_batch_make(batch->event, false);

	hooks_told_forget_moved(target);
	for (BatchTable *table = batch->tables; table != NULL; table = table->next)
	{
		bool		followed = false;
		HookRowFetcher fetcher;
		Relation	rel;
		List	   *sets;

		if (!is_below(table->relid, target))
			continue;
		sets = sets_of(target, table->relid);
		rel = table_open(table->relid, AccessShareLock);
		hooks_rows_begin(&fetcher, rel, HOOK_VERSIONS_OLD);
		for (TidChunk *chunk = table->head; chunk != NULL; chunk = chunk->next)
			for (int i = 0; i < chunk->used; i++)
			{
				CHECK_FOR_INTERRUPTS();
				if (is_news(sets, target, &fetcher, &chunk->tids[i],
							&followed))
					hooks_batch_put(left, table->relid, &chunk->tids[i]);
			}
		hooks_rows_end(&fetcher);
		table_close(rel, NoLock);
	}
	return left;
}
