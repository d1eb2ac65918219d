/*
 * graph.c
 *		The foreign keys of the database, as a graph.
 *
 * Built from pg_constraint on first use, in one scan, as that catalog has no
 * index for the referenced table.  Any change of a constraint makes it stale;
 * whoever has pinned it goes on with it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "base/ancestors.h"
#include "base/compat.h"
#include "base/graph.h"

struct HookGraph
{
	bool		stale;
	int			pins;
	MemoryContext context;
	HTAB	   *tables;			/* GraphTable */
	HTAB	   *keys;			/* GraphKey */
};

typedef struct GraphTable
{
	Oid			relid;			/* hash key, must be first */
	List	   *to;				/* foreign keys that refer to it */
	List	   *from;			/* its own foreign keys */
} GraphTable;

typedef struct GraphKey
{
	Oid			oid;			/* hash key, must be first */
	HookForeignKey *key;
} GraphKey;

/* the graph for the next caller; NULL: it has to be built */
static HookGraph *current = NULL;

/*
 * Counts changes of constraints.  A graph that was being built when one
 * arrived is used by the caller who asked for it, and not cached.
 */
static uint64 invalidations = 0;

static void
constraint_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	invalidations++;
	if (current == NULL)
		return;
	current->stale = true;
	if (current->pins == 0)
		MemoryContextDelete(current->context);
	current = NULL;
}

/*
 * Listens to changes of constraints.  From _PG_init() only.
 */
void
hooks_graph_init(void)
{
	CacheRegisterSyscacheCallback(CONSTROID, constraint_changed, (Datum) 0);
}

static void *
copy_array(const void *array, Size size)
{
	void	   *copy = palloc(Max(size, 1));

	memcpy(copy, array, size);
	return copy;
}

static HookForeignKey *
key_from_tuple(HeapTuple tuple)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	HookForeignKey *key = palloc0(sizeof(HookForeignKey));
	AttrNumber	referencing[INDEX_MAX_KEYS];
	AttrNumber	referenced[INDEX_MAX_KEYS];
	Oid			operators[INDEX_MAX_KEYS];
	Oid			referenced_operators[INDEX_MAX_KEYS];
	Oid			own_operators[INDEX_MAX_KEYS];
	AttrNumber	set[INDEX_MAX_KEYS];

	key->oid = form->oid;
	key->name = pstrdup(NameStr(form->conname));
	key->referencing = form->conrelid;
	key->referenced = form->confrelid;
	key->on_delete = form->confdeltype;
	key->on_update = form->confupdtype;
	key->full = form->confmatchtype == FKCONSTR_MATCH_FULL;
	key->deferred = form->condeferrable && form->condeferred;
	key->enforced = hooks_constraint_enforced(form);
	key->period = hooks_constraint_period(form);
	DeconstructFkConstraintRow(tuple, &key->nkeys, referencing, referenced,
							   operators, referenced_operators,
							   own_operators, &key->nset, set);
	key->referencing_keys = copy_array(referencing,
									   sizeof(AttrNumber) * key->nkeys);
	key->referenced_keys = copy_array(referenced,
									  sizeof(AttrNumber) * key->nkeys);
	key->operators = copy_array(operators, sizeof(Oid) * key->nkeys);
	key->referenced_operators = copy_array(referenced_operators,
										   sizeof(Oid) * key->nkeys);
	key->own_operators = copy_array(own_operators, sizeof(Oid) * key->nkeys);
	key->set = copy_array(set, sizeof(AttrNumber) * key->nset);
	return key;
}

static GraphTable *
get_graph_table(HookGraph *graph, Oid relid)
{
	bool		found;
	GraphTable *table = hash_search(graph->tables, &relid, HASH_ENTER, &found);

	if (!found)
		table->to = table->from = NIL;
	return table;
}

static int
compare_keys(const ListCell *a, const ListCell *b)
{
	const HookForeignKey *one = lfirst(a);
	const HookForeignKey *other = lfirst(b);
	int			result = strcmp(one->name, other->name);

	return result != 0 ? result :
		one->oid < other->oid ? -1 : one->oid > other->oid;
}

/*
 * Reads pg_constraint, in the graph's own context.
 */
