/*
 * ddl.c
 *		The event triggers.
 *
 * All DDL of the database comes here.  Most of it concerns no hook, which
 * hooks_present_kinds() knows without a look at the registry.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/own.h"
#include "ddl/drop.h"
#include "ddl/dropped.h"
#include "ddl/objects.h"
#include "ddl/told.h"
#include "registry/attach.h"
#include "registry/clones.h"
#include "registry/definition.h"
#include "registry/event.h"
#include "registry/guard.h"
#include "registry/lock.h"
#include "registry/present.h"
#include "registry/record.h"
#include "registry/registry.h"

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
 * Does ALTER TABLE say CASCADE?
 */
static bool
alters_with_cascade(AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		if (lfirst_node(AlterTableCmd, lc)->behavior == DROP_CASCADE)
			return true;
	}
	return false;
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

	if (strcmp(name, "hooks") == 0 || strcmp(name, HOOKS_DEFINITIONS) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot rename schema \"%s\" of the extension hooks",
						name)));
	if (OidIsValid(schema) && hooks_namespace_ownercheck(schema, GetUserId()))
		LockDatabaseObject(NamespaceRelationId, schema, 0,
						   AccessExclusiveLock);
}

/*
 * Refuses (0A000) to rename the definition of a hook, or to move it.
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
}

/*
 * Has a table hooks, or a partition below it?
 */
static bool
has_hooks(Oid relid)
{
	ListCell   *lc;

	if (hooks_present_on(relid))
		return true;
	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		if (hooks_present_on(lfirst_oid(lc)))
			return true;
	}
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
	hooks_lock_registry();
	return true;
}

/*
 * Makes the definitions of hooks go with what they are for, as pg_upgrade
 * forgets that they do.
 */
static void
bind_definitions(List *hooks)
{
	ListCell   *lc;

	foreach(lc, hooks)
	{
		if (((const Hook *) lfirst(lc))->damage == NULL)
			(void) hooks_definition_bind(lfirst(lc));
	}
	CommandCounterIncrement();
}

/*
 * lock_for_table() for a table that is named in a DROP.
 */
static bool
lock_to_drop_table(RangeVar *table)
{
	ListCell   *lc;

	if (!lock_for_table(table))
		return false;
	foreach(lc,
			find_all_inheritors(RangeVarGetRelid(table, NoLock, true), NoLock,
								NULL))
		bind_definitions(hooks_registry_of_relation(lfirst_oid(lc)));
	return true;
}

/*
 * The same for any DROP.  False if it can drop no definition: without CASCADE
 * these go with their table or schema, or the extension that they belong to,
 * or by their own name.
 */
static bool
lock_for_drop(DropStmt *stmt)
{
	bool		concerned = stmt->behavior == DROP_CASCADE;
	ListCell   *lc;

	switch (stmt->removeType)
	{
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
			foreach(lc, stmt->objects)
			{
				RangeVar   *name = makeRangeVarFromNameList(lfirst(lc));

				concerned |= lock_to_drop_table(name);
			}
			/* it may have been in an inheritance tree */
			return concerned || stmt->removeType == OBJECT_FOREIGN_TABLE;
		case OBJECT_SCHEMA:
			bind_definitions(hooks_registry_wide());
			return true;
		case OBJECT_EXTENSION:
		case OBJECT_FUNCTION:
		case OBJECT_ROUTINE:
			return true;
		default:
			return concerned;
	}
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
			if ((kinds & HOOKS_ANY) &&
				alters_with_cascade((AlterTableStmt *) command))
				(void) lock_for_table(((AlterTableStmt *) command)->relation);
			break;
		case T_DropStmt:
		case T_DropOwnedStmt:
			kinds = hooks_present_kinds();
			if ((kinds & HOOKS_ANY) && IsA(command, DropStmt) &&
				!lock_for_drop((DropStmt *) command))
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
 * After ALTER TABLE: partitions that came or went.
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
		else if (cmd->subtype == AT_AddInherit ||
				 cmd->subtype == AT_DropInherit)
			after_inheritance_changed((RangeVar *) cmd->def);
	}
}

/*
 * What depends on an object: the contents of a schema, the members of an
 * extension.  A list of HookObject, of which classid and objid are known.
 */
static List *
dependents_of(Oid classid, Oid objid)
{
	Relation	pg_depend = table_open(DependRelationId, AccessShareLock);
	List	   *objects = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(objid));
	scan = systable_beginscan(pg_depend, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);
		HookObject *object = palloc0(sizeof(HookObject));

		CHECK_FOR_INTERRUPTS();
		object->address.classId = row->classid;
		object->address.objectId = row->objid;
		object->address.objectSubId = row->objsubid;
		objects = lappend(objects, object);
	}
	systable_endscan(scan);
	table_close(pg_depend, AccessShareLock);
	return objects;
}

/*
 * Makes the triggers of all tables of an extension, which moved.
 */
static void
after_extension_moved(const AlterObjectSchemaStmt *command)
{
	ListCell   *lc;

	foreach(lc, dependents_of(ExtensionRelationId,
							  get_extension_oid(strVal(command->object),
												false)))
	{
		const HookObject *object = lfirst(lc);

		if (object->address.classId == RelationRelationId &&
			object->address.objectSubId == 0)
			hooks_attach_sync_tree(object->address.objectId);
	}
}

