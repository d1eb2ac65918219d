/*
 * closure.c
 *		What a delete removes from tables with before_closure hooks.
 *
 * One walk finds the rows of all these tables.  It goes through the whole
 * cascade, and so locks all rows in the cascade's order: beside other writers
 * it comes into no deadlock that the cascade alone would not come into.
 *
 * Which tables have hooks is cached for the tables that a statement deletes
 * from directly, as that takes a look at every table that the cascade can come
 * to.  Whether a hook on them fires in this session is asked for each
 * statement: if none does, there is no walk.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/ancestors.h"
#include "base/graph.h"
#include "base/settings.h"
#include "cascade/closure.h"
#include "cascade/direct.h"
#include "cascade/doomed.h"
#include "firing/chain.h"
#include "firing/deleted.h"
#include "firing/fire_closure.h"
#include "registry/present.h"

/* when there are more, all are dropped */
#define CLOSURES_KEPT 64

/* The hooked tables below some tables */
typedef struct ClosureTargets
{
	MemoryContext context;
	List	   *roots;
	List	   *targets;		/* that before_closure hooks are on */
	List	   *seen;			/* all tables on the way, ascending */
} ClosureTargets;

/* of ClosureTargets; it and they are in contexts below CacheMemoryContext */
static List *known = NIL;

/* counts changes: what was looked up while one came is not kept */
static uint64 closure_changes = 0;

static void
forget_targets(ClosureTargets *entry)
{
	known = list_delete_ptr(known, entry);
	MemoryContextDelete(entry->context);
}

static void
forget_all_targets(void)
{
	while (known != NIL)
		forget_targets(llast(known));
}