static void
build(HookGraph *graph)
{
	HASHCTL		info = {0};
	Relation	catalog;
	SysScanDesc scan;
	ScanKeyData contype;
	HeapTuple	tuple;
	HASH_SEQ_STATUS status;
	GraphTable *table;

	info.keysize = sizeof(Oid);
	info.entrysize = sizeof(GraphTable);
	info.hcxt = graph->context;
	graph->tables = hash_create("hooks foreign keys by table", 64, &info,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	info.entrysize = sizeof(GraphKey);
	graph->keys = hash_create("hooks foreign keys", 64, &info,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyInit(&contype, Anum_pg_constraint_contype, BTEqualStrategyNumber,
				F_CHAREQ, CharGetDatum(CONSTRAINT_FOREIGN));
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &contype);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		HookForeignKey *key;
		GraphKey   *entry;

		CHECK_FOR_INTERRUPTS();
		if (OidIsValid(((Form_pg_constraint) GETSTRUCT(tuple))->conparentid))
			continue;
		key = key_from_tuple(tuple);
		entry = hash_search(graph->keys, &key->oid, HASH_ENTER, NULL);
		entry->key = key;
		table = get_graph_table(graph, key->referenced);
		table->to = lappend(table->to, key);
		table = get_graph_table(graph, key->referencing);
		table->from = lappend(table->from, key);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);

	hash_seq_init(&status, graph->tables);
	while ((table = hash_seq_search(&status)) != NULL)
	{
		list_sort(table->to, compare_keys);
		list_sort(table->from, compare_keys);
	}
}

static void
unpin(void *arg)
{
	HookGraph  *graph = arg;

	Assert(graph->pins > 0);
	if (--graph->pins == 0 && graph->stale)
		MemoryContextDelete(graph->context);
}

/*
 * The graph; it does not change or go away as long as the memory context
 * lives.
 */
const HookGraph *
hooks_graph_pin(MemoryContext context)
{
	HookGraph  *graph;
	MemoryContextCallback *callback;

	AcceptInvalidationMessages();
	callback = MemoryContextAlloc(context, sizeof(MemoryContextCallback));
	graph = current;
	if (graph == NULL)
	{
		/* Built below the current context, so that an error leaks nothing */
		MemoryContext own = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks foreign keys",
												  ALLOCSET_SMALL_SIZES);
		MemoryContext old = MemoryContextSwitchTo(own);
		uint64		before = invalidations;

		graph = palloc0(sizeof(HookGraph));
		graph->context = own;
		build(graph);
		MemoryContextSwitchTo(old);
		MemoryContextSetParent(own, CacheMemoryContext);
		graph->stale = invalidations != before;
		if (!graph->stale)
			current = graph;
	}
	graph->pins++;
	callback->func = unpin;
	callback->arg = graph;
	MemoryContextRegisterResetCallback(context, callback);
	return graph;
}

/*
 * The foreign keys that refer to a table, by name; those that refer to a
 * partitioned table above it, or to its partitions, are not among them.
 */
List *
hooks_graph_to(const HookGraph *graph, Oid referenced)
{
	GraphTable *table =
		hash_search(graph->tables, &referenced, HASH_FIND, NULL);

	return table == NULL ? NIL : table->to;
}

/*
 * The foreign keys of a table, by name.
 */
List *
hooks_graph_from(const HookGraph *graph, Oid referencing)
{
	GraphTable *table =
		hash_search(graph->tables, &referencing, HASH_FIND, NULL);

	return table == NULL ? NIL : table->from;
}

/*
 * The foreign key that a constraint is, or is derived from for a partition;
 * NULL if it is none.
 */
const HookForeignKey *
hooks_graph_find(const HookGraph *graph, Oid constraint)
{
	while (OidIsValid(constraint))
	{
		GraphKey   *entry =
			hash_search(graph->keys, &constraint, HASH_FIND, NULL);
		HeapTuple	tuple;

		if (entry != NULL)
			return entry->key;
		tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
		if (!HeapTupleIsValid(tuple))
			break;
		constraint = ((Form_pg_constraint) GETSTRUCT(tuple))->conparentid;
		ReleaseSysCache(tuple);
	}
	return NULL;
}

/*
 * Is a constraint a foreign key, but newer than the graph?
 */
