/*
 * serve.c
 *		What a worker does for the hooks of its owner.
 *
 * Each hook in turn gets a portion of what waits for it: one transaction, with
 * a subtransaction for each delivery, the hook's new position, and the copies
 * of what failed. So the effects of callbacks and the position are there
 * together or not at all. Portions are small, so that effects are seen soon
 * and other hooks have their turn.
 *
 * A hook is served by one worker at a time, who holds its lock until the
 * transaction ends. Between two portions another worker may have served it:
 * the number of its position tells. If it is the same, what is in memory still
 * counts: where the events of the batch are, and that of later snapshots none
 * is for the hook.
 *
 * What callbacks leave to the end of the transaction can fail there: deferred
 * constraints, hooks before_commit. Then the whole portion is rolled back, and
 * what was in it is delivered again, one by one; so it is found whose failure
 * that was.
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
 * A portion ends after so many deliveries, or milliseconds, or when its
 * subtransactions would no longer fit into the cache of each snapshot.
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
	HookLogPlaces places;		/* that are not done yet, from "next" on */
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

/* whose hooks, and whether the session is not its own; set once */
static Oid	owner = InvalidOid;
static bool standing_in = false;

/* as whom the transaction began, if it stands in */
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
 * A function has changed: what a receiver knows of its callback, the language
 * for example, may be wrong.
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
 * The worker has a session.
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
 * Takes the right to serve a hook, until the end of the transaction; false if
 * somebody else has it.
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
 * Gives it back, where nothing was written under it.
 */
void
hooks_serve_unlock(int64 hook_id)
{
	LOCKTAG		tag;

	service_locktag(&tag, hook_id);
	(void) LockRelease(&tag, ExclusiveLock, false);
}

/*
 * Reads which hooks there are.
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
 * Whatever is called in a transaction, up to triggers that are deferred to its
 * end, must not make a session that stands in for its owner somebody else's.
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
 * Is the portion large enough? Anything that changed the registry ends it,
 * too: the hook may be another now, or gone.
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
 * What the session shows of itself.
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
 * Forgets what is in memory of the position, and of the batch.
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
 * All that the target sees is done with.
 */
static void
pass_target(ServedHook *served)
{
	HookSnapshot *target = copy_snapshot(served->target);
	int64		number = served->position.number;
	int			turn = served->position.turn;

	/* In whichever context that is, the transaction's is too short-lived */
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
 * Delivers one event of the log; false if it has to be looked for again.
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
 * Tries again what is due.
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
		/* what the lock was waited for must be seen */
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
 * The transaction of a portion has failed, not only a callback: it is rolled
 * back, and what was in it is delivered one by one. What fails alone is a
 * failure of that delivery. False if there is none to blame.
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
 * Gives a hook its portion. False if nothing waits for it, or another worker
 * has it.
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
 * When the next delivery is due that was tried before; PG_INT64_MAX for none.
 * "again": others may have been added meanwhile.
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
