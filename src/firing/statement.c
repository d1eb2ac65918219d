/*
 * statement.c
 *		The running statements that can queue trigger events.
 *
 * Without preload the library arrives in the middle of a session's first
 * statement and does not see that one.  Whoever asks must therefore be content
 * with "not known": the functions here then fall back on what PostgreSQL
 * itself tells, and say so.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "replication/logicalworker.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "base/compat.h"
#include "firing/statement.h"
#include "registry/event.h"

HookStatement *hooks_statement = NULL;

/* the record of the outermost one; in TopMemoryContext, never freed */
static HookStatement *outermost = NULL;

/*
 * Who issues the next statement, if not the current user; see
 * hooks_statement_set_caller().  An abort forgets it.
 */
static Oid	next_caller = InvalidOid;

/* the last level given out; never reset */
static uint64 last_level = 0;

/* statement_timestamp() when the library was loaded; set once */
static TimestampTz loaded_at = 0;

/*
 * Notes when the library is loaded.  From _PG_init() only.
 */
void
hooks_statement_init(void)
{
	loaded_at = GetCurrentStatementStartTimestamp();
}

/*
 * Was the library there before the client's command began?  Then only what is
 * no statement (logical replication's apply) is not seen.
 */
bool
hooks_statement_all_seen(void)
{
	return GetCurrentStatementStartTimestamp() != loaded_at;
}

static HookStatement *
new_statement(void)
{
	HookStatement *statement = MemoryContextAllocZero(TopMemoryContext,
													  sizeof(HookStatement));

	statement->outer = hooks_statement;
	if (hooks_statement == NULL)
		outermost = statement;
	else
		hooks_statement->inner = statement;
	return statement;
}

/*
 * The cascade of a statement's trigger query level, empty to begin with.
 */
HookCascade *
hooks_statement_cascade(HookStatement *statement)
{
	HookCascade *cascade = &statement->cascade;

	Assert(statement->query != NULL && !statement->referential);
	if (cascade->level != statement->level)
	{
		memset(cascade, 0, sizeof(HookCascade));
		cascade->level = statement->level;
		cascade->context = statement->query->estate->es_query_cxt;
	}
	return cascade;
}

static inline HookStatement *
next_statement(QueryDesc *query)
{
	HookStatement *statement = hooks_statement == NULL ? outermost :
		hooks_statement->inner;

	if (unlikely(statement == NULL))
		statement = new_statement();
	statement->query = query;
	statement->nest_level = GetCurrentTransactionNestLevel();
	statement->puts = NULL;
	statement->merged_in = InvalidOid;
	return statement;
}

/*
 * A COPY FROM begins.  The caller pops it when it is done; if it throws, the
 * abort does.
 */
HookStatement *
hooks_statement_push_copy(const CopyStmt *copy, const char *sql)
{
	HookStatement *statement = next_statement(NULL);

	statement->copied = RangeVarGetRelid(copy->relation, NoLock, true);
	statement->sql = sql;
	statement->referential = false;
	statement->level = ++last_level;
	statement->ours = false;
	statement->caller = GetUserId();
	hooks_statement = statement;
	return statement;
}

/*
 * Makes a statement the innermost one.  The caller pops it when it is done; if
 * it throws, the abort does.
 */
HookStatement *
hooks_statement_push(QueryDesc *query)
{
	HookStatement *statement = next_statement(query);

	Assert(query->estate != NULL);

	/*
	 * Only ri_triggers.c runs modifying queries without a trigger query level
	 * of their own.
	 */
	statement->referential =
		(query->estate->es_top_eflags & EXEC_FLAG_SKIP_TRIGGERS) != 0;
	if (!statement->referential)
	{
		statement->level = ++last_level;
		statement->ours = OidIsValid(next_caller);
		statement->caller = statement->ours ? next_caller : GetUserId();
		next_caller = InvalidOid;
	}
	else if (hooks_statement != NULL && hooks_statement->query != NULL)
	{
		statement->level = hooks_statement->level;
		statement->caller = hooks_statement->caller;
		statement->action =
			hooks_origin_begin(hooks_statement_cascade(hooks_statement),
							   hooks_statement->query, query);
	}
	else
	{
		statement->level = ++last_level;
		statement->caller = InvalidOid;
		statement->action = hooks_origin_begin(NULL, NULL, query);
	}
	hooks_statement = statement;
	return statement;
}

/*
 * The next statement is one that we run as somebody else in the name of this
 * role.  InvalidOid, if none came.
 */
void
hooks_statement_set_caller(Oid caller)
{
	next_caller = caller;
}

/*
 * The transaction level, and what is nested in it, aborts.
 */
void
hooks_statement_abort(int nest_level)
{
	next_caller = InvalidOid;
	while (hooks_statement != NULL &&
		   hooks_statement->nest_level >= nest_level)
		hooks_statement = hooks_statement->outer;
}

