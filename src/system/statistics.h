/*
 * statistics.h
 *		What was counted of hooks.
 */
#ifndef HOOKS_STATISTICS_H
#define HOOKS_STATISTICS_H

#include "postgres.h"

#include "datatype/timestamp.h"

extern int64 hooks_statistics_bypassed(Oid definition, TimestampTz *since);

#endif							/* HOOKS_STATISTICS_H */
