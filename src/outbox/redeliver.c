/*
 * redeliver.c
 *		redeliver() and discard(): what people do with deliveries that failed.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/argument.h"
#include "base/wake.h"
#include "outbox/waiting.h"
#include "registry/register.h"
#include "registry/registry.h"

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
	hooks_waiting_run(psprintf("SELECT hook_id, state OPERATOR(pg_catalog.=) 'dead' FROM hooks.delivery"
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
 * Does a delivery to a hook of the caller's wait in the log, where none has
 * failed yet?
 */
static bool
is_in_log(int64 delivery_id)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(delivery_id)};
	bool		found;

	/* while we waited for its lock, it may have been delivered */
	PushActiveSnapshot(GetLatestSnapshot());
	SPI_connect();
	SPI_execute_with_args("SELECT FROM hooks.outbox"
						  " WHERE delivery_id OPERATOR(pg_catalog.=) $1",
						  lengthof(values), types, values, NULL, true, 1);
	found = SPI_processed > 0;
	SPI_finish();
	PopActiveSnapshot();
	return found;
}

/*
 * Locks a delivery for a caller who may change its hook, which is returned.
 * 42704, 42501; 55000 if it has not been tried.  Rights are checked before the
 * row is locked; the holder of the lock may have deleted the row meanwhile.
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

		if (name == NULL && is_in_log(delivery_id))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("delivery " INT64_FORMAT " has not failed",
							delivery_id),
					 errdetail("It waits for its turn.")));
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
	hooks_waiting_run("UPDATE hooks.delivery SET state = 'pending', attempts = 0, next_attempt_at = $2"
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
 * Forgets a delivery that failed, dead or not.  42704, 42501; 55000 if it has
 * not been tried.
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
