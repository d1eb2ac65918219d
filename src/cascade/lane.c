/*
 * lane.c
 *		A query that runs again in each round, and the rows that are its input.
 *
 * The caller is connected to SPI while it uses lanes; queries run with the
 * active snapshot and may only read.
 *
 * Lanes do not use portals: any code in the session can find a portal by its
 * name, and fetch from it or close it, and a lane's query may call code of
 * another table's owner.
 *
 * lane_plan.c has the plans.  A round with few rows may do without the query
 * (lane_probe.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "cascade/lane.h"
#include "cascade/lane_plan.h"
#include "cascade/lane_probe.h"
#include "firing/reads.h"

/*
 * Makes a lane, in the current memory context.  The query sees its input rows
 * as a table of that name.  unique: hardly any row comes twice in a round.
 * The query reads one table, and runs as its owner; the caller checks that the
 * current user may read it.  lasts: several walks use the lane, one after the
 * other, and it keeps a plan, which hooks_lane_plan_forget() frees.
 */
void
hooks_lane_prepare(HookLane *lane, const char *name, TupleDesc desc, Oid relid,
				   char *sql, bool unique, bool lasts)
{
	Assert(lane->context == NULL);
	lane->context = CurrentMemoryContext;
	lane->desc = desc;
	lane->relid = relid;
	lane->sql = sql;
	lane->unique = unique;
	lane->lasts = lasts;
	lane->enr.md.name = pstrdup(name);
	lane->enr.md.reliddesc = InvalidOid;
	lane->enr.md.tupdesc = desc;
	lane->enr.md.enrtype = ENR_NAMED_TUPLESTORE;
}

/*
 * Begins to use a lane; until hooks_lane_end().
 */
void
hooks_lane_begin(HookLane *lane, MemoryContext memory)
{
	Assert(lane->context != NULL && lane->memory == NULL);
	Assert(lane->current.n == 0 && lane->next.n == 0 && lane->many == NULL);
	lane->memory = memory;
	if (SPI_register_relation(&lane->enr) != SPI_OK_REL_REGISTER)
		elog(ERROR, "SPI_register_relation failed");
}

/*
 * Puts the rows of an array into a tuplestore, which is what the query reads.
 */
static void
fill_store(const HookLane *lane, HookLaneRows *rows)
{
	MemoryContext old = MemoryContextSwitchTo(lane->memory);

	Assert(rows->store == NULL && rows->n <= HOOK_LANE_FEW);
	rows->store = tuplestore_begin_heap(false, false, work_mem);
	for (int i = 0; i < rows->n; i++)
		tuplestore_puttuple(rows->store, rows->few[i]);
	MemoryContextSwitchTo(old);
}

/*
 * Adds an input row for the next round.
 */
void
hooks_lane_put(HookLane *lane, Datum *values, bool *nulls)
{
	HookLaneRows *rows = &lane->next;

	Assert(lane->memory != NULL);
	if (rows->n < HOOK_LANE_FEW)
	{
		MemoryContext old = MemoryContextSwitchTo(lane->memory);

		rows->few[rows->n] = heap_form_tuple(lane->desc, values, nulls);
		MemoryContextSwitchTo(old);
	}
	else
	{
		if (rows->store == NULL)
			fill_store(lane, rows);
		tuplestore_putvalues(rows->store, lane->desc, values, nulls);
	}
	rows->n++;
}

/*
 * Frees rows; then there are none.
 */
static void
free_rows(HookLaneRows *rows)
{
	for (int i = 0; i < Min(rows->n, HOOK_LANE_FEW); i++)
		heap_freetuple(rows->few[i]);
	if (rows->store != NULL)
		tuplestore_end(rows->store);
	rows->store = NULL;
	rows->n = 0;
}

/*
 * Are there rows for the next round?
 */
bool
hooks_lane_waits(const HookLane *lane)
{
	return lane->next.n > 0;
}

/*
 * Makes the added rows the input of the current round; false if there are
 * none.
 */
bool
hooks_lane_next_round(HookLane *lane)
{
	Assert(lane->running == NULL);
	free_rows(&lane->current);
	lane->current = lane->next;
	lane->next.store = NULL;
	lane->next.n = 0;
	if (lane->current.n == 0)
		return false;

	hooks_lane_plan_choose(lane);
	return true;
}

/*
 * Takes a row that was found.
 */
void
hooks_lane_take_row(HookLane *lane, const Datum *found, const bool *isnull)
{
	int			natts = lane->found->natts;
	Datum	   *values = lane->all_values + lane->nbatch * natts;
	bool	   *nulls = lane->all_nulls + lane->nbatch * natts;
	MemoryContext old = MemoryContextSwitchTo(lane->batch);

	Assert(lane->nbatch < HOOK_LANE_FETCH);
	for (int i = 0; i < natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(lane->found, i);

		nulls[i] = isnull[i];
		values[i] = found[i];
		if (!nulls[i] && !att->attbyval)
			values[i] = datumCopy(values[i], false, att->attlen);
	}
	lane->nbatch++;
	MemoryContextSwitchTo(old);
}

/*
 * Takes a row that the query has found.
 */
