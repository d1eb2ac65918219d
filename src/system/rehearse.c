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
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
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
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "base/argument.h"
#include "base/expression.h"
#include "base/own.h"
#include "base/result.h"
#include "base/wake.h"
#include "firing/commit.h"
#include "firing/stats.h"
#include "firing/trace.h"
#include "firing/written.h"
#include "system/rehearse.h"

/* A firing, noted when it begins */
typedef struct RehearsedFiring
{
	uint64		place;			/* as HookWritten's */
	int			nest_level;		/* of the transaction */
	int			nesting;		/* of firings, as HookFiring's depth */
	bool		pending;		/* it has not ended */
	bool		undone;			/* by the rollback of a subtransaction */
	NameData	hook;
	HookPhase	phase;
	Oid			relation;
	int			depth;
	Oid			constraint;
	HookEnded	ended;
} RehearsedFiring;

/* Lives in the caller's memory, outside of the subtransaction */
typedef struct Rehearsal
{
	HookObserver observer;		/* must be first */
	HookWriting writing;
	MemoryContext context;
	RehearsedFiring *firings;
	Size		nfirings;
	Size		size;
	const char *statement;
	ErrorData  *error;			/* NULL: it would succeed */
} Rehearsal;

/* the innermost one, while its statement runs; NULL if there is none */
static Rehearsal *rehearsal = NULL;

