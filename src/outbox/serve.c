/*
 * serve.c
 *		What a worker does for the hooks of its owner.
 *
 * Each hook in turn gets a portion of what waits for it (portion.c).
 *
 * Deferred constraints and before_commit hooks run at the end of a portion's
 * transaction, and can fail there.  Then the whole portion is rolled back, and
 * its events are delivered again, one by one, to find the one that fails.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/duty.h"
#include "outbox/deliver.h"
#include "outbox/failed.h"
#include "outbox/portion.h"
#include "outbox/serve.h"
#include "outbox/served.h"
#include "outbox/service.h"

/*
 * To be called once, when the worker has connected to its database.
 */
void
hooks_serve_init(Oid role, bool stand_in)
{
	hooks_service_init(role, stand_in);
	hooks_deliver_init();
	hooks_served_init();
}

/*
 * The transaction of a portion has failed, not only a callback.  It is rolled
 * back, and its events are delivered one by one.  If a transaction with only
 * one delivery fails, this delivery has failed.  False if the failure belongs
 * to no delivery.
 */
static bool
portion_failed(HookServed *served, MemoryContext context)
{
	bool		known = hooks_portion.deliveries > 0;

	HOLD_INTERRUPTS();
	QueryCancelPending = false;
	EmitErrorReport();
	MemoryContextSwitchTo(context);
	if (hooks_portion.deliveries == 1)
		known = hooks_deliver_failed(hooks_portion.last);
	AbortCurrentTransaction();
	MemoryContextSwitchTo(context);
	FlushErrorState();
	RESUME_INTERRUPTS();
	hooks_duty_failed();
	hooks_served_forget(served);
	served->due = 0;
	served->alone = hooks_portion.deliveries;
	return known;
}

/*
 * Gives a hook its portion.  False if nothing waits for it, or another worker
 * serves it.
 */
static bool
serve_hook(HookServed *served)
{
	MemoryContext context = CurrentMemoryContext;

	hooks_portion_begin();
	PG_TRY();
	{
		hooks_portion_serve(served);
		if (hooks_portion.busy)
			hooks_duty_end();
		if (served->alone > 0 && hooks_portion.deliveries > 0)
			served->alone--;
		hooks_deliver_committed();
	}
	PG_CATCH();
	{
		if (!portion_failed(served, context))
			proc_exit(1);
	}
	PG_END_TRY();
	return hooks_portion.busy;
}

/*
 * Gives each hook of the owner a portion of what waits for it, in the ring or
 * the log; false if nothing waits for any.
 */
bool
hooks_serve(void)
{
	bool		busy = hooks_failed_serve(hooks_service_owner);

	/* Without a hook there is no transaction that would hear of a new one */
	if (hooks_served_list == NIL)
		hooks_served_stale = true;
	do
	{
		ListCell   *lc;

		if (hooks_served_stale)
		{
			hooks_service_begin();
			hooks_served_find();
			hooks_service_end();
		}
		foreach(lc, hooks_served_list)
		{
			CHECK_FOR_INTERRUPTS();
			busy |= serve_hook(lfirst(lc));
			if (hooks_served_stale)
				break;
		}
	} while (hooks_served_stale);
	return busy;
}

/*
 * When the next retry is due; PG_INT64_MAX for none.  "again": retries may
 * have been added since the last call.
 */
TimestampTz
hooks_serve_next(bool again)
{
	TimestampTz next = PG_INT64_MAX;
	ListCell   *lc;

	foreach(lc, hooks_served_list)
	{
		HookServed *served = lfirst(lc);

		if (again)
			served->due = 0;
		next = Min(next, served->due);
	}
	return next;
}
