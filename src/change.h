/*
 * change.h
 *		Rows that a cascade changes.
 */
#ifndef HOOKS_CHANGE_H
#define HOOKS_CHANGE_H

#include "postgres.h"

#include "walk.h"

extern bool hooks_change_row(HookWalk *cascade, HookStep *step, Oid relid,
							 const ItemPointerData *tid, bool ours,
							 const Datum *values, const bool *nulls);
extern void hooks_change_check(HookWalk *cascade, HookStep *step, Oid relid,
							   const ItemPointerData *tid, bool is_free,
							   int64 change, Oid referenced,
							   ItemPointer referenced_tid);
extern void hooks_change_default_events(HookWalk *cascade, int64 before);
extern void hooks_change_tell(HookWalk *cascade);

#endif							/* HOOKS_CHANGE_H */
