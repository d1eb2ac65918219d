/*
 * waiting.c
 *		Deliveries that failed, in hooks.delivery.
 *
 * These rows are copies from the log, and not in its order.  They are few, so
 * SQL reads and writes them, as the table's owner.  The worker that holds the
 * lock of a hook (service.c) tries its deliveries.  It locks the row
 * meanwhile, so that redeliver() and discard() wait for the outcome.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/argument.h"
#include "base/identity.h"
#include "base/own.h"
#include "base/rights.h"
#include "base/settings.h"
#include "base/wake.h"
#include "outbox/deliver.h"
#include "outbox/log_reader.h"
#include "outbox/position.h"
#include "outbox/rotate.h"
#include "outbox/scan.h"
#include "outbox/waiting.h"
#include "registry/register.h"
#include "registry/registry.h"

#define DELIVERY "delivery"

/* the longest delay */
#define MAX_DELAY	SECS_PER_HOUR * INT64CONST(1000)

/*
 * Runs a statement as the owner of hooks.delivery.  Between SPI_connect() and
 * SPI_finish().
 */
static void
run_as_owner(const char *sql, bool read_only, int nargs, Oid *types,
			 Datum *values, const char *nulls)
{
	Oid			relid = hooks_own_relation(DELIVERY, RELKIND_RELATION);
	HookIdentity before;

	hooks_identity_enter(&before, hooks_rights_owner(relid), HOOKS_RESTRICTED,
						 HOOKS_SAFE_PATH);
	if (SPI_execute_with_args(sql, nargs, types, values, nulls, read_only,
							  0) < 0)
		elog(ERROR, "could not execute \"%s\"", sql);
	hooks_identity_end(&before);
}

static void
run(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls)
{
	run_as_owner(sql, false, nargs, types, values, nulls);
}

/*
 * The error, as hooks.delivery shows it.
 */
static char *
describe(const ErrorData *error)
{
	return psprintf("%s: %s", unpack_sql_state(error->sqlerrcode),
					error->message ? error->message : "");
}

/*
 * The time of the next attempt, after so many failed ones.
 */
static TimestampTz
next_attempt(int attempts)
{
	int64		delay = hooks_retry_delay;

	for (int i = 1; i < attempts && delay < MAX_DELAY; i++)
		delay *= 2;
	return GetCurrentTimestamp() + Min(delay, MAX_DELAY) * 1000;
}

/*
 * After how many failed attempts a delivery to a hook is dead.
 */
int
hooks_waiting_max_attempts(const Hook *hook)
{
	return hook->max_attempts > 0 ? hook->max_attempts : hooks_max_attempts;
}

static bool
is_dead(const Hook *hook, int attempts, const ErrorData *error)
{
	return attempts >= hooks_waiting_max_attempts(hook) ||
		hooks_deliver_is_hopeless(error);
}

/*
 * Writes a failure to the server's log.
 */
static void
report_failure(const Hook *hook, int64 delivery_id, int attempts, bool dead,
			   const ErrorData *error)
{
	ereport(LOG,
			(errmsg("delivery " INT64_FORMAT " for hook \"%s\" failed in attempt %d: %s",
					delivery_id, hook->name, attempts, describe(error)),
			 error->detail ? errdetail_internal("%s", error->detail) : 0,
			 dead ? errhint("It is dead: hooks.redeliver() has it tried again, hooks.discard() forgets it.") : 0));
}

/*
 * Adds a delivery from the log that has failed.
 */
void
hooks_waiting_add(const Hook *hook, const HookLogRow *row,
				  const HookDelivery *delivery, const ErrorData *error)
{
	int			attempts = delivery->attempts + 1;
	bool		dead = is_dead(hook, attempts, error);
	Oid			types[] = {INT8OID, INT8OID, REGCLASSOID, TEXTOID, JSONBOID,
		TEXTOID, INT4OID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID};
	Datum		values[] = {Int64GetDatum(delivery->id),
		Int64GetDatum(hook->hook_id), ObjectIdGetDatum(row->relation),
		PointerGetDatum(row->action), JsonbPGetDatum(delivery->event),
		CStringGetTextDatum(dead ? "dead" : "pending"),
		Int32GetDatum(attempts),
		TimestampTzGetDatum(next_attempt(attempts)),
		CStringGetTextDatum(describe(error)),
	TimestampTzGetDatum(row->fired_at)};

	report_failure(hook, delivery->id, attempts, dead, error);
	SPI_connect();
	run("INSERT INTO hooks.delivery"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		lengthof(values), types, values, dead ? "       n  " : NULL);
	SPI_finish();
}

