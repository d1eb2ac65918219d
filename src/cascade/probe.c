/*
 * probe.c
 *		Rows that refer to a key, found in an index.
 *
 * Most deletes are of one row, and then a round has a few keys.  To start a
 * query for them takes many times as long as to find their rows.  So, as
 * ri_triggers.c does for its checks since PostgreSQL 19, they are looked up in
 * an index of the referencing table, without a query.  Many keys are, too: a
 * query that hashes them all does less for each, but takes its rows through
 * the executor and sorts them, which takes longer.  The cascade is going to
 * look up the same keys one by one.
 *
 * It must be a valid B-tree that begins with the columns of the key, and is
 * searched by functions that come with PostgreSQL.  Nothing that a user wrote
 * is called then, so this needs no other role.  Where there is no such index,
 * or where the table has partitions, the query of the step is run.
 *
 * The index is scanned as PostgreSQL scans those of its catalogs, because this
 * has been called in the same way in all versions.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "cascade/probe.h"
#include "cascade/query.h"

/*
 * Do all values compare alike under each of these collations?
 */
static bool
is_deterministic(Oid collation)
{
	return !OidIsValid(collation) || get_collation_isdeterministic(collation);
}

/*
 * Does a function come with PostgreSQL?
 */
static bool
is_built_in(Oid function)
{
	return OidIsValid(function) && function < FirstNormalObjectId;
}

/*
 * Makes the scan key for a column of the foreign key, if the index has it at
 * this position.
 */
static bool
make_scan_key(ScanKey scan_key, const HookForeignKey *key, int i,
			  Relation index, int position)
{
	Oid			family = index->rd_opfamily[position];
	Oid			operator = get_commutator(key->operators[i]);
	Oid			type;
	Oid			referenced_type;
	Oid			collation;
	Oid			referenced_collation;
	int32		typmod;
	int			strategy;
	Oid			left;
	Oid			right;

	if (get_op_opfamily_strategy(operator, family) != BTEqualStrategyNumber)
		return false;
	get_op_opfamily_properties(operator, family, false, &strategy, &left,
							   &right);
	/* a superuser may add operators and functions to any family */
	if (!is_built_in(get_opcode(operator)) ||
		!is_built_in(get_opfamily_proc(family, index->rd_opcintype[position],
									   right, BTORDER_PROC)))
		return false;
	get_atttypetypmodcoll(key->referencing, key->referencing_keys[i], &type,
						  &typmod, &collation);
	get_atttypetypmodcoll(key->referenced, key->referenced_keys[i],
						  &referenced_type, &typmod, &referenced_collation);
	/* what compares arrays, ranges or rows calls what compares their parts */
	if (get_typtype(left) == TYPTYPE_PSEUDO ||
		!IsBinaryCoercible(type, left) ||
		!IsBinaryCoercible(referenced_type, right))
		return false;
	if (!is_deterministic(collation) ||
		!is_deterministic(referenced_collation) ||
		!is_deterministic(index->rd_indcollation[position]))
		return false;
	ScanKeyEntryInitialize(scan_key, 0, key->referencing_keys[i],
						   BTEqualStrategyNumber, right,
						   index->rd_indcollation[position],
						   get_opcode(operator), (Datum) 0);
	return true;
}

/*
 * Is an index one that can be asked with the active snapshot?
 */
static bool
is_usable(Relation index)
{
	HeapTuple	tuple = index->rd_indextuple;

	return index->rd_rel->relam == BTREE_AM_OID &&
		index->rd_index->indisvalid &&
		heap_attisnull(tuple, Anum_pg_index_indpred, NULL) &&
		(!index->rd_index->indcheckxmin ||
		 TransactionIdPrecedes(HeapTupleHeaderGetXmin(tuple->t_data),
							   TransactionXmin));
}

/*
 * Which column of the foreign key comes at a position of the index?  One that
 * is at no position before: both may have a column twice.  -1: none.
 */
static int
column_at(const HookProbe *probe, const HookForeignKey *key, Relation index,
		  int position)
{
	for (int i = 0; i < key->nkeys; i++)
	{
		bool		used = false;

		for (int before = 0; before < position; before++)
			used |= probe->positions[before] == i;
		if (!used && key->referencing_keys[i] ==
			index->rd_index->indkey.values[position])
			return i;
	}
	return -1;
}

/*
 * Makes the scan keys, if the leading columns of the index are those of the
 * foreign key, in whatever order.
 */
static bool
make_scan_keys(HookProbe *probe, const HookForeignKey *key, Relation index)
{
	int			n = IndexRelationGetNumberOfKeyAttributes(index);

	if (n < key->nkeys)
		return false;
	for (int position = 0; position < key->nkeys; position++)
	{
		int			i = column_at(probe, key, index, position);

		if (i < 0 ||
			!make_scan_key(&probe->keys[position], key, i, index, position))
			return false;
		probe->positions[position] = i;
		probe->attnums[position] = key->referencing_keys[i];
	}
	return true;
}

/*
 * The format of what hooks_query_rows() finds for such a step.
 */
static TupleDesc
found_desc(const HookProbe *probe, Relation rel)
{
	TupleDesc	desc =
		CreateTemplateTupleDesc(HOOK_ROW_COLUMNS + probe->ncolumns);

	TupleDescInitEntry(desc, 1, "event", INT8OID, -1, 0);
	TupleDescInitEntry(desc, HOOK_ROW_RELID + 1, "relid", OIDOID, -1, 0);
	TupleDescInitEntry(desc, HOOK_ROW_TID + 1, "tid", TIDOID, -1, 0);
	TupleDescInitEntry(desc, HOOK_ROW_XMIN + 1, "xmin", XIDOID, -1, 0);
	for (int i = 0; i < probe->ncolumns; i++)
		TupleDescCopyEntry(desc, HOOK_ROW_COLUMNS + i + 1,
						   RelationGetDescr(rel), probe->columns[i]);
	TupleDescFinalize(desc);
	return desc;
}

