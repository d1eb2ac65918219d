/*
 * watch.c
 *		The executor's hooks once more, for hooks that all statements are
 *		watched for: on_failure, and those on select, load and dump.
 *
 * These stand around those of executor.c, where the library is preloaded.  In
 * a database without such hooks they cost one test each, in functions of
 * their own, which need no room for more.  Where there are on_failure hooks,
 * every statement pays a PG_TRY, as it is the outermost one that tells whether
 * an error reaches the client.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "tcop/utility.h"

#include "base/compat.h"
#include "base/preload.h"
#include "firing/copies.h"
#include "firing/failing.h"
#include "firing/reads.h"
#include "registry/present.h"
#include "watch.h"

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
	return hooks_present_watched == 0;
}

/*
 * Only ri_triggers.c runs queries by SPI without a trigger query level: it
 * looks for rows that refer to one another.
 */
static void
start_read(QueryDesc *query, int eflags)
{
	prev_start(query, eflags);
	if ((eflags & EXEC_FLAG_SKIP_TRIGGERS) != 0 &&
		query->dest->mydest == DestSPI &&
		hooks_present_watches(HOOKS_ON_SELECT))
		hooks_reads_ignore(query);
}

static pg_noinline void
watch_start(QueryDesc *query, int eflags)
{
	HookFailing failing;

	if (!hooks_present_watches(HOOKS_ON_FAILURE))
	{
		start_read(query, eflags);
		return;
	}
	hooks_failing_query(&failing, query);
	PG_TRY();
	{
		start_read(query, eflags);
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
watched_start(QueryDesc *query, int eflags)
{
	if (likely(nothing_to_watch()))
		prev_start(query, eflags);
	else
		watch_start(query, eflags);
}

static void
run_read(HOOKS_RUN_ARGS)
{
	HookRead   *read = NULL;

	if (!ScanDirectionIsNoMovement(direction) &&
		hooks_present_watches(HOOKS_ON_SELECT))
		read = hooks_reads_begin(query);
	prev_run(HOOKS_RUN_PASS);
	if (read != NULL)
		hooks_reads_ran(read, query, ScanDirectionIsForward(direction) &&
						(count == 0 || query->estate->es_processed < count));
}

static pg_noinline void
watch_run(HOOKS_RUN_ARGS)
{
	HookFailing failing;

	if (!hooks_present_watches(HOOKS_ON_FAILURE))
	{
		run_read(HOOKS_RUN_PASS);
		return;
	}
	hooks_failing_query(&failing, query);
	PG_TRY();
	{
		run_read(HOOKS_RUN_PASS);
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
watched_run(HOOKS_RUN_ARGS)
{
	if (likely(nothing_to_watch()))
		prev_run(HOOKS_RUN_PASS);
	else
		watch_run(HOOKS_RUN_PASS);
}

static void
finish_read(QueryDesc *query)
{
	prev_finish(query);
	hooks_reads_finish(query);
}

static pg_noinline void
watch_finish(QueryDesc *query)
{
	HookFailing failing;

	if (!hooks_present_watches(HOOKS_ON_FAILURE))
	{
		finish_read(query);
		return;
	}
	hooks_failing_query(&failing, query);
	PG_TRY();
	{
		finish_read(query);
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
watched_finish(QueryDesc *query)
{
	if (likely(nothing_to_watch()))
		prev_finish(query);
	else
		watch_finish(query);
}

/*
 * A COPY of a relation has hooks of its own.
 */
static void
copy_utility(PlannedStmt *plan, const char *sql, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo params,
			 QueryEnvironment *environment, DestReceiver *dest,
			 QueryCompletion *completion)
{
	const CopyStmt *command = (CopyStmt *) plan->utilityStmt;
	HookCopy   *copy = NULL;
	QueryCompletion own = {0};

	if (completion == NULL)
		completion = &own;
	if (IsA(command, CopyStmt) && command->relation != NULL &&
		hooks_present_watches(HOOKS_ON_COPY))
		copy = hooks_copies_begin(command, sql,
								  context == PROCESS_UTILITY_TOPLEVEL);
	prev_utility(plan, sql, read_only_tree, context, params, environment,
				 dest, completion);
	if (copy != NULL)
		hooks_copies_end(copy, completion->nprocessed);
}

/*
 * What a command of the client's runs is the client's, too.
 */
static void
run_utility(PlannedStmt *plan, const char *sql, bool read_only_tree,
			ProcessUtilityContext context, ParamListInfo params,
			QueryEnvironment *environment, DestReceiver *dest,
			QueryCompletion *completion)
{
	bool		client = context == PROCESS_UTILITY_TOPLEVEL;

	if (client)
		hooks_reads_client_command(plan->utilityStmt);
	copy_utility(plan, sql, read_only_tree, context, params, environment,
				 dest, completion);
	if (client)
		hooks_reads_client_command(NULL);
}

static pg_noinline void
watch_utility(PlannedStmt *plan, const char *sql, bool read_only_tree,
			  ProcessUtilityContext context, ParamListInfo params,
			  QueryEnvironment *environment, DestReceiver *dest,
			  QueryCompletion *completion)
{
	HookFailing failing;

	if (!hooks_present_watches(HOOKS_ON_FAILURE))
	{
		run_utility(plan, sql, read_only_tree, context, params, environment,
					dest, completion);
		return;
	}
	hooks_failing_command(&failing, plan->utilityStmt, sql);
	PG_TRY();
	{
		run_utility(plan, sql, read_only_tree, context, params, environment,
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
watched_utility(PlannedStmt *plan, const char *sql, bool read_only_tree,
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
hooks_watch_init(void)
{
	if (!hooks_preload_is_set())
		return;
	prev_start = ExecutorStart_hook ? ExecutorStart_hook :
		standard_ExecutorStart;
	ExecutorStart_hook = watched_start;
	prev_run = ExecutorRun_hook;
	ExecutorRun_hook = watched_run;
	prev_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = watched_finish;
	prev_utility = ProcessUtility_hook;
	ProcessUtility_hook = watched_utility;
	Assert(prev_run != NULL && prev_finish != NULL && prev_utility != NULL);
}
