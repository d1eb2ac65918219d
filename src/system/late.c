/*
 * late.c
 *		What hooks.check() finds of deliveries.
 *
 * Those that wait for too long, or cannot be made, and those that are dead.  A
 * role is told of the hooks whose owner's rights it has; of all, if it may
 * read all statistics.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/own.h"
#include "base/process.h"
#include "base/settings.h"
#include "outbox/log_reader.h"
#include "outbox/position.h"
#include "outbox/scan.h"
#include "registry/registry.h"
#include "system/late.h"

/* after how long a delivery is late, in ms */
#define LATE (60 * 1000)

/*
 * May the caller know what waits for a hook?
 */
static bool
may_know(const Hook *hook)
{
	return has_privs_of_role(GetUserId(), hook->owner) ||
		has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

/*
 * Notes when the first event was written that waits for a hook.
 */
static bool
note_time(const HookLogPlace *place, HeapTuple tuple, TupleDesc desc,
		  void *arg)
{
	HookLogRow	row;

	hooks_log_reader_form(&row, tuple, desc);
	*(TimestampTz *) arg = row.fired_at;
	return false;
}

/*
 * Events that wait for a hook: too long, or until somebody does something.
 */
static void
find_waiting(HookFindings *findings, const Hook *hook)
{
	HookPosition position;
	TimestampTz since = 0;

	hooks_position_read(hook->hook_id, &position);
	hooks_scan(&position, NULL, note_time, &since);
	if (since == 0)
		return;
	if (!hook->enabled)
		hooks_findings_add(findings, HOOK_FINDING_WARNING, "log_held",
						   hook->name,
						   psprintf("events wait for hook \"%s\", which is %s, so the log is not emptied",
									hook->name, hook->quarantined ?
									"in quarantine" : "disabled"),
						   "hooks.enable() has them delivered; hooks.unregister() forgets them.");
	else if (!hooks_workers)
		hooks_findings_add(findings, HOOK_FINDING_WARNING, "workers_off",
						   hook->name,
						   psprintf("deliveries wait for hook \"%s\", and hooks.workers is off",
									hook->name), NULL);
	else if (hooks_process_is_refused())
		hooks_findings_add(findings, HOOK_FINDING_WARNING,
						   "no_worker_process", hook->name,
						   psprintf("deliveries wait for hook \"%s\", and the server has no free worker process",
									hook->name),
						   "Raise \"max_worker_processes\" and restart the server.");
	else if (TimestampDifferenceExceeds(since, GetCurrentTimestamp(), LATE))
		hooks_findings_add(findings, HOOK_FINDING_WARNING, "deliveries_late",
						   hook->name,
						   psprintf("an event of %s waits for hook \"%s\"",
									timestamptz_to_str(since), hook->name),
						   "See the server log for the worker; hooks.repair() wakes it.");
}

/*
 * How many deliveries of a hook are dead.
 */
static int64
count_dead(Relation delivery, Oid index, const Hook *hook)
{
	AttrNumber	state = get_attnum(RelationGetRelid(delivery), "state");
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	int64		n = 0;

	ScanKeyInit(&key, get_attnum(RelationGetRelid(delivery), "hook_id"),
				BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(hook->hook_id));
	scan = systable_beginscan(delivery, index, OidIsValid(index),
							  GetActiveSnapshot(), 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, state,
										 RelationGetDescr(delivery), &isnull);

		CHECK_FOR_INTERRUPTS();
		if (strcmp(TextDatumGetCString(value), "dead") == 0)
			n++;
	}
	systable_endscan(scan);
	return n;
}

static void
find_dead(HookFindings *findings, List *hooks)
{
	Relation	delivery = hooks_own_open_named("delivery", RELKIND_RELATION,
												AccessShareLock);
	AttrNumber	hook_id = get_attnum(RelationGetRelid(delivery), "hook_id");
	Oid			index = hooks_own_find_index(delivery, "delivery_hook_idx",
											 hook_id);
	ListCell   *lc;

	foreach(lc, hooks)
	{
		const Hook *hook = lfirst(lc);
		int64		n = may_know(hook) ?
			count_dead(delivery, index, hook) : 0;

		if (n > 0)
			hooks_findings_add(findings, HOOK_FINDING_WARNING,
							   "deliveries_dead", hook->name,
							   psprintf(n == 1 ?
										"%lld delivery of hook \"%s\" is dead" :
										"%lld deliveries of hook \"%s\" are dead",
										(long long) n, hook->name),
							   "See hooks.outbox; then hooks.redeliver() or hooks.discard().");
	}
	table_close(delivery, AccessShareLock);
}

/*
 * Adds what there is to say of the deliveries to some hooks.
 */
void
hooks_late_find(HookCheckSearch *search)
{
	ListCell   *lc;

	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (hook->phase == HOOK_AFTER_COMMIT && hook->damage == NULL &&
			may_know(hook))
			find_waiting(search->findings, hook);
	}
	if (OidIsValid(hooks_own_find("delivery", RELKIND_RELATION)))
		find_dead(search->findings, search->hooks);
}
