/*
 * when.c
 *		The WHEN of our triggers, ready to be evaluated.
 *
 * PostgreSQL reads the text of a trigger's WHEN and plans it anew in each
 * statement, when the first row comes: for a statement of one row this takes
 * several times as long as the call of our function in it.  A session keeps
 * what it has read, so that a statement only makes the state of the
 * expression, as trigger.c would, in the place where trigger.c looks for it.
 *
 * Only calls of our functions with columns are kept.  There is nothing in
 * them to plan, and the text alone says what they do.
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "common/hashfn.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteManip.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/own.h"
#include "firing/when.h"
#include "registry/event.h"

/* of more tables, most may get no row: trigger.c sees to those that do */
#define MAX_TABLES	8

/* A WHEN that was read */
typedef struct KnownWhen
{
	char	   *source;			/* as the catalog has it; NULL: free */
	List	   *quals;			/* the same, with OLD and NEW as the executor
								 * has them */
} KnownWhen;

/*
 * By a hash of the trigger's name and of the text's end, which differs with
 * the length of the table's name.
 * What is in a place stays there, as a running statement may use it; what
 * finds its place taken is left to trigger.c.  In TopMemoryContext.
 */
static KnownWhen known[64];

static bool
is_call_with_columns(const Node *node)
{
	const FuncExpr *call = (const FuncExpr *) node;
	ListCell   *lc;

	if (!IsA(node, FuncExpr) ||
		!hooks_own_is_member(ProcedureRelationId, call->funcid))
		return false;
	foreach(lc, call->args)
	{
		if (!IsA(lfirst(lc), Var))
			return false;
	}
	return true;
}

/*
 * Reads a WHEN into a free place, if it is one of ours.
 */
static void
read_when(KnownWhen *place, const Trigger *trigger)
{
	MemoryContext old;
	Node	   *node;

	if (hooks_event_by_trigger(trigger->tgname) == NULL)
		return;
	node = stringToNode(trigger->tgqual);
	if (!is_call_with_columns(node))
		return;
	ChangeVarNodes(node, PRS2_OLD_VARNO, INNER_VAR, 0);
	ChangeVarNodes(node, PRS2_NEW_VARNO, OUTER_VAR, 0);
	old = MemoryContextSwitchTo(TopMemoryContext);
	place->quals = list_make1(copyObject(node));
	place->source = pstrdup(trigger->tgqual);
	MemoryContextSwitchTo(old);
}

/*
 * A trigger's WHEN; NIL if it is none that is kept.
 */
static List *
find_when(const Trigger *trigger)
{
	int			length = strlen(trigger->tgqual);
	int			tail = Min(length, 24);
	uint32		hash =
		hash_bytes((const unsigned char *) trigger->tgname,
				   strlen(trigger->tgname)) ^
		hash_bytes((const unsigned char *) trigger->tgqual + length - tail,
				   tail);
	KnownWhen  *place = &known[hash % lengthof(known)];

	if (place->source == NULL)
		read_when(place, trigger);
	return place->source != NULL &&
		strcmp(place->source, trigger->tgqual) == 0 ? place->quals : NIL;
}

/*
 * The kind of triggers that a statement fires, as in tgtype; 0 if it may be
 * several.
 */
static int
trigger_kind(CmdType operation)
{
	switch (operation)
	{
		case CMD_INSERT:
			return TRIGGER_TYPE_INSERT;
		case CMD_UPDATE:
			return TRIGGER_TYPE_UPDATE;
		case CMD_DELETE:
			return TRIGGER_TYPE_DELETE;
		default:
			return 0;
	}
}

static void
prepare_table(ResultRelInfo *table, int kind)
{
	const TriggerDesc *triggers = table->ri_TrigDesc;

	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		List	   *quals;

		if (trigger->tgqual == NULL || (trigger->tgtype & kind) == 0 ||
			trigger->tgenabled == TRIGGER_DISABLED ||
			pg_strncasecmp(trigger->tgname, "hooks_", 6) != 0 ||
			table->ri_TrigWhenExprs[i] != NULL)
			continue;
		quals = find_when(trigger);
		if (quals != NIL)
			table->ri_TrigWhenExprs[i] = ExecInitQual(quals, NULL);
	}
}

/*
 * A statement is about to run whose tables may have triggers of ours.
 */
void
hooks_when_prepare(const QueryDesc *query)
{
	EState	   *estate = query->estate;
	int			kind = trigger_kind(query->operation);
	MemoryContext old;
	ListCell   *lc;

	if (kind == 0 || list_length(estate->es_opened_result_relations) >
		MAX_TABLES)
		return;
	old = MemoryContextSwitchTo(estate->es_query_cxt);
	foreach(lc, estate->es_opened_result_relations)
	{
		ResultRelInfo *table = lfirst(lc);

		if (table->ri_TrigDesc != NULL)
			prepare_table(table, kind);
	}
	MemoryContextSwitchTo(old);
}
