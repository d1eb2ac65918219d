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

#include "access/genam.h"
#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
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
	MemoryContext scratch;		/* reset for each batch of rows */
	ResultRelInfo *target;
	EState	   *estate;			/* NULL: no index needs one */
	BulkInsertState pages;		/* NULL: there were few rows so far */
	TupleTableSlot **slots;
	int			nslots;			/* that were made */
	int			size;			/* of the array */
	int			n;				/* rows that wait */
	Size		bytes;			/* of them */
};

/*
 * Is an index a B-tree of nothing but columns of the table, and without a
 * check that waits for the end of the statement?  All of ours are of this
 * kind, but people may create others.
 */
static bool
is_plain_index(Relation index, const IndexInfo *info)
{
	return index->rd_rel->relam == BTREE_AM_OID &&
		info->ii_ReadyForInserts && info->ii_Expressions == NIL &&
		info->ii_Predicate == NIL && info->ii_ExclusionOps == NULL &&
		(!index->rd_index->indisunique || index->rd_index->indimmediate);
}

static bool
has_plain_indexes(const ResultRelInfo *target)
{
	for (int i = 0; i < target->ri_NumIndices; i++)
		if (!is_plain_index(target->ri_IndexRelationDescs[i],
							target->ri_IndexRelationInfo[i]))
			return false;
	return true;
}

/*
 * Begins to append to an open table, in the current memory context.
 */
HookAppend *
hooks_append_begin(Relation rel)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks append",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	HookAppend *append = palloc0(sizeof(HookAppend));

	append->context = append->scratch = context;
	append->target = makeNode(ResultRelInfo);
	append->target->ri_RelationDesc = rel;
	ExecOpenIndices(append->target, false);
	if (!has_plain_indexes(append->target))
		append->estate = CreateExecutorState();
	append->size = 8;
	append->slots = palloc(sizeof(TupleTableSlot *) * append->size);
	MemoryContextSwitchTo(old);
	return append;
}

/*
 * Adds a row to indexes that are plain, for which no executor is needed.
 */
static void
insert_plain(const ResultRelInfo *target, TupleTableSlot *slot)
{
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	for (int i = 0; i < target->ri_NumIndices; i++)
	{
		Relation	index = target->ri_IndexRelationDescs[i];
		IndexInfo  *info = target->ri_IndexRelationInfo[i];

		FormIndexDatum(info, slot, NULL, values, nulls);
		(void) index_insert(index, values, nulls, &slot->tts_tid,
							target->ri_RelationDesc,
							index->rd_index->indisunique ?
							UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false, info);
	}
}

static void
insert_waiting(HookAppend *append)
{
	Relation	rel = append->target->ri_RelationDesc;
	MemoryContext old = MemoryContextSwitchTo(append->scratch);

	table_multi_insert(rel, append->slots, append->n,
					   GetCurrentCommandId(true), 0, append->pages);
	for (int i = 0; i < append->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (append->estate == NULL)
			insert_plain(append->target, append->slots[i]);
		else
		{
			(void) hooks_insert_index_tuples(append->target, append->slots[i],
											 append->estate);
			ResetPerTupleExprContext(append->estate);
		}
		ExecClearTuple(append->slots[i]);
	}
	MemoryContextSwitchTo(old);
	append->n = 0;
	append->bytes = 0;
}

/*
 * Inserts the rows that wait, of many.
 */
static void
insert_batch(HookAppend *append)
{
	if (append->pages == NULL)
	{
		append->pages = GetBulkInsertState();
		append->scratch = AllocSetContextCreate(append->context,
												"hooks append batch",
												ALLOCSET_DEFAULT_SIZES);
	}
	insert_waiting(append);
	MemoryContextReset(append->scratch);
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
 * Appends a palloc'd row of the table's format, which is freed when it is
 * inserted.  Its memory lives as long as what the append was begun in.
 */
void
hooks_append_tuple(HookAppend *append, HeapTuple tuple)
{
	TupleDesc	desc = RelationGetDescr(append->target->ri_RelationDesc);
	MemoryContext old = MemoryContextSwitchTo(append->context);

	ExecStoreHeapTuple(tuple, next_slot(append, desc), true);
	append->bytes += tuple->t_len;
	if (append->n == APPEND_ROWS || append->bytes > APPEND_BYTES)
		insert_batch(append);
	MemoryContextSwitchTo(old);
}

/*
 * Appends a row, which is copied.
 */
void
hooks_append_row(HookAppend *append, const Datum *values, const bool *nulls)
{
	TupleDesc	desc = RelationGetDescr(append->target->ri_RelationDesc);
	MemoryContext old = MemoryContextSwitchTo(append->context);

	hooks_append_tuple(append,
					   heap_form_tuple(desc, unconstify(Datum *, values),
									   unconstify(bool *, nulls)));
	MemoryContextSwitchTo(old);
}

/*
 * Closes the indexes.  Those that are plain stay locked, as the table does, so
 * that the transaction gets their locks again for little.
 */
static void
close_indexes(HookAppend *append)
{
	ResultRelInfo *target = append->target;

	if (append->estate == NULL)
		for (int i = 0; i < target->ri_NumIndices; i++)
			index_close(target->ri_IndexRelationDescs[i], NoLock);
	else
	{
		ExecCloseIndices(target);
		FreeExecutorState(append->estate);
	}
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
	close_indexes(append);
	MemoryContextDelete(append->context);
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
