/*
 * source.c
 *		Tables from which deletes can come to hooked tables.
 *
 * A before_cascade hook on a table below may ask for all that the statement
 * removes (doomed(), keep()), which begins with the statement's own rows.  So
 * these are captured on every table from which ON DELETE CASCADE leads to such
 * a hook, by the same trigger as a hook of the table's own would have.
 *
 * A trigger on somebody's table must not come of a hook whose owner could not
 * have made it: then there is none, and whoever asks for the rows reads the
 * table.
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
		tables = find_all_inheritors(relid, AccessShareLock, NULL);
	foreach(table, tables)
	{
		Oid			holder = lfirst_oid(table);

		foreach(lc, hooks_scope_reach(holder, hooks_ancestors_of(holder),
									  NULL))
		{
			HookReach  *reach = lfirst(lc);

			if (hooks_scope_wants(reach, event) &&
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
 * The tables from which one step of a cascade can come to rows of a table.
 */
List *
hooks_source_above(Oid relid)
{
	const HookGraph *graph = hooks_graph_pin(CurrentMemoryContext);
	List	   *tables = hooks_graph_above(relid);
	List	   *above = NIL;
	ListCell   *table;
	ListCell   *lc;

	tables = get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE ?
		lappend_oid(tables, relid) :
		list_concat(tables, find_all_inheritors(relid, AccessShareLock, NULL));
	foreach(table, tables)
	{
		foreach(lc, hooks_graph_from(graph, lfirst_oid(table)))
		{
			const HookForeignKey *key = lfirst(lc);

			if (key->on_delete == FKCONSTR_ACTION_CASCADE)
				above = list_append_unique_oid(above, key->referenced);
		}
	}
	return above;
}
