/*
 * serve.c
 *		What a worker does for the hooks of its owner.
 *
 * Each hook in turn gets a portion of what waits for it.  A portion is one
 * transaction, with a subtransaction for each delivery, the hook's new
 * position, and copies of the deliveries that failed.  So the effects of
 * callbacks commit together with the position, or not at all.  Portions are
 * small, so that effects are visible soon and other hooks get their turn.
 *
 * One worker at a time serves a hook, and holds its lock until the transaction
 * ends.  Between two portions another worker may have served the hook; then
 * the number of its position has changed.  If it is the same, what is in
 * memory is still valid: the places of the batch's events, and that up to a
 * later snapshot no other event is for the hook.
 *
 * Deferred constraints and before_commit hooks run at the end of the
 * transaction, and can fail there.  Then the whole portion is rolled back, and
 * its events are delivered again, one by one, to find the one that fails.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/identity.h"
#include "base/own.h"
#include "base/settings.h"
#include "base/workers.h"
#include "firing/log_turn.h"
#include "outbox/deliver.h"
#include "outbox/failed.h"
#include "outbox/log_reader.h"
#include "outbox/position.h"
#include "outbox/scan.h"
#include "outbox/serve.h"
#include "outbox/waiting.h"
#include "registry/registry.h"

/*
 * A portion ends after so many deliveries or milliseconds, or before its
 * subtransactions do not fit into the cache of each snapshot.
 */
#define PORTION_DELIVERIES	1000
#define PORTION_MS			20
#define PORTION_XIDS		(PGPROC_MAX_CACHED_SUBXIDS - 4)

/* A hook of the owner */
typedef struct ServedHook
{
	HookReceiver receiver;
	Hook	   *hook;
	HookPosition position;		/* in the context below */
	HookSnapshot *target;		/* of the places */
	HookLogPlaces places;		/* those from "next" on are not done yet */
	int			next;
	MemoryContext context;
	TimestampTz due;			/* when the next of hooks.delivery is */
	int			alone;			/* so many are delivered one by one */
	uint32		callback_hash;	/* of the callback, in the syscache */
} ServedHook;

/* A portion, that is the transaction in which it is delivered */
typedef struct Portion
{
	TimestampTz began;
	int			limit;			/* of deliveries */
	int			deliveries;		/* so far */
	int64		last;			/* the last of these, done or not */
	bool		busy;			/* something waits for the hook */
} Portion;

/* whose hooks are served; whether the session is of another role; set once */
static Oid	owner = InvalidOid;
static bool standing_in = false;

/* the identity before the transaction, if it stands in */
static HookIdentity before;

/*
 * The hooks, ServedHook, in a context of their own; made anew when anything in
 * the registry has changed, which "stale" tells.
 */
static List *served_hooks = NIL;
static MemoryContext served_context = NULL;
static bool stale = true;
static Oid	registry = InvalidOid;

/* of the transaction that is running */
static Portion portion;

static void
registry_changed(Datum arg, Oid relid)
{
	if (!OidIsValid(relid) || relid == registry || !OidIsValid(registry))
		stale = true;
}

/*
 * A function has changed: what a receiver knows of its callback, such as the
 * language, may be wrong.
 */
static void
function_changed(Datum arg, int cacheid, uint32 hash)
{
	ListCell   *lc;

	foreach(lc, served_hooks)
	{
		if (hash == 0 || ((ServedHook *) lfirst(lc))->callback_hash == hash)
			stale = true;
	}
}

/*
 * To be called once, when the worker has connected to its database.
 */
void
hooks_serve_init(Oid role, bool stand_in)
{
	owner = role;
	standing_in = stand_in;
	CacheRegisterRelcacheCallback(registry_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, function_changed, (Datum) 0);
}

static void
service_locktag(LOCKTAG *tag, int64 hook_id)
{
	Oid			relid = hooks_own_relation("delivery", RELKIND_RELATION);

	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, relid, (uint32) hook_id,
					   (uint16) (hook_id >> 32));
}

/*
 * Locks a hook for serving, until the end of the transaction; false if another
 * worker has the lock.
 */
bool
hooks_serve_lock(int64 hook_id)
{
	LOCKTAG		tag;

	service_locktag(&tag, hook_id);
	return LockAcquire(&tag, ExclusiveLock, false, true) !=
		LOCKACQUIRE_NOT_AVAIL;
}

/*
 * Unlocks it early.  Only if nothing was written under the lock.
 */
void
hooks_serve_unlock(int64 hook_id)
{
	LOCKTAG		tag;

	service_locktag(&tag, hook_id);
	(void) LockRelease(&tag, ExclusiveLock, false);
}

/*
 * Reads the owner's hooks from the registry.
 */
