/*
 * wanted.c
 *		Which steps of a route the walk needs.
 *
 * A preview needs all.  A running delete that is asked for the rows of one
 * table, the target, needs only the steps on the way there: those that delete,
 * and those that change what matters on the way.  Which columns matter, and in
 * which tables, is found from the target backwards, against the foreign keys.
 */
#include "postgres.h"

#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"

#include "base/ancestors.h"
#include "cascade/computed.h"
#include "cascade/reached.h"
#include "cascade/wanted.h"

/*
 * A tree of tables on the way to a target table, and the columns, by the
 * tree's numbers, whose change can take a row out of the cascade or into it.
 */
typedef struct HookWanted
{
	Oid			root;
	Bitmapset  *columns;
} HookWanted;

static HookWanted *
find_wanted(const HookRoute *route, Oid root)
{
	ListCell   *lc;

	foreach(lc, route->wanted)
	{
		if (((HookWanted *) lfirst(lc))->root == root)
			return lfirst(lc);
	}
	return NULL;
}

/*
 * Does it matter that an action of a key changes the referencing rows?
 */
static bool
change_matters(const HookWanted *wanted, const HookForeignKey *key)
{
	AttrNumber *columns = hooks_reached_numbers(key->referencing, wanted->root,
												key->referencing_keys,
												key->nkeys);

	return bms_overlap(wanted->columns,
					   hooks_reached_set(columns, key->nkeys));
}

/*
 * Must the walk find the rows of a step?  A preview finds all.  In a running
 * delete, no row is wanted that only blocks.  A route to a target wants
 * deletes on the way to the target, and changes that matter there.
 */
bool
hooks_wanted_has(const HookRoute *route, const HookForeignKey *key,
				 HookEffect effect)
{
	const HookWanted *wanted;

	if (!route->running)
		return true;
	if (effect == HOOK_EFFECT_BLOCKED)
		return false;
	if (route->wanted == NIL)
		return true;
	wanted = find_wanted(route, hooks_ancestors_top(key->referencing));
	return wanted != NULL &&
		(effect == HOOK_EFFECT_DELETE || change_matters(wanted, key));
}

static void
want_columns(HookWanted *wanted, Oid relid, const AttrNumber *columns, int n)
{
	AttrNumber *numbers =
		hooks_reached_numbers(relid, wanted->root, columns, n);

	wanted->columns =
		bms_add_members(wanted->columns, hooks_reached_set(numbers, n));
}

/*
 * Makes a tree of tables wanted, and notes the columns whose change matters
 * there: those by which rows are deleted or referred to, and those of
 * partition keys.  Returns the foreign keys of all tables of the tree.
 */
static List *
want_tree(HookRoute *route, HookWanted *wanted)
{
	List	   *keys = NIL;
	ListCell   *table;
	ListCell   *lc;

	foreach(table, find_all_inheritors(wanted->root, NoLock, NULL))
	{
		Oid			relid = lfirst_oid(table);
		AttrNumber *columns;
		int			ncolumns;

		/* an inheriting table that is no partition is a tree of its own */
		if (hooks_ancestors_top(relid) != wanted->root)
			continue;
		ncolumns = hooks_partition_key(relid, &columns);
		want_columns(wanted, relid, columns, ncolumns);
		foreach(lc, hooks_graph_to(route->graph, relid))
		{
			const HookForeignKey *key = lfirst(lc);

			want_columns(wanted, relid, key->referenced_keys, key->nkeys);
		}
		foreach(lc, hooks_graph_from(route->graph, relid))
		{
			const HookForeignKey *key = lfirst(lc);

			if (key->on_delete == FKCONSTR_ACTION_CASCADE)
				want_columns(wanted, relid, key->referencing_keys, key->nkeys);
			keys = lappend(keys, lfirst(lc));
		}
		wanted->columns =
			bms_add_members(wanted->columns,
							hooks_computed_sources(relid, wanted->root,
												   wanted->columns));
	}
	return keys;
}

static bool
is_change(char action)
{
	return action == FKCONSTR_ACTION_SETNULL ||
		action == FKCONSTR_ACTION_SETDEFAULT;
}

static void
add_wanted(HookRoute *route, Oid root)
{
	HookWanted *wanted;

	if (find_wanted(route, root) != NULL)
		return;
	wanted = palloc0(sizeof(HookWanted));
	wanted->root = root;
	route->wanted = lappend(route->wanted, wanted);
}

/*
 * Finds what leads to a target: the target's own tree, and the trees from
 * which deletes, or changes that matter, can get to it.
 */
void
hooks_wanted_find(HookRoute *route, Oid target)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(target, NoLock, NULL))
	{
		add_wanted(route, hooks_ancestors_top(lfirst_oid(lc)));
	}
	for (int i = 0; i < list_length(route->wanted); i++)
	{
		HookWanted *wanted = list_nth(route->wanted, i);

		CHECK_FOR_INTERRUPTS();
		foreach(lc, want_tree(route, wanted))
		{
			const HookForeignKey *key = lfirst(lc);

			if (key->on_delete == FKCONSTR_ACTION_CASCADE ||
				((is_change(key->on_delete) || is_change(key->on_update) ||
				  key->on_update == FKCONSTR_ACTION_CASCADE) &&
				 change_matters(wanted, key)))
				add_wanted(route, hooks_ancestors_top(key->referenced));
		}
	}
}
