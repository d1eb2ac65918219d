/*
 * names.c
 *		Keeps hooks.registry true: what it shows of hooks are names.
 *
 * A definition has no names in it.  When something that it uses is renamed or
 * moved, all there is to do is to let its row show the new name.
 */
#include "postgres.h"

#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "base/depend.h"
#include "base/wake.h"
#include "ddl/names.h"
#include "ddl/objects.h"
#include "registry/definition.h"
#include "registry/record.h"

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
		definitions = list_concat(definitions,
								  hooks_definition_using(TypeRelationId,
														 type));
	}
	array = OidIsValid(type) ? get_array_type(type) : InvalidOid;
	if (OidIsValid(array))
		definitions = list_concat(definitions,
								  hooks_definition_using(TypeRelationId,
														 array));
	return definitions;
}

/*
 * The definitions that use one of a list of objects (ObjectAddresses), each
 * once.
 */
static List *
definitions_using(List *objects)
{
	List	   *definitions = NIL;
	ListCell   *lc;

	foreach(lc, objects)
	{
		const ObjectAddress *object = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		definitions = add_using(definitions, object->classId,
								object->objectId);
	}
	list_sort(definitions, list_oid_cmp);
	list_deduplicate_oid(definitions);
	return definitions;
}

/*
 * After something was renamed or moved, or a definition got another owner.
 * PostgreSQL does not tell event triggers what is inside of a schema or an
 * extension, nor in which constants the name of an attribute or a label is.
 */
static void
after_names_changed(ObjectType kind)
{
	List	   *objects = NIL;
	ListCell   *lc;

	if (kind == OBJECT_ATTRIBUTE || kind == OBJECT_EXTENSION)
	{
		hooks_record_refresh(hooks_definition_all());
		return;
	}
	foreach(lc, hooks_objects_touched())
	{
		HookObject *object = lfirst(lc);

		objects = lappend(objects, &object->address);
		if (kind == OBJECT_SCHEMA)
			objects = list_concat(objects,
								  hooks_depend_list(object->address.classId,
													object->address.objectId));
	}
	hooks_record_refresh(definitions_using(objects));
}

static bool
is_definition(const HookObject *object)
{
	return object->address.classId == ProcedureRelationId &&
		hooks_definition_is_one(object->address.objectId);
}

/*
 * After functions got another owner.  What waits for a hook among them is
 * delivered by the owner's worker from now on, which may not be running.
 */
static void
after_owners_changed(const RoleSpec *owner)
{
	ListCell   *lc;

	after_names_changed(OBJECT_FUNCTION);
	foreach(lc, hooks_objects_touched())
	{
		HookObject *object = lfirst(lc);

		if (is_definition(object))
			hooks_worker_retries(get_rolespec_oid(owner, false));
	}
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

		if (is_definition(object))
			adopt_created(object->address.objectId);
	}
}

/*
 * Makes hooks.registry show what a command has done.
 */
void
hooks_names_changed(Node *command)
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
				after_owners_changed(((AlterOwnerStmt *) command)->newowner);
			break;
		case T_AlterEnumStmt:
			if (((AlterEnumStmt *) command)->oldVal != NULL)
				hooks_record_refresh(hooks_definition_all());
			break;
		default:
			break;
	}
}

/*
 * After REASSIGN OWNED, of which event triggers are not told: the same, of all
 * that the roles may have had.
 */
void
hooks_names_reassigned(const ReassignOwnedStmt *command)
{
	CommandCounterIncrement();
	hooks_record_refresh(hooks_definition_all());
	hooks_worker_retries(get_rolespec_oid(command->newrole, false));
}
