/*
 * weak_keys.c
 *		What hooks.check() finds of foreign keys.
 *
 * Of those by which a DELETE from a hooked table cascades: which are switched
 * off, and which have no index.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"

#include "base/ancestors.h"
#include "base/glance.h"
#include "base/graph.h"
#include "base/place.h"
#include "cascade/switched.h"
#include "registry/scope.h"
#include "system/weak_keys.h"

/*
 * The tables that the hooks are for, and those to which a DELETE cascades.
 */
static List *
tables_below(const HookGraph *graph, List *hooks)
{
	List	   *tables = hooks_scope_tables(hooks);

	/* the list grows on the way */
	for (int i = 0; i < list_length(tables); i++)
	{
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		foreach(lc, hooks_graph_to_rows(graph, list_nth_oid(tables, i)))
		{
			const HookForeignKey *key = lfirst(lc);

			if (key->on_delete == FKCONSTR_ACTION_CASCADE && key->enforced)
				tables = list_append_unique_oid(tables, key->referencing);
		}
	}
	return tables;
}

void
hooks_weak_keys_find_off(HookCheckSearch *search)
{
	const HookGraph *graph = hooks_graph_pin(CurrentMemoryContext);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, hooks_ancestors_with_partitions(tables_below(graph,
															 search->hooks)))
	{
		HookGlance	glance;
		List	   *switched;

		CHECK_FOR_INTERRUPTS();
		hooks_glance_begin(&glance);
		switched = hooks_switched_of_table(lfirst_oid(lc));
		hooks_glance_end(&glance);
		foreach(lc2, switched)
		{
			const HookSwitchedOff *off = lfirst(lc2);

			hooks_findings_add(search->findings, HOOK_FINDING_ERROR,
							   "foreign_key_off",
							   hooks_place_quoted(off->key->referencing),
							   psprintf("foreign key \"%s\" of table \"%s\" is switched off: triggers of it on table \"%s\" do not fire, so there may be rows that refer to nothing",
										off->key->name,
										get_rel_name(off->key->referencing),
										get_rel_name(off->relid)),
							   psprintf("Look for such rows, then use ALTER TABLE %s ENABLE TRIGGER ALL.",
										hooks_place_quoted(off->relid)));
		}
	}
}

/*
 * Foreign keys without an index, by which a DELETE of a hooked table cascades.
 */
void
hooks_weak_keys_find_slow(HookCheckSearch *search)
{
	const HookGraph *graph = hooks_graph_pin(CurrentMemoryContext);
	List	   *reported = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, tables_below(graph, search->hooks))
	{
		foreach(lc2, hooks_graph_to_rows(graph, lfirst_oid(lc)))
		{
			const HookForeignKey *key = lfirst(lc2);
			HookGlance	glance;

			CHECK_FOR_INTERRUPTS();
			if (!key->enforced || list_member_oid(reported, key->oid))
				continue;
			hooks_glance_begin(&glance);
			if (hooks_graph_lock(key) && !OidIsValid(hooks_graph_index(key)))
			{
				reported = lappend_oid(reported, key->oid);
				hooks_findings_add(search->findings, HOOK_FINDING_WARNING,
								   "foreign_key_without_index",
								   hooks_place_quoted(key->referencing),
								   psprintf("foreign key \"%s\" of table \"%s\" has no index: a DELETE scans the table for each row of \"%s\" that it removes",
											key->name,
											get_rel_name(key->referencing),
											get_rel_name(key->referenced)),
								   NULL);
			}
			hooks_glance_end(&glance);
		}
	}
}
