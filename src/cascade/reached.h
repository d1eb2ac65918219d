/*
 * reached.h
 *		The tables that a route reaches.
 */
#ifndef HOOKS_REACHED_H
#define HOOKS_REACHED_H

#include "postgres.h"

#include "cascade/route.h"

extern HookTable *hooks_reached_get(HookRoute *route, Oid relid);
extern HookTable *hooks_reached_find(const HookRoute *route, Oid relid);
extern HookLeaf *hooks_reached_leaf(HookTable *table, Oid relid);
extern void hooks_reached_open(HookRoute *route, HookTable *table);
extern void hooks_reached_close(HookRoute *route);
extern bool hooks_reached_misses(const HookRoute *route, Relation rel);
extern AttrNumber *hooks_reached_numbers(Oid relid, Oid other,
										 const AttrNumber *columns, int n);
extern Bitmapset *hooks_reached_set(const AttrNumber *columns, int n);
extern void hooks_reached_need(HookTree *tree, const AttrNumber *columns,
							   int n);

#endif							/* HOOKS_REACHED_H */
