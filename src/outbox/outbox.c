/*
 * outbox.c
 *		waiting(): what the view hooks.outbox shows of the log.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/result.h"
#include "outbox/log_reader.h"
#include "outbox/position.h"
#include "outbox/scan.h"
#include "registry/registry.h"

/* the columns of the result, as in the install script */
enum
{
	Anum_waiting_delivery_id = 1,
	Anum_waiting_hook,
	Anum_waiting_relation,
	Anum_waiting_action,
	Anum_waiting_payload,
	Anum_waiting_enqueued_at,
	Natts_waiting = Anum_waiting_enqueued_at
};

/* What is being shown */
typedef struct Listing
{
	const Hook *hook;
	Tuplestorestate *result;
	TupleDesc	desc;
	bool		events;			/* show them, or NULL */
	MemoryContext context;		/* for one event */
} Listing;

static void
put_event(const Listing *listing, const HookLogRow *row)
{
	const Hook *hook = listing->hook;
	Datum		values[Natts_waiting];
	bool		nulls[Natts_waiting] = {false};

	values[Anum_waiting_delivery_id - 1] =
		Int64GetDatum(hooks_log_reader_delivery_id(row, hook->hook_id));
	values[Anum_waiting_hook - 1] = CStringGetTextDatum(hook->name);
	values[Anum_waiting_relation - 1] = ObjectIdGetDatum(row->relation);
	nulls[Anum_waiting_relation - 1] = !OidIsValid(row->relation);
	values[Anum_waiting_action - 1] = PointerGetDatum(row->action);
	nulls[Anum_waiting_payload - 1] = !listing->events;
	if (listing->events)
		values[Anum_waiting_payload - 1] =
			JsonbPGetDatum(hooks_log_reader_event(row, hook, 1));
	values[Anum_waiting_enqueued_at - 1] =
		TimestampTzGetDatum(row->fired_at);
	tuplestore_putvalues(listing->result, listing->desc, values, nulls);
}

static bool
visit_event(const HookLogPlace *place, HeapTuple tuple, TupleDesc desc,
			void *arg)
{
	Listing    *listing = arg;
	MemoryContext old = MemoryContextSwitchTo(listing->context);
	HookLogRow	row;

	hooks_log_reader_form(&row, tuple, desc);
	put_event(listing, &row);
	MemoryContextSwitchTo(old);
	MemoryContextReset(listing->context);
	return true;
}

PG_FUNCTION_INFO_V1(hooks_waiting);

/*
 * hooks.waiting(events boolean DEFAULT true) returns setof record
 *
 * What waits in the log for the hooks of the current role; for superusers, for
 * all hooks.  Without the events this is much faster, as making them takes
 * most of the time.
 */
Datum
hooks_waiting(PG_FUNCTION_ARGS)
{
	Listing		listing;
	ListCell   *lc;

	listing.result = hooks_result_begin(fcinfo, &listing.desc);
	listing.events = PG_ARGISNULL(0) || PG_GETARG_BOOL(0);
	listing.context = AllocSetContextCreate(CurrentMemoryContext,
											"hooks event",
											ALLOCSET_DEFAULT_SIZES);
	PushActiveSnapshot(GetLatestSnapshot());
	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);
		HookPosition position;

		if (hook->damage != NULL || hook->phase != HOOK_AFTER_COMMIT ||
			!has_privs_of_role(GetUserId(), hook->owner))
			continue;
		listing.hook = hook;
		hooks_position_read(hook->hook_id, &position);
		hooks_scan(&position, NULL, visit_event, &listing);
	}
	PopActiveSnapshot();
	return (Datum) 0;
}
