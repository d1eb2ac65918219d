/*
 * batch.h
 *		Captured rows: what one before_cascade firing is about.
 */
#ifndef HOOKS_BATCH_H
#define HOOKS_BATCH_H

#include "postgres.h"

#include "access/xact.h"
#include "storage/itemptr.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "chain.h"
#include "event.h"

typedef struct HookBatch HookBatch;

/* the open batches, newest first */
extern HookBatch *hooks_batches;

/* How a batch knows which captures are its own; see batch.c */
typedef struct HookCapture
{
	const HookEvent *event;
	Oid			relid;			/* the table that holds the row */
	Oid			root;			/* the partitioned table above it, or relid */
	MemoryContext query;		/* the executor's memory of the query */
	uint64		batch;			/* the batch it added to last */
} HookCapture;

/* Whether a row is wanted, for hooks_batch_rows() */
typedef bool (*HookRowFilter) (TupleTableSlot *old, TupleTableSlot *new,
							   void *arg);

extern bool hooks_batch_add(HookCapture *capture, ItemPointer old_tid,
							ItemPointer new_tid);
extern HookBatch *hooks_batch_take(const HookEvent *event, Oid relid,
								   ItemPointer first);
extern List *hooks_batch_relations(const HookBatch *batch);
extern bool hooks_batch_is_referential(const HookBatch *batch);
extern Oid	hooks_batch_constraint(const HookBatch *batch);
extern int64 hooks_batch_rows(const HookBatch *batch, Relation target,
							  HookRowFilter filter, void *arg,
							  ResourceOwner owner,
							  Tuplestorestate **old_table,
							  Tuplestorestate **new_table);
extern void hooks_batch_free(HookBatch *batch);
extern void hooks_batch_query_ends(MemoryContext query);
extern void hooks_batch_check_fired(MemoryContext query, uint64 level);
extern void hooks_batch_end_subtransaction(SubTransactionId subid,
										   SubTransactionId parent,
										   bool commit);

#endif							/* HOOKS_BATCH_H */
