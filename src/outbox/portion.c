/*
 * portion.c
 *		A portion: what a worker delivers to a hook in one transaction.
 *
 * Each delivery has a subtransaction; with them commit the hook's new
 * position, and copies of the deliveries that failed.  So the effects of
 * callbacks commit together with the position, or not at all.  Portions are
 * small, so that effects are visible soon and other hooks get their turn.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/death.h"
#include "base/duty.h"
#include "base/moves.h"
#include "base/own.h"
#include "firing/log_turn.h"
#include "outbox/log_reader.h"
#include "outbox/portion.h"
#include "outbox/service.h"
#include "outbox/waiting.h"
#include "registry/lock.h"
#include "registry/registry.h"

/*
 * A portion ends after so many deliveries or milliseconds, or before its
 * subtransactions do not fit into the cache of each snapshot.
 */
#define PORTION_DELIVERIES	1000
#define PORTION_MS			20
#define PORTION_XIDS		(PGPROC_MAX_CACHED_SUBXIDS - 4)

/* so many events are read ahead; they wait in memory */
#define FETCHED_EVENTS		64

/* a hook that another worker has is looked at again after so many ms */
#define LOCKED_MS			100

/* the one that is being delivered, or was the last */
HookPortion hooks_portion;

/*
 * Begins a portion.
 */
void
hooks_portion_begin(void)
{
	memset(&hooks_portion, 0, sizeof(HookPortion));
	hooks_portion.began = GetCurrentTimestamp();
	hooks_portion.limit = PORTION_DELIVERIES;
	hooks_portion.ends_at = hooks_portion.began +
		PORTION_MS * INT64CONST(1000);
}

/*
 * Is the portion large enough?  A change of the registry ends it, too: the
 * hook may have changed, or be gone.  So do temporary tables, as the next
 * callback is not to find them.
 */
static bool
portion_is_full(void)
{
	AcceptInvalidationMessages();
	return hooks_served_stale || hooks_service_is_temporary() ||
		hooks_portion.deliveries >= hooks_portion.limit ||
		MyProc->subxidStatus.count >= PORTION_XIDS ||
		MyProc->subxidStatus.overflowed ||
		GetCurrentTimestamp() >= hooks_portion.ends_at;
}

/*
 * Have retries had their part of the portion?  The other half is for the log:
 * neither waits for the other to have nothing more.
 */
static bool
retries_are_enough(void)
{
	return portion_is_full() ||
		hooks_portion.deliveries >= PORTION_DELIVERIES / 2 ||
		MyProc->subxidStatus.count >= PORTION_XIDS / 2 ||
		GetCurrentTimestamp() >= hooks_portion.ends_at -
		PORTION_MS * INT64CONST(500);
}

/*
 * Shows in pg_stat_activity what the worker does.
 */
static void
show(const HookServed *served, const char *what)
{
	char		activity[NAMEDATALEN + 64];

	snprintf(activity, sizeof(activity), "hook \"%s\": %s", served->hook->name,
			 what);
	pgstat_report_activity(STATE_RUNNING, activity);
}

/*
 * The action of an event.  Mostly it is that of the last one, too.
 */
static HookAction
action_of(HookServed *served, const text * word)
{
	size_t		length = VARSIZE_ANY_EXHDR(word);

	if (strlen(served->action_word) != length ||
		memcmp(served->action_word, VARDATA_ANY(word), length) != 0)
	{
		text_to_cstring_buffer(word, served->action_word,
							   sizeof(served->action_word));
		served->action = hooks_word_parse_actions(served->action_word);
	}
	return served->action;
}

/*
 * Delivers an event of the log.
 */
static void
deliver_event(HookServed *served, const HookLogRow *row)
{
	const Hook *hook = served->hook;
	HookDelivery delivery;
	ErrorData  *error;

	delivery.id = hooks_log_reader_delivery_id(row, hook->hook_id);
	hooks_deliver_remember(&delivery, hook, 0);
	delivery.event = hooks_log_reader_event(row, hook, delivery.attempts + 1);
	delivery.action = action_of(served, row->action);
	delivery.relation_name = text_to_cstring(row->relation_name);
	delivery.generation = row->generation;
	hooks_portion.last = delivery.id;
	hooks_portion.deliveries++;
	error = hooks_deliver(&served->receiver, &delivery);
	if (error != NULL && hook->policy == HOOK_RETRY)
	{
		hooks_waiting_add(hook, row, &delivery, error);
		hooks_portion.failed = true;
		served->due = 0;
	}
}

/*
 * Delivers the next events of a hook's batch until the portion is full; false
 * if the places of the next ones must be looked up again.  A table of the log
 * is closed while a callback runs, as that may drop it.
 */
