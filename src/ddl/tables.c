/*
 * tables.c
 *		Tables that came or changed: makes their triggers what their hooks need
 *		now.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"

#include "base/depend.h"
#include "ddl/objects.h"
#include "ddl/tables.h"
#include "registry/attach.h"
#include "registry/source.h"

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
 * Has a list of a command's constraints, or columns, a foreign key?
 */
static bool
has_foreign_key(List *elements)
{
	ListCell   *lc;

	foreach(lc, elements)
	{
		Node	   *element = lfirst(lc);

		if (IsA(element, ColumnDef) ?
			has_foreign_key(((ColumnDef *) element)->constraints) :
			IsA(element, Constraint) &&
			((Constraint *) element)->contype == CONSTR_FOREIGN)
			return true;
	}
	return false;
}

/*
 * Makes the triggers of the tables that a table refers to.
 */
static void
after_foreign_key(RangeVar *table)
{
	Oid			relid = RangeVarGetRelid(table, NoLock, true);

	if (!OidIsValid(relid))
		return;
	hooks_attach_sync_sources(list_make1_oid(relid));
	hooks_source_tell(relid);
}

/*
 * After ALTER TABLE: partitions that came or went, and foreign keys that came,
 * or are enforced now.
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
			{
				hooks_attach_sync_tree(relid);
				hooks_attach_sync_sources(list_make1_oid(relid));
				hooks_source_tell(relid);
			}
			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
			if (OidIsValid(relid))
				hooks_attach_sync_up(relid);
		}
		else if (cmd->subtype == AT_AddInherit ||
				 cmd->subtype == AT_DropInherit)
			after_inheritance_changed((RangeVar *) cmd->def);
		else if (cmd->subtype == AT_AlterConstraint ||	/* ENFORCED */
				 (cmd->def != NULL && has_foreign_key(list_make1(cmd->def))))
			after_foreign_key(stmt->relation);
	}
}

/*
 * Makes the triggers of all tables of an extension, which moved.
 */
static void
after_extension_moved(const AlterObjectSchemaStmt *command)
{
	ListCell   *lc;

	foreach(lc, hooks_depend_list(ExtensionRelationId,
								  get_extension_oid(strVal(command->object),
													false)))
	{
		const ObjectAddress *object = lfirst(lc);

		if (object->classId == RelationRelationId && object->objectSubId == 0)
			hooks_attach_sync_tree(object->objectId);
	}
}

/*
 * Makes the triggers of tables that may have come into the scope of a wide
 * hook, or left it.
 */
void
hooks_tables_scope_changed(Node *command)
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
 * After a command that changed the place of tables among partitions, children
 * or foreign keys.
 */
void
hooks_tables_moved(Node *command)
{
	if (IsA(command, AlterTableStmt))
		after_alter_table((AlterTableStmt *) command);
	else if (IsA(command, CreateStmt))
	{
		if (has_foreign_key(((CreateStmt *) command)->tableElts))
			after_foreign_key(((CreateStmt *) command)->relation);
	}
	else if (IsA(command, CreateForeignTableStmt))
	{
		CreateStmt *stmt = &((CreateForeignTableStmt *) command)->base;

		if (stmt->inhRelations != NIL)
			after_inheritance_changed(stmt->relation);
	}
}