/*
 * Finds the index; if the probe is exact, one that has no other columns.
 */
static bool
find_index(HookProbe *probe, const HookForeignKey *key, Relation rel)
{
	bool		found = false;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		probe->index = lfirst_oid(lc);
		found = is_usable(index) &&
			(!probe->exact ||
			 IndexRelationGetNumberOfAttributes(index) == key->nkeys) &&
			make_scan_keys(probe, key, index);
		index_close(index, NoLock);
		if (found)
			break;
	}
	return found;
}

/*
 * How the rows of a step are found by an index, in the current memory context;
 * NULL if they cannot be.  It is valid until the table changes.
 */
HookProbe *
hooks_probe_make(const HookStep *step)
{
	const HookForeignKey *key = step->key;
	const HookTable *table = step->table;
	HookProbe  *probe;
	Relation	rel;
	bool		found;

	if (table->partitioned || step->recheck || step->meets ||
		(step->copies && step->moves))
		return NULL;
	probe = palloc0(sizeof(HookProbe));
	probe->relid = key->referencing;
	probe->nkeys = key->nkeys;
	probe->positions = palloc(sizeof(int) * key->nkeys);
	probe->attnums = palloc(sizeof(AttrNumber) * key->nkeys);
	probe->keys = palloc(sizeof(ScanKeyData) * key->nkeys);
	rel = table_open(key->referencing, NoLock);
	probe->exact = true;
	found = find_index(probe, key, rel);
	if (!found)
	{
		probe->exact = false;
		found = find_index(probe, key, rel);
	}
	if (found)
	{
		probe->with_xmin = step->set != NULL;
		probe->ncolumns = list_length(table->tree->columns);
		probe->columns = table->numbers;
		probe->found = found_desc(probe, rel);
	}
	table_close(rel, NoLock);
	return found ? probe : NULL;
}

struct HookProbeScan
{
	HookProbe  *probe;
	Relation	rel;
	Relation	index;
	Snapshot	snapshot;		/* the one that was active at the beginning */
	ScanKeyData *keys;
	SysScanDesc scan;			/* NULL: nothing was looked up yet */
	Datum		event;			/* of what is looked up */
};

/*
 * Gets ready to find rows that the active snapshot sees, in the current memory
 * context.  The caller has the table open, and the probe is as the table is
 * now.
 */
HookProbeScan *
hooks_probe_begin(HookProbe *probe)
{
	HookProbeScan *scan = palloc0(sizeof(HookProbeScan));

	scan->probe = probe;
	scan->rel = table_open(probe->relid, NoLock);
	scan->index = index_open(probe->index, AccessShareLock);
	scan->snapshot = RegisterSnapshot(GetActiveSnapshot());
	scan->keys = palloc(sizeof(ScanKeyData) * probe->nkeys);
	memcpy(scan->keys, probe->keys, sizeof(ScanKeyData) * probe->nkeys);
	return scan;
}

/*
 * Looks for the rows that refer to an input row of the step's query: its event
 * and key, which must be valid as long.  hooks_probe_next() finds them.
 */
void
hooks_probe_look(HookProbeScan *scan, const Datum *input)
{
	const HookProbe *probe = scan->probe;

	scan->event = input[0];
	for (int i = 0; i < probe->nkeys; i++)
	{
		/* at first of the table, then of the index */
		scan->keys[i].sk_attno = scan->scan == NULL ? probe->attnums[i] :
			i + 1;
		scan->keys[i].sk_argument = input[probe->positions[i] + 1];
	}
	if (scan->scan == NULL)
		scan->scan = systable_beginscan_ordered(scan->rel, scan->index,
												scan->snapshot, probe->nkeys,
												scan->keys);
	else
		index_rescan(scan->scan->iscan, scan->keys, probe->nkeys, NULL, 0);
}

/*
 * The next row, with the columns of the step's query; false if there is none,
 * or nothing was looked up yet.  After that, do not ask before the next
 * look-up.  The values are valid until the next one is asked for.
 */
bool
hooks_probe_next(HookProbeScan *scan, Datum *values, bool *nulls)
{
	const HookProbe *probe = scan->probe;
	TupleTableSlot *slot;

	if (scan->scan == NULL ||
		systable_getnext_ordered(scan->scan, ForwardScanDirection) == NULL)
		return false;
	slot = scan->scan->slot;
	values[0] = scan->event;
	values[HOOK_ROW_RELID] = ObjectIdGetDatum(probe->relid);
	values[HOOK_ROW_TID] = PointerGetDatum(&slot->tts_tid);
	memset(nulls, false, sizeof(bool) * HOOK_ROW_COLUMNS);
	nulls[HOOK_ROW_XMIN] = !probe->with_xmin;
	if (probe->with_xmin)
		values[HOOK_ROW_XMIN] =
			slot_getsysattr(slot, MinTransactionIdAttributeNumber,
							&nulls[HOOK_ROW_XMIN]);
	for (int i = 0; i < probe->ncolumns; i++)
		values[HOOK_ROW_COLUMNS + i] =
			slot_getattr(slot, probe->columns[i],
						 &nulls[HOOK_ROW_COLUMNS + i]);
	return true;
}

void
hooks_probe_end(HookProbeScan *scan)
{
	if (scan->scan != NULL)
		systable_endscan_ordered(scan->scan);
	UnregisterSnapshot(scan->snapshot);
	index_close(scan->index, NoLock);
	table_close(scan->rel, NoLock);
	pfree(scan->keys);
	pfree(scan);
}