/*
 * Is the row in hand being changed by a referential action?  Where the
 * statement was not seen, ri_triggers.c's security context tells: nobody else
 * sets that bit.  (It also holds in statements of triggers that the action
 * fires; calling those an action errs on the side of an error.)
 */
bool
hooks_statement_in_referential_action(void)
{
	if (hooks_statement != NULL)
		return hooks_statement->referential;
	return InNoForceRLSOperation();
}

/*
 * The statement that the client sent, if the query with this memory is it.
 *
 * For statements that were not seen.  The memory of a query that a portal runs
 * itself lies in the portal's; that of functions' queries lies elsewhere.
 */
static const PlannedStmt *
statement_of_portal(MemoryContext query_cxt)
{
	PlannedStmt *found = NULL;
	ListCell   *lc;

	if (ActivePortal == NULL ||
		MemoryContextGetParent(query_cxt) != ActivePortal->portalContext)
		return NULL;
	foreach(lc, ActivePortal->stmts)
	{
		PlannedStmt *plan = lfirst_node(PlannedStmt, lc);

		/* EXPLAIN runs a statement of its own, a rule adds some */
		if (plan->commandType == CMD_UTILITY || found != NULL)
			return NULL;
		found = plan;
	}
	return found;
}

/*
 * The role that issued the statement; InvalidOid if that is not known.  origin
 * and query are of the rows and the query for which a trigger fires, in case
 * the statement was not seen.
 */
Oid
hooks_statement_caller(const HookStatement *statement,
					   const HookOrigin *origin,
					   MemoryContext query_cxt)
{
	if (statement != NULL)
		return statement->caller;

	/* a referential action runs as the owner of a table */
	if (InNoForceRLSOperation())
		return InvalidOid;

	if (!HOOKS_AFTER_AS_QUEUED || origin->depth == 0 || !InLocalUserIdChange())
		return GetUserId();

	/*
	 * Here such an action may have queued the event, or a function changed
	 * the role.  The client's own statement is that of the role that it has
	 * set; its portal has no name, as no portal of a function does.
	 */
	if (statement_of_portal(query_cxt) != NULL &&
		ActivePortal->name[0] == '\0')
		return GetOuterUserId();
	return InvalidOid;
}

/*
 * The statement that the client, or a function's body, issued and whose
 * cascade we are in, and its text.  query is the memory of the query whose
 * trigger fires, in case the statement was not seen.
 *
 * If it is not known: NULL, and the text that the client sent, NULL if there
 * is none.  COPY has no plan either, but a text.
 */
const PlannedStmt *
hooks_statement_root(const HookStatement *statement, MemoryContext query_cxt,
					 const char **sql)
{
	const PlannedStmt *plan;

	statement = hooks_statement_of_cascade(statement);
	if (statement != NULL && statement->query == NULL)
	{
		*sql = statement->sql;
		return NULL;
	}
	if (statement != NULL)
	{
		*sql = statement->query->sourceText;
		return statement->query->plannedstmt;
	}
	plan = statement_of_portal(query_cxt);
	*sql = plan != NULL ? ActivePortal->sourceText : debug_query_string;
	return plan;
}

/*
 * How hooks.context() calls what a statement does to its root; NULL: not
 * known.
 */
const char *
hooks_statement_action_word(CmdType operation)
{
	switch (operation)
	{
		case CMD_INSERT:
			return hooks_word_of_action(HOOK_INSERT);
		case CMD_UPDATE:
			return hooks_word_of_action(HOOK_UPDATE);
		case CMD_DELETE:
			return hooks_word_of_action(HOOK_DELETE);
		case CMD_MERGE:
			return "merge";
		default:
			return NULL;
	}
}

/*
 * The tables that a statement writes, and the partitioned ones that it names,
 * in no order.
 */
List *
hooks_statement_written(const PlannedStmt *plan)
{
	List	   *relids = NIL;
	ListCell   *lc;

	foreach(lc, hooks_result_relations(plan))
	{
		relids = lappend_oid(relids,
							 rt_fetch(lfirst_int(lc), plan->rtable)->relid);
	}
	return relids;
}

/*
 * What a trigger's event is in the executor's words.
 */
CmdType
hooks_statement_operation(TriggerEvent event)
{
	return TRIGGER_FIRED_BY_DELETE(event) ? CMD_DELETE :
		TRIGGER_FIRED_BY_UPDATE(event) ? CMD_UPDATE : CMD_INSERT;
}

/*
 * Is the running statement a part of a security-restricted operation, and not
 * one with which nobody's code gets anything done?  Such are our own, as those
 * of restore(), and since PostgreSQL 16 the changes that the worker of a
 * subscription applies as the table's owner, which are no statements.
 */
bool
hooks_statement_is_restricted(void)
{
	const HookStatement *root = hooks_statement_of_cascade(hooks_statement);

	if (!InSecurityRestrictedOperation())
		return false;
	return root == NULL ? !IsLogicalWorker() : !root->ours;
}
