/*
 * death.c
 *		Deliveries that ended their workers.
 *
 * A callback can end the session of its worker.  The next worker must count
 * that as a failure of the delivery, instead of ending in it, too.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/death.h"
#include "base/roster.h"

/*
 * Notes under the lock that a delivery has ended its worker.  If there is no
 * room, one makes way: the delivery, its hook or database may be gone.
 */
void
hooks_death_add(Oid database, int64 delivery)
{
	HookWorkerDeath *place = &hooks_roster->deaths[0];

	for (int i = 0; i < HOOK_DEATHS && OidIsValid(place->database); i++)
		if (!OidIsValid(hooks_roster->deaths[i].database))
			place = &hooks_roster->deaths[i];
	if (!OidIsValid(place->database))
		hooks_roster->ndeaths++;
	*place = (HookWorkerDeath)
	{
		database, delivery, 0
	};
}

/*
 * Has a worker of this database ended in a delivery?  Who asks writes down
 * that it has, in the transaction that hooks_duty_end() ends.
 */
bool
hooks_death_at(int64 delivery)
{
	bool		found = false;

	if (likely(hooks_roster->ndeaths == 0))
		return false;
	SpinLockAcquire(&hooks_roster->mutex);
	for (int i = 0; i < HOOK_DEATHS; i++)
	{
		HookWorkerDeath *death = &hooks_roster->deaths[i];

		if (death->database == MyDatabaseId && death->delivery == delivery)
		{
			death->told_by = MyProcPid;
			found = true;
		}
	}
	SpinLockRelease(&hooks_roster->mutex);
	return found;
}

/*
 * Forgets the deaths that this process has written down, or if it was not
 * written after all, that it has.
 */
void
hooks_death_forget(bool written)
{
	SpinLockAcquire(&hooks_roster->mutex);
	for (int i = 0; i < HOOK_DEATHS; i++)
	{
		HookWorkerDeath *death = &hooks_roster->deaths[i];

		if (!OidIsValid(death->database) || death->told_by != MyProcPid)
			continue;
		death->told_by = 0;
		if (written)
		{
			death->database = InvalidOid;
			hooks_roster->ndeaths--;
		}
	}
	SpinLockRelease(&hooks_roster->mutex);
}