static void
find_hooks(void)
{
	MemoryContext old;
	ListCell   *lc;

	served_hooks = NIL;
	if (served_context != NULL)
		MemoryContextDelete(served_context);
	served_context = AllocSetContextCreate(TopMemoryContext,
										   "hooks served by the worker",
										   ALLOCSET_DEFAULT_SIZES);
	stale = false;
	registry = hooks_own_find(hooks_registry_table.name, RELKIND_RELATION);
	if (!OidIsValid(registry))
		return;
	old = MemoryContextSwitchTo(served_context);
	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);
		ServedHook *served;

		if (hook->phase != HOOK_AFTER_COMMIT || hook->owner != owner ||
			hook->damage != NULL || !hook->enabled)
			continue;
		served = palloc0(sizeof(ServedHook));
		served->hook = hook;
		served->context = AllocSetContextCreate(served_context,
												"hooks batch of a hook",
												ALLOCSET_SMALL_SIZES);
		served->callback_hash =
			GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(hook->callback));
		hooks_deliver_prepare(&served->receiver, hook);
		served_hooks = lappend(served_hooks, served);
	}
	MemoryContextSwitchTo(old);
}

/*
 * A session that stands in for the owner belongs to a superuser.  No code that
 * runs in the transaction, up to deferred triggers, must be able to become
 * that role.
 */
static void
begin_transaction(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	if (standing_in)
		hooks_identity_become(&before, owner, SECURITY_LOCAL_USERID_CHANGE);
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
end_transaction(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
	if (standing_in)
		hooks_identity_end(&before);
}

/*
 * Is the portion large enough?  A change of the registry ends it, too: the
 * hook may have changed, or be gone.
 */
static bool
portion_is_full(void)
{
	return stale || portion.deliveries >= portion.limit ||
		MyProc->subxidStatus.count >= PORTION_XIDS ||
		MyProc->subxidStatus.overflowed ||
		GetCurrentTimestamp() - portion.began >=
		PORTION_MS * INT64CONST(1000);
}

/*
 * Shows in pg_stat_activity what the worker does.
 */
static void
show(const ServedHook *served, const char *what)
{
	char		activity[NAMEDATALEN + 64];

	snprintf(activity, sizeof(activity), "hook \"%s\": %s", served->hook->name,
			 what);
	pgstat_report_activity(STATE_RUNNING, activity);
}

/*
 * Forgets the position and the batch that are in memory.
 */
static void
forget_position(ServedHook *served)
{
	MemoryContextReset(served->context);
	memset(&served->position, 0, sizeof(HookPosition));
	memset(&served->places, 0, sizeof(HookLogPlaces));
	served->next = 0;
	served->target = NULL;
}

/*
 * Brings the position in memory up to date; if another worker has served the
 * hook, everything that is in memory is forgotten.
 */
static void
refresh_position(ServedHook *served)
{
	HookPosition current;
	MemoryContext old;

	hooks_position_read(served->hook->hook_id, &current);
	if (served->position.seen != NULL &&
		served->position.number == current.number)
		return;
	forget_position(served);
	old = MemoryContextSwitchTo(served->context);
	hooks_position_read(served->hook->hook_id, &served->position);
	MemoryContextSwitchTo(old);
}

/*
 * Finds the next batch of a hook; false if nothing waits for it.
 */
static bool
find_events(ServedHook *served)
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
static void
pass_target(ServedHook *served)
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

/*
 * Delivers one event of the log; false if its place must be looked up again.
 */
static bool
deliver_event(ServedHook *served, const HookLogPlace *place)
{
	const Hook *hook = served->hook;
	HookLogRow	row;
	int64		delivery_id;
	Jsonb	   *event;
	ErrorData  *error;

	if (!hooks_scan_fetch(place, &row))
		return false;
	delivery_id = hooks_log_reader_delivery_id(&row, hook->hook_id);
	portion.last = delivery_id;
	portion.deliveries++;
	event = hooks_log_reader_event(&row, hook, 1);
	error = hooks_deliver(&served->receiver, delivery_id, event);
	if (error != NULL && hook->policy == HOOK_RETRY)
	{
		hooks_waiting_add(hook, &row, event, error);
		served->due = 0;
	}
	return true;
}

/*
 * Delivers a portion of a hook's batch, and moves the hook's position.
 */
static void
deliver_batch(ServedHook *served)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks delivery",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	bool		found = true;

	show(served, "delivering");
	hooks_workers_begin(list_length(served_hooks) > 1);
	while (served->next < served->places.length && !portion_is_full())
	{
		CHECK_FOR_INTERRUPTS();
		found = deliver_event(served, &served->places.places[served->next]);
		if (!found)
			break;
		served->next++;
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);

	/* A callback may have dropped the extension */
	if (!OidIsValid(hooks_own_find("delivery", RELKIND_RELATION)))
		return;
	if (served->next == served->places.length && !served->places.more)
		pass_target(served);
	else if (served->next > 0)
	{
		served->position.target = served->target;
		served->position.event_id =
			served->places.places[served->next - 1].event_id;
	}
	if (!found)
		served->next = served->places.length = 0;
	if (portion.deliveries > 0)
		hooks_position_write(&served->position, hooks_log_turn());
}

