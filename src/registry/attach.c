/*
 * attach.c
 *		Which triggers a table needs, and that it has them.
 *
 * A table has one trigger of ours for each event (event.c) that a hook on it
 * wants, enabled or not: hooks.disable() must not need a lock on the table.
 * The triggers are ordinary ones, so that dumps, partitions and everything
 * else that knows triggers knows them.
 *
 * They are made and dropped with SQL commands, as the table's owner mostly:
 * what the caller may do was checked before.
 *
 * A trigger that somebody has disabled, or enabled for replication only, stays
 * so whatever happens to hooks and tables, until hooks.repair().
 *
 * Whoever may create triggers on a table can take a name of ours.  Nothing is
 * made of such a trigger, and nothing is done to it: the table goes without
 * ours, with a WARNING, or with an error if a hook is being registered on it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/ancestors.h"
#include "base/command.h"
#include "base/own.h"
#include "registry/attach.h"
#include "registry/clones.h"
#include "registry/definition.h"
#include "registry/event.h"
#include "registry/made.h"
#include "registry/registry.h"
#include "registry/scope.h"
#include "registry/source.h"

/*
 * How a trigger must be enabled for the hooks of an event that are on a table,
 * or with "inherited" on it and those above; '\0' if no hook wants it, or the
 * event has no trigger.
 */
static char
wanted_state(List *reaches, const HookEvent *event, Oid relid, bool inherited)
{
	char		state = '\0';
	ListCell   *lc;

	if (event->trigger == NULL)
		return '\0';
	foreach(lc, reaches)
	{
		HookReach  *reach = lfirst(lc);

		if ((reach->target != relid && !inherited) ||
			!hooks_scope_needs(reach, event))
			continue;
		if (reach->hook->fire != HOOK_ORIGIN)
			return TRIGGER_FIRES_ALWAYS;
		state = TRIGGER_FIRES_ON_ORIGIN;
	}
	return state;
}

/*
 * Is a hook of the event on the table itself, which it names?
 */
static bool
is_named(List *reaches, const HookEvent *event, Oid relid)
{
	ListCell   *lc;

	foreach(lc, reaches)
	{
		HookReach  *reach = lfirst(lc);

		if (reach->hook->relation == relid && hooks_scope_needs(reach, event))
			return true;
	}
	return false;
}

/*
 * Is a trigger that a table has not left to the dump that is being loaded, as
 * no other hook wants it?  Triggers of the tables of extensions are in no
 * dump.
 */
static bool
comes_with_dump(List *reaches, const HookEvent *event, Oid relid)
{
	ListCell   *lc;

	foreach(lc, reaches)
	{
		HookReach  *reach = lfirst(lc);

		if (reach->target == relid && hooks_scope_needs(reach, event) &&
			!hooks_definition_is_loading(reach->hook->definition))
			return false;
	}
	return !OidIsValid(getExtensionOfObject(RelationRelationId, relid));
}

/*
 * Does a table need an event's trigger for hooks to which a cascade leads?
 */
static bool
is_source(Relation rel, const HookEvent *event)
{
	return hooks_source_captures(event) &&
		hooks_event_is_possible(event, rel->rd_rel->relkind) &&
		hooks_source_is_one(RelationGetRelid(rel));
}

/* Why a table's triggers are looked after */
typedef enum SyncReason
{
	SYNC_FOLLOW,				/* hooks or tables changed */
	SYNC_REGISTER,				/* a hook is registered that names the table */
	SYNC_MEND					/* repair() enables what is switched off */
} SyncReason;

/*
 * The commands that make the triggers of a table what its hooks need.
 */
