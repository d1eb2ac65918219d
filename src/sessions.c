/*
 * sessions.c
 *		The first statement of a session: fires the hooks of startup session.
 *
 * They fire in the client's own sessions only: not in parallel workers, those
 * of autovacuum and other background processes, walsenders, nor in a server
 * that was started as postgres --single, which is the last way in.
 *
 * The transaction.  Where nothing has happened in it yet and the first
 * statement is one that needs no snapshot (BEGIN, SET, SHOW), the hooks have a
 * transaction of their own, which is committed before the statement runs, as
 * VACUUM does with its own.  So a client may still choose the isolation level.
 * In a message of several statements, which cannot be committed in between,
 * they wait for the first that needs a snapshot.
 * Any other statement has been parsed and planned by now, and holds locks that
 * must not be given back.  The hooks are part of its transaction then.  If
 * that is rolled back, so is what they did, and they fire again at the next
 * statement.
 *
 *		NEW --first statement--> STARTING --hooks have fired--> STARTED
 *		 ^                           |                             |
 *		 +------- an error ----------+      rolled back -----------+
 *
 * The login event trigger of PostgreSQL 17 would be no better place: it fires
 * for connections that never send a statement, where it fails it ends them,
 * and it would be another mechanism than that of 15 and 16.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "replication/walsender.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/attempt.h"
#include "base/preload.h"
#include "base/settings.h"
#include "firing/starting.h"
#include "registry/present.h"
#include "sessions.h"

typedef enum SessionState
{
	SESSION_STARTED,
	SESSION_STARTING,
	SESSION_NEW
} SessionState;

/* set by _PG_init(), and as the picture above says */
static SessionState session_state = SESSION_STARTED;

/*
 * The nest level of the (sub)transaction in which the hooks fire or have
 * fired; 0 once that is committed, or before.
 */
int			hooks_sessions_level = 0;

static ExecutorStart_hook_type prev_executor_start = NULL;
static ProcessUtility_hook_type prev_process_utility = NULL;

/*
 * A transaction ends.
 */
void
hooks_sessions_end_transaction(bool committed)
{
	if (hooks_sessions_level == 0)
		return;
	session_state = committed ? SESSION_STARTED : SESSION_NEW;
	hooks_sessions_level = 0;
}

/*
 * A subtransaction ends.
 */
void
hooks_sessions_end_subtransaction(int nest_level, bool committed)
{
	if (likely(hooks_sessions_level < nest_level))
		return;
	if (committed)
		hooks_sessions_level = nest_level - 1;
	else
		hooks_sessions_end_transaction(false);
}

/* what hooks_attempt() runs */
typedef struct SessionRun
{
	MemoryContext context;
	HookRun    *run;
} SessionRun;

static void
prepare_session(void *arg)
{
	SessionRun *session = arg;

	session->run = hooks_starting_prepare(HOOK_SESSION, session->context);
}

/*
 * Fires the hooks.  If the registry cannot be read, the session goes on
 * without them.
 */
static void
fire_session(void)
{
	MemoryContext old = CurrentMemoryContext;
	SessionRun	session = {0};
	ErrorData  *error;

	session.context = AllocSetContextCreate(TopTransactionContext,
											"hooks startup",
											ALLOCSET_SMALL_SIZES);
	PushActiveSnapshot(GetTransactionSnapshot());
	error = hooks_attempt(prepare_session, &session);
	if (error != NULL)
		ereport(WARNING,
				(errcode(ERRCODE_HOOK_ERROR),
				 errmsg("hooks on startup do not fire in this session: %s",
						error->message)));
	else
		for (int i = 0; i < session.run->length; i++)
		{
			CHECK_FOR_INTERRUPTS();
			UpdateActiveSnapshotCommandId();
			hooks_starting_call(session.run, &session.run->calls[i]);
		}
	PopActiveSnapshot();
	MemoryContextDelete(session.context);
	MemoryContextSwitchTo(old);
}

/*
 * Is there something to fire for this session?
 */
static bool
may_have_starters(void)
{
	return MyBackendType == B_BACKEND && !am_walsender &&
		IsTransactionState() && hooks_enabled &&
		(hooks_present_kinds() & HOOKS_ON_STARTUP) != 0;
}

/*
 * The first statement is about to run.  "alone": it has done nothing yet.
 */
