/*
 * call_condition.h
 *		Test one hook's condition for a row.
 */
#ifndef HOOKS_CALL_CONDITION_H
#define HOOKS_CALL_CONDITION_H

#include "postgres.h"

#include "firing/call.h"

extern bool hooks_call_condition_is_safe(const HookCall *call);
extern bool hooks_call_condition(HookRun *run, HookCall *call,
								 TupleTableSlot *old, TupleTableSlot *new);

#endif							/* HOOKS_CALL_CONDITION_H */
