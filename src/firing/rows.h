/*
 * rows.h
 *		The rows of a batch, for a callback to see.
 */
#ifndef HOOKS_ROWS_H
#define HOOKS_ROWS_H

#include "postgres.h"

#include "access/attmap.h"
#include "access/htup.h"
#include "executor/tuptable.h"
#include "storage/buf.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "firing/batch.h"

/* Which versions of rows are found */
typedef enum HookRowVersions
{
	HOOK_VERSIONS_OLD,			/* that we deleted */
	HOOK_VERSIONS_NEW,			/* that we made */
	HOOK_VERSIONS_ANY			/* also those that nobody has deleted */
} HookRowVersions;

/* Where rows of a table are fetched from, one version of each */
typedef struct HookRowFetcher
{
	Relation	rel;
	HookRowVersions versions;
	bool		shared;			/* others may lock them meanwhile */
	bool		heap;
	Buffer		buffer;			/* heap only: the page at hand, pinned */
	BlockNumber block;
	TransactionId ours;			/* the last xid that was found to be ours */
	HeapTupleData tuple;		/* the row at hand, on the page */
	TupleTableSlot *slot;
} HookRowFetcher;

/* Whether a row is wanted */
typedef bool (*HookRowFilter) (TupleTableSlot *old, TupleTableSlot *new,
							   void *arg);

extern void hooks_rows_begin(HookRowFetcher *fetcher, Relation rel,
							 HookRowVersions versions);
extern bool hooks_rows_get(HookRowFetcher *fetcher, ItemPointer tid);
extern void hooks_rows_end(HookRowFetcher *fetcher);
extern TupleTableSlot *hooks_rows_make_converted(TupleDesc desc);
extern void hooks_rows_convert(AttrMap *map, TupleTableSlot *row,
							   TupleTableSlot *converted);
extern int64 hooks_rows_fetch(const HookBatch *batch, Relation target,
							  HookRowFilter filter, void *arg,
							  ResourceOwner owner,
							  Tuplestorestate **old_table,
							  Tuplestorestate **new_table);

#endif							/* HOOKS_ROWS_H */
