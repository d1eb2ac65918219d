/*
 * reached.c
 *		The tables that a route reaches.
 *
 * A table joins the route when it is first met, with the partitions that hold
 * its rows, the leaves.  Each leaf's triggers say which foreign keys lead on
 * from its rows, and which the rows have themselves.  All of them are open as
 * long as the route is in use.
 *
 * The tables of a tree of partitions may number their columns differently.
 * What concerns several of them goes by the numbers of the topmost one.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/ancestors.h"
#include "cascade/computed.h"
#include "cascade/reached.h"
#include "cascade/switched.h"

/*
 * The numbers that columns of a table have in another one of its tree.
 */
AttrNumber *
hooks_reached_numbers(Oid relid, Oid other, const AttrNumber *columns, int n)
{
	AttrNumber *numbers = palloc(sizeof(AttrNumber) * Max(n, 1));

	for (int i = 0; i < n; i++)
		numbers[i] = relid == other ? columns[i] :
			get_attnum(other, get_attname(relid, columns[i], false));
	return numbers;
}

/*
 * Columns as a set.
 */
Bitmapset *
hooks_reached_set(const AttrNumber *columns, int n)
{
	Bitmapset  *set = NULL;

	for (int i = 0; i < n; i++)
		set = bms_add_member(set, columns[i]);
	return set;
}

/*
 * Notes that the walk needs some columns of a tree's rows.
 */
void
hooks_reached_need(HookTree *tree, const AttrNumber *columns, int n)
{
	for (int i = 0; i < n; i++)
		tree->columns = list_append_unique_int(tree->columns, columns[i]);
}

/*
 * Opens a table of the route until the walk ends.  The lock keeps other
 * sessions from changing it.  As it is open, functions that the walk's queries
 * call cannot change it in this session, either.
 */
static void
open_route_table(HookRoute *route, HookTable *table, Oid relid)
{
	route->open = lappend(route->open, table_open(relid, AccessShareLock));
	table->relids = lappend_oid(table->relids, relid);
}

/*
 * The same for the tables above one.
 */
static void
open_route_above(HookRoute *route, HookTable *table, Oid relid)
{
	ListCell   *lc;

	foreach(lc, hooks_ancestors_of(relid))
	{
		if (!list_member_oid(table->relids, lfirst_oid(lc)))
			open_route_table(route, table, lfirst_oid(lc));
	}
}

/*
 * Opens a table of a route that was kept, with what is above and below it.  If
 * one of them was dropped, the route is not current after this.
 */
void
hooks_reached_open(HookRoute *route, HookTable *table)
{
	ListCell   *lc;

	foreach(lc, table->relids)
	{
		Relation	rel = try_table_open(lfirst_oid(lc), AccessShareLock);

		if (rel != NULL)
			route->open = lappend(route->open, rel);
	}
	table->open = true;
}

/*
 * Closes the route's tables; the rest is freed with its memory context.
 */
void
hooks_reached_close(HookRoute *route)
{
	ListCell   *lc;

	foreach(lc, route->tables)
	{
		((HookTable *) lfirst(lc))->open = false;
	}

	foreach(lc, route->open)
	{
		table_close(lfirst(lc), NoLock);
	}
	route->open = NIL;
}

/*
 * Has an open table a foreign key, its own or to it, that is newer than what
 * the route is made from?
 */
bool
hooks_reached_misses(const HookRoute *route, Relation rel)
{
	/* a look-up may make the relcache build its triggers anew */
	for (int i = 0; rel->trigdesc != NULL &&
		 i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];

		if (RI_FKey_trigger_type(trigger->tgfoid) != RI_TRIGGER_NONE &&
			hooks_graph_misses(route->graph, trigger->tgconstraint))
			return true;
	}
	return false;
}

static List *
add_way(List *ways, HookTable *table, const HookForeignKey *key)
{
	HookWay    *way;
	ListCell   *lc;

	foreach(lc, ways)
	{
		if (((HookWay *) lfirst(lc))->key == key)
			return ways;
	}
	way = palloc0(sizeof(HookWay));
	way->key = key;
	way->tree = table->tree;
	way->keys = hooks_reached_numbers(key->referenced, table->tree->root,
									  key->referenced_keys, key->nkeys);
	way->columns = hooks_reached_set(way->keys, key->nkeys);
	return lappend(ways, way);
}

/*
 * The columns of a leaf that are part of a foreign key, its own or to it, by
 * the tree's numbers.
 */
static Bitmapset *
key_columns(const HookLeaf *leaf)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	foreach(lc, leaf->updates)
	{
		columns = bms_add_members(columns, ((HookWay *) lfirst(lc))->columns);
	}
	foreach(lc, leaf->deletes)
	{
		columns = bms_add_members(columns, ((HookWay *) lfirst(lc))->columns);
	}
	foreach(lc, leaf->checks)
	{
		const HookForeignKey *key = lfirst(lc);
		AttrNumber *numbers = hooks_reached_numbers(key->referencing,
													leaf->table->tree->root,
													key->referencing_keys,
													key->nkeys);

		columns =
			bms_add_members(columns, hooks_reached_set(numbers, key->nkeys));
	}
	return columns;
}

/*
 * Adds the foreign keys of a leaf's triggers: those that lead on from its
 * rows, and the rows' own.  The route is outdated if it does not know one.
 */
