/*
 * probe.c
 *		Rows that refer to a key, found in an index.
 *
 * Most deletes are of one row, and then a round has a few keys.  To start a
 * query for them takes many times as long as to find their rows.  So, as
 * ri_triggers.c does for its checks since PostgreSQL 19, they are looked up in
 * an index of the referencing table, without a query.
 *
 * It must be a valid B-tree that begins with the columns of the key, whose
 * operator family comes with PostgreSQL.  Nothing that a user wrote is called
 * then, so this needs no other role.  Where there is no such index, or where
 * the table has partitions, the query of the step is run.
 *
 * The index is scanned as PostgreSQL scans those of its catalogs, because this
 * has been called in the same way in all versions.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
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

	if (family >= FirstNormalObjectId || !OidIsValid(operator) ||
		get_op_opfamily_strategy(operator, family) != BTEqualStrategyNumber)
		return false;
	get_op_opfamily_properties(operator, family, false, &strategy, &left,
							   &right);
	get_atttypetypmodcoll(key->referencing, key->referencing_keys[i], &type,
						  &typmod, &collation);
	get_atttypetypmodcoll(key->referenced, key->referenced_keys[i],
						  &referenced_type, &typmod, &referenced_collation);
	/* what compares arrays, ranges or rows calls what compares their parts */
	if (get_typtype(left) == TYPTYPE_PSEUDO ||
		get_typtype(right) == TYPTYPE_PSEUDO ||
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
	bool		found = false;
	ListCell   *lc;

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
	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		found = is_usable(index) && make_scan_keys(probe, key, index);
		probe->index = lfirst_oid(lc);
		index_close(index, NoLock);
		if (found)
			break;
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

/*
 * Gives the row in the slot to the receiver, as the step's query would.
 */
static bool
receive(const HookProbe *probe, Datum event, TupleTableSlot *slot,
		HookProbeReceiver receiver, void *arg)
{
	Datum		values[MaxTupleAttributeNumber];
	bool		nulls[MaxTupleAttributeNumber];

	values[0] = event;
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
	return receiver(values, nulls, arg);
}

/*
 * Finds the rows that the active snapshot sees, for each of some input rows of
 * the step's query in turn.  False if the receiver did not want them all.  The
 * caller has the table open, and the probe is as the table is now.
 */
bool
hooks_probe_run(HookProbe *probe, HeapTuple *inputs, int n, TupleDesc desc,
				HookProbeReceiver receiver, void *arg)
{
	Relation	rel = table_open(probe->relid, NoLock);
	Relation	index = index_open(probe->index, AccessShareLock);
	bool		more = true;

	for (int i = 0; i < n && more; i++)
	{
		Datum		values[INDEX_MAX_KEYS + 1];
		bool		nulls[INDEX_MAX_KEYS + 1];
		SysScanDesc scan;

		Assert(desc->natts == probe->nkeys + 1);
		heap_deform_tuple(inputs[i], desc, values, nulls);
		for (int k = 0; k < probe->nkeys; k++)
		{
			/* until PostgreSQL 17, the scan overwrites the number */
			probe->keys[k].sk_attno = probe->attnums[k];
			probe->keys[k].sk_argument = values[probe->positions[k] + 1];
		}
		scan = systable_beginscan_ordered(rel, index, GetActiveSnapshot(),
										  probe->nkeys, probe->keys);
		while (more && systable_getnext_ordered(scan,
												ForwardScanDirection) != NULL)
		{
			CHECK_FOR_INTERRUPTS();
			more = receive(probe, values[0], scan->slot, receiver, arg);
		}
		systable_endscan_ordered(scan);
	}
	index_close(index, NoLock);
	table_close(rel, NoLock);
	return more;
}
