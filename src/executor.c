/*
 * executor.c
 *		The executor's hooks: keep the stack of running statements.
 *
 * A plain SELECT costs one test.  Statements that queue trigger events are on
 * the stack while they run and while they finish, which is when their triggers
 * and referential actions fire.  An error leaves the stack as it is; the abort
 * that follows it unwinds the stack (transaction.c), which keeps two PG_TRYs
 * out of every statement.
 */
#include "postgres.h"

#include "executor/executor.h"

#include "batch.h"
#include "compat.h"
#include "doomed.h"
#include "executor.h"
#include "statement.h"

static ExecutorRun_hook_type prev_ExecutorRun = NULL;
static ExecutorFinish_hook_type prev_ExecutorFinish = NULL;

static void
executor_run(HOOKS_RUN_ARGS)
{
	HookStatement *statement = NULL;

	if (hooks_statement_is_traced(query))
		statement = hooks_statement_push(query);
	if (prev_ExecutorRun)
		prev_ExecutorRun(HOOKS_RUN_PASS);
	else
		standard_ExecutorRun(HOOKS_RUN_PASS);
	if (statement != NULL)
		hooks_statement_pop(statement);
}

/*
 * Can finishing the statement fire a trigger?  It cannot if no table that it
 * has written has any; rows of WITH may still be to be written.
 */
static inline bool
may_fire_triggers(const QueryDesc *query)
{
	const EState *estate = query->estate;
	ListCell   *lc;

	if (estate->es_auxmodifytables != NIL ||
		estate->es_tuple_routing_result_relations != NIL)
		return true;
	foreach(lc, hooks_opened_result_relations(estate))
		if (((ResultRelInfo *) lfirst(lc))->ri_TrigDesc != NULL)
			return true;
	return false;
}

static void
executor_finish(QueryDesc *query)
{
	HookStatement *statement = NULL;

	if (hooks_statement_is_traced(query) && may_fire_triggers(query))
		statement = hooks_statement_push(query);
	if (prev_ExecutorFinish)
		prev_ExecutorFinish(query);
	else
		standard_ExecutorFinish(query);
	if (statement != NULL)
	{
		if (hooks_batches != NULL && !statement->referential)
			hooks_batch_check_fired(query->estate->es_query_cxt,
									statement->level);
		if (hooks_doomed_statements != NULL && !statement->referential)
			hooks_doomed_end_statement(statement->level);
		hooks_statement_pop(statement);
	}
}

/*
 * Puts our hooks in front.  From _PG_init() only.
 */
void
hooks_executor_init(void)
{
	prev_ExecutorRun = ExecutorRun_hook;
	ExecutorRun_hook = executor_run;
	prev_ExecutorFinish = ExecutorFinish_hook;
	ExecutorFinish_hook = executor_finish;
}
