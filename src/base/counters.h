/*
 * counters.h
 *		What is counted of each hook, and where sessions add it up.
 *
 * This file knows a hook by nothing but a key, the OID of its definition.
 */
#ifndef HOOKS_COUNTERS_H
#define HOOKS_COUNTERS_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* What was counted of a hook; times are in ms */
typedef struct HookCounters
{
	int64		calls;			/* firings that have ended */
	int64		failures;		/* of these, those that ended with an error */
	int64		vetoes;			/* and those that hooks.cancel() ended, with
								 * the statement; they are no failures */
	int64		rows;			/* that the callback was given */
	int64		bypassed;		/* firings that were left out */
	int64		timed;			/* calls that were measured */
	double		total_time;
	double		max_time;
} HookCounters;

/*
 * What a session counts of a hook.  Where sessions share counters, it is what
 * it has not passed on yet; otherwise it is all that it has counted.
 */
typedef struct HookTally
{
	Oid			definition;		/* hash key, must be first */
	bool		announced;		/* PostgreSQL knows it, and will ask for it */
	bool		listed;			/* it is in use in this transaction */
	struct HookTally *next;		/* of those that are listed */
	HookCounters counters;
	HookCounters saved;			/* by hooks_stats_save() */
	TimestampTz since;			/* when counting began */
} HookTally;

extern void hooks_counters_init(void);
extern bool hooks_counters_are_shared(void);
extern void hooks_counters_announce(HookTally *tally);
extern void hooks_counters_pass_on(HookTally *tally);
extern void hooks_counters_end_transaction(HookTally *tally);
extern void hooks_counters_merge(HookCounters *counters,
								 const HookCounters *more);
extern bool hooks_counters_read(Oid definition, HookCounters *counters,
								TimestampTz *since);
extern void hooks_counters_reset(Oid definition);
extern void hooks_counters_forget(Oid definition);
extern void hooks_counters_forget_database(Oid database);
extern int64 hooks_counters_lost(void);

#endif							/* HOOKS_COUNTERS_H */
