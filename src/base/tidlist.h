/*
 * tidlist.h
 *		Lists of rows, by the table that holds them.
 */
#ifndef HOOKS_TIDLIST_H
#define HOOKS_TIDLIST_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "storage/itemptr.h"

/* Rows that one table holds, in the order in which they were added */
typedef struct HookTidList
{
	Oid			relid;
	int64		n;
	int64		size;
	ItemPointerData *tids;
} HookTidList;

extern Oid	hooks_tidlist_file(Oid relid);
extern List *hooks_tidlist_add(List *lists, Oid relid,
							   const ItemPointerData *tid);

#endif							/* HOOKS_TIDLIST_H */
