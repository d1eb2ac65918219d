/*
 * conflict.h
 *		Which steps of a route conflict.
 */
#ifndef HOOKS_CONFLICT_H
#define HOOKS_CONFLICT_H

#include "postgres.h"

#include "cascade/route.h"

extern void hooks_conflict_find(HookRoute *route, List *tables);

#endif							/* HOOKS_CONFLICT_H */