static bool
was_seen(const ClosureTargets *entry, Oid relid)
{
	int			low = 0;
	int			high = list_length(entry->seen);

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (list_nth_oid(entry->seen, middle) < relid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list_length(entry->seen) &&
		list_nth_oid(entry->seen, low) == relid;
}

static void
relation_stales_targets(Datum arg, Oid relid)
{
	closure_changes++;
	hooks_deleted_note_change(relid);
	for (int i = list_length(known) - 1; i >= 0; i--)
	{
		ClosureTargets *entry = list_nth(known, i);

		if (!OidIsValid(relid) || was_seen(entry, relid))
			forget_targets(entry);
	}
}

/* foreign keys; functions, as definitions of hooks are; roles' rights */
static void
catalog_stales_targets(Datum arg, int cacheid, uint32 hashvalue)
{
	closure_changes++;
	forget_all_targets();
}

/*
 * Adds the tables that before_closure hooks for rows of a table are on.
 */
static List *
add_targets(List *targets, Oid relid)
{
	const HookEvent *event = hooks_event_find(HOOK_BEFORE_CLOSURE,
											  HOOK_STATEMENT, HOOK_DELETE);
	Relation	rel = try_relation_open(relid, AccessShareLock);
	HookRelation *relation;
	const HookChain *chain;

	if (rel == NULL)
		return targets;
	relation = hooks_chain_pin(relid);
	chain = hooks_chain_of(relation, event);
	for (int i = 0; i < chain->length; i++)
		targets = list_append_unique_oid(targets, chain->members[i]->target);
	hooks_chain_unpin(relation);
	relation_close(rel, NoLock);
	return targets;
}

static bool
find_oid(HTAB *set, Oid relid)
{
	bool		found;

	(void) hash_search(set, &relid, HASH_ENTER, &found);
	return found;
}

/*
 * Looks for the hooked tables below some tables; *on_the_way are all tables
 * that were looked at.  None is locked: the cascade locks a partition after
 * its table, as TRUNCATE and DDL do.
 */
static List *
look_for_targets(List *roots, List **on_the_way)
{
	const HookGraph *graph = hooks_graph_pin(CurrentMemoryContext);
	List	   *targets = NIL;
	List	   *tables = list_copy(roots);
	HASHCTL		info = {0};
	HTAB	   *seen;
	HTAB	   *listed;
	ListCell   *lc;

	info.keysize = info.entrysize = sizeof(Oid);
	info.hcxt = CurrentMemoryContext;
	seen = hash_create("hooks tables of a closure", 64, &info,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	listed = hash_create("hooks tables to look at", 64, &info,
						 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	*on_the_way = NIL;
	foreach(lc, roots)
	{
		(void) find_oid(listed, lfirst_oid(lc));
	}
	for (int i = 0; i < list_length(tables); i++)
	{
		Oid			relid = list_nth_oid(tables, i);
		List	   *above = hooks_ancestors_of(relid);
		List	   *holders =
			get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ?
			find_all_inheritors(relid, NoLock, NULL) :
			list_make1_oid(relid);

		CHECK_FOR_INTERRUPTS();
		foreach(lc, holders)
		{
			Oid			holder = lfirst_oid(lc);

			if (find_oid(seen, holder))
				continue;
			*on_the_way = lappend_oid(*on_the_way, holder);
			if (hooks_present_on_rows(holder, above))
				targets = add_targets(targets, holder);
		}
		foreach(lc, above)
		{
			if (!find_oid(seen, lfirst_oid(lc)))
				*on_the_way = lappend_oid(*on_the_way, lfirst_oid(lc));
		}
		foreach(lc, hooks_graph_to_rows(graph, relid))
		{
			const HookForeignKey *key = lfirst(lc);

			if (key->on_delete == FKCONSTR_ACTION_CASCADE && key->enforced &&
				!find_oid(listed, key->referencing))
				tables = lappend_oid(tables, key->referencing);
		}
	}
	return targets;
}

static void
keep_targets(List *roots, List *targets, List *on_the_way)
{
	MemoryContext context = AllocSetContextCreate(CacheMemoryContext,
												  "hooks closure",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ClosureTargets *entry = palloc0(sizeof(ClosureTargets));

	entry->context = context;
	entry->roots = list_copy(roots);
	entry->targets = list_copy(targets);
	entry->seen = list_copy(on_the_way);
	list_sort(entry->seen, list_oid_cmp);
	MemoryContextSwitchTo(CacheMemoryContext);
	known = lappend(known, entry);
	MemoryContextSwitchTo(old);
}

/*
 * The tables with before_closure hooks that a delete from some tables can come
 * to, these included; and all tables on the way.
 */
static List *
targets_below(List *roots, List **on_the_way)
{
	List	   *targets;
	uint64		before;
	ListCell   *lc;

	AcceptInvalidationMessages();
	foreach(lc, known)
	{
		const ClosureTargets *entry = lfirst(lc);

		if (!equal(entry->roots, roots))
			continue;
		*on_the_way = list_copy(entry->seen);
		return list_copy(entry->targets);
	}
	before = closure_changes;
	targets = look_for_targets(roots, on_the_way);
	if (closure_changes != before)
		return targets;
	if (list_length(known) >= CLOSURES_KEPT)
		forget_all_targets();
	keep_targets(roots, targets, *on_the_way);
	return targets;
}

/*
 * Does a before_closure hook on a table fire in this session?
 */
static bool
fires_now(Oid target)
{
	const HookEvent *event = hooks_event_find(HOOK_BEFORE_CLOSURE,
											  HOOK_STATEMENT, HOOK_DELETE);
	HookRelation *relation = hooks_chain_pin(target);
	const HookChain *chain = hooks_chain_of(relation, event);
	bool		found = false;

	for (int i = 0; i < chain->length; i++)
		found |= chain->members[i]->target == target &&
			hooks_member_fires_here(chain->members[i]) &&
			!hooks_settings_is_paused(chain->members[i]->hook->hook_id);
	hooks_chain_unpin(relation);
	return found;
}

/* What the walk finds */
typedef struct ClosureSearch
{
	MemoryContext context;
	List	   *tables;			/* of HookClosureTable */
	List	   *on_the_way;
	HTAB	   *leaves;			/* of ClosureLeaf */
	struct ClosureLeaf *last;
} ClosureSearch;

/* A table that holds rows */
typedef struct ClosureLeaf
{
	Oid			relid;			/* hash key, must be first */
	List	   *tables;			/* of HookClosureTable: these are its rows */
} ClosureLeaf;

static void
begin_rows(HookClosureTable *table)
{
	table->depth = HOOK_DEPTH_UNKNOWN;
	table->constraint = InvalidOid;
	table->rows = hooks_batch_make(hooks_event_find(HOOK_BEFORE_CLOSURE,
													HOOK_STATEMENT,
													HOOK_DELETE), true);
}

/*
 * Is a walk from these tables wanted: do hooks on tables fire to which it
 * leads?
 */
static bool
is_walk_wanted(List *roots, void *arg)
{
	ClosureSearch *search = arg;
	ListCell   *lc;

	foreach(lc, targets_below(roots, &search->on_the_way))
	{
		HookClosureTable *table;

		if (!fires_now(lfirst_oid(lc)))
			continue;
		table = palloc0(sizeof(HookClosureTable));
		table->target = lfirst_oid(lc);
		begin_rows(table);
		search->tables = lappend(search->tables, table);
	}
	return search->tables != NIL;
}

/*
 * For which of the hooked tables the rows count that a table holds.  If its
 * trigger is switched off, for none: its hooks do not fire.
 */
static ClosureLeaf *
get_closure_leaf(ClosureSearch *search, Oid relid)
{
	bool		found;
	ClosureLeaf *leaf = search->last;
	HookRelation *relation;
	ListCell   *lc;

	if (leaf != NULL && leaf->relid == relid)
		return leaf;
	leaf = hash_search(search->leaves, &relid, HASH_ENTER, &found);
	search->last = leaf;
	if (found)
		return leaf;
	leaf->tables = NIL;
	relation = hooks_chain_pin(relid);
	foreach(lc, search->tables)
	{
		HookClosureTable *table = lfirst(lc);

		if (table->target == relid ||
			list_member_oid(relation->ancestors, table->target))
			leaf->tables = lappend(leaf->tables, table);
	}
	hooks_chain_unpin(relation);
	if (leaf->tables != NIL && !hooks_direct_is_captured(relid))
		leaf->tables = NIL;
	return leaf;
}

/*
 * The walk's visitor.
 */
static void
add_closure_row(const HookCascadeRow *row, void *arg)
{
	ClosureSearch *search = arg;
	MemoryContext old = MemoryContextSwitchTo(search->context);
	ListCell   *lc;

	if (row == NULL)
	{
		foreach(lc, search->tables)
		{
			begin_rows(lfirst(lc));
		}
	}
	else if (row->effect == HOOK_EFFECT_DELETE)
	{
		Oid			constraint = row->step == NULL ? InvalidOid :
			row->step->key->oid;

		foreach(lc, get_closure_leaf(search, row->relid)->tables)
		{
			HookClosureTable *table = lfirst(lc);

			if (table->depth == HOOK_DEPTH_UNKNOWN)
			{
				table->depth = row->depth;
				table->constraint = constraint;
			}
			else if (table->depth == row->depth &&
					 table->constraint != constraint)
				table->constraint = InvalidOid;
			hooks_batch_put(table->rows, row->relid, &row->tid);
		}
	}
	MemoryContextSwitchTo(old);
}

static int
compare_depths(const ListCell *a, const ListCell *b)
{
	return ((const HookClosureTable *) lfirst(a))->depth -
		((const HookClosureTable *) lfirst(b))->depth;
}

/*
 * See HookClosureFinder.
 */
static void
find_closure(const HookBatch *batch, HookClosure *closure)
{
	ClosureSearch search = {.context = CurrentMemoryContext};
	HASHCTL		info = {0};
	ListCell   *lc;

	info.keysize = sizeof(Oid);
	info.entrysize = sizeof(ClosureLeaf);
	info.hcxt = CurrentMemoryContext;
	search.leaves = hash_create("hooks leaves of a closure", 16, &info,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	hooks_doomed_walk_closure(batch, is_walk_wanted, add_closure_row, &search);
	closure->on_the_way = search.on_the_way;
	closure->tables = NIL;
	foreach(lc, search.tables)
	{
		if (((HookClosureTable *) lfirst(lc))->rows->tables != NULL)
			closure->tables = lappend(closure->tables, lfirst(lc));
	}
	list_sort(closure->tables, compare_depths);
}

/*
 * Listens to changes, and lends the walk to the wing that fires.  From
 * _PG_init() only.
 */
void
hooks_closure_init(void)
{
	CacheRegisterRelcacheCallback(relation_stales_targets, (Datum) 0);
	CacheRegisterSyscacheCallback(CONSTROID, catalog_stales_targets,
								  (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, catalog_stales_targets, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, catalog_stales_targets, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, catalog_stales_targets,
								  (Datum) 0);
	hooks_closure_finder = find_closure;
}
