/*
 * shared.c
 *		What the sessions of a server share.
 *
 * A few bytes of shared memory, taken when a session first asks for them:
 * PostgreSQL keeps some free for those who come after it has started, so that
 * this works without preload.  If none is left, sessions share nothing, which
 * must not fail the statement.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "base/shared.h"

#define KILL_SWITCH_INTERVAL	(10 * USECS_PER_MINUTE)

/*
 * When any session last logged that the kill switch is off, a TimestampTz.
 * NULL until asked for; then valid to the end of the session.
 */
static pg_atomic_uint64 *kill_switch_logged = NULL;

static void
attach(void)
{
	MemoryContext context = CurrentMemoryContext;
	bool		found;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	PG_TRY();
	{
		kill_switch_logged = ShmemInitStruct("hooks kill switch",
											 sizeof(pg_atomic_uint64), &found);
		if (!found)
			pg_atomic_init_u64(kill_switch_logged, 0);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		/* the error let interrupts in, which the lock's release expects out */
		HOLD_INTERRUPTS();
	}
	PG_END_TRY();
	LWLockRelease(AddinShmemInitLock);
}

/*
 * Shall this session log that hooks do not fire?  Only if no other has done so
 * lately, as there may be a thousand new sessions a second.
 */
bool
hooks_shared_may_log_kill_switch(void)
{
	uint64		now = (uint64) GetCurrentTimestamp();
	uint64		logged;

	if (kill_switch_logged == NULL)
		attach();
	if (kill_switch_logged == NULL)
		return true;
	logged = pg_atomic_read_u64(kill_switch_logged);
	return now - logged >= KILL_SWITCH_INTERVAL &&
		pg_atomic_compare_exchange_u64(kill_switch_logged, &logged, now);
}
