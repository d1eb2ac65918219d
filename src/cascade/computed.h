/*
 * computed.h
 *		Generated columns of rows that a cascade changes.
 */
#ifndef HOOKS_COMPUTED_H
#define HOOKS_COMPUTED_H

#include "postgres.h"

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "cascade/route.h"

extern bool hooks_computed_has_any(Relation rel);
extern Bitmapset *hooks_computed_sources(Oid relid, Oid top,
										 const Bitmapset *columns);
extern List *hooks_computed_find(Relation rel, Oid top,
								 const Bitmapset *columns);
extern void hooks_computed_join(HookStep *step);
extern bool hooks_computed_is_unknown(const HookStep *step);
extern void hooks_computed_set(HookLeaf *leaf, const HookStep *step,
							   MemoryContext context, Datum *values,
							   bool *nulls);

#endif							/* HOOKS_COMPUTED_H */
