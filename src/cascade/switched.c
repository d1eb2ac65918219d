/*
 * switched.c
 *		Foreign keys that are switched off.
 *
 * PostgreSQL enforces a foreign key by triggers on both tables.  ALTER TABLE
 * ... DISABLE TRIGGER ALL disables them like any others.  Then nothing
 * cascades, rows that refer to nothing are left, and PostgreSQL says nothing.
 * So we warn.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/place.h"
#include "cascade/switched.h"

/*
 * Does a trigger not fire in this session, as trigger.c decides it?
 */
bool
hooks_switched_off(const Trigger *trigger)
{
	return trigger->tgenabled == TRIGGER_DISABLED ||
		trigger->tgenabled ==
		(SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA ?
		 TRIGGER_FIRES_ON_ORIGIN : TRIGGER_FIRES_ON_REPLICA);
}

/*
 * Has ALTER TABLE disabled the trigger?
 */
static bool
is_disabled(const Trigger *trigger)
{
	return trigger->tgenabled == TRIGGER_DISABLED ||
		trigger->tgenabled == TRIGGER_FIRES_ON_REPLICA;
}

/*
 * Adds a foreign key to a list of HookSwitchedOff, each once for a table.
 */
List *
hooks_switched_add(List *list, const HookForeignKey *key, Oid relid,
				   const Trigger *trigger)
{
	HookSwitchedOff *off;
	ListCell   *lc;

	foreach(lc, list)
	{
		off = lfirst(lc);
		if (off->key == key && off->relid == relid)
			return list;
	}
	off = palloc(sizeof(HookSwitchedOff));
	off->key = key;
	off->relid = relid;
	off->by_command = is_disabled(trigger);
	return lappend(list, off);
}

/*
 * Raises a WARNING for each, and one for all those that
 * session_replication_role switches off.
 */
void
hooks_switched_report(const List *list)
{
	bool		told = false;
	ListCell   *lc;

	foreach(lc, list)
	{
		const HookSwitchedOff *off = lfirst(lc);
		char	   *table = get_rel_name(off->relid);

		if (!off->by_command && !told)
			ereport(WARNING,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("foreign keys are switched off in this session"),
					 errdetail("session_replication_role is \"replica\".")));
		told |= !off->by_command;
		if (!off->by_command)
			continue;
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("foreign key \"%s\" of table \"%s\" is switched off",
						off->key->name, get_rel_name(off->key->referencing)),
				 errdetail("Triggers of it on table \"%s\" do not fire, so there may be rows that refer to nothing.",
						   table),
				 errhint("Look for such rows, then use ALTER TABLE %s ENABLE TRIGGER ALL.",
						 hooks_place_quoted(off->relid))));
	}
}

/*
 * The foreign keys whose triggers on a table are disabled by ALTER TABLE.
 */
List *
hooks_switched_of_table(Oid relid)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	const HookGraph *graph = NULL;
	TriggerDesc *triggers;
	List	   *list = NIL;

	if (rel == NULL)
		return NIL;
	/* a copy, as a look-up may make the relcache build them anew */
	triggers = CopyTriggerDesc(rel->trigdesc);
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		const HookForeignKey *key;

		if (RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_NONE ||
			!is_disabled(trigger))
			continue;
		if (graph == NULL)
			graph = hooks_graph_pin(CurrentMemoryContext);
		key = hooks_graph_find(graph, trigger->tgconstraint);
		if (key != NULL)
			list = hooks_switched_add(list, key, relid, trigger);
	}
	relation_close(rel, NoLock);
	return list;
}

/*
 * Raises the warnings for a table.
 */
void
hooks_switched_report_table(Oid relid)
{
	hooks_switched_report(hooks_switched_of_table(relid));
}

/*
 * Whether ALTER TABLE has switched off what a key does when rows are deleted:
 * nothing, ", switched off", or the same for some partitions only.  The caller
 * has locked the referenced table.
 */
const char *
hooks_switched_words(const HookGraph *graph, const HookForeignKey *key)
{
	List	   *tables = list_make1_oid(key->referenced);
	int			on = 0;
	int			off = 0;
	ListCell   *lc;

	if (get_rel_relkind(key->referenced) == RELKIND_PARTITIONED_TABLE)
		tables = find_all_inheritors(key->referenced, AccessShareLock, NULL);
	foreach(lc, tables)
	{
		Relation	rel = try_table_open(lfirst_oid(lc), AccessShareLock);
		TriggerDesc *triggers;

		CHECK_FOR_INTERRUPTS();
		if (rel == NULL)
			continue;
		triggers = CopyTriggerDesc(rel->trigdesc);
		for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		{
			const Trigger *trigger = &triggers->triggers[i];

			/* rows are in the partitions */
			if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ||
				RI_FKey_trigger_type(trigger->tgfoid) != RI_TRIGGER_PK ||
				!TRIGGER_FOR_DELETE(trigger->tgtype) ||
				hooks_graph_find(graph, trigger->tgconstraint) != key)
				continue;
			if (is_disabled(trigger))
				off++;
			else
				on++;
		}
		table_close(rel, NoLock);
	}
	return off == 0 ? "" : on == 0 ? ", switched off" :
		", switched off for some partitions";
}
