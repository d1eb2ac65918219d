/*
 * forecast.h
 *		What the functions that look ahead have in common.
 */
#ifndef HOOKS_FORECAST_H
#define HOOKS_FORECAST_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "utils/array.h"

#include "registry/event.h"

extern Oid	hooks_forecast_relation(FunctionCallInfo fcinfo);
extern List *hooks_forecast_hooks(HookAction action, Oid relation,
								  List *relids, const Bitmapset *columns,
								  bool referenced);
extern List *hooks_forecast_truncate(List *relids);
extern ArrayType *hooks_forecast_array(List *names);

#endif							/* HOOKS_FORECAST_H */