static List *
needed_commands(Relation rel, List *partitions, SyncReason reason)
{
	Oid			relid = RelationGetRelid(rel);
	List	   *reaches =
		hooks_scope_reach(relid, hooks_ancestors_attached(relid), NULL);

	/* a copy: the relcache may build it anew */
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
	List	   *commands = NIL;

	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		const HookEvent *event = &hooks_events[i];
		const Trigger *trigger = hooks_made_find(triggers, event);
		List	   *after = NIL;
		char		state;
		char		wanted =
			hooks_event_is_possible(event, rel->rd_rel->relkind) ?
			wanted_state(reaches, event, relid, false) : '\0';
		bool		required = reason == SYNC_REGISTER && wanted != '\0' &&
			is_named(reaches, event, relid);

		bool		for_others = wanted == '\0' && is_source(rel, event);

		if (for_others)
			wanted = TRIGGER_FIRES_ON_ORIGIN;

		if (trigger != NULL && wanted != '\0' &&
			!hooks_made_by_us(trigger, event))
		{
			hooks_made_tell_other(rel, trigger, required);
			continue;
		}
		if (trigger != NULL &&
			trigger->tgfoid != hooks_own_function("dispatch", 0))
			continue;

		/* A clone goes with its parent's trigger, and serves hooks on both */
		if (trigger != NULL && trigger->tgisclone)
		{
			wanted = wanted_state(reaches, event, relid, true);
			if (wanted == '\0' && for_others)
				wanted = TRIGGER_FIRES_ON_ORIGIN;
			if (wanted == '\0')
				continue;
		}
		if (trigger == NULL && wanted != '\0' && !for_others &&
			reason == SYNC_FOLLOW && comes_with_dump(reaches, event, relid))
			continue;
		state = trigger != NULL && reason != SYNC_MEND &&
			hooks_made_is_off(trigger) ? trigger->tgenabled : wanted;
		if (trigger != NULL &&
			(wanted == '\0' ||
			 hooks_made_wants_tables(rel, event) !=
			 hooks_made_has_tables(trigger)))
		{
			commands = hooks_made_drop(commands, rel, event);
			trigger = NULL;
		}
		if (wanted == '\0')
			continue;
		if (trigger == NULL && hooks_event_of_rows(event) &&
			hooks_clones_blocked(partitions, event, required))
			continue;
		if (trigger == NULL && hooks_event_of_rows(event))
			commands = hooks_clones_drop_own(commands, partitions, event,
											 &after);
		if (trigger == NULL)
			commands = hooks_made_create(commands, rel, event);
		if (state != (trigger == NULL ? TRIGGER_FIRES_ON_ORIGIN :
					  trigger->tgenabled))
			commands = hooks_made_set_state(commands, rel, event, state);
		commands = list_concat(commands, after);
	}
	return commands;
}

/*
 * Can a relation have triggers of ours?  Others have hooks on "drop" at most.
 */
static bool
has_triggers(Relation rel)
{
	return rel->rd_rel->relkind == RELKIND_RELATION ||
		rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ||
		rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE;
}

/*
 * Are the rows captured that are deleted from a table?  Of an index, whose
 * partitions are attached likewise, they are not.
 */
static bool
has_capture(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	bool		captured = false;

	for (int i = 0; i < HOOK_EVENTS && has_triggers(rel); i++)
		captured |= hooks_source_captures(&hooks_events[i]) &&
			hooks_made_find(rel->trigdesc, &hooks_events[i]) != NULL;
	relation_close(rel, NoLock);
	return captured;
}

/*
 * After the capture of a table's deleted rows came or went: the same for the
 * tables from which a cascade can come to it.
 */
static void
sync_sources(Oid relid)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, hooks_source_above(relid))
	{
		(void) hooks_attach_sync(lfirst_oid(lc));
	}
}

static bool
sync_table(Oid relid, SyncReason reason)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	List	   *partitions = NIL;
	List	   *commands = NIL;
	bool		captured;
	ListCell   *lc;

	if (rel == NULL)
		return false;
	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		partitions = list_delete_first(find_all_inheritors(relid,
														   AccessShareLock,
														   NULL));
	if (has_triggers(rel))
		commands = needed_commands(rel, partitions, reason);
	relation_close(rel, NoLock);

	captured = has_capture(relid);
	if (commands != NIL)
		hooks_command_run(commands);
	if (has_capture(relid) != captured || (captured && reason == SYNC_MEND))
		sync_sources(relid);
	if (commands == NIL)
		return false;

	/* With a trigger went its clones, which a partition may still need */
	foreach(lc, partitions)
	{
		(void) sync_table(lfirst_oid(lc),
						  reason == SYNC_MEND ? SYNC_MEND : SYNC_FOLLOW);
	}
	return true;
}

/*
 * Locks the tables from which a cascade can come to that of a hook being
 * registered, and which get a trigger for it, as the making of one does.  This
 * is before its own table is locked, and the farthest ones come first: the
 * order of a DELETE, which must not meet a registration in a deadlock.
 */
void
hooks_attach_lock_sources(const Hook *hook)
{
	List	   *sources;

	if (!OidIsValid(hook->relation) || (hook->actions & HOOK_DELETE) == 0 ||
		(hook->phase != HOOK_BEFORE_CASCADE &&
		 hook->phase != HOOK_BEFORE_CLOSURE) ||
		has_capture(hook->relation))
		return;
	sources = hooks_source_all(hook);
	for (int i = list_length(sources) - 1; i >= 0; i--)
	{
		Oid			source = list_nth_oid(sources, i);

		CHECK_FOR_INTERRUPTS();
		if (pg_class_aclcheck(source, hook->owner, ACL_TRIGGER) ==
			ACLCHECK_OK && !has_capture(source))
			LockRelationOid(source, ShareRowExclusiveLock);
	}
}

/*
 * Makes the triggers of a table what its hooks need; of one that is gone, or
 * is a view, nothing.  Returns whether there was anything to do.
 */
bool
hooks_attach_sync(Oid relid)
{
	return sync_table(relid, SYNC_FOLLOW);
}

/*
 * The same for the table that a hook being registered names: 42710 if another
 * trigger has the name of one that it needs.
 */
bool
hooks_attach_register(Oid relid)
{
	return sync_table(relid, SYNC_REGISTER);
}