/*
 * The next delivery of a hook that is due, locked; false if there is none.  It
 * is palloc'd in the current memory context.
 */
bool
hooks_waiting_next(const Hook *hook, HookRetry *retry)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[] = {INT8OID, TIMESTAMPTZOID};
	Datum		values[] = {Int64GetDatum(hook->hook_id),
		TimestampTzGetDatum(GetCurrentTimestamp())};
	bool		found;

	SPI_connect();
	run("SELECT delivery_id, attempts,"
		" pg_catalog.jsonb_set(event, '{attempt}', pg_catalog.to_jsonb(attempts OPERATOR(pg_catalog.+) 1))"
		" FROM hooks.delivery"
		" WHERE hook_id OPERATOR(pg_catalog.=) $1 AND state OPERATOR(pg_catalog.=) 'pending'"
		" AND next_attempt_at OPERATOR(pg_catalog.<=) $2"
		" ORDER BY next_attempt_at, delivery_id LIMIT 1 FOR UPDATE SKIP LOCKED",
		lengthof(values), types, values, NULL);
	found = SPI_processed > 0;
	if (found)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Datum		event;

		retry->delivery_id =
			DatumGetInt64(SPI_getbinval(tuple, desc, 1, &isnull));
		retry->attempts =
			DatumGetInt32(SPI_getbinval(tuple, desc, 2, &isnull));
		event = SPI_getbinval(tuple, desc, 3, &isnull);
		MemoryContextSwitchTo(context);
		retry->event = DatumGetJsonbPCopy(event);
	}
	SPI_finish();
	return found;
}

/*
 * A retry has succeeded: forgets it.
 */
void
hooks_waiting_succeeded(const HookRetry *retry)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(retry->delivery_id)};

	SPI_connect();
	run("DELETE FROM hooks.delivery WHERE delivery_id OPERATOR(pg_catalog.=) $1",
		lengthof(values), types, values, NULL);
	SPI_finish();
}

/*
 * A retry has failed.
 */
void
hooks_waiting_failed(const Hook *hook, const HookDelivery *delivery,
					 const ErrorData *error)
{
	int			attempts = delivery->attempts + 1;
	bool		dead = is_dead(hook, attempts, error);
	Oid			types[] = {INT8OID, INT4OID, TEXTOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[] = {Int64GetDatum(delivery->id),
		Int32GetDatum(attempts),
		CStringGetTextDatum(dead ? "dead" : "pending"),
		TimestampTzGetDatum(next_attempt(attempts)),
	CStringGetTextDatum(describe(error))};

	report_failure(hook, delivery->id, attempts, dead, error);
	SPI_connect();
	run("UPDATE hooks.delivery SET attempts = $2, state = $3, next_attempt_at = $4, last_error = $5"
		" WHERE delivery_id OPERATOR(pg_catalog.=) $1",
		lengthof(values), types, values, dead ? "   n " : NULL);
	SPI_finish();
}

/*
 * May any delivery be waiting?  A cheap test, as mostly none is.
 */
bool
hooks_waiting_any(void)
{
	Relation	table = table_open(hooks_own_relation(DELIVERY,
													  RELKIND_RELATION),
								   AccessShareLock);
	bool		any = RelationGetNumberOfBlocks(table) > 0;

	table_close(table, AccessShareLock);
	return any;
}

/*
 * When the next delivery of a hook is due; PG_INT64_MAX if none waits.  As it
 * is now: flush() asks again and again in one transaction, which may be
 * REPEATABLE READ.
 */
TimestampTz
hooks_waiting_when(const Hook *hook)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(hook->hook_id)};
	bool		isnull;
	TimestampTz when;

	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	run_as_owner("SELECT pg_catalog.min(next_attempt_at) FROM hooks.delivery"
				 " WHERE hook_id OPERATOR(pg_catalog.=) $1 AND state OPERATOR(pg_catalog.=) 'pending'",
				 true, lengthof(values), types, values, NULL);
	PopActiveSnapshot();
	when = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0],
											 SPI_tuptable->tupdesc, 1,
											 &isnull));
	SPI_finish();
	return isnull ? PG_INT64_MAX : when;
}

static bool
count_event(const HookLogPlace *place, HeapTuple tuple, TupleDesc desc,
			void *arg)
{
	(*(int64 *) arg)++;
	return true;
}

/*
 * A hook is about to be dropped: deletes the deliveries that wait for it.
 */
