/*
 * origin.c
 *		The referential actions of a cascade: how deep, and by which foreign key.
 *
 * ri_triggers.c runs a query for each row that others refer to.  It does not
 * say why, but what we need can be seen:
 *
 * - A row that we change keeps the number of the command that did it, its cmax.
 *   Each query has a number of its own, and later queries have higher ones.
 * - While the query runs, trigger.c has the row that it follows, its parent, in
 *   the slot for old rows of the level's statement.
 * - trigger.c fires what a level has queued before anything that this queues in
 *   turn.  So the depth of a cascade never falls, and where it rises the parent
 *   is a row that was changed at the depth so far.
 * - The query's text names the referencing columns.
 *
 * Nothing is looked up until somebody asks: an action costs a look at the
 * slots and at the actions of its level.  Everything is in the executor's
 * memory of the level's statement and goes with it, whether by its end or by an
 * abort.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "executor/executor.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/combocid.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "origin.h"

/* From this command on, rows of a table were changed by this action */
typedef struct HookStep
{
	CommandId	since;
	HookKeyAction *action;
} HookStep;

/* Which commands of a cascade changed a table, or tree of partitions, and why */
typedef struct HookKeyReach
{
	struct HookKeyReach *next;
	Oid			tree;
	int			used;
	int			size;
	HookStep   *steps;			/* ascending; mostly one */
} HookKeyReach;

/* The row that an action follows */
typedef struct ParentRow
{
	bool		found;
	bool		strange;		/* it may be one of another access method */
	Oid			relid;			/* InvalidOid: it may be of several tables */
	CommandId	changed;		/* the command that changed it */
} ParentRow;

/*
 * Did this transaction delete or update the row version, and by which command?
 */
bool
hooks_origin_changed_by(HeapTupleHeader header, CommandId *command)
{
	if ((header->t_infomask & HEAP_XMAX_INVALID) != 0 ||
		HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) ||
		!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(header)))
		return false;
	*command = HeapTupleHeaderGetCmax(header);
	return true;
}

/*
 * Looks for the parent's row in the slots of some tables.
 *
 * trigger.c empties the slot when an event is done.  What else is in one was
 * left behind while the statement ran: either the statement has changed it, and
 * then no later command can be found there; or it has not, and a later command
 * may yet do so, which is why the level's first action empties such slots.
 */
static inline void
find_parent(List *relations, bool first, CommandId own, ParentRow *parent)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		ResultRelInfo *relation = lfirst(lc);
		TupleTableSlot *slot = relation->ri_TrigOldSlot;
		HeapTupleHeader header;
		CommandId	changed;

		if (slot == NULL || TTS_EMPTY(slot))
			continue;
		if (!TTS_IS_BUFFERTUPLE(slot))
		{
			/* a row that moved between partitions is also here as the root's */
			if (relation->ri_RelationDesc->rd_rel->relkind !=
				RELKIND_PARTITIONED_TABLE)
				parent->strange = true;
			continue;
		}
		header = ExecFetchSlotHeapTuple(slot, false, NULL)->t_data;
		if (!first)
			changed = HeapTupleHeaderGetCmax(header);
		else if (!hooks_origin_changed_by(header, &changed) || changed != own)
		{
			ExecClearTuple(slot);
			continue;
		}
		if (!parent->found || changed > parent->changed)
		{
			parent->found = true;
			parent->changed = changed;
			parent->relid = RelationGetRelid(relation->ri_RelationDesc);
		}
		else if (changed == parent->changed &&
				 parent->relid != RelationGetRelid(relation->ri_RelationDesc))
			parent->relid = InvalidOid;
	}
}

/*
 * The topmost partitioned table above a table; a partition that is being
 * detached has none above it.
 */
static Oid
tree_of(Oid relid)
{
	List	   *ancestors = get_rel_relispartition(relid) ?
		get_partition_ancestors(relid) : NIL;

	return ancestors == NIL ? relid : llast_oid(ancestors);
}