static void
add_leaf_keys(HookRoute *route, HookLeaf *leaf, Relation rel)
{
	int			ntriggers = rel->trigdesc == NULL ? 0 :
		rel->trigdesc->numtriggers;
	Trigger    *triggers = palloc(sizeof(Trigger) * Max(ntriggers, 1));

	/* a look-up may make the relcache build its triggers anew */
	if (ntriggers > 0)
		memcpy(triggers, rel->trigdesc->triggers, sizeof(Trigger) * ntriggers);
	for (int i = 0; i < ntriggers; i++)
	{
		int			type = RI_FKey_trigger_type(triggers[i].tgfoid);
		const HookForeignKey *key;

		if (type == RI_TRIGGER_NONE)
			continue;
		key = hooks_graph_find(route->graph, triggers[i].tgconstraint);
		if (key == NULL)
		{
			route->outdated |= hooks_graph_misses(route->graph,
												  triggers[i].tgconstraint);
			continue;
		}
		if (hooks_switched_off(&triggers[i]))
		{
			if (type == RI_TRIGGER_PK)
				route->off = hooks_switched_add(route->off, key, leaf->relid,
												&triggers[i]);
			continue;
		}
		if (type == RI_TRIGGER_FK)
		{
			if (TRIGGER_FOR_UPDATE(triggers[i].tgtype))
				leaf->checks =
					list_append_unique_ptr(leaf->checks, (void *) key);
		}
		else if (TRIGGER_FOR_DELETE(triggers[i].tgtype))
			leaf->deletes = add_way(leaf->deletes, leaf->table, key);
		else if (TRIGGER_FOR_UPDATE(triggers[i].tgtype))
			leaf->updates = add_way(leaf->updates, leaf->table, key);
	}
	pfree(triggers);
}

/*
 * Adds a partition of a table, or the table itself, that holds rows.
 */
static void
add_leaf(HookRoute *route, HookTable *table, Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	HookLeaf   *leaf =
		hash_search(table->leaf_by_relid, &relid, HASH_ENTER, NULL);

	CHECK_FOR_INTERRUPTS();
	table->leaves = lappend(table->leaves, leaf);
	leaf->table = table;
	leaf->deletes = leaf->updates = leaf->checks = NIL;
	leaf->locking = NULL;
	leaf->locked_by = NULL;
	leaf->computing = NULL;

	/*
	 * The tables above stay open, too, so that the relcache keeps their
	 * partition keys: to read one may call a function, which must not run as
	 * the user.
	 */
	if (relid != table->relid)
		open_route_table(route, table, relid);
	open_route_above(route, table, relid);
	leaf->partition = rel->rd_rel->relispartition ? hooks_partition_make(rel) :
		NULL;
	if (leaf->partition != NULL)
		leaf->partition_columns =
			hooks_reached_numbers(relid, table->tree->root,
								  leaf->partition->columns,
								  leaf->partition->ncolumns);
	add_leaf_keys(route, leaf, rel);
	leaf->computed = !hooks_computed_has_any(rel) ? NIL :
		hooks_computed_find(rel, table->tree->root, key_columns(leaf));
	table_close(rel, NoLock);
}

HookTable *
hooks_reached_find(const HookRoute *route, Oid relid)
{
	ListCell   *lc;

	foreach(lc, route->tables)
	{
		if (((HookTable *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	}
	return NULL;
}

static HookTree *
get_route_tree(HookRoute *route, Oid root)
{
	HookTree   *tree;
	ListCell   *lc;

	foreach(lc, route->trees)
	{
		if (((HookTree *) lfirst(lc))->root == root)
			return lfirst(lc);
	}
	tree = palloc0(sizeof(HookTree));
	tree->root = root;
	route->trees = lappend(route->trees, tree);
	return tree;
}

/*
 * A table of the route, added when it is first met.
 */
HookTable *
hooks_reached_get(HookRoute *route, Oid relid)
{
	HookTable  *table = hooks_reached_find(route, relid);
	HASHCTL		info = {0};
	ListCell   *lc;

	if (table != NULL)
		return table;
	table = palloc0(sizeof(HookTable));
	table->relid = relid;
	table->open = true;
	info.keysize = sizeof(Oid);
	info.entrysize = sizeof(HookLeaf);
	info.hcxt = route->context;
	table->leaf_by_relid = hash_create("hooks leaves", 16, &info,
									   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	route->tables = lappend(route->tables, table);
	open_route_table(route, table, relid);
	table->partitioned = get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE;
	table->tree = get_route_tree(route, hooks_ancestors_top(relid));
	if (!table->partitioned)
		add_leaf(route, table, relid);
	else
		foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_PARTITIONED_TABLE)
			add_leaf(route, table, lfirst_oid(lc));
	}
	return table;
}

/*
 * The leaf of a table that holds a row; NULL for a partition that is newer
 * than the route.
 */
HookLeaf *
hooks_reached_leaf(HookTable *table, Oid relid)
{
	HookLeaf   *leaf = table->last_leaf;

	if (leaf == NULL || leaf->relid != relid)
		table->last_leaf = leaf = hash_search(table->leaf_by_relid, &relid,
											  HASH_FIND, NULL);
	return leaf;
}
