/*
 * truncate.h
 *		What is special about TRUNCATE.
 */
#ifndef HOOKS_TRUNCATE_H
#define HOOKS_TRUNCATE_H

#include "postgres.h"

#include "firing/fire.h"

extern const HookEvent *hooks_truncate_event(const HookEvent *event,
											 const TriggerData *trigdata);
extern void hooks_truncate_prepare(HookRun *run, Relation rel);

#endif							/* HOOKS_TRUNCATE_H */
