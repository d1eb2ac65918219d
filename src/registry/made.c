/*
 * made.c
 *		One trigger of ours on one table: what it must be, and the commands
 *		that make it, drop it and enable it.
 *
 * The commands run as the table's owner mostly: what the caller may do was
 * checked before.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "nodes/primnodes.h"
#include "rewrite/prs2lock.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/command.h"
#include "base/compat.h"
#include "base/own.h"
#include "base/place.h"
#include "registry/made.h"
#include "registry/registry.h"

/*
 * The trigger that stands for an event; NULL if there is none.
 */
const Trigger *
hooks_made_find(const TriggerDesc *triggers, const HookEvent *event)
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
when_function(const HookEvent *event)
{
	return hooks_own_function(hooks_event_when_function(event->phase),
							  event->action == HOOK_UPDATE ? 3 : 2);
}

/*
 * Is a trigger's WHEN our capture of the row, or nothing, as the event has it?
 */
static bool
when_is_as_made(const Trigger *trigger, const HookEvent *event)
{
	bool		update = event->action == HOOK_UPDATE;
	int			row = event->action == HOOK_INSERT ? PRS2_NEW_VARNO :
		PRS2_OLD_VARNO;
	FuncExpr   *call;

	if (!hooks_event_has_when(event) || trigger->tgqual == NULL)
		return !hooks_event_has_when(event) && trigger->tgqual == NULL;
	call = stringToNode(trigger->tgqual);
	return IsA(call, FuncExpr) &&
		call->funcid == when_function(event) &&
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
bool
hooks_made_wants_tables(Relation rel, const HookEvent *event)
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

bool
hooks_made_has_tables(const Trigger *trigger)
{
	return trigger->tgoldtable != NULL || trigger->tgnewtable != NULL;
}

/*
 * Is a trigger of one of our names as we make it?
 */
bool
hooks_made_by_us(const Trigger *trigger, const HookEvent *event)
{
	bool		tables = hooks_event_has_tables(event) &&
		hooks_made_has_tables(trigger);
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
		when_is_as_made(trigger, event);
}

/*
 * Tells of one that is not: 42710, or a WARNING.
 */
void
hooks_made_tell_other(Relation rel, const Trigger *trigger, bool error)
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
 * Did somebody take a trigger out of force?  The states that we give are the
 * others.
 */
bool
hooks_made_is_off(const Trigger *trigger)
{
	return trigger->tgenabled == TRIGGER_DISABLED ||
		trigger->tgenabled == TRIGGER_FIRES_ON_REPLICA;
}

static List *
add_command(List *commands, Relation rel, char *command)
{
	return hooks_command_add(commands, role_for(rel), command);
}

/*
 * Adds the command that makes the event's trigger on a table.
 */
List *
hooks_made_create(List *commands, Relation rel, const HookEvent *event)
{
	char	   *table = hooks_place_quoted(RelationGetRelid(rel));
	bool		tables = hooks_made_wants_tables(rel, event);

	/* that the command's names mean ours */
	(void) hooks_own_function("dispatch", 0);
	if (hooks_event_has_when(event))
		(void) when_function(event);
	return add_command(commands, rel,
					   hooks_event_create_trigger(event, table, tables));
}

/*
 * Adds the command that drops it.
 */
List *
hooks_made_drop(List *commands, Relation rel, const HookEvent *event)
{
	return add_command(commands, rel,
					   psprintf("DROP TRIGGER %s ON %s",
								quote_identifier(event->trigger),
								hooks_place_quoted(RelationGetRelid(rel))));
}

/*
 * Adds the command that gives it a state.
 */
List *
hooks_made_set_state(List *commands, Relation rel, const HookEvent *event,
					 char state)
{
	const char *word = state == TRIGGER_DISABLED ? "DISABLE" :
		state == TRIGGER_FIRES_ON_REPLICA ? "ENABLE REPLICA" :
		state == TRIGGER_FIRES_ALWAYS ? "ENABLE ALWAYS" : "ENABLE";

	return add_command(commands, rel,
					   psprintf("ALTER TABLE %s %s TRIGGER %s",
								hooks_place_quoted(RelationGetRelid(rel)),
								word,
								quote_identifier(event->trigger)));
}
