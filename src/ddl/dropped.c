/*
 * dropped.c
 *		Removes the hooks that go with what a command dropped.
 *
 * PostgreSQL decides what goes: a definition goes with its table, with CASCADE
 * with whatever else it uses, and with its owner's objects.  All that is left
 * to do here is to take away the row and the triggers, and to tell.
 *
 * Hooks that fire on a drop are in drop.c.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "base/settings.h"
#include "ddl/dropped.h"
#include "ddl/objects.h"
#include "registry/attach.h"
#include "registry/definition.h"
#include "registry/lock.h"
#include "registry/registry.h"
#include "registry/remove.h"

/*
 * Does a hook, whose definition is gone, go with its table or schema?
 */
static bool
goes_with_target(const Hook *hook, List *objects)
{
	ListCell   *lc;

	if (hook->schema_gone)
		return true;
	foreach(lc, objects)
	{
		const HookObject *object = lfirst(lc);

		if (object->address.classId == RelationRelationId &&
			object->address.objectSubId == 0 &&
			object->address.objectId == hook->relation)
			return true;
	}
	return false;
}

/*
 * Tells of a hook that goes for another reason: the client and, if the command
 * did not say so, the server's log, as programs that drop a column with
 * CASCADE often hide the notice.
 */
static void
tell(const Hook *hook, const HookObject *definition, Node *command)
{
	if (IsA(command, DropOwnedStmt) && definition->original)
		ereport(NOTICE,
				(errmsg("hook \"%s\" is dropped with its owner's objects",
						hook->name)));
	else if (definition->original)
		ereport(NOTICE,
				(errmsg("hook \"%s\" is unregistered", hook->name)));
	else
	{
		ereport(NOTICE,
				(errmsg("drop cascades to hook \"%s\"", hook->name)));
		ereport(WARNING,
				(errcode(ERRCODE_HOOK_ERROR),
				 errmsg("hook \"%s\" is unregistered", hook->name),
				 errdetail("Something that it uses was dropped with CASCADE.")));
	}
}

/*
 * The table whose rows a foreign key referred to that is gone, by a trigger of
 * the key; InvalidOid if it is gone too, or the trigger is another one.
 */
static Oid
referenced_table(const HookObject *trigger)
{
	Oid			schema;

	if (trigger->schema == NULL || trigger->table == NULL ||
		strncmp(trigger->name, "RI_ConstraintTrigger_a_",
				strlen("RI_ConstraintTrigger_a_")) != 0)
		return InvalidOid;
	schema = get_namespace_oid(trigger->schema, true);
	return OidIsValid(schema) ? get_relname_relid(trigger->table, schema) :
		InvalidOid;
}

/*
 * Removes the rows and triggers of hooks whose definition a command dropped.
 */
void
hooks_dropped_objects(Node *command)
{
	List	   *objects = hooks_objects_dropped();
	List	   *definitions = NIL;
	List	   *gone = NIL;
	List	   *relations = NIL;
	List	   *referenced = NIL;
	bool		foreign_tables = false;
	ListCell   *lc;

	foreach(lc, objects)
	{
		HookObject *object = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (object->address.classId == ProcedureRelationId &&
			object->schema != NULL &&
			strcmp(object->schema, HOOKS_DEFINITIONS) == 0)
			definitions = lappend(definitions, object);
		else if (object->address.classId == TriggerRelationId)
			referenced = list_append_unique_oid(referenced,
												referenced_table(object));
		else if (object->address.classId == RelationRelationId &&
				 object->address.objectSubId == 0)
		{
			relations = lappend_oid(relations, object->address.objectId);
			foreign_tables |= strcmp(object->type, "foreign table") == 0;
		}
	}
	if (definitions != NIL)
		hooks_lock_registry();
	foreach(lc, definitions)
	{
		const HookObject *definition = lfirst(lc);
		Hook	   *hook;

		(void) hooks_lock_hook(definition->name, true);
		hook = hooks_registry_find(definition->name);
		/* another one may have taken its place */
		if (hook == NULL || OidIsValid(hook->definition))
			continue;
		if (!goes_with_target(hook, objects))
			tell(hook, definition, command);
		gone = lappend(gone, hook);
	}
	hooks_remove(gone);
	if (foreign_tables)
		hooks_attach_sync_above(relations, true);
	foreach(lc, referenced)
	{
		if (OidIsValid(lfirst_oid(lc)))
			(void) hooks_attach_sync(lfirst_oid(lc));
	}
}