static bool
deliver_events(HookServed *served)
{
	MemoryContext rows_context = AllocSetContextCreate(CurrentMemoryContext,
													   "hooks log rows",
													   ALLOCSET_DEFAULT_SIZES);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks delivery",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = CurrentMemoryContext;
	HookLogRow *rows = palloc(sizeof(HookLogRow) * FETCHED_EVENTS);
	int			next = 0;
	int			fetched = 0;
	bool		found = true;

	while (served->next < served->places.length && !portion_is_full())
	{
		CHECK_FOR_INTERRUPTS();
		if (next == fetched)
		{
			int			n = Min(FETCHED_EVENTS,
								hooks_portion.limit -
								hooks_portion.deliveries);

			MemoryContextReset(rows_context);
			MemoryContextSwitchTo(rows_context);
			fetched = hooks_scan_fetch(&served->places.places[served->next],
									   Min(n, served->places.length -
										   served->next), rows);
			next = 0;
			found = fetched > 0;
		}
		if (!found)
			break;
		MemoryContextSwitchTo(context);
		deliver_event(served, &rows[next++]);
		served->next++;
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	return found;
}

/*
 * Is the hook still what it was?  Who has written what waits may have changed
 * the hook in the same transaction, and this may not be known yet.
 */
static bool
hook_is_current(const Hook *hook)
{
	Hook	   *current;

	if (hooks_lock_is_free(hook->name))
		return !hooks_served_stale;
	/* what was committed of it */
	current = hooks_registry_find(hook->name);
	return current != NULL && current->definition == hook->definition &&
		current->enabled && !hooks_served_stale;
}

/*
 * Delivers a portion of a hook's batch, and moves the hook's position.
 */
static void
deliver_batch(HookServed *served)
{
	bool		found;

	show(served, "delivering");
	hooks_duty_begin(list_length(hooks_served_list) > 1);
	found = deliver_events(served);

	/* A callback may have dropped the extension */
	if (!OidIsValid(hooks_own_find("delivery", RELKIND_RELATION)))
		return;
	if (served->next == served->places.length && !served->places.more)
		hooks_served_pass(served);
	else if (served->next > 0)
	{
		served->position.target = served->target;
		served->position.event_id =
			served->places.places[served->next - 1].event_id;
	}
	if (!found)
		served->next = served->places.length = 0;
	if (hooks_portion.deliveries > 0)
	{
		hooks_position_write(&served->position, hooks_log_turn_recent());
		/* under the lock nobody else writes it */
		served->moves = hooks_moves_count(served->hook->hook_id);
	}
}

/*
 * Delivers the retries that are due.
 */
static void
deliver_retries(HookServed *served)
{
	HookRetry	retry;
	HookDelivery delivery;

	while (!retries_are_enough() && hooks_waiting_next(served->hook, &retry))
	{
		ErrorData  *error;

		CHECK_FOR_INTERRUPTS();
		hooks_portion.busy = true;
		hooks_portion.last = retry.delivery_id;
		hooks_portion.deliveries++;
		show(served, "trying again");
		hooks_duty_begin(list_length(hooks_served_list) > 1);
		delivery.id = retry.delivery_id;
		delivery.event = retry.event;
		hooks_deliver_remember(&delivery, served->hook, retry.attempts);
		hooks_deliver_describe(&delivery);
		error = hooks_deliver(&served->receiver, &delivery);
		if (!OidIsValid(hooks_own_find("delivery", RELKIND_RELATION)))
			break;
		if (error == NULL || served->hook->policy != HOOK_RETRY)
			hooks_waiting_succeeded(&retry);
		else
		{
			hooks_waiting_failed(served->hook, &delivery, error);
			hooks_portion.failed = true;
		}
	}
	if (!hooks_served_stale)
		served->due = hooks_waiting_when(served->hook);
}

/*
 * What has failed is written down for a hook that may be removed meanwhile, by
 * somebody who could not see that.  Forgets it if the hook is gone.  False if
 * somebody is removing it: whether he commits is not known.
 */
static bool
settle(const Hook *hook)
{
	/* A callback may have dropped the extension */
	if (!OidIsValid(hooks_own_find("delivery", RELKIND_RELATION)))
		return true;
	if (!hooks_service_may_keep(hook->hook_id))
		return false;
	hooks_waiting_settle(hook);
	return true;
}

/*
 * Takes a portion back, until it is known whether the hook is removed.  This
 * must not wait for somebody who may wait for what its callbacks have locked.
 */
static void
take_back(HookServed *served)
{
	int64		hook_id = served->hook->hook_id;

	hooks_service_abort();
	hooks_duty_failed();
	hooks_served_forget(served);
	served->due = 0;
	show(served, "waiting for who removes it");
	hooks_duty_begin(true);
	hooks_service_wait(hook_id);
	hooks_portion_begin();
	hooks_portion.busy = true;
}

/*
 * Gives a hook its portion, in a transaction of its own.
 */
void
hooks_portion_serve(HookServed *served)
{
	int			alone;
	TimestampTz now;

	hooks_service_begin();
	if (!hooks_served_stale && hooks_service_lock(served->hook->hook_id))
	{
		/* see what the previous holder of the lock has done */
		PopActiveSnapshot();
		PushActiveSnapshot(GetTransactionSnapshot());
		hooks_served_refresh(served);
		alone = hooks_death_alone(served->hook->hook_id);
		served->alone = Max(served->alone, alone);
		if (served->alone > 0)
			hooks_portion.limit = 1;
		if (hooks_portion.began >= served->due)
		{
			if (hooks_waiting_any())
				deliver_retries(served);
			else
				served->due = PG_INT64_MAX;
			now = GetCurrentTimestamp();
			hooks_portion.ends_at =
				Max(hooks_portion.ends_at,
					now + PORTION_MS * INT64CONST(500));
		}
		if (hooks_served_stale ||
			hooks_portion.deliveries >= hooks_portion.limit)
			hooks_portion.busy = true;
		else if (hooks_served_look(served))
		{
			hooks_portion.busy = true;
			if (hook_is_current(served->hook))
				deliver_batch(served);
		}
		else
			hooks_served_pass(served);
	}
	else
	{
		/* nobody tells when that worker is through, which may take long */
		served->due = hooks_portion.began + LOCKED_MS * INT64CONST(1000);
	}
	if (hooks_portion.failed && !settle(served->hook))
	{
		take_back(served);
		return;
	}
	hooks_duty_commits(served->hook->hook_id, hooks_portion.deliveries,
					   hooks_portion.last);
	hooks_service_end();
	hooks_duty_at(0);
}
