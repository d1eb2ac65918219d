/*
 * ddl.c
 *		The event triggers.
 *
 * All DDL of the database comes here.  Most of it concerns no hook, which
 * hooks_registry_kinds() knows without a look at the registry.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "attach.h"
#include "compat.h"
#include "drop.h"
#include "dropped.h"
#include "follow.h"
#include "guard.h"
#include "objects.h"
#include "own.h"
#include "registry.h"
#include "told.h"

/*
 * A running DROP of which ddl_command_start knows that it concerns no hook;
 * sql_drop has nothing to do then.  Set to NULL by the next command.
 */
static Node *unconcerned = NULL;

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
 * Does a command that alters a table change its place among partitions?
 */
static bool
is_partition_command(const AlterTableCmd *cmd)
{
	return cmd->subtype == AT_AttachPartition ||
		cmd->subtype == AT_DetachPartition ||
		cmd->subtype == AT_DetachPartitionFinalize;
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
		relid = RangeVarGetRelid(((PartitionCmd *) cmd->def)->name, NoLock, true);
		if (OidIsValid(parent) && OidIsValid(relid) &&
			get_rel_relkind(parent) == RELKIND_PARTITIONED_TABLE &&
			hooks_class_ownercheck(parent, GetUserId()) &&
			hooks_class_ownercheck(relid, GetUserId()))
			hooks_attach_make_way(relid, parent);
	}
}

/*
 * ALTER SCHEMA ... RENAME locks nothing that register() would wait for, nor does
 * it wait for those who register callbacks in the schema.
 */
static void
before_schema_rename(RenameStmt *stmt)
{
	Oid			schema = get_namespace_oid(stmt->subname, true);

	hooks_registry_wait();
	if (OidIsValid(schema) && hooks_namespace_ownercheck(schema, GetUserId()))
		LockDatabaseObject(NamespaceRelationId, schema, 0,
						   ShareUpdateExclusiveLock);
}

/*
 * May ALTER TABLE make the condition of a hook mean nothing?
 */
static bool
alters_columns(AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_DropColumn || cmd->subtype == AT_AlterColumnType ||
			cmd->behavior == DROP_CASCADE)
			return true;
	}
	return false;
}

/*
 * May DROP?  Tables and such can only by their name or row type, which is not
 * looked for in each DROP TABLE.
 */
static bool
drops_names(DropStmt *stmt)
{
	switch (stmt->removeType)
	{
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_INDEX:
		case OBJECT_TRIGGER:
		case OBJECT_RULE:
		case OBJECT_POLICY:
		case OBJECT_SCHEMA:
			return stmt->behavior == DROP_CASCADE;
		default:
			return true;
	}
}

/*
 * Is it a kind of object whose owner the registry has?
 */
static bool
is_function(ObjectType kind)
{
	return kind == OBJECT_FUNCTION || kind == OBJECT_PROCEDURE ||
		kind == OBJECT_ROUTINE || kind == OBJECT_AGGREGATE;
}

/*
 * Has a table hooks, or a partition below it?
 */
static bool
has_hooks(Oid relid)
{
	ListCell   *lc;

	if (hooks_registry_has(relid))
		return true;
	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		foreach(lc, find_all_inheritors(relid, NoLock, NULL))
			if (hooks_registry_has(lfirst_oid(lc)))
				return true;
	return false;
}

/*
 * Takes the writers' lock, if a table has hooks, before the command locks the
 * table: register() takes them in this order.  False if it has none.
 */
static bool
lock_for_table(RangeVar *table)
{
	Oid			relid = RangeVarGetRelid(table, NoLock, true);

	if (!OidIsValid(relid) || !has_hooks(relid))
		return false;
	hooks_registry_lock();
	return true;
}

/*
 * The same for DROP.  False if what it drops can have no hooks, nor be used by
 * any.
 */
