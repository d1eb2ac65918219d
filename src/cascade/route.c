/*
 * route.c
 *		The ways that a cascade can take from a table.
 *
 * The graph says which foreign keys there are; the triggers of each table that
 * holds rows (reached.c) say which of them are in force in this session, and
 * in which order PostgreSQL carries out their actions: by the byte order of
 * the triggers' names.  A delete goes on to the rows that refer to a deleted
 * one: these are deleted or changed, or they block it.  A change of referenced
 * columns goes on to the rows that refer to them: these are changed, or they
 * block it.
 *
 * A route is about tables, not rows.  It is made before the first row is read,
 * so that tables which the user may not read are refused at once, and tables
 * that lead nowhere are not read at all.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/memutils.h"

#include "cascade/compare.h"
#include "cascade/computed.h"
#include "cascade/reached.h"
#include "cascade/route.h"
#include "cascade/wanted.h"

static void make_doomable(HookRoute *route, HookTable *table);

/*
 * Does a delete of a table's rows lead to rows that the walk must find?
 */
bool
hooks_route_leads(const HookTable *table)
{
	ListCell   *leaf;
	ListCell   *lc;

	foreach(leaf, table->leaves)
	{
		foreach(lc, ((HookLeaf *) lfirst(leaf))->deletes)
		{
			const HookStep *step =
				((HookWay *) lfirst(lc))->steps[HOOK_CAUSE_DELETED];

			if (step != NULL && step->wanted)
				return true;
		}
	}
	return false;
}

/*
 * Can rows leave their partition when a step changes them?
 */
bool
hooks_route_leaves(const HookLeaf *leaf, const HookStep *step)
{
	if (leaf->partition != NULL)
		for (int i = 0; i < leaf->partition->ncolumns; i++)
			if (bms_is_member(leaf->partition_columns[i], step->touched))
				return true;
	return false;
}

/*
 * Does the way's foreign key see a row that leaves its partition as deleted?
 * A key that refers to the partition itself does.  For others it is changed.
 */
bool
hooks_route_is_left(const HookLeaf *leaf, const HookWay *way)
{
	return way->key->referenced == leaf->relid;
}

static HookStep *get_route_step(HookRoute *route, const HookWay *way,
								HookCause cause);

/*
 * The way on from rows of a table that are deleted.
 */
static void
make_deletes(HookRoute *route, HookTable *table, HookWay *way)
{
	way->steps[HOOK_CAUSE_DELETED] =
		get_route_step(route, way, HOOK_CAUSE_DELETED);
	if (way->steps[HOOK_CAUSE_DELETED] != NULL)
		hooks_reached_need(table->tree, way->keys, way->key->nkeys);
}

/*
 * What happens to a row that a step changes.  What is computed from NULL need
 * not be NULL.
 */
HookCause
hooks_route_cause(const HookStep *step)
{
	return step->effect == HOOK_EFFECT_SET_NULL && !step->computes ?
		HOOK_CAUSE_NULLED : HOOK_CAUSE_DEFAULTED;
}

/*
 * Adds the ways on from the rows that a step changes.
 */
static void
make_changeable(HookRoute *route, HookStep *step)
{
	HookTable  *table = step->table;
	HookCause	cause = hooks_route_cause(step);
	ListCell   *cell;
	ListCell   *lc;

	table->tree->changes = lappend(table->tree->changes, step);
	foreach(cell, table->leaves)
	{
		const HookLeaf *leaf = lfirst(cell);
		bool		leaves = hooks_route_leaves(leaf, step);

		if (leaves)
			hooks_reached_need(table->tree, leaf->partition_columns,
							   leaf->partition->ncolumns);
		foreach(lc, leaf->deletes)
		{
			if (leaves && hooks_route_is_left(leaf, lfirst(lc)))
				make_deletes(route, table, lfirst(lc));
		}
		foreach(lc, leaf->updates)
		{
			HookWay    *way = lfirst(lc);

			if (way->steps[cause] != NULL ||
				!bms_overlap(way->columns, step->touched))
				continue;
			way->steps[cause] = get_route_step(route, way, cause);
			if (way->steps[cause] != NULL)
				hooks_reached_need(table->tree, way->keys, way->key->nkeys);
		}
	}
}

/*
 * What an action of a key does to the rows that refer to one.
 */
static HookEffect
effect_of(char action, HookCause cause)
{
	switch (action)
	{
		case FKCONSTR_ACTION_CASCADE:
			return cause == HOOK_CAUSE_DELETED ? HOOK_EFFECT_DELETE :
				cause == HOOK_CAUSE_NULLED ? HOOK_EFFECT_SET_NULL :
				HOOK_EFFECT_SET_DEFAULT;
		case FKCONSTR_ACTION_SETNULL:
			return HOOK_EFFECT_SET_NULL;
		case FKCONSTR_ACTION_SETDEFAULT:
			return HOOK_EFFECT_SET_DEFAULT;
		default:
			return HOOK_EFFECT_BLOCKED;
	}
}

