/*
 * cascade.h
 *		What a DELETE, with its cascades, would do or does.
 */
#ifndef HOOKS_CASCADE_H
#define HOOKS_CASCADE_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "cascade/walk.h"

extern HookWalk *hooks_cascade_begin(List *roots, Oid target,
									 int64 max_rows,
									 HookCascadeVisitor visitor, void *arg);
extern HookRoute *hooks_cascade_route(HookWalk *walk);
extern void hooks_cascade_select(HookWalk *walk, Oid relid,
								 bool children, const char *condition);
extern void hooks_cascade_add(HookWalk *walk, TupleTableSlot *slot);
extern bool hooks_cascade_run(HookWalk *walk);
extern List *hooks_cascade_counts(const HookWalk *walk);
extern void hooks_cascade_end(HookWalk *walk);

#endif							/* HOOKS_CASCADE_H */
