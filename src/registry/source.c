/*
 * source.c
 *		Tables from which deletes can come to hooked tables.
 *
 * A before_cascade hook on a table below may ask for all that the statement
 * removes (doomed(), keep()), and a before_closure hook is told of it, which
 * begins with the statement's own rows.  So these are captured on every table
 * from which ON DELETE CASCADE leads to such a hook, by the same trigger as a
 * hook of the table's own would have.
 *
 * A trigger on somebody's table must not come of a hook whose owner could not
 * have made it.  Then there is none: doomed() and keep() read the table.  A
 * before_closure hook cannot be registered where that is so (42501).  If a
 * foreign key comes later from such a table, the hook fires for rows of this
 * cascade at their own level; a WARNING and hooks.check() tell of it.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "base/ancestors.h"
#include "base/graph.h"
#include "registry/present.h"
#include "registry/scope.h"
#include "registry/source.h"

/*
 * Is it the event that captures the rows of such tables?
 */
bool
hooks_source_captures(const HookEvent *event)
{
	return event->phase == HOOK_BEFORE_CASCADE &&
		event->action == HOOK_DELETE && hooks_event_captures(event);
}

/*
 * Is there a hook on the rows of a table that go, whose owner may create
 * triggers on the source?
 */
static bool
is_hooked(Oid relid, Oid source)
{
	const HookEvent *event = hooks_event_find(HOOK_BEFORE_CASCADE,
											  HOOK_STATEMENT, HOOK_DELETE);
	List	   *tables = list_make1_oid(relid);
	ListCell   *table;
	ListCell   *lc;

	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		tables = find_all_inheritors(relid, NoLock, NULL);
	foreach(table, tables)
	{
		Oid			holder = lfirst_oid(table);
		List	   *ancestors = hooks_ancestors_of(holder);

		/* without a look at the catalogs, as most tables have none */
		if (!hooks_present_on_rows(holder, ancestors))
			continue;
		foreach(lc, hooks_scope_reach(holder, ancestors, NULL))
		{
			HookReach  *reach = lfirst(lc);

			if (hooks_scope_needs(reach, event) &&
				pg_class_aclcheck(source, reach->hook->owner,
								  ACL_TRIGGER) == ACLCHECK_OK)
				return true;
		}
	}
	return false;
}

/*
 * Can a delete from a table remove rows of another one that has a hook?
 */
bool
hooks_source_is_one(Oid relid)
{
	const HookGraph *graph = hooks_graph_pin(CurrentMemoryContext);
	List	   *tables = list_make1_oid(relid);

	for (int i = 0; i < list_length(tables); i++)
	{
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		if (i > 0 && is_hooked(list_nth_oid(tables, i), relid))
			return true;
		foreach(lc, hooks_graph_to_rows(graph, list_nth_oid(tables, i)))
		{
			const HookForeignKey *key = lfirst(lc);

			if (key->on_delete == FKCONSTR_ACTION_CASCADE && key->enforced)
				tables = list_append_unique_oid(tables, key->referencing);
		}
	}
	return false;
}

/*
 * The tables from which one step of a cascade can come to rows of a table; by
 * keys that are not enforced, too, if that is asked for.
 */
static List *
tables_above(Oid relid, bool all)
{
	const HookGraph *graph = hooks_graph_pin(CurrentMemoryContext);
	List	   *tables = hooks_ancestors_of(relid);
	List	   *above = NIL;
	ListCell   *table;
	ListCell   *lc;

	tables = get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE ?
		lappend_oid(tables, relid) :
		list_concat(tables, find_all_inheritors(relid, NoLock, NULL));
	foreach(table, tables)
	{
		foreach(lc, hooks_graph_from(graph, lfirst_oid(table)))
		{
			const HookForeignKey *key = lfirst(lc);

			if (key->on_delete == FKCONSTR_ACTION_CASCADE &&
				(all || key->enforced))
				above = list_append_unique_oid(above, key->referenced);
		}
	}
	return above;
}

/*
 * The tables from which one step of a cascade can come to rows of a table, or
 * could if its key were enforced.
 */
List *
hooks_source_above(Oid relid)
{
	return tables_above(relid, true);
}

/*
 * The tables from which a cascade can come to the table of a hook, in however
 * many steps.
 */
List *
hooks_source_all(const Hook *hook)
{
	List	   *tables = hooks_scope_relations(hook);
	int			own = list_length(tables);

	for (int i = 0; i < list_length(tables); i++)
	{
		CHECK_FOR_INTERRUPTS();
		tables = list_concat_unique_oid(tables,
										tables_above(list_nth_oid(tables, i),
													 false));
	}
	return list_copy_tail(tables, own);
}

/*
 * Of these the first one on which a role cannot create triggers; InvalidOid if
 * there is none.
 */
Oid
hooks_source_forbidden(const Hook *hook, Oid role)
{
	ListCell   *lc;

	if (superuser_arg(role))
		return InvalidOid;
	foreach(lc, hooks_source_all(hook))
	{
		if (pg_class_aclcheck(lfirst_oid(lc), role, ACL_TRIGGER) !=
			ACLCHECK_OK)
			return lfirst_oid(lc);
	}
	return InvalidOid;
}

/*
 * After a foreign key of a table came: tells of before_closure hooks on tables
 * to which a cascade can come by it, if they cannot be told of that at the
 * root.
 */
void
hooks_source_tell(Oid relid)
{
	ListCell   *lc;

	if ((hooks_present_kinds() & HOOKS_BEFORE_CLOSURE) == 0)
		return;
	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);
		Oid			source;

		CHECK_FOR_INTERRUPTS();
		if (hook->phase != HOOK_BEFORE_CLOSURE || hook->damage != NULL ||
			!OidIsValid(hook->relation) ||
			(hook->relation != relid &&
			 !list_member_oid(hooks_source_all(hook), relid)))
			continue;
		source = hooks_source_forbidden(hook, hook->owner);
		if (OidIsValid(source))
			ereport(WARNING,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("hook \"%s\" fires late when a DELETE from table \"%s\" cascades",
							hook->name, get_rel_name(source)),
					 errdetail("Its owner \"%s\" has no right to create triggers on that table, so it fires when rows of its own table are removed.",
							   GetUserNameFromId(hook->owner, true)),
					 errhint("Grant TRIGGER on the table to the owner, and call hooks.repair().")));
	}
}
