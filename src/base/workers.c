/*
 * workers.c
 *		Workers, for any session: wakes them, and waits for them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/process.h"
#include "base/roster.h"
#include "base/settings.h"
#include "base/workers.h"

/*
 * Wakes a worker for an owner, or starts one, as one that has failed so many
 * times in a row.  The launcher tells since when it was asked for; others, who
 * say 0, get behind those who wait for a place or a process.  False if there
 * was no process.
 */
bool
hooks_workers_wake_again(Oid database, Oid owner, bool stand_in, bool retries,
						 int tries, TimestampTz since)
{
	TimestampTz now = GetCurrentTimestamp();
	HookWorkerSlot *slot;
	HookWorkerSlot *taken = NULL;
	Latch	   *latch = NULL;
	HookWaitsFor waits = HOOK_WAITS_FOR_TIME;
	bool		asks = false;

	SpinLockAcquire(&hooks_roster->mutex);
	slot = hooks_roster_find(database, owner, now);
	if (slot != NULL)
	{
		slot->wanted = true;
		slot->retries |= retries;
		latch = slot->latch;
	}
	else
	{
		if (since == 0)
			waits = hooks_roster_others(database, owner);
		if (waits == HOOK_WAITS_FOR_TIME)
			taken = hooks_roster_take(database, owner, stand_in, tries, now,
									  &waits);
		asks = taken == NULL;
	}
	if (asks)
	{
		hooks_roster_request(database, owner, stand_in,
							 waits == HOOK_WAITS_FOR_TIME ?
							 now + USECS_PER_SEC : since != 0 ? since : now,
							 tries, waits);
		if (waits != HOOK_WAITS_FOR_TIME)
			latch = hooks_roster_find_idle(waits == HOOK_WAITS_FOR_PLACE ?
										   database : InvalidOid);
	}
	SpinLockRelease(&hooks_roster->mutex);
	if (latch != NULL)
		SetLatch(latch);
	if (asks)
		hooks_process_wake_launcher();
	return taken == NULL ||
		hooks_process_start_worker(taken, since != 0 ? since : now);
}

/*
 * Does a worker have to stand in for this role, as it cannot log in?
 */
bool
hooks_workers_stand_in(Oid owner)
{
	HeapTuple	tuple;
	bool		login = true;

	if (HOOKS_BGWORKER_ANY_ROLE != 0)
		return false;
	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(owner));
	if (HeapTupleIsValid(tuple))
	{
		login = ((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;
		ReleaseSysCache(tuple);
	}
	return !login;
}

/*
 * Wakes a worker for the hooks of an owner, or starts one; "retries": for what
 * waits for a retry, too.  Never throws, as it is called when a transaction
 * has committed.
 */
void
hooks_workers_wake(Oid database, Oid owner, bool stand_in, bool retries)
{
	if (hooks_workers && hooks_roster_attach() && !RecoveryInProgress())
		(void) hooks_workers_wake_again(database, owner, stand_in, retries, 0,
										0);
}

/*
 * Has a worker started for an owner at a time.
 */
void
hooks_workers_request(Oid database, Oid owner, bool stand_in, TimestampTz at)
{
	if (!hooks_roster_attach())
		return;
	SpinLockAcquire(&hooks_roster->mutex);
	hooks_roster_request(database, owner, stand_in, at, 0,
						 HOOK_WAITS_FOR_TIME);
	SpinLockRelease(&hooks_roster->mutex);
	hooks_process_wake_launcher();
}

/*
 * Has all databases looked into again at a time, as one could not be.
 */
void
hooks_workers_look_again(TimestampTz at)
{
	if (!hooks_roster_attach())
		return;
	SpinLockAcquire(&hooks_roster->mutex);
	hooks_roster_look_later(at);
	SpinLockRelease(&hooks_roster->mutex);
	hooks_process_wake_launcher();
}

/*
 * For who waits until something is delivered: prepare, look, wait, look again
 * and so on, end.  True: nothing was, for so many milliseconds.
 */
void
hooks_workers_prepare_to_wait(void)
{
	if (!hooks_roster_attach())
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("no shared memory is left for the workers of hooks"),
				 errhint("Add hooks to \"shared_preload_libraries\" and restart the server.")));
	ConditionVariablePrepareToSleep(&hooks_roster->delivered);
}

bool
hooks_workers_wait(long ms)
{
	return ConditionVariableTimedSleep(&hooks_roster->delivered, ms,
									   PG_WAIT_EXTENSION);
}

void
hooks_workers_end_wait(void)
{
	ConditionVariableCancelSleep();
}
