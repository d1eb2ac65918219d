/*
 * statement.h
 *		The running statements that can queue trigger events.
 *
 * A trigger query level is what trigger.c opens for each such statement: its
 * AFTER events wait there and fire when it finishes, referential actions and
 * what they queue included.  A referential action runs as a statement of its
 * own, but in the level of the statement that it belongs to.
 */
#ifndef HOOKS_STATEMENT_H
#define HOOKS_STATEMENT_H

#include "postgres.h"

#include "commands/trigger.h"
#include "executor/execdesc.h"
#include "nodes/execnodes.h"
#include "nodes/parsenodes.h"

#include "firing/origin.h"
#include "registry/event.h"

/*
 * The rows of the first of the two events after a put of a table, until the
 * second comes; they belong to trigger.c.
 */
typedef struct HookPutRows
{
	struct HookPutRows *next;	/* of another table */
	Oid			relid;
	TriggerEvent event;
	struct Tuplestorestate *old_table;	/* NULL: it has none */
	struct Tuplestorestate *new_table;	/* NULL: the table cannot have it */
} HookPutRows;

/*
 * A statement of the executor's, or a COPY FROM, which has triggers but no
 * query.
 *
 * As with firings, the records are kept, and the abort that follows an error
 * takes off those that were begun in the (sub)transaction.
 */
typedef struct HookStatement
{
	struct HookStatement *outer;	/* the statement around this one */
	struct HookStatement *inner;	/* kept for the next nested statement */
	QueryDesc  *query;			/* NULL for COPY FROM */
	/* the table that COPY FROM names; only for it */
	Oid			copied;
	const char *sql;			/* its text; only for COPY FROM */
	int			nest_level;		/* of the transaction when it began */
	uint64		level;			/* identifies the trigger query level */
	bool		referential;	/* a referential action's query */
	HookKeyAction *action;		/* which one it is; if referential */
	HookCascade cascade;		/* of the level; if not referential */
	HookPutRows *puts;			/* NULL: none waits */
	/* the row that a MERGE updates, which may move it; of hooks on put */
	Oid			merged_in;		/* its table; InvalidOid: none */
	ItemPointerData merged;
	bool		ours;			/* we run it in somebody's name, as somebody
								 * else; if not referential */
	Oid			caller;			/* who issued it (of the level's statement);
								 * InvalidOid if that was not seen */
} HookStatement;

/*
 * The innermost running statement, NULL if none was seen.  Set by executor.c
 * around each run.
 */
extern HookStatement *hooks_statement;

extern void hooks_statement_init(void);
extern HookStatement *hooks_statement_push(QueryDesc *query);
extern void hooks_statement_set_caller(Oid caller);
extern HookStatement *hooks_statement_push_copy(const CopyStmt *copy,
												const char *sql);
extern void hooks_statement_abort(int nest_level);
extern bool hooks_statement_in_referential_action(void);
extern bool hooks_statement_all_seen(void);
extern Oid	hooks_statement_caller(const HookStatement *statement,
								   const HookOrigin *origin,
								   MemoryContext query_cxt);
extern const PlannedStmt *hooks_statement_root(const HookStatement *statement,
											   MemoryContext query_cxt,
											   const char **sql);
extern List *hooks_statement_written(const PlannedStmt *plan);
extern const char *hooks_statement_action_word(CmdType operation);
extern CmdType hooks_statement_operation(TriggerEvent event);
extern HookCascade *hooks_statement_cascade(HookStatement *statement);
extern bool hooks_statement_is_restricted(void);

/*
 * Can the statement queue trigger events or be a referential action?  A plain
 * SELECT cannot, and PostgreSQL does not open a level for it.
 */
static inline bool
hooks_statement_is_traced(const QueryDesc *query)
{
	return query->operation != CMD_SELECT ||
		query->plannedstmt->hasModifyingCTE;
}

/*
 * The statement whose cascade a statement belongs to: itself, unless it is the
 * query of a referential action.  NULL if that was not seen.
 */
static inline const HookStatement *
hooks_statement_of_cascade(const HookStatement *statement)
{
	while (statement != NULL && statement->referential)
		statement = statement->outer;
	return statement;
}

static inline void
hooks_statement_pop(const HookStatement *statement)
{
	Assert(hooks_statement == statement);
	if (statement->referential && statement->query->estate->es_processed > 0)
		statement->action->changed = true;
	hooks_statement = statement->outer;
}

#endif							/* HOOKS_STATEMENT_H */
