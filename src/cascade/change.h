/*
 * change.h
 *		Rows that a cascade changes.
 */
#ifndef HOOKS_CHANGE_H
#define HOOKS_CHANGE_H

#include "postgres.h"

#include "cascade/walk.h"

extern bool hooks_change_row(HookWalk *walk, HookStep *step, Oid relid,
							 const ItemPointerData *tid, bool ours,
							 Datum *values, bool *nulls,
							 const Datum *copies, const bool *copy_nulls);
extern bool hooks_change_has_left(HookWalk *walk, const HookStep *step,
								  Oid relid, const ItemPointerData *tid,
								  const Datum *values, const bool *nulls);
extern bool hooks_change_has_key(HookWalk *walk, const HookStep *step,
								 HookEnd by, const Datum *key,
								 const bool *nulls);
extern void hooks_change_check(HookWalk *walk, HookStep *step, Oid relid,
							   const ItemPointerData *tid, int64 change,
							   Oid referenced, ItemPointer referenced_tid,
							   const Datum *key, const bool *nulls);
extern void hooks_change_tell(HookWalk *walk);

#endif							/* HOOKS_CHANGE_H */
