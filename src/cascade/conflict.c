/*
 * conflict.c
 *		Which steps of a route conflict.
 *
 * Several steps can find the same row.  If one deletes a row that blocks
 * another, or changes the columns by which another finds the row, the walk has
 * to keep PostgreSQL's order.  A step that changes the columns by which
 * another one finds a row is a spoiler of that step.  A step that changes the
 * key of a row to which others refer is a taker for the steps of their foreign
 * key.
 */
#include "postgres.h"

#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "base/ancestors.h"
#include "cascade/compare.h"
#include "cascade/conflict.h"
#include "cascade/moved.h"
#include "cascade/reached.h"

/*
 * Where columns are among those that the walk reads; -1 for others.
 */
static int *
find_positions(const HookTree *tree, const AttrNumber *columns, int n)
{
	int		   *positions = palloc(sizeof(int) * n);

	for (int i = 0; i < n; i++)
	{
		int			position = 0;
		ListCell   *lc;

		positions[i] = -1;
		foreach(lc, tree->columns)
		{
			if (lfirst_int(lc) == columns[i])
				positions[i] = position;
			position++;
		}
	}
	return positions;
}

/*
 * Notes where the columns of each way are, as all columns are known now.
 * Where a step changes them, the order matters: no row refers to the row by
 * its old values then.
 */
static void
complete_ways(HookRoute *route, HookTable *table, List *ways)
{
	ListCell   *lc;
	ListCell   *other;

	foreach(lc, ways)
	{
		HookWay    *way = lfirst(lc);

		way->positions =
			find_positions(table->tree, way->keys, way->key->nkeys);
		foreach(other, table->tree->changes)
		{
			if (bms_overlap(((HookStep *) lfirst(other))->touched,
							way->columns))
				route->ordered = true;
		}
	}
}

static HookTree *
find_tree(const HookRoute *route, Oid root)
{
	ListCell   *lc;

	foreach(lc, route->trees)
	{
		if (((HookTree *) lfirst(lc))->root == root)
			return lfirst(lc);
	}
	return NULL;
}

/*
 * The steps of a tree that change one of the columns.
 */
static List *
find_changes(const HookTree *tree, const AttrNumber *columns, int n)
{
	Bitmapset  *set = hooks_reached_set(columns, n);
	List	   *steps = NIL;
	ListCell   *lc;

	if (tree != NULL)
		foreach(lc, tree->changes)
	{
		if (bms_overlap(((HookStep *) lfirst(lc))->touched, set))
			steps = lappend(steps, lfirst(lc));
	}
	return steps;
}

static bool
any_moves(List *steps)
{
	ListCell   *lc;

	foreach(lc, steps)
	{
		if (((HookStep *) lfirst(lc))->moves)
			return true;
	}
	return false;
}

/*
 * The columns of a key at its referenced end, by the tree's numbers.
 */
static AttrNumber *
referenced_keys(const HookForeignKey *key)
{
	return hooks_reached_numbers(key->referenced,
								 hooks_ancestors_top(key->referenced),
								 key->referenced_keys, key->nkeys);
}

/*
 * The steps that take a key away from a row that it refers to.
 */
static List *
find_takers(const HookRoute *route, const HookForeignKey *key)
{
	return find_changes(find_tree(route, hooks_ancestors_top(key->referenced)),
						referenced_keys(key), key->nkeys);
}

/*
 * Finds the spoilers of each step: a row that they have changed does not refer
 * by the step's columns any more.
 */
static void
find_spoilers(HookRoute *route)
{
	ListCell   *lc;
	ListCell   *other;

	foreach(lc, route->steps)
	{
		HookStep   *step = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		step->spoilers =
			find_changes(step->table->tree, step->keys, step->key->nkeys);
		foreach(other, step->spoilers)
		{
			if (lfirst(other) != step)
				route->ordered = true;
		}
		step->takers = find_takers(route, step->key);
	}
}

static HookMoved *
get_moved(HookRoute *route, const HookForeignKey *key)
{
	HookMoved  *moved;
	ListCell   *lc;

	foreach(lc, route->steps)
	{
		moved = ((HookStep *) lfirst(lc))->moved;
		if (moved != NULL && moved->key == key)
			return moved;
	}
	moved = palloc0(sizeof(HookMoved));
	moved->key = key;
	moved->context = route->context;
	return moved;
}

/*
 * Finds the steps that may meet moved rows: rows that refer by other values
 * now and, for steps that check whether a key still exists, rows that got a
 * key which another row has lost.
 */
