/*
 * lane_probe.h
 *		A round of a lane without its query: by an index.
 */
#ifndef HOOKS_LANE_PROBE_H
#define HOOKS_LANE_PROBE_H

#include "postgres.h"

#include "cascade/lane.h"

extern bool hooks_lane_probe_open(HookLane *lane);
extern void hooks_lane_probe_fetch(HookLane *lane);
extern void hooks_lane_probe_end(HookLane *lane);

#endif							/* HOOKS_LANE_PROBE_H */
