/*
 * routes.h
 *		The routes of running deletes, kept in the session.
 */
#ifndef HOOKS_ROUTES_H
#define HOOKS_ROUTES_H

#include "postgres.h"

#include "cascade/walk.h"

extern void hooks_routes_init(void);
extern HookRoute *hooks_routes_make(List *roots, Oid target, bool running);
extern HookRoute *hooks_routes_take(List *roots, Oid target,
									MemoryContext context);
extern bool hooks_routes_is_current(const HookRoute *route);
extern void hooks_routes_give_back(HookRoute *route);

#endif							/* HOOKS_ROUTES_H */