static void
find_moved(HookRoute *route)
{
	ListCell   *lc;

	foreach(lc, route->steps)
	{
		HookStep   *step = lfirst(lc);
		HookTree   *tree = step->table->tree;
		HookTree   *other =
			find_tree(route, hooks_ancestors_top(step->key->referenced));
		bool		referencing = any_moves(step->spoilers);
		bool		referenced = (step->recheck || step->no_action) &&
			any_moves(step->takers);

		step->meets = !step->recheck && (referencing || referenced);
		if (!step->meets && !step->recheck)
			continue;
		step->moved = get_moved(route, step->key);
		hooks_reached_need(tree, step->keys, step->key->nkeys);
		if (referencing && !step->moved->ends[HOOK_END_REFERENCING])
			tree->referencing = lappend(tree->referencing, step->moved);
		step->moved->ends[HOOK_END_REFERENCING] |= referencing;
		if (referenced && !step->moved->ends[HOOK_END_REFERENCED])
		{
			hooks_reached_need(other, referenced_keys(step->key),
							   step->key->nkeys);
			other->referenced = lappend(other->referenced, step->moved);
		}
		step->moved->ends[HOOK_END_REFERENCED] |= referenced;
	}
}

/*
 * May one of the tree's changes move rows out of the table?
 */
static bool
can_be_left(const HookTable *table)
{
	ListCell   *lc;
	ListCell   *leaf;

	foreach(lc, table->tree->changes)
	{
		foreach(leaf, table->leaves)
		{
			if (hooks_route_leaves(lfirst(leaf), lfirst(lc)))
				return true;
		}
	}
	return false;
}

/*
 * Finds the steps by keys of partitions which rows may have left by then: a
 * key of the topmost table finds them in whatever partition.
 */
static void
find_departures(HookRoute *route)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, route->steps)
	{
		HookStep   *step = lfirst(lc);
		HookTable  *table = step->table;

		CHECK_FOR_INTERRUPTS();
		if (step->key->referencing == table->tree->root)
			continue;
		if (step->recheck)
			table = hooks_reached_get(route, step->key->referencing);
		if (!can_be_left(table))
			continue;
		step->left = table;
		route->ordered = true;
		foreach(cell, table->leaves)
		{
			const HookLeaf *leaf = lfirst(cell);

			if (leaf->partition != NULL)
				hooks_reached_need(table->tree, leaf->partition_columns,
								   leaf->partition->ncolumns);
		}
	}
}

/*
 * Notes where columns are.  To be called when all needed columns are known.
 */
