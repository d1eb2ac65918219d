/*
 * clones.h
 *		The triggers that partitions have of their own, and those that
 *		PostgreSQL clones for them from the partitioned table's.
 */
#ifndef HOOKS_CLONES_H
#define HOOKS_CLONES_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "registry/event.h"

extern bool hooks_clones_blocked(List *partitions, const HookEvent *event,
								 bool error);
extern List *hooks_clones_drop_own(List *commands, List *partitions,
								   const HookEvent *event, List **after);
extern void hooks_clones_make_way(Oid relid, Oid parent);
extern bool hooks_clones_make_way_for(Oid relid, const HookEvent *event);

#endif							/* HOOKS_CLONES_H */
