/*
 * executor.c
 *		The executor's hooks, and that of utility statements: keep the stack of
 *		running statements.
 *
 * A plain SELECT costs one test.  Statements that queue trigger events are on
 * the stack while they run and while they finish, which is when their triggers
 * and referential actions fire.  An error leaves the stack as it is; the abort
 * that follows it unwinds the stack (transaction.c), which keeps two PG_TRYs
 * out of every statement.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "tcop/utility.h"

#include "base/compat.h"
#include "base/forget.h"
#include "base/settings.h"
#include "ddl/drop_shared.h"
#include "ddl/names.h"
#include "executor.h"
#include "firing/batch.h"
#include "firing/bypass.h"
#include "firing/commit.h"
#include "firing/context.h"
#include "firing/deleted.h"
#include "firing/parent.h"
#include "firing/put.h"
#include "firing/root.h"
#include "firing/statement.h"
#include "firing/trace.h"
#include "firing/truncate.h"
#include "firing/when.h"
#include "firing/written.h"
#include "outbox/work.h"
#include "registry/present.h"

static ExecutorRun_hook_type prev_ExecutorRun = NULL;
static ExecutorFinish_hook_type prev_ExecutorFinish = NULL;
static ProcessUtility_hook_type prev_ProcessUtility = NULL;

/*
 * Can a statement that is about to run queue trigger events?  A referential
 * action can: what it writes to has the triggers of the key.  Its tables are
 * open, also those that queries in WITH change; partitions that rows are
 * routed to may not be.
 */
static inline bool
may_queue_events(const EState *estate)
{
	ListCell   *lc;

	foreach(lc, estate->es_opened_result_relations)
	{
		const ResultRelInfo *table = lfirst(lc);

		if (table->ri_TrigDesc != NULL ||
			table->ri_RelationDesc->rd_rel->relkind ==
			RELKIND_PARTITIONED_TABLE)
			return true;
	}
	return false;
}

static pg_noinline void
run_traced(HOOKS_RUN_ARGS)
{
	HookStatement *statement;

	if (unlikely(hooks_writing != NULL))
		hooks_written_step();
	statement = hooks_statement_push(query);
	hooks_when_prepare(query);
	if (query->estate->es_auxmodifytables != NIL)
		hooks_put_mark(query);
	prev_ExecutorRun(HOOKS_RUN_PASS);
	if (unlikely(hooks_writing != NULL))
	{
		hooks_written_step();
		hooks_written_nothing(query);
	}
	hooks_statement_pop(statement);
}

/*
 * What a SELECT does not need, nor a change of a table without triggers, is in
 * a function of its own, so that this one can jump to the next.
 */
static void
executor_run(HOOKS_RUN_ARGS)
{
	if (hooks_statement_is_traced(query) &&
		(may_queue_events(query->estate) || unlikely(hooks_writing != NULL)))
		run_traced(HOOKS_RUN_PASS);
	else
		prev_ExecutorRun(HOOKS_RUN_PASS);
}

/*
 * Can a table that the statement has written have triggers?  Relations are
 * opened as rows come to them; rows of WITH may still be to be written.
 */
static inline bool
may_have_triggers(const EState *estate)
{
	ListCell   *lc;

	foreach(lc, estate->es_opened_result_relations)
	{
		if (((ResultRelInfo *) lfirst(lc))->ri_TrigDesc != NULL)
			return true;
	}
	return estate->es_auxmodifytables != NIL ||
		estate->es_tuple_routing_result_relations != NIL;
}

/*
 * Can finishing a statement whose tables may have triggers fire one?  It
 * cannot if that is a referential action, whose events wait for the statement
 * around it.
 */
static inline bool
may_fire_triggers(const EState *estate)
{
	return estate->es_auxmodifytables != NIL ||
		(estate->es_top_eflags & EXEC_FLAG_SKIP_TRIGGERS) == 0;
}

static bool
is_table_of(const PlanState *part, const ResultRelInfo *table)
{
	const ModifyTableState *state = (const ModifyTableState *) part;

	return IsA(part, ModifyTableState) &&
		(table == state->rootResultRelInfo ||
		 table->ri_RootResultRelInfo == state->rootResultRelInfo);
}

/*
 * What the part of a statement that writes to a table may do, as bits.
 */
