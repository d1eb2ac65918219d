/*
 * scope.c
 *		Which tables a hook is for.
 *
 * A hook names its relation, or it is wide: for all tables of a schema, or of
 * the database.  Rows of a partition belong to the partitioned tables above it
 * as well, so that a hook on one of these is for them; a wide hook is on the
 * topmost table that it covers, and so fires once for a row.  Statements
 * belong to the table that they name.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/own.h"
#include "base/preload.h"
#include "registry/present.h"
#include "registry/scope.h"

/*
 * Is it one of PostgreSQL's own schemas, public aside?
 */
bool
hooks_scope_is_system_schema(Oid schema)
{
	return schema < FirstNormalObjectId && schema != PG_PUBLIC_NAMESPACE;
}

/*
 * Can a wide hook be for the tables of a schema?
 */
bool
hooks_scope_allows_schema(Oid schema)
{
	return !hooks_scope_is_system_schema(schema) &&
		!isAnyTempNamespace(schema) &&
		schema != get_namespace_oid("hooks", false);
}

/*
 * Can a kind of relation have hooks of any of these actions?
 */
static bool
kind_allows(char relkind, int actions)
{
	for (int i = 0; i < HOOK_EVENTS; i++)
		if ((hooks_events[i].action & actions) != 0 &&
			hooks_event_is_possible(&hooks_events[i], relkind))
			return true;
	return false;
}

/*
 * Why a row of pg_class can have no hook of any of these actions; NULL if it
 * can.
 */
static const char *
find_problem(const FormData_pg_class *form, int actions)
{
	switch (form->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_FOREIGN_TABLE:
			break;
		case RELKIND_VIEW:
			if (kind_allows(RELKIND_VIEW, actions))
				break;
			return "It is a view.";
		case RELKIND_MATVIEW:
			if (kind_allows(RELKIND_MATVIEW, actions))
				break;
			return "It is a materialized view.";
		default:
			return "It is not a table.";
	}
	if (form->oid < FirstNormalObjectId ||
		hooks_scope_is_system_schema(form->relnamespace))
		return "It is a system catalog.";
	if (form->relpersistence == RELPERSISTENCE_TEMP)
		return "It is a temporary table.";
	if (form->relnamespace == get_namespace_oid("hooks", true) &&
		hooks_own_is_member(RelationRelationId, form->oid))
		return "It is a table of the extension hooks itself.";
	return NULL;
}

/*
 * Can hooks of some of these actions be on the relation?  If not, and it
 * exists, *problem tells why.
 */
bool
hooks_scope_allows(Oid relid, int actions, const char **problem)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));

	*problem = NULL;
	if (!HeapTupleIsValid(tuple))
		return false;
	*problem = find_problem((Form_pg_class) GETSTRUCT(tuple), actions);
	ReleaseSysCache(tuple);
	return *problem == NULL;
}

static bool
covers(const Hook *wide, const FormData_pg_class *form)
{
	return !wide->schema_gone && find_problem(form, wide->actions) == NULL &&
		(!OidIsValid(wide->schema) || form->relnamespace == wide->schema);
}

/*
 * Is a wide hook for this relation?
 */
