/*
 * lane_plan.c
 *		The plans of a lane's query, and as whom it is planned and run.
 *
 * A round with few rows has a plan of its own, which lasts as long as the
 * lane, so that the next walk need not plan.  The plan for many rows goes with
 * the walk: another number of rows may want another one.
 */
#include "postgres.h"

#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "base/compat.h"
#include "cascade/lane_plan.h"

/* a round with at most so many rows has a plan of its own */
#define FEW_ROWS 50

/* saved and put back by hooks_lane_plan_take(), after an error too */
static get_relation_stats_hook_type prev_get_relation_stats = NULL;

/*
 * Becomes the owner of the table that the query reads, to plan or run it.
 */
void
hooks_lane_plan_enter(const HookLane *lane, HookIdentity *before)
{
	if (OidIsValid(lane->relid))
		hooks_identity_become_owner(before, lane->relid);
}

void
hooks_lane_plan_leave(const HookLane *lane, const HookIdentity *before)
{
	if (OidIsValid(lane->relid))
		hooks_identity_end(before);
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
 * Has the lane a valid plan for this round?  PostgreSQL drops the plan when a
 * name gets another meaning.
 */
bool
hooks_lane_plan_is_valid(const HookLane *lane)
{
	SPIPlanPtr	plan = plan_of(lane);

	return plan != NULL && SPI_plan_is_valid(plan);
}

/*
 * Frees the plan that goes with the walk.
 */
void
hooks_lane_plan_end(HookLane *lane)
{
	if (lane->many != NULL)
		SPI_freeplan(lane->many);
	lane->many = NULL;
}

/*
 * Frees the plan that lasts.  After an error, the rest was freed with the
 * walk's memory.
 */
void
hooks_lane_plan_forget(HookLane *lane)
{
	if (lane->few != NULL)
		SPI_freeplan(lane->few);
	lane->few = NULL;
}

/*
 * Chooses the plan for a round, by its number of rows.  It is the plan of the
 * round before, unless that was for a number of another order of magnitude.
 */
void
hooks_lane_plan_choose(HookLane *lane)
{
	double		rows = (double) lane->current.n;

	lane->enr.md.enrtuples = rows;
	lane->is_few = lane->lasts && rows <= FEW_ROWS;
	if (!lane->is_few && lane->many != NULL &&
		(rows > 4 * lane->planned || 4 * rows < lane->planned))
		hooks_lane_plan_end(lane);
	if (!lane->is_few && lane->many == NULL)
		lane->planned = rows;
}

/*
 * Makes the plan for this round, unless there is a valid one.
 *
 * A query finds its table by name, and a lock on the table does not keep
 * others from renaming its schema.  40001 if the name means another table now.
 */
void
hooks_lane_plan_make(HookLane *lane)
{
	SPIPlanPtr *kept = lane->is_few ? &lane->few : &lane->many;
	SPIPlanPtr	plan;
	HookIdentity before;
	CachedPlanSource *source;

	if (hooks_lane_plan_is_valid(lane))
		return;
	if (*kept != NULL)
		SPI_freeplan(*kept);
	*kept = NULL;
	hooks_lane_plan_enter(lane, &before);
	plan = SPI_prepare(lane->sql, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s",
			 SPI_result_code_string(SPI_result));
	hooks_lane_plan_leave(lane, &before);
	source = linitial(SPI_plan_get_plan_sources(plan));
	if (OidIsValid(lane->relid) &&
		!list_member_oid(source->relationOids, lane->relid))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("table \"%s\" was moved while its cascade was looked at",
						get_rel_name(lane->relid))));
	/* until then, an error frees it: the lane must not know it */
	if (lane->is_few && SPI_keepplan(plan) != 0)
		elog(ERROR, "SPI_keepplan failed");
	*kept = plan;
}

/*
 * Replaces the query, and drops the plans of the old one.
 */
void
hooks_lane_plan_set_sql(HookLane *lane, char *sql)
{
	if (strcmp(sql, lane->sql) != 0)
	{
		hooks_lane_plan_forget(lane);
		hooks_lane_plan_end(lane);
	}
	pfree(lane->sql);
	lane->sql = sql;
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
 * Takes the plan for this round, which the planner may have to make.  Called
 * as the owner.
 */
PlannedStmt *
hooks_lane_plan_take(HookLane *lane)
{
	get_relation_stats_hook_type prev = get_relation_stats_hook;
	PlannedStmt *statement;

	lane->owner = lane->is_few ? CurrentResourceOwner : NULL;
	if (lane->unique && prev != tell_unique)
		prev_get_relation_stats = prev;
	PG_TRY();
	{
		if (lane->unique)
			get_relation_stats_hook = tell_unique;
		lane->cached = SPI_plan_get_cached_plan(plan_of(lane));
	}
	PG_FINALLY();
	{
		get_relation_stats_hook = prev;
	}
	PG_END_TRY();
	if (lane->cached == NULL)
		elog(ERROR, "could not plan query: %s", lane->sql);
	statement = linitial_node(PlannedStmt, lane->cached->stmt_list);
	if (!CommandIsReadOnly(statement))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot lock or change rows while a cascade is looked at")));
	return statement;
}

/*
 * Gives it back.
 */
void
hooks_lane_plan_release(HookLane *lane)
{
	ReleaseCachedPlan(lane->cached, lane->owner);
}
