/*
 * expire.c
 *		The recycle bin forgets what was kept for a limited time.
 *
 * An argument of the hook says for how long.  hooks.kept has the time until
 * which each cascade is kept, so a later change of the hook does not concern
 * it.  A worker forgets what is due, of all owners, between its deliveries and
 * before it exits; it is started again when the next cascade is due.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/own.h"
#include "recycle/expire.h"

/* so many cascades go in one transaction */
#define PORTION 100

/* how soon to try again when somebody restores, or purges */
#define BUSY_SECONDS 60

/* What is due */
typedef struct Expired
{
	TimestampTz now;
	TimestampTz next;			/* when the next one is due */
	int			n;
	ItemPointerData tids[PORTION];
	int64		ids[PORTION];
} Expired;

/*
 * The time until which rows are kept that are deleted now, for an interval as
 * a string: 22007 if it is no interval, 22008 if it is too long.
 */
TimestampTz
hooks_expire_when(const char *interval)
{
	Datum		span = DirectFunctionCall3(interval_in,
										   CStringGetDatum(interval),
										   ObjectIdGetDatum(InvalidOid),
										   Int32GetDatum(-1));
	Datum		now = TimestampTzGetDatum(GetCurrentTimestamp());

	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												   now, span));
}

/*
 * Finds what is due, at most as much as one transaction forgets.
 */
static void
find_expired(Relation kept, Expired *expired)
{
	AttrNumber	id = get_attnum(RelationGetRelid(kept), "kept_id");
	AttrNumber	until = get_attnum(RelationGetRelid(kept), "kept_until");
	TupleDesc	desc = RelationGetDescr(kept);
	SysScanDesc scan;
	HeapTuple	tuple;

	expired->n = 0;
	expired->next = PG_INT64_MAX;
	expired->now = GetCurrentTimestamp();
	if (id == InvalidAttrNumber || until == InvalidAttrNumber)
		return;
	scan = systable_beginscan(kept, InvalidOid, false, GetActiveSnapshot(), 0,
							  NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		TimestampTz when = DatumGetTimestampTz(heap_getattr(tuple, until, desc,
															&isnull));

		CHECK_FOR_INTERRUPTS();
		if (isnull)
			continue;
		if (when > expired->now || expired->n == PORTION)
		{
			expired->next = Min(expired->next, when);
			continue;
		}
		expired->ids[expired->n] =
			DatumGetInt64(heap_getattr(tuple, id, desc, &isnull));
		expired->tids[expired->n++] = tuple->t_self;
	}
	systable_endscan(scan);
}

static void
forget_row(Relation rel, ItemPointer tid)
{
	TM_FailureData failure;

	(void) hooks_table_tuple_delete(rel, tid, GetActiveSnapshot(), false,
									&failure);
}

/*
 * Deletes the rows of one cascade.
 */
static void
forget_rows(Relation kept_row, int64 kept_id)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(kept_row), "kept_id");
	Oid			index = hooks_own_find_index(kept_row, "kept_row_pkey",
											 attnum);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, attnum, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(kept_id));
	scan = systable_beginscan(kept_row, index, OidIsValid(index),
							  GetActiveSnapshot(), 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		forget_row(kept_row, &tuple->t_self);
	}
	systable_endscan(scan);
}

/*
 * Forgets what is due, in a transaction of its own; returns when the next
 * cascade is due, or when to try again; PG_INT64_MAX for never.  Does not wait
 * for locks.
 */
TimestampTz
hooks_expire(void)
{
	Expired		expired;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	expired.next = PG_INT64_MAX;
	if (OidIsValid(hooks_own_find("kept", RELKIND_RELATION)) &&
		!RecoveryInProgress())
	{
		/* not while a session restores */
		Relation	kept = hooks_own_open_if_free("kept",
												  ShareUpdateExclusiveLock);

		if (kept == NULL)
			expired.next = GetCurrentTimestamp() +
				BUSY_SECONDS * USECS_PER_SEC;
		else
		{
			Relation	kept_row;

			/* see what the previous holders of the lock have done */
			PopActiveSnapshot();
			PushActiveSnapshot(GetTransactionSnapshot());
			find_expired(kept, &expired);
			if (expired.n > 0)
			{
				kept_row = hooks_own_open_named("kept_row", RELKIND_RELATION,
												RowExclusiveLock);
				for (int i = 0; i < expired.n; i++)
				{
					forget_rows(kept_row, expired.ids[i]);
					forget_row(kept, &expired.tids[i]);
				}
				table_close(kept_row, NoLock);
			}
			table_close(kept, NoLock);
		}
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	return expired.next;
}

/*
 * When the next cascade is due; PG_INT64_MAX for never.
 */
TimestampTz
hooks_expire_next(void)
{
	Expired		expired;
	Relation	kept;

	if (!OidIsValid(hooks_own_find("kept", RELKIND_RELATION)))
		return PG_INT64_MAX;
	kept = hooks_own_open_named("kept", RELKIND_RELATION, AccessShareLock);
	find_expired(kept, &expired);
	table_close(kept, NoLock);
	return expired.n > 0 ? expired.now : expired.next;
}
