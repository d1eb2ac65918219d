/*
 * rehearse.c
 *		hooks.rehearse(): runs a statement, tells what has happened, and takes
 *		it back.
 *
 *		subtransaction {
 *			the statement, as the caller: an observer notes its firings
 *				(trace.h), written.c counts the rows
 *			SET CONSTRAINTS ALL IMMEDIATE
 *			hooks of phase before_commit
 *		} rolled back; what was noted is in memory of the caller's
 *
 * Its error is told as a row, unless it says nothing of the statement: a
 * cancel, a deadlock, what cannot be done inside of a function.  Names are
 * looked up after the rollback, as an error leaves no state to do that in.
 *
 * Nothing lasts: hooks.stats, workers that were to be woken, and on_failure
 * hooks are left as they were, too.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/argument.h"
#include "base/expression.h"
#include "base/identity.h"
#include "base/result.h"
#include "base/wake.h"
#include "firing/commit.h"
#include "firing/stats.h"
#include "firing/trace.h"
#include "firing/written.h"
#include "system/rehearse.h"
#include "system/rehearsed.h"

/* the innermost one, while its statement runs; NULL if there is none */
static HookRehearsal *rehearsal = NULL;

static void
note_begin(HookObserver *observer, const HookFiring *firing)
{
	HookRehearsal *self = (HookRehearsal *) observer;
	HookRehearsedFiring *noted;
	HookOrigin	found;
	const HookOrigin *origin;
	Oid			root;
	const char *action;
	const char *sql;

	hooks_written_step();
	origin = hooks_context_find(firing, &found, &root, &action, &sql);
	if (self->nfirings == self->size)
	{
		self->size *= 2;
		self->firings =
			repalloc_huge(self->firings,
						  sizeof(HookRehearsedFiring) * self->size);
	}
	noted = &self->firings[self->nfirings++];
	memset(noted, 0, sizeof(HookRehearsedFiring));
	noted->place = ++self->writing.clock;
	noted->nest_level = GetCurrentTransactionNestLevel();
	noted->nesting = firing->depth;
	noted->pending = true;
	namestrcpy(&noted->hook, firing->subject->hook);
	noted->phase = firing->subject->event->phase;
	noted->relation = firing->subject->relation;
	noted->depth = origin->depth;
	noted->constraint = origin->constraint;
}

/*
 * May be called while an error passes.
 */
static void
note_end(HookObserver *observer, const HookFiring *firing,
		 const HookEnded *ended)
{
	HookRehearsal *self = (HookRehearsal *) observer;

	for (Size i = self->nfirings; i > 0; i--)
	{
		HookRehearsedFiring *noted = &self->firings[i - 1];

		if (!noted->pending || noted->nesting != firing->depth)
			continue;
		noted->pending = false;
		noted->ended = *ended;
		if (ended->message != NULL)
			noted->ended.message = MemoryContextStrdup(self->context,
													   ended->message);
		break;
	}
	if (ended->ending == HOOK_ENDED_WELL)
		hooks_written_step();
}

/*
 * A subtransaction ends: what fired in it is undone, or belongs to the one
 * around it.  An abort does not throw.
 */
void
hooks_rehearse_end_subtransaction(int nest_level, bool commit)
{
	if (likely(rehearsal == NULL) ||
		nest_level <= rehearsal->writing.nest_level)
		return;
	for (Size i = rehearsal->nfirings; i > 0; i--)
	{
		HookRehearsedFiring *noted = &rehearsal->firings[i - 1];

		if (noted->nest_level < nest_level)
			break;
		noted->nest_level = nest_level - 1;
		noted->undone |= !commit;
	}
	hooks_written_end_subtransaction(nest_level, commit);
}

/*
 * Can a command be rehearsed?  What takes part in the transaction, and does
 * nothing with it, with cursors, or with what the session has prepared.
 */
static bool
can_be_rehearsed(const Node *command)
{
	switch (nodeTag(command))
	{
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
		case T_TruncateStmt:
		case T_CallStmt:
		case T_DoStmt:
		case T_ExecuteStmt:
		case T_DropOwnedStmt:
			return true;
		case T_SelectStmt:
			return ((const SelectStmt *) command)->intoClause == NULL;
		case T_CopyStmt:
			return ((const CopyStmt *) command)->is_from &&
				((const CopyStmt *) command)->filename != NULL;
		case T_DropStmt:
			return !((const DropStmt *) command)->concurrent;
		default:
			return false;
	}
}

/*
 * Errors that are the caller's: 42601 for a syntax error, or if it is not one
 * statement; 0A000 for one that cannot be rehearsed.
 */
