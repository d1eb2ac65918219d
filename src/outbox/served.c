/*
 * served.c
 *		The hooks that a worker serves, and what waits for each.
 *
 * Between two portions of a hook another worker may have served it; then the
 * number of its position has changed.  If it is the same, what is in memory is
 * still valid: the places of the batch's events, and that up to a later
 * snapshot no other event is for the hook.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/moves.h"
#include "base/own.h"
#include "base/workers.h"
#include "outbox/served.h"
#include "outbox/service.h"
#include "registry/registry.h"

/*
 * The hooks, HookServed, in a context of their own; made anew when anything in
 * the registry has changed, which "hooks_served_stale" tells.
 */
List	   *hooks_served_list = NIL;
bool		hooks_served_stale = true;
static MemoryContext served_context = NULL;
static Oid	registry = InvalidOid;

static void
registry_changed(Datum arg, Oid relid)
{
	if (!OidIsValid(relid) || relid == registry || !OidIsValid(registry))
		hooks_served_stale = true;
}

/*
 * A function has changed: what a receiver knows of its callback, such as the
 * language, may be wrong; or the owner of the hook.
 */
static void
function_changed(Datum arg, int cacheid, uint32 hash)
{
	ListCell   *lc;

	foreach(lc, hooks_served_list)
	{
		const HookServed *served = lfirst(lc);

		if (hash == 0 || served->callback_hash == hash ||
			served->definition_hash == hash)
			hooks_served_stale = true;
	}
}

/*
 * Listens to changes.  To be called once.
 */
void
hooks_served_init(void)
{
	CacheRegisterRelcacheCallback(registry_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, function_changed, (Datum) 0);
}

/*
 * Was the hook served before?
 */
static bool
was_served(const Hook *hook)
{
	ListCell   *lc;

	foreach(lc, hooks_served_list)
	{
		if (((HookServed *) lfirst(lc))->hook->hook_id == hook->hook_id)
			return true;
	}
	return false;
}

/*
 * Wakes the workers of those who own hooks now that this one has served until
 * now: while it was at one of them, they could not.
 */
static void
hand_over(List *hooks)
{
	ListCell   *lc;

	foreach(lc, hooks)
	{
		Hook	   *hook = lfirst(lc);

		if (hook->phase == HOOK_AFTER_COMMIT && hook->damage == NULL &&
			hook->owner != hooks_service_owner && was_served(hook))
			hooks_workers_wake(MyDatabaseId, hook->owner,
							   hooks_workers_stand_in(hook->owner), true);
	}
}

/*
 * Reads the owner's hooks from the registry.
 */
void
hooks_served_find(void)
{
	MemoryContext old;
	ListCell   *lc;

	registry = hooks_own_find(hooks_registry_table.name, RELKIND_RELATION);
	if (OidIsValid(registry) && hooks_served_list != NIL)
		hand_over(hooks_registry_all());
	hooks_served_list = NIL;
	if (served_context != NULL)
		MemoryContextDelete(served_context);
	served_context = AllocSetContextCreate(TopMemoryContext,
										   "hooks served by the worker",
										   ALLOCSET_DEFAULT_SIZES);
	hooks_served_stale = false;
	if (!OidIsValid(registry))
		return;
	hooks_deliver_serve(get_extension_oid("hooks", false));
	old = MemoryContextSwitchTo(served_context);
	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);
		HookServed *served;

		if (hook->phase != HOOK_AFTER_COMMIT ||
			hook->owner != hooks_service_owner ||
			hook->damage != NULL || !hook->enabled)
			continue;
		served = palloc0(sizeof(HookServed));
		served->hook = hook;
		served->context = AllocSetContextCreate(served_context,
												"hooks batch of a hook",
												ALLOCSET_SMALL_SIZES);
		served->callback_hash =
			GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(hook->callback));
		served->definition_hash =
			GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(hook->definition));
		hooks_deliver_prepare(&served->receiver, hook);
		hooks_served_list = lappend(hooks_served_list, served);
	}
	MemoryContextSwitchTo(old);
}

/*
 * Forgets the position and the batch that are in memory.
 */
void
hooks_served_forget(HookServed *served)
{
	MemoryContextReset(served->context);
	memset(&served->position, 0, sizeof(HookPosition));
	memset(&served->places, 0, sizeof(HookLogPlaces));
	served->moves = 0;
	served->next = 0;
	served->target = NULL;
}

/*
 * Brings the position in memory up to date; if another worker has served the
 * hook, everything that is in memory is forgotten.
 */
void
hooks_served_refresh(HookServed *served)
{
	HookPosition current;
	MemoryContext old;
	uint64		moves = hooks_moves_count(served->hook->hook_id);

	/* read the table only if somebody has written a position */
	if (moves != 0 && served->moves == moves)
		return;
	hooks_position_read(served->hook->hook_id, &current);
	served->moves = moves;
	if (served->position.seen != NULL &&
		served->position.number == current.number)
		return;
	hooks_served_forget(served);
	served->moves = moves;
	old = MemoryContextSwitchTo(served->context);
	hooks_position_read(served->hook->hook_id, &served->position);
	MemoryContextSwitchTo(old);
}

/*
 * Finds the next batch of a hook; false if nothing waits for it.
 */
bool
hooks_served_look(HookServed *served)
{
	HookSnapshot *target = served->position.target;
	MemoryContext old;

	if (served->next < served->places.length)
		return true;
	old = MemoryContextSwitchTo(served->context);
	if (target == NULL)
		target = hooks_position_snapshot();
	hooks_scan_find(&served->position, target, &served->places);
	served->next = 0;
	served->target = target;
	MemoryContextSwitchTo(old);
	return served->places.length > 0;
}

/* the same snapshot, in another context */
static HookSnapshot *
copy_snapshot(const HookSnapshot *snapshot)
{
	HookSnapshot *copy = palloc(VARSIZE(snapshot));

	memcpy(copy, snapshot, VARSIZE(snapshot));
	return copy;
}

/*
 * Moves the position: all that the target sees is done.
 */
void
hooks_served_pass(HookServed *served)
{
	HookSnapshot *target = copy_snapshot(served->target);
	int64		number = served->position.number;
	int			turn = served->position.turn;

	/* the current context may be the transaction's, which ends too early */
	MemoryContextReset(served->context);
	served->position.hook_id = served->hook->hook_id;
	served->position.number = number;
	served->position.turn = turn;
	served->position.seen = MemoryContextAlloc(served->context,
											   VARSIZE(target));
	memcpy(served->position.seen, target, VARSIZE(target));
	served->position.target = NULL;
	served->position.event_id = 0;
	memset(&served->places, 0, sizeof(HookLogPlaces));
	served->next = 0;
	served->target = NULL;
}
