/*
 * wake.c
 *		What the end of a transaction wakes.
 *
 * A worker can see what a transaction leaves for it when that has committed,
 * not earlier.  What was noted in a savepoint that was rolled back stays: a
 * worker that finds nothing goes to sleep again.
 *
 * A worker is woken when the transaction has also told others what it has
 * changed in catalogs, and has let go of its locks.  Else the worker could
 * deliver to a hook that the very transaction has disabled.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/prepared.h"
#include "base/wake.h"
#include "base/workers.h"

/*
 * The owners of hooks for which a delivery will wait.  All lists are in
 * TopTransactionContext, and NIL after its end.
 */
List	   *hooks_wake_owners = NIL;

/* the transaction has committed, and its locks are about to be released */
static bool committed = false;

/* of these, those of whose hooks a delivery will wait that was tried before */
static List *of_retries = NIL;

/* of these, those for whom a worker has to stand in */
static List *stand_ins = NIL;

/*
 * Adds an owner to a list; false if it is there.
 */
static bool
note(List **owners, Oid owner)
{
	MemoryContext old;

	Assert(OidIsValid(owner));
	if (list_member_oid(*owners, owner))
		return false;
	old = MemoryContextSwitchTo(TopTransactionContext);
	*owners = lappend_oid(*owners, owner);
	MemoryContextSwitchTo(old);
	return true;
}

static void
forget_owners(void)
{
	hooks_wake_owners = NIL;
	of_retries = NIL;
	stand_ins = NIL;
	committed = false;
}

/*
 * What a transaction holds is released, in several steps; locks before the
 * last one.
 */
static void
wake_owners(ResourceReleasePhase phase, bool commit, bool top_level, void *arg)
{
	ListCell   *lc;

	if (!committed || phase != RESOURCE_RELEASE_AFTER_LOCKS)
		return;
	foreach(lc, hooks_wake_owners)
	{
		Oid			owner = lfirst_oid(lc);

		hooks_workers_wake(MyDatabaseId, owner,
						   list_member_oid(stand_ins, owner),
						   list_member_oid(of_retries, owner));
	}
	forget_owners();
}

/*
 * When this transaction commits, a delivery will wait for a hook of that
 * owner.
 */
void
hooks_worker_wanted(Oid owner)
{
	static bool registered = false;

	/* here, as each statement of a session that has it pays for it */
	if (!registered)
		RegisterResourceReleaseCallback(wake_owners, NULL);
	registered = true;
	if (note(&hooks_wake_owners, owner) && hooks_workers_stand_in(owner))
		(void) note(&stand_ins, owner);
}

/*
 * The same for a delivery that waits for a retry.
 */
void
hooks_worker_retries(Oid owner)
{
	hooks_worker_wanted(owner);
	(void) note(&of_retries, owner);
}

/*
 * What is noted from now on can be taken back, as nothing that was written
 * meanwhile will be there.
 */
HookWakeMark
hooks_wake_mark(void)
{
	HookWakeMark mark = {list_length(hooks_wake_owners),
		list_length(of_retries), list_length(stand_ins)};

	return mark;
}

void
hooks_wake_go_back(HookWakeMark mark)
{
	hooks_wake_owners = list_truncate(hooks_wake_owners, mark.owners);
	of_retries = list_truncate(of_retries, mark.retries);
	stand_ins = list_truncate(stand_ins, mark.stand_ins);
}

/*
 * A transaction that has noted owners ends, in whatever way.  Does not throw.
 */
void
hooks_wake_end_transaction(XactEvent event)
{
	ListCell   *lc;

	committed = event == XACT_EVENT_COMMIT;
	if (committed)
		return;
	if (event == XACT_EVENT_PREPARE)
	{
		foreach(lc, hooks_wake_owners)
		{
			Oid			owner = lfirst_oid(lc);

			hooks_prepared_note(MyDatabaseId, owner,
								list_member_oid(stand_ins, owner),
								GetTopTransactionIdIfAny());
		}
	}
	forget_owners();
}