static HookKeyReach *
find_reach(const HookCascade *cascade, Oid tree)
{
	HookKeyReach  *reach = cascade->reaches;

	while (reach != NULL && reach->tree != tree)
		reach = reach->next;
	return reach;
}

static HookKeyAction *
new_action(MemoryContext context, const QueryDesc *query, Oid relid, Oid parent,
		   int depth)
{
	HookKeyAction *action = MemoryContextAllocZero(context, sizeof(HookKeyAction));

	action->text = MemoryContextStrdup(context, query->sourceText);
	action->relid = relid;
	action->operation = query->operation;
	action->parent = parent;
	action->depth = depth;
	return action;
}

/*
 * Notes that a command changes rows for an action.
 */
static void
note_command(HookCascade *cascade, HookKeyAction *action, CommandId command)
{
	HookKeyReach  *reach = action->reach;

	if (unlikely(reach == NULL))
	{
		Oid			tree = tree_of(action->relid);

		reach = find_reach(cascade, tree);
		if (reach == NULL)
		{
			reach = MemoryContextAllocZero(cascade->context, sizeof(HookKeyReach));
			reach->tree = tree;
			reach->size = 4;
			reach->steps = MemoryContextAlloc(cascade->context,
											  sizeof(HookStep) * reach->size);
			reach->next = cascade->reaches;
			cascade->reaches = reach;
		}
		action->reach = reach;
	}
	if (reach->used > 0 && reach->steps[reach->used - 1].action == action)
		return;
	if (reach->used == reach->size)
	{
		reach->size *= 2;
		reach->steps = repalloc_huge(reach->steps,
									 sizeof(HookStep) * reach->size);
	}
	reach->steps[reach->used].since = command;
	reach->steps[reach->used].action = action;
	reach->used++;
}

/*
 * The table that a statement, or a part of it in WITH, names as its target;
 * InvalidOid if it has none.  What it changes may be partitions of that.
 */
Oid
hooks_origin_target(const PlannedStmt *statement, const Plan *part)
{
	if (part == NULL || !IsA(part, ModifyTable))
		return InvalidOid;
	return rt_fetch(((const ModifyTable *) part)->nominalRelation,
					statement->rtable)->relid;
}

/*
 * A query of ri_triggers.c begins: which action is it?  The cascade and the
 * executor's state are those of the level's statement; if that was not seen,
 * NULL, and the action is of unknown depth and lives as long as the query.
 */
HookKeyAction *
hooks_origin_begin(HookCascade *cascade, const EState *level,
				   const QueryDesc *query)
{
	CommandId	command = query->estate->es_output_cid;
	ParentRow	parent = {false, false, InvalidOid, 0};
	Oid			relid = hooks_origin_target(query->plannedstmt,
											query->plannedstmt->planTree);
	bool		first;
	HookKeyAction *action;

	if (cascade == NULL)
		return new_action(query->estate->es_query_cxt, query, relid,
						  InvalidOid, HOOK_DEPTH_UNKNOWN);

	first = cascade->depth == 0;
	find_parent(level->es_opened_result_relations, first,
				level->es_output_cid, &parent);
	find_parent(level->es_tuple_routing_result_relations, first,
				level->es_output_cid, &parent);
	find_parent(level->es_trig_target_relations, first,
				level->es_output_cid, &parent);
	if (parent.strange)
		parent.relid = InvalidOid;
	if (first)
	{
		cascade->depth = 1;
		cascade->since = command;
	}
	else if (!parent.found || parent.strange)
		cascade->depth = HOOK_DEPTH_UNKNOWN;	/* from here on */
	else if (cascade->depth != HOOK_DEPTH_UNKNOWN &&
			 parent.changed >= cascade->since)
	{
		cascade->depth++;
		cascade->since = command;
	}

	for (action = cascade->actions; action != NULL; action = action->next)
		if (action->relid == relid && action->depth == cascade->depth &&
			action->parent == parent.relid &&
			strcmp(action->text, query->sourceText) == 0)
			break;
	if (action == NULL)
	{
		action = new_action(cascade->context, query, relid, parent.relid,
							cascade->depth);
		action->next = cascade->actions;
		cascade->actions = action;
	}
	action->pending = true;
	note_command(cascade, action, command);
	return action;
}

