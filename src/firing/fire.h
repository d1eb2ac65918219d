/*
 * fire.h
 *		Run a chain.
 */
#ifndef HOOKS_FIRE_H
#define HOOKS_FIRE_H

#include "postgres.h"

#include "base/settings.h"
#include "firing/call.h"
#include "firing/stats.h"
#include "firing/trace.h"

extern HookRun *hooks_fire_prepare(const HookEvent *event, List *relids,
								   MemoryContext context);
extern HookRun *hooks_fire_prepare_apart(const HookEvent *event,
										 HookMember **members, int n);
extern bool hooks_fire_is_naming(const HookMember *member,
								 TupleTableSlot *old, TupleTableSlot *new);
extern void hooks_fire_leave_out(const HookChain *chain);
extern void hooks_fire_leave_out_run(HookRun *run, HookMiss why);
extern void hooks_fire_call(HookRun *run, HookCall *call,
							TriggerData *trigdata);
extern HeapTuple hooks_fire_chain(HookRun *run, TriggerData *trigdata);
extern void hooks_fire_occasion(HookRun *run, const HookOccasion *occasion);
extern void hooks_fire_event(HookRun *run, Relation rel, bool direct,
							 HookEventMaker make, void *arg);

/*
 * Is a hook left out by the replication role, a pause or the like?
 */
static inline bool
hooks_fire_is_left_out(const HookCall *call)
{
	return unlikely(call->out) ||
		hooks_settings_is_paused(call->member->hook->hook_id);
}

/*
 * Whoever observes is told of a hook that does not fire, once a statement,
 * as far as that does not depend on the rows.
 */
static inline void
hooks_fire_tell(HookCall *call, HookMiss why)
{
	if (unlikely(hooks_observed))
		hooks_trace_miss_once(call, why);
}

/*
 * Does a hook fire now, as far as that does not depend on the rows?  The
 * assigned columns count for updates only; NULL means not an update.  What is
 * left out, though the hook is for it, is counted.
 */
static inline bool
hooks_fire_is_due(HookCall *call, const Bitmapset *assigned)
{
	const HookMember *member = call->member;

	if (assigned != NULL && member->columns != NULL &&
		!bms_overlap(assigned, member->columns))
	{
		hooks_fire_tell(call, HOOK_MISS_COLUMNS);
		return false;
	}
	if (likely(!hooks_fire_is_left_out(call)))
		return true;
	if (!call->out || call->left_out)
		hooks_stats_count_bypass(member->tally);
	hooks_fire_tell(call, call->out ? call->why_out : HOOK_MISS_PAUSED);
	return false;
}

#endif							/* HOOKS_FIRE_H */
