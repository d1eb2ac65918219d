/*
 * position.c
 *		How far a hook has come in the log.
 *
 * The worker that holds a hook's lock (service.c) writes its positions, one
 * after the other.  Like the log, positions are in three tables to which rows
 * are only added.  The position with the highest number is the valid one.  A
 * hook without a position has seen nothing; the log has events for it since it
 * was registered.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/moves.h"
#include "base/own.h"
#include "firing/log.h"
#include "outbox/position.h"

/* columns of hooks.position_1, _2 and _3, as in the install script */
enum
{
	Anum_position_hook_id = 1,
	Anum_position_number,
	Anum_position_seen,
	Anum_position_target,
	Anum_position_event_id,
	Natts_position = Anum_position_event_id
};

static const HookOwnColumn position_columns[Natts_position] = {
	{INT8OID, false},			/* hook_id */
	{INT8OID, false},			/* number */
	{PG_SNAPSHOTOID, false},	/* seen */
	{PG_SNAPSHOTOID, true},		/* target */
	{INT8OID, true},			/* event_id */
};

static const HookOwnTable position_tables[HOOK_LOG_TABLES] = {
	{"position_1", Natts_position, position_columns},
	{"position_2", Natts_position, position_columns},
	{"position_3", Natts_position, position_columns},
};

static const char *const position_indexes[HOOK_LOG_TABLES] = {
	"position_1_pkey", "position_2_pkey", "position_3_pkey",
};

/*
 * The name of the table of positions with this number.
 */
const char *
hooks_position_table(int turn)
{
	return position_tables[turn - 1].name;
}

/*
 * What the active snapshot sees.
 */
HookSnapshot *
hooks_position_snapshot(void)
{
	return (HookSnapshot *)
		DatumGetPointer(DirectFunctionCall1(pg_current_snapshot, (Datum) 0));
}

/*
 * Had a transaction ended when the snapshot was taken?
 */
bool
hooks_position_sees(const HookSnapshot *snapshot, FullTransactionId fxid)
{
	uint32		low = 0;
	uint32		high = snapshot->nxip;

	if (FullTransactionIdPrecedes(fxid, snapshot->xmin))
		return true;
	if (!FullTransactionIdPrecedes(fxid, snapshot->xmax))
		return false;
	while (low < high)
	{
		uint32		middle = (low + high) / 2;

		if (FullTransactionIdEquals(snapshot->xip[middle], fxid))
			return false;
		if (FullTransactionIdPrecedes(snapshot->xip[middle], fxid))
			low = middle + 1;
		else
			high = middle;
	}
	return true;
}

/* a snapshot that sees nothing */
static HookSnapshot *
blind_snapshot(void)
{
	HookSnapshot *snapshot = palloc0(offsetof(HookSnapshot, xip));

	SET_VARSIZE(snapshot, offsetof(HookSnapshot, xip));
	snapshot->xmin = snapshot->xmax =
		FullTransactionIdFromU64(FirstNormalTransactionId);
	return snapshot;
}

static HookSnapshot *
get_snapshot(HeapTuple tuple, AttrNumber column, TupleDesc desc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? NULL :
		(HookSnapshot *) PG_DETOAST_DATUM_COPY(value);
}

/*
 * Reads the newest position of a hook in one table, if it is newer than the
 * given one.
 */
static void
read_table(int turn, HookPosition *position)
{
	Relation	table = hooks_own_open(&position_tables[turn - 1],
									   AccessShareLock);
	Relation	index;
	TupleDesc	desc = RelationGetDescr(table);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		isnull;

	if (RelationGetNumberOfBlocks(table) == 0)
	{
		table_close(table, AccessShareLock);
		return;
	}
	index = hooks_own_open_index(table, position_indexes[turn - 1],
								 Anum_position_hook_id);
	ScanKeyInit(&keys[0], Anum_position_hook_id, BTEqualStrategyNumber,
				F_INT8EQ, Int64GetDatum(position->hook_id));
	ScanKeyInit(&keys[1], Anum_position_number, BTGreaterStrategyNumber,
				F_INT8GT, Int64GetDatum(position->number));
	scan = systable_beginscan_ordered(table, index, GetActiveSnapshot(),
									  2, keys);
	tuple = systable_getnext_ordered(scan, BackwardScanDirection);
	if (HeapTupleIsValid(tuple))
	{
		position->number = DatumGetInt64(heap_getattr(tuple,
													  Anum_position_number,
													  desc, &isnull));
		position->turn = turn;
		position->seen = get_snapshot(tuple, Anum_position_seen, desc);
		position->target = get_snapshot(tuple, Anum_position_target, desc);
		position->event_id = position->target == NULL ? 0 :
			DatumGetInt64(heap_getattr(tuple, Anum_position_event_id, desc,
									   &isnull));
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
}

/*
 * The position of a hook, as the active snapshot sees it.  palloc'd.
 */
void
hooks_position_read(int64 hook_id, HookPosition *position)
{
	memset(position, 0, sizeof(HookPosition));
	position->hook_id = hook_id;
	for (int turn = 1; turn <= HOOK_LOG_TABLES; turn++)
		read_table(turn, position);
	if (position->seen == NULL)
		position->seen = blind_snapshot();
}

/*
 * Writes the next position of a hook, with the next number.
 */
void
hooks_position_write(HookPosition *position, int turn)
{
	Relation	table = hooks_own_open(&position_tables[turn - 1],
									   RowExclusiveLock);
	Datum		values[Natts_position];
	bool		nulls[Natts_position] = {false};

	position->number++;
	position->turn = turn;
	values[Anum_position_hook_id - 1] = Int64GetDatum(position->hook_id);
	values[Anum_position_number - 1] = Int64GetDatum(position->number);
	values[Anum_position_seen - 1] = PointerGetDatum(position->seen);
	values[Anum_position_target - 1] = PointerGetDatum(position->target);
	values[Anum_position_event_id - 1] = Int64GetDatum(position->event_id);
	nulls[Anum_position_target - 1] = position->target == NULL;
	nulls[Anum_position_event_id - 1] = position->target == NULL;
	CatalogTupleInsert(table, heap_form_tuple(RelationGetDescr(table),
											  values, nulls));
	table_close(table, NoLock);
	hooks_moves_add(position->hook_id);
}
