/*
 * scan.c
 *		Which events of the log wait for a hook.
 *
 * These are the rows for the hook that the active snapshot sees, but the
 * hook's position does not.  The index on the transaction finds them: a
 * transaction that has ended since the position's snapshot was in progress in
 * it, or began later.
 *
 * Delivery snapshot by snapshot never puts an effect before its cause: a
 * transaction that saw another one's effects, or waited for its lock, cannot
 * have ended before it.  Within a snapshot, the numbers of the events keep
 * this order.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#include "firing/log.h"
#include "outbox/scan.h"

/* how many places are remembered at a time, 24 bytes each */
#define MAX_PLACES	500000

/* bytes of rows after which no more are read ahead */
#define MAX_FETCHED (1024 * 1024)

/* transactions that are not farther apart are found by one scan */
#define NEAR 32

static const char *const log_indexes[HOOK_LOG_TABLES] = {
	"log_1_transaction_id_idx", "log_2_transaction_id_idx",
	"log_3_transaction_id_idx",
};

/* What one scan is about */
typedef struct LogScan
{
	const HookPosition *position;
	const HookSnapshot *target; /* NULL: all that is visible */
	HookLogVisitor visit;
	void	   *arg;
} LogScan;

static Relation
open_log(int turn, LOCKMODE lockmode)
{
	Assert(turn >= 1 && turn <= HOOK_LOG_TABLES);
	return hooks_own_open(&hooks_log_tables[turn - 1], lockmode);
}

static bool
wants(HeapTuple tuple, TupleDesc desc, int64 hook_id)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, Anum_log_hook_ids, desc, &isnull);
	ArrayType  *ids = DatumGetArrayTypeP(value);
	int			n = ArrayGetNItems(ARR_NDIM(ids), ARR_DIMS(ids));
	const int64 *id = (const int64 *) ARR_DATA_PTR(ids);
	bool		found = false;

	for (int i = 0; i < n && !found; i++)
		found = id[i] == hook_id;
	if ((Pointer) ids != DatumGetPointer(value))
		pfree(ids);
	return found;
}

/*
 * Does a visible event still wait for the hook?
 */
static bool
waits(HeapTuple tuple, TupleDesc desc, const LogScan *scan, int64 *event_id)
{
	const HookPosition *position = scan->position;
	bool		isnull;
	FullTransactionId fxid;

	fxid = DatumGetFullTransactionId(heap_getattr(tuple,
												  Anum_log_transaction_id,
												  desc, &isnull));
	*event_id = DatumGetInt64(heap_getattr(tuple, Anum_log_event_id, desc,
										   &isnull));
	if (hooks_position_sees(position->seen, fxid))
		return false;
	if (scan->target != NULL && !hooks_position_sees(scan->target, fxid))
		return false;
	if (position->target != NULL && *event_id <= position->event_id &&
		hooks_position_sees(position->target, fxid))
		return false;
	return wants(tuple, desc, position->hook_id);
}

/*
 * Visits the events of the transactions from "first" to "last", or of all from
 * "first" on; false if the visitor has stopped the scan.
 */
static bool
scan_transactions(const LogScan *scan, int turn, Relation table,
				  Relation index, FullTransactionId first,
				  FullTransactionId last, bool all)
{
	TupleDesc	desc = RelationGetDescr(table);
	bool		more = true;
	ScanKeyData keys[2];
	SysScanDesc sysscan;
	HeapTuple	tuple;
	int64		event_id;

	ScanKeyInit(&keys[0], Anum_log_transaction_id,
				BTGreaterEqualStrategyNumber, F_XID8GE,
				FullTransactionIdGetDatum(first));
	ScanKeyInit(&keys[1], Anum_log_transaction_id,
				BTLessEqualStrategyNumber, F_XID8LE,
				FullTransactionIdGetDatum(last));
	sysscan = systable_beginscan_ordered(table, index, GetActiveSnapshot(),
										 all ? 1 : 2, keys);
	while (more)
	{
		CHECK_FOR_INTERRUPTS();
		tuple = systable_getnext_ordered(sysscan, ForwardScanDirection);
		if (!HeapTupleIsValid(tuple))
			break;
		if (waits(tuple, desc, scan, &event_id))
		{
			HookLogPlace place = {event_id, tuple->t_self, turn};

			more = scan->visit(&place, tuple, desc, scan->arg);
		}
	}
	systable_endscan_ordered(sysscan);
	return more;
}

/* the transactions that a snapshot saw in progress, then the one to come */
static FullTransactionId
unseen(const HookSnapshot *snapshot, uint32 i)
{
	return i < snapshot->nxip ? snapshot->xip[i] : snapshot->xmax;
}

/*
 * A transaction that is in progress for long has one scan, those of now
 * another one: it must not make each scan read what came since it began.
 */
static bool
scan_table(const LogScan *scan, int turn)
{
	const HookSnapshot *seen = scan->position->seen;
	Relation	table = open_log(turn, AccessShareLock);
	Relation	index;
	bool		more = true;

	/* mostly two of the three are */
	if (RelationGetNumberOfBlocks(table) == 0)
	{
		table_close(table, AccessShareLock);
		return true;
	}
	index = hooks_own_open_index(table, log_indexes[turn - 1],
								 Anum_log_transaction_id);
	for (uint32 i = 0; more && i <= seen->nxip;)
	{
		FullTransactionId first = unseen(seen, i);
		FullTransactionId last = first;

		for (i++; i <= seen->nxip; i++)
		{
			FullTransactionId next = unseen(seen, i);

			if (U64FromFullTransactionId(next) -
				U64FromFullTransactionId(last) > NEAR)
				break;
			last = next;
		}
		more = scan_transactions(scan, turn, table, index, first, last,
								 i > seen->nxip);
	}
	index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
	return more;
}

