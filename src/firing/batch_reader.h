/*
 * batch_reader.h
 *		Reads the rows of a batch, one after the other.
 */
#ifndef HOOKS_BATCH_READER_H
#define HOOKS_BATCH_READER_H

#include "postgres.h"

#include "access/tupconvert.h"

#include "firing/rows.h"

typedef struct HookBatchReader
{
	const HookBatch *batch;		/* NULL: of a statement without rows */
	Relation	target;
	BatchTable *table;			/* at hand; NULL: there is none left */
	TidChunk   *chunk;
	int			place;			/* of the next row in the chunk */
	Relation	rel;			/* the table at hand, open; NULL: not yet */
	HookRowFetcher old_rows;
	HookRowFetcher new_rows;
	TupleConversionMap *map;	/* to the target's format; NULL: it has it */
	TupleTableSlot *old_out;
	TupleTableSlot *new_out;

	/* the row at hand, valid until the next one is read */
	int64		number;			/* the same whenever the batch is read */
	TupleTableSlot *old;		/* NULL: it has none */
	TupleTableSlot *new;
} HookBatchReader;

extern void hooks_batch_reader_begin(HookBatchReader *reader,
									 const HookBatch *batch, Relation target);
extern bool hooks_batch_reader_next(HookBatchReader *reader);
extern void hooks_batch_reader_end(HookBatchReader *reader);
extern int64 hooks_batch_reader_size(const HookBatch *batch);

#endif							/* HOOKS_BATCH_READER_H */
