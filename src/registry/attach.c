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
#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "nodes/primnodes.h"
#include "rewrite/prs2lock.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/ancestors.h"
#include "base/command.h"
#include "base/compat.h"
#include "base/own.h"
#include "base/place.h"
#include "registry/attach.h"
#include "registry/definition.h"
#include "registry/event.h"
#include "registry/registry.h"
#include "registry/scope.h"

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
			!hooks_scope_wants(reach, event))
			continue;
		if (reach->hook->fire != HOOK_ORIGIN)
			return TRIGGER_FIRES_ALWAYS;
		state = TRIGGER_FIRES_ON_ORIGIN;
	}
	return state;
}

/*
 * The trigger that stands for an event; NULL if there is none.
 */
static const Trigger *
find_trigger(const TriggerDesc *triggers, const HookEvent *event)
{
	if (event->trigger == NULL)
		return NULL;
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (strcmp(triggers->triggers[i].tgname, event->trigger) == 0)
			return &triggers->triggers[i];
	return NULL;
}

static bool
same_name(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* is the argument this system column of the row with this number? */
static bool
is_system_column(Node *node, int varno, AttrNumber attnum)
{
	return IsA(node, Var) && ((Var *) node)->varno == varno &&
		((Var *) node)->varattno == attnum;
}

/*
 * The function that an event's trigger calls in its WHEN.
 */
static Oid
capture_function(const HookEvent *event)
{
	return hooks_own_function(hooks_event_capture_function(event),
							  event->action == HOOK_UPDATE ? 3 : 2);
}

/*
 * Is a trigger's WHEN our capture of the row, or nothing, as the event has it?
 */
static bool
captures_as_made(const Trigger *trigger, const HookEvent *event)
{
	bool		update = event->action == HOOK_UPDATE;
	int			row = event->action == HOOK_INSERT ? PRS2_NEW_VARNO :
		PRS2_OLD_VARNO;
	FuncExpr   *call;

	if (!hooks_event_captures(event) || trigger->tgqual == NULL)
		return !hooks_event_captures(event) && trigger->tgqual == NULL;
	call = stringToNode(trigger->tgqual);
	return IsA(call, FuncExpr) &&
		call->funcid == capture_function(event) &&
		is_system_column(linitial(call->args), row,
						 TableOidAttributeNumber) &&
		is_system_column(lsecond(call->args), row,
						 SelfItemPointerAttributeNumber) &&
		(!update || is_system_column(lthird(call->args), PRS2_NEW_VARNO,
									 SelfItemPointerAttributeNumber));
}

/*
 * Shall the event's trigger on the table have transition tables?  PostgreSQL
 * cannot fill them with rows of foreign tables.
 */
static bool
wants_tables(Relation rel, const HookEvent *event)
{
	ListCell   *lc;

	if (!hooks_event_has_tables(event) ||
		rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
		return false;
	if (rel->rd_rel->relhassubclass)
		foreach(lc, find_all_inheritors(RelationGetRelid(rel), NoLock, NULL))
	{
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_FOREIGN_TABLE)
			return false;
	}
	return true;
}

static bool
has_tables(const Trigger *trigger)
{
	return trigger->tgoldtable != NULL || trigger->tgnewtable != NULL;
}

/*
 * Is a trigger of one of our names as we make it?
 */
static bool
is_as_made(const Trigger *trigger, const HookEvent *event)
{
	bool		tables = hooks_event_has_tables(event) && has_tables(trigger);
	const char *old_table = tables && event->action != HOOK_INSERT ?
		"old_table" : NULL;
	const char *new_table = tables && event->action != HOOK_DELETE ?
		"new_table" : NULL;

	return trigger->tgfoid == hooks_own_function("dispatch", 0) &&
		trigger->tgtype == hooks_event_trigger_type(event) &&
		trigger->tgnattr == 0 && trigger->tgnargs == 0 &&
		!OidIsValid(trigger->tgconstraint) &&
		same_name(trigger->tgoldtable, old_table) &&
		same_name(trigger->tgnewtable, new_table) &&
		captures_as_made(trigger, event);
}

/*
 * Tells of one that is not: 42710, or a WARNING.
 */
static void
report_other(Relation rel, const Trigger *trigger, bool error)
{
	ereport(error ? ERROR : WARNING,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("trigger \"%s\" for relation \"%s\" is not one that the extension hooks has made",
					trigger->tgname, RelationGetRelationName(rel)),
			 error ? errhint("Drop or rename it, then register the hook.") :
			 errhint("Drop or rename it, then call hooks.repair().")));
}