static void
check_statement(const char *statement)
{
	HookExpressionText source = {statement, 0};
	ErrorContextCallback context =
	{error_context_stack, hooks_expression_point, &source};
	List	   *trees;
	Node	   *command;

	error_context_stack = &context;
	trees = pg_parse_query(statement);
	error_context_stack = context.previous;
	if (list_length(trees) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 trees == NIL ? errmsg("there is no statement to rehearse") :
				 errmsg("cannot rehearse %d statements", list_length(trees)),
				 errhint("hooks.rehearse() takes one statement.")));
	command = linitial_node(RawStmt, trees)->stmt;
	if (!can_be_rehearsed(command))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot rehearse %s",
						GetCommandTagName(CreateCommandTag(command))),
				 errhint("Statements that read or change rows, TRUNCATE, COPY from a file, DROP, CALL, DO and EXECUTE can be rehearsed.")));
	if (XactReadOnly && !IsA(command, SelectStmt))
		PreventCommandIfReadOnly("hooks.rehearse()");
}

/*
 * Does an error say nothing of what the statement does by itself?
 */
static bool
is_of_the_caller(const HookRehearsal *self)
{
	const ErrorData *error = self->error;

	switch (error->sqlerrcode)
	{
		case ERRCODE_T_R_SERIALIZATION_FAILURE:
		case ERRCODE_T_R_DEADLOCK_DETECTED:
		case ERRCODE_ACTIVE_SQL_TRANSACTION:
		case ERRCODE_INVALID_TRANSACTION_TERMINATION:
			return true;
		case ERRCODE_UNDEFINED_PARAMETER:
			return error->internalquery != NULL &&
				strcmp(error->internalquery, self->statement) == 0;
		default:
			return ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
				ERRCODE_OPERATOR_INTERVENTION ||
				ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
				ERRCODE_INSUFFICIENT_RESOURCES;
	}
}

/*
 * Carries out what is deferred, also what the transaction has deferred before.
 * It runs as the role that the session has set, as at the commit: the current
 * one can be the owner of a SECURITY DEFINER function, or of a hook.
 */
static void
run_deferred(void)
{
	HookIdentity before;

	hooks_identity_become(&before, GetOuterUserId(),
						  SECURITY_LOCAL_USERID_CHANGE);
	AfterTriggerSetState(makeNode(ConstraintsSetStmt));
	hooks_identity_end(&before);
}

/*
 * The statement, and what it leaves for the commit.
 */
static void
run_statement(const HookRehearsal *self)
{
	SPIExecuteOptions options = {0};
	int			result;

	/* reset with the subtransaction */
	(void) set_config_option("track_counts", "on", PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	options.dest = CreateDestReceiver(DestNone);
	result = SPI_execute_extended(self->statement, &options);
	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot rehearse the statement: %s",
						SPI_result_code_string(result))));
	SPI_finish();
	CommandCounterIncrement();
	run_deferred();
	hooks_commit_rehearse();
	hooks_written_step();
}

/*
 * Runs it, keeping its error.
 */
static void
attempt_statement(HookRehearsal *self)
{
	PG_TRY();
	{
		run_statement(self);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(self->context);
		self->error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
}

/*
 * Runs it in a subtransaction that is rolled back.
 */
static void
rehearse(HookRehearsal *self)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	HookWakeMark wake = hooks_wake_mark();
	HookRehearsal *outer = rehearsal;

	if (hooks_writing != NULL)
		hooks_written_step();
	hooks_stats_save();
	PG_TRY();
	{
		int			nest_level;

		BeginInternalSubTransaction(NULL);
		nest_level = GetCurrentTransactionNestLevel();
		MemoryContextSwitchTo(context);
		hooks_written_begin(&self->writing);
		rehearsal = self;
		hooks_trace_push(&self->observer);	/* the rollback takes it off */
		attempt_statement(self);
		rehearsal = outer;
		hooks_written_end(&self->writing);
		while (GetCurrentTransactionNestLevel() >= nest_level)
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_FINALLY();
	{
		hooks_stats_restore();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	hooks_wake_go_back(wake);
}

PG_FUNCTION_INFO_V1(hooks_rehearse);

/*
 * hooks.rehearse(statement text) returns setof record
 *
 * Runs one statement as its caller, with deferred constraints and the hooks of
 * phase before_commit, and takes it back.  Returns, in the order in which they
 * happened, the rows that were changed in each table, each firing, and the
 * error with which it would fail.
 *
 * 22004 for NULL; 42601 if it does not parse, or is not one statement; 0A000
 * for a command that cannot be rehearsed; 25006 in a read-only transaction;
 * 42501 in a security-restricted operation.  Cancels, deadlocks, serialization
 * failures and a lack of resources pass.
 */
Datum
hooks_rehearse(PG_FUNCTION_ARGS)
{
	char	   *statement = hooks_argument_text(fcinfo, 0);
	HookRehearsal self = {{0}};
	Tuplestorestate *store;
	TupleDesc	desc;

	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot rehearse a statement within a security-restricted operation")));
	check_stack_depth();
	check_statement(statement);
	store = hooks_result_begin(fcinfo, &desc);

	self.observer.alone = true;
	self.observer.begin = note_begin;
	self.observer.end = note_end;
	self.context = CurrentMemoryContext;
	self.statement = statement;
	self.size = 64;
	self.firings = palloc(sizeof(HookRehearsedFiring) * self.size);
	rehearse(&self);
	if (self.error != NULL && is_of_the_caller(&self))
		ReThrowError(self.error);
	hooks_rehearsed_put(&self, store, desc);
	return (Datum) 0;
}
