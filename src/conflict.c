/*
 * conflict.c
 *		Which steps of a route get into each other's way.
 *
 * A row can meet several steps.  One deletes what another would be blocked by,
 * or changes the columns that another goes by; then the walk has to keep
 * PostgreSQL's order.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "conflict.h"

/*
 * Where columns are among those that the walk reads; -1 for others.
 */
static int *
find_positions(const HookTable *table, const AttrNumber *columns, int n)
{
	int		   *positions = palloc(sizeof(int) * n);

	for (int i = 0; i < n; i++)
	{
		int			position = 0;
		ListCell   *lc;

		positions[i] = -1;
		foreach(lc, table->columns)
		{
			if (lfirst_int(lc) == columns[i])
				positions[i] = position;
			position++;
		}
	}
	return positions;
}

/*
 * A row that a step has changed is not referred to by what it was before.
 * Also notes where the columns of each way are, now that all are known.
 */
static void
find_spoilers_of_ways(HookRoute *route, HookTable *table, List *ways)
{
	ListCell   *lc;
	ListCell   *other;

	foreach(lc, ways)
	{
		HookWay    *way = lfirst(lc);

		way->positions = find_positions(table, way->keys, way->key->nkeys);
		foreach(other, table->changes)
		{
			HookStep   *spoiler = lfirst(other);

			if (!bms_overlap(spoiler->set, way->columns))
				continue;
			way->spoilers = lappend(way->spoilers, spoiler);
			route->ordered = true;
		}
	}
}

/*
 * Does a step change the referenced columns of a key?
 */
static bool
takes_key(const HookStep *step, const HookForeignKey *key)
{
	if (step->set == NULL || step->table->root != hooks_graph_root(key->referenced))
		return false;
	for (int i = 0; i < key->nkeys; i++)
	{
		char	   *name = get_attname(key->referenced, key->referenced_keys[i],
									   false);

		if (bms_is_member(Max(get_attnum(step->table->relid, name), 0), step->set))
			return true;
	}
	return false;
}

/*
 * Which steps interfere with which: a row that one has changed does not refer
 * by another's columns any more.
 */
static void
find_spoilers(HookRoute *route)
{
	ListCell   *lc;
	ListCell   *other;

	foreach(lc, route->steps)
	{
		HookStep   *step = lfirst(lc);
		Bitmapset  *keys = hooks_route_set(step->key->referencing_keys, step->key->nkeys);

		CHECK_FOR_INTERRUPTS();
		step->positions = find_positions(step->table, step->key->referencing_keys,
										 step->key->nkeys);
		foreach(other, step->table->changes)
		{
			HookStep   *spoiler = lfirst(other);

			if (!bms_overlap(spoiler->set, keys))
				continue;
			step->spoilers = lappend(step->spoilers, spoiler);
			if (spoiler != step)
				route->ordered = true;
		}
		foreach(other, route->steps)
			if (takes_key(lfirst(other), step->key))
				step->takers = lappend(step->takers, lfirst(other));
	}
	foreach(lc, route->tables)
	{
		HookTable  *table = lfirst(lc);
		ListCell   *leaf;

		foreach(leaf, table->leaves)
		{
			find_spoilers_of_ways(route, table, ((HookLeaf *) lfirst(leaf))->deletes);
			find_spoilers_of_ways(route, table, ((HookLeaf *) lfirst(leaf))->updates);
		}
	}
}

/*
 * Can rows of a table, in whatever partition, be deleted?
 */
static bool
tree_is_doomable(const HookRoute *route, Oid root)
{
	ListCell   *lc;

	foreach(lc, route->tables)
	{
		HookTable  *table = lfirst(lc);

		if (table->root == root && table->doomable)
			return true;
	}
	return false;
}

/*
 * Can rows that a key refers to be deleted, or lose the key?
 */
static bool
can_lose_key(const HookRoute *route, const HookForeignKey *key)
{
	ListCell   *lc;

	if (tree_is_doomable(route, hooks_graph_root(key->referenced)))
		return true;
	foreach(lc, route->steps)
		if (takes_key(lfirst(lc), key))
			return true;
	return false;
}

/*
 * PostgreSQL looks up every foreign key of a row again that the transaction
 * has made, as it does when it changes one twice (see
 * RI_FKey_fk_upd_check_required() in ri_triggers.c).  That matters for keys
 * whose referenced rows go.
 */
static void
add_rechecks(HookRoute *route)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, route->tables)
	{
		HookTable  *table = lfirst(lc);

		if (table->changes == NIL)
			continue;
		foreach(cell, hooks_graph_from(route->graph, table->relid))
		{
			const HookForeignKey *key = lfirst(cell);
			HookStep   *step;

			if (key->deferred || !key->enforced || !can_lose_key(route, key))
				continue;
			step = palloc0(sizeof(HookStep));
			step->key = key;
			step->effect = HOOK_EFFECT_BLOCKED;
			step->recheck = true;
			step->table = table;
			hooks_route_need(table, key->referencing_keys, key->nkeys);
			table->rechecks = lappend(table->rechecks, step);
			route->steps = lappend(route->steps, step);
			route->ordered = true;
		}
	}
}

/*
 * Is a step the only thing that can happen to the rows of its table, in
 * whatever partition, and the end of its way?
 */
static bool
is_alone(const HookRoute *route, const HookStep *step, List *roots)
{
	ListCell   *lc;

	if (step->recheck || step->table->columns != NIL ||
		step->effect == HOOK_EFFECT_SET_DEFAULT)
		return false;
	foreach(lc, roots)
		if (hooks_graph_root(lfirst_oid(lc)) == step->table->root)
			return false;
	foreach(lc, route->steps)
		if (lfirst(lc) != step &&
			((HookStep *) lfirst(lc))->table->root == step->table->root)
			return false;
	return true;
}

/*
 * Completes a route that begins with the given tables: which steps get into
 * each other's way, and whether it matters which comes first.
 */
void
hooks_conflict_find(HookRoute *route, List *tables)
{
	ListCell   *lc;

	if (route->blocked)
		add_rechecks(route);
	find_spoilers(route);
	foreach(lc, route->steps)
	{
		HookStep   *step = lfirst(lc);

		step->alone = is_alone(route, step, tables);
		/* is the row that blocks gone, or changed, when that is checked? */
		if ((step->effect == HOOK_EFFECT_BLOCKED && !step->deferred &&
			 !step->recheck &&
			 tree_is_doomable(route, step->table->root)) ||
			step->effect == HOOK_EFFECT_SET_DEFAULT)
			route->ordered = true;
	}
}
