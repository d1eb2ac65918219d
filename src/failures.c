/*
 * failures.c
 *		The executor's hooks once more, for errors that pass.
 *
 * These stand around those of executor.c, where the library is preloaded.  In
 * a database without on_failure hooks they cost one test each, in functions of
 * their own, which need no room for more; in others a PG_TRY, which every
 * statement pays, as it is the outermost one that tells whether an error
 * reaches the client.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "tcop/utility.h"

#include "base/compat.h"
#include "failures.h"
#include "firing/failing.h"
#include "registry/present.h"

static ExecutorStart_hook_type prev_start = NULL;
static ExecutorRun_hook_type prev_run = NULL;
static ExecutorFinish_hook_type prev_finish = NULL;
static ProcessUtility_hook_type prev_utility = NULL;

/*
 * One test, after which the call can be a jump: to ask more would have to save
 * the arguments first.
 */
static inline bool
nothing_to_watch(void)
{
	return hooks_present_failure_state == HOOKS_NO_FAILURE;
}

static pg_noinline void
watch_start(QueryDesc *query, int eflags)
{
	HookFailing failing;

	if (!hooks_present_watches_failures())
	{
		prev_start(query, eflags);
		return;
	}
	hooks_failing_query(&failing, query);
	PG_TRY();
	{
		prev_start(query, eflags);
	}
	PG_CATCH();
	{
		hooks_failing_caught(&failing);
		PG_RE_THROW();
	}
	PG_END_TRY();
	hooks_failing_leave();
}

static void
failures_start(QueryDesc *query, int eflags)
{
	if (likely(nothing_to_watch()))
		prev_start(query, eflags);
	else
		watch_start(query, eflags);
}

static pg_noinline void
watch_run(HOOKS_RUN_ARGS)
{
	HookFailing failing;

	if (!hooks_present_watches_failures())
	{
		prev_run(HOOKS_RUN_PASS);
		return;
	}
	hooks_failing_query(&failing, query);
	PG_TRY();
	{
		prev_run(HOOKS_RUN_PASS);
	}
	PG_CATCH();
	{
		hooks_failing_caught(&failing);
		PG_RE_THROW();
	}
	PG_END_TRY();
	hooks_failing_leave();
}

static void
failures_run(HOOKS_RUN_ARGS)
{
	if (likely(nothing_to_watch()))
		prev_run(HOOKS_RUN_PASS);
	else
		watch_run(HOOKS_RUN_PASS);
}

static pg_noinline void
watch_finish(QueryDesc *query)
{
	HookFailing failing;

	if (!hooks_present_watches_failures())
	{
		prev_finish(query);
		return;
	}
	hooks_failing_query(&failing, query);
	PG_TRY();
	{
		prev_finish(query);
	}
	PG_CATCH();
	{
		hooks_failing_caught(&failing);
		PG_RE_THROW();
	}
	PG_END_TRY();
	hooks_failing_leave();
}

static void
failures_finish(QueryDesc *query)
{
	if (likely(nothing_to_watch()))
		prev_finish(query);
	else
		watch_finish(query);
}

static pg_noinline void
watch_utility(PlannedStmt *plan, const char *sql, bool read_only_tree,
			  ProcessUtilityContext context, ParamListInfo params,
			  QueryEnvironment *environment, DestReceiver *dest,
			  QueryCompletion *completion)
{
	HookFailing failing;

	if (!hooks_present_watches_failures())
	{
		prev_utility(plan, sql, read_only_tree, context, params, environment,
					 dest, completion);
		return;
	}
	hooks_failing_command(&failing, plan->utilityStmt, sql);
	PG_TRY();
	{
		prev_utility(plan, sql, read_only_tree, context, params, environment,
					 dest, completion);
	}
	PG_CATCH();
	{
		hooks_failing_caught(&failing);
		PG_RE_THROW();
	}
	PG_END_TRY();
	hooks_failing_leave();
}

/*
 * Some commands run no statements.  After ALTER EXTENSION, what is ours may be
 * another table, so that nothing is looked up for it.
 */
static void
failures_utility(PlannedStmt *plan, const char *sql, bool read_only_tree,
				 ProcessUtilityContext context, ParamListInfo params,
				 QueryEnvironment *environment, DestReceiver *dest,
				 QueryCompletion *completion)
{
	if (likely(IsA(plan->utilityStmt, TransactionStmt) ||
			   IsA(plan->utilityStmt, AlterExtensionContentsStmt) ||
			   nothing_to_watch()))
		prev_utility(plan, sql, read_only_tree, context, params, environment,
					 dest, completion);
	else
		watch_utility(plan, sql, read_only_tree, context, params,
					  environment, dest, completion);
}

/*
 * Puts these hooks around those of executor.c.  From _PG_init() only, after
 * hooks_executor_init().
 */
void
hooks_failures_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	prev_start = ExecutorStart_hook ? ExecutorStart_hook :
		standard_ExecutorStart;
	ExecutorStart_hook = failures_start;
	prev_run = ExecutorRun_hook;
	ExecutorRun_hook = failures_run;
	prev_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = failures_finish;
	prev_utility = ProcessUtility_hook;
	ProcessUtility_hook = failures_utility;
	Assert(prev_run != NULL && prev_finish != NULL && prev_utility != NULL);
}
