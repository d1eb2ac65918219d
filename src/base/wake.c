/*
 * wake.c
 *		What the end of a transaction wakes.
 *
 * A worker can see what a transaction leaves for it when that has committed,
 * not earlier.  What was noted in a savepoint that was rolled back stays: a
 * worker that finds nothing goes to sleep again.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/prepared.h"
#include "base/wake.h"
#include "base/workers.h"

/*
 * The owners of hooks for which a delivery will wait.  All lists are in
 * TopTransactionContext; transaction.c makes them NIL at its end.
 */
List	   *hooks_wake_owners = NIL;

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

/*
 * When this transaction commits, a delivery will wait for a hook of that
 * owner.
 */
void
hooks_worker_wanted(Oid owner)
{
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

	foreach(lc, hooks_wake_owners)
	{
		Oid			owner = lfirst_oid(lc);

		if (event == XACT_EVENT_COMMIT)
			hooks_workers_wake(MyDatabaseId, owner,
							   list_member_oid(stand_ins, owner),
							   list_member_oid(of_retries, owner));
		else if (event == XACT_EVENT_PREPARE)
			hooks_prepared_note(MyDatabaseId, owner,
								list_member_oid(stand_ins, owner),
								GetTopTransactionIdIfAny());
	}
	hooks_wake_owners = NIL;
	of_retries = NIL;
	stand_ins = NIL;
}
