/*
 * kept.c
 *		The table hooks.kept: the cascades that were kept.
 *
 * kept_row.c has their rows.  Both tables are read and written as catalog code
 * does it, without privilege checks: the callers check privileges.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/own.h"
#include "base/rights.h"
#include "recycle/kept.h"

/* columns of hooks.kept, as in the install script */
enum
{
	Anum_kept_id = 1,
	Anum_relation,
	Anum_rows,
	Anum_caller,
	Anum_transaction_id,
	Anum_kept_at,
	Anum_restored_at,
	Anum_partial,
	Anum_kept_until,
	Natts_kept = Anum_kept_until
};

static const HookOwnColumn kept_columns[Natts_kept] = {
	{INT8OID, false},			/* kept_id */
	{REGCLASSOID, false},		/* relation */
	{INT8OID, false},			/* rows */
	{NAMEOID, false},			/* caller */
	{XID8OID, false},			/* transaction_id */
	{TIMESTAMPTZOID, false},	/* kept_at */
	{TIMESTAMPTZOID, true},		/* restored_at */
	{BOOLOID, false},			/* partial */
	{TIMESTAMPTZOID, true},		/* kept_until */
};

static const HookOwnTable kept_table = {"kept", Natts_kept, kept_columns};

/*
 * Begins to write the rows of one kept cascade.
 */
void
hooks_kept_begin(HookKeptWriter *writer)
{
	Oid			ids;

	hooks_kept_row_begin(writer);
	ids = hooks_own_relation("kept_kept_id_seq", RELKIND_SEQUENCE);
	writer->kept_id = nextval_internal(ids, false);
}

/*
 * Adds a row to hooks.kept for what was written.  relation: from which the
 * statement deletes.  rows: how many it removes.  partial: other rows may
 * belong to the cascade.  until: the end of the time to keep it, PG_INT64_MAX
 * for ever.
 */
void
hooks_kept_end(HookKeptWriter *writer, Oid relation, int64 rows, Oid caller,
			   bool partial, TimestampTz until)
{
	Relation	kept = hooks_own_open(&kept_table, RowExclusiveLock);
	Datum		values[Natts_kept];
	bool		nulls[Natts_kept] = {false};

	hooks_kept_row_end(writer);
	values[Anum_kept_id - 1] = Int64GetDatum(writer->kept_id);
	values[Anum_relation - 1] = ObjectIdGetDatum(relation);
	values[Anum_rows - 1] = Int64GetDatum(rows);
	values[Anum_caller - 1] = hooks_rights_role_name(caller);
	values[Anum_transaction_id - 1] =
		FullTransactionIdGetDatum(GetTopFullTransactionId());
	values[Anum_kept_at - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	nulls[Anum_restored_at - 1] = true;
	values[Anum_partial - 1] = BoolGetDatum(partial);
	values[Anum_kept_until - 1] = TimestampTzGetDatum(until);
	nulls[Anum_kept_until - 1] = until == PG_INT64_MAX;
	hooks_append_one(kept, values, nulls);
	table_close(kept, NoLock);
	CommandCounterIncrement();
}

static SysScanDesc
scan_kept(Relation kept, int64 kept_id)
{
	Oid			index = hooks_own_find_index(kept, "kept_pkey", Anum_kept_id);
	ScanKeyData key;

	ScanKeyInit(&key, Anum_kept_id, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(kept_id));
	return systable_beginscan(kept, index, OidIsValid(index), NULL, 1, &key);
}

static void
get_entry(HookKeptEntry *entry, HeapTuple tuple, TupleDesc desc)
{
	Datum		values[Natts_kept];
	bool		nulls[Natts_kept];

	heap_deform_tuple(tuple, desc, values, nulls);
	entry->kept_id = DatumGetInt64(values[Anum_kept_id - 1]);
	entry->rows = DatumGetInt64(values[Anum_rows - 1]);
	entry->restored = !nulls[Anum_restored_at - 1];
	entry->restored_at = entry->restored ?
		DatumGetTimestampTz(values[Anum_restored_at - 1]) : 0;
}

/*
 * Reads the row of a cascade in hooks.kept; 42704 if there is none.  With
 * ShareUpdateExclusiveLock, no other session can restore or purge it until the
 * end of the transaction.
 */
void
hooks_kept_get(HookKeptEntry *entry, int64 kept_id, LOCKMODE lockmode)
{
	Relation	kept = hooks_own_open(&kept_table, lockmode);
	SysScanDesc scan = scan_kept(kept, kept_id);
	HeapTuple	tuple = systable_getnext(scan);

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("kept cascade %lld does not exist",
						(long long) kept_id),
				 errhint("Table hooks.kept lists them.")));
	get_entry(entry, tuple, RelationGetDescr(kept));
	systable_endscan(scan);
	table_close(kept, NoLock);
}

