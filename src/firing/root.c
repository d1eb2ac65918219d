/*
 * root.c
 *		Which part of a statement changed a row.
 *
 * A statement has a part for each table that it names as a target: one, and
 * one for each query in WITH that changes something.  All parts are one
 * command, so a row does not tell which of them changed it; its table does,
 * together with what happened to it.  Where several parts could have done it,
 * what they have in common is known: both parts of
 *		WITH x AS (DELETE FROM a WHERE id = 1) DELETE FROM a WHERE id = 2
 * delete from a.
 *
 * The queries that rules make of one statement are statements of their own.
 */
#include "postgres.h"

#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "base/ancestors.h"
#include "firing/root.h"
#include "registry/word.h"

static Oid
relation_of(const PlannedStmt *plan, Index rti)
{
	return rt_fetch(rti, plan->rtable)->relid;
}

/*
 * Can what a part does to a table be this event?  CMD_UNKNOWN: an update or
 * delete.  A row that an UPDATE moves to another partition is deleted from one
 * and inserted into the other.
 */
static bool
is_cause(const ModifyTable *part, CmdType event, bool moves)
{
	if (part->operation == CMD_MERGE || part->operation == event)
		return true;
	switch (part->operation)
	{
		case CMD_INSERT:
			return event != CMD_DELETE &&
				part->onConflictAction == ONCONFLICT_UPDATE;
		case CMD_UPDATE:
			return event == CMD_UNKNOWN || moves;
		case CMD_DELETE:
			return event == CMD_UNKNOWN;
		default:
			return false;
	}
}

/*
 * Can a part have changed a row of the table?  Where it deletes or updates,
 * the plan has all tables in which it looks for rows; where it inserts, the
 * partitions that it may put rows into are known by what they are part of.
 */
static bool
reaches(const PlannedStmt *plan, const ModifyTable *part, Oid relid,
		CmdType event)
{
	Oid			named = relation_of(plan, part->nominalRelation);
	ListCell   *lc;

	if (relid == named)
		return true;
	foreach(lc, part->resultRelations)
	{
		if (relation_of(plan, lfirst_int(lc)) == relid)
			return true;
	}
	if (part->operation == CMD_DELETE ||
		(part->operation == CMD_UPDATE && event != CMD_INSERT))
		return false;
	return list_member_oid(hooks_ancestors_of(relid), named);
}

static void
add_part(const PlannedStmt *plan, const ModifyTable *part, bool first,
		 HookRoot *root)
{
	HookRoot	of_part =
	{relation_of(plan, part->nominalRelation), part->operation};

	if (first)
		*root = of_part;
	else
		hooks_root_join(root, &of_part);
}

/*
 * The parts of a statement, of ModifyTable.
 */
List *
hooks_root_parts(const PlannedStmt *plan)
{
	List	   *parts = NIL;
	ListCell   *lc;

	if (IsA(plan->planTree, ModifyTable))
		parts = list_make1(plan->planTree);
	foreach(lc, plan->subplans)
	{
		if (lfirst(lc) != NULL && IsA(lfirst(lc), ModifyTable))
			parts = lappend(parts, lfirst(lc));
	}
	return parts;
}

/*
 * The table that a statement itself names as its target, not one in its WITH;
 * InvalidOid if it has none.
 */
Oid
hooks_root_target(const PlannedStmt *plan)
{
	if (!IsA(plan->planTree, ModifyTable))
		return InvalidOid;
	return relation_of(plan,
					   ((ModifyTable *) plan->planTree)->nominalRelation);
}

/*
 * What all parts of a statement have in common.
 */
void
hooks_root_of_plan(const PlannedStmt *plan, HookRoot *root)
{
	List	   *parts = hooks_root_parts(plan);
	ListCell   *lc;

	memset(root, 0, sizeof(HookRoot));
	foreach(lc, parts)
	{
		add_part(plan, lfirst(lc), lc == list_head(parts), root);
	}
	list_free(parts);
}

static bool
find_part(const PlannedStmt *plan, Oid relid, CmdType event, bool of_row,
		  HookRoot *root)
{
	List	   *parts = hooks_root_parts(plan);
	bool		found = false;
	ListCell   *lc;

	memset(root, 0, sizeof(HookRoot));
	foreach(lc, parts)
	{
		ModifyTable *part = lfirst(lc);

		if (!is_cause(part, event, of_row && get_rel_relispartition(relid)) ||
			!(of_row ? reaches(plan, part, relid, event) :
			  relation_of(plan, part->nominalRelation) == relid))
			continue;
		add_part(plan, part, !found, root);
		found = true;
	}
	list_free(parts);
	return found;
}

/*
 * The action of a command; 0 if it is none, as MERGE itself and DO NOTHING.
 */
static int
action_bit(CmdType command)
{
	switch (command)
	{
		case CMD_INSERT:
			return HOOK_INSERT;
		case CMD_UPDATE:
			return HOOK_UPDATE;
		case CMD_DELETE:
			return HOOK_DELETE;
		default:
			return 0;
	}
}

/*
 * What a part of a statement may do to rows, as bits of HookAction.
 */
int
hooks_root_actions_of_part(const ModifyTable *part)
{
	int			actions = action_bit(part->operation);
	ListCell   *lc;
	ListCell   *cell;

	if (part->onConflictAction == ONCONFLICT_UPDATE)
		actions |= HOOK_UPDATE;
	foreach(lc, part->mergeActionLists)
	{
		foreach(cell, (List *) lfirst(lc))
		{
			actions |= action_bit(((MergeAction *) lfirst(cell))->commandType);
		}
	}
	return actions;
}

/*
 * How a part of a statement may insert or update, as bits; 0: it does one of
 * these only.
 */
int
hooks_root_puts_of_part(const ModifyTable *part)
{
	int			actions = hooks_root_actions_of_part(part);

	if (part->operation != CMD_MERGE)
		return part->onConflictAction == ONCONFLICT_UPDATE ? HOOK_UPSERTS : 0;
	return (actions & HOOK_INSERT ? HOOK_MERGE_INSERTS : 0) |
		(actions & HOOK_UPDATE ? HOOK_MERGE_UPDATES : 0);
}

/*
 * How the parts of a statement that can be the cause of an event of the table
 * may insert or update, as bits; 0: none of them may do one or the other.
 */
int
hooks_root_puts(const PlannedStmt *plan, Oid relid, CmdType event, bool of_row)
{
	List	   *parts = hooks_root_parts(plan);
	int			puts = 0;
	ListCell   *lc;

	foreach(lc, parts)
	{
		ModifyTable *part = lfirst(lc);

		if (!(of_row ? reaches(plan, part, relid, event) :
			  relation_of(plan, part->nominalRelation) == relid))
			continue;
		puts |= hooks_root_puts_of_part(part);
	}
	list_free(parts);
	return puts;
}

/*
 * The part of a statement that did something to a row of the table: inserted,
 * updated or deleted it, or, with CMD_UNKNOWN, one of the latter.  False:
 * none.
 */
bool
hooks_root_of_row(const PlannedStmt *plan, Oid relid, CmdType event,
				  HookRoot *root)
{
	return find_part(plan, relid, event, true, root);
}

/*
 * The same of a statement level event of the table, which has those of the
 * parts that name it.
 */
bool
hooks_root_of_table(const PlannedStmt *plan, Oid relid, CmdType event,
					HookRoot *root)
{
	return find_part(plan, relid, event, false, root);
}