/*
 * Calls visit() for each event that waits for a hook, in no order, until it
 * returns false.  Only transactions that "target" sees; all if it is NULL.
 */
void
hooks_scan(const HookPosition *position, const HookSnapshot *target,
		   HookLogVisitor visit, void *arg)
{
	LogScan		scan = {position, target, visit, arg};

	for (int turn = 1; turn <= HOOK_LOG_TABLES; turn++)
		if (!scan_table(&scan, turn))
			break;
}

static int
compare_places(const void *a, const void *b)
{
	int64		x = ((const HookLogPlace *) a)->event_id;
	int64		y = ((const HookLogPlace *) b)->event_id;

	return x < y ? -1 : x > y ? 1 : 0;
}

/* The places that a scan finds; "size" of them have room */
typedef struct Finding
{
	HookLogPlaces *found;
	int			size;
} Finding;

static bool
add_place(const HookLogPlace *place, HeapTuple tuple, TupleDesc desc,
		  void *arg)
{
	Finding    *finding = arg;
	HookLogPlaces *found = finding->found;

	if (found->length == finding->size)
	{
		/* only the first ones are needed: the next scan finds the others */
		if (finding->size >= 2 * MAX_PLACES)
		{
			qsort(found->places, found->length, sizeof(HookLogPlace),
				  compare_places);
			found->length = MAX_PLACES;
			found->more = true;
		}
		else
		{
			finding->size *= 2;
			found->places = repalloc_huge(found->places, sizeof(HookLogPlace) *
										  finding->size);
		}
	}
	found->places[found->length++] = *place;
	return true;
}

/*
 * Finds the events that wait for a hook, of transactions that "target" sees;
 * only the first ones if there are very many.  The places are palloc'd.
 */
void
hooks_scan_find(const HookPosition *position, const HookSnapshot *target,
				HookLogPlaces *found)
{
	Finding		finding = {found, 64};

	found->length = 0;
	found->more = false;
	found->places = palloc(sizeof(HookLogPlace) * finding.size);
	hooks_scan(position, target, add_place, &finding);
	if (found->length > 1)
		qsort(found->places, found->length, sizeof(HookLogPlace),
			  compare_places);
	if (found->length > MAX_PLACES)
	{
		found->length = MAX_PLACES;
		found->more = true;
	}
}

static bool
note_any(const HookLogPlace *place, HeapTuple tuple, TupleDesc desc, void *arg)
{
	*(bool *) arg = true;
	return false;
}

/*
 * Does any event wait for a hook, of a transaction that "target" sees?
 */
bool
hooks_scan_any(const HookPosition *position, const HookSnapshot *target)
{
	bool		any = false;

	hooks_scan(position, target, note_any, &any);
	return any;
}

/*
 * Reads rows of the log: the first n of these places that are in one table, or
 * less if they are large.  Returns how many; 0 if the first one is not where
 * it was, as after VACUUM FULL.  They are in the current memory context.
 */
int
hooks_scan_fetch(const HookLogPlace *places, int n, HookLogRow *rows)
{
	Relation	log = open_log(places[0].turn, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(log, NULL);
	MemoryContext context = CurrentMemoryContext;
	Size		before = MemoryContextMemAllocated(context, false);
	int			found = 0;

	while (found < n && places[found].turn == places[0].turn &&
		   MemoryContextMemAllocated(context, false) - before < MAX_FETCHED)
	{
		ItemPointerData tid = places[found].tid;
		bool		should_free;
		HeapTuple	tuple;

		if (!table_tuple_fetch_row_version(log, &tid, GetActiveSnapshot(),
										   slot))
			break;
		tuple = ExecFetchSlotHeapTuple(slot, true, &should_free);
		hooks_log_reader_form(&rows[found], heap_copytuple(tuple),
							  RelationGetDescr(log));
		if (rows[found].event_id != places[found].event_id)
			break;
		found++;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(log, AccessShareLock);
	return found;
}

/*
 * Has a table of the log an event of a transaction, or of a later one?
 */
static bool
has_events(int turn, FullTransactionId fxid, bool from)
{
	Relation	table = open_log(turn, AccessShareLock);
	Relation	index = hooks_own_open_index(table, log_indexes[turn - 1],
											 Anum_log_transaction_id);
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&key, Anum_log_transaction_id,
				from ? BTGreaterEqualStrategyNumber : BTEqualStrategyNumber,
				from ? F_XID8GE : F_XID8EQ, FullTransactionIdGetDatum(fxid));
	scan = systable_beginscan_ordered(table, index, GetActiveSnapshot(),
									  1, &key);
	found = HeapTupleIsValid(systable_getnext_ordered(scan,
													  ForwardScanDirection));
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
	return found;
}

/*
 * Has a transaction an event that the active snapshot sees?
 */
bool
hooks_scan_has(FullTransactionId fxid)
{
	bool		found = false;

	for (int turn = 1; turn <= HOOK_LOG_TABLES && !found; turn++)
		found = has_events(turn, fxid, false);
	return found;
}

/*
 * Does a snapshot see all transactions that have events in a table of the log?
 * It is enough to look for transactions that the snapshot saw in progress, and
 * later ones.  The answer stays true only while the caller holds a lock on the
 * table under which nobody can write.
 */
bool
hooks_scan_is_seen(int turn, const HookSnapshot *snapshot)
{
	if (has_events(turn, snapshot->xmax, true))
		return false;
	for (uint32 i = 0; i < snapshot->nxip; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (has_events(turn, snapshot->xip[i], false))
			return false;
	}
	return true;
}
