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

#include "access/table.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "compat.h"
#include "event.h"
#include "statement.h"

HookStatement *hooks_statement = NULL;

/* the record of the outermost one; in TopMemoryContext, never freed */
static HookStatement *outermost = NULL;

/* the last level given out; never reset */
static uint64 last_level = 0;

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
 * Makes a statement the innermost one.  The caller pops it when it is done; if
 * it throws, the abort does.
 */
HookStatement *
hooks_statement_push(QueryDesc *query)
{
	HookStatement *statement = hooks_statement == NULL ? outermost :
		hooks_statement->inner;

	if (unlikely(statement == NULL))
		statement = new_statement();
	statement->query = query;
	statement->nest_level = GetCurrentTransactionNestLevel();

	/*
	 * Only ri_triggers.c runs modifying queries without a trigger query level
	 * of their own.
	 */
	statement->referential =
		(query->estate->es_top_eflags & EXEC_FLAG_SKIP_TRIGGERS) != 0;
	if (statement->referential && hooks_statement != NULL)
	{
		statement->level = hooks_statement->level;
		statement->caller = hooks_statement->caller;
	}
	else
	{
		statement->level = ++last_level;
		statement->caller = statement->referential ? InvalidOid : GetUserId();
	}
	hooks_statement = statement;
	return statement;
}

/*
 * The transaction level, and what is nested in it, aborts.
 */
void
hooks_statement_abort(int nest_level)
{
	while (hooks_statement != NULL && hooks_statement->nest_level >= nest_level)
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
 * The statement that the client, or a function's body, issued and whose
 * cascade we are in; NULL if it was not seen.
 */
const HookStatement *
hooks_statement_root(const HookStatement *statement)
{
	while (statement != NULL && statement->referential)
		statement = statement->outer;
	return statement;
}

/*
 * The role that issued the statement.  If it was not seen: the current role,
 * or inside a referential action, which runs as the table's owner, the role
 * that the session has set.
 */
Oid
hooks_statement_caller(const HookStatement *statement)
{
	if (statement != NULL && OidIsValid(statement->caller))
		return statement->caller;
	return InNoForceRLSOperation() ? GetOuterUserId() : GetUserId();
}

/*
 * What a statement does and to which table; false if that is not known.
 */
bool
hooks_statement_target(const HookStatement *statement,
					   Oid *relid, const char **action)
{
	PlannedStmt *plan;

	if (statement == NULL)
		return false;
	plan = statement->query->plannedstmt;
	if (plan->resultRelations == NIL)
		return false;
	*relid = rt_fetch(linitial_int(plan->resultRelations), plan->rtable)->relid;
	switch (statement->query->operation)
	{
		case CMD_INSERT:
			*action = hooks_event_action_word(HOOK_INSERT);
			break;
		case CMD_UPDATE:
			*action = hooks_event_action_word(HOOK_UPDATE);
			break;
		case CMD_DELETE:
			*action = hooks_event_action_word(HOOK_DELETE);
			break;
		default:
			*action = HOOKS_CMD_IS_MERGE(statement->query->operation) ?
				"merge" : "select";
			break;
	}
	return true;
}

/*
 * Is a table, or a partitioned table above it, among those that the statement
 * names as its targets?
 */
bool
hooks_statement_is_target(const HookStatement *statement, Oid relid)
{
	PlannedStmt *plan = statement->query->plannedstmt;
	List	   *relids = list_make1_oid(relid);
	ListCell   *lc;

	if (get_rel_relispartition(relid))
		relids = list_concat(relids, get_partition_ancestors(relid));
	foreach(lc, plan->resultRelations)
		if (list_member_oid(relids,
							rt_fetch(lfirst_int(lc), plan->rtable)->relid))
			return true;
	return false;
}

/*
 * The foreign key whose action a statement carries out, InvalidOid if none or
 * not known.
 *
 * ri_triggers.c does not tell, but its queries are of one form (see the
 * comments in RI_FKey_cascade_del and its siblings):
 *		... WHERE $1 OPERATOR(...) "column" AND $2 OPERATOR(...) "column" ...
 * which names the referencing columns.  Where two foreign keys of the table
 * have the very same columns, neither can be told.
 */
Oid
hooks_statement_constraint(const HookStatement *statement)
{
	Oid			relid;
	const char *action;
	const char *where;
	Oid			found = InvalidOid;
	Relation	rel;
	ListCell   *lc;

	if (statement == NULL || !statement->referential ||
		!hooks_statement_target(statement, &relid, &action))
		return InvalidOid;

	where = statement->query->sourceText;
	for (const char *p = where; p != NULL; p = strstr(p + 1, " WHERE $"))
		where = p;

	rel = table_open(relid, AccessShareLock);
	foreach(lc, RelationGetFKeyList(rel))
	{
		ForeignKeyCacheInfo *fk = (ForeignKeyCacheInfo *) lfirst(lc);
		const char *p = where;
		int			i;

		for (i = 0; i < fk->nkeys && p != NULL; i++)
		{
			StringInfoData column;
			const char *name = get_attname(relid, fk->conkey[i], false);

			initStringInfo(&column);
			appendStringInfoString(&column, ") \"");
			for (; *name != '\0'; name++)
			{
				if (*name == '"')
					appendStringInfoChar(&column, '"');
				appendStringInfoChar(&column, *name);
			}
			appendStringInfoChar(&column, '"');
			p = strstr(p, column.data);
			if (p != NULL)
				p += column.len;
		}
		if (p == NULL || strchr(p, '$') != NULL)
			continue;
		if (OidIsValid(found))
		{
			found = InvalidOid;
			break;
		}
		found = fk->conoid;
	}
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * The text of the statement; if it was not seen, the text that the client
 * sent.  NULL if there is none.
 */
const char *
hooks_statement_text(const HookStatement *statement)
{
	if (statement != NULL && statement->query->sourceText != NULL)
		return statement->query->sourceText;
	return debug_query_string;
}
