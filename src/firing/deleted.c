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
#include "utils/rel.h"

#include "firing/deleted.h"

/* see deleted.h; an abort takes off those that were begun in it */
HookDelete *hooks_deletes = NULL;

/*
 * Makes a record, at its place in the list.
 */
static HookDelete *
make_delete(HookDelete **link, uint64 level, int nest_level)
{
	MemoryContext context = AllocSetContextCreate(TopTransactionContext,
												  "hooks doomed rows",
												  ALLOCSET_SMALL_SIZES);
	HookDelete *statement = MemoryContextAllocZero(context,
												   sizeof(HookDelete));

	statement->context = context;
	statement->level = level;
	statement->nest_level = nest_level;
	statement->outer = *link;
	*link = statement;
	return statement;
}

/*
 * The record of a statement, made when it is first asked for.
 */
HookDelete *
hooks_deleted_get(const HookStatement *root)
{
	HookDelete **link = &hooks_deletes;

	Assert(root != NULL && !root->referential);

	/* the newest level comes first */
	while (*link != NULL && (*link)->level > root->level)
		link = &(*link)->outer;
	if (*link != NULL && (*link)->level == root->level)
		return *link;
	return make_delete(link, root->level, root->nest_level);
}

/*
 * The memory of a query that was not seen goes, and with it its record, unless
 * an abort has taken that.
 */
static void
unseen_query_ends(void *arg)
{
	for (HookDelete **link = &hooks_deletes; *link != NULL;
		 link = &(*link)->outer)
		if ((*link)->query_cxt == (MemoryContext) arg)
		{
			HookDelete *statement = *link;

			*link = statement->outer;
			MemoryContextDelete(statement->context);
			break;
		}
}

/*
 * The record of the running statement.  If that was not seen, of the query
 * with this memory.
 */
HookDelete *
hooks_deleted_of_query(MemoryContext query_cxt)
{
	const HookStatement *root = hooks_statement_of_cascade(hooks_statement);
	HookDelete **link = &hooks_deletes;
	MemoryContextCallback *ends;

	if (root != NULL)
		return hooks_deleted_get(root);

	/* they come last: what was seen began later */
	while (*link != NULL && (*link)->query_cxt != query_cxt)
		link = &(*link)->outer;
	if (*link != NULL)
		return *link;
	ends = MemoryContextAlloc(query_cxt, sizeof(MemoryContextCallback));
	ends->func = unseen_query_ends;
	ends->arg = query_cxt;
	MemoryContextRegisterResetCallback(query_cxt, ends);
	make_delete(link, 0, GetCurrentTransactionNestLevel())->query_cxt =
		query_cxt;
	return *link;
}

/*
 * Notes from now on whether somebody writes to one of some tables or alters
 * it; NIL: no longer.
 */
void
hooks_deleted_watch(HookDelete *statement, List *tables)
{
	MemoryContext old = MemoryContextSwitchTo(statement->context);

	list_free(statement->watched);
	statement->watched = list_copy(tables);
	statement->touched = false;
	MemoryContextSwitchTo(old);
}

/*
 * A query has written to tables.
 */
void
hooks_deleted_note_writes(const EState *estate)
{
	HookDelete *statement;
	ListCell   *lc;

	for (statement = hooks_deletes; statement != NULL;
		 statement = statement->outer)
	{
		if (statement->watched == NIL || statement->touched)
			continue;
		foreach(lc, estate->es_opened_result_relations)
		{
			const ResultRelInfo *table = lfirst(lc);
			Oid			relid = RelationGetRelid(table->ri_RelationDesc);

			statement->touched |= list_member_oid(statement->watched, relid);
		}
	}
}

/*
 * A table has been altered, or with InvalidOid any may have: it may have lost
 * a foreign key.  From callbacks of the relcache.
 */
void
hooks_deleted_note_change(Oid relid)
{
	for (HookDelete *statement = hooks_deletes; statement != NULL;
		 statement = statement->outer)
		if (statement->watched != NIL &&
			(!OidIsValid(relid) ||
			 list_member_oid(statement->watched, relid)))
			statement->touched = true;
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
		if (statement->kept_level >= nest_level)
		{
			statement->kept_level = nest_level - 1;
			if (!commit)
				statement->kept_id = 0;
		}
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
