/*
 * definition.c
 *		The function in hooks_definition that holds what a hook refers to.
 *
 * Each hook has a function of its name in the schema hooks_definition, which
 * is never called.  Its owner is the hook's, and its body a query of the
 * SQL-standard form:
 *
 *		SELECT 'before_cascade' AS phase, ..., app.guard() IS NULL AS callback,
 *			   (old.vendor = 'acme') AS condition, ROW(new.id) AS columns
 *		  FROM app.systems old, app.systems new
 *		 WHERE hooks.definition()
 *
 * PostgreSQL keeps such a body as a tree in which everything is known by its
 * OID, with an entry in pg_depend for whatever is in it.  So names may change,
 * what the hook uses is not dropped without CASCADE, and the hook is dumped,
 * restored and given to another role as any function is, all of that without
 * our help.  hooks.definition() throws, should somebody call the function.
 *
 * One entry in pg_depend is ours: a definition goes with its table (or, of a
 * wide hook, its schema) without CASCADE.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/depend.h"
#include "base/forget.h"
#include "base/own.h"
#include "registry/body.h"
#include "registry/definition.h"

/*
 * Definitions that this session has created while it loads a dump, which
 * brings their triggers when the data is there; in TopMemoryContext.  An abort
 * leaves OIDs of nothing.
 */
static List *loading = NIL;

/*
 * Is a function a definition?
 */
bool
hooks_definition_is_one(Oid function)
{
	Oid			schema = get_func_namespace(function);

	return OidIsValid(schema) &&
		schema == hooks_own_find_schema(HOOKS_DEFINITIONS);
}

/*
 * The definition of a hook of this name; InvalidOid if there is none.
 */
Oid
hooks_definition_find(const char *name)
{
	Oid			none[1];
	Oid			schema = hooks_own_find_schema(HOOKS_DEFINITIONS);

	if (!OidIsValid(schema))
		return InvalidOid;
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(name),
						   PointerGetDatum(buildoidvector(none, 0)),
						   ObjectIdGetDatum(schema));
}

/*
 * The definitions that depend on an object, on a whole or a part of it.
 */
List *
hooks_definition_using(Oid classid, Oid objid)
{
	List	   *objects = hooks_depend_list(classid, objid);
	List	   *functions = NIL;
	ListCell   *lc;

	foreach(lc, objects)
	{
		const ObjectAddress *object = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (object->classId == ProcedureRelationId &&
			hooks_definition_is_one(object->objectId))
			functions = lappend_oid(functions, object->objectId);
	}
	list_free_deep(objects);

	/* a function that uses several columns has as many entries */
	list_sort(functions, list_oid_cmp);
	list_deduplicate_oid(functions);
	return functions;
}

/*
 * All definitions.
 */
List *
hooks_definition_all(void)
{
	Oid			schema = hooks_own_find_schema(HOOKS_DEFINITIONS);

	return OidIsValid(schema) ?
		hooks_definition_using(NamespaceRelationId, schema) : NIL;
}

/*
 * Notes a definition that this session has created, if it seems to load a
 * dump:  pg_dump's scripts turn check_function_bodies off, as what they create
 * comes in an order of its own.
 */
void
hooks_definition_note_loading(Oid function)
{
	MemoryContext old;

	if (check_function_bodies)
		return;
	old = MemoryContextSwitchTo(TopMemoryContext);
	loading = lappend_oid(loading, function);
	MemoryContextSwitchTo(old);
}

/*
 * Do the triggers of a definition come with the dump that this session loads?
 */
bool
hooks_definition_is_loading(Oid function)
{
	return !check_function_bodies && list_member_oid(loading, function);
}

/*
 * The dump has come to its data or its triggers: it creates no tables any
 * more.
 */
void
hooks_definition_end_loading(void)
{
	list_free(loading);
	loading = NIL;
}

/*
 * Makes a definition go with the table, or the schema of a wide hook, without
 * CASCADE.  Returns whether it did not yet.
 */