/*
 * Makes the triggers of tables that may have come into the scope of a wide
 * hook, or left it.
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
			if (((AlterObjectSchemaStmt *) command)->objectType ==
				OBJECT_EXTENSION)
				after_extension_moved((AlterObjectSchemaStmt *) command);
			break;
		default:
			return;
	}
	foreach(lc, hooks_objects_touched())
	{
		HookObject *object = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (object->address.classId == RelationRelationId)
			hooks_attach_sync_tree(object->address.objectId);
	}
}

/*
 * pg_restore --disable-triggers: what it loads must not stay in
 * hooks.kept_dump, and must find its place in hooks.registry.
 */
static void
after_triggers_disabled(AlterTableStmt *stmt)
{
	static const char *const tables[] = {"kept_dump", "registry"};

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

/*
 * Makes the row of a definition that somebody other than register() created,
 * as a dump does, or moved there.  Only superusers may.
 */
static void
adopt_created(Oid definition)
{
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to create a function in schema \"%s\"",
						HOOKS_DEFINITIONS),
				 errhint("Call hooks.register().")));
	(void) hooks_record_adopt(definition);
	hooks_record_tell_damage(definition);
	hooks_definition_note_loading(definition);
}

/*
 * Adds the definitions that use an object.  Of a table, its partitions and
 * children count too, as their columns are renamed with it, and its row type;
 * of a type, its arrays.
 */
static List *
add_using(List *definitions, Oid classid, Oid objid)
{
	List	   *children;
	ListCell   *lc;
	Oid			type = classid == TypeRelationId ? objid : InvalidOid;
	Oid			array;

	if (classid == ProcedureRelationId && hooks_definition_is_one(objid))
		return lappend_oid(definitions, objid);
	definitions =
		list_concat(definitions, hooks_definition_using(classid, objid));
	if (classid == RelationRelationId)
	{
		type = get_rel_type_id(objid);
		children = find_all_inheritors(objid, NoLock, NULL);
		foreach(lc, list_copy_tail(children, 1))
		{
			definitions = list_concat(definitions,
									  hooks_definition_using(classid,
															 lfirst_oid(lc)));
		}
	}
	if (classid == RelationRelationId && OidIsValid(type))
		definitions = list_concat(definitions,
								  hooks_definition_using(TypeRelationId,
														 type));
	array = OidIsValid(type) ? get_array_type(type) : InvalidOid;
	if (OidIsValid(array))
		definitions = list_concat(definitions,
								  hooks_definition_using(TypeRelationId,
														 array));
	return definitions;
}

/*
 * The definitions that use one of a list of objects, each once.
 */
static List *
definitions_using(List *objects)
{
	List	   *definitions = NIL;
	ListCell   *lc;

	foreach(lc, objects)
	{
		const HookObject *object = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		definitions = add_using(definitions, object->address.classId,
								object->address.objectId);
	}
	list_sort(definitions, list_oid_cmp);
	list_deduplicate_oid(definitions);
	return definitions;
}

/*
 * After something was renamed or moved, or a definition got another owner.
 * What is inside of schemas and extensions is not told to event triggers; nor
 * is where the name of an attribute or a label stands in a constant.
 */
static void
after_names_changed(ObjectType kind)
{
	List	   *objects = hooks_objects_touched();
	List	   *contents = NIL;
	ListCell   *lc;

	switch (kind)
	{
		case OBJECT_ATTRIBUTE:
		case OBJECT_EXTENSION:
			hooks_record_refresh(hooks_definition_all());
			return;
		case OBJECT_SCHEMA:
			foreach(lc, objects)
			{
				const HookObject *object = lfirst(lc);

				contents = list_concat(contents,
									   dependents_of(object->address.classId,
													 object->address.objectId));
			}
			break;
		default:
			break;
	}
	hooks_record_refresh(definitions_using(list_concat(contents, objects)));
}

/*
 * After functions were created or moved, which may be definitions now.
 */
static void
after_functions_came(void)
{
	ListCell   *lc;

	foreach(lc, hooks_objects_touched())
	{
		HookObject *object = lfirst(lc);

		if (object->address.classId == ProcedureRelationId &&
			hooks_definition_is_one(object->address.objectId))
			adopt_created(object->address.objectId);
	}
}

/*
 * Makes hooks.registry show what a command has done.
 */
static void
show_in_registry(Node *command)
{
	switch (nodeTag(command))
	{
		case T_CreateFunctionStmt:
			after_functions_came();
			break;
		case T_RenameStmt:
			after_names_changed(((RenameStmt *) command)->renameType);
			break;
		case T_AlterObjectSchemaStmt:
			after_functions_came();
			after_names_changed(castNode(AlterObjectSchemaStmt,
										 command)->objectType);
			break;
		case T_AlterOwnerStmt:
			if (((AlterOwnerStmt *) command)->objectType == OBJECT_FUNCTION ||
				((AlterOwnerStmt *) command)->objectType == OBJECT_ROUTINE)
				after_names_changed(OBJECT_FUNCTION);
			break;
		case T_AlterEnumStmt:
			if (((AlterEnumStmt *) command)->oldVal != NULL)
				hooks_record_refresh(hooks_definition_all());
			break;
		default:
			break;
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
		show_in_registry(command);
	if ((kinds & HOOKS_ANY) == 0)
		PG_RETURN_NULL();
	if (IsA(command, AlterTableStmt))
		after_alter_table((AlterTableStmt *) command);
	if (IsA(command, CreateForeignTableStmt))
	{
		const		CreateStmt *create =
			&castNode(CreateForeignTableStmt, command)->base;

		if (create->inhRelations != NIL)
			after_inheritance_changed(create->relation);
	}
	if (kinds & HOOKS_WIDE)
		after_tables_changed(command);
	PG_RETURN_NULL();
}
