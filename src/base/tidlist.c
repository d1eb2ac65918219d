/*
 * tidlist.c
 *		Lists of rows, by the table that holds them.
 *
 * Six bytes a row, and up to twice that while a list grows.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/tidlist.h"

/*
 * The file that holds a table's rows.  TRUNCATE or a rewrite makes another
 * one, and the old TIDs are not valid any more.
 */
Oid
hooks_tidlist_file(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			file;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	file = ((Form_pg_class) GETSTRUCT(tuple))->relfilenode;
	ReleaseSysCache(tuple);
	return file;
}

/*
 * Adds a row to the list of its table, which is made when it is needed, in the
 * current memory context.  Returns the lists, HookTidList each.
 */
List *
hooks_tidlist_add(List *lists, Oid relid, const ItemPointerData *tid)
{
	HookTidList *list = lists == NIL ? NULL : llast(lists);

	Assert(OidIsValid(relid));
	/* mostly the next row is of the same table */
	if (list == NULL || list->relid != relid)
	{
		ListCell   *lc;

		list = NULL;
		foreach(lc, lists)
		{
			if (((HookTidList *) lfirst(lc))->relid == relid)
				list = lfirst(lc);
		}
	}
	if (list == NULL)
	{
		list = palloc0(sizeof(HookTidList));
		list->relid = relid;
		list->size = 16;
		list->tids = palloc(sizeof(ItemPointerData) * list->size);
		lists = lappend(lists, list);
	}
	if (list->n == list->size)
	{
		list->size *= 2;
		list->tids =
			repalloc_huge(list->tids, sizeof(ItemPointerData) * list->size);
	}
	list->tids[list->n++] = *tid;
	return lists;
}