/*
 * The same, and enables those that somebody has switched off.
 */
bool
hooks_attach_mend(Oid relid)
{
	return sync_table(relid, SYNC_MEND);
}

/*
 * After foreign keys of some tables came or went: the same for these tables'
 * sources, or what was one.
 */
void
hooks_attach_sync_sources(List *relids)
{
	ListCell   *lc;

	foreach(lc, relids)
	{
		sync_sources(lfirst_oid(lc));
	}
}

/*
 * The same for a table and the partitioned tables above it.
 */
void
hooks_attach_sync_up(Oid relid)
{
	ListCell   *lc;

	foreach(lc, hooks_ancestors_of(relid))
	{
		(void) hooks_attach_sync(lfirst_oid(lc));
	}
	(void) hooks_attach_sync(relid);
}

/*
 * The same for a table that moved, those above it, and the partitions below,
 * whose chains depend on what is above them.
 */
void
hooks_attach_sync_tree(Oid relid)
{
	ListCell   *lc;

	hooks_attach_sync_up(relid);
	if (get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE)
		return;
	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		CacheInvalidateRelcacheByRelid(lfirst_oid(lc));
		if (lfirst_oid(lc) != relid)
			(void) hooks_attach_sync(lfirst_oid(lc));
	}
}

/*
 * Adds the tables that a table inherits from; or, of one that this transaction
 * has dropped, those that it inherited from.
 */
static List *
add_parents(List *tables, Oid relid, bool dropped)
{
	Relation	pg_inherits = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(pg_inherits, InheritsRelidSeqnoIndexId, true,
							  dropped ? SnapshotAny : NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_inherits inherits = (Form_pg_inherits) GETSTRUCT(tuple);
		TransactionId xmax = HeapTupleHeaderGetRawXmax(tuple->t_data);

		if (dropped && !TransactionIdIsCurrentTransactionId(xmax))
			continue;
		tables = list_append_unique_oid(tables, inherits->inhparent);
	}
	systable_endscan(scan);
	table_close(pg_inherits, AccessShareLock);
	return tables;
}

/*
 * After foreign tables may have come into inheritance trees or left them:
 * transition tables of triggers above come and go.  Makes the triggers of some
 * tables, and of all above them, what their hooks need; if the tables are
 * dropped, of those that were above them.
 */
void
hooks_attach_sync_above(List *relids, bool dropped)
{
	List	   *tables = dropped ? NIL : list_copy(relids);
	ListCell   *lc;

	if (dropped)
		foreach(lc, relids)
	{
		tables = add_parents(tables, lfirst_oid(lc), true);
	}
	for (int i = 0; i < list_length(tables); i++)
		tables = add_parents(tables, list_nth_oid(tables, i), false);
	foreach(lc, tables)
	{
		(void) hooks_attach_sync(lfirst_oid(lc));
	}
}

/*
 * What is wrong with the triggers of a table, as sentences; NIL if nothing is.
 * The verb is "is", or "was" for what is being mended.  That somebody's own
 * trigger has a name of ours is told where asked for: the functions that look
 * after the triggers tell of it by themselves.
 */
List *
hooks_attach_problems(Oid relid, const char *verb, bool others)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	TriggerDesc *triggers;
	List	   *problems = NIL;
	List	   *reaches;

	if (rel == NULL)
		return NIL;
	triggers = CopyTriggerDesc(rel->trigdesc);
	reaches = !has_triggers(rel) ? NIL :
		hooks_scope_reach(relid, hooks_ancestors_attached(relid), NULL);
	for (int i = 0; i < HOOK_EVENTS && has_triggers(rel); i++)
	{
		const HookEvent *event = &hooks_events[i];
		const Trigger *trigger = hooks_made_find(triggers, event);
		char		wanted =
			hooks_event_is_possible(event, rel->rd_rel->relkind) ?
			wanted_state(reaches, event, relid, true) : '\0';
		const char *problem = NULL;

		if (wanted == '\0' && is_source(rel, event))
			wanted = TRIGGER_FIRES_ON_ORIGIN;
		if (wanted == '\0')
			continue;
		if (trigger == NULL)
			problem = "missing";
		else if (!hooks_made_by_us(trigger, event))
			problem = others ? "not one that the extension hooks has made" :
				NULL;
		else if (trigger->tgenabled == TRIGGER_DISABLED)
			problem = "disabled";
		else if (trigger->tgenabled != wanted &&
				 trigger->tgenabled != TRIGGER_FIRES_ALWAYS)
			problem = wanted == TRIGGER_FIRES_ALWAYS ?
				"not enabled for replication" :
				"enabled for replication only";
		if (problem != NULL)
			problems = lappend(problems,
							   psprintf("trigger \"%s\" of table \"%s\" %s %s",
										event->trigger,
										RelationGetRelationName(rel), verb,
										problem));
	}
	relation_close(rel, NoLock);
	return problems;
}