bool
hooks_definition_bind(const Hook *hook)
{
	Relation	pg_depend;
	ObjectAddress definition;
	ObjectAddress target;
	ScanKeyData keys[3];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		bound = false;

	if (OidIsValid(hook->relation))
		ObjectAddressSet(target, RelationRelationId, hook->relation);
	else if (OidIsValid(hook->schema))
		ObjectAddressSet(target, NamespaceRelationId, hook->schema);
	else
		return false;
	ObjectAddressSet(definition, ProcedureRelationId, hook->definition);

	pg_depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(definition.classId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(definition.objectId));
	ScanKeyInit(&keys[2], Anum_pg_depend_objsubid, BTEqualStrategyNumber,
				F_INT4EQ, Int32GetDatum(0));
	scan = systable_beginscan(pg_depend, DependDependerIndexId, true, NULL, 3,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		bound |= form->deptype == DEPENDENCY_AUTO &&
			form->refclassid == target.classId &&
			form->refobjid == target.objectId;
	}
	systable_endscan(scan);
	table_close(pg_depend, AccessShareLock);
	if (!bound)
		recordDependencyOn(&definition, &target, DEPENDENCY_AUTO);
	return !bound;
}

static Oid
create_function(const Hook *hook)
{
	Node	   *body = (Node *) list_make1(list_make1(hooks_body_make(hook)));

	return ProcedureCreate(hook->name, hooks_own_schema(HOOKS_DEFINITIONS),
						   false, false, RECORDOID, hook->owner, SQLlanguageId,
						   InvalidOid, "", NULL,
						   body, PROKIND_FUNCTION, false, false, false,
						   PROVOLATILE_VOLATILE, PROPARALLEL_UNSAFE,
						   buildoidvector(NULL, 0), (Datum) 0, (Datum) 0,
						   (Datum) 0, NIL, HOOKS_NO_TRANSFORMS, (Datum) 0,
						   InvalidOid, 1, 0).objectId;
}

/*
 * Shall the definition of a hook be a member of the extension whose script
 * registers it?  Not of ours, so that it is dumped.  Not if the hook is on
 * somebody else's table or schema: this could not be dropped without CASCADE
 * any more, as it goes together with the definition.
 */
static bool
is_member(const Hook *hook, Oid extension)
{
	if (extension == get_extension_oid("hooks", true))
		return false;
	if (OidIsValid(hook->relation))
		return getExtensionOfObject(RelationRelationId,
									hook->relation) == extension;
	if (OidIsValid(hook->schema))
		return getExtensionOfObject(NamespaceRelationId,
									hook->schema) == extension;
	return true;
}

/*
 * Creates the definition of a hook, whose other fields must all be set; sets
 * hook->definition.  In the script of another extension it becomes a member of
 * that, or is at least dropped with it.
 */
void
hooks_definition_create(Hook *hook)
{
	bool		before = creating_extension;
	bool		of_other = before &&
		CurrentExtensionObject != get_extension_oid("hooks", true);
	bool		member = before && is_member(hook, CurrentExtensionObject);

	creating_extension = member;
	PG_TRY();
	{
		hook->definition = create_function(hook);
	}
	PG_FINALLY();
	{
		creating_extension = before;
	}
	PG_END_TRY();
	if (of_other && !member)
	{
		ObjectAddress definition;
		ObjectAddress extension;

		ObjectAddressSet(definition, ProcedureRelationId, hook->definition);
		ObjectAddressSet(extension, ExtensionRelationId,
						 CurrentExtensionObject);
		recordDependencyOn(&definition, &extension, DEPENDENCY_AUTO_EXTENSION);
	}
	if (of_other)
		hooks_definition_note_loading(hook->definition);
	(void) hooks_definition_bind(hook);
	CommandCounterIncrement();
	hooks_depend_refuse_temporary(ProcedureRelationId, hook->definition,
								  "hook", hook->name);
}

/*
 * Drops a definition, and what somebody made depend on it.
 */
void
hooks_definition_drop(Oid function)
{
	ObjectAddress address;

	ObjectAddressSet(address, ProcedureRelationId, function);
	hooks_forget_listen();
	performDeletion(&address, DROP_CASCADE, PERFORM_DELETION_INTERNAL);
}

PG_FUNCTION_INFO_V1(hooks_definition);

/*
 * hooks.definition() returns boolean
 *
 * Stands in the body of each definition, so that one that is called ends with
 * this error (0A000) before anything in it is looked at.  It is marked
 * immutable for that reason: PostgreSQL calls it when it plans the query.
 */
Datum
hooks_definition(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the definition of a hook cannot be called"),
			 errdetail("It says what the hook is; the hook fires by itself.")));
	PG_RETURN_NULL();
}
