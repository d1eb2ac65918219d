/*
 * ancestors.c
 *		The partitioned tables above a table, and the tables below.
 *
 * A partition that is being detached concurrently has them still: it keeps the
 * triggers of the table above it until that is done, and statements that began
 * before write to it by that table.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "base/ancestors.h"

/*
 * The table above a partition; InvalidOid if it is none any more.
 */
static Oid
find_parent(Oid relid)
{
	Relation	inherits = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			parent = InvalidOid;

	ScanKeyInit(&keys[0], Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_inherits_inhseqno, BTEqualStrategyNumber,
				F_INT4EQ, Int32GetDatum(1));
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, NULL,
							  lengthof(keys), keys);
	if (HeapTupleIsValid(tuple = systable_getnext(scan)))
		parent = ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent;
	systable_endscan(scan);
	table_close(inherits, AccessShareLock);
	return parent;
}

/*
 * Their OIDs, nearest first; NIL for what is no partition.
 */
List *
hooks_ancestors_of(Oid relid)
{
	List	   *ancestors = NIL;

	while (get_rel_relispartition(relid) &&
		   OidIsValid(relid = find_parent(relid)))
		ancestors = lappend_oid(ancestors, relid);
	return ancestors;
}

/*
 * The same, but none from which it is being detached: those whose new triggers
 * it gets, too.
 */
List *
hooks_ancestors_attached(Oid relid)
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

/*
 * Tables with the partitions of those that are partitioned, each once; none is
 * locked.
 */
List *
hooks_ancestors_with_partitions(List *tables)
{
	List	   *all = list_copy(tables);
	ListCell   *lc;

	foreach(lc, tables)
	{
		CHECK_FOR_INTERRUPTS();
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_PARTITIONED_TABLE)
			all = list_concat_unique_oid(all,
										 hooks_ancestors_below(lfirst_oid(lc),
															   NoLock));
	}
	return all;
}
