/*
 * lane_probe.c
 *		A round of a lane without its query: by an index.
 *
 * The caller gets the same rows in the same order, by hooks_lane_advance().
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "miscadmin.h"

#include "cascade/lane_probe.h"
#include "cascade/probe.h"
#include "cascade/query.h"

/*
 * Puts the last row of the batch before those of the same event whose TIDs are
 * greater: so the query would have found them.
 */
static void
sort_last_row(HookLane *lane)
{
	int			natts = lane->found->natts;
	int			at = lane->nbatch - 1;
	Datum	   *last = lane->all_values + at * natts;
	Datum		values[MaxTupleAttributeNumber];
	bool		nulls[MaxTupleAttributeNumber];

	while (at > 0 && lane->all_values[(at - 1) * natts] == last[0] &&
		   ItemPointerCompare(found_tid(lane->all_values + (at - 1) * natts,
										HOOK_ROW_TID),
							  found_tid(last, HOOK_ROW_TID)) > 0)
		at--;
	if (at == lane->nbatch - 1)
		return;
	memcpy(values, last, sizeof(Datum) * natts);
	memcpy(nulls, lane->all_nulls + (lane->nbatch - 1) * natts,
		   sizeof(bool) * natts);
	memmove(lane->all_values + (at + 1) * natts, lane->all_values + at * natts,
			sizeof(Datum) * natts * (lane->nbatch - 1 - at));
	memmove(lane->all_nulls + (at + 1) * natts, lane->all_nulls + at * natts,
			sizeof(bool) * natts * (lane->nbatch - 1 - at));
	memcpy(lane->all_values + at * natts, values, sizeof(Datum) * natts);
	memcpy(lane->all_nulls + at * natts, nulls, sizeof(bool) * natts);
}

/*
 * The next input row of this round: its event, and a key.  False if there is
 * none.  The values are valid until the next one.
 */
static bool
next_input(HookLane *lane, Datum *values, bool *nulls)
{
	const HookLaneRows *rows = &lane->current;

	if (lane->ninputs == rows->n)
		return false;
	if (rows->store == NULL)
	{
		heap_deform_tuple(rows->few[lane->ninputs++], lane->desc, values,
						  nulls);
		return true;
	}
	if (!tuplestore_gettupleslot(rows->store, true, false, lane->input))
		elog(ERROR, "could not read a row of %s", lane->enr.md.name);
	slot_getallattrs(lane->input);
	memcpy(values, lane->input->tts_values,
		   sizeof(Datum) * lane->desc->natts);
	lane->ninputs++;
	return true;
}

/*
 * Ends the scan.
 */
void
hooks_lane_probe_end(HookLane *lane)
{
	hooks_probe_end(lane->scan);
	lane->scan = NULL;
	if (lane->input != NULL)
		ExecDropSingleTupleTableSlot(lane->input);
	lane->input = NULL;
}

/*
 * Goes on to the next input row, whose rows the scan finds then; false if it
 * was the last one, and then the scan has ended.
 */
static bool
look_for_next(HookLane *lane)
{
	Datum		values[MaxTupleAttributeNumber];
	bool		nulls[MaxTupleAttributeNumber];

	if (next_input(lane, values, nulls))
	{
		hooks_probe_look(lane->scan, values);
		return true;
	}
	lane->complete = true;
	hooks_lane_probe_end(lane);
	return false;
}

/*
 * Fetches the next row from the index, whose values stay where the scan has
 * them.
 */
static void
fetch_next_probed(HookLane *lane)
{
	lane->at = lane->nbatch = 0;
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (hooks_probe_next(lane->scan, lane->all_values, lane->all_nulls))
		{
			lane->nbatch = 1;
			break;
		}
	} while (look_for_next(lane));
}

/*
 * Fetches more rows from an index that has other columns than the key.  They
 * are not in the order in which the query would find them: they are sorted,
 * which takes all rows of the round.
 */
static void
fetch_sorted(HookLane *lane)
{
	Datum		values[MaxTupleAttributeNumber];
	bool		nulls[MaxTupleAttributeNumber];

	MemoryContextReset(lane->batch);
	lane->at = lane->nbatch = 0;
	while (lane->nbatch < HOOK_LANE_FETCH)
	{
		CHECK_FOR_INTERRUPTS();
		if (hooks_probe_next(lane->scan, values, nulls))
		{
			hooks_lane_take_row(lane, values, nulls);
			sort_last_row(lane);
		}
		else if (!look_for_next(lane))
			break;
	}
}

/*
 * Fetches more rows.
 */
void
hooks_lane_probe_fetch(HookLane *lane)
{
	MemoryContext old = MemoryContextSwitchTo(lane->memory);

	if (lane->probe->exact)
		fetch_next_probed(lane);
	else
		fetch_sorted(lane);
	MemoryContextSwitchTo(old);
}

/*
 * Finds the rows for this round without a query; otherwise as
 * hooks_lane_open().  False if it does not open the lane: it has no index, or
 * one whose rows have to be sorted, and many rows go in or come out.
 */
bool
hooks_lane_probe_open(HookLane *lane)
{
	MemoryContext old;

	Assert(lane->running == NULL && lane->batch == NULL);
	if (lane->probe == NULL ||
		(!lane->probe->exact && lane->current.n > HOOK_LANE_FEW))
		return false;
	old = MemoryContextSwitchTo(lane->memory);
	hooks_lane_prepare_rows(lane, lane->probe->found);
	lane->scan = hooks_probe_begin(lane->probe);
	lane->input = lane->current.store == NULL ? NULL :
		MakeSingleTupleTableSlot(lane->desc, &TTSOpsMinimalTuple);
	lane->ninputs = 0;
	lane->has_row = false;
	hooks_lane_probe_fetch(lane);
	lane->at = -1;
	MemoryContextSwitchTo(old);
	if (lane->complete || lane->probe->exact)
		return true;
	hooks_lane_close(lane);
	return false;
}
