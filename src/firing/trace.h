/*
 * trace.h
 *		Tells of each hook that fires or does not: hooks.trace,
 *		hooks.log_min_duration, and who else observes.
 */
#ifndef HOOKS_TRACE_H
#define HOOKS_TRACE_H

#include "postgres.h"

#include "executor/instrument.h"

#include "base/settings.h"
#include "firing/call.h"
#include "firing/context.h"
#include "firing/policy.h"

/* How a firing ended */
typedef enum HookEnding
{
	HOOK_ENDED_WELL,
	HOOK_ENDED_LOGGED,			/* its event waits for the commit */
	HOOK_ENDED_FAILED,
	HOOK_ENDED_VETOED,
	HOOK_ENDED_UNCALLED			/* no row, or the condition was not met */
} HookEnding;

/* What is told of a firing when it is over */
typedef struct HookEnded
{
	HookEnding	ending;
	int64		rows;			/* that the callback was given */
	double		ms;
	const char *message;		/* of its error; NULL if there was none */
} HookEnded;

/*
 * Who wants to know.  Belongs to a transaction level, and is taken off by its
 * abort.  None of the functions is called after an error that ends that.
 */
typedef struct HookObserver
{
	struct HookObserver *outer;
	int			nest_level;
	bool		alone;			/* those around it are not told */
	void		(*begin) (struct HookObserver *observer,
						  const HookFiring *firing);
	void		(*end) (struct HookObserver *observer,
						const HookFiring *firing, const HookEnded *ended);
	void		(*miss) (struct HookObserver *observer, const char *hook,
						 const HookEvent *event, HookAction action, Oid relid,
						 HookMiss why);
} HookObserver;

/* What a body that calls a callback says of it */
typedef struct HookCalled
{
	bool		called;
	int64		rows;			/* that it was given */
} HookCalled;

extern void hooks_trace_push(HookObserver *observer);
extern HookObserver *hooks_trace_innermost(void);
extern void hooks_trace_pop_inside(const HookObserver *observer);
extern const char *hooks_trace_reason(HookMiss why);
extern void hooks_trace_abort(int nest_level);
extern HookOutcome hooks_trace_run(const HookCall *call, HookFiring *firing,
								   void (*body) (void *arg), void *arg,
								   const HookCalled *called);
extern void hooks_trace_slow_delivery(const HookFiring *firing,
									  const instr_time *begun, bool failed);
extern void hooks_trace_logged(const HookFiring *firing, int64 rows);
extern void hooks_trace_noted(HookCall *call);
extern void hooks_trace_miss(const HookCall *call, HookMiss why);
extern void hooks_trace_miss_once(HookCall *call, HookMiss why);
extern void hooks_trace_miss_member(const HookMember *member,
									const HookEvent *event, Oid relid,
									HookMiss why);
extern HookMiss hooks_trace_why_out(const HookMember *member);
extern void hooks_trace_absent(const HookRelation *relation,
							   const HookEvent *event, Oid target);
extern void hooks_trace_absent_of_run(const HookRun *run);

#endif							/* HOOKS_TRACE_H */
