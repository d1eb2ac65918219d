/*
 * work.c
 *		Finds the owners for whose hooks something waits.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/attempt.h"
#include "base/own.h"
#include "base/rights.h"
#include "base/workers.h"
#include "outbox/position.h"
#include "outbox/rotate.h"
#include "outbox/scan.h"
#include "outbox/waiting.h"
#include "outbox/work.h"
#include "recycle/expire.h"
#include "registry/present.h"
#include "registry/registry.h"

static void
wake_all(void *arg)
{
	List	   *owners = NIL;
	ListCell   *lc;

	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);

		if (hook->phase == HOOK_AFTER_COMMIT && hook->damage == NULL &&
			hook->enabled)
			owners = list_append_unique_oid(owners, hook->owner);
	}
	foreach(lc, owners)
	{
		Oid			owner = lfirst_oid(lc);

		hooks_workers_wake(MyDatabaseId, owner, hooks_workers_stand_in(owner),
						   true);
	}
}

/*
 * Wakes a worker for each owner of after_commit hooks in this database; it may
 * find nothing to do.  Called after COMMIT PREPARED, which has succeeded
 * already, so no error may be raised.
 */
void
hooks_work_wake_all(void)
{
	if (hooks_present_kinds() != 0)
		(void) hooks_attempt(wake_all, NULL);
}

/*
 * Does a hook keep rows for a limited time?
 */
static bool
keeps_for_a_time(const Hook *hook)
{
	int			n;
	char	   *name;

	if (hook->damage != NULL ||
		!hooks_own_is_member(ProcedureRelationId, hook->callback))
		return false;
	(void) hooks_hook_strings(hook->arguments, &n);
	name = get_func_name(hook->callback);
	return n > 0 && name != NULL && strcmp(name, "keep") == 0;
}

/*
 * Wakes a worker that empties the log, which no hook needs: one of whom it
 * belongs to.
 */
static void
wake_for_log(void)
{
	Oid			owner =
		hooks_rights_owner(hooks_own_relation("delivery", RELKIND_RELATION));

	hooks_workers_wake(MyDatabaseId, owner, hooks_workers_stand_in(owner),
					   false);
}

/*
 * Requests a worker for each owner for whose hooks something waits, now or
 * when it is due; and one for the recycle bin, which any worker can empty, or
 * for the log, if no hook needs it.
 * Returns whether there are hooks that fire when the server starts.
 */
bool
hooks_work_find(void)
{
	bool		starts = false;
	bool		needed = false;
	ListCell   *lc;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (OidIsValid(hooks_own_find("delivery", RELKIND_RELATION)))
	{
		TimestampTz expiry = hooks_expire_next();

		foreach(lc, hooks_registry_all())
		{
			Hook	   *hook = lfirst(lc);
			HookPosition position;
			TimestampTz when;
			bool		stand_in = hooks_workers_stand_in(hook->owner);

			CHECK_FOR_INTERRUPTS();
			starts |= hook->enabled && (hook->actions & HOOK_SERVER) != 0;
			if (expiry != PG_INT64_MAX && keeps_for_a_time(hook))
				hooks_workers_request(MyDatabaseId, hook->owner, stand_in,
									  expiry);
			if (hook->phase != HOOK_AFTER_COMMIT || hook->damage != NULL)
				continue;
			needed = true;
			if (!hook->enabled)
				continue;
			hooks_position_read(hook->hook_id, &position);
			when = hooks_waiting_when(hook);
			if (hooks_scan_any(&position, NULL))
				hooks_workers_wake(MyDatabaseId, hook->owner, stand_in, false);
			else if (when != PG_INT64_MAX)
				hooks_workers_request(MyDatabaseId, hook->owner, stand_in,
									  when);
		}
		if (!needed && hooks_rotate_any())
			wake_for_log();
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	return starts;
}