bool
hooks_graph_misses(const HookGraph *graph, Oid constraint)
{
	HeapTuple	tuple;
	bool		is_key;

	if (hooks_graph_find(graph, constraint) != NULL)
		return false;
	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	if (!HeapTupleIsValid(tuple))
		return false;
	is_key = ((Form_pg_constraint) GETSTRUCT(tuple))->contype ==
		CONSTRAINT_FOREIGN;
	ReleaseSysCache(tuple);
	return is_key;
}

/*
 * The foreign keys that refer to rows of a table, in whatever partition.
 */
List *
hooks_graph_to_rows(const HookGraph *graph, Oid relid)
{
	List	   *keys = list_copy(hooks_graph_to(graph, relid));
	List	   *others = hooks_ancestors_of(relid);
	ListCell   *lc;

	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		others =
			list_concat(others,
						find_all_inheritors(relid, NoLock, NULL));
	foreach(lc, others)
	{
		keys =
			list_concat_unique_ptr(keys,
								   hooks_graph_to(graph, lfirst_oid(lc)));
	}
	return keys;
}

/*
 * Is an index's condition, if it has one, true of every row that can match the
 * key?  As it is in the catalog: to simplify it, as
 * RelationGetIndexPredicate() does, may call a function of the table's owner
 * as the user who looks.
 */
static bool
holds_for_keys(Relation index, const HookForeignKey *key)
{
	bool		isnull;
	Datum		condition = SysCacheGetAttr(INDEXRELID, index->rd_indextuple,
											Anum_pg_index_indpred, &isnull);
	ListCell   *lc;

	if (isnull)
		return true;
	foreach(lc,
			make_ands_implicit(stringToNode(TextDatumGetCString(condition))))
	{
		NullTest   *test = lfirst(lc);
		bool		covered = false;

		if (!IsA(test, NullTest) || test->nulltesttype != IS_NOT_NULL ||
			!IsA(test->arg, Var))
			return false;
		for (int i = 0; i < key->nkeys; i++)
			covered |= key->referencing_keys[i] ==
				((Var *) test->arg)->varattno;
		if (!covered)
			return false;
	}
	return true;
}

static bool
serves(Relation index, const HookForeignKey *key)
{
	Form_pg_index form = index->rd_index;

	if (!form->indisvalid || form->indnkeyatts < key->nkeys ||
		(index->rd_rel->relam != BTREE_AM_OID &&
		 index->rd_rel->relam != HASH_AM_OID &&
		 !(key->period && index->rd_rel->relam == GIST_AM_OID)) ||
		!holds_for_keys(index, key))
		return false;
	for (int i = 0; i < key->nkeys; i++)
	{
		bool		found = false;

		for (int j = 0; j < key->nkeys; j++)
			found |= form->indkey.values[j] == key->referencing_keys[i];
		if (!found)
			return false;
	}
	return true;
}

/*
 * Locks the referencing table of a foreign key.  False if the key was dropped
 * since the graph was read.
 */
bool
hooks_graph_lock(const HookForeignKey *key)
{
	LockRelationOid(key->referencing, AccessShareLock);
	return SearchSysCacheExists1(CONSTROID, ObjectIdGetDatum(key->oid));
}

/*
 * An index that leads from a referenced row to its referencing ones:
 * one that begins with the key's columns, in any order.  InvalidOid if there
 * is none, so that each referenced row costs a scan of the table.
 */
Oid
hooks_graph_index(const HookForeignKey *key)
{
	Relation	rel = table_open(key->referencing, AccessShareLock);
	Oid			found = InvalidOid;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = relation_open(lfirst_oid(lc), AccessShareLock);

		if (!OidIsValid(found) && serves(index, key))
			found = RelationGetRelid(index);
		relation_close(index, AccessShareLock);
	}
	table_close(rel, NoLock);
	return found;
}

/*
 * A referential action in SQL's words.
 */
const char *
hooks_graph_action_words(char action)
{
	switch (action)
	{
		case FKCONSTR_ACTION_CASCADE:
			return "cascade";
		case FKCONSTR_ACTION_SETNULL:
			return "set null";
		case FKCONSTR_ACTION_SETDEFAULT:
			return "set default";
		case FKCONSTR_ACTION_RESTRICT:
			return "restrict";
		default:
			return "no action";
	}
}
