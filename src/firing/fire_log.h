/*
 * fire_log.h
 *		Writes what happened in a statement to the log.
 */
#ifndef HOOKS_FIRE_LOG_H
#define HOOKS_FIRE_LOG_H

#include "postgres.h"

#include "commands/trigger.h"

#include "firing/batch.h"
#include "firing/call.h"

extern void hooks_fire_log_batch(HookBatch *batch, TriggerData *row_trigger,
								 MemoryContext query_cxt);
extern void hooks_fire_log_statement(HookRun *run, TriggerData *trigdata);

#endif							/* HOOKS_FIRE_LOG_H */
