/*
 * routes.c
 *		The routes of running deletes, kept in the session.
 *
 * To make a route and to plan its queries takes many times as long as to walk
 * it for one row.  So a route is kept with its lanes, for the next delete of
 * the same role that begins with rows of the same tables.  A route is dropped
 * when one of its tables changes.  All routes are dropped when a function, an
 * operator or a role changes, as PostgreSQL does not say which routes that
 * concerns.
 *
 * A walk that takes a kept route opens its tables when it comes to them, and
 * then checks whether the route is still current.  No other walk gets the same
 * route meanwhile.  When a walk gives its route back, its own data is removed
 * from it.  A walk that ends with an error does not do this, so its route is
 * dropped.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "cascade/conflict.h"
#include "cascade/lane_plan.h"
#include "cascade/reached.h"
#include "cascade/routes.h"

/* when there are more, all that are not in use are dropped */
#define ROUTES_KEPT 64

typedef struct KeptRoute
{
	HookRoute  *route;
	Oid			role;			/* for whom it was made */
	int			replication_role;	/* decides which triggers fire */
	List	   *roots;
	Oid			target;
	Oid		   *relids;			/* its tables, ascending */
	int			nrelids;
	struct RouteUse *use;		/* NULL: by no walk */
	bool		stale;
} KeptRoute;

/* A walk's use of a route; in the walk's memory */
typedef struct RouteUse
{
	KeptRoute  *entry;			/* NULL: it was given back */
	MemoryContextCallback ends;
} RouteUse;

/*
 * Counts changes.  A route that was being made when a change arrived is stale
 * from the beginning, and made again.
 */
static uint64 changes = 0;

/* of KeptRoute; it and they are in contexts below CacheMemoryContext */
static List *kept = NIL;

static int
compare_relids(const void *a, const void *b)
{
	Oid			one = *(const Oid *) a;
	Oid			other = *(const Oid *) b;

	return one < other ? -1 : one > other;
}

static void
relation_stales_routes(Datum arg, Oid relid)
{
	ListCell   *lc;

	changes++;
	foreach(lc, kept)
	{
		KeptRoute  *entry = lfirst(lc);

		if (!OidIsValid(relid) ||
			bsearch(&relid, entry->relids, entry->nrelids, sizeof(Oid),
					compare_relids) != NULL)
			entry->stale = true;
	}
}

static void
catalog_stales_routes(Datum arg, int cacheid, uint32 hashvalue)
{
	ListCell   *lc;

	changes++;
	foreach(lc, kept)
	{
		((KeptRoute *) lfirst(lc))->stale = true;
	}
}

/*
 * A new foreign key changes the table to which it refers, which drops the
 * routes through this table.  But which tables lead to a target may depend on
 * keys of others.
 */
static void
constraint_stales_routes(Datum arg, int cacheid, uint32 hashvalue)
{
	ListCell   *lc;

	changes++;
	foreach(lc, kept)
	{
		KeptRoute  *entry = lfirst(lc);

		entry->stale |= OidIsValid(entry->target);
	}
}

/*
 * Listens to changes.  From _PG_init() only.
 */