/*
 * The numbers that columns of a step's referencing table have in its tree.
 */
static AttrNumber *
step_numbers(const HookStep *step, const AttrNumber *columns, int n)
{
	return hooks_reached_numbers(step->key->referencing,
								 step->table->tree->root, columns, n);
}

/*
 * Notes which columns of the referencing rows a step changes.
 */
static void
set_changes(HookStep *step)
{
	const HookForeignKey *key = step->key;
	bool		some = step->cause == HOOK_CAUSE_DELETED && key->nset > 0;
	int			n = some ? key->nset : key->nkeys;
	const AttrNumber *columns = some ? key->set : key->referencing_keys;

	step->set = hooks_reached_set(columns, n);
	step->touched = hooks_reached_set(step_numbers(step, columns, n), n);
	hooks_computed_join(step);
}

/*
 * The step for a key and a cause; NULL if its rows are neither wanted nor
 * locked.  Rows are not locked for a check at COMMIT, nor where that would
 * call functions of other roles, which is an error only if they are wanted.
 */
static HookStep *
get_route_step(HookRoute *route, const HookWay *way, HookCause cause)
{
	const HookForeignKey *key = way->key;
	char		action = cause == HOOK_CAUSE_DELETED ? key->on_delete :
		key->on_update;
	HookEffect	effect = effect_of(action, cause);
	bool		wanted;
	bool		deferred;
	HookStep   *step;
	ListCell   *lc;

	foreach(lc, route->steps)
	{
		step = lfirst(lc);
		if (step->key == key && step->cause == cause && !step->recheck)
			return step;
	}
	wanted = hooks_wanted_has(route, key, effect);
	deferred = effect == HOOK_EFFECT_BLOCKED && key->deferred &&
		action == FKCONSTR_ACTION_NOACTION;
	if (!wanted && (deferred || !hooks_compare_allows(key)))
		return NULL;

	step = palloc0(sizeof(HookStep));
	step->key = key;
	step->cause = cause;
	step->effect = effect;
	step->wanted = wanted;
	step->deferred = deferred;
	step->copies = action == FKCONSTR_ACTION_CASCADE &&
		cause != HOOK_CAUSE_DELETED;
	step->number = list_length(route->steps);
	route->steps = lappend(route->steps, step);
	step->no_action = effect == HOOK_EFFECT_BLOCKED ?
		action == FKCONSTR_ACTION_NOACTION :
		action == FKCONSTR_ACTION_SETDEFAULT;
	step->moves = effect == HOOK_EFFECT_SET_DEFAULT ||
		(step->copies && key->nkeys > 1);
	step->table = hooks_reached_get(route, key->referencing);
	step->keys = step_numbers(step, key->referencing_keys, key->nkeys);
	if (effect == HOOK_EFFECT_DELETE)
		make_doomable(route, step->table);
	else if (effect != HOOK_EFFECT_BLOCKED)
	{
		set_changes(step);
		make_changeable(route, step);
	}
	Assert((step->set != NULL) == (effect == HOOK_EFFECT_SET_NULL ||
								   effect == HOOK_EFFECT_SET_DEFAULT));
	return step;
}

/*
 * Adds the ways on from deleted rows of a table.
 */
static void
make_doomable(HookRoute *route, HookTable *table)
{
	ListCell   *leaf;
	ListCell   *lc;

	if (table->doomable)
		return;
	check_stack_depth();
	table->doomable = true;
	foreach(leaf, table->leaves)
	{
		foreach(lc, ((HookLeaf *) lfirst(leaf))->deletes)
		{
			make_deletes(route, table, lfirst(lc));
		}
	}
}

/*
 * The route of a delete that begins with rows of the given tables: to one
 * target or, with InvalidOid, everywhere.  running: that of a running delete,
 * which has all other steps, too, as far as their rows can be locked.  If not,
 * it leads also to rows that would block the delete.  In the current memory
 * context.
 */
HookRoute *
hooks_route_make(List *tables, Oid target, bool running)
{
	HookRoute  *route = palloc0(sizeof(HookRoute));
	ListCell   *lc;

	Assert(tables != NIL);
	route->context = CurrentMemoryContext;
	route->graph = hooks_graph_pin(CurrentMemoryContext);
	route->running = running;
	if (OidIsValid(target))
		hooks_wanted_find(route, target);
	foreach(lc, tables)
	{
		make_doomable(route, hooks_reached_get(route, lfirst_oid(lc)));
	}
	return route;
}
