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
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/queryenvironment.h"
#include "utils/selfuncs.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/identity.h"
#include "cascade/lane.h"
#include "cascade/probe.h"
#include "cascade/query.h"
#include "firing/reads.h"

/* rows fetched from a query at a time */
#define FETCH_ROWS 100

/* a round with at most so many rows has a plan of its own */
#define FEW_ROWS 50

/* saved and put back by hooks_lane_open(), after an error too */
static get_relation_stats_hook_type prev_get_relation_stats = NULL;

/*
 * Becomes the owner of the table that the query reads, to plan or run it.
 */
static void
enter(const HookLane *lane, HookIdentity *before)
{
	if (OidIsValid(lane->relid))
		hooks_identity_become_owner(before, lane->relid);
}

static void
leave(const HookLane *lane, const HookIdentity *before)
{
	if (OidIsValid(lane->relid))
		hooks_identity_end(before);
}

/*
 * Makes a lane, in the current memory context.  The query sees its input rows
 * as a table of that name.  unique: hardly any row comes twice in a round.
 * The query reads one table, and runs as its owner; the caller checks that the
 * current user may read it.  lasts: several walks use the lane, one after the
 * other, and it keeps a plan, which hooks_lane_forget() frees.
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
 * The plan for this round.
 */
static SPIPlanPtr
plan_of(const HookLane *lane)
{
	return lane->is_few ? lane->few : lane->many;
}

/*
 * Makes the query's plan.
 *
 * A query finds its table by name, and a lock on the table does not keep
 * others from renaming its schema.  40001 if the name means another table now.
 */
static void
make_plan(HookLane *lane)
{
	SPIPlanPtr *kept = lane->is_few ? &lane->few : &lane->many;
	SPIPlanPtr	plan;
	HookIdentity before;
	CachedPlanSource *source;

	if (*kept != NULL)
		SPI_freeplan(*kept);
	*kept = NULL;
	enter(lane, &before);
	plan = SPI_prepare(lane->sql, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s",
			 SPI_result_code_string(SPI_result));
	leave(lane, &before);
	source = linitial(SPI_plan_get_plan_sources(plan));
	if (OidIsValid(lane->relid) &&
		!list_member_oid(source->relationOids, lane->relid))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("table \"%s\" was moved while its cascade was looked at",
						get_rel_name(lane->relid))));
	/* until then, an error frees it: hooks_lane_forget() must not know it */
	if (lane->is_few && SPI_keepplan(plan) != 0)
		elog(ERROR, "SPI_keepplan failed");
	*kept = plan;
}

/*
 * Has the lane a valid plan for this round?  PostgreSQL drops the plan when a
 * name gets another meaning.
 */
bool
hooks_lane_has_plan(const HookLane *lane)
{
	SPIPlanPtr	plan = plan_of(lane);

	return plan != NULL && SPI_plan_is_valid(plan);
}

static void
free_plans(HookLane *lane)
{
	if (lane->few != NULL)
		SPI_freeplan(lane->few);
	if (lane->many != NULL)
		SPI_freeplan(lane->many);
	lane->few = lane->many = NULL;
}

/*
 * Replaces the query, and drops the plans of the old one.
 */
void
hooks_lane_set_sql(HookLane *lane, char *sql)
{
	if (strcmp(sql, lane->sql) != 0)
		free_plans(lane);
	pfree(lane->sql);
	lane->sql = sql;
}

/*
 * Makes the added rows the input of the current round; false if there are
 * none.
 *
 * The next round uses the same plan, unless its number of rows is of another
 * order of magnitude.  The plan for few rows is kept for the next walk, too.
 */
bool
hooks_lane_next_round(HookLane *lane)
{
	double		rows = (double) lane->next.n;

	Assert(lane->running == NULL);
	free_rows(&lane->current);
	lane->current = lane->next;
	lane->next.store = NULL;
	lane->next.n = 0;
	if (lane->current.n == 0)
		return false;

	lane->enr.md.enrtuples = rows;
	lane->is_few = lane->lasts && rows <= FEW_ROWS;
	if (!lane->is_few && lane->many != NULL &&
		(rows > 4 * lane->planned || 4 * rows < lane->planned))
	{
		SPI_freeplan(lane->many);
		lane->many = NULL;
	}
	if (!lane->is_few && lane->many == NULL)
		lane->planned = rows;
	return true;
}

/*
 * Tells the planner that the values of a tuplestore are all different.
 * Without statistics of it, the planner would hash the whole other table.  A
 * key of several columns is unique only as a whole, but it is hashed as a
 * whole, too.
 */
static bool
tell_unique(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
			VariableStatData *vardata)
{
	if (rte->rtekind != RTE_NAMEDTUPLESTORE)
		return prev_get_relation_stats != NULL &&
			prev_get_relation_stats(root, rte, attnum, vardata);
	vardata->isunique = true;
	return true;
}

/*
 * Takes a row that was found.
 */