/*
 * Delivers the retries that are due.
 */
static void
deliver_retries(ServedHook *served)
{
	HookRetry	retry;

	while (!portion_is_full() && hooks_waiting_next(served->hook, &retry))
	{
		ErrorData  *error;

		CHECK_FOR_INTERRUPTS();
		portion.busy = true;
		portion.last = retry.delivery_id;
		portion.deliveries++;
		show(served, "trying again");
		hooks_workers_begin(list_length(served_hooks) > 1);
		error = hooks_deliver(&served->receiver, retry.delivery_id,
							  retry.event);
		if (!OidIsValid(hooks_own_find("delivery", RELKIND_RELATION)))
			break;
		if (error == NULL || served->hook->policy != HOOK_RETRY)
			hooks_waiting_succeeded(&retry);
		else
			hooks_waiting_failed(served->hook, &retry, error);
	}
	if (!stale)
		served->due = hooks_waiting_when(served->hook);
}

/*
 * Gives a hook its portion, in a transaction of its own.
 */
static void
serve_portion(ServedHook *served)
{
	begin_transaction();
	if (!stale && hooks_serve_lock(served->hook->hook_id))
	{
		/* see what the previous holder of the lock has done */
		PopActiveSnapshot();
		PushActiveSnapshot(GetTransactionSnapshot());
		refresh_position(served);
		if (find_events(served))
		{
			portion.busy = true;
			deliver_batch(served);
		}
		else
			pass_target(served);
		if (!stale && portion.began >= served->due && hooks_waiting_any())
			deliver_retries(served);
		else if (!stale && portion.began >= served->due)
			served->due = PG_INT64_MAX;
	}
	end_transaction();
}

/*
 * The transaction of a portion has failed, not only a callback.  It is rolled
 * back, and its events are delivered one by one.  If a transaction with only
 * one delivery fails, this delivery has failed.  False if the failure belongs
 * to no delivery.
 */
static bool
portion_failed(ServedHook *served, MemoryContext context)
{
	bool		known = portion.deliveries > 0;

	HOLD_INTERRUPTS();
	QueryCancelPending = false;
	EmitErrorReport();
	MemoryContextSwitchTo(context);
	if (portion.deliveries == 1)
		known = hooks_deliver_failed(portion.last);
	AbortCurrentTransaction();
	MemoryContextSwitchTo(context);
	FlushErrorState();
	RESUME_INTERRUPTS();
	hooks_workers_failed();
	forget_position(served);
	served->due = 0;
	served->alone = portion.deliveries;
	return known;
}

/*
 * Gives a hook its portion.  False if nothing waits for it, or another worker
 * serves it.
 */
static bool
serve_hook(ServedHook *served)
{
	MemoryContext context = CurrentMemoryContext;

	memset(&portion, 0, sizeof(Portion));
	portion.began = GetCurrentTimestamp();
	portion.limit = served->alone > 0 ? 1 : PORTION_DELIVERIES;
	PG_TRY();
	{
		serve_portion(served);
		if (portion.busy)
			hooks_workers_end();
		if (served->alone > 0)
			served->alone--;
		hooks_deliver_committed();
	}
	PG_CATCH();
	{
		if (!portion_failed(served, context))
			proc_exit(1);
	}
	PG_END_TRY();
	return portion.busy;
}

/*
 * Gives each hook of the owner a portion of what waits for it, in the ring or
 * the log; false if nothing waits for any.
 */
bool
hooks_serve(void)
{
	bool		busy = hooks_failed_serve(owner);

	/* Without a hook there is no transaction that would hear of a new one */
	if (served_hooks == NIL)
		stale = true;
	do
	{
		ListCell   *lc;

		if (stale)
		{
			begin_transaction();
			find_hooks();
			end_transaction();
		}
		foreach(lc, served_hooks)
		{
			CHECK_FOR_INTERRUPTS();
			busy |= serve_hook(lfirst(lc));
			if (stale)
				break;
		}
	} while (stale);
	return busy;
}

/*
 * When the next retry is due; PG_INT64_MAX for none.  "again": retries may
 * have been added since the last call.
 */
TimestampTz
hooks_serve_next(bool again)
{
	TimestampTz next = PG_INT64_MAX;
	ListCell   *lc;

	foreach(lc, served_hooks)
	{
		ServedHook *served = lfirst(lc);

		if (again)
			served->due = 0;
		next = Min(next, served->due);
	}
	return next;
}
