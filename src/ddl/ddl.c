/*
 * ddl.c
 *		The event triggers.
 *
 * All DDL of the database comes here.  Most of it concerns no hook, which
 * hooks_present_kinds() knows without a look at the registry.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/own.h"
#include "ddl/drop.h"
#include "ddl/drop_lock.h"
#include "ddl/dropped.h"
#include "ddl/names.h"
#include "ddl/tables.h"
#include "ddl/told.h"
#include "registry/attach.h"
#include "registry/checks.h"
#include "registry/clones.h"
#include "registry/definition.h"
#include "registry/event.h"
#include "registry/guard.h"
#include "registry/present.h"

/*
 * A running DROP of which ddl_command_start knows that it concerns no hook;
 * sql_drop has nothing to do then.  Set to NULL by the next command.
 */
static Node *unconcerned = NULL;

/*
 * The table on which a running CREATE TRIGGER takes the place of a trigger of
 * ours.  Set by ddl_command_start, to InvalidOid too.
 */
static Oid	made_way = InvalidOid;

static EventTriggerData *
event_data(FunctionCallInfo fcinfo, const char *function)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.%s() was not called by event trigger manager",
						function)));
	return (EventTriggerData *) fcinfo->context;
}

/*
 * Before a table becomes a partition, if the caller may do that.
 */
static void
before_attach(AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);
		Oid			parent;
		Oid			relid;

		if (cmd->subtype != AT_AttachPartition)
			continue;
		parent = RangeVarGetRelid(stmt->relation, NoLock, true);
		relid =
			RangeVarGetRelid(((PartitionCmd *) cmd->def)->name, NoLock, true);
		if (OidIsValid(parent) && OidIsValid(relid) &&
			get_rel_relkind(parent) == RELKIND_PARTITIONED_TABLE &&
			hooks_class_ownercheck(parent, GetUserId()) &&
			hooks_class_ownercheck(relid, GetUserId()))
			hooks_clones_make_way(relid, parent);
	}
}

/*
 * Before a trigger of ours is created otherwise than by us, as from a dump, on
 * a table of the caller's that has it already for a wide hook of this
 * database.
 */
static void
before_create_trigger(CreateTrigStmt *stmt)
{
	const HookEvent *event = hooks_event_by_trigger(stmt->trigname);
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);

	if (event != NULL && !stmt->replace && OidIsValid(relid) &&
		strcmp(strVal(llast(stmt->funcname)), "dispatch") == 0 &&
		!InSecurityRestrictedOperation() &&
		hooks_class_ownercheck(relid, GetUserId()) &&
		hooks_clones_make_way_for(relid, event))
		made_way = relid;
}

/*
 * After a trigger was created by a dump, which then creates no tables any
 * more; its state may not be what that of the one before was.
 */
static void
after_create_trigger(void)
{
	if (!creating_extension)
		hooks_definition_end_loading();
	if (OidIsValid(made_way))
		hooks_attach_sync_tree(made_way);
	made_way = InvalidOid;
}

/*
 * Refuses (0A000) to rename a schema of ours.  Another one is locked, if the
 * caller owns it, against a register() for its tables, as newer minor versions
 * of PostgreSQL do by themselves.
 */
static void
check_schema(const char *name)
{
	Oid			schema = get_namespace_oid(name, true);

	if (strcmp(name, "hooks") == 0 || strcmp(name, HOOKS_DEFINITIONS) == 0 ||
		strcmp(name, HOOKS_CHECKS) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot rename schema \"%s\" of the extension hooks",
						name)));
	if (OidIsValid(schema) && hooks_namespace_ownercheck(schema, GetUserId()))
		LockDatabaseObject(NamespaceRelationId, schema, 0,
						   AccessExclusiveLock);
}

/*
 * Refuses (0A000) to rename the definition of a hook, or to move it; or the
 * function of a check, which would not be one any more.
 */
static void
check_definition(ObjectType kind, Node *object)
{
	Oid			function;

	if (kind != OBJECT_FUNCTION && kind != OBJECT_ROUTINE)
		return;
	function =
		LookupFuncWithArgs(kind, castNode(ObjectWithArgs, object), true);
	if (OidIsValid(function) && hooks_definition_is_one(function))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot rename or move the definition of hook \"%s\"",
						get_func_name(function)),
				 errhint("Register the hook under another name, and unregister this one.")));
	if (OidIsValid(function) && hooks_checks_is_one(function))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot rename or move the function of check \"%s\"",
						get_func_name(function)),
				 errhint("Register the check under another name, and unregister this one.")));
}

