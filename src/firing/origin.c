/*
 * origin.c
 *		The referential actions of a cascade: how deep, and by which foreign
 *		key.
 *
 * ri_triggers.c runs a query for each row that others refer to.  It does not
 * say why, but what we need can be seen:
 *
 * - A row that we change keeps the number of the command that did it, its
 *   cmax.  Each query has a number of its own, and later queries have higher
 *   ones.
 * - While the query runs, the row that it follows, its parent, can be found
 *   (parent.c).
 * - trigger.c fires what a level has queued before anything that this queues
 *   in turn.  So the depth of a cascade never falls, and where it rises the
 *   parent is a row that was changed at the depth so far.
 * - The query's text names the referencing columns (key.c).
 *
 * An example: b refers to a and c to b, both ON DELETE CASCADE, and a has two
 * rows, each referred to by one row of b, each referred to by one of c.
 *
 *		WITH x AS (DELETE FROM z) DELETE FROM a
 *
 * is command 5; root.c tells its parts apart.
 *
 *	command	query							parent			so it is
 *	6		DELETE FROM ONLY b ...			row 1 of a,		the first: depth 1,
 *											cmax 5			since command 6
 *	7		DELETE FROM ONLY b ...			row 2 of a,		5 < 6: depth 1
 *											cmax 5
 *	8		DELETE FROM ONLY c ...			row 1 of b,		6 >= 6: depth 2,
 *											cmax 6			since command 8
 *	9		DELETE FROM ONLY c ...			row 2 of b,		7 < 8: depth 2
 *											cmax 7
 *
 * The commands 6 and 7 are one action: same text, depth, and parent.  It is
 * noted for b that from command 6 on its rows are deleted by that action.
 * When an AFTER ROW trigger fires for a row of b, the row's cmax, 6 or 7,
 * leads to it again.  The root is of the part of the statement that changes a:
 * its rows have the statement's own cmax.  For the query on c the parent's
 * cmax, 6, leads to the action on b, whose root it has; this is looked for
 * only where the parts of a statement do not do the same to the same table.
 *
 * The foreign key is not looked up until somebody asks.  An action costs a
 * look at one slot, mostly (parent.c), and one into a hash table, if it is not
 * the one before.
 *
 * Everything is in the executor's memory of the level's statement and goes
 * with it, whether by its end or by an abort.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "executor/executor.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/ancestors.h"
#include "firing/key.h"
#include "firing/origin.h"
#include "firing/parent.h"

/* From this command on, rows of a table were changed by this action */
typedef struct HookKeySpan
{
	CommandId	since;
	HookKeyAction *action;
} HookKeySpan;

/* Which commands of a cascade changed a table, or its partitions, and why */
typedef struct HookKeyHistory
{
	int			used;
	int			size;
	HookKeySpan *spans;			/* ascending; mostly one */
} HookKeyHistory;

/* A table that the actions of a cascade change, or somebody asked for */
typedef struct HookKeyTable
{
	Oid			relid;
	HookKeyAction *actions;		/* that name it, newest first */
	HookKeyHistory *history;	/* of its tree; NULL: not looked for yet */
	HookKeys   *keys;			/* NULL: not looked for yet */
} HookKeyTable;

typedef struct TableEntry
{
	Oid			relid;
	char		status;			/* for simplehash.h */
	HookKeyTable *table;
} TableEntry;

#define SH_PREFIX tables
#define SH_ELEMENT_TYPE TableEntry
#define SH_KEY_TYPE Oid
#define SH_KEY relid
#define SH_HASH_KEY(hash, key) murmurhash32(key)
#define SH_EQUAL(hash, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct ActionEntry
{
	const HookKeyAction *action;
	uint32		hash;
	char		status;			/* for simplehash.h */
} ActionEntry;

static inline bool
is_same_action(const HookKeyAction *a, const HookKeyAction *b)
{
	return a->table == b->table && a->parent == b->parent &&
		a->depth == b->depth && a->root.relation == b->root.relation &&
		a->root.operation == b->root.operation &&
		strcmp(a->sql, b->sql) == 0;
}

static inline uint32
hash_action(const HookKeyAction *action)
{
	return hash_combine(hash_combine(murmurhash32(action->parent),
									 action->depth),
						hash_bytes((const unsigned char *) action->sql,
								   strlen(action->sql)));
}

