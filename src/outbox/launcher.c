/*
 * launcher.c
 *		The process of the launcher.
 *
 * The launcher is connected to no database, so that it does not block DROP
 * DATABASE.  With preload it always runs, and starts a process that looks into
 * each database after the server has started.  Without preload it is started
 * when a worker has to be started later.  It also looks if more owners had to
 * wait than there is room for in the list of requests.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/duty.h"
#include "base/launch.h"
#include "base/process.h"
#include "base/settings.h"
#include "outbox/worker.h"

/* so long the launcher waits for who looks into a database */
#define LONGEST_LOOK	USECS_PER_SEC

/*
 * The databases that somebody can connect to.  One whose DROP DATABASE was
 * interrupted is none.
 */
static List *
all_databases(void)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *databases = NIL;
	Relation	catalog;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	catalog = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(catalog, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);

		if (form->datallowconn &&
			form->datconnlimit != HOOKS_INVALID_DATABASE)
		{
			MemoryContext old = MemoryContextSwitchTo(context);

			databases = lappend_oid(databases, form->oid);
			MemoryContextSwitchTo(old);
		}
	}
	table_endscan(scan);
	table_close(catalog, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
	return databases;
}

/*
 * Waits for who looks into a database, but not for long: whatever that waits
 * for, as a table that somebody has locked, others must not.
 */
static void
wait_for_scout(BackgroundWorkerHandle *scout)
{
	TimestampTz end = GetCurrentTimestamp() + LONGEST_LOOK;
	pid_t		pid;

	for (;;)
	{
		long		due = hooks_launch_due();
		long		ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
														 end);

		if (ms == 0 || GetBackgroundWorkerPid(scout, &pid) == BGWH_STOPPED)
			break;
		hooks_worker_wait(due < 0 ? ms : Min(ms, due));
	}
	pfree(scout);
}

/*
 * Connects the launcher, which is not yet: to no database.
 */
static void
connect_launcher(void)
{
	static bool connected = false;

	if (!connected)
		BackgroundWorkerInitializeConnectionByOid(InvalidOid, InvalidOid, 0);
	connected = true;
}

/*
 * Without preload, a launcher that is in the way of a worker ends with 1: the
 * postmaster starts it again, to be that worker.
 */
static void
give_way(bool permanent)
{
	if (!permanent && hooks_launch_is_in_the_way())
		proc_exit(1);
}

/*
 * Starts a process for each database, one after the other, as there may be
 * thousands.
 */
static void
look_into_databases(bool permanent)
{
	List	   *databases;
	ListCell   *lc;

	connect_launcher();
	databases = all_databases();
	list_sort(databases, list_oid_cmp);
	foreach(lc, databases)
	{
		Oid			database = lfirst_oid(lc);
		bool		starting = permanent && hooks_launch_starts(database);
		BackgroundWorkerHandle *scout;

		while ((scout = hooks_process_scout(database, starting)) == NULL)
		{
			long		ms = hooks_launch_due();

			give_way(permanent);
			hooks_worker_wait(ms < 0 ? 100 : Min(ms, 100));
		}
		CHECK_FOR_INTERRUPTS();
		wait_for_scout(scout);
	}
	if (permanent)
		(void) hooks_launch_starts(OID_MAX);
	list_free(databases);
}

/*
 * The process of the launcher.
 */
void
hooks_launcher_main(Datum arg)
{
	bool		permanent = DatumGetBool(arg);
	bool		worked = false;
	HookWorkerTask task = {-1};

	hooks_worker_handle_signals();
	if (!permanent && hooks_duty_enter(&task))
		hooks_worker_work(&task);
	while (!hooks_launch_enter())
	{
		/* without preload, it exits when the next launcher has started */
		if (!permanent)
			proc_exit(0);
		hooks_worker_wait(1000);
	}
	if (permanent)
		connect_launcher();
	if (!hooks_enabled)
		(void) hooks_launch_starts(OID_MAX);
	for (;;)
	{
		if (permanent && hooks_worker_may_work() && !worked)
			look_into_databases(permanent);
		worked = hooks_worker_may_work();
		if (worked)
		{
			long		ms = hooks_launch_due();

			if (!permanent && hooks_launch_leave())
				break;
			give_way(permanent);
			if (hooks_launch_must_look(&ms))
				look_into_databases(permanent);
			else
				hooks_worker_wait(ms);
		}
		else
			hooks_worker_wait(-1);
	}
	proc_exit(0);
}
