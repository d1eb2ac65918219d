/*
 * starting.h
 *		Fire the hooks of phase startup.
 */
#ifndef HOOKS_STARTING_H
#define HOOKS_STARTING_H

#include "postgres.h"

#include "firing/call.h"

extern HookRun *hooks_starting_prepare(HookAction action,
									   MemoryContext context);
extern void hooks_starting_call(HookRun *run, HookCall *call);

#endif							/* HOOKS_STARTING_H */
