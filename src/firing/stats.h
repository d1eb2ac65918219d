/*
 * stats.h
 *		Counts the firings of each hook.
 */
#ifndef HOOKS_STATS_H
#define HOOKS_STATS_H

#include "postgres.h"

#include "executor/instrument.h"

#include "base/counters.h"

extern HookTally *hooks_stats_listed;

extern HookTally *hooks_stats_tally(Oid definition);
extern HookTally *hooks_stats_find(Oid definition);
extern void hooks_stats_list(HookTally *tally);
extern void hooks_stats_save(void);
extern void hooks_stats_restore(void);
extern void hooks_stats_flush(void);
extern void hooks_stats_reset(Oid definition);
extern void hooks_stats_end_transaction(void);

/*
 * A tally will be counted in, in this transaction.  May throw; what follows
 * does not.
 */
static inline void
hooks_stats_begin(HookTally *tally)
{
	if (unlikely(!tally->listed))
		hooks_stats_list(tally);
}

/* a call has ended well */
static inline void
hooks_stats_count(HookTally *tally, int64 rows)
{
	Assert(tally->listed);
	tally->counters.calls++;
	tally->counters.rows += rows;
}

/* with an error, which is the statement's end, or was isolated */
static inline void
hooks_stats_count_failure(HookTally *tally, bool veto)
{
	Assert(tally->listed);
	tally->counters.calls++;
	if (veto)
		tally->counters.vetoes++;
	else
		tally->counters.failures++;
}

/* a firing was left out */
static inline void
hooks_stats_count_bypass(HookTally *tally)
{
	Assert(tally->listed);
	tally->counters.bypassed++;
}

/* a call that began then has ended */
static inline void
hooks_stats_measure(HookTally *tally, const instr_time *begun)
{
	instr_time	duration;
	double		ms;

	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, *begun);
	ms = INSTR_TIME_GET_MILLISEC(duration);
	tally->counters.timed++;
	tally->counters.total_time += ms;
	tally->counters.max_time = Max(tally->counters.max_time, ms);
}

#endif							/* HOOKS_STATS_H */
