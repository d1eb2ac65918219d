/*
 * roster.c
 *		Which workers there are, and are to start, in shared memory.
 *
 * A worker delivers what waits for the hooks of one owner in one database.
 * Who commits such an event sets the latch of one that is idle; if there is
 * none, a slot is taken and the postmaster asked for a process, which finds
 * its slot when it starts.  What cannot be started now is a request: the
 * launcher, a process without a database, starts it when there is room, or it
 * is time.
 *
 * Nothing is lost between a worker that leaves and somebody who wakes it: both
 * look at the slot under the lock.  Nobody waits here: the lock is a spinlock,
 * under which nothing but these arrays is read and written.
 *
 * All of it is in shared memory that a session finds without preload
 * (shared.c).  If there is no room, no worker is ever started; sessions are
 * told once.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/crash.h"
#include "base/roster.h"
#include "base/settings.h"
#include "base/shared.h"

/* NULL until asked for; then valid to the end of the session */
HookRoster *hooks_roster = NULL;

static void
init_shared(void *area)
{
	HookRoster *workers = area;

	memset(workers, 0, sizeof(HookRoster));
	SpinLockInit(&workers->mutex);
	ConditionVariableInit(&workers->delivered);
	hooks_crash_read(workers);
}

bool
hooks_roster_attach(void)
{
	if (hooks_roster == NULL)
		hooks_roster = hooks_shared_get("hooks workers", sizeof(HookRoster),
										init_shared);
	return hooks_roster != NULL;
}

/*
 * Has the launcher look into all databases, under the lock, as there was no
 * room for a request that is due then.  Not at once: the others are to be
 * served first.
 */
void
hooks_roster_look_later(TimestampTz due)
{
	TimestampTz at = Max(due, GetCurrentTimestamp()) + USECS_PER_SEC;

	if (hooks_roster->look_at == 0 || at < hooks_roster->look_at)
		hooks_roster->look_at = at;
}

/*
 * Notes under the lock that a worker is to start.  If there is no room for
 * that, the one that is due last is left out, and found again by a look into
 * all databases.
 */
void
hooks_roster_request(Oid database, Oid owner, bool stand_in, TimestampTz at,
					 int tries, HookWaitsFor waits)
{
	HookWorkerRequest *place = NULL;

	for (int i = 0; i < HOOK_REQUESTS; i++)
	{
		HookWorkerRequest *request = &hooks_roster->requests[i];

		if (request->database == database && request->owner == owner)
		{
			request->at = Min(request->at, at);
			request->waits = Max(request->waits, waits);
			request->stand_in |= stand_in;
			return;
		}
		if (!OidIsValid(request->database))
		{
			if (place == NULL || OidIsValid(place->database))
				place = request;
		}
		else if (place == NULL ||
				 (OidIsValid(place->database) && request->at > place->at))
			place = request;
	}
	if (OidIsValid(place->database))
	{
		hooks_roster_look_later(Max(place->at, at));
		if (at >= place->at)
			return;
	}
	*place = (HookWorkerRequest)
	{
		database, owner, stand_in, tries, waits, at
	};
}

/*
 * Forgets all requests for a database that is gone, under the lock.
 */
void
hooks_roster_forget(Oid database)
{
	for (int i = 0; i < HOOK_REQUESTS; i++)
		if (hooks_roster->requests[i].database == database)
			hooks_roster->requests[i].database = InvalidOid;
}

/*
 * Takes a slot under the lock.  NULL if there is none, or the database has as
 * many workers as it may, which "waits" tells; or if the owner has one and it
 * would be the last place: that is for others, whatever the owner's callbacks
 * are busy with.
 */
HookWorkerSlot *
hooks_roster_take(Oid database, Oid owner, bool stand_in, int tries,
				  TimestampTz now, HookWaitsFor *waits)
{
	HookWorkerSlot *free = NULL;
	int			n = 0;
	bool		another = false;

	for (int i = 0; i < HOOK_WORKERS; i++)
	{
		HookWorkerSlot *slot = &hooks_roster->workers[i];

		/* Its process was never started, or did not come so far */
		if (OidIsValid(slot->database) && slot->latch == NULL &&
			now - slot->asked_at > HOOK_START_LIMIT)
			slot->database = InvalidOid;
		if (!OidIsValid(slot->database))
			free = slot;
		else if (slot->database == database)
		{
			n++;
			another |= slot->owner == owner;
		}
	}
	*waits = free == NULL ? HOOK_WAITS_FOR_PROCESS :
		!another && n >= hooks_max_workers ? HOOK_WAITS_FOR_PLACE :
		HOOK_WAITS_FOR_TIME;
	if (*waits != HOOK_WAITS_FOR_TIME ||
		(another && n + 1 >= hooks_max_workers))
		return NULL;
	memset(free, 0, sizeof(HookWorkerSlot));
	free->database = database;
	free->owner = owner;
	free->stand_in = stand_in;
	free->tries = tries;
	free->asked_at = now;
	free->retries = true;
	return free;
}

/*
 * The worker that is to be woken for an owner, under the lock: an idle one if
 * there is any; NULL if all are stalled, or there is none.
 */
HookWorkerSlot *
hooks_roster_find(Oid database, Oid owner, TimestampTz now)
{
	HookWorkerSlot *found = NULL;

	for (int i = 0; i < HOOK_WORKERS; i++)
	{
		HookWorkerSlot *slot = &hooks_roster->workers[i];

		if (slot->database != database || slot->owner != owner ||
			slot->stalled)
			continue;
		if (slot->latch == NULL && now - slot->asked_at > HOOK_START_LIMIT)
			continue;
		if (found == NULL || slot->idle)
			found = slot;
	}
	return found;
}

/*
 * What others wait for that a worker for this owner would have, or has, under
 * the lock.  HOOK_WAITS_FOR_TIME: nobody does.
 */
HookWaitsFor
hooks_roster_others(Oid database, Oid owner)
{
	HookWaitsFor waits = hooks_roster->scout_waits ?
		HOOK_WAITS_FOR_PROCESS : HOOK_WAITS_FOR_TIME;

	for (int i = 0; i < HOOK_REQUESTS; i++)
	{
		HookWorkerRequest *request = &hooks_roster->requests[i];

		if (!OidIsValid(request->database) ||
			(request->database == database && request->owner == owner))
			continue;
		if (request->waits == HOOK_WAITS_FOR_PROCESS ||
			(request->waits == HOOK_WAITS_FOR_PLACE &&
			 request->database == database))
			waits = Max(waits, request->waits);
	}
	return waits;
}

/*
 * An idle worker that can make room, of a database or, with InvalidOid, of
 * any, under the lock.  NULL if there is none.
 */
Latch *
hooks_roster_find_idle(Oid database)
{
	for (int i = 0; i < HOOK_WORKERS; i++)
	{
		HookWorkerSlot *slot = &hooks_roster->workers[i];

		if (OidIsValid(slot->database) && slot->idle && slot->latch != NULL &&
			(slot->database == database || !OidIsValid(database)))
			return slot->latch;
	}
	return NULL;
}
