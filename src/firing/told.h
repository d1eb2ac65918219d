/*
 * told.h
 *		The rows that before_closure hooks have been told of.
 */
#ifndef HOOKS_TOLD_H
#define HOOKS_TOLD_H

#include "postgres.h"

#include "utils/hsearch.h"

#include "base/tidset.h"
#include "firing/deleted.h"
#include "firing/rows.h"

/* The rows of a table, and of its partitions, that its hooks were told of */
typedef struct HookTold
{
	Oid			target;			/* the table that the hooks are on */
	HookTidSet *rows;
	List	   *relids;			/* the tables that held them */
	List	   *files;			/* of each, where they were */
	HTAB	   *moved;			/* how many of them each command has moved to
								 * other partitions; NULL: not counted */
	HTAB	   *arrived;		/* how many of these were captured there;
								 * NULL: none */
} HookTold;

extern void hooks_told_add(HookDelete *statement, Oid target,
						   const HookBatch *rows);
extern HookBatch *hooks_told_filter_walked(HookBatch *rows, Oid target,
										   CommandId since,
										   const HookBatch *again);
extern HookBatch *hooks_told_filter_captured(const HookBatch *batch,
											 Oid target);
extern bool hooks_told_holds(const HookTold *told, Oid relid);

/* told_moved.c */
extern bool hooks_told_has_arrived(Oid target, HookRowFetcher *fetcher);
extern void hooks_told_forget_moved(Oid target);

#endif							/* HOOKS_TOLD_H */