static void
take_row(HookLane *lane, const Datum *found, const bool *isnull)
{
	int			natts = lane->found->natts;
	Datum	   *values = lane->all_values + lane->nbatch * natts;
	bool	   *nulls = lane->all_nulls + lane->nbatch * natts;
	MemoryContext old = MemoryContextSwitchTo(lane->batch);

	Assert(lane->nbatch < FETCH_ROWS);
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
	take_row(lane, slot->tts_values, slot->tts_isnull);
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
static void
prepare_receiver(HookLane *lane, TupleDesc desc)
{
	MemoryContext old = MemoryContextSwitchTo(lane->context);

	if (lane->found == NULL)
	{
		lane->found = CreateTupleDescCopy(desc);
		lane->all_values = palloc(sizeof(Datum) * desc->natts * FETCH_ROWS);
		lane->all_nulls = palloc(sizeof(bool) * desc->natts * FETCH_ROWS);
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

static void
end_scan(HookLane *lane)
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
	end_scan(lane);
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
	while (lane->nbatch < FETCH_ROWS)
	{
		CHECK_FOR_INTERRUPTS();
		if (hooks_probe_next(lane->scan, values, nulls))
		{
			take_row(lane, values, nulls);
			sort_last_row(lane);
		}
		else if (!look_for_next(lane))
			break;
	}
}

static void
fetch_probed(HookLane *lane)
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
hooks_lane_probe(HookLane *lane)
{
	MemoryContext old;

	Assert(lane->running == NULL && lane->batch == NULL);
	if (lane->probe == NULL ||
		(!lane->probe->exact && lane->current.n > HOOK_LANE_FEW))
		return false;
	old = MemoryContextSwitchTo(lane->memory);
	prepare_receiver(lane, lane->probe->found);
	lane->scan = hooks_probe_begin(lane->probe);
	lane->input = lane->current.store == NULL ? NULL :
		MakeSingleTupleTableSlot(lane->desc, &TTSOpsMinimalTuple);
	lane->ninputs = 0;
	lane->has_row = false;
	fetch_probed(lane);
	lane->at = -1;
	MemoryContextSwitchTo(old);
	if (lane->complete || lane->probe->exact)
		return true;
	hooks_lane_close(lane);
	return false;
}

/*
 * The lane's plan, which the planner may have to make.
 */
static CachedPlan *
get_plan(const HookLane *lane)
{
	get_relation_stats_hook_type prev = get_relation_stats_hook;
	CachedPlan *plan;

	if (lane->unique && prev != tell_unique)
		prev_get_relation_stats = prev;
	PG_TRY();
	{
		if (lane->unique)
			get_relation_stats_hook = tell_unique;
		plan = SPI_plan_get_cached_plan(plan_of(lane));
	}
	PG_FINALLY();
	{
		get_relation_stats_hook = prev;
	}
	PG_END_TRY();
	if (plan == NULL)
		elog(ERROR, "could not plan query: %s", lane->sql);
	return plan;
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
	ReleaseCachedPlan(lane->cached, lane->owner);
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
	hooks_executor_run(lane->running, FETCH_ROWS);
	lane->complete = lane->nbatch < FETCH_ROWS;
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
	if (!hooks_lane_has_plan(lane))
		make_plan(lane);
	if (lane->current.n > 0)
	{
		if (lane->current.store == NULL)
			fill_store(lane, &lane->current);
		lane->enr.reldata = lane->current.store;
		register_ENR(tables, &lane->enr);
	}
	enter(lane, &before);
	lane->owner = lane->is_few ? CurrentResourceOwner : NULL;
	lane->cached = get_plan(lane);
	statement = linitial_node(PlannedStmt, lane->cached->stmt_list);
	if (!CommandIsReadOnly(statement))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot lock or change rows while a cascade is looked at")));
	lane->running = CreateQueryDesc(statement, lane->sql, GetActiveSnapshot(),
									InvalidSnapshot, &lane->receiver, NULL,
									tables, 0);
	ExecutorStart(lane->running, 0);
	hooks_reads_ignore(lane->running);
	lane->has_row = false;
	prepare_receiver(lane, lane->running->tupDesc);
	fetch(lane);
	lane->at = -1;
	leave(lane, &before);
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
		enter(lane, &before);
		end_query(lane);
		leave(lane, &before);
	}
	if (lane->scan != NULL)
		end_scan(lane);
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
			fetch_probed(lane);
		else
		{
			enter(lane, &before);
			fetch(lane);
			leave(lane, &before);
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
	if (lane->many != NULL)
		SPI_freeplan(lane->many);
	lane->many = NULL;
	lane->memory = NULL;
}

/*
 * Frees the plan that lasts.  After an error, the rest was freed with the
 * walk's memory.
 */
void
hooks_lane_forget(HookLane *lane)
{
	if (lane->few != NULL)
		SPI_freeplan(lane->few);
	lane->few = NULL;
}
