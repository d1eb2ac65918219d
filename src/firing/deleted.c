/*
 * deleted.c
 *		The deletes that are running: their rows, and what was found of their
 *		cascades.
 *
 * A record lives in a context of its own below TopTransactionContext, until
 * its statement ends.  Rows that were found in a subtransaction may have been
 * made in it, so the abort of a subtransaction takes what was found in it.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "firing/deleted.h"

/* see deleted.h; an abort takes off those that were begun in it */
HookDelete *hooks_deletes = NULL;

/*
 * The record of a statement, made when it is first asked for.
 */
HookDelete *
hooks_deleted_get(const HookStatement *root)
{
	HookDelete **link = &hooks_deletes;
	HookDelete *statement;
	MemoryContext context;

	Assert(root != NULL && !root->referential);

	/* the newest level comes first */
	while (*link != NULL && (*link)->level > root->level)
		link = &(*link)->outer;
	if (*link != NULL && (*link)->level == root->level)
		return *link;
	context = AllocSetContextCreate(TopTransactionContext, "hooks doomed rows",
									ALLOCSET_SMALL_SIZES);
	statement = MemoryContextAllocZero(context, sizeof(HookDelete));
	statement->context = context;
	statement->level = root->level;
	statement->nest_level = root->nest_level;
	statement->outer = *link;
	*link = statement;
	return statement;
}

/*
 * Keeps a batch that is about to fire until its statement ends, if it holds
 * rows that a statement itself deletes.  True: it is not the caller's any
 * more.
 */
bool
hooks_deleted_adopt(HookBatch *batch)
{
	HookDelete *statement;
	MemoryContext old;

	if (batch->referential || batch->event->action != HOOK_DELETE ||
		hooks_statement == NULL || hooks_statement->referential)
		return false;
	statement = hooks_deleted_get(hooks_statement);
	old = MemoryContextSwitchTo(statement->context);
	statement->batches = lappend(statement->batches, batch);
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(batch->context, statement->context);
	return true;
}

/*
 * A statement has fired all its triggers.
 */
void
hooks_deleted_end_statement(uint64 level)
{
	for (HookDelete **link = &hooks_deletes;
		 *link != NULL && (*link)->level >= level; link = &(*link)->outer)
		if ((*link)->level == level)
		{
			HookDelete *statement = *link;

			*link = statement->outer;
			MemoryContextDelete(statement->context);
			break;
		}
}

/*
 * A subtransaction ends: what was found in it goes to its parent, or away.
 */
void
hooks_deleted_end_subtransaction(int nest_level, bool commit)
{
	HookDelete **link = &hooks_deletes;

	while (*link != NULL)
	{
		HookDelete *statement = *link;
		ListCell   *lc;

		if (statement->nest_level >= nest_level && !commit)
		{
			*link = statement->outer;
			MemoryContextDelete(statement->context);
			continue;
		}
		if (statement->nest_level >= nest_level)
			statement->nest_level = nest_level - 1;
		if (statement->asked >= nest_level)
			statement->asked = commit ? nest_level - 1 : 0;
		foreach(lc, statement->answers)
		{
			HookDeleteAnswer *answer = lfirst(lc);

			if (answer->nest_level < nest_level)
				continue;
			if (commit)
				answer->nest_level = nest_level - 1;
			else
				answer->target = InvalidOid;
		}
		link = &statement->outer;
	}
}
