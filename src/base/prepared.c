/*
 * prepared.c
 *		Prepared transactions that have events for hooks.
 *
 * Any session can issue COMMIT PREPARED, and without preload it may not have
 * the library.  So who prepares the transaction leaves a note, and the
 * launcher looks now and then whether that transaction has ended: as soon as
 * another session can get its lock.  With preload there are no notes: the
 * session that commits it wakes the workers (executor.c).  But the worker of a
 * subscription commits what it has prepared by no command.
 *
 * Notes are lost when the server ends.  What their transactions leave is
 * delivered with the next event of the hooks' owner, or at hooks.flush().
 */
#include "postgres.h"

#include "access/transam.h"
#include "replication/logicalworker.h"
#include "storage/lock.h"
#include "utils/timestamp.h"

#include "base/prepared.h"
#include "base/process.h"
#include "base/ring.h"
#include "base/roster.h"
#include "base/workers.h"

/* the first pause between two looks, and the longest, in microseconds */
#define FIRST_PAUSE		INT64CONST(10000)
#define LONGEST_PAUSE	USECS_PER_SEC

/*
 * A transaction is being prepared which leaves an event for hooks of an owner.
 * Nothing is noted if there is no room.  Does not throw.
 */
void
hooks_prepared_note(Oid database, Oid owner, bool stand_in, TransactionId xid)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		noted = false;

	if ((hooks_ring_exists() && !IsLogicalWorker()) || !hooks_roster_attach())
		return;
	SpinLockAcquire(&hooks_roster->mutex);
	for (int i = 0; i < HOOK_PREPARED && !noted; i++)
	{
		HookPreparedNote *note = &hooks_roster->prepared[i];

		if (TransactionIdIsValid(note->xid))
			continue;
		*note = (HookPreparedNote)
		{
			xid, database, owner, stand_in, FIRST_PAUSE, now + FIRST_PAUSE
		};
		noted = true;
	}
	SpinLockRelease(&hooks_roster->mutex);
	if (noted)
		hooks_process_wake_launcher();
}

/*
 * Are there notes?  Under the mutex.
 */
bool
hooks_prepared_any(void)
{
	for (int i = 0; i < HOOK_PREPARED; i++)
		if (TransactionIdIsValid(hooks_roster->prepared[i].xid))
			return true;
	return false;
}

/*
 * Has a transaction ended, so that snapshots see that?  It leaves the list of
 * running transactions before it gives up its lock.
 */
static bool
has_ended(TransactionId xid)
{
	LOCKTAG		tag;

	SET_LOCKTAG_TRANSACTION(tag, xid);
	if (LockAcquire(&tag, ShareLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	(void) LockRelease(&tag, ShareLock, true);
	return true;
}

/*
 * Wakes workers for transactions that have ended.  Returns when to look again;
 * PG_INT64_MAX if there is no note.
 */
TimestampTz
hooks_prepared_look(TimestampTz now)
{
	TimestampTz next = PG_INT64_MAX;

	for (int i = 0; i < HOOK_PREPARED; i++)
	{
		HookPreparedNote *place = &hooks_roster->prepared[i];
		HookPreparedNote note;
		bool		ended;

		SpinLockAcquire(&hooks_roster->mutex);
		note = *place;
		SpinLockRelease(&hooks_roster->mutex);
		if (!TransactionIdIsValid(note.xid))
			continue;
		if (note.look_at > now)
		{
			next = Min(next, note.look_at);
			continue;
		}
		ended = has_ended(note.xid);
		note.pause = Min(2 * note.pause, LONGEST_PAUSE);
		SpinLockAcquire(&hooks_roster->mutex);
		place->pause = note.pause;
		place->look_at = now + note.pause;
		if (ended)
			place->xid = InvalidTransactionId;
		SpinLockRelease(&hooks_roster->mutex);
		if (ended)
			(void) hooks_workers_wake_again(note.database, note.owner,
											note.stand_in, true, 0, 0);
		else
			next = Min(next, now + note.pause);
	}
	return next;
}
