/*
 * ancestors.c
 *		The partitioned tables above a table, and the tables below.
 *
 * A partition that is being detached concurrently has none above it.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "utils/lsyscache.h"

#include "base/ancestors.h"

/*
 * Their OIDs, nearest first; NIL for what is no partition.
 */
List *
hooks_ancestors_of(Oid relid)
{
	return get_rel_relispartition(relid) ? get_partition_ancestors(relid) :
		NIL;
}

/*
 * The topmost of them, or the table itself.
 */
Oid
hooks_ancestors_top(Oid relid)
{
	List	   *ancestors = hooks_ancestors_of(relid);
	Oid			top = ancestors == NIL ? relid : llast_oid(ancestors);

	list_free(ancestors);
	return top;
}

/*
 * The table itself, its partitions and its children: all whose rows belong to
 * a statement that names it, locked as find_all_inheritors() locks them.
 * Temporary tables of other sessions are left out, as in such a statement:
 * nobody else can read them.
 */
List *
hooks_ancestors_below(Oid relid, LOCKMODE lockmode)
{
	List	   *tables = find_all_inheritors(relid, lockmode, NULL);
	ListCell   *lc;

	foreach(lc, tables)
	{
		if (isOtherTempNamespace(get_rel_namespace(lfirst_oid(lc))))
			tables = foreach_delete_current(tables, lc);
	}
	return tables;
}
