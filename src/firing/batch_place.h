/*
 * batch_place.h
 *		Which open batch a captured row may join.
 */
#ifndef HOOKS_BATCH_PLACE_H
#define HOOKS_BATCH_PLACE_H

#include "postgres.h"

#include "firing/batch.h"

/*
 * The open batches that a row may yet join.  In TopTransactionContext, made
 * with the first batch of a transaction; NULL before.
 */
extern struct places_hash *hooks_batch_places;

extern void hooks_batch_place_open(const HookCapture *capture,
								   HookBatch *batch);
extern HookBatch *hooks_batch_place_find(const HookCapture *capture);
extern void hooks_batch_place_close(const HookBatch *batch);
extern void hooks_batch_place_query_ends(const HookCapture *capture);
extern void hooks_batch_place_end_transaction(void);

#endif							/* HOOKS_BATCH_PLACE_H */
