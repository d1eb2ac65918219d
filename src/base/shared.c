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

/*
 * An area of that name, which the first session that asks for it fills with
 * init(area), under a lock; NULL if there is no room.  Valid to the end of the
 * session.
 */
void *
hooks_shared_get(const char *name, Size size, void (*init) (void *area))
{
	MemoryContext context = CurrentMemoryContext;
	void	   *volatile area = NULL;
	uint32		interrupts_held;
	bool		found;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	interrupts_held = InterruptHoldoffCount;
	PG_TRY();
	{
		area = ShmemInitStruct(name, size, &found);
		if (!found)
			init(area);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		/* the error let interrupts in, which the lock and callers hold out */
		InterruptHoldoffCount = interrupts_held;
	}
	PG_END_TRY();
	LWLockRelease(AddinShmemInitLock);
	return area;
}

static void
init_kill_switch(void *area)
{
	pg_atomic_init_u64(area, 0);
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
		kill_switch_logged = hooks_shared_get("hooks kill switch",
											  sizeof(pg_atomic_uint64),
											  init_kill_switch);
	if (kill_switch_logged == NULL)
		return true;
	logged = pg_atomic_read_u64(kill_switch_logged);
	return now - logged >= KILL_SWITCH_INTERVAL &&
		pg_atomic_compare_exchange_u64(kill_switch_logged, &logged, now);
}
