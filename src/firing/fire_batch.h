/*
 * fire_batch.h
 *		Fires the before_cascade hooks of a batch, with its rows.
 */
#ifndef HOOKS_FIRE_BATCH_H
#define HOOKS_FIRE_BATCH_H

#include "postgres.h"

#include "commands/trigger.h"

#include "firing/batch.h"
#include "firing/call.h"

extern HookRun *hooks_fire_batch_prepare(HookBatch *batch,
										 MemoryContext query_cxt);
extern Bitmapset *hooks_fire_batch_assigned(const HookBatch *batch,
											const TriggerData *row_trigger,
											Oid relid);
extern void hooks_fire_batch(HookBatch *batch,
							 TriggerData *row_trigger,
							 MemoryContext query_cxt);

#endif							/* HOOKS_FIRE_BATCH_H */
