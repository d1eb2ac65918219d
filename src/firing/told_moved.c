/*
 * told_moved.c
 *		Rows that before_closure hooks were told of and that are in another
 *		partition now.
 *
 * A row that has left its partition is a new row elsewhere.  Nothing leads
 * from one to the other, but the command that has moved it is the one that
 * made the new one.  So these are counted by command: as many rows that a
 * command has made are not new as it has moved told ones.  If it has made
 * others besides, it may be one of these that is taken for a moved one; and a
 * row that moves twice is new.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/tidlist.h"
#include "firing/parent.h"
#include "firing/rows.h"
#include "firing/told.h"

/* Rows that a command has moved to other partitions */
typedef struct MovedRows
{
	CommandId	command;		/* hash key, must be first */
	int64		rows;
} MovedRows;

static int64 *
rows_of_command(HTAB *moved, CommandId command)
{
	bool		found;
	MovedRows  *entry = hash_search(moved, &command, HASH_ENTER, &found);

	if (!found)
		entry->rows = 0;
	return &entry->rows;
}

static HTAB *
make_moved(MemoryContext context)
{
	HASHCTL		info = {0};

	info.keysize = sizeof(CommandId);
	info.entrysize = sizeof(MovedRows);
	info.hcxt = context;
	return hash_create("hooks told rows that moved", 16, &info,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* What counts told rows that have moved */
typedef struct MovedCounter
{
	HookRowFetcher fetcher;
	HTAB	   *moved;
} MovedCounter;

static void
count_moved(const ItemPointerData *tid, void *arg)
{
	MovedCounter *counter = arg;
	ItemPointerData at = *tid;
	HeapTupleHeader header;
	CommandId	command;

	CHECK_FOR_INTERRUPTS();
	if (!hooks_rows_get(&counter->fetcher, &at))
		return;
	header = counter->fetcher.tuple.t_data;
	if (HeapTupleHeaderIndicatesMovedPartitions(header) &&
		hooks_parent_changed_by(header, &command))
		(*rows_of_command(counter->moved, command))++;
}

/*
 * Counts the rows that hooks were told of and that have left their partitions
 * since.
 */
static void
count_all_moved(HookTold *told)
{
	MovedCounter counter;
	ListCell   *lc;

	told->moved = counter.moved = make_moved(CurrentMemoryContext);
	foreach(lc, told->relids)
	{
		Relation	rel;

		if (!get_rel_relispartition(lfirst_oid(lc)) ||
			!hooks_told_holds(told, lfirst_oid(lc)))
			continue;
		rel = table_open(lfirst_oid(lc), AccessShareLock);
		hooks_rows_begin(&counter.fetcher, rel, HOOK_VERSIONS_ANY);
		if (counter.fetcher.heap)
			hooks_tidset_each(told->rows, lfirst_oid(lc), count_moved,
							  &counter);
		hooks_rows_end(&counter.fetcher);
		table_close(rel, NoLock);
	}
}

/*
 * Notes that hooks were told of a row that is in another table now.
 */
static void
add_arrived(HookDelete *statement, HookTold *told, HookRowFetcher *fetcher)
{
	Oid			relid = RelationGetRelid(fetcher->rel);
	MemoryContext old = MemoryContextSwitchTo(statement->context);

	if (!list_member_oid(told->relids, relid))
	{
		told->relids = lappend_oid(told->relids, relid);
		told->files = lappend_oid(told->files, hooks_tidlist_file(relid));
	}
	hooks_tidset_add(told->rows, relid, &fetcher->tuple.t_self);
	MemoryContextSwitchTo(old);
}

/*
 * Were hooks on the target told of the row at hand, which this transaction has
 * made, in another partition?
 */
bool
hooks_told_has_arrived(Oid target, HookRowFetcher *fetcher)
{
	HeapTupleHeader header = fetcher->tuple.t_data;
	CommandId	command;

	if (!fetcher->rel->rd_rel->relispartition ||
		!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(header)))
		return false;
	command = HeapTupleHeaderGetCmin(header);
	for (HookDelete *statement = hooks_deletes; statement != NULL;
		 statement = statement->outer)
	{
		ListCell   *lc;

		foreach(lc, statement->told)
		{
			HookTold   *told = lfirst(lc);

			if (told->target != target)
				continue;
			if (told->moved == NULL)
				count_all_moved(told);
			if (told->arrived == NULL)
				told->arrived = make_moved(statement->context);
			if (*rows_of_command(told->arrived, command) >=
				*rows_of_command(told->moved, command))
				continue;
			(*rows_of_command(told->arrived, command))++;
			add_arrived(statement, told, fetcher);
			return true;
		}
	}
	return false;
}

/*
 * Forgets the counts, as more rows may move before the next batch comes.
 */
void
hooks_told_forget_moved(Oid target)
{
	for (HookDelete *statement = hooks_deletes; statement != NULL;
		 statement = statement->outer)
	{
		ListCell   *lc;

		foreach(lc, statement->told)
		{
			HookTold   *told = lfirst(lc);

			if (told->target == target)
				told->moved = NULL;
		}
	}
}
