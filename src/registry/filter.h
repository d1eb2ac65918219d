/*
 * filter.h
 *		Row filters: restrictive policies of PostgreSQL's row-level security
 *		whose names are ours.
 */
#ifndef HOOKS_FILTER_H
#define HOOKS_FILTER_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

/* what the policy's name has in front of the filter's */
#define HOOKS_FILTER_PREFIX "hooks_filter_"

typedef struct HookFilter
{
	char	   *name;
	Oid			relation;
	Node	   *expression;		/* over varno 1; NULL if somebody made a
								 * policy without one */
} HookFilter;

extern List *hooks_filter_all(void);
extern List *hooks_filter_named(const char *name);
extern List *hooks_filter_of_relation(Oid relid);
extern char *hooks_filter_policy(const char *name);
extern char *hooks_filter_text(const HookFilter *filter);
extern void hooks_filter_refuse_name(const char *name);
extern void hooks_filter_drop(const HookFilter *filter);
extern bool hooks_filter_remove(const char *name);
extern bool hooks_filter_is_on(Oid relid);
extern bool hooks_filter_has_permissive(Oid relid);

#endif							/* HOOKS_FILTER_H */