/*
 * Goes on to the next column that a query of ri_triggers.c compares, and copies
 * its name; returns NULL if there is none.  Every comparison has the form
 *		$1 [::cast] OPERATOR(schema.operator) "column" [::cast] [COLLATE ...]
 * and outside of quoted names nothing else has parentheses.
 */
static const char *
next_column(const char *text, char *name)
{
	bool		wanted = false;

	for (; *text != '\0'; text++)
	{
		int			length = 0;

		if (*text == ')')
			wanted = true;
		if (*text != '"')
			continue;
		for (text++; *text != '\0'; text++)
		{
			if (*text == '"' && *++text != '"')
				break;
			if (length < NAMEDATALEN - 1)
				name[length++] = *text;
		}
		name[length] = '\0';
		if (wanted)
			return text;
		text--;					/* it is the character after the name */
	}
	return NULL;
}

/*
 * Does the query compare the columns of the foreign key, in their order?
 */
static bool
compares_columns(const HookKeyAction *action, const ForeignKeyCacheInfo *fk)
{
	const char *text = action->text;
	char		name[NAMEDATALEN];

	for (int i = 0; i < fk->nkeys; i++)
	{
		text = next_column(text, name);
		if (text == NULL ||
			strcmp(name, get_attname(action->relid, fk->conkey[i], false)) != 0)
			return false;
	}
	return next_column(text, name) == NULL;
}

/*
 * What an UPDATE of ri_triggers.c assigns: '$' the new key, 'N'ULL or 'D'EFAULT.
 */
static char
assigned_value(const char *text)
{
	bool		quoted = false;

	for (; *text != '\0'; text++)
	{
		if (*text == '"')
			quoted = !quoted;
		else if (*text == '=' && !quoted)
			return text[1] == ' ' ? text[2] : '\0';
	}
	return '\0';
}

/*
 * Does the foreign key, as it was declared, have such an action on the table?
 */
static bool
acts_like(const HookKeyAction *action, Form_pg_constraint fk)
{
	if (fk->conrelid != action->relid)
		return false;
	if (action->operation == CMD_DELETE)
		return fk->confdeltype == FKCONSTR_ACTION_CASCADE;
	switch (assigned_value(action->text))
	{
		case '$':
			return fk->confupdtype == FKCONSTR_ACTION_CASCADE;
		case 'N':
			return fk->confdeltype == FKCONSTR_ACTION_SETNULL ||
				fk->confupdtype == FKCONSTR_ACTION_SETNULL;
		case 'D':
			return fk->confdeltype == FKCONSTR_ACTION_SETDEFAULT ||
				fk->confupdtype == FKCONSTR_ACTION_SETDEFAULT;
		default:
			return false;
	}
}

/*
 * The foreign key that was declared, on the tables as a whole, if this one was
 * made for partitions of them and the action is one of it; else InvalidOid.
 */
static Oid
declared_constraint(const HookKeyAction *action, Oid constraint)
{
	while (OidIsValid(constraint))
	{
		HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
		Form_pg_constraint form;
		Oid			above;
		bool		alike;

		if (!HeapTupleIsValid(tuple))
			return InvalidOid;
		form = (Form_pg_constraint) GETSTRUCT(tuple);
		above = form->conparentid;
		alike = acts_like(action, form);
		ReleaseSysCache(tuple);
		if (!OidIsValid(above))
			return alike ? constraint : InvalidOid;
		constraint = above;
	}
	return InvalidOid;
}

