/*
 * lane_plan.h
 *		The plans of a lane's query, and as whom it is planned and run.
 */
#ifndef HOOKS_LANE_PLAN_H
#define HOOKS_LANE_PLAN_H

#include "postgres.h"

#include "nodes/plannodes.h"

#include "base/identity.h"
#include "cascade/lane.h"

extern void hooks_lane_plan_enter(const HookLane *lane, HookIdentity *before);
extern void hooks_lane_plan_leave(const HookLane *lane,
								  const HookIdentity *before);
extern void hooks_lane_plan_set_sql(HookLane *lane, char *sql);
extern void hooks_lane_plan_choose(HookLane *lane);
extern bool hooks_lane_plan_is_valid(const HookLane *lane);
extern void hooks_lane_plan_make(HookLane *lane);
extern PlannedStmt *hooks_lane_plan_take(HookLane *lane);
extern void hooks_lane_plan_release(HookLane *lane);
extern void hooks_lane_plan_end(HookLane *lane);
extern void hooks_lane_plan_forget(HookLane *lane);

#endif							/* HOOKS_LANE_PLAN_H */
