/*
 * waiting.c
 *		Deliveries that failed, in hooks.delivery.
 *
 * These rows are copies from the log, and not in its order.  They are few, so
 * SQL reads and writes them, as the table's owner.  The worker that holds the
 * lock of a hook (service.c) tries its deliveries.  It locks the row
 * meanwhile, so that redeliver() and discard() wait for the outcome.
 *
 * Who removes a hook cannot see the failures of a portion that has not
 * committed, so the worker looks before it commits them (portion.c).
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
#include "outbox/service.h"
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

/*
 * The same for one that writes, or locks.
 */
void
hooks_waiting_run(const char *sql, int nargs, Oid *types, Datum *values,
				  const char *nulls)
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
	hooks_waiting_run("INSERT INTO hooks.delivery"
					  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
					  lengthof(values), types, values,
					  dead ? "       n  " : NULL);
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
	hooks_waiting_run("SELECT delivery_id, attempts,"
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
	hooks_waiting_run("DELETE FROM hooks.delivery WHERE delivery_id OPERATOR(pg_catalog.=) $1",
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
	hooks_waiting_run("UPDATE hooks.delivery SET attempts = $2, state = $3, next_attempt_at = $4, last_error = $5"
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
	Relation	table = hooks_own_open_named(DELIVERY, RELKIND_RELATION,
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
 * Deletes or locks the deliveries that wait for a hook, by a snapshot of now,
 * as that of the transaction may be older; returns how many there are.
 */
static int64
run_for_all(const char *sql, int64 hook_id)
{
	Oid			relid = hooks_own_relation(DELIVERY, RELKIND_RELATION);
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(hook_id)};
	HookIdentity before;
	SPIPlanPtr	plan;
	int64		n;

	SPI_connect();
	hooks_identity_enter(&before, hooks_rights_owner(relid), HOOKS_RESTRICTED,
						 HOOKS_SAFE_PATH);
	plan = SPI_prepare(sql, lengthof(types), types);
	if (plan == NULL ||
		SPI_execute_snapshot(plan, values, NULL, GetLatestSnapshot(),
							 InvalidSnapshot, false, true, 0) < 0)
		elog(ERROR, "could not execute \"%s\"", sql);
	n = SPI_processed;
	hooks_identity_end(&before);
	SPI_finish();
	return n;
}

static int64
delete_all(int64 hook_id)
{
	return run_for_all("DELETE FROM hooks.delivery WHERE hook_id OPERATOR(pg_catalog.=) $1",
					   hook_id);
}

/*
 * Deliveries to a hook have failed, and nobody can remove it any more before
 * the transaction ends.  If it is gone already, they are forgotten.
 */
void
hooks_waiting_settle(const Hook *hook)
{
	const char *name = hooks_registry_name_of(hook->hook_id);
	Hook	   *current;

	current = hooks_registry_find(name == NULL ? hook->name : name);
	if (current == NULL || current->hook_id != hook->hook_id ||
		(current->damage == NULL && current->phase != HOOK_AFTER_COMMIT))
		(void) delete_all(hook->hook_id);
}

/*
 * May deliveries wait for a hook?  The phase of a damaged one is not known.
 */
static bool
may_have_deliveries(const Hook *hook)
{
	return (hook->damage != NULL || hook->phase == HOOK_AFTER_COMMIT) &&
		OidIsValid(hooks_own_find(DELIVERY, RELKIND_RELATION));
}

/*
 * A hook is about to be dropped: keeps others from writing down what fails,
 * waits until no other session is at one of the deliveries that wait for the
 * hook, and keeps others from them.
 */
void
hooks_waiting_lock(const Hook *hook)
{
	if (!may_have_deliveries(hook))
		return;
	hooks_service_remove(hook->hook_id);
	if (hooks_waiting_any())
		(void) run_for_all("SELECT FROM hooks.delivery WHERE hook_id OPERATOR(pg_catalog.=) $1 FOR UPDATE",
						   hook->hook_id);
}

/*
 * The same: deletes these deliveries.
 */
void
hooks_waiting_forget(const Hook *hook)
{
	Oid			relid = hooks_own_find(DELIVERY, RELKIND_RELATION);
	HookPosition position;
	int64		n = 0;

	if (!may_have_deliveries(hook))
		return;
	hooks_service_remove(hook->hook_id);
	PushActiveSnapshot(GetLatestSnapshot());
	hooks_position_read(hook->hook_id, &position);
	hooks_scan(&position, NULL, count_event, &n);
	PopActiveSnapshot();
	if (hooks_waiting_any())
		n += delete_all(hook->hook_id);
	/* whom the log belongs to, as the hook's owner may be about to go */
	if (hooks_rotate_any())
		hooks_worker_wanted(hooks_rights_owner(relid));
	if (n > 0)
		ereport(NOTICE,
				(errmsg_plural(INT64_FORMAT " delivery for hook \"%s\" is forgotten",
							   INT64_FORMAT " deliveries for hook \"%s\" are forgotten",
							   n, n, hook->name)));
}
