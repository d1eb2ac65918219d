/*
 * lock.h
 *		Locks the rows that a walk has found.
 */
#ifndef HOOKS_LOCK_H
#define HOOKS_LOCK_H

#include "postgres.h"

#include "cascade/walk.h"

extern void hooks_lock_renew_snapshot(const HookWalk *walk);
extern bool hooks_lock_found(HookWalk *walk, HookStep *step,
							 const HookLane *lane);
extern void hooks_lock_end(HookWalk *walk);

#endif							/* HOOKS_LOCK_H */
