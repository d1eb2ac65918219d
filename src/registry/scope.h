/*
 * scope.h
 *		Which tables a hook is for.
 */
#ifndef HOOKS_SCOPE_H
#define HOOKS_SCOPE_H

#include "postgres.h"

#include "registry/event.h"
#include "registry/registry.h"

/* A hook as it concerns one relation */
typedef struct HookReach
{
	Hook	   *hook;
	Oid			target;			/* the relation that it is on: this one, or a
								 * partitioned table above it */
	bool		rows;			/* for events of rows, */
	bool		statements;		/* for those of statements */
} HookReach;

extern bool hooks_scope_is_system_schema(Oid schema);
extern bool hooks_scope_allows_schema(Oid schema);
extern bool hooks_scope_allows(Oid relid, int actions, const char **problem);
extern bool hooks_scope_covers(const Hook *wide, Oid relid);
extern void hooks_scope_lock(const Hook *wide);
extern List *hooks_scope_relations(const Hook *wide);
extern List *hooks_scope_tables(List *hooks);
extern List *hooks_scope_reach(Oid relid, List *ancestors, List **damaged);
extern bool hooks_scope_wants(const HookReach *reach, const HookEvent *event);
extern bool hooks_scope_needs_preload(const Hook *hook);
extern bool hooks_scope_needs(const HookReach *reach, const HookEvent *event);
extern const char *hooks_scope_forbids(const Hook *hook);

#endif							/* HOOKS_SCOPE_H */
