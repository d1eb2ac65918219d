/*
 * worker.c
 *		The processes of workers, and of who looks for work.
 *
 * A worker is a session of the owner of hooks, so a callback cannot get more
 * rights than its owner has.  A role that cannot log in may not be able to
 * have a session.  Then the session is a superuser's that has become this
 * role.  It works in a security context, as a SECURITY DEFINER function does,
 * in which the role cannot be set (service.c).
 *
 * It serves, sleeps until its latch is set, and exits when nothing has come
 * for hooks.worker_idle.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_db_role_setting.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/duty.h"
#include "base/process.h"
#include "base/settings.h"
#include "base/workers.h"
#include "outbox/rotate.h"
#include "outbox/serve.h"
#include "outbox/work.h"
#include "outbox/worker.h"
#include "recycle/expire.h"
#include "registry/registry.h"

PGDLLEXPORT void hooks_worker_main(Datum arg);

/* parameters that a role's own settings must not change for its worker */
static const char *const fixed_parameters[][2] = {
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_read_only", "off"},
	{"default_transaction_deferrable", "off"},
	{"exit_on_error", "off"},
	{"transaction_timeout", "0"},
	{"idle_in_transaction_session_timeout", "0"},
	{"role", "none"},
};

/*
 * After so many seconds a log that no hook needs is looked at again, or a
 * database in which something is locked.
 */
#define COME_BACK	10

/* so long who looks into a database again waits for what is locked */
#define LATER_LOOK_WAITS "1s"

/* when the recycle bin is to be looked at; set by rest() */
static TimestampTz expire_at = 0;

/*
 * What each process of ours begins with.
 */
void
hooks_worker_handle_signals(void)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
}

/*
 * Sets the parameters, in a session that has begun.
 */
void
hooks_worker_fix_parameters(void)
{
	for (int i = 0; i < lengthof(fixed_parameters); i++)
	{
		const char *name = fixed_parameters[i][0];

		/* some came later than 15 */
		if (GetConfigOption(name, true, false) != NULL)
			SetConfigOption(name, fixed_parameters[i][1], PGC_SUSET,
							PGC_S_OVERRIDE);
	}
}

/*
 * Sleeps until the latch is set, or for some milliseconds, -1: for ever.
 * May return sooner: a latch waits for 24 days at most.
 */
void
hooks_worker_wait(long ms)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH |
					 (ms >= 0 ? WL_TIMEOUT : 0), Min(ms, INT_MAX),
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

/*
 * False: workers are switched off, and what waits stays.
 */
bool
hooks_worker_may_work(void)
{
	return hooks_workers && hooks_enabled;
}

/*
 * Sleeps until there may be work; false if the worker has given up its slot.
 */
static bool
rest(const HookWorkerTask *task, TimestampTz idle_since)
{
	TimestampTz leave_at = idle_since + hooks_worker_idle * INT64CONST(1000);
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz rotate_at = PG_INT64_MAX;
	TimestampTz next;
	bool		leaves = !hooks_worker_may_work() || now >= leave_at ||
		hooks_duty_must_leave();

	if (hooks_worker_may_work() && now >= expire_at)
		expire_at = hooks_expire();
	if (hooks_worker_may_work())
		rotate_at = hooks_rotate(leaves);
	next = Min(hooks_serve_next(false), expire_at);

	if (leaves)
	{
		if (!hooks_duty_leave())
			return true;
		if (hooks_rotate_is_due())
			next = Min(next, now + COME_BACK * USECS_PER_SEC);
		if (hooks_worker_may_work() && next != PG_INT64_MAX)
			hooks_workers_request(task->database, task->owner,
								  task->stand_in, next);
		return false;
	}
	pgstat_report_activity(STATE_IDLE, NULL);
	next = Min(Min(next, rotate_at), leave_at);
	if (hooks_duty_rest())
		hooks_worker_wait(TimestampDifferenceMilliseconds(now, next));
	return true;
}

/*
 * Applies the parameters that are set for a role, as its own session would:
 * those for this database count more.  What is set for the superuser as whom
 * this session began counts less.
 */
static void
apply_parameters_of(Oid role)
{
	Oid			relid = DbRoleSettingRelationId;
	Relation	settings = table_open(relid, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetCatalogSnapshot(relid));

	ApplySetting(snapshot, InvalidOid, role, settings, PGC_S_DATABASE_USER);
	ApplySetting(snapshot, MyDatabaseId, role, settings, PGC_S_DATABASE_USER);
	UnregisterSnapshot(snapshot);
	table_close(settings, AccessShareLock);
}