static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	HookLane   *lane = (HookLane *) self;

	Assert(slot->tts_tupleDescriptor->natts == lane->found->natts);
	slot_getallattrs(slot);
	hooks_lane_take_row(lane, slot->tts_values, slot->tts_isnull);
	return true;
}

static void
start_receiver(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
end_receiver(DestReceiver *self)
{
}

/*
 * Gets ready to take rows of a query's format.
 */
void
hooks_lane_prepare_rows(HookLane *lane, TupleDesc desc)
{
	MemoryContext old = MemoryContextSwitchTo(lane->context);

	if (lane->found == NULL)
	{
		lane->found = CreateTupleDescCopy(desc);
		lane->all_values =
			palloc(sizeof(Datum) * desc->natts * HOOK_LANE_FETCH);
		lane->all_nulls = palloc(sizeof(bool) * desc->natts * HOOK_LANE_FETCH);
		lane->receiver.receiveSlot = receive_row;
		lane->receiver.rStartup = start_receiver;
		lane->receiver.rShutdown = end_receiver;
		lane->receiver.rDestroy = end_receiver;
		lane->receiver.mydest = DestNone;
	}
	lane->batch = AllocSetContextCreate(lane->memory, "hooks lane",
										ALLOCSET_DEFAULT_SIZES);
	lane->at = lane->nbatch = 0;
	lane->complete = false;
	MemoryContextSwitchTo(old);
}

/*
 * Ends the query.  Called as the owner.
 */
static void
end_query(HookLane *lane)
{
	ExecutorFinish(lane->running);
	ExecutorEnd(lane->running);
	FreeQueryDesc(lane->running);
	lane->running = NULL;
	hooks_lane_plan_release(lane);
}

/*
 * Fetches more rows, and ends the query if there are no others.  Called as the
 * owner.
 */
static void
fetch(HookLane *lane)
{
	MemoryContextReset(lane->batch);
	lane->at = lane->nbatch = 0;
	hooks_executor_run(lane->running, HOOK_LANE_FETCH);
	lane->complete = lane->nbatch < HOOK_LANE_FETCH;
	if (lane->complete)
		end_query(lane);
}

/*
 * Starts the query for this round; hooks_lane_advance() takes its rows.
 */
void
hooks_lane_open(HookLane *lane)
{
	MemoryContext old = MemoryContextSwitchTo(lane->memory);
	QueryEnvironment *tables = create_queryEnv();
	PlannedStmt *statement;
	HookIdentity before;

	Assert(lane->running == NULL && lane->batch == NULL);
	hooks_lane_plan_make(lane);
	if (lane->current.n > 0)
	{
		if (lane->current.store == NULL)
			fill_store(lane, &lane->current);
		lane->enr.reldata = lane->current.store;
		register_ENR(tables, &lane->enr);
	}
	hooks_lane_plan_enter(lane, &before);
	statement = hooks_lane_plan_take(lane);
	lane->running = CreateQueryDesc(statement, lane->sql, GetActiveSnapshot(),
									InvalidSnapshot, &lane->receiver, NULL,
									tables, 0);
	ExecutorStart(lane->running, 0);
	if (!lane->told)
		hooks_reads_ignore(lane->running);
	lane->has_row = false;
	hooks_lane_prepare_rows(lane, lane->running->tupDesc);
	fetch(lane);
	lane->at = -1;
	hooks_lane_plan_leave(lane, &before);
	MemoryContextSwitchTo(old);
}

/*
 * Closes the lane for this round; does nothing if it is closed.
 */
void
hooks_lane_close(HookLane *lane)
{
	HookIdentity before;

	if (lane->batch == NULL)
		return;
	if (lane->running != NULL)
	{
		hooks_lane_plan_enter(lane, &before);
		end_query(lane);
		hooks_lane_plan_leave(lane, &before);
	}
	if (lane->scan != NULL)
		hooks_lane_probe_end(lane);
	lane->has_row = false;
	MemoryContextDelete(lane->batch);
	lane->batch = NULL;
}

/*
 * The next row of an open lane; false if there is none, and then the lane is
 * closed.
 */
bool
hooks_lane_advance(HookLane *lane)
{
	HookIdentity before;

	if (lane->batch == NULL)
		return false;
	if (++lane->at >= lane->nbatch && !lane->complete)
	{
		if (lane->scan != NULL)
			hooks_lane_probe_fetch(lane);
		else
		{
			hooks_lane_plan_enter(lane, &before);
			fetch(lane);
			hooks_lane_plan_leave(lane, &before);
		}
	}
	if (lane->at >= lane->nbatch)
	{
		hooks_lane_close(lane);
		return false;
	}
	lane->has_row = true;
	lane->values = lane->all_values + lane->at * lane->found->natts;
	lane->nulls = lane->all_nulls + lane->at * lane->found->natts;
	lane->event = DatumGetInt64(lane->values[0]);
	return true;
}

/*
 * Ends the walk's use of the lane.
 */
void
hooks_lane_end(HookLane *lane)
{
	if (lane->memory == NULL)
		return;
	hooks_lane_close(lane);
	free_rows(&lane->current);
	free_rows(&lane->next);
	hooks_lane_plan_end(lane);
	lane->memory = NULL;
}
