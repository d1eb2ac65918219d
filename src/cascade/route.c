/*
 * route.c
 *		The ways that a cascade can take from a table.
 *
 * The graph says which foreign keys there are; the triggers of each table that
 * holds rows say which of them are in force in this session, and in which
 * order PostgreSQL carries out their actions: by the byte order of the
 * triggers' names.  A delete goes on to the rows that refer to a deleted one:
 * these are deleted or changed, or they block it.  A change of referenced
 * columns goes on to the rows that refer to them: these are changed, or they
 * block it.
 *
 * A route is about tables, not rows.  It is made before the first row is read,
 * so that tables which the user may not read are refused at once, and tables
 * that lead nowhere are not read at all.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/ancestors.h"
#include "cascade/compare.h"
#include "cascade/computed.h"
#include "cascade/route.h"
#include "cascade/switched.h"

/*
 * A tree of tables on the way to a target table, and the columns, by the
 * tree's numbers, whose change can take a row out of the cascade or into it.
 */
typedef struct HookWanted
{
	Oid			root;
	Bitmapset  *columns;
} HookWanted;

static void make_doomable(HookRoute *route, HookTable *table);

/*
 * The numbers that columns of a table have in another one of its tree.
 */
AttrNumber *
hooks_route_numbers(Oid relid, Oid other, const AttrNumber *columns, int n)
{
	AttrNumber *numbers = palloc(sizeof(AttrNumber) * Max(n, 1));

	for (int i = 0; i < n; i++)
		numbers[i] = relid == other ? columns[i] :
			get_attnum(other, get_attname(relid, columns[i], false));
	return numbers;
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
	way->keys = hooks_route_numbers(key->referenced, table->tree->root,
									key->referenced_keys, key->nkeys);
	way->columns = hooks_route_set(way->keys, key->nkeys);
	return lappend(ways, way);
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

	foreach(lc, hooks_graph_above(relid))
	{
		if (lfirst_oid(lc) == table->relid ||
			list_member_oid(table->above, lfirst_oid(lc)))
			continue;
		open_route_table(route, table, lfirst_oid(lc));
		table->above = lappend_oid(table->above, lfirst_oid(lc));
	}
}

/*
 * Opens a table of a route that was kept, with what is above and below it.  If
 * one of them was dropped, the route is not current after this.
 */
void
hooks_route_open(HookRoute *route, HookTable *table)
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
 * Has an open table a foreign key, its own or to it, that is newer than what
 * the route is made from?
 */
bool
hooks_route_misses(const HookRoute *route, Relation rel)
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
		AttrNumber *numbers = hooks_route_numbers(key->referencing,
												  leaf->table->tree->root,
												  key->referencing_keys,
												  key->nkeys);

		columns =
			bms_add_members(columns, hooks_route_set(numbers, key->nkeys));
	}
	return columns;
}

/*
 * The ways on from the rows that a table itself holds.
 */
