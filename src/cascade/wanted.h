/*
 * wanted.h
 *		Which steps of a route the walk needs.
 */
#ifndef HOOKS_WANTED_H
#define HOOKS_WANTED_H

#include "postgres.h"

#include "cascade/route.h"

extern void hooks_wanted_find(HookRoute *route, Oid target);
extern bool hooks_wanted_has(const HookRoute *route,
							 const HookForeignKey *key, HookEffect effect);

#endif							/* HOOKS_WANTED_H */
