/*
 * keeper.h
 *		Rows of a table, as they are read to be kept.
 */
#ifndef HOOKS_KEEPER_H
#define HOOKS_KEEPER_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/pg_list.h"
#include "storage/itemptr.h"
#include "utils/rel.h"

#include "firing/rows.h"
#include "recycle/kept_row.h"

/* A format, and how its fields become text */
typedef struct HookKeeper
{
	HookKeptFormat format;
	FmgrInfo   *output;			/* by field */
	bool		has_names;		/* their text depends on the search_path */
	MemoryContext context;		/* for one row */
} HookKeeper;

/* The rows of a table, or of a partition of it */
typedef struct HookKeeperRows
{
	Relation	table;			/* the keeper's */
	Relation	rel;			/* that holds the rows */
	HookRowFetcher fetcher;
	AttrNumber *attnums;		/* by field: its own number */
} HookKeeperRows;

extern void hooks_keeper_begin(HookKeeper *keeper, Relation rel, int nfields);
extern void hooks_keeper_add_column(HookKeeper *keeper, Relation rel,
									const char *name);
extern void hooks_keeper_end(HookKeeper *keeper);
extern void hooks_keeper_open(const HookKeeper *keeper, HookKeeperRows *rows,
							  Relation table, Oid relid);
extern void hooks_keeper_read(HookKeeperRows *rows, ItemPointer tid);
extern void hooks_keeper_close(HookKeeperRows *rows);
extern void hooks_keeper_put(HookKeeper *keeper, HookKeptWriter *writer,
							 int field, Datum value, bool isnull);
extern void hooks_keeper_put_row(HookKeeper *keeper, HookKeptWriter *writer,
								 const HookKeeperRows *rows, int nfields);
extern void hooks_keeper_end_row(HookKeeper *keeper, HookKeptWriter *writer);
extern List *hooks_keeper_key(Relation rel);

#endif							/* HOOKS_KEEPER_H */
