/*
 * noting.h
 *		Note rows and TRUNCATEs for the hooks of phase before_commit.
 */
#ifndef HOOKS_NOTING_H
#define HOOKS_NOTING_H

#include "postgres.h"

#include "commands/trigger.h"

#include "firing/call.h"

/* What note() knows about its call */
typedef struct HookNoteCall HookNoteCall;

extern HookNoteCall *hooks_noting_prepare(const HookEvent *event, Oid relid,
										  MemoryContext context);
extern bool hooks_noting_row(HookNoteCall *call, ItemPointer row,
							 ItemPointer new_row);
extern void hooks_noting_left_out(HookNoteCall *call, const HookEvent *event);
extern void hooks_noting_event(const TriggerData *trigdata);
extern void hooks_noting_truncate(HookRun *run, const TriggerData *trigdata);

#endif							/* HOOKS_NOTING_H */
