/*
 * launch.c
 *		What the launcher does: starts workers when it is time.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"

#include "base/launch.h"
#include "base/prepared.h"
#include "base/roster.h"
#include "base/workers.h"

/* how often a process is asked for that was refused, in microseconds */
#define PROCESS_PAUSE	INT64CONST(100000)

static void
launcher_exits(int code, Datum arg)
{
	SpinLockAcquire(&hooks_roster->mutex);
	if (hooks_roster->launcher == MyLatch)
	{
		hooks_roster->launcher = NULL;
		hooks_roster->launcher_asked_at = 0;
		hooks_roster->scout_waits = false;
	}
	SpinLockRelease(&hooks_roster->mutex);
}

/*
 * The launcher takes its place; false if there is one already.
 */
bool
hooks_launch_enter(void)
{
	bool		free;

	if (!hooks_roster_attach())
		return false;
	SpinLockAcquire(&hooks_roster->mutex);
	free = hooks_roster->launcher == NULL;
	if (free)
		hooks_roster->launcher = MyLatch;
	SpinLockRelease(&hooks_roster->mutex);
	if (free)
		before_shmem_exit(launcher_exits, (Datum) 0);
	return free;
}

/*
 * Is it the first time since the server started that the launcher comes to a
 * database?  It comes to them in the order of their OIDs; OID_MAX: from now on
 * it is for none.  A launcher that is started again goes on where the one
 * before was.
 */
bool
hooks_launch_starts(Oid database)
{
	bool		first;

	SpinLockAcquire(&hooks_roster->mutex);
	first = database > hooks_roster->started_through;
	if (first)
		hooks_roster->started_through = database;
	SpinLockRelease(&hooks_roster->mutex);
	return first;
}

/*
 * Takes the request that has been due for the longest time; false if there is
 * none.  "done" tells which places were looked at before.  If a process was
 * refused, those that wait for one keep their places.
 */
static bool
take_request(HookWorkerRequest *request, bool *done, TimestampTz now,
			 bool refused)
{
	HookWorkerRequest *first = NULL;

	SpinLockAcquire(&hooks_roster->mutex);
	for (int i = 0; i < HOOK_REQUESTS; i++)
	{
		HookWorkerRequest *place = &hooks_roster->requests[i];

		if (!done[i] && OidIsValid(place->database) && place->at <= now &&
			!(refused && place->waits == HOOK_WAITS_FOR_PROCESS) &&
			(first == NULL || place->at < first->at))
			first = place;
	}
	if (first != NULL)
	{
		done[first - hooks_roster->requests] = true;
		*request = *first;
		first->database = InvalidOid;
	}
	SpinLockRelease(&hooks_roster->mutex);
	return first != NULL;
}

/*
 * Starts whom it is time for, and others in place of those who are stalled.
 * Returns in how many milliseconds to do so again, -1: when the latch is set.
 */
long
hooks_launch_due(void)
{
	bool		done[HOOK_REQUESTS] = {false};
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz next;
	HookWorkerRequest request;
	bool		refused = false;

	while (take_request(&request, done, now, refused))
	{
		CHECK_FOR_INTERRUPTS();
		refused |= !hooks_workers_wake_again(request.database, request.owner,
											 request.stand_in, true,
											 request.tries, request.at);
	}
	for (int i = 0; i < HOOK_WORKERS; i++)
	{
		HookWorkerSlot *place = &hooks_roster->workers[i];
		HookWorkerSlot slot;
		bool		alone;

		SpinLockAcquire(&hooks_roster->mutex);
		slot = *place;
		alone = OidIsValid(slot.database) && slot.stalled && !slot.relieved &&
			hooks_roster_find(slot.database, slot.owner, now) == NULL;
		place->relieved |= alone;
		SpinLockRelease(&hooks_roster->mutex);
		if (alone)
			(void) hooks_workers_wake_again(slot.database, slot.owner,
											slot.stand_in, false, 0, 0);
	}

	next = hooks_prepared_look(now);
	SpinLockAcquire(&hooks_roster->mutex);
	for (int i = 0; i < HOOK_REQUESTS; i++)
	{
		HookWorkerRequest *place = &hooks_roster->requests[i];

		if (!OidIsValid(place->database))
			continue;
		if (place->waits == HOOK_WAITS_FOR_TIME)
			next = Min(next, place->at);
		else if (place->waits == HOOK_WAITS_FOR_PROCESS)
			next = Min(next, now + PROCESS_PAUSE);
	}
	SpinLockRelease(&hooks_roster->mutex);
	return next == PG_INT64_MAX ? -1 :
		TimestampDifferenceMilliseconds(GetCurrentTimestamp(), next);
}

/*
 * Is it time to look for those whose requests had no room?  Else "ms", so long
 * the launcher is to wait, does not become longer than until then.
 */
bool
hooks_launch_must_look(long *ms)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz look_at;

	SpinLockAcquire(&hooks_roster->mutex);
	look_at = hooks_roster->look_at;
	if (look_at <= now)
		hooks_roster->look_at = 0;
	SpinLockRelease(&hooks_roster->mutex);
	if (look_at > now)
	{
		long		pause = TimestampDifferenceMilliseconds(now, look_at);

		*ms = *ms < 0 ? pause : Min(*ms, pause);
	}
	return look_at != 0 && look_at <= now;
}

/*
 * Is the launcher's own process the one that somebody waits for?  It is if no
 * worker is there that could make room.
 */
bool
hooks_launch_is_in_the_way(void)
{
	bool		waits = false;

	SpinLockAcquire(&hooks_roster->mutex);
	for (int i = 0; i < HOOK_REQUESTS; i++)
	{
		HookWorkerRequest *request = &hooks_roster->requests[i];

		waits |= OidIsValid(request->database) &&
			request->waits == HOOK_WAITS_FOR_PROCESS;
	}
	for (int i = 0; i < HOOK_WORKERS; i++)
		waits &= !OidIsValid(hooks_roster->workers[i].database);
	SpinLockRelease(&hooks_roster->mutex);
	return waits;
}

/*
 * The launcher gives its place back if there is neither a worker nor a
 * request, nor a prepared transaction to wait for, nor somebody to look for.
 */
bool
hooks_launch_leave(void)
{
	bool		leaves;

	SpinLockAcquire(&hooks_roster->mutex);
	leaves = hooks_roster->look_at == 0 && !hooks_prepared_any();
	for (int i = 0; i < HOOK_WORKERS; i++)
		leaves &= !OidIsValid(hooks_roster->workers[i].database);
	for (int i = 0; i < HOOK_REQUESTS; i++)
		leaves &= !OidIsValid(hooks_roster->requests[i].database);
	if (leaves)
	{
		hooks_roster->launcher = NULL;
		hooks_roster->launcher_asked_at = 0;
	}
	SpinLockRelease(&hooks_roster->mutex);
	return leaves;
}
