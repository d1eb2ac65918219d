/*
 * truncate.c
 *		What is special about TRUNCATE: which commands run, the order of
 *		phases, and wide hooks.
 *
 * A TRUNCATE is no statement of the executor's, so the running ones have a
 * stack of their own.
 *
 * PostgreSQL fires the triggers of a table by their names, and ours of
 * before_cascade has the first.  So where a table has triggers for both
 * phases, each stands for the other's: the first to fire fires the hooks of
 * phase before.
 *
 * PostgreSQL fires the TRUNCATE triggers of a partitioned table and then those
 * of its partitions, in one command.  A wide hook covers all of them, and
 * shall fire once: when it fires for the partitioned table, it leaves the
 * partitions out that follow.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/ancestors.h"
#include "firing/bypass.h"
#include "firing/truncate.h"

/* see truncate.h; an abort takes off those that were begun in it */
HookTruncate *hooks_truncate = NULL;

/*
 * A TRUNCATE begins.  The caller pops it when it is done; if it throws, the
 * abort does.
 */
void
hooks_truncate_push(const TruncateStmt *statement, const char *sql)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	HookTruncate *truncate = palloc0(sizeof(HookTruncate));
	ListCell   *lc;

	foreach(lc, statement->relations)
	{
		RangeVar   *name = lfirst_node(RangeVar, lc);
		Oid			relid = RangeVarGetRelid(name, NoLock, true);

		truncate->named = list_append_unique_oid(truncate->named, relid);
		if (name->inh)
			truncate->with_children =
				lappend_oid(truncate->with_children, relid);
	}
	truncate->sql = sql;
	truncate->nest_level = GetCurrentTransactionNestLevel();
	truncate->outer = hooks_truncate;
	hooks_truncate = truncate;
	MemoryContextSwitchTo(old);
}

void
hooks_truncate_pop(void)
{
	Assert(hooks_truncate != NULL);
	hooks_truncate = hooks_truncate->outer;
}

/*
 * The transaction level, and what is nested in it, aborts.
 */
void
hooks_truncate_abort(int nest_level)
{
	while (hooks_truncate != NULL && hooks_truncate->nest_level >= nest_level)
		hooks_truncate = hooks_truncate->outer;
}

/*
 * Does a TRUNCATE name the table itself, or one that this is a partition or
 * child of?  named: which; of several the nearest one, InvalidOid if that is
 * not known.
 */
bool
hooks_truncate_names(const HookTruncate *truncate, Relation rel, Oid *named)
{
	Oid			relid = RelationGetRelid(rel);
	bool		found = false;
	ListCell   *lc;

	*named = InvalidOid;
	foreach(lc, lcons_oid(relid, hooks_ancestors_of(relid)))
	{
		if (list_member_oid(truncate->named, lfirst_oid(lc)))
		{
			*named = lfirst_oid(lc);
			return true;
		}
	}
	if (rel->rd_rel->relispartition || !has_superclass(relid))
		return false;
	foreach(lc, truncate->with_children)
	{
		/* dropped before the command had locked it: it is made anew since */
		if (get_rel_relkind(lfirst_oid(lc)) == '\0')
			continue;
		if (list_member_oid(find_all_inheritors(lfirst_oid(lc), NoLock, NULL),
							relid))
		{
			*named = found ? InvalidOid : lfirst_oid(lc);
			found = true;
		}
	}
	return found;
}

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
uncover(void *arg)
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
	entry->ends.func = uncover;
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
			uncover(entry);
			return true;
		}
	return false;
}

/*
 * The event whose hooks a trigger of ours fires, which stands for the given
 * one.
 */
const HookEvent *
hooks_truncate_event(const HookEvent *event, const TriggerData *trigdata)
{
	const TriggerDesc *triggers = trigdata->tg_relation->trigdesc;
	const HookEvent *other;

	if (event->action != HOOK_TRUNCATE ||
		(event->phase != HOOK_BEFORE && event->phase != HOOK_BEFORE_CASCADE))
		return event;
	other = hooks_event_find(event->phase == HOOK_BEFORE ?
							 HOOK_BEFORE_CASCADE : HOOK_BEFORE,
							 HOOK_STATEMENT, HOOK_TRUNCATE);
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (strcmp(trigger->tgname, other->trigger) == 0)
			return trigger->tgfoid == trigdata->tg_trigger->tgfoid &&
				trigger->tgtype == hooks_event_trigger_type(other) &&
				trigger->tgqual == NULL &&
				!hooks_bypass_is_switched_off(trigger) ? other : event;
	}
	return event;
}

/*
 * Takes the hooks out of a run for a TRUNCATE that have fired for a parent of
 * the table; notes the partitions for which the others are not to fire.
 */
void
hooks_truncate_prepare(HookRun *run, Relation rel)
{
	Assert(run->event->action == HOOK_TRUNCATE);
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
			foreach(lc,
					find_all_inheritors(RelationGetRelid(rel), NoLock, NULL))
		{
			if (lfirst_oid(lc) != RelationGetRelid(rel))
				cover(run, call, lfirst_oid(lc));
		}
	}
}
