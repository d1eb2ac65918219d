/*
 * fire_batch.h
 *		Fires the hooks of a batch, with its rows.
 */
#ifndef HOOKS_FIRE_BATCH_H
#define HOOKS_FIRE_BATCH_H

#include "postgres.h"

#include "commands/trigger.h"
#include "utils/resowner.h"

#include "firing/batch.h"
#include "firing/call.h"

/* What a batch's firing carries to the row source */
typedef struct HookBatchFiring
{
	const HookBatch *batch;
	MemoryContext context;		/* of what outlives the firing of one hook */
	ResourceOwner owner;		/* of the tuplestores' files */
	struct BatchRows *made;		/* for hooks without a condition */
} HookBatchFiring;

extern HookRun *hooks_fire_batch_prepare(HookBatch *batch,
										 const HookEvent *event,
										 MemoryContext query_cxt);
extern Bitmapset *hooks_fire_batch_assigned(const HookBatch *batch,
											const TriggerData *row_trigger,
											Oid relid);
extern void hooks_fire_batch_begin(HookBatchFiring *firing, HookRun *run);
extern void hooks_fire_batch_call(HookBatchFiring *firing, HookRun *run,
								  HookCall *call, TriggerData *row_trigger,
								  Bitmapset *assigned);
extern void hooks_fire_batch_end(HookBatchFiring *firing);
extern void hooks_fire_batch(HookBatch *batch,
							 TriggerData *row_trigger,
							 MemoryContext query_cxt);

#endif							/* HOOKS_FIRE_BATCH_H */
