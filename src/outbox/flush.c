/*
 * flush.c
 *		flush(): waits until the workers are done.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/argument.h"
#include "base/workers.h"
#include "firing/context.h"
#include "outbox/position.h"
#include "outbox/scan.h"
#include "outbox/waiting.h"
#include "registry/present.h"
#include "registry/registry.h"

/* after so many ms a worker is requested again */
#define ASK_AGAIN	1000

/*
 * 55000 if flush() would wait for its own transaction or delivery.
 */
static void
check_may_wait(void)
{
	FullTransactionId own = GetTopFullTransactionIdIfAny();

	for (const HookFiring *f = hooks_firing; f != NULL; f = f->outer)
		if (f->subject->event->phase == HOOK_AFTER_COMMIT)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("hooks.flush() cannot be called in a delivery"),
					 errdetail("It would wait for this delivery itself.")));
	if (FullTransactionIdIsValid(own) && hooks_scan_has(own))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("hooks.flush() cannot be called in a transaction that has events of its own"),
				 errdetail("It would wait for the commit of this transaction."),
				 errhint("Commit first.")));
}

/*
 * The hooks that flush() waits for: those in force.
 */
static List *
hooks_to_wait_for(void)
{
	List	   *hooks = NIL;
	ListCell   *lc;

	if (hooks_present_kinds() == 0)
		return NIL;
	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);

		if (hook->phase == HOOK_AFTER_COMMIT && hook->damage == NULL &&
			hook->enabled)
			hooks = lappend(hooks, hook);
	}
	return hooks;
}

/*
 * Has a hook received all events that a snapshot sees, and all retries that
 * were due then?  Also true if the hook is dropped or not in force: its events
 * then wait for hooks.enable().
 */
static bool
is_done(const Hook *hook, const HookSnapshot *target, TimestampTz since)
{
	HookPosition position;
	Hook	   *current;

	hooks_position_read(hook->hook_id, &position);
	if (!hooks_scan_any(&position, target) &&
		!(hooks_waiting_any() && hooks_waiting_when(hook) <= since))
		return true;
	current = hooks_registry_find(hook->name);
	return current == NULL || current->hook_id != hook->hook_id ||
		!current->enabled;
}

/*
 * The hooks that have not received everything yet.  Wakes a worker for them.
 * What it reads of each hook is in "context", which is reset.
 */
static List *
remaining(List *hooks, const HookSnapshot *target, TimestampTz since,
		  bool wake, MemoryContext context)
{
	MemoryContext old;
	ListCell   *lc;

	PushActiveSnapshot(GetLatestSnapshot());
	old = MemoryContextSwitchTo(context);
	foreach(lc, hooks)
	{
		Hook	   *hook = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (is_done(hook, target, since))
			hooks = foreach_delete_current(hooks, lc);
		else if (wake)
			hooks_workers_wake(MyDatabaseId, hook->owner,
							   hooks_workers_stand_in(hook->owner), true);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	PopActiveSnapshot();
	return hooks;
}

/*
 * The time at which the timeout ends.
 */
static TimestampTz
deadline(const Interval *timeout)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz end;

	end = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												  TimestampTzGetDatum(now),
												  IntervalPGetDatum(timeout)));
	if (end < now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout must not be negative")));
	return end;
}

PG_FUNCTION_INFO_V1(hooks_flush);

/*
 * hooks.flush(timeout interval) returns boolean
 *
 * Waits until every event that was committed before is delivered, or has
 * failed and waits for a retry, or is dead.  False after the timeout.  Events
 * that are committed during the wait do not count.
 *
 * Errors: 55000 in a transaction that has events of its own, and in a
 * delivery; 22023 for a timeout below 0; 25006 on a standby.
 */
Datum
hooks_flush(PG_FUNCTION_ARGS)
{
	TimestampTz end;
	TimestampTz since = GetCurrentTimestamp();
	HookSnapshot *target;
	List	   *hooks;
	MemoryContext context;
	bool		wake = true;

	hooks_argument_require(fcinfo, 0);
	PreventCommandDuringRecovery("hooks.flush()");
	end = deadline(PG_GETARG_INTERVAL_P(0));
	PushActiveSnapshot(GetLatestSnapshot());
	check_may_wait();
	target = hooks_position_snapshot();
	PopActiveSnapshot();
	hooks = hooks_to_wait_for();
	context = AllocSetContextCreate(CurrentMemoryContext, "hooks flush",
									ALLOCSET_DEFAULT_SIZES);

	hooks_workers_prepare_to_wait();
	while ((hooks = remaining(hooks, target, since, wake,
							  context)) != NIL)
	{
		TimestampTz now = GetCurrentTimestamp();
		long		ms;

		if (now >= end)
			break;
		ms = Min(TimestampDifferenceMilliseconds(now, end), ASK_AGAIN);
		wake = hooks_workers_wait(Max(ms, 1));
	}
	hooks_workers_end_wait();
	PG_RETURN_BOOL(hooks == NIL);
}
