/*
 * guard.h
 *		The triggers of the extension's own tables.
 */
#ifndef HOOKS_GUARD_H
#define HOOKS_GUARD_H

#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"

extern TriggerData *hooks_guard_trigger_data(FunctionCallInfo fcinfo,
											 const char *function);
extern int64 hooks_guard_mend(const char *table);

#endif							/* HOOKS_GUARD_H */