void
hooks_waiting_forget(const Hook *hook)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(hook->hook_id)};
	HookPosition position;
	Oid			relid = hooks_own_find(DELIVERY, RELKIND_RELATION);
	int64		n = 0;

	/* the phase of a damaged hook is not known */
	if ((hook->damage == NULL && hook->phase != HOOK_AFTER_COMMIT) ||
		!OidIsValid(relid))
		return;
	PushActiveSnapshot(GetLatestSnapshot());
	hooks_position_read(hook->hook_id, &position);
	hooks_scan(&position, NULL, count_event, &n);
	PopActiveSnapshot();
	if (hooks_waiting_any())
	{
		SPI_connect();
		run("DELETE FROM hooks.delivery WHERE hook_id OPERATOR(pg_catalog.=) $1",
			lengthof(values), types, values, NULL);
		n += SPI_processed;
		SPI_finish();
	}
	/* whom the log belongs to, as the hook's owner may be about to go */
	if (hooks_rotate_any())
		hooks_worker_wanted(hooks_rights_owner(relid));
	if (n > 0)
		ereport(NOTICE,
				(errmsg_plural(INT64_FORMAT " delivery for hook \"%s\" is forgotten",
							   INT64_FORMAT " deliveries for hook \"%s\" are forgotten",
							   n, n, hook->name)));
}

/*
 * The id of the hook of a delivery, 0 if there is none.
 */
static int64
find_delivery(int64 delivery_id, bool lock, bool *dead)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(delivery_id)};
	int64		hook_id = 0;
	bool		isnull;

	SPI_connect();
	run(psprintf("SELECT hook_id, state OPERATOR(pg_catalog.=) 'dead' FROM hooks.delivery"
				 " WHERE delivery_id OPERATOR(pg_catalog.=) $1%s",
				 lock ? " FOR UPDATE" : ""),
		lengthof(values), types, values, NULL);
	if (SPI_processed > 0)
	{
		hook_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
											  SPI_tuptable->tupdesc, 1,
											  &isnull));
		*dead = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
										   SPI_tuptable->tupdesc, 2, &isnull));
	}
	SPI_finish();
	return hook_id;
}

/*
 * Locks a delivery for a caller who may change its hook, which is returned.
 * 42704, 42501.  Rights are checked before the row is locked; the holder of
 * the lock may have deleted the row meanwhile.
 */
static Hook *
delivery_to_change(int64 delivery_id, bool *dead)
{
	Hook	   *hook = NULL;

	for (int lock = 0; lock <= 1; lock++)
	{
		int64		hook_id = find_delivery(delivery_id, lock, dead);
		char	   *name = hook_id == 0 ? NULL :
			hooks_registry_name_of(hook_id);

		if (name == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("failed delivery " INT64_FORMAT " does not exist",
							delivery_id),
					 errhint("The view hooks.outbox shows what waits.")));
		hook = hooks_registry_get(name);
		hooks_register_check_owner(hook);
	}
	return hook;
}

PG_FUNCTION_INFO_V1(hooks_redeliver);

/*
 * hooks.redeliver(delivery_id bigint) returns void
 *
 * Lets a dead delivery be tried again after the transaction has committed,
 * with as many attempts as a new one.  42704, 42501; 55000 if it is not dead.
 */
Datum
hooks_redeliver(PG_FUNCTION_ARGS)
{
	int64		delivery_id;
	Oid			types[] = {INT8OID, TIMESTAMPTZOID};
	Datum		values[2];
	Hook	   *hook;
	bool		dead;

	hooks_argument_require(fcinfo, 0);
	PreventCommandIfReadOnly("hooks.redeliver()");
	delivery_id = PG_GETARG_INT64(0);
	hook = delivery_to_change(delivery_id, &dead);
	if (!dead)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("delivery " INT64_FORMAT " is not dead", delivery_id),
				 errhint("It is tried again by itself.")));
	values[0] = Int64GetDatum(delivery_id);
	values[1] = TimestampTzGetDatum(GetCurrentTimestamp());
	SPI_connect();
	run("UPDATE hooks.delivery SET state = 'pending', attempts = 0, next_attempt_at = $2"
		" WHERE delivery_id OPERATOR(pg_catalog.=) $1",
		lengthof(values), types, values, NULL);
	SPI_finish();
	hooks_worker_retries(hook->owner);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(hooks_discard);

/*
 * hooks.discard(delivery_id bigint) returns void
 *
 * Forgets a delivery that failed, dead or not.  42704, 42501.
 */
Datum
hooks_discard(PG_FUNCTION_ARGS)
{
	HookRetry	retry = {0};
	bool		dead;

	hooks_argument_require(fcinfo, 0);
	PreventCommandIfReadOnly("hooks.discard()");
	retry.delivery_id = PG_GETARG_INT64(0);
	(void) delivery_to_change(retry.delivery_id, &dead);
	hooks_waiting_succeeded(&retry);
	PG_RETURN_VOID();
}
