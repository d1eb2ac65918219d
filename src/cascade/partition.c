/*
 * partition.c
 *		Does a partition have a place for a row?
 *
 * If not, an UPDATE moves the row to another partition: it deletes the old row
 * and inserts a new one.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/partition.h"
#include "catalog/pg_partitioned_table.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/identity.h"
#include "cascade/partition.h"

static bool
is_foreign_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

static bool
key_runs_code(Node *node, void *context)
{
	return node != NULL &&
		(IsA(node, CoerceToDomain) ||
		 check_functions_in_node(node, is_foreign_function, NULL) ||
		 expression_tree_walker(node, key_runs_code, NULL));
}

/*
 * The constraint of a partition; NIL if it has none.
 *
 * PostgreSQL makes it of the partition keys of the tables above.  When it
 * first reads a key it may simplify the expression, which can call functions
 * in it.  So each key is read here as the owner of its table; the relation
 * then keeps it while it is open.
 */
static List *
get_constraint(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	List	   *above = NIL;
	List	   *constraint;
	HookIdentity before;
	ListCell   *lc;

	while (get_rel_relispartition(relid))
	{
		Relation	parent;

		relid = get_partition_parent(relid, true);
		parent = table_open(relid, AccessShareLock);
		hooks_identity_become_owner(&before, relid);
		(void) RelationGetPartitionKey(parent);
		hooks_identity_end(&before);
		above = lappend(above, parent);
	}
	hooks_identity_become_owner(&before, RelationGetRelid(rel));
	constraint = RelationGetPartitionQual(rel);
	hooks_identity_end(&before);
	foreach(lc, above)
	{
		table_close(lfirst(lc), NoLock);
	}
	return constraint;
}

/*
 * What is needed to tell whether a row belongs to a partition, in the current
 * memory context.  NULL if the table is no partition, or if a function that is
 * not PostgreSQL's would be called to find out.
 */
HookPartition *
hooks_partition_make(Relation rel)
{
	List	   *constraint = get_constraint(rel);
	HookPartition *partition;
	Bitmapset  *columns = NULL;
	int			column = -1;

	if (constraint == NIL || key_runs_code((Node *) constraint, NULL))
		return NULL;
	partition = palloc0(sizeof(HookPartition));
	partition->context = CurrentMemoryContext;
	partition->relid = RelationGetRelid(rel);
	partition->constraint = constraint;
	pull_varattnos((Node *) constraint, 1, &columns);
	partition->columns = palloc(sizeof(AttrNumber) * bms_num_members(columns));
	while ((column = bms_next_member(columns, column)) >= 0)
	{
		AttrNumber	attnum = column + FirstLowInvalidHeapAttributeNumber;

		if (attnum <= 0)
			return NULL;		/* a whole row */
		partition->columns[partition->ncolumns++] = attnum;
	}
	return partition;
}

/*
 * The columns by which a table finds a partition for a row, and their number;
 * 0 if it is not partitioned.  As they are in the catalog: nothing is called.
 */
int
hooks_partition_key(Oid relid, AttrNumber **columns)
{
	HeapTuple	tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(relid));
	Form_pg_partitioned_table form;
	Bitmapset  *set = NULL;
	Datum		expressions;
	bool		isnull;
	int			column = -1;
	int			n = 0;

	*columns = NULL;
	if (!HeapTupleIsValid(tuple))
		return 0;
	form = (Form_pg_partitioned_table) GETSTRUCT(tuple);
	for (int i = 0; i < form->partnatts; i++)
		set =
			bms_add_member(set,
						   form->partattrs.values[i] -
						   FirstLowInvalidHeapAttributeNumber);
	expressions = SysCacheGetAttr(PARTRELID, tuple,
								  Anum_pg_partitioned_table_partexprs,
								  &isnull);
	if (!isnull)
		pull_varattnos(stringToNode(TextDatumGetCString(expressions)), 1,
					   &set);
	ReleaseSysCache(tuple);

	*columns = palloc(sizeof(AttrNumber) * bms_num_members(set));
	while ((column = bms_next_member(set, column)) >= 0)
		/* not an expression */
		if (column + FirstLowInvalidHeapAttributeNumber > 0)
			(*columns)[n++] = column + FirstLowInvalidHeapAttributeNumber;
	return n;
}

/*
 * Does a row belong to the partition?  The values are those of
 * HookPartition.columns, in their order.
 */
bool
hooks_partition_has(HookPartition *partition, const Datum *values,
					const bool *nulls)
{
	TupleTableSlot *slot;
	bool		result;

	if (partition->state == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(partition->context);
		EState	   *estate = CreateExecutorState();
		Relation	rel = table_open(partition->relid, NoLock);
		TupleDesc	desc = CreateTupleDescCopy(RelationGetDescr(rel));

		partition->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
		table_close(rel, NoLock);
		partition->econtext = GetPerTupleExprContext(estate);
		partition->state = ExecPrepareCheck(partition->constraint, estate);
		MemoryContextSwitchTo(old);
	}
	/* nothing reads the slot's other columns */
	slot = ExecClearTuple(partition->slot);
	for (int i = 0; i < partition->ncolumns; i++)
	{
		slot->tts_values[partition->columns[i] - 1] = values[i];
		slot->tts_isnull[partition->columns[i] - 1] = nulls[i];
	}
	ExecStoreVirtualTuple(slot);
	partition->econtext->ecxt_scantuple = slot;
	result = ExecCheck(partition->state, partition->econtext);
	ResetExprContext(partition->econtext);
	return result;
}
