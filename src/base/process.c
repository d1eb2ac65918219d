/*
 * process.c
 *		Starts the processes of workers, and the launcher.
 *
 * None in a server that pg_upgrade has started: what a worker did there would
 * come to the new server in part.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/latch.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/process.h"

/*
 * What the postmaster is told of a process.  On a standby it starts none.
 */
static void
fill_worker(BackgroundWorker *worker, const char *name, const char *function,
			int flags)
{
	memset(worker, 0, sizeof(BackgroundWorker));
	strlcpy(worker->bgw_name, name, BGW_MAXLEN);
	strlcpy(worker->bgw_type, name, BGW_MAXLEN);
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | flags;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker->bgw_library_name, "hooks", BGW_MAXLEN);
	strlcpy(worker->bgw_function_name, function, BGW_MAXLEN);
}

/*
 * Asks the postmaster for a process; false if max_worker_processes does not
 * allow it, or pg_upgrade.  Whoever wants a handle waits for the process.
 */
static bool
start_process(const char *name, const char *function, int flags,
			  const HookWorkerTask *task, BackgroundWorkerHandle **handle)
{
	BackgroundWorker worker;
	bool		started;

	if (IsBinaryUpgrade)
		return false;
	fill_worker(&worker, name, function, flags);
	StaticAssertStmt(sizeof(HookWorkerTask) <= BGW_EXTRALEN,
					 "a worker's task must fit");
	if (task != NULL)
		memcpy(worker.bgw_extra, task, sizeof(HookWorkerTask));

	/*
	 * If the system has no process at the moment, or one ends with 1
	 * (hooks_duty_hands_over()).  Not at once: one that cannot load the
	 * library, as that is gone, is started again and again.
	 */
	if (task == NULL || task->slot >= 0)
		worker.bgw_restart_time = 1;
	if (handle != NULL)
		worker.bgw_notify_pid = MyProcPid;
	started = RegisterDynamicBackgroundWorker(&worker, handle);
	if (hooks_roster != NULL)
		hooks_roster->refused = !started;
	return started;
}

/*
 * Was the last process that somebody asked for refused, as all are in use?
 */
bool
hooks_process_is_refused(void)
{
	return hooks_roster_attach() && hooks_roster->refused;
}

/*
 * Starts the launcher, or wakes it.
 */
void
hooks_process_wake_launcher(void)
{
	TimestampTz now = GetCurrentTimestamp();
	Latch	   *latch;
	bool		start;

	SpinLockAcquire(&hooks_roster->mutex);
	latch = hooks_roster->launcher;
	start = latch == NULL &&
		now - hooks_roster->launcher_asked_at > HOOK_START_LIMIT;
	if (start)
		hooks_roster->launcher_asked_at = now;
	SpinLockRelease(&hooks_roster->mutex);
	if (latch != NULL && latch != MyLatch)
		SetLatch(latch);
	if (start && !start_process("hooks launcher", "hooks_launcher_main",
								BGWORKER_BACKEND_DATABASE_CONNECTION |
								HOOKS_BGWORKER_INTERRUPTIBLE, NULL, NULL))
	{
		SpinLockAcquire(&hooks_roster->mutex);
		hooks_roster->launcher_asked_at = 0;
		SpinLockRelease(&hooks_roster->mutex);
	}
}

/*
 * Starts a worker in a slot that was taken; false if that cannot be.  Then
 * there is a request in its place, since that time, and an idle worker is
 * woken that can make room.
 */
bool
hooks_process_start_worker(HookWorkerSlot *slot, TimestampTz since)
{
	Latch	   *idle;
	HookWorkerTask task =
	{slot - hooks_roster->workers, slot->database, slot->owner,
	slot->stand_in};

	if (start_process("hooks worker", "hooks_worker_main",
					  BGWORKER_BACKEND_DATABASE_CONNECTION |
					  HOOKS_BGWORKER_INTERRUPTIBLE, &task, NULL))
		return true;
	SpinLockAcquire(&hooks_roster->mutex);
	hooks_roster_request(task.database, task.owner, task.stand_in,
						 since, slot->tries, HOOK_WAITS_FOR_PROCESS);
	slot->database = InvalidOid;
	idle = hooks_roster_find_idle(InvalidOid);
	SpinLockRelease(&hooks_roster->mutex);
	if (idle != NULL)
		SetLatch(idle);
	hooks_process_wake_launcher();
	return false;
}

/*
 * Starts a process that looks who has work in a database; NULL if it could not
 * be started.  The latch is set when it ends.  "starting": it also sees to the
 * hooks that fire once after the server has started.  Then a command that
 * needs the database for itself does not end it, as nobody would look again.
 */
BackgroundWorkerHandle *
hooks_process_scout(Oid database, bool starting)
{
	HookWorkerTask task = {-1, database, InvalidOid, false, starting};
	BackgroundWorkerHandle *handle;
	Latch	   *idle = NULL;

	if (!start_process("hooks worker", "hooks_worker_main",
					   BGWORKER_BACKEND_DATABASE_CONNECTION |
					   (starting ? 0 : HOOKS_BGWORKER_INTERRUPTIBLE), &task,
					   &handle))
		handle = NULL;
	SpinLockAcquire(&hooks_roster->mutex);
	hooks_roster->scout_waits = handle == NULL;
	if (handle == NULL)
		idle = hooks_roster_find_idle(InvalidOid);
	SpinLockRelease(&hooks_roster->mutex);
	if (idle != NULL)
		SetLatch(idle);
	return handle;
}

/*
 * Starts a process that fires these hooks, for which nobody waits; false if it
 * could not be started.  They fire once only, so such a command does not end
 * it, either.
 */
bool
hooks_process_start_hooks(Oid database)
{
	HookWorkerTask task = {-1, database};

	return start_process("hooks server start", "hooks_server_main",
						 BGWORKER_BACKEND_DATABASE_CONNECTION, &task, NULL);
}

/*
 * With preload the postmaster starts the launcher, and starts it again.  From
 * _PG_init() only.
 */
void
hooks_process_init(void)
{
	BackgroundWorker worker;

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	fill_worker(&worker, "hooks launcher", "hooks_launcher_main",
				BGWORKER_BACKEND_DATABASE_CONNECTION);
	worker.bgw_restart_time = 5;
	worker.bgw_main_arg = BoolGetDatum(true);
	RegisterBackgroundWorker(&worker);
}
