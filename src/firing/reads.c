/*
 * reads.c
 *		Hooks on select: which relations a statement reads.
 *
 * A statement reads what it needs the right SELECT for: that is in its plan,
 * for a view and the tables below alike, for tables in subqueries, in WITH and
 * in inlined functions, and for what an UPDATE looks at.  Each relation counts
 * once, under the name that the statement gives it: partitions of a
 * partitioned table, and inheritance children, do not.
 *
 * Hooks of phase before fire when the statement first runs, which for a cursor
 * is the first FETCH; those of phase after when it has returned its last row,
 * or is closed before that.  A statement that changes rows is at its end when
 * its triggers have fired.  An error is no end.
 *
 * Not told are: checks and actions of foreign keys, and queries of our own.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "commands/prepare.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "firing/reads.h"
#include "firing/root.h"
#include "firing/statement.h"
#include "registry/present.h"

/*
 * Those that run, or wait for the next FETCH, and whose end hooks are to be
 * told of; and those that are ignored.  They go with their queries' memory,
 * after errors too.
 */
static HookRead *reads = NULL;

/*
 * The text of the query that a command of the client's is about to run, where
 * that is not the command's own text; NULL for none, and once it runs.  In
 * TopMemoryContext: what it is a copy of may go at any time.  After an error
 * it stays until the next command.
 */
static char *awaited = NULL;

/*
 * Adds a relation that a statement reads, once.
 */
static List *
add_relation(List *relations, Oid relid, const Bitmapset *selected)
{
	HookAccessRelation *relation;
	ListCell   *lc;

	foreach(lc, relations)
	{
		relation = lfirst(lc);
		if (relation->relid == relid)
		{
			relation->columns =
				bms_join(relation->columns,
						 hooks_access_columns(relid, selected));
			return relations;
		}
	}
	relation = palloc0(sizeof(HookAccessRelation));
	relation->relid = relid;
	relation->rows = -1;
	relation->columns = hooks_access_columns(relid, selected);
	return lappend(relations, relation);
}

/*
 * The relations that a plan reads and that may have hooks, of
 * HookAccessRelation.
 */
static List *
find_relations(const PlannedStmt *plan)
{
	List	   *relations = NIL;
	ListCell   *lc;

	foreach(lc, hooks_plan_permissions(plan))
	{
		const HookPermission *permission = lfirst(lc);

		if (hooks_permission_is_relation(permission) &&
			(permission->requiredPerms & ACL_SELECT) != 0 &&
			permission->relid >= FirstNormalObjectId &&
			hooks_present_concerns(permission->relid))
			relations = add_relation(relations, permission->relid,
									 permission->selectedCols);
	}
	return relations;
}

/*
 * The memory of a query goes, and its read with it.
 */
static void
unlink_read(void *arg)
{
	HookRead  **link = &reads;

	while (*link != NULL && *link != arg)
		link = &(*link)->older;
	if (*link != NULL)
		*link = (*link)->older;
}

static HookRead *
find_read(const EState *estate)
{
	HookRead   *read = reads;

	while (read != NULL && read->estate != estate)
		read = read->older;
	return read;
}

/*
 * Makes the read of a query that was started.
 */
static HookRead *
make_read(const QueryDesc *query)
{
	MemoryContext context = query->estate->es_query_cxt;
	HookRead   *read = MemoryContextAllocZero(context, sizeof(HookRead));

	read->estate = query->estate;
	read->access.context = context;
	read->unlink.func = unlink_read;
	read->unlink.arg = read;
	MemoryContextRegisterResetCallback(context, &read->unlink);
	read->older = reads;
	reads = read;
	return read;
}

/*
 * Hooks are not told of a query that was started: it looks something up for us
 * or for a foreign key.
 */
void
hooks_reads_ignore(const QueryDesc *query)
{
	if (hooks_present_watched != 0)
		(void) make_read(query);
}

/*
 * The text of the query that a command runs, if it is that of another command;
 * else NULL.
 */
static const char *
find_text_of_query(Node *command)
{
	PreparedStatement *prepared;
	Portal		cursor;

	if (command != NULL && IsA(command, Query))
		command = ((Query *) command)->utilityStmt;
	if (command == NULL)
		return NULL;
	switch (nodeTag(command))
	{
		case T_ExplainStmt:
			return find_text_of_query(((ExplainStmt *) command)->query);
		case T_CreateTableAsStmt:
			return find_text_of_query(((CreateTableAsStmt *) command)->query);
		case T_ExecuteStmt:
			prepared = FetchPreparedStatement(((ExecuteStmt *) command)->name,
											  false);
			return prepared == NULL ? NULL :
				prepared->plansource->query_string;
		case T_FetchStmt:
			cursor = GetPortalByName(((FetchStmt *) command)->portalname);
			return PortalIsValid(cursor) ? cursor->sourceText : NULL;
		default:
			return NULL;
	}
}