static pg_noinline void
start_session(bool alone)
{
	MemoryContext context = CurrentMemoryContext;

	if (session_state == SESSION_STARTING)
		return;					/* a statement of a callback */
	if (!may_have_starters())
	{
		session_state = SESSION_STARTED;
		return;
	}
	session_state = SESSION_STARTING;
	hooks_sessions_level = GetCurrentTransactionNestLevel();
	fire_session();
	session_state = SESSION_STARTED;
	if (alone)
	{
		CommitTransactionCommand();
		StartTransactionCommand();
		MemoryContextSwitchTo(context);
	}
}

/*
 * Lets a statement see what the hooks have done: its snapshot is older.
 */
static void
renew_snapshot(Snapshot snapshot)
{
	CommandId	now = GetCurrentCommandId(false);

	if (snapshot != InvalidSnapshot &&
		snapshot->snapshot_type == SNAPSHOT_MVCC)
		snapshot->curcid = Max(snapshot->curcid, now);
}

static pg_noinline void
start_first_query(QueryDesc *query, int eflags)
{
	start_session(false);
	if (session_state == SESSION_STARTED && hooks_sessions_level != 0)
		renew_snapshot(query->snapshot);
	prev_executor_start(query, eflags);
}

static void
sessions_executor_start(QueryDesc *query, int eflags)
{
	if (likely(session_state == SESSION_STARTED))
		prev_executor_start(query, eflags);
	else
		start_first_query(query, eflags);
}

/*
 * Has nothing happened in the transaction yet, but that the client has sent
 * this statement?
 */
static bool
comes_alone(ProcessUtilityContext context)
{
	return context == PROCESS_UTILITY_TOPLEVEL && !IsTransactionBlock() &&
		!IsSubTransaction() && !ActiveSnapshotSet() &&
		!TransactionIdIsValid(GetTopTransactionIdIfAny());
}

/*
 * Does a SET make another role of who has come?
 */
static bool
changes_role(const VariableSetStmt *command)
{
	return command->name != NULL &&
		(pg_strcasecmp(command->name, "role") == 0 ||
		 pg_strcasecmp(command->name, "session_authorization") == 0);
}

/*
 * Do the hooks wait for the next statement?  They do for those that begin and
 * end transactions.  In a transaction that they cannot commit, as that of a
 * message with several statements, they also do for SET and SHOW: a SET
 * TRANSACTION may follow, which is too late once the hooks have a snapshot.
 */
static bool
comes_before(const Node *command, bool alone)
{
	if (IsA(command, TransactionStmt))
		return !alone ||
			(((TransactionStmt *) command)->kind != TRANS_STMT_BEGIN &&
			 ((TransactionStmt *) command)->kind != TRANS_STMT_START);
	return !alone && (IsA(command, VariableShowStmt) ||
					  (IsA(command, VariableSetStmt) &&
					   !changes_role((const VariableSetStmt *) command)));
}

static pg_noinline void
process_first_utility(PlannedStmt *plan, const char *sql,
					  bool read_only_tree, ProcessUtilityContext context,
					  ParamListInfo params, QueryEnvironment *environment,
					  DestReceiver *dest, QueryCompletion *completion)
{
	bool		alone = comes_alone(context);

	if (!comes_before(plan->utilityStmt, alone))
	{
		start_session(alone);
		if (session_state == SESSION_STARTED && hooks_sessions_level != 0 &&
			ActiveSnapshotSet())
			renew_snapshot(GetActiveSnapshot());
	}
	prev_process_utility(plan, sql, read_only_tree, context, params,
						 environment, dest, completion);
}

static void
sessions_process_utility(PlannedStmt *plan, const char *sql,
						 bool read_only_tree, ProcessUtilityContext context,
						 ParamListInfo params, QueryEnvironment *environment,
						 DestReceiver *dest, QueryCompletion *completion)
{
	if (likely(session_state == SESSION_STARTED))
		prev_process_utility(plan, sql, read_only_tree, context, params,
							 environment, dest, completion);
	else
		process_first_utility(plan, sql, read_only_tree, context, params,
							  environment, dest, completion);
}

/*
 * Puts these hooks around all others of ours.  From _PG_init() only, after
 * hooks_failures_init().
 */
void
hooks_sessions_init(void)
{
	if (!hooks_preload_was_early())
		return;
	session_state = SESSION_NEW;
	prev_executor_start = ExecutorStart_hook ? ExecutorStart_hook :
		standard_ExecutorStart;
	ExecutorStart_hook = sessions_executor_start;
	prev_process_utility = ProcessUtility_hook ? ProcessUtility_hook :
		standard_ProcessUtility;
	ProcessUtility_hook = sessions_process_utility;
}