#define SH_PREFIX actions
#define SH_ELEMENT_TYPE ActionEntry
#define SH_KEY_TYPE const HookKeyAction *
#define SH_KEY action
#define SH_HASH_KEY(table, key) hash_action(key)
#define SH_EQUAL(table, a, b) is_same_action(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static HookKeyTable *
new_key_table(MemoryContext context, Oid relid)
{
	HookKeyTable *table =
		MemoryContextAllocZero(context, sizeof(HookKeyTable));

	table->relid = relid;
	return table;
}

static HookKeyTable *
get_key_table(HookCascade *cascade, Oid relid)
{
	bool		found;
	TableEntry *entry;

	if (cascade->tables == NULL)
		cascade->tables = tables_create(cascade->context, 8, NULL);
	entry = tables_insert(cascade->tables, relid, &found);
	if (!found)
		entry->table = new_key_table(cascade->context, relid);
	return entry->table;
}

/*
 * What happened to a table's rows in the cascade, which all tables of a tree
 * of partitions have in common.
 */
static HookKeyHistory *
get_history(HookCascade *cascade, HookKeyTable *table)
{
	if (unlikely(table->history == NULL))
	{
		HookKeyTable *tree =
			get_key_table(cascade, hooks_ancestors_top(table->relid));

		if (tree->history == NULL)
			tree->history = MemoryContextAllocZero(cascade->context,
												   sizeof(HookKeyHistory));
		table->history = tree->history;
	}
	return table->history;
}

static HookKeyAction *
copy_action(MemoryContext context, const HookKeyAction *action)
{
	HookKeyAction *copy = MemoryContextAlloc(context, sizeof(HookKeyAction));

	*copy = *action;
	copy->sql = MemoryContextStrdup(context, action->sql);
	return copy;
}

/*
 * The one of the cascade's actions that is the same as this; a copy, if there
 * was none.
 */
static inline HookKeyAction *
get_action(HookCascade *cascade, const HookKeyAction *action)
{
	HookKeyAction *copy;
	ActionEntry *entry;
	bool		found;

	if (cascade->last != NULL && is_same_action(cascade->last, action))
		return cascade->last;
	if (cascade->actions == NULL)
		cascade->actions = actions_create(cascade->context, 8, NULL);
	entry = actions_insert(cascade->actions, action, &found);
	if (found)
		return unconstify(HookKeyAction *, entry->action);
	copy = copy_action(cascade->context, action);
	copy->next = copy->table->actions;
	copy->table->actions = copy;
	entry->action = copy;
	return copy;
}

/*
 * Notes that a command changes rows for an action.
 */
static void
note_command(HookCascade *cascade, HookKeyAction *action, CommandId command)
{
	HookKeyHistory *history = get_history(cascade, action->table);
	Size		size;

	Assert(history->used == 0 ||
		   history->spans[history->used - 1].since <= command);
	if (history->used > 0 &&
		history->spans[history->used - 1].action == action)
		return;
	if (history->used == history->size)
	{
		history->size = Max(history->size * 2, 4);
		size = sizeof(HookKeySpan) * history->size;
		if (history->spans == NULL)
			history->spans = MemoryContextAlloc(cascade->context, size);
		else
			history->spans = repalloc_huge(history->spans, size);
	}
	history->spans[history->used].since = command;
	history->spans[history->used].action = action;
	history->used++;
}

/*
 * What the level's statement did in the first place to the row that an action
 * follows, or to one that this follows in turn.
 */
static HookRoot
root_of_parent(HookCascade *cascade, const QueryDesc *level,
			   const HookParentRow *parent, const QueryDesc *query)
{
	HookRoot	root = cascade->root;

	if (hooks_root_is_known(&root) || !parent->known)
		return root;
	if (parent->changed == level->estate->es_output_cid)
		hooks_root_of_row(level->plannedstmt, parent->relid,
						  hooks_key_event(query->sourceText, query->operation),
						  &root);
	else
	{
		const HookKeyAction *source =
			hooks_origin_of_command(cascade, parent->relid,
									parent->changed);

		if (source != NULL)
			root = source->root;
	}
	return root;
}

/*
 * A query of ri_triggers.c begins: which action is it?  The cascade is that of
 * the level's statement; if that was not seen, NULL, and the action is of
 * unknown depth and lives as long as the query.
 */