static bool
lock_for_drop(DropStmt *stmt)
{
	bool		concerned = false;
	ListCell   *lc;

	if (drops_names(stmt))
		concerned = true;
	if (stmt->removeType == OBJECT_TABLE || stmt->removeType == OBJECT_VIEW ||
		stmt->removeType == OBJECT_MATVIEW ||
		stmt->removeType == OBJECT_FOREIGN_TABLE)
		foreach(lc, stmt->objects)
			concerned |= lock_for_table(makeRangeVarFromNameList(lfirst(lc)));
	else if (stmt->removeType == OBJECT_SCHEMA)
		concerned = true;
	/* it may have been in an inheritance tree */
	return concerned || stmt->removeType == OBJECT_FOREIGN_TABLE;
}

PG_FUNCTION_INFO_V1(hooks_ddl_command_start);

/*
 * hooks.ddl_command_start() returns event_trigger
 *
 * Fires hooks on "drop"; notes what names mean that may change.  39P03 if it is
 * not called as an event trigger.
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
			if (((RenameStmt *) command)->renameType == OBJECT_SCHEMA &&
				strcmp(((RenameStmt *) command)->subname, "hooks") == 0)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot rename schema \"hooks\" of the extension hooks")));
			pg_fallthrough;
		case T_AlterObjectSchemaStmt:
		case T_AlterEnumStmt:
			if (IsA(command, RenameStmt) &&
				((RenameStmt *) command)->renameType == OBJECT_SCHEMA)
				before_schema_rename((RenameStmt *) command);
			if (hooks_registry_exists())
				hooks_follow_begin(command, true);
			break;
		case T_AlterOwnerStmt:
			if (is_function(((AlterOwnerStmt *) command)->objectType) &&
				hooks_registry_exists())
				hooks_follow_begin(command, true);
			break;
		case T_AlterTableStmt:
			kinds = hooks_registry_kinds();
			if (kinds & HOOKS_ANY)
				before_attach((AlterTableStmt *) command);
			if (kinds & HOOKS_ON_DROP)
				hooks_drop_fire(command, GetCommandTagName(data->tag));
			if (hooks_registry_exists() && alters_columns((AlterTableStmt *) command))
			{
				(void) lock_for_table(((AlterTableStmt *) command)->relation);
				hooks_follow_begin(command, false);
			}
			break;
		case T_DropStmt:
		case T_DropOwnedStmt:
			kinds = hooks_registry_kinds();
			if ((kinds & HOOKS_ANY) && IsA(command, DropStmt) &&
				!lock_for_drop((DropStmt *) command))
				unconcerned = command;
			if (kinds & HOOKS_ON_DROP)
				hooks_drop_fire(command, GetCommandTagName(data->tag));
			if (hooks_registry_exists() &&
				(IsA(command, DropOwnedStmt) || drops_names((DropStmt *) command)))
				hooks_follow_begin(command, false);
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
 * Takes the hooks along whose table is gone; refuses (2BP01) the drop of what
 * a hook uses, unless CASCADE, which takes the hook along too.
 */
Datum
hooks_sql_drop(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = event_data(fcinfo, "sql_drop");
	bool		skip = data->parsetree == unconcerned;

	unconcerned = NULL;
	hooks_told_check_dropped(data->parsetree);
	if (!skip && (hooks_registry_kinds() & HOOKS_ANY))
		hooks_dropped_objects(data->parsetree);
	PG_RETURN_NULL();
}

/*
 * After there is a foreign table below a table, or none any more.
 */
static void
after_inheritance_changed(RangeVar *table)
{
	Oid			relid = RangeVarGetRelid(table, NoLock, true);

	if (OidIsValid(relid))
		hooks_attach_sync_above(list_make1_oid(relid), false);
}

/*
 * After ALTER TABLE: partitions that came or went, columns of another type.
 */