static int
actions_on(const QueryDesc *query, const ResultRelInfo *table)
{
	const Plan *plan = query->plannedstmt->planTree;
	ListCell   *lc;

	foreach(lc, query->estate->es_auxmodifytables)
	{
		if (is_table_of(lfirst(lc), table))
			plan = ((PlanState *) lfirst(lc))->plan;
	}
	return IsA(plan, ModifyTable) ?
		hooks_root_actions_of_part((const ModifyTable *) plan) : 0;
}

/*
 * Counts the hooks that a statement has missed as their triggers are disabled.
 */
static void
count_disabled(const QueryDesc *query, List *relations)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		const ResultRelInfo *table = lfirst(lc);

		if (unlikely(hooks_bypass_is_likely(table->ri_RelationDesc)))
			hooks_bypass_disabled(table->ri_RelationDesc,
								  actions_on(query, table));
	}
}

/*
 * For whoever observes firings, if a client's or function's statement has
 * changed nothing.
 */
static void
tell_no_rows(const QueryDesc *query)
{
	const EState *estate = query->estate;
	ListCell   *lc;

	if (estate->es_processed > 0 || !may_fire_triggers(estate) ||
		estate->es_auxmodifytables != NIL)
		return;
	foreach(lc, estate->es_opened_result_relations)
	{
		hooks_bypass_no_rows(lfirst(lc), actions_on(query, lfirst(lc)));
	}
}

static pg_noinline void
finish_traced(QueryDesc *query)
{
	const EState *estate = query->estate;
	HookStatement *statement = NULL;

	if (may_fire_triggers(estate))
	{
		statement = hooks_statement_push(query);
		if (!statement->referential)
			hooks_parent_clear_slots(query->estate);
	}
	prev_ExecutorFinish(query);
	if (statement != NULL)
	{
		if (hooks_batches != NULL && !statement->referential)
			hooks_batch_check_fired(estate, statement->level);
		if (hooks_deletes != NULL && !statement->referential)
			hooks_deleted_end_statement(statement->level);
		hooks_statement_pop(statement);
	}
	if (hooks_deletes != NULL)
		hooks_deleted_note_writes(estate);
	count_disabled(query, estate->es_opened_result_relations);
	count_disabled(query, estate->es_tuple_routing_result_relations);
	if (unlikely(hooks_observed))
		tell_no_rows(query);
}

/*
 * As executor_run().
 */
static void
executor_finish(QueryDesc *query)
{
	if (hooks_statement_is_traced(query) && may_have_triggers(query->estate))
		finish_traced(query);
	else
		prev_ExecutorFinish(query);
}

/*
 * Runs a command that drops what event triggers do not see.
 */
static void
run_shared_drop(PlannedStmt *plan, const char *sql, bool read_only_tree,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *environment, DestReceiver *dest,
				QueryCompletion *completion)
{
	HookSharedDrop drop;
	bool		told = hooks_drop_shared_begin(&drop, plan->utilityStmt);

	PG_TRY();
	{
		prev_ProcessUtility(plan, sql, read_only_tree, context, params,
							environment, dest, completion);
	}
	PG_FINALLY();
	{
		if (told)
			hooks_drop_shared_end(&drop);
	}
	PG_END_TRY();
}

/*
 * 42501 for SET CONSTRAINTS by who is not to be trusted, as the owner of a
 * hook, a check or a table that is restored: the deferred triggers that the
 * caller has left for the commit would run now, as that role.  Logical
 * replication restricts the triggers of tables, too, and has no caller.
 */