HookKeyAction *
hooks_origin_begin(HookCascade *cascade, const QueryDesc *level,
				   const QueryDesc *query)
{
	CommandId	command = query->estate->es_output_cid;
	Oid			relid = hooks_root_target(query->plannedstmt);
	HookParentRow parent = {false};
	HookKeyAction action = {0};

	Assert(cascade == NULL || level != NULL);
	action.sql = query->sourceText;
	action.operation = query->operation;
	action.depth = HOOK_DEPTH_UNKNOWN;
	if (cascade == NULL)
	{
		action.table = new_key_table(query->estate->es_query_cxt, relid);
		return copy_action(query->estate->es_query_cxt, &action);
	}

	hooks_parent_find(level->estate, &cascade->place, &parent);
	if (cascade->depth == 0)
	{
		cascade->depth = 1;
		cascade->since = command;
		hooks_root_of_plan(level->plannedstmt, &cascade->root);
	}
	else if (!parent.known)
		cascade->depth = HOOK_DEPTH_UNKNOWN;	/* from here on */
	else if (cascade->depth != HOOK_DEPTH_UNKNOWN &&
			 parent.changed >= cascade->since)
	{
		cascade->depth++;
		cascade->since = command;
	}

	action.table = cascade->last != NULL &&
		cascade->last->table->relid == relid ?
		cascade->last->table : get_key_table(cascade, relid);
	action.parent = parent.relid;
	action.depth = cascade->depth;
	action.root = root_of_parent(cascade, level, &parent, query);
	cascade->last = get_action(cascade, &action);
	cascade->last->pending = true;
	note_command(cascade, cascade->last, command);
	return cascade->last;
}

/*
 * The foreign key whose action it is; InvalidOid if that cannot be told.
 */
Oid
hooks_origin_constraint(HookKeyAction *action)
{
	HookKeyTable *table = action->table;

	if (action->resolved || !OidIsValid(table->relid))
		return action->constraint;
	if (table->keys == NULL)
		table->keys =
			hooks_key_list(table->relid, GetMemoryChunkContext(table));
	action->constraint = hooks_key_of_query(table->keys, action->sql,
											action->operation, action->parent);
	action->resolved = true;
	return action->constraint;
}

/*
 * The origin of an action's rows.
 */
void
hooks_origin_of_action(HookKeyAction *action, HookOrigin *origin)
{
	origin->depth = action->depth;
	origin->constraint = hooks_origin_constraint(action);
	origin->root = action->root;
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
	hooks_root_join(&origin->root, &action->root);
}

/*
 * The action whose query was this command, and changed rows of the table; NULL
 * if it was none of the cascade's.
 */
HookKeyAction *
hooks_origin_of_command(HookCascade *cascade, Oid relid, CommandId command)
{
	HookKeyHistory *history =
		get_history(cascade, get_key_table(cascade, relid));
	int			low = 0;
	int			high = history->used;

	/* the last step that is not after the command */
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (history->spans[middle].since <= command)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? history->spans[low - 1].action : NULL;
}

/*
 * The origin of what an AFTER STATEMENT event of a table is about; to be asked
 * once, when it fires.  own: the level's statement may have queued one itself,
 * with this root; else NULL.
 *
 * trigger.c keeps one event for a table and operation, moving it to the end,
 * until a trigger with transition tables has fired.  If there is such a
 * trigger for rows (split), what has joined into one event cannot be told.
 * Actions that found no row do not count, unless none did.
 */
void
hooks_origin_of_statement(HookCascade *cascade, Oid relid, CmdType operation,
						  const HookRoot *own, bool split, HookOrigin *origin)
{
	HookKeyTable *table = get_key_table(cascade, relid);
	bool		first = true;
	bool		changed = false;
	HookKeyAction *action;

	for (action = table->actions; action != NULL; action = action->next)
	{
		if (action->operation != operation)
			continue;
		if (action->depth == 0)
			own = NULL;			/* it has fired */
		else if (split)
			return;
		changed |= action->changed;
	}
	if (own != NULL)
	{
		/* the statement's own event, as an action of depth 0 */
		action =
			MemoryContextAllocZero(cascade->context, sizeof(HookKeyAction));
		action->table = table;
		action->operation = operation;
		action->root = *own;
		action->resolved = true;
		action->pending = action->changed = changed = true;
		action->next = table->actions;
		table->actions = action;
	}
	for (action = table->actions; action != NULL; action = action->next)
	{
		if (action->operation != operation || !action->pending)
			continue;
		if (action->changed || !changed)
		{
			if (first)
				hooks_origin_of_action(action, origin);
			else
				hooks_origin_join(origin, action);
			first = false;
		}
		action->pending = action->changed = false;
	}
}
