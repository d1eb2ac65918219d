/*
 * fire_batch.h
 *		Fires the before_cascade hooks of a batch, with its rows.
 */
#ifndef HOOKS_FIRE_BATCH_H
#define HOOKS_FIRE_BATCH_H

#include "postgres.h"

#include "commands/trigger.h"

#include "firing/batch.h"
#include "registry/event.h"

extern void hooks_fire_batch(const HookEvent *event, HookBatch *batch,
							 TriggerData *row_trigger,
							 MemoryContext query_cxt);

#endif							/* HOOKS_FIRE_BATCH_H */