void
hooks_routes_init(void)
{
	CacheRegisterRelcacheCallback(relation_stales_routes, (Datum) 0);
	CacheRegisterSyscacheCallback(CONSTROID, constraint_stales_routes,
								  (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, catalog_stales_routes,
								  (Datum) 0);
	CacheRegisterSyscacheCallback(OPEROID, catalog_stales_routes,
								  (Datum) 0);
	CacheRegisterSyscacheCallback(CASTSOURCETARGET, catalog_stales_routes,
								  (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, catalog_stales_routes,
								  (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, catalog_stales_routes,
								  (Datum) 0);
}

/*
 * A route as hooks_route_make() makes it, complete, in the current memory
 * context.
 */
HookRoute *
hooks_routes_make(List *roots, Oid target, bool running)
{
	HookRoute  *route;
	ListCell   *lc;

	/* a foreign key may have come while we waited for a table */
	while ((route = hooks_route_make(roots, target, running))->outdated)
		hooks_reached_close(route);
	hooks_conflict_find(route, roots);
	foreach(lc, route->steps)
	{
		((HookStep *) lfirst(lc))->state = palloc0(sizeof(HookStepState));
	}
	return route;
}

/*
 * Can a route be used again after a walk?  Not if rows move or may leave their
 * partition, as the walk then leaves more in it than lanes.
 */
static bool
can_be_kept(const HookRoute *route)
{
	ListCell   *lc;
	ListCell   *leaf;

	foreach(lc, route->steps)
	{
		const HookStep *step = lfirst(lc);

		if (step->moves || step->recheck || step->moved != NULL)
			return false;
		foreach(leaf, step->table->leaves)
		{
			if (hooks_route_leaves(lfirst(leaf), step))
				return false;
		}
	}
	return true;
}

static void
forget_route(KeptRoute *entry)
{
	ListCell   *lc;

	Assert(entry->use == NULL);
	kept = list_delete_ptr(kept, entry);
	foreach(lc, entry->route->steps)
	{
		HookStepState *state = ((HookStep *) lfirst(lc))->state;

		hooks_lane_plan_forget(&state->rows);
		hooks_lane_plan_forget(&state->checks);
	}
	MemoryContextDelete(entry->route->context);
}

/*
 * Drops the stale routes; or all that are not in use.
 */
static void
forget_some(bool all)
{
	for (int i = list_length(kept) - 1; i >= 0; i--)
	{
		KeptRoute  *entry = list_nth(kept, i);

		if (entry->use == NULL && (all || entry->stale))
			forget_route(entry);
	}
}

static KeptRoute *
find_route(List *roots, Oid target)
{
	ListCell   *lc;

	foreach(lc, kept)
	{
		KeptRoute  *entry = lfirst(lc);

		if (entry->target == target && entry->role == GetUserId() &&
			entry->replication_role == SessionReplicationRole &&
			equal(entry->roots, roots))
			return entry;
	}
	return NULL;
}

/*
 * Called when the memory of the walk is freed, at its end or by an error.
 */
static void
walk_ends(void *arg)
{
	KeptRoute  *entry = ((RouteUse *) arg)->entry;

	if (entry == NULL)
		return;
	entry->use = NULL;
	entry->stale = true;
}

static KeptRoute *
keep_route(HookRoute *route, List *roots, Oid target)
{
	MemoryContext old = MemoryContextSwitchTo(route->context);
	KeptRoute  *entry = palloc0(sizeof(KeptRoute));
	ListCell   *lc;

	entry->route = route;
	entry->role = GetUserId();
	entry->replication_role = SessionReplicationRole;
	entry->roots = list_copy(roots);
	entry->target = target;
	entry->relids = palloc(sizeof(Oid) * list_length(route->open));
	foreach(lc, route->open)
	{
		Relation	rel = lfirst(lc);

		entry->relids[entry->nrelids++] = RelationGetRelid(rel);
	}
	qsort(entry->relids, entry->nrelids, sizeof(Oid), compare_relids);
	MemoryContextSwitchTo(CacheMemoryContext);
	kept = lappend(kept, entry);
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(route->context, CacheMemoryContext);
	return entry;
}

/*
 * The route of a running delete, for a walk in this memory context.  If it was
 * kept, its tables are not open yet.
 */
HookRoute *
hooks_routes_take(List *roots, Oid target, MemoryContext context)
{
	RouteUse   *use;
	MemoryContext own;
	MemoryContext old;
	HookRoute  *route;
	KeptRoute  *entry;

	AcceptInvalidationMessages();
	forget_some(list_length(kept) >= ROUTES_KEPT);
	entry = find_route(roots, target);
	if (entry == NULL || entry->use != NULL)
	{
		bool		is_first = entry == NULL;
		uint64		before = changes;

		own = AllocSetContextCreate(context, "hooks route",
									ALLOCSET_DEFAULT_SIZES);
		old = MemoryContextSwitchTo(own);
		route = hooks_routes_make(roots, target, true);
		MemoryContextSwitchTo(old);
		if (!is_first || !can_be_kept(route))
			return route;
		entry = keep_route(route, roots, target);
		entry->stale = changes != before;
		route->kept = entry;
	}
	use = MemoryContextAllocZero(context, sizeof(RouteUse));
	use->entry = entry;
	use->ends.func = walk_ends;
	use->ends.arg = use;
	entry->use = use;
	MemoryContextRegisterResetCallback(context, &use->ends);
	return entry->route;
}

/*
 * Is a route still as its tables are?  Its owner has them open.
 */
bool
hooks_routes_is_current(const HookRoute *route)
{
	return route->kept == NULL || !route->kept->stale;
}

/*
 * Gives a route back after the walk, which has removed its own data from it.
 */
void
hooks_routes_give_back(HookRoute *route)
{
	hooks_reached_close(route);
	if (route->kept == NULL)
		return;
	route->kept->use->entry = NULL;
	route->kept->use = NULL;
}
