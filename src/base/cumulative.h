/*
 * cumulative.h
 *		Counters of hooks in PostgreSQL's cumulative statistics system.
 */
#ifndef HOOKS_CUMULATIVE_H
#define HOOKS_CUMULATIVE_H

#include "postgres.h"

#include "base/counters.h"

extern bool hooks_cumulative_init(void);
extern void hooks_cumulative_announce(HookTally *tally);
extern void hooks_cumulative_pass_on(HookTally *tally);
extern bool hooks_cumulative_read(Oid definition, HookCounters *counters,
								  TimestampTz *since);
extern void hooks_cumulative_reset(Oid definition);
extern void hooks_cumulative_forget(Oid definition);

#endif							/* HOOKS_CUMULATIVE_H */