/*
 * Who changes the triggers of a table: its owner, unless it gave away the
 * right to do so.
 */
static Oid
role_for(Relation rel)
{
	Oid			owner = rel->rd_rel->relowner;

	if (hooks_namespace_aclcheck(RelationGetNamespace(rel), owner,
								 ACL_USAGE) == ACLCHECK_OK &&
		pg_class_aclcheck(RelationGetRelid(rel), owner,
						  ACL_TRIGGER) == ACLCHECK_OK)
		return owner;
	return hooks_registry_owner();
}

/*
 * The command that drops an event's trigger from a table, by its quoted name.
 */
static char *
drop_command(const HookEvent *event, const char *table)
{
	return psprintf("DROP TRIGGER %s ON %s", quote_identifier(event->trigger),
					table);
}


/*
 * Did somebody take a trigger out of force?  The states that we give are the
 * others.
 */
static bool
is_switched_off(const Trigger *trigger)
{
	return trigger->tgenabled == TRIGGER_DISABLED ||
		trigger->tgenabled == TRIGGER_FIRES_ON_REPLICA;
}

/*
 * The command that gives the event's trigger on a table a state.
 */
static List *
add_state(List *commands, Oid role, const char *table, const HookEvent *event,
		  char state)
{
	const char *word = state == TRIGGER_DISABLED ? "DISABLE" :
		state == TRIGGER_FIRES_ON_REPLICA ? "ENABLE REPLICA" :
		state == TRIGGER_FIRES_ALWAYS ? "ENABLE ALWAYS" : "ENABLE";

	return hooks_command_add(commands, role,
							 psprintf("ALTER TABLE %s %s TRIGGER %s", table,
									  word,
									  quote_identifier(event->trigger)));
}

/*
 * Has one of the partitions a trigger in the way of a clone of ours that
 * cannot be dropped, as it is not ours?
 */