static void
check_set_constraints(void)
{
	if (InSecurityRestrictedOperation() &&
		(hooks_firing != NULL || !IsLogicalWorker()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot set constraints within security-restricted operation")));
}

/*
 * 42501 for a temporary domain, enum, range, function, aggregate or operator
 * by who is not to be trusted.  Temporary types are found before all others,
 * and a function in pg_temp can fit a call of the caller's better than the
 * caller's own.  PostgreSQL itself refuses temporary relations.
 */
static void
check_create(List *name, const char *kind)
{
	char	   *object;

	if (InSecurityRestrictedOperation() &&
		isTempNamespace(QualifiedNameGetCreationNamespace(name, &object)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot create temporary %s within security-restricted operation",
						kind)));
}

/*
 * The same for a range, and the multirange that comes with it.
 */
static void
check_create_range(const CreateRangeStmt *stmt)
{
	ListCell   *lc;

	check_create(stmt->typeName, "type");
	foreach(lc, stmt->params)
	{
		DefElem    *option = lfirst(lc);

		if (strcmp(option->defname, "multirange_type_name") == 0)
			check_create(defGetQualifiedName(option), "type");
	}
}

/*
 * What a command may not do in a security-restricted operation, besides what
 * PostgreSQL refuses.
 */
static void
check_restricted(Node *command)
{
	switch (nodeTag(command))
	{
		case T_ConstraintsSetStmt:
			check_set_constraints();
			break;
		case T_CreateDomainStmt:
			check_create(((CreateDomainStmt *) command)->domainname, "type");
			break;
		case T_CreateEnumStmt:
			check_create(((CreateEnumStmt *) command)->typeName, "type");
			break;
		case T_CreateRangeStmt:
			check_create_range((CreateRangeStmt *) command);
			break;
		case T_CreateFunctionStmt:
			check_create(((CreateFunctionStmt *) command)->funcname,
						 "function");
			break;
		case T_DefineStmt:
			check_create(((DefineStmt *) command)->defnames, "object");
			break;
		default:
			break;
	}
}

/*
 * TRUNCATE and COPY FROM fire triggers too.  CLOSE ALL does not close what
 * waits for the commit.  That roles own what REASSIGN OWNED has given them
 * needs no help of ours, but that hooks.registry shows it.
 *
 * A command that ends the transaction, as a procedure may, lets go of its
 * plan: when it is done, that must not be read any more.
 */
static void
process_utility(PlannedStmt *plan, const char *sql, bool read_only_tree,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *environment, DestReceiver *dest,
				QueryCompletion *completion)
{
	Node	   *command = plan->utilityStmt;
	bool		truncate = IsA(command, TruncateStmt);
	bool		close = IsA(command, ClosePortalStmt);
	bool		copy = IsA(command, CopyStmt) &&
		((CopyStmt *) command)->is_from;
	bool		reassign = IsA(command, ReassignOwnedStmt);
	bool		commit_prepared = IsA(command, TransactionStmt) &&
		((TransactionStmt *) command)->kind == TRANS_STMT_COMMIT_PREPARED;
	bool		explain = IsA(command, ExplainStmt);
	const HookObserver *observer = explain ? hooks_trace_innermost() : NULL;
	HookStatement *copying = NULL;

	if (!IsA(command, TransactionStmt) &&
		GetCommandLogLevel(command) == LOGSTMT_DDL)
		hooks_forget_listen();
	check_restricted(command);
	if (copy)
		copying = hooks_statement_push_copy((CopyStmt *) command, sql);
	if (close)
		hooks_commit_hold();
	if (truncate)
		hooks_truncate_push((TruncateStmt *) command, sql);
	if (unlikely(hooks_drop_shared_is(command)))
		run_shared_drop(plan, sql, read_only_tree, context, params,
						environment, dest, completion);
	else
		prev_ProcessUtility(plan, sql, read_only_tree, context, params,
							environment, dest, completion);
	if (copy)
	{
		hooks_statement_pop(copying);
		hooks_bypass_copied(((CopyStmt *) command)->relation);
	}
	if (truncate)
	{
		hooks_truncate_pop();
		hooks_bypass_truncated((TruncateStmt *) command);
	}
	if (unlikely(explain && hooks_observed))
		hooks_trace_pop_inside(observer);	/* EXPLAIN (HOOKS) has ended */
	if (close)
		hooks_commit_release();
	if (commit_prepared)
		hooks_work_wake_all();
	if (reassign && hooks_present_registry())
		hooks_names_reassigned((ReassignOwnedStmt *) command);
}

/*
 * Puts our hooks in front.  From _PG_init() only.
 */
void
hooks_executor_init(void)
{
	hooks_statement_init();
	prev_ExecutorRun = ExecutorRun_hook ? ExecutorRun_hook :
		standard_ExecutorRun;
	ExecutorRun_hook = executor_run;
	prev_ExecutorFinish = ExecutorFinish_hook ? ExecutorFinish_hook :
		standard_ExecutorFinish;
	ExecutorFinish_hook = executor_finish;
	prev_ProcessUtility = ProcessUtility_hook ? ProcessUtility_hook :
		standard_ProcessUtility;
	ProcessUtility_hook = process_utility;
}
