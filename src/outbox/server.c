/*
 * server.c
 *		The process that fires the hooks of startup server in a database.
 *
 * The launcher has it started once after the server, in each database that has
 * such hooks (worker.c).  Nobody waits for it, whatever a callback does.  Its
 * session is the bootstrap superuser's; only superusers register such hooks,
 * and each runs as its owner.  Each has a transaction of its own, so a hook
 * sees what those before it have committed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/attempt.h"
#include "base/process.h"
#include "base/settings.h"
#include "firing/starting.h"
#include "outbox/worker.h"
#include "registry/registry.h"

PGDLLEXPORT void hooks_server_main(Datum arg);

static void
begin_start(const char *what)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, what);
}

static void
end_start(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/*
 * Is the hook still there as it was, and enabled?  One before it may have
 * changed that.
 */
static bool
still_starts(const Hook *hook)
{
	const Hook *now = hooks_registry_find(hook->name);

	return now != NULL && now->hook_id == hook->hook_id && now->enabled;
}

/*
 * Fires a hook in a transaction of its own.  An error is logged; false if the
 * hooks after it do not fire for that.
 */
static bool
start_hook(HookRun *run, HookCall *call)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool goes_on = true;

	PG_TRY();
	{
		begin_start(psprintf("hook \"%s\"", call->member->hook->name));
		if (still_starts(call->member->hook))
			hooks_starting_call(run, call);
		end_start();
	}
	PG_CATCH();
	{
		hooks_attempt_give_up();
		goes_on = call->member->hook->policy != HOOK_ABORT;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	return goes_on;
}

/*
 * Fires these hooks, in a session that has begun.
 */
void
hooks_server_fire(void)
{
	MemoryContext context;
	HookRun    *run;

	context = AllocSetContextCreate(TopMemoryContext, "hooks server start",
									ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	if (hooks_settings_kill_switch())
		return;

	begin_start("hooks on the start of the server");
	run = hooks_starting_prepare(HOOK_SERVER, context);
	end_start();
	MemoryContextSwitchTo(context);
	for (int i = 0; i < run->length; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!start_hook(run, &run->calls[i]))
			break;
	}
}

void
hooks_server_main(Datum arg)
{
	HookWorkerTask task;

	memcpy(&task, MyBgworkerEntry->bgw_extra, sizeof(HookWorkerTask));
	hooks_worker_handle_signals();
	BackgroundWorkerInitializeConnectionByOid(task.database, InvalidOid, 0);
	hooks_worker_fix_parameters();
	hooks_server_fire();
	proc_exit(0);
}
