/*
 * ancestors.c
 *		The partitioned tables above a table.
 *
 * A partition that is being detached concurrently has none above it.
 */
#include "postgres.h"

#include "catalog/partition.h"
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
