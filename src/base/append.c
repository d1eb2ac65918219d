/*
 * append.c
 *		Rows for a table of ours, as COPY inserts them: page by page, and past
 *		triggers.
 *
 * Indexes are kept up as the executor does it.  CatalogTupleInsert() must not
 * be used where people may create indexes of their own, as it cannot evaluate
 * the expressions in them.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/append.h"
#include "base/compat.h"

/* as in COPY, rows wait until there are so many, or they have so many bytes */
#define APPEND_ROWS		1000
#define APPEND_BYTES	65535

struct HookAppend
{
	MemoryContext context;		/* where all of this lives */
	ResultRelInfo *target;
	EState	   *estate;
	BulkInsertState pages;		/* NULL: there were few rows so far */
	TupleTableSlot **slots;
	int			nslots;			/* that were made */
	int			size;			/* of the array */
	int			n;				/* rows that wait */
	Size		bytes;			/* of them */
};

/*
 * Begins to append to an open table, in the current memory context.
 */
HookAppend *
hooks_append_begin(Relation rel)
{
	HookAppend *append = palloc0(sizeof(HookAppend));

	append->context = CurrentMemoryContext;
	append->estate = CreateExecutorState();
	append->target = makeNode(ResultRelInfo);
	append->target->ri_RelationDesc = rel;
	ExecOpenIndices(append->target, false);
	append->size = 8;
	append->slots = palloc(sizeof(TupleTableSlot *) * append->size);
	return append;
}

static void
insert_waiting(HookAppend *append)
{
	Relation	rel = append->target->ri_RelationDesc;
	MemoryContext old =
		MemoryContextSwitchTo(GetPerTupleMemoryContext(append->estate));

	table_multi_insert(rel, append->slots, append->n,
					   GetCurrentCommandId(true), 0, append->pages);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < append->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		(void) hooks_insert_index_tuples(append->target, append->slots[i],
										 append->estate);
		ExecClearTuple(append->slots[i]);
		ResetPerTupleExprContext(append->estate);
	}
	append->n = 0;
	append->bytes = 0;
}

/*
 * The next slot for a row that waits.
 */
static TupleTableSlot *
next_slot(HookAppend *append, TupleDesc desc)
{
	if (append->n == append->size)
	{
		append->size *= 2;
		append->slots = repalloc(append->slots,
								 sizeof(TupleTableSlot *) * append->size);
	}
	if (append->n == append->nslots)
		append->slots[append->nslots++] =
			MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
	return append->slots[append->n++];
}

/*
 * Appends a row, which is copied.
 */
void
hooks_append_row(HookAppend *append, const Datum *values, const bool *nulls)
{
	TupleDesc	desc = RelationGetDescr(append->target->ri_RelationDesc);
	MemoryContext old = MemoryContextSwitchTo(append->context);
	HeapTuple	tuple = heap_form_tuple(desc, unconstify(Datum *, values),
										unconstify(bool *, nulls));

	ExecStoreHeapTuple(tuple, next_slot(append, desc), true);
	append->bytes += tuple->t_len;
	if (append->n == APPEND_ROWS || append->bytes > APPEND_BYTES)
	{
		if (append->pages == NULL)
			append->pages = GetBulkInsertState();
		insert_waiting(append);
	}
	MemoryContextSwitchTo(old);
}

/*
 * Inserts what still waits, and ends.
 */
void
hooks_append_end(HookAppend *append)
{
	if (append->n > 0)
		insert_waiting(append);
	for (int i = 0; i < append->nslots; i++)
		ExecDropSingleTupleTableSlot(append->slots[i]);
	if (append->pages != NULL)
		FreeBulkInsertState(append->pages);
	ExecCloseIndices(append->target);
	FreeExecutorState(append->estate);
	pfree(append->target);
	pfree(append->slots);
	pfree(append);
}

/*
 * Appends one row to an open table.
 */
void
hooks_append_one(Relation rel, const Datum *values, const bool *nulls)
{
	HookAppend *append = hooks_append_begin(rel);

	hooks_append_row(append, values, nulls);
	hooks_append_end(append);
}