static void
note_begin(HookObserver *observer, const HookFiring *firing)
{
	Rehearsal  *self = (Rehearsal *) observer;
	RehearsedFiring *noted;
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
		self->firings = repalloc_huge(self->firings,
									  sizeof(RehearsedFiring) * self->size);
	}
	noted = &self->firings[self->nfirings++];
	memset(noted, 0, sizeof(RehearsedFiring));
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
	Rehearsal  *self = (Rehearsal *) observer;

	for (Size i = self->nfirings; i > 0; i--)
	{
		RehearsedFiring *noted = &self->firings[i - 1];

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
		RehearsedFiring *noted = &rehearsal->firings[i - 1];

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
is_of_the_caller(const Rehearsal *self)
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
 * The statement, and what it leaves for the commit.
 */
static void
run_statement(const Rehearsal *self)
{
	SPIExecuteOptions options = {0};
	ConstraintsSetStmt *constraints = makeNode(ConstraintsSetStmt);
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
	AfterTriggerSetState(constraints);
	hooks_commit_rehearse();
	hooks_written_step();
}

/*
 * Runs it, keeping its error.
 */
static void
attempt_statement(Rehearsal *self)
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
rehearse(Rehearsal *self)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	HookWakeMark wake = hooks_wake_mark();
	Rehearsal  *outer = rehearsal;

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
		hooks_trace_push(&self->observer);
		attempt_statement(self);
		hooks_trace_pop(&self->observer);
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

/* What is told, in the order in which it happened */
typedef struct RehearsedRow
{
	uint64		place;
	const HookWritten *written; /* one of the two */
	const RehearsedFiring *firing;
} RehearsedRow;

static int
compare_rehearsed(const void *a, const void *b)
{
	const RehearsedRow *one = a;
	const RehearsedRow *other = b;

	return one->place < other->place ? -1 : one->place > other->place;
}

/*
 * Is a table none of users, but a catalog, one of ours, or of large values?
 * One that the statement itself made is gone, and counts.
 */
static bool
is_internal(Oid relid)
{
	return relid < FirstNormalObjectId ||
		get_rel_relkind(relid) == RELKIND_TOASTVALUE ||
		hooks_own_is_member(RelationRelationId, relid);
}

static const char *
outcome_of(const RehearsedFiring *noted)
{
	if (noted->pending)
		return "failed";
	switch (noted->ended.ending)
	{
		case HOOK_ENDED_FAILED:
			return "failed";
		case HOOK_ENDED_VETOED:
			return "vetoed";
		case HOOK_ENDED_LOGGED:
			return noted->undone ? "undone" : "queued";
		default:
			return noted->undone ? "undone" : "fired";
	}
}

enum
{
	REHEARSED_POSITION,
	REHEARSED_DEPTH,
	REHEARSED_KIND,
	REHEARSED_RELATION,
	REHEARSED_CONSTRAINT,
	REHEARSED_HOOK,
	REHEARSED_OUTCOME,
	REHEARSED_ROWS,
	REHEARSED_DURATION,
	REHEARSED_MESSAGE,
	REHEARSED_COLUMNS
};

/*
 * Sets what all rows have; a depth of -1 is NULL, and so is a table or
 * constraint that is not there.
 */
static void
set_common(Datum *values, bool *nulls, int64 position, int depth,
		   const char *kind, Oid relation, Oid constraint,
		   const char *outcome)
{
	memset(nulls, true, REHEARSED_COLUMNS);
	nulls[REHEARSED_POSITION] = nulls[REHEARSED_KIND] =
		nulls[REHEARSED_OUTCOME] = false;
	values[REHEARSED_POSITION] = Int64GetDatum(position);
	nulls[REHEARSED_DEPTH] = depth < 0;
	values[REHEARSED_DEPTH] = Int32GetDatum(depth);
	values[REHEARSED_KIND] = CStringGetTextDatum(kind);
	nulls[REHEARSED_RELATION] = get_rel_relkind(relation) == '\0';
	values[REHEARSED_RELATION] = ObjectIdGetDatum(relation);
	values[REHEARSED_CONSTRAINT] =
		hooks_result_name(OidIsValid(constraint) ?
						  get_constraint_name(constraint) : NULL,
						  &nulls[REHEARSED_CONSTRAINT]);
	values[REHEARSED_OUTCOME] = CStringGetTextDatum(outcome);
}

static void
set_firing(Datum *values, bool *nulls, const RehearsedFiring *noted)
{
	Interval   *duration = palloc0(sizeof(Interval));

	values[REHEARSED_HOOK] = CStringGetTextDatum(NameStr(noted->hook));
	nulls[REHEARSED_HOOK] = false;
	if (!noted->pending)
	{
		values[REHEARSED_ROWS] = Int64GetDatum(noted->ended.rows);
		nulls[REHEARSED_ROWS] = false;
		duration->time = (TimeOffset) (noted->ended.ms * 1000.0);
		values[REHEARSED_DURATION] = PointerGetDatum(duration);
		nulls[REHEARSED_DURATION] = false;
	}
	values[REHEARSED_MESSAGE] =
		hooks_result_text(noted->ended.message, &nulls[REHEARSED_MESSAGE]);
}

static void
set_error(Datum *values, bool *nulls, int64 position, const ErrorData *error)
{
	Oid			schema = error->schema_name == NULL ? InvalidOid :
		get_namespace_oid(error->schema_name, true);
	Oid			relation = error->table_name == NULL || !OidIsValid(schema) ?
		InvalidOid : get_relname_relid(error->table_name, schema);

	set_common(values, nulls, position, -1, "error", relation, InvalidOid,
			   "failed");
	values[REHEARSED_CONSTRAINT] =
		hooks_result_name(error->constraint_name,
						  &nulls[REHEARSED_CONSTRAINT]);
	values[REHEARSED_MESSAGE] =
		hooks_result_text(error->message, &nulls[REHEARSED_MESSAGE]);
}

/*
 * What has happened, sorted: an array and its length.
 */
static RehearsedRow *
collect(const Rehearsal *self, Size *length)
{
	RehearsedRow *rows =
		palloc_extended(sizeof(RehearsedRow) *
						(self->nfirings +
						 hash_get_num_entries(self->writing.written) + 1),
						MCXT_ALLOC_HUGE);
	HASH_SEQ_STATUS status;
	HookWritten *written;
	Size		n = 0;

	hash_seq_init(&status, self->writing.written);
	while ((written = hash_seq_search(&status)) != NULL)
	{
		if (is_internal(written->key.relid))
			continue;
		rows[n].place = written->place;
		rows[n].firing = NULL;
		rows[n++].written = written;
	}
	for (Size i = 0; i < self->nfirings; i++)
	{
		const RehearsedFiring *noted = &self->firings[i];

		if (!noted->pending && noted->ended.ending == HOOK_ENDED_UNCALLED)
			continue;
		rows[n].place = noted->place;
		rows[n].written = NULL;
		rows[n++].firing = noted;
	}
	qsort(rows, n, sizeof(RehearsedRow), compare_rehearsed);
	*length = n;
	return rows;
}

static void
put_rehearsed(const Rehearsal *self, Tuplestorestate *store, TupleDesc desc)
{
	Size		n;
	RehearsedRow *rows = collect(self, &n);
	Datum		values[REHEARSED_COLUMNS];
	bool		nulls[REHEARSED_COLUMNS];

	Assert(desc->natts == REHEARSED_COLUMNS);
	for (Size i = 0; i < n; i++)
	{
		const HookWritten *written = rows[i].written;
		const RehearsedFiring *noted = rows[i].firing;

		CHECK_FOR_INTERRUPTS();
		if (written != NULL)
		{
			set_common(values, nulls, i + 1, written->key.depth,
					   hooks_word_of_action(written->key.action),
					   written->key.relid, written->key.constraint, "done");
			nulls[REHEARSED_ROWS] = written->key.action == HOOK_TRUNCATE;
			values[REHEARSED_ROWS] = Int64GetDatum(written->rows);
			if (nulls[REHEARSED_RELATION])
				values[REHEARSED_MESSAGE] =
					hooks_result_text("of a table that the statement made",
									  &nulls[REHEARSED_MESSAGE]);
		}
		else
		{
			set_common(values, nulls, i + 1, noted->depth,
					   hooks_word_of_phase(noted->phase), noted->relation,
					   noted->constraint, outcome_of(noted));
			set_firing(values, nulls, noted);
		}
		tuplestore_putvalues(store, desc, values, nulls);
	}
	if (self->error != NULL)
	{
		set_error(values, nulls, n + 1, self->error);
		tuplestore_putvalues(store, desc, values, nulls);
	}
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
	Rehearsal	self = {{0}};
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
	self.firings = palloc(sizeof(RehearsedFiring) * self.size);
	rehearse(&self);
	if (self.error != NULL && is_of_the_caller(&self))
		ReThrowError(self.error);
	put_rehearsed(&self, store, desc);
	return (Datum) 0;
}