static void
after_alter_table(AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);
		Oid			relid;

		if (is_partition_command(cmd))
		{
			relid = RangeVarGetRelid(((PartitionCmd *) cmd->def)->name, NoLock,
									 true);
			if (OidIsValid(relid))
				hooks_attach_sync_tree(relid);
			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
			if (OidIsValid(relid))
				hooks_attach_sync_up(relid);
		}
		else if (cmd->subtype == AT_AddInherit || cmd->subtype == AT_DropInherit)
			after_inheritance_changed((RangeVar *) cmd->def);
		else if (cmd->subtype == AT_AlterColumnType)
			hooks_dropped_check_conditions((Node *) stmt);
	}
}

/*
 * Makes the triggers of all tables of an extension, which moved.
 */
static void
after_extension_moved(const char *extension)
{
	Relation	pg_depend = table_open(DependRelationId, AccessShareLock);
	List	   *tables = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	ListCell   *lc;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(ExtensionRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(get_extension_oid(extension, false)));
	scan = systable_beginscan(pg_depend, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);

		if (row->classid == RelationRelationId && row->objsubid == 0)
			tables = lappend_oid(tables, row->objid);
	}
	systable_endscan(scan);
	table_close(pg_depend, AccessShareLock);
	foreach(lc, tables)
		hooks_attach_sync_tree(lfirst_oid(lc));
}

/*
 * Makes the triggers of tables that may have come into the scope of a wide hook,
 * or left it.
 */
static void
after_tables_changed(Node *command)
{
	ListCell   *lc;

	switch (nodeTag(command))
	{
		case T_CreateStmt:
		case T_CreateTableAsStmt:
		case T_CreateForeignTableStmt:
		case T_CreateSchemaStmt:
		case T_ImportForeignSchemaStmt:
			break;
		case T_AlterObjectSchemaStmt:
			if (((AlterObjectSchemaStmt *) command)->objectType == OBJECT_EXTENSION)
				after_extension_moved(strVal(((AlterObjectSchemaStmt *) command)->object));
			break;
		default:
			return;
	}
	foreach(lc, hooks_objects_touched())
	{
		HookObject *object = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (object->classid == RelationRelationId)
			hooks_attach_sync_tree(object->objid);
	}
}

/*
 * pg_restore --disable-triggers: what it loads must not stay in hooks.kept_dump.
 */
static void
after_triggers_disabled(AlterTableStmt *stmt)
{
	Oid			kept_dump;

	if (strcmp(stmt->relation->relname, "kept_dump") != 0)
		return;
	kept_dump = hooks_own_find("kept_dump", RELKIND_RELATION);
	if (OidIsValid(kept_dump) &&
		RangeVarGetRelid(stmt->relation, NoLock, true) == kept_dump)
		(void) hooks_guard_mend("kept_dump");
}

PG_FUNCTION_INFO_V1(hooks_ddl_command_end);

/*
 * hooks.ddl_command_end() returns event_trigger
 *
 * Writes the new names of what was renamed into the registry, and makes the
 * triggers of tables what their hooks need now.
 */
Datum
hooks_ddl_command_end(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = event_data(fcinfo, "ddl_command_end");
	Node	   *command = data->parsetree;
	int			kinds = hooks_registry_kinds();

	unconcerned = NULL;
	hooks_told_end(command);
	if (IsA(command, AlterTableStmt))
		after_triggers_disabled((AlterTableStmt *) command);
	if ((kinds & HOOKS_ANY) == 0)
	{
		hooks_follow_end(command);
		PG_RETURN_NULL();
	}
	if (IsA(command, DropOwnedStmt))
		hooks_dropped_owners((DropOwnedStmt *) command);
	else if (IsA(command, AlterTableStmt))
		after_alter_table((AlterTableStmt *) command);
	hooks_follow_end(command);
	if (IsA(command, CreateForeignTableStmt) &&
		((CreateForeignTableStmt *) command)->base.inhRelations != NIL)
		after_inheritance_changed(((CreateForeignTableStmt *) command)->base.relation);
	if (kinds & HOOKS_WIDE)
		after_tables_changed(command);
	PG_RETURN_NULL();
}