static bool
is_blocked_below(List *partitions, const HookEvent *event, bool error)
{
	bool		blocked = false;
	ListCell   *lc;

	foreach(lc, partitions)
	{
		Relation	rel = table_open(lfirst_oid(lc), AccessShareLock);
		const Trigger *trigger = find_trigger(CopyTriggerDesc(rel->trigdesc),
											  event);

		if (trigger != NULL && !trigger->tgisclone &&
			!is_as_made(trigger, event))
		{
			report_other(rel, trigger, error);
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
static List *
drop_below(List *commands, List *partitions, const HookEvent *event,
		   List **after)
{
	ListCell   *lc;

	foreach(lc, partitions)
	{
		Relation	rel = table_open(lfirst_oid(lc), AccessShareLock);
		const Trigger *trigger = find_trigger(CopyTriggerDesc(rel->trigdesc),
											  event);

		if (trigger != NULL && !trigger->tgisclone &&
			is_as_made(trigger, event))
		{
			Oid			role = role_for(rel);
			char	   *table = hooks_place_quoted(RelationGetRelid(rel));

			commands = hooks_command_add(commands, role,
										 drop_command(event, table));
			if (is_switched_off(trigger))
				*after = add_state(*after, role, table, event,
								   trigger->tgenabled);
		}
		table_close(rel, NoLock);
	}
	return commands;
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

		if (reach->hook->relation == relid && hooks_scope_wants(reach, event))
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

		if (reach->target == relid && hooks_scope_wants(reach, event) &&
			!hooks_definition_is_loading(reach->hook->definition))
			return false;
	}
	return !OidIsValid(getExtensionOfObject(RelationRelationId, relid));
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
	Oid			role = role_for(rel);
	List	   *reaches =
		hooks_scope_reach(relid, hooks_ancestors_of(RelationGetRelid(rel)),
						  NULL);
	char	   *table = hooks_place_quoted(RelationGetRelid(rel));

	/* a copy: the relcache may build it anew */
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
	List	   *commands = NIL;

	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		const HookEvent *event = &hooks_events[i];
		const Trigger *trigger = find_trigger(triggers, event);
		List	   *after = NIL;
		char		state;
		char		wanted =
			hooks_event_is_possible(event, rel->rd_rel->relkind) ?
			wanted_state(reaches, event, relid, false) : '\0';
		bool		required = reason == SYNC_REGISTER && wanted != '\0' &&
			is_named(reaches, event, relid);

		if (trigger != NULL && wanted != '\0' && !is_as_made(trigger, event))
		{
			report_other(rel, trigger, required);
			continue;
		}
		if (trigger != NULL &&
			trigger->tgfoid != hooks_own_function("dispatch", 0))
			continue;

		/* A partition's clone is its parent's business, and serves both */
		if (trigger != NULL && trigger->tgisclone)
		{
			wanted = wanted_state(reaches, event, relid, true);
			if (wanted == '\0')
				continue;
		}
		if (trigger == NULL && wanted != '\0' && reason == SYNC_FOLLOW &&
			comes_with_dump(reaches, event, relid))
			continue;
		state = trigger != NULL && reason != SYNC_MEND &&
			is_switched_off(trigger) ? trigger->tgenabled : wanted;
		if (trigger != NULL &&
			(wanted == '\0' ||
			 wants_tables(rel, event) != has_tables(trigger)))
		{
			commands = hooks_command_add(commands, role,
										 drop_command(event, table));
			trigger = NULL;
		}
		if (wanted == '\0')
			continue;
		if (trigger == NULL && hooks_event_of_rows(event) &&
			is_blocked_below(partitions, event, required))
			continue;
		if (trigger == NULL && hooks_event_of_rows(event))
			commands = drop_below(commands, partitions, event, &after);
		if (trigger == NULL)
		{
			char	   *create;

			/* that the command's names mean ours */
			(void) hooks_own_function("dispatch", 0);
			if (hooks_event_captures(event))
				(void) capture_function(event);
			create = hooks_event_create_trigger(event, table,
												wants_tables(rel, event));
			commands = hooks_command_add(commands, role, create);
		}
		if (state != (trigger == NULL ? TRIGGER_FIRES_ON_ORIGIN :
					  trigger->tgenabled))
			commands = add_state(commands, role, table, event, state);
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

static bool
sync_table(Oid relid, SyncReason reason)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	List	   *partitions = NIL;
	List	   *commands = NIL;
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

	if (commands == NIL)
		return false;
	hooks_command_run(commands);

	/* With a trigger went its clones, which a partition may still need */
	foreach(lc, partitions)
	{
		(void) sync_table(lfirst_oid(lc),
						  reason == SYNC_MEND ? SYNC_MEND : SYNC_FOLLOW);
	}
	return true;
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
 * Before a table becomes a partition: drops those of its triggers, and of the
 * partitions' below it, that would be in the way of the clones of its
 * parents'.
 */
void
hooks_attach_make_way(Oid relid, Oid parent)
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
			find_trigger(triggers, event) != NULL)
			commands = drop_below(commands, tables, event, &after);
	}
	hooks_command_run(commands);
}

/*
 * Before a trigger of ours is created on a table by hand, as from a dump:
 * drops the one of that name that is there already, and the partitions' own.
 * Returns whether there was any.
 */
bool
hooks_attach_make_way_for(Oid relid, const HookEvent *event)
{
	/* the state is for the new trigger's creator */
	List	   *after = NIL;
	List	   *tables = hooks_event_of_rows(event) ?
		find_all_inheritors(relid, AccessShareLock, NULL) :
		list_make1_oid(relid);
	List	   *commands = drop_below(NIL, tables, event, &after);

	hooks_command_run(commands);
	return commands != NIL;
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
		hooks_scope_reach(relid, hooks_ancestors_of(RelationGetRelid(rel)),
						  NULL);
	for (int i = 0; i < HOOK_EVENTS && reaches != NIL; i++)
	{
		const HookEvent *event = &hooks_events[i];
		const Trigger *trigger = find_trigger(triggers, event);
		char		wanted =
			hooks_event_is_possible(event, rel->rd_rel->relkind) ?
			wanted_state(reaches, event, relid, true) : '\0';
		const char *problem = NULL;

		if (wanted == '\0')
			continue;
		if (trigger == NULL)
			problem = "missing";
		else if (!is_as_made(trigger, event))
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