/*
 * The client has sent a command, which may run a query; NULL: it is done.
 */
void
hooks_reads_client_command(Node *command)
{
	const char *source = find_text_of_query(command);

	if (awaited != NULL)
		pfree(awaited);
	awaited = NULL;
	if (source != NULL)
		awaited = MemoryContextStrdup(TopMemoryContext, source);
}

/*
 * Is this the query that the client's command runs?  Functions that are called
 * when it is planned come before it, with queries of their own.
 */
static bool
is_awaited(const QueryDesc *query)
{
	if (likely(awaited == NULL) || strcmp(query->sourceText, awaited) != 0)
		return false;
	pfree(awaited);
	awaited = NULL;
	return true;
}

/*
 * Did the client send the text of a query, or the command that runs it?  A
 * cursor that outlives its transaction reads on when that commits.
 */
static bool
is_from_client(const QueryDesc *query)
{
	return is_awaited(query) ||
		(debug_query_string != NULL &&
		 (query->sourceText == debug_query_string ||
		  strcmp(query->sourceText, debug_query_string) == 0)) ||
		(ActivePortal != NULL && ActivePortal->queryDesc == query &&
		 (ActivePortal->cursorOptions & CURSOR_OPT_HOLD) != 0);
}

/*
 * A query is about to run: if it does so for the first time, fires the hooks
 * before.  Returns the read whose end is to be told; NULL if nobody wants to
 * know.
 */
HookRead *
hooks_reads_begin(QueryDesc *query)
{
	bool		from_client = is_from_client(query);
	MemoryContext old;
	List	   *relations;
	HookRead   *read;

	read = find_read(query->estate);
	if (read != NULL)
		return read->access.relations == NIL ? NULL : read;

	/* a parallel worker's part of a query is its leader's */
	if (query->already_executed || query->dest->mydest == DestTupleQueue)
		return NULL;
	old = MemoryContextSwitchTo(query->estate->es_query_cxt);
	relations = find_relations(query->plannedstmt);
	MemoryContextSwitchTo(old);
	if (relations == NIL)
		return NULL;
	read = make_read(query);
	read->access.relations = relations;
	if (ActivePortal != NULL && ActivePortal->queryDesc == query)
		read->portal = ActivePortal;
	read->access.sql = query->sourceText;
	read->access.root_action = query->operation == CMD_SELECT ?
		hooks_word_of_action(HOOK_SELECT) :
		hooks_statement_action_word(query->operation);
	if (query->operation != CMD_SELECT)
		read->access.target = hooks_root_target(query->plannedstmt);
	read->access.caller = GetUserId();
	read->access.sent_by = hooks_access_sent_by(from_client);
	hooks_access_fire(&read->access, HOOK_BEFORE, HOOK_SELECT);
	return read;
}

/*
 * Ends a read, and fires the hooks after.
 *
 * If that is because its portal is being dropped, the callbacks must not drop
 * it once more, nor fetch from it.  After an error the portal has lost its
 * query; as it has failed, an abort takes what it holds.
 */
static void
end_read(HookRead *read)
{
	Portal		portal = read->portal;
	PortalStatus status;

	Assert(read->access.relations != NIL);
	unlink_read(read);
	if (portal == NULL || portal->status == PORTAL_ACTIVE)
	{
		hooks_access_fire(&read->access, HOOK_AFTER, HOOK_SELECT);
		return;
	}
	status = portal->status;
	portal->status = PORTAL_ACTIVE;
	portal->activeSubid = GetCurrentSubTransactionId();
	PG_TRY();
	{
		hooks_access_fire(&read->access, HOOK_AFTER, HOOK_SELECT);
	}
	PG_CATCH();
	{
		MarkPortalFailed(portal);
		PG_RE_THROW();
	}
	PG_END_TRY();
	portal->status = status;
}

/*
 * A query of this read has run, perhaps to its end, which for one that changes
 * rows is later.
 */
void
hooks_reads_ran(HookRead *read, const QueryDesc *query, bool at_end)
{
	read->access.rows += query->estate->es_processed;
	if (at_end && !hooks_statement_is_traced(query))
		end_read(read);
}

/*
 * A query finishes, or is closed before it has returned all rows.
 */
void
hooks_reads_finish(const QueryDesc *query)
{
	HookRead   *read = find_read(query->estate);

	if (read != NULL && read->access.relations != NIL)
		end_read(read);
}
