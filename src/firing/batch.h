/*
 * batch.h
 *		Captured rows: what one before_cascade firing is about.
 */
#ifndef HOOKS_BATCH_H
#define HOOKS_BATCH_H

#include "postgres.h"

#include "access/xact.h"
#include "nodes/execnodes.h"
#include "storage/itemptr.h"

#include "firing/chain.h"
#include "firing/origin.h"
#include "registry/event.h"

/* TIDs are kept in chunks, each larger than the one before */
typedef struct TidChunk
{
	struct TidChunk *next;
	int			used;			/* in TIDs */
	int			size;
	ItemPointerData tids[FLEXIBLE_ARRAY_MEMBER];
} TidChunk;

/* The rows of one table */
typedef struct BatchTable
{
	struct BatchTable *next;
	Oid			relid;
	Oid			file;			/* of walked rows: where they are */
	TidChunk   *head;
	TidChunk   *tail;
} BatchTable;

typedef struct HookBatch
{
	struct HookBatch *next;		/* the one opened before it */
	struct HookBatch *newer;	/* and after it */
	uint64		id;				/* never used twice */
	CommandId	command;		/* the current one when it was opened */
	const HookEvent *event;
	Oid			root;
	MemoryContext query_cxt;	/* NULL when that query is over */
	uint64		level;			/* trigger query level, 0 if not known */
	bool		referential;
	bool		walked;			/* a walk has found its rows, and nobody has
								 * deleted them yet */
	HookOrigin	origin;
	HookKeyAction *action;		/* that added rows last; NULL: none, or not
								 * seen */
	SubTransactionId subid;
	MemoryContext context;
	BatchTable *tables;			/* the first row's table comes first */
	BatchTable *last_table;
	int			ntables;
	struct relids_hash *by_relid;	/* NULL while there are few */
} HookBatch;

/* the open batches, newest first */
extern HookBatch *hooks_batches;

/* How a batch knows which captures are its own; see batch.c */
typedef struct HookCapture
{
	const HookEvent *event;
	Oid			relid;			/* the table that holds the row */
	Oid			root;			/* the partitioned table above it, or relid */
	MemoryContext query_cxt;	/* the executor's memory of the query */
	uint64		batch;			/* the batch it added to last */
	BatchTable *table;			/* and the table in it, while that is open */
} HookCapture;

extern HookBatch *hooks_batch_make(const HookEvent *event, bool walked);
extern void hooks_batch_put(HookBatch *batch, Oid relid,
							const ItemPointerData *tid);
extern void hooks_batch_put_all(HookBatch *batch, const BatchTable *from);
extern bool hooks_batch_add(HookCapture *capture, ItemPointer old_tid,
							ItemPointer new_tid);
extern HookBatch *hooks_batch_take(const HookEvent *event, Oid relid,
								   ItemPointer first);
extern List *hooks_batch_relations(const HookBatch *batch);
extern void hooks_batch_free(HookBatch *batch);
extern void hooks_batch_check_fired(const EState *query, uint64 level);
extern void hooks_batch_end_transaction(void);
extern void hooks_batch_end_subtransaction(SubTransactionId subid,
										   SubTransactionId parent,
										   bool commit);

#endif							/* HOOKS_BATCH_H */