/*
 * Gives back the lock under which nothing is restored: who has no right to
 * what was kept must not keep others from restoring it.
 */
void
hooks_kept_release(LOCKMODE lockmode)
{
	UnlockRelationOid(hooks_own_relation(kept_table.name, RELKIND_RELATION),
					  lockmode);
}

static int
compare_entries(const ListCell *a, const ListCell *b)
{
	const HookKeptEntry *one = lfirst(a);
	const HookKeptEntry *other = lfirst(b);

	return one->kept_id > other->kept_id ? -1 : 1;
}

/*
 * The cascades that a transaction has kept, the newest first: a palloc'd list
 * of HookKeptEntry.  42704 if there are none.
 */
List *
hooks_kept_of_transaction(FullTransactionId transaction, LOCKMODE lockmode)
{
	Relation	kept = hooks_own_open(&kept_table, lockmode);
	List	   *entries = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_transaction_id, BTEqualStrategyNumber, F_XID8EQ,
				FullTransactionIdGetDatum(transaction));
	scan = systable_beginscan(kept, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		HookKeptEntry *entry = palloc(sizeof(HookKeptEntry));

		CHECK_FOR_INTERRUPTS();
		get_entry(entry, tuple, RelationGetDescr(kept));
		entries = lappend(entries, entry);
	}
	systable_endscan(scan);
	table_close(kept, NoLock);
	if (entries == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("nothing is kept of transaction %llu",
						(unsigned long long) transaction.value),
				 errhint("Table hooks.kept lists what is.")));
	list_sort(entries, compare_entries);
	return entries;
}

/*
 * Puts a new row in the place of the row of a cascade.
 */
static void
replace_row(Relation kept, HeapTuple tuple, Datum *values, bool *nulls)
{
	CatalogTupleDelete(kept, &tuple->t_self);
	hooks_append_one(kept, values, nulls);
}

/*
 * Keeps a cascade, of this transaction, until a time at least, PG_INT64_MAX
 * for ever.
 */
void
hooks_kept_extend(int64 kept_id, TimestampTz until)
{
	Relation	kept = hooks_own_open(&kept_table, RowExclusiveLock);
	SysScanDesc scan = scan_kept(kept, kept_id);
	HeapTuple	tuple = systable_getnext(scan);
	Datum		values[Natts_kept];
	bool		nulls[Natts_kept];
	Datum	   *value = &values[Anum_kept_until - 1];
	bool	   *isnull = &nulls[Anum_kept_until - 1];

	if (HeapTupleIsValid(tuple))
	{
		heap_deform_tuple(tuple, RelationGetDescr(kept), values, nulls);
		if (!*isnull && until > DatumGetTimestampTz(*value))
		{
			*value = TimestampTzGetDatum(until);
			*isnull = until == PG_INT64_MAX;
			replace_row(kept, tuple, values, nulls);
		}
	}
	systable_endscan(scan);
	table_close(kept, NoLock);
	CommandCounterIncrement();
}

/*
 * Marks a cascade that hooks_kept_get() has found as restored; the lock keeps
 * its row from others.
 */
void
hooks_kept_set_restored(int64 kept_id)
{
	Relation	kept = hooks_own_open(&kept_table, RowExclusiveLock);
	SysScanDesc scan = scan_kept(kept, kept_id);
	HeapTuple	tuple = systable_getnext(scan);
	Datum		values[Natts_kept];
	bool		nulls[Natts_kept];

	if (HeapTupleIsValid(tuple))
	{
		heap_deform_tuple(tuple, RelationGetDescr(kept), values, nulls);
		values[Anum_restored_at - 1] =
			TimestampTzGetDatum(GetCurrentTimestamp());
		nulls[Anum_restored_at - 1] = false;
		replace_row(kept, tuple, values, nulls);
	}
	systable_endscan(scan);
	table_close(kept, NoLock);
	CommandCounterIncrement();
}