static void
add_leaf(HookRoute *route, HookTable *table, Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	HookLeaf   *leaf =
		hash_search(table->leaf_by_relid, &relid, HASH_ENTER, NULL);
	int			ntriggers = rel->trigdesc == NULL ? 0 :
		rel->trigdesc->numtriggers;
	Trigger    *triggers;

	CHECK_FOR_INTERRUPTS();

	/* A look-up may make the relcache build its triggers anew */
	triggers = palloc(sizeof(Trigger) * Max(ntriggers, 1));
	if (ntriggers > 0)
		memcpy(triggers, rel->trigdesc->triggers, sizeof(Trigger) * ntriggers);

	table->leaves = lappend(table->leaves, leaf);
	leaf->table = table;
	leaf->deletes = leaf->updates = leaf->checks = NIL;
	leaf->locking = NULL;
	leaf->locked_by = NULL;
	leaf->computing = NULL;
	route->outdated |= hooks_route_misses(route, rel);

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
			hooks_route_numbers(relid, table->tree->root,
								leaf->partition->columns,
								leaf->partition->ncolumns);
	for (int i = 0; i < ntriggers; i++)
	{
		int			type = RI_FKey_trigger_type(triggers[i].tgfoid);
		const HookForeignKey *key;

		if (type == RI_TRIGGER_NONE)
			continue;
		key = hooks_graph_find(route->graph, triggers[i].tgconstraint);
		if (key == NULL)
			continue;
		if (hooks_switched_off(&triggers[i]))
		{
			if (type == RI_TRIGGER_PK)
				route->off = hooks_switched_add(route->off, key, relid,
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
			leaf->deletes = add_way(leaf->deletes, table, key);
		else if (TRIGGER_FOR_UPDATE(triggers[i].tgtype))
			leaf->updates = add_way(leaf->updates, table, key);
	}
	pfree(triggers);
	leaf->computed = !hooks_computed_has_any(rel) ? NIL :
		hooks_computed_find(rel, table->tree->root, key_columns(leaf));
	table_close(rel, NoLock);
}

HookTable *
hooks_route_table(const HookRoute *route, Oid relid)
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
static HookTable *
get_route_table(HookRoute *route, Oid relid)
{
	HookTable  *table = hooks_route_table(route, relid);
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
 * The leaf of a table that holds a row; NULL for a partition that is newer
 * than the route.
 */
HookLeaf *
hooks_route_leaf(HookTable *table, Oid relid)
{
	HookLeaf   *leaf = table->last_leaf;

	if (leaf == NULL || leaf->relid != relid)
		table->last_leaf = leaf = hash_search(table->leaf_by_relid, &relid,
											  HASH_FIND, NULL);
	return leaf;
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

/*
 * Notes that the walk needs some columns of a tree's rows.
 */
void
hooks_route_need(HookTree *tree, const AttrNumber *columns, int n)
{
	for (int i = 0; i < n; i++)
		tree->columns = list_append_unique_int(tree->columns, columns[i]);
}

/*
 * Columns as a set.
 */
Bitmapset *
hooks_route_set(const AttrNumber *columns, int n)
{
	Bitmapset  *set = NULL;

	for (int i = 0; i < n; i++)
		set = bms_add_member(set, columns[i]);
	return set;
}

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
	AttrNumber *columns = hooks_route_numbers(key->referencing, wanted->root,
											  key->referencing_keys,
											  key->nkeys);

	return bms_overlap(wanted->columns, hooks_route_set(columns, key->nkeys));
}

/*
 * Must the walk find the rows of a step?  A preview finds all.  In a running
 * delete, no row is wanted that only blocks.  A route to a target wants
 * deletes on the way to the target, and changes that matter there.
 */
static bool
is_wanted(const HookRoute *route, const HookForeignKey *key, HookEffect effect)
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
		hooks_route_need(table->tree, way->keys, way->key->nkeys);
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
	ListCell   *leaf;
	ListCell   *lc;

	table->tree->changes = lappend(table->tree->changes, step);
	foreach(leaf, table->leaves)
	{
		bool		leaves = hooks_route_leaves(lfirst(leaf), step);

		if (leaves)
			hooks_route_need(table->tree,
							 ((HookLeaf *) lfirst(leaf))->partition_columns,
							 ((HookLeaf *) lfirst(leaf))->partition->ncolumns);
		foreach(lc, ((HookLeaf *) lfirst(leaf))->deletes)
		{
			if (leaves && hooks_route_is_left(lfirst(leaf), lfirst(lc)))
				make_deletes(route, table, lfirst(lc));
		}
		foreach(lc, ((HookLeaf *) lfirst(leaf))->updates)
		{
			HookWay    *way = lfirst(lc);

			if (way->steps[cause] != NULL ||
				!bms_overlap(way->columns, step->touched))
				continue;
			way->steps[cause] = get_route_step(route, way, cause);
			if (way->steps[cause] != NULL)
				hooks_route_need(table->tree, way->keys, way->key->nkeys);
		}
	}
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
	HookEffect	effect = HOOK_EFFECT_BLOCKED;
	bool		copies = false;
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
	switch (action)
	{
		case FKCONSTR_ACTION_CASCADE:
			copies = cause != HOOK_CAUSE_DELETED;
			effect = cause == HOOK_CAUSE_DELETED ? HOOK_EFFECT_DELETE :
				cause == HOOK_CAUSE_NULLED ? HOOK_EFFECT_SET_NULL :
				HOOK_EFFECT_SET_DEFAULT;
			break;
		case FKCONSTR_ACTION_SETNULL:
			effect = HOOK_EFFECT_SET_NULL;
			break;
		case FKCONSTR_ACTION_SETDEFAULT:
			effect = HOOK_EFFECT_SET_DEFAULT;
			break;
		default:
			break;
	}
	wanted = is_wanted(route, key, effect);
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
	step->copies = copies;
	step->number = list_length(route->steps);
	route->steps = lappend(route->steps, step);
	step->no_action = effect == HOOK_EFFECT_BLOCKED ?
		action == FKCONSTR_ACTION_NOACTION :
		action == FKCONSTR_ACTION_SETDEFAULT;
	step->moves = effect == HOOK_EFFECT_SET_DEFAULT ||
		(copies && key->nkeys > 1);
	step->table = get_route_table(route, key->referencing);
	step->keys = hooks_route_numbers(key->referencing, step->table->tree->root,
									 key->referencing_keys, key->nkeys);
	if (effect == HOOK_EFFECT_DELETE)
		make_doomable(route, step->table);
	else if (effect != HOOK_EFFECT_BLOCKED)
	{
		bool		some = cause == HOOK_CAUSE_DELETED && key->nset > 0;
		int			n = some ? key->nset : key->nkeys;
		AttrNumber *set = some ? key->set : key->referencing_keys;

		step->set = hooks_route_set(set, n);
		set = hooks_route_numbers(key->referencing, step->table->tree->root,
								  set, n);
		step->touched = hooks_route_set(set, n);
		hooks_computed_join(step);
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

static void
want_columns(HookWanted *wanted, Oid relid, const AttrNumber *columns, int n)
{
	AttrNumber *numbers = hooks_route_numbers(relid, wanted->root, columns, n);

	wanted->columns =
		bms_add_members(wanted->columns, hooks_route_set(numbers, n));
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
static void
want_target(HookRoute *route, Oid target)
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
		want_target(route, target);
	foreach(lc, tables)
	{
		make_doomable(route, get_route_table(route, lfirst_oid(lc)));
	}
	return route;
}

/*
 * Closes the route's tables; the rest is freed with its memory context.
 */
void
hooks_route_close(HookRoute *route)
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
