/*
 * attach.c
 *		Which triggers a table needs, and that it has them.
 *
 * A table has one trigger of ours for each event (event.c) that a hook on it
 * wants, enabled or not: hooks.disable() must not need a lock on the table.
 * The triggers are ordinary ones, so that dumps, partitions and everything else
 * that knows triggers knows them.
 *
 * They are made and dropped with SQL commands, as the table's owner: what the
 * caller may do was checked before.  All names are quoted, all references
 * qualified, and the search_path is a safe one, as event triggers may run.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "rewrite/prs2lock.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "attach.h"
#include "event.h"
#include "registry.h"

/*
 * How a trigger must be enabled for the hooks of an event; '\0' if no hook
 * wants it.
 */
static char
wanted_state(List *hooks, const HookEvent *event)
{
	char		state = '\0';
	ListCell   *lc;

	foreach(lc, hooks)
	{
		Hook	   *hook = lfirst(lc);

		if (!hooks_event_wants(event, hook->phase, hook->level, hook->actions))
			continue;
		if (hook->fire != HOOK_ORIGIN)
			return TRIGGER_FIRES_ALWAYS;
		state = TRIGGER_FIRES_ON_ORIGIN;
	}
	return state;
}

/*
 * The trigger of a name; NULL if there is none.
 */
static const Trigger *
find_trigger(const TriggerDesc *triggers, const char *name)
{
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (strcmp(triggers->triggers[i].tgname, name) == 0)
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
 * Is a trigger's WHEN our capture() of the row, or nothing, as the event has
 * it?
 */
static bool
captures_as_made(const Trigger *trigger, const HookEvent *event)
{
	bool		update = event->action == HOOK_UPDATE;
	FuncExpr   *call;

	if (!hooks_event_captures(event) || trigger->tgqual == NULL)
		return !hooks_event_captures(event) && trigger->tgqual == NULL;
	call = stringToNode(trigger->tgqual);
	return IsA(call, FuncExpr) &&
		call->funcid == hooks_registry_function("capture", update ? 3 : 2) &&
		is_system_column(linitial(call->args), PRS2_OLD_VARNO,
						 TableOidAttributeNumber) &&
		is_system_column(lsecond(call->args), PRS2_OLD_VARNO,
						 SelfItemPointerAttributeNumber) &&
		(!update || is_system_column(lthird(call->args), PRS2_NEW_VARNO,
									 SelfItemPointerAttributeNumber));
}

/*
 * Refuses (42710) a trigger of one of our names that is not as we make it.
 */
static void
check_as_made(Relation rel, const Trigger *trigger, const HookEvent *event)
{
	bool		tables = event->phase == HOOK_AFTER &&
		event->level == HOOK_STATEMENT && event->action != HOOK_TRUNCATE;
	const char *old_table = tables && event->action != HOOK_INSERT ?
		"old_table" : NULL;
	const char *new_table = tables && event->action != HOOK_DELETE ?
		"new_table" : NULL;

	if (trigger->tgfoid == hooks_registry_function("dispatch", 0) &&
		trigger->tgtype == hooks_event_trigger_type(event) &&
		trigger->tgnattr == 0 && trigger->tgnargs == 0 &&
		!OidIsValid(trigger->tgconstraint) &&
		same_name(trigger->tgoldtable, old_table) &&
		same_name(trigger->tgnewtable, new_table) &&
		captures_as_made(trigger, event))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("trigger \"%s\" for relation \"%s\" is not one that the extension hooks has made",
					trigger->tgname, RelationGetRelationName(rel)),
			 errhint("Drop or rename it, then register the hook.")));
}

static void
run_commands(List *commands, Oid owner)
{
	int			guc_level = NewGUCNestLevel();
	Oid			userid;
	int			sec_context;
	ListCell   *lc;

	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(owner, sec_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	SPI_connect();
	foreach(lc, commands)
		if (SPI_execute(lfirst(lc), false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not execute \"%s\"", (char *) lfirst(lc));
	SPI_finish();
	SetUserIdAndSecContext(userid, sec_context);
	AtEOXact_GUC(true, guc_level);
}

static char *
quoted_name(Relation rel)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
									  RelationGetRelationName(rel));
}

/*
 * The commands that drop the partitions' own triggers for an event, which
 * would be in the way of the clones of their parent's.
 */
static List *
drop_below(List *commands, List *partitions, const HookEvent *event)
{
	ListCell   *lc;

	foreach(lc, partitions)
	{
		Relation	rel = table_open(lfirst_oid(lc), AccessShareLock);
		const Trigger *trigger = find_trigger(CopyTriggerDesc(rel->trigdesc),
											  event->trigger);

		if (trigger != NULL && !trigger->tgisclone)
		{
			check_as_made(rel, trigger, event);
			commands = lappend(commands,
							   psprintf("DROP TRIGGER %s ON %s",
										quote_identifier(event->trigger),
										quoted_name(rel)));
		}
		table_close(rel, NoLock);
	}
	return commands;
}

/*
 * Makes the triggers of a table what its hooks need.
 */
void
hooks_attach_sync(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	List	   *hooks = hooks_registry_of_relation(relid);
	char	   *table = quoted_name(rel);
	TriggerDesc *triggers;		/* a copy: the relcache may build it anew */
	Oid			owner = rel->rd_rel->relowner;
	List	   *partitions = NIL;
	List	   *commands = NIL;
	ListCell   *lc;

	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		partitions = list_delete_first(find_all_inheritors(relid,
														   AccessShareLock,
														   NULL));
	triggers = CopyTriggerDesc(rel->trigdesc);
	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		const HookEvent *event = &hooks_events[i];
		const Trigger *trigger = find_trigger(triggers, event->trigger);
		const char *name = quote_identifier(event->trigger);
		char		wanted = wanted_state(hooks, event);

		if (trigger != NULL && wanted != '\0')
			check_as_made(rel, trigger, event);
		else if (trigger != NULL &&
				 trigger->tgfoid != hooks_registry_function("dispatch", 0))
			continue;

		/* A partition's clone is its parent's business, and serves both */
		if (trigger != NULL && trigger->tgisclone)
		{
			if (wanted != TRIGGER_FIRES_ALWAYS ||
				trigger->tgenabled == TRIGGER_FIRES_ALWAYS)
				continue;
		}
		if (trigger != NULL && wanted == '\0')
			commands = lappend(commands,
							   psprintf("DROP TRIGGER %s ON %s", name, table));
		if (wanted == '\0')
			continue;
		if (trigger == NULL && hooks_event_of_rows(event))
			commands = drop_below(commands, partitions, event);
		if (trigger == NULL)
			commands = lappend(commands,
							   psprintf("CREATE TRIGGER %s %s ON %s%s EXECUTE FUNCTION hooks.dispatch()",
										name, event->when, table, event->how));
		if (wanted != (trigger == NULL ? TRIGGER_FIRES_ON_ORIGIN :
					   trigger->tgenabled))
			commands = lappend(commands,
							   psprintf("ALTER TABLE %s ENABLE %s TRIGGER %s",
										table,
										wanted == TRIGGER_FIRES_ALWAYS ?
										"ALWAYS" : "", name));
	}
	table_close(rel, NoLock);

	if (commands != NIL)
	{
		run_commands(commands, owner);

		/* With a trigger went its clones, which a partition may still need */
		foreach(lc, partitions)
			if (hooks_registry_of_relation(lfirst_oid(lc)) != NIL)
				hooks_attach_sync(lfirst_oid(lc));
	}
}