/*
 * Begins a session that stands in for the owner.  If the owner can log in, its
 * own session has failed before; then a missing privilege to connect is an
 * error here, too.
 */
static void
connect_for(const HookWorkerTask *task)
{
	char	   *name;

	BackgroundWorkerInitializeConnectionByOid(task->database, InvalidOid, 0);
	StartTransactionCommand();
	name = GetUserNameFromId(task->owner, true);
	if (name == NULL)
	{
		/* the role was dropped, and its hooks with it */
		CommitTransactionCommand();
		(void) hooks_duty_leave();
		proc_exit(0);
	}
	if (!hooks_workers_stand_in(task->owner) &&
		!DatumGetBool(DirectFunctionCall3(has_database_privilege_id_id,
										  ObjectIdGetDatum(task->owner),
										  ObjectIdGetDatum(task->database),
										  CStringGetTextDatum("CONNECT"))))
		ereport(FATAL,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\", who owns hooks, cannot connect to database \"%s\"",
						name, get_database_name(task->database)),
				 errdetail("What waits for these hooks is not delivered.")));
	SetConfigOption("session_authorization", name, PGC_USERSET,
					PGC_S_OVERRIDE);
	apply_parameters_of(task->owner);
	CommitTransactionCommand();
}

/*
 * Looks who has work in a database; returns whether there are hooks that fire
 * when the server starts.  After the first time, it does not wait for long:
 * the database may be looked into again and again, and each who waits there
 * has a process.
 */
static bool
find_work(bool first)
{
	volatile bool starts = false;

	SetConfigOption("lock_timeout", first ? "0" : LATER_LOOK_WAITS, PGC_SUSET,
					PGC_S_OVERRIDE);
	PG_TRY();
	{
		starts = hooks_work_find();
	}
	PG_CATCH();
	{
		if (geterrcode() == ERRCODE_LOCK_NOT_AVAILABLE)
			hooks_workers_look_again(GetCurrentTimestamp() +
									 COME_BACK * USECS_PER_SEC);
		PG_RE_THROW();
	}
	PG_END_TRY();
	SetConfigOption("lock_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
	return starts;
}

/*
 * Looks into a database.  If no process is left for the hooks that fire when
 * the server starts, this one sees to them.
 */
static void
look(const HookWorkerTask *task)
{
	BackgroundWorkerInitializeConnectionByOid(task->database, InvalidOid, 0);
	hooks_worker_fix_parameters();
	if (find_work(task->starting) && task->starting &&
		!hooks_process_start_hooks(task->database))
		hooks_server_fire();
}

/*
 * What a worker does that has a place.
 */
void
hooks_worker_work(const HookWorkerTask *task)
{
	TimestampTz idle_since;

	if (task->stand_in)
		connect_for(task);
	else
		BackgroundWorkerInitializeConnectionByOid(task->database, task->owner,
												  HOOKS_BGWORKER_ANY_ROLE);
	hooks_duty_connected();
	hooks_worker_fix_parameters();
	hooks_serve_init(task->owner, task->stand_in);

	idle_since = GetCurrentTimestamp();
	for (;;)
	{
		bool		retries = false;

		CHECK_FOR_INTERRUPTS();
		(void) hooks_duty_look(&retries);
		if (retries)
		{
			(void) hooks_serve_next(true);
			expire_at = 0;
		}
		if (hooks_worker_may_work() && hooks_serve())
		{
			idle_since = GetCurrentTimestamp();
			(void) hooks_rotate(false);
			if (hooks_duty_must_yield())
			{
				hooks_duty_yield();
				break;
			}
		}
		else if (!rest(task, idle_since))
			break;
	}
	proc_exit(hooks_duty_hands_over() ? 1 : 0);
}

/*
 * The process of a worker.
 */
void
hooks_worker_main(Datum arg)
{
	HookWorkerTask task;

	memcpy(&task, MyBgworkerEntry->bgw_extra, sizeof(HookWorkerTask));
	hooks_worker_handle_signals();
	if (!OidIsValid(task.owner))
		look(&task);
	else if (hooks_duty_enter(&task))
		hooks_worker_work(&task);
	else if (hooks_roster_attach() && hooks_duty_hands_over())
		hooks_launcher_main(BoolGetDatum(false));
	proc_exit(0);
}
