/*
 * death.c
 *		Deliveries that ended their workers.
 *
 * A callback can end the session of its worker.  The next worker must count
 * that as a failure of the delivery, instead of ending in it, too.
 *
 * It can also crash the server (crash.c).  As somebody else may have killed
 * the worker, the delivery keeps its place then, and is tried again at once,
 * unless it was its last attempt, or that happens too often.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/crash.h"
#include "base/death.h"
#include "base/roster.h"

/*
 * The OID of the extension that this worker serves: where it is dropped and
 * created again, its deliveries have the same numbers.
 */
static Oid	serving = InvalidOid;

/*
 * The worker is about to serve the extension.
 */
void
hooks_death_serve(Oid extension)
{
	serving = extension;
	hooks_crash_serve(extension);
}

/*
 * The entry of a delivery, under the lock; NULL if there is none.
 */
static HookWorkerDeath *
find_death(Oid database, Oid extension, int64 delivery)
{
	for (int i = 0; i < HOOK_DEATHS; i++)
	{
		HookWorkerDeath *death = &hooks_roster->deaths[i];

		if (death->database == database && death->extension == extension &&
			death->delivery == delivery)
			return death;
	}
	return NULL;
}

/*
 * Notes under the lock that a delivery has ended its worker; with "alone",
 * that the commit of so many has, of the hook whose id is -delivery.  If there
 * is no room, one makes way: the delivery, its hook or database may be gone.
 */
void
hooks_death_add(Oid database, int64 delivery, int alone)
{
	HookWorkerDeath *place = find_death(database, serving, delivery);

	if (place == NULL)
	{
		place = find_death(InvalidOid, InvalidOid, 0);
		if (place != NULL)
			hooks_roster->ndeaths++;
		else
			place = &hooks_roster->deaths[0];
		memset(place, 0, sizeof(HookWorkerDeath));
	}
	place->database = database;
	place->extension = serving;
	place->delivery = delivery;
	place->terminated = alone == 0;
	place->alone = alone;
	place->told_by = 0;
}

/*
 * Has a delivery ended its worker, or the server?  Sets how often it has
 * crashed the server.  Who asks writes down that it has, or delivers it, in
 * the transaction that hooks_duty_end() ends.
 */
bool
hooks_death_at(int64 delivery, int *crashes)
{
	HookWorkerDeath *death;
	bool		terminated = false;

	*crashes = 0;
	if (likely(hooks_roster->ndeaths == 0))
		return false;
	SpinLockAcquire(&hooks_roster->mutex);
	death = find_death(MyDatabaseId, serving, delivery);
	if (death != NULL)
	{
		death->told_by = MyProcPid;
		*crashes = death->crashes;
		terminated = death->terminated;
	}
	SpinLockRelease(&hooks_roster->mutex);
	return terminated;
}

/*
 * How many deliveries to a hook have ended their worker, or crashed the
 * server, when they were committed together; 0 for none.  Tells it once.
 */
int
hooks_death_alone(int64 hook_id)
{
	HookWorkerDeath *death;
	int			alone = 0;

	if (likely(hooks_roster->ndeaths == 0))
		return 0;
	SpinLockAcquire(&hooks_roster->mutex);
	death = find_death(MyDatabaseId, serving, -hook_id);
	if (death != NULL)
	{
		alone = death->alone;
		memset(death, 0, sizeof(HookWorkerDeath));
		hooks_roster->ndeaths--;
	}
	SpinLockRelease(&hooks_roster->mutex);
	return alone;
}

/*
 * Forgets the deaths that this process has written down, or if it was not
 * written after all, that it has.
 */
void
hooks_death_forget(bool written)
{
	for (int i = 0; i < HOOK_DEATHS; i++)
	{
		HookWorkerDeath *death = &hooks_roster->deaths[i];
		HookWorkerDeath forgotten = {InvalidOid};

		SpinLockAcquire(&hooks_roster->mutex);
		if (OidIsValid(death->database) && death->told_by == MyProcPid)
		{
			death->told_by = 0;
			if (written)
			{
				forgotten = *death;
				memset(death, 0, sizeof(HookWorkerDeath));
				hooks_roster->ndeaths--;
			}
		}
		SpinLockRelease(&hooks_roster->mutex);
		if (forgotten.crashes > 0)
			hooks_crash_forget(forgotten.database, forgotten.extension,
							   forgotten.delivery);
	}
}
