/*
 * wake.c
 *		What the end of a transaction wakes.
 *
 * A worker can see what a transaction leaves for it when that has committed,
 * not earlier. What was noted in a savepoint that was rolled back stays: a
 * worker that finds nothing goes to sleep again.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/wake.h"
#include "base/workers.h"

/*
 * The owners of hooks for which a delivery will wait.  Both lists are in
 * TopTransactionContext; transaction.c makes them NIL at its end.
 */
List	   *hooks_wake_owners = NIL;

/* those of whose hooks a delivery will wait that was tried before */
static List *of_retries = NIL;

static void
note(List **owners, Oid owner)
{
	MemoryContext old;

	Assert(OidIsValid(owner));
	if (list_member_oid(*owners, owner))
		return;
	old = MemoryContextSwitchTo(TopTransactionContext);
	*owners = lappend_oid(*owners, owner);
	MemoryContextSwitchTo(old);
}

/*
 * When this transaction commits, a delivery will wait for a hook of that
 * owner.
 */
void
hooks_worker_wanted(Oid owner)
{
	note(&hooks_wake_owners, owner);
}

/*
 * The same for a delivery that waits for a retry.
 */
void
hooks_worker_retries(Oid owner)
{
	note(&hooks_wake_owners, owner);
	note(&of_retries, owner);
}

/*
 * The transaction has committed.  Does not throw.
 */
void
hooks_wake_at_commit(void)
{
	ListCell   *lc;

	foreach(lc, hooks_wake_owners)
	{
		if (list_member_oid(of_retries, lfirst_oid(lc)))
			hooks_workers_retry(MyDatabaseId, lfirst_oid(lc));
		else
			hooks_workers_wake(MyDatabaseId, lfirst_oid(lc));
	}
}

/*
 * A transaction has ended, in whatever way.
 */
void
hooks_wake_end_transaction(void)
{
	hooks_wake_owners = NIL;
	of_retries = NIL;
}
