/*
 * truncate.c
 *		Wide hooks and the TRUNCATE of a partitioned table.
 *
 * PostgreSQL fires the TRUNCATE triggers of a partitioned table and then those
 * of its partitions, in one command.  A wide hook covers all of them, and shall
 * fire once: when it fires for the partitioned table, it leaves the partitions
 * out that follow.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "truncate.h"

/* A partition that a hook has been called for already, by its parent */
typedef struct Covered
{
	struct Covered *next;
	const HookEvent *event;
	int64		hook_id;
	Oid			relid;
	MemoryContext command;		/* the executor's memory of the command */
	MemoryContextCallback ends;
} Covered;

/*
 * Those of the commands under way.  Each lives in its command's memory, and
 * leaves the list with that or when its partition's turn comes.
 */
static Covered *covered = NULL;

static void
forget(void *arg)
{
	for (Covered **link = &covered; *link != NULL; link = &(*link)->next)
		if (*link == arg)
		{
			*link = (*link)->next;
			return;
		}
}

static void
cover(HookRun *run, const HookCall *call, Oid relid)
{
	Covered    *entry = MemoryContextAllocZero(run->context, sizeof(Covered));

	entry->event = run->event;
	entry->hook_id = call->member->hook->hook_id;
	entry->relid = relid;
	entry->command = run->context;
	entry->ends.func = forget;
	entry->ends.arg = entry;
	MemoryContextRegisterResetCallback(run->context, &entry->ends);
	entry->next = covered;
	covered = entry;
}

/* was the hook called for the relation by its parent, in this command? */
static bool
is_covered(const HookRun *run, const HookCall *call, Oid relid)
{
	for (Covered *entry = covered; entry != NULL; entry = entry->next)
		if (entry->command == run->context && entry->event == run->event &&
			entry->relid == relid &&
			entry->hook_id == call->member->hook->hook_id)
		{
			forget(entry);
			return true;
		}
	return false;
}

/*
 * Takes the hooks out of a run for a TRUNCATE that have fired for a parent of
 * the table; notes the partitions for which the others are not to fire.
 */
void
hooks_truncate_prepare(HookRun *run, Relation rel)
{
	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];
		ListCell   *lc;

		if (OidIsValid(call->member->hook->relation))
			continue;
		if (rel->rd_rel->relispartition &&
			is_covered(run, call, RelationGetRelid(rel)))
			call->out = true;
		else if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
			foreach(lc, find_all_inheritors(RelationGetRelid(rel), NoLock, NULL))
				if (lfirst_oid(lc) != RelationGetRelid(rel))
					cover(run, call, lfirst_oid(lc));
	}
}