PG_FUNCTION_INFO_V1(hooks_ddl_command_start);

/*
 * hooks.ddl_command_start() returns event_trigger
 *
 * Fires hooks on "drop"; makes way for the triggers that a partition gets from
 * its parent.  39P03 if it is not called as an event trigger.
 */
Datum
hooks_ddl_command_start(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = event_data(fcinfo, "ddl_command_start");
	Node	   *command = data->parsetree;
	int			kinds;

	unconcerned = NULL;
	switch (nodeTag(command))
	{
		case T_RenameStmt:
			if (((RenameStmt *) command)->renameType == OBJECT_SCHEMA)
				check_schema(((RenameStmt *) command)->subname);
			check_definition(((RenameStmt *) command)->renameType,
							 ((RenameStmt *) command)->object);
			break;
		case T_AlterObjectSchemaStmt:
			check_definition(((AlterObjectSchemaStmt *) command)->objectType,
							 ((AlterObjectSchemaStmt *) command)->object);
			break;
		case T_CreateTrigStmt:
			if (!InSecurityRestrictedOperation())
				made_way = InvalidOid;
			if (hooks_present_kinds() & HOOKS_ANY)
				before_create_trigger((CreateTrigStmt *) command);
			break;
		case T_AlterTableStmt:
			kinds = hooks_present_kinds();
			if (kinds & HOOKS_ANY)
				before_attach((AlterTableStmt *) command);
			if (kinds & HOOKS_ON_DROP)
				hooks_drop_fire(command, GetCommandTagName(data->tag));
			if (kinds & HOOKS_ANY)
				hooks_drop_lock_altered((AlterTableStmt *) command);
			break;
		case T_DropStmt:
		case T_DropOwnedStmt:
			kinds = hooks_present_kinds();
			if ((kinds & HOOKS_ANY) && IsA(command, DropStmt) &&
				!hooks_drop_lock((DropStmt *) command))
				unconcerned = command;
			if (kinds & HOOKS_ON_DROP)
				hooks_drop_fire(command, GetCommandTagName(data->tag));
			break;
		default:
			break;
	}
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(hooks_sql_drop);

/*
 * hooks.sql_drop() returns event_trigger
 *
 * Removes the hooks whose definition is gone.
 */
Datum
hooks_sql_drop(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = event_data(fcinfo, "sql_drop");
	bool		skip = data->parsetree == unconcerned;

	unconcerned = NULL;
	hooks_told_check_dropped(data->parsetree);
	if (!skip && (hooks_present_kinds() & HOOKS_ANY))
		hooks_dropped_objects(data->parsetree);
	PG_RETURN_NULL();
}

/*
 * pg_restore --disable-triggers: what it loads must not stay in what stands
 * for other tables, and must find its place in hooks.registry.
 */
static void
after_triggers_disabled(AlterTableStmt *stmt)
{
	static const char *const tables[] =
	{"kept_dump", "audited_dump", "audited_row_dump", "registry"};

	for (int i = 0; i < lengthof(tables); i++)
	{
		Oid			relid;

		if (strcmp(stmt->relation->relname, tables[i]) != 0)
			continue;
		relid = hooks_own_find(tables[i], RELKIND_RELATION);
		if (OidIsValid(relid) &&
			RangeVarGetRelid(stmt->relation, NoLock, true) == relid)
			(void) hooks_guard_mend(tables[i]);
	}
}

PG_FUNCTION_INFO_V1(hooks_ddl_command_end);

/*
 * hooks.ddl_command_end() returns event_trigger
 *
 * Makes hooks.registry show what was created or renamed, and the triggers of
 * tables what their hooks need now.
 */
Datum
hooks_ddl_command_end(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = event_data(fcinfo, "ddl_command_end");
	Node	   *command = data->parsetree;
	int			kinds = hooks_present_kinds();

	unconcerned = NULL;
	hooks_told_end(command);
	if (IsA(command, AlterTableStmt))
		after_triggers_disabled((AlterTableStmt *) command);
	if (IsA(command, CreateTrigStmt) && !InSecurityRestrictedOperation())
		after_create_trigger();
	if (hooks_present_registry())
		hooks_names_changed(command);
	if ((kinds & HOOKS_ANY) == 0)
		PG_RETURN_NULL();
	hooks_tables_moved(command);
	if (kinds & HOOKS_WIDE)
		hooks_tables_scope_changed(command);
	PG_RETURN_NULL();
}