/*
 * The foreign key whose action it is; InvalidOid if that cannot be told, as
 * several have the same columns, refer to the same table and do the same.
 */
Oid
hooks_origin_constraint(HookKeyAction *action)
{
	Oid			found = InvalidOid;
	Relation	rel;
	ListCell   *lc;

	if (action->resolved || !OidIsValid(action->relid))
		return action->constraint;

	/* a copy, as a look-up may make the relcache build its list anew */
	rel = table_open(action->relid, AccessShareLock);
	foreach(lc, copyObject(RelationGetFKeyList(rel)))
	{
		ForeignKeyCacheInfo *fk = (ForeignKeyCacheInfo *) lfirst(lc);
		Oid			declared;

		if (OidIsValid(action->parent) && fk->confrelid != action->parent)
			continue;
		if (!compares_columns(action, fk))
			continue;
		declared = declared_constraint(action, fk->conoid);
		if (!OidIsValid(declared) || declared == found)
			continue;
		if (OidIsValid(found))
		{
			found = InvalidOid;
			break;
		}
		found = declared;
	}
	table_close(rel, AccessShareLock);
	action->constraint = found;
	action->resolved = true;
	return found;
}

/*
 * Rows of one more action belong to the firing.
 */
void
hooks_origin_join(HookOrigin *origin, HookKeyAction *action)
{
	if (origin->depth != action->depth)
		origin->depth = HOOK_DEPTH_UNKNOWN;
	if (origin->constraint != hooks_origin_constraint(action))
		origin->constraint = InvalidOid;
}

/*
 * The action whose query was this command, and changed rows of the table; NULL
 * if it was none of the cascade's.
 */
HookKeyAction *
hooks_origin_of_command(const HookCascade *cascade, Oid relid, CommandId command)
{
	HookKeyReach  *reach = find_reach(cascade, tree_of(relid));
	int			low = 0;
	int			high = reach != NULL ? reach->used : 0;

	/* the last step that is not after the command */
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (reach->steps[middle].since <= command)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? reach->steps[low - 1].action : NULL;
}

/*
 * The origin of what an AFTER STATEMENT event of a table is about; to be asked
 * once, when it fires.  own: the level's statement may have queued one itself.
 *
 * trigger.c keeps one event for a table and operation, moving it to the end,
 * until a trigger with transition tables has fired.  If there is such a trigger
 * for rows (split), what has joined into one event cannot be told.  Actions that
 * found no row do not count, unless none did.
 */
void
hooks_origin_of_statement(HookCascade *cascade, Oid relid, CmdType operation,
						  bool own, bool split, HookOrigin *origin)
{
	bool		first = true;
	bool		changed = false;
	HookKeyAction *action;

	origin->depth = HOOK_DEPTH_UNKNOWN;
	origin->constraint = InvalidOid;
	for (action = cascade->actions; action != NULL; action = action->next)
	{
		if (action->relid != relid || action->operation != operation)
			continue;
		if (action->depth == 0)
			own = false;		/* it has fired */
		else if (split)
			return;
		changed |= action->changed;
	}
	if (own)
	{
		/* the statement's own event, as an action of depth 0 */
		action = MemoryContextAllocZero(cascade->context, sizeof(HookKeyAction));
		action->relid = relid;
		action->operation = operation;
		action->resolved = true;
		action->pending = action->changed = changed = true;
		action->next = cascade->actions;
		cascade->actions = action;
	}
	for (action = cascade->actions; action != NULL; action = action->next)
	{
		if (action->relid != relid || action->operation != operation ||
			!action->pending)
			continue;
		if (action->changed || !changed)
		{
			if (first)
			{
				origin->depth = action->depth;
				origin->constraint = hooks_origin_constraint(action);
				first = false;
			}
			else
				hooks_origin_join(origin, action);
		}
		action->pending = action->changed = false;
	}
}
