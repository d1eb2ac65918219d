/*
 * clones.c
 *		The triggers that partitions have of their own, and those that
 *		PostgreSQL clones for them from the partitioned table's.
 *
 * A partition can have one trigger of a name.  If it has its own trigger for
 * an event when one for the same event is made above it, its own is dropped,
 * and the clone serves both.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/rel.h"

#include "base/command.h"
#include "registry/clones.h"
#include "registry/made.h"

/*
 * Has one of the partitions a trigger in the way of a clone of ours that
 * cannot be dropped, as it is not ours?
 */
bool
hooks_clones_blocked(List *partitions, const HookEvent *event, bool error)
{
	bool		blocked = false;
	ListCell   *lc;

	foreach(lc, partitions)
	{
		Relation	rel = table_open(lfirst_oid(lc), AccessShareLock);
		TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
		const Trigger *trigger = hooks_made_find(triggers, event);

		if (trigger != NULL && !trigger->tgisclone &&
			!hooks_made_by_us(trigger, event))
		{
			hooks_made_tell_other(rel, trigger, error);
			blocked = true;
		}
		table_close(rel, NoLock);
	}
	return blocked;
}

/*
 * The commands that drop the partitions' own triggers for an event, which
 * would be in the way of the clones of their parent's.  Adds those to *after
 * that then switch clones off for which the partition's own were.
 */
List *
hooks_clones_drop_own(List *commands, List *partitions, const HookEvent *event,
					  List **after)
{
	ListCell   *lc;

	foreach(lc, partitions)
	{
		Relation	rel = table_open(lfirst_oid(lc), AccessShareLock);
		TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
		const Trigger *trigger = hooks_made_find(triggers, event);

		if (trigger != NULL && !trigger->tgisclone &&
			hooks_made_by_us(trigger, event))
		{
			commands = hooks_made_drop(commands, rel, event);
			if (hooks_made_is_off(trigger))
				*after = hooks_made_set_state(*after, rel, event,
											  trigger->tgenabled);
		}
		table_close(rel, NoLock);
	}
	return commands;
}

/*
 * Before a table becomes a partition: drops those of its triggers, and of the
 * partitions' below it, that would be in the way of the clones of its
 * parents'.
 */
void
hooks_clones_make_way(Oid relid, Oid parent)
{
	Relation	rel = table_open(parent, AccessShareLock);
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
	List	   *tables = find_all_inheritors(relid, AccessShareLock, NULL);
	List	   *commands = NIL;
	List	   *after = NIL;	/* the new parent's clones are as it is */

	table_close(rel, NoLock);
	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		const HookEvent *event = &hooks_events[i];

		if (hooks_event_of_rows(event) &&
			hooks_made_find(triggers, event) != NULL)
			commands = hooks_clones_drop_own(commands, tables, event, &after);
	}
	hooks_command_run(commands);
}

/*
 * Before a trigger of ours is created on a table by hand, as from a dump:
 * drops the one of that name that is there already, and the partitions' own.
 * Returns whether there was any.
 */
bool
hooks_clones_make_way_for(Oid relid, const HookEvent *event)
{
	/* the state is for the new trigger's creator */
	List	   *after = NIL;
	List	   *tables = hooks_event_of_rows(event) ?
		find_all_inheritors(relid, AccessShareLock, NULL) :
		list_make1_oid(relid);
	List	   *commands = hooks_clones_drop_own(NIL, tables, event, &after);

	hooks_command_run(commands);
	return commands != NIL;
}
