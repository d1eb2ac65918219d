/*
 * round.h
 *		One round of a walk: what refers to the rows of the round before.
 */
#ifndef HOOKS_ROUND_H
#define HOOKS_ROUND_H

#include "postgres.h"

#include "cascade/walk.h"

extern bool hooks_round_open(HookWalk *walk, bool deferred);
extern void hooks_round_run(HookWalk *walk);

#endif							/* HOOKS_ROUND_H */