static void
complete(HookRoute *route)
{
	ListCell   *lc;
	ListCell   *leaf;

	foreach(lc, route->trees)
	{
		HookTree   *tree = lfirst(lc);
		int			n = 0;
		ListCell   *column;

		tree->lengths =
			palloc(sizeof(int16) * Max(list_length(tree->columns), 1));
		tree->byvals =
			palloc(sizeof(bool) * Max(list_length(tree->columns), 1));
		foreach(column, tree->columns)
		{
			get_typlenbyval(get_atttype(tree->root, lfirst_int(column)),
							&tree->lengths[n], &tree->byvals[n]);
			n++;
		}
	}
	foreach(lc, route->steps)
	{
		HookStep   *step = lfirst(lc);
		HookMoved  *moved = step->moved;
		HookTree   *other =
			find_tree(route, hooks_ancestors_top(step->key->referenced));

		step->positions =
			find_positions(step->table->tree, step->keys, step->key->nkeys);
		if (moved == NULL)
			continue;
		moved->positions[HOOK_END_REFERENCING] = step->positions;
		if (moved->ends[HOOK_END_REFERENCED])
			moved->positions[HOOK_END_REFERENCED] =
				find_positions(other, referenced_keys(step->key),
							   step->key->nkeys);
	}
	foreach(lc, route->tables)
	{
		HookTable  *table = lfirst(lc);
		AttrNumber *columns =
			palloc(sizeof(AttrNumber) * Max(list_length(table->tree->columns),
											1));
		int			n = 0;
		ListCell   *column;

		foreach(column, table->tree->columns)
		{
			columns[n++] = lfirst_int(column);
		}
		table->numbers =
			hooks_reached_numbers(table->tree->root, table->relid, columns, n);
		foreach(leaf, table->leaves)
		{
			HookLeaf   *here = lfirst(leaf);

			complete_ways(route, table, here->deletes);
			complete_ways(route, table, here->updates);
			if (here->partition != NULL)
				here->partition_positions =
					find_positions(table->tree, here->partition_columns,
								   here->partition->ncolumns);
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

		if (table->tree->root == root && table->doomable)
			return true;
	}
	return false;
}

/*
 * May the key of a changed row refer to nothing?  There are three cases.  The
 * key is new.  It is null in part, which MATCH FULL forbids.  Or the row that
 * it refers to is deleted: PostgreSQL checks all foreign keys of a row again
 * if the same transaction has written it before, as when a row is changed
 * twice (see RI_FKey_fk_upd_check_required() in ri_triggers.c).
 */
static bool
may_dangle(const HookRoute *route, const HookTree *tree,
		   const HookForeignKey *key)
{
	AttrNumber *columns = hooks_reached_numbers(key->referencing, tree->root,
												key->referencing_keys,
												key->nkeys);
	List	   *changes = find_changes(tree, columns, key->nkeys);

	return any_moves(changes) ||
		(changes != NIL && key->full && key->nkeys > 1) ||
		tree_is_doomable(route, hooks_ancestors_top(key->referenced)) ||
		find_takers(route, key) != NIL;
}

static void
add_rechecks(HookRoute *route)
{
	ListCell   *lc;
	ListCell   *table;
	ListCell   *cell;

	foreach(lc, route->trees)
	{
		HookTree   *tree = lfirst(lc);

		if (tree->changes == NIL)
			continue;
		foreach(table, find_all_inheritors(tree->root, AccessShareLock, NULL))
		{
			/* an inheriting table that is no partition has keys of its own */
			if (hooks_ancestors_top(lfirst_oid(table)) != tree->root)
				continue;
			foreach(cell, hooks_graph_from(route->graph, lfirst_oid(table)))
			{
				const HookForeignKey *key = lfirst(cell);
				HookStep   *step;

				if (!key->enforced || !may_dangle(route, tree, key))
					continue;
				step = palloc0(sizeof(HookStep));
				step->key = key;
				step->effect = HOOK_EFFECT_BLOCKED;
				step->wanted = true;
				step->deferred = key->deferred;
				step->recheck = true;
				step->table = ((HookStep *) linitial(tree->changes))->table;
				step->keys =
					hooks_reached_numbers(key->referencing, tree->root,
										  key->referencing_keys, key->nkeys);
				hooks_reached_need(tree, step->keys, key->nkeys);
				tree->rechecks = lappend(tree->rechecks, step);
				step->number = list_length(route->steps);
				route->steps = lappend(route->steps, step);
				route->ordered = true;
			}
		}
	}
}

/*
 * Is a step the only one that reaches rows of its table or of its partitions,
 * each once, and does nothing follow from what it does to them?
 */
static bool
is_alone(const HookRoute *route, const HookStep *step, List *roots)
{
	ListCell   *lc;

	if (step->recheck || step->table->tree->columns != NIL ||
		step->effect == HOOK_EFFECT_SET_DEFAULT ||
		hooks_compare_is_loose(step->key))
		return false;
	foreach(lc, roots)
	{
		if (hooks_ancestors_top(lfirst_oid(lc)) == step->table->tree->root)
			return false;
	}
	foreach(lc, route->steps)
	{
		if (lfirst(lc) != step &&
			((HookStep *) lfirst(lc))->table->tree == step->table->tree)
			return false;
	}
	return true;
}

/*
 * Completes a route that begins with the given tables: finds which steps
 * conflict, and whether their order matters.
 */
void
hooks_conflict_find(HookRoute *route, List *tables)
{
	ListCell   *lc;

	Assert(route->open != NIL);
	foreach(lc, route->trees)
	{
		HookTree   *tree = lfirst(lc);

		tree->moves = any_moves(tree->changes);
		route->ordered |= tree->moves;
	}
	if (!route->running)
		add_rechecks(route);
	find_spoilers(route);
	find_moved(route);
	find_departures(route);
	complete(route);
	foreach(lc, route->steps)
	{
		HookStep   *step = lfirst(lc);

		step->alone = is_alone(route, step, tables);
		/* the blocking row may be gone or changed when that is checked */
		if ((step->effect == HOOK_EFFECT_BLOCKED && !step->deferred &&
			 !step->recheck &&
			 tree_is_doomable(route, step->table->tree->root)) ||
			step->effect == HOOK_EFFECT_SET_DEFAULT)
			route->ordered = true;
	}
}
