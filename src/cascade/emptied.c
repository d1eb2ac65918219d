/*
 * emptied.c
 *		What TRUNCATE ... CASCADE empties.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"

#include "base/ancestors.h"
#include "cascade/emptied.h"

/*
 * Is a table among those that are emptied?
 */
bool
hooks_emptied_has(List *tables, Oid relid)
{
	ListCell   *lc;

	foreach(lc, tables)
	{
		if (((HookTruncated *) lfirst(lc))->relid == relid)
			return true;
	}
	return false;
}

static List *
add_truncated(List *tables, Oid relid, int depth, const HookForeignKey *key)
{
	HookTruncated *table;

	if (hooks_emptied_has(tables, relid))
		return tables;
	table = palloc(sizeof(HookTruncated));
	table->relid = relid;
	table->depth = depth;
	table->key = key;
	return lappend(tables, table);
}

/*
 * The tables that TRUNCATE ... CASCADE of a table empties, nearest first:
 * partitions and children, and all tables that refer to one of them or to a
 * partitioned table above, whatever the action of the foreign key.  Children
 * of those that it comes to by a foreign key keep their rows: only their
 * partitions have that key, too.
 */
List *
hooks_emptied_tables(const HookGraph *graph, Oid relid)
{
	List	   *tables = add_truncated(NIL, relid, 0, NULL);

	for (int i = 0; i < list_length(tables); i++)
	{
		HookTruncated *table = list_nth(tables, i);
		List	   *referenced = list_make1_oid(table->relid);
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		if (i == 0 ||
			get_rel_relkind(table->relid) == RELKIND_PARTITIONED_TABLE)
			foreach(lc, hooks_ancestors_below(table->relid, AccessShareLock))
		{
			tables =
				add_truncated(tables, lfirst_oid(lc), table->depth,
							  table->key);
		}
		referenced = list_concat(referenced, hooks_ancestors_of(table->relid));
		foreach(lc, referenced)
		{
			ListCell   *cell;

			foreach(cell, hooks_graph_to(graph, lfirst_oid(lc)))
			{
				const HookForeignKey *key = lfirst(cell);

				LockRelationOid(key->referencing, AccessShareLock);
				tables = add_truncated(tables, key->referencing,
									   table->depth + 1, key);
			}
		}
	}
	return tables;
}