bool
hooks_scope_covers(const Hook *wide, Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		covered;

	if (!HeapTupleIsValid(tuple))
		return false;
	covered = covers(wide, (Form_pg_class) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
	return covered;
}

/*
 * For a wide hook that comes or goes: waits for those who are creating tables
 * where it is for, and keeps others from it until the transaction ends.
 */
void
hooks_scope_lock(const Hook *wide)
{
	Relation	pg_namespace =
		table_open(NamespaceRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(pg_namespace, InvalidOid, false, NULL,
						   0, NULL);
	List	   *schemas = NIL;
	HeapTuple	tuple;
	ListCell   *lc;

	while (!wide->schema_gone &&
		   HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_namespace form = (Form_pg_namespace) GETSTRUCT(tuple);

		if (OidIsValid(wide->schema) ? form->oid == wide->schema :
			(!hooks_scope_is_system_schema(form->oid) &&
			 !isAnyTempNamespace(form->oid)))
			schemas = lappend_oid(schemas, form->oid);
	}
	systable_endscan(scan);
	table_close(pg_namespace, AccessShareLock);
	list_sort(schemas, list_oid_cmp);
	foreach(lc, schemas)
	{
		LockDatabaseObject(NamespaceRelationId, lfirst_oid(lc), 0,
						   AccessExclusiveLock);
	}
}

/*
 * The relations that a hook is on or, if it is wide, covers now; partitioned
 * tables before their partitions.
 */
List *
hooks_scope_relations(const Hook *hook)
{
	List	   *roots = NIL;
	List	   *branches = NIL;
	List	   *leaves = NIL;
	Relation	pg_class;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (OidIsValid(hook->relation))
		return list_make1_oid(hook->relation);
	if (hook->schema_gone)
		return NIL;
	pg_class = table_open(RelationRelationId, AccessShareLock);
	scan = systable_beginscan(pg_class, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		CHECK_FOR_INTERRUPTS();
		if (!covers(hook, form))
			continue;
		if (!form->relispartition)
			roots = lappend_oid(roots, form->oid);
		else if (form->relkind == RELKIND_PARTITIONED_TABLE)
			branches = lappend_oid(branches, form->oid);
		else
			leaves = lappend_oid(leaves, form->oid);
	}
	systable_endscan(scan);
	table_close(pg_class, AccessShareLock);
	list_sort(roots, list_oid_cmp);
	list_sort(branches, list_oid_cmp);
	list_sort(leaves, list_oid_cmp);
	return list_concat(list_concat(roots, branches), leaves);
}

/*
 * Those of some hooks, each once.
 */
List *
hooks_scope_tables(List *hooks)
{
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, hooks)
	{
		CHECK_FOR_INTERRUPTS();
		tables = list_concat_unique_oid(tables,
										hooks_scope_relations(lfirst(lc)));
	}
	return tables;
}

static List *
add_reach(List *reaches, Hook *hook, Oid target, bool rows, bool statements)
{
	HookReach  *reach;

	if (hook->damage != NULL)
		return reaches;
	reach = palloc(sizeof(HookReach));
	reach->hook = hook;
	reach->target = target;
	reach->rows = rows;
	reach->statements = statements;
	return lappend(reaches, reach);
}

static List *
add_incomplete(List *hooks, Hook *hook)
{
	return hook->damage == NULL && hooks_hook_has_row(hook) ? hooks :
		lappend(hooks, hook);
}

/*
 * The hooks that concern a relation, with the partitioned tables above it
 * given, nearest first.  A list of HookReach, palloc'd.  Those that are
 * damaged concern nobody; they are added to *damaged, unless that is NULL, and
 * so are those that have no row.
 */
List *
hooks_scope_reach(Oid relid, List *ancestors, List **damaged)
{
	List	   *reaches = NIL;
	List	   *incomplete = NIL;
	ListCell   *lc;
	ListCell   *up;

	foreach(lc, hooks_registry_of_relation(relid))
	{
		reaches = add_reach(reaches, lfirst(lc), relid, true, true);
		incomplete = add_incomplete(incomplete, lfirst(lc));
	}
	foreach(up, ancestors)
	{
		foreach(lc, hooks_registry_of_relation(lfirst_oid(up)))
		{
			reaches =
				add_reach(reaches, lfirst(lc), lfirst_oid(up), true, false);
			incomplete = add_incomplete(incomplete, lfirst(lc));
		}
	}
	foreach(lc, hooks_registry_wide())
	{
		Hook	   *hook = lfirst(lc);
		bool		covered = hooks_scope_covers(hook, relid);
		Oid			top = covered ? relid : InvalidOid;

		foreach(up, ancestors)
		{
			if (hooks_scope_covers(hook, lfirst_oid(up)))
				top = lfirst_oid(up);
		}
		if (OidIsValid(top))
			reaches = add_reach(reaches, hook, top, true, top == relid);
		if (covered && top != relid)
			reaches = add_reach(reaches, hook, relid, false, true);
		if (OidIsValid(top))
			incomplete = add_incomplete(incomplete, hook);
	}
	if (damaged != NULL)
		*damaged = incomplete;
	return reaches;
}

/*
 * Does the hook fire at the event on the relation whose reach this is?
 */
bool
hooks_scope_wants(const HookReach *reach, const HookEvent *event)
{
	return (hooks_event_of_rows(event) ? reach->rows : reach->statements) &&
		hooks_event_wants(event, reach->hook->phase, reach->hook->level,
						  reach->hook->actions);
}

/*
 * Has a hook actions that no trigger sees?  Then the library must be there
 * before the statement.
 */
bool
hooks_scope_needs_preload(const Hook *hook)
{
	return (hook->actions & HOOK_SESSION) != 0 ||
		((hook->phase == HOOK_BEFORE || hook->phase == HOOK_AFTER) &&
		 (hook->actions & (HOOK_READ | HOOK_LOAD | HOOK_PUT)) != 0);
}

/*
 * Does the hook need the event's trigger on the relation whose reach this is?
 */
bool
hooks_scope_needs(const HookReach *reach, const HookEvent *event)
{
	const HookEvent *closure = hooks_event_closure(event);

	return hooks_scope_wants(reach, event) ||
		(closure != NULL && hooks_scope_wants(reach, closure));
}

/*
 * Why a hook must not fire, NULL if it may: its owner could not register it.
 * A definition may have come otherwise than by hooks.register(), or have got
 * another owner, and must not give a role power over what is not its own.
 */
const char *
hooks_scope_forbids(const Hook *hook)
{
	const char *owner;

	if ((hook->phase == HOOK_ON_FAILURE || (hook->actions & HOOK_SERVER)) &&
		!hooks_preload_is_shared())
		return "the library is not in \"shared_preload_libraries\"";
	if (hooks_scope_needs_preload(hook) && !hooks_preload_is_set())
		return "the library is not preloaded";
	if (superuser_arg(hook->owner))
		return NULL;
	owner = GetUserNameFromId(hook->owner, true);
	if (!OidIsValid(hook->relation) || hook->run_as == HOOK_AS_INVOKER)
		return psprintf("its owner \"%s\" is no superuser", owner);
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(hook->relation)) &&
		pg_class_aclcheck(hook->relation, hook->owner,
						  ACL_TRIGGER) != ACLCHECK_OK)
		return psprintf("its owner \"%s\" has no right to create triggers on table \"%s\"",
						owner, get_rel_name(hook->relation));
	return NULL;
}
