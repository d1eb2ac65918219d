/*
 * trace.c
 *		Tells of each hook that fires or does not: hooks.trace,
 *		hooks.log_min_duration, and who else observes.
 *
 * One variable, hooks_observed, says whether anybody wants to know; where
 * firings are, it is tested once.  What does not depend on a row, such as that
 * a hook is disabled, is told once for a statement and trigger, and not for
 * each row.
 *
 * What a NOTICE says is nothing that the session could not know: the hooks and
 * their state are in hooks.registry, which everybody may read, and how often a
 * hook fires, and for how many rows, EXPLAIN ANALYZE tells of triggers in the
 * same way, in cascades too.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"

#include "firing/trace.h"

/*
 * The innermost observer.  Each lives in memory of whoever pushed it; an abort
 * takes off those of the transaction levels that it ends.
 */
static HookObserver *observers = NULL;

static void
count_observers(void)
{
	int			n = 0;

	for (HookObserver *o = observers; o != NULL; o = o->outer)
		n++;
	hooks_settings_set_observers(n);
}

/*
 * Makes an observer the innermost one, until the subtransaction aborts in
 * which that is done, or hooks_trace_pop_inside() takes it off.
 */
void
hooks_trace_push(HookObserver *observer)
{
	observer->nest_level = GetCurrentTransactionNestLevel();
	observer->outer = observers;
	observers = observer;
	count_observers();
}

/*
 * NULL if there is none.
 */
HookObserver *
hooks_trace_innermost(void)
{
	return observers;
}

/*
 * Takes off those that were pushed since the innermost one was this.
 */
void
hooks_trace_pop_inside(const HookObserver *observer)
{
	while (observers != NULL && observers != observer)
		observers = observers->outer;
	count_observers();
}

/*
 * The transaction level, and what is nested in it, aborts.
 */
void
hooks_trace_abort(int nest_level)
{
	if (likely(observers == NULL))
		return;
	while (observers != NULL && observers->nest_level >= nest_level)
		observers = observers->outer;
	count_observers();
}

static inline HookObserver *
next_observer(const HookObserver *observer)
{
	return observer->alone ? NULL : observer->outer;
}

static void
tell_end(const HookFiring *firing, const HookEnded *ended)
{
	for (HookObserver *o = observers; o != NULL; o = next_observer(o))
		o->end(o, firing, ended);
}

/*
 * Logs a firing that took long.
 */
static void
log_slow(const HookFiring *firing, const HookEnded *ended)
{
	if (hooks_log_min_duration < 0 || ended->ms < hooks_log_min_duration ||
		ended->ending == HOOK_ENDED_UNCALLED)
		return;
	ereport(LOG,
			(errmsg("duration: %.3f ms  %s: %s, rows " INT64_FORMAT,
					ended->ms, hooks_context_describe(firing),
					ended->ending == HOOK_ENDED_VETOED ? "vetoed" :
					ended->ending == HOOK_ENDED_FAILED ? "failed" : "fired",
					ended->rows),
			 errhidestmt(true)));
}

/*
 * The NOTICE of a firing.
 */
static void
notice_end(const HookFiring *firing, const HookEnded *ended)
{
	const char *how = ended->ending == HOOK_ENDED_VETOED ? "vetoed" :
		ended->ending == HOOK_ENDED_FAILED ? "failed" : "fired";
	const char *rows = ended->ending != HOOK_ENDED_WELL ? "" :
		ended->rows == 0 ? "" : ended->rows == 1 ? " for 1 row" :
		psprintf(" for " INT64_FORMAT " rows", ended->rows);

	ereport(NOTICE,
			(errmsg("%s %s%s", hooks_context_describe(firing), how, rows),
			 errdetail("It took %.3f ms.", ended->ms)));
}

/*
 * A firing is over.
 */
static void
end_firing(const HookCall *call, const HookFiring *firing,
		   const HookEnded *ended)
{
	tell_end(firing, ended);
	log_slow(firing, ended);
	if (ended->ending == HOOK_ENDED_UNCALLED)
		hooks_trace_miss(call, call->member->condition != NULL ?
						 HOOK_MISS_CONDITION : HOOK_MISS_NO_ROWS);
	else if (hooks_trace)
		notice_end(firing, ended);
}

static double
milliseconds_since(const instr_time *begun)
{
	instr_time	duration;

	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, *begun);
	return INSTR_TIME_GET_MILLISEC(duration);
}

/*
 * The same for a delivery that began then.
 */
void
hooks_trace_slow_delivery(const HookFiring *firing, const instr_time *begun,
						  bool failed)
{
	HookEnded	ended = {failed ? HOOK_ENDED_FAILED : HOOK_ENDED_WELL};

	ended.ms = milliseconds_since(begun);
	log_slow(firing, &ended);
}

/*
 * As hooks_policy_run(), for a body that calls a callback, which tells whether
 * it has done so; whoever observes is told.
 */
HookOutcome
hooks_trace_run(const HookCall *call, HookFiring *firing,
				void (*body) (void *arg), void *arg,
				const HookCalled *called)
{
	MemoryContext context = CurrentMemoryContext;
	HookEnded	ended = {HOOK_ENDED_WELL};
	HookOutcome outcome = HOOK_DONE;
	instr_time	begun;

	firing->failure = NULL;
	for (HookObserver *o = observers; o != NULL; o = next_observer(o))
		o->begin(o, firing);
	INSTR_TIME_SET_CURRENT(begun);
	PG_TRY();
	{
		outcome = hooks_policy_run(call->member, firing, body, arg);
	}
	PG_CATCH();
	{
		/* the error passes, and tells the rest itself */
		MemoryContext error_context = MemoryContextSwitchTo(context);
		HookEnded	failed = {HOOK_ENDED_FAILED, called->rows};

		failed.ms = milliseconds_since(&begun);
		if (hooks_vetoing == firing)
			failed.ending = HOOK_ENDED_VETOED;
		if (geterrcode() != ERRCODE_OUT_OF_MEMORY)
		{
			failed.message = CopyErrorData()->message;
			end_firing(call, firing, &failed);
		}
		MemoryContextSwitchTo(error_context);
		PG_RE_THROW();
	}
	PG_END_TRY();

	ended.ms = milliseconds_since(&begun);
	ended.rows = called->rows;
	if (outcome != HOOK_DONE)
	{
		ended.ending = hooks_vetoing == firing ? HOOK_ENDED_VETOED :
			HOOK_ENDED_FAILED;
		ended.message = firing->failure;
	}
	else if (!called->called)
		ended.ending = HOOK_ENDED_UNCALLED;
	end_firing(call, firing, &ended);
	return outcome;
}

/*
 * The event of an after_commit hook, with so many rows, is in the log.
 */
void
hooks_trace_logged(const HookFiring *firing, int64 rows)
{
	HookEnded	ended = {HOOK_ENDED_LOGGED, rows};

	for (HookObserver *o = observers; o != NULL; o = next_observer(o))
		o->begin(o, firing);
	tell_end(firing, &ended);
	if (hooks_trace)
		ereport(NOTICE,
				(errmsg("event is written for %s",
						hooks_context_describe(firing)),
				 errdetail("Its callback is called when the transaction has committed.")));
}

/*
 * How a NOTICE calls a hook that does not fire.
 */
static char *
describe_miss(const Hook *hook, const HookEvent *event, HookAction action,
			  Oid relid)
{
	const char *relation = OidIsValid(relid) ? get_rel_name(relid) : "";

	return psprintf("hook \"%s\" (%s %s%s%s)", hook->name,
					hooks_word_of_phase(event->phase),
					hooks_word_of_action(action),
					OidIsValid(relid) ? " on " : "",
					relation != NULL ? relation : "?");
}

/*
 * Once for a statement: a before_commit hook has something to fire for.
 */
void
hooks_trace_noted(HookCall *call)
{
	const HookRelation *relation = linitial(call->run->pinned);

	if (hooks_trace)
		ereport(NOTICE,
				(errmsg("%s is due at commit",
						describe_miss(call->member->hook, call->run->event,
									  call->action, relation->relid))));
}

/*
 * Why a hook does not fire, as the end of a sentence.
 */
const char *
hooks_trace_reason(HookMiss why)
{
	switch (why)
	{
		case HOOK_MISS_DISABLED:
			return "it is disabled";
		case HOOK_MISS_QUARANTINED:
			return "it is in quarantine";
		case HOOK_MISS_DAMAGED:
			return "it is damaged";
		case HOOK_MISS_FORBIDDEN:
			return "its owner could not register it any more";
		case HOOK_MISS_ROLE:
			return SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA ?
				"\"session_replication_role\" is replica" :
				"\"session_replication_role\" is not replica";
		case HOOK_MISS_OPT_IN:
			return "\"hooks.opt_in\" does not name it";
		case HOOK_MISS_PAUSED:
			return "it is paused";
		case HOOK_MISS_COLUMNS:
			return "none of its columns is assigned";
		case HOOK_MISS_CONDITION:
			return "its condition is not true";
		case HOOK_MISS_NAMING:
			return "its columns do not become non-null";
		case HOOK_MISS_PUT:
			return "the statement is no put";
		case HOOK_MISS_SKIPPED:
			return "a hook before it skips the row";
		case HOOK_MISS_NO_ROWS:
			return "there are no rows";
		case HOOK_MISS_TRIGGER:
			return "its trigger is disabled";
		case HOOK_MISS_RESTORE:
			return "hooks.restore() skips triggers";
		case HOOK_MISS_SWITCH:
			return "\"hooks.enabled\" is off";
		default:
			return NULL;
	}
}

/*
 * Tells that a hook does not fire for an action of an event of a relation.
 */
static void
tell_miss(const Hook *hook, const HookEvent *event, HookAction action,
		  Oid relid, HookMiss why)
{
	for (HookObserver *o = observers; o != NULL; o = next_observer(o))
	{
		if (o->miss != NULL && why != HOOK_MISS_UNTOLD)
			o->miss(o, hook->name, event, action, relid, why);
	}
	if (hooks_trace && hooks_trace_reason(why) != NULL)
		ereport(NOTICE,
				(errmsg("%s did not fire: %s",
						describe_miss(hook, event, action, relid),
						hooks_trace_reason(why))));
}

/*
 * What an event is to a hook, if it is not known better.
 */
static HookAction
first_told(const HookEvent *event, const Hook *hook)
{
	HookAction	told[2];

	(void) hooks_event_told(event, hook->actions, told);
	return told[0];
}

/*
 * Tells that a hook does not fire for an event of a relation.
 */
void
hooks_trace_miss_member(const HookMember *member, const HookEvent *event,
						Oid relid, HookMiss why)
{
	tell_miss(member->hook, event, first_told(event, member->hook), relid,
			  why);
}

/*
 * Tells that a hook of a run does not fire: of a batch for its own table, else
 * for that of the row or statement, if there is one.
 */
void
hooks_trace_miss(const HookCall *call, HookMiss why)
{
	const HookRun *run = call->run;
	Oid			relid = run->pinned == NIL ? InvalidOid :
		((HookRelation *) linitial(run->pinned))->relid;

	tell_miss(call->member->hook, run->event, call->action,
			  run->batch != NULL ? call->member->target : relid, why);
}

/*
 * The same, unless that was told before of the statement.
 */
void
hooks_trace_miss_once(HookCall *call, HookMiss why)
{
	if (call->told & (1 << why))
		return;
	call->told |= 1 << why;
	hooks_trace_miss(call, why);
}

/*
 * Why a hook does not fire in this session at all.
 */
HookMiss
hooks_trace_why_out(const HookMember *member)
{
	return hooks_member_role_fires(member) ? HOOK_MISS_OPT_IN :
		HOOK_MISS_ROLE;
}

/*
 * Tells of the hooks that are not in a relation's chain of an event, though
 * they are for it: disabled ones, and such.  target: only those on that table;
 * InvalidOid: all.
 */
void
hooks_trace_absent(const HookRelation *relation, const HookEvent *event,
				   Oid target)
{
	ListCell   *lc;

	foreach(lc, relation->absent)
	{
		const HookAbsent *absent = lfirst(lc);
		HookAction	action;

		if (absent->reach == NULL)
		{
			if (hooks_trace)
				ereport(NOTICE,
						(errmsg("hook \"%s\" did not fire: it is damaged: %s",
								absent->name, absent->detail)));
			continue;
		}
		if (!hooks_scope_wants(absent->reach, event) ||
			(OidIsValid(target) && absent->reach->target != target))
			continue;
		action = first_told(event, absent->reach->hook);
		for (HookObserver *o = observers; o != NULL; o = next_observer(o))
		{
			if (o->miss != NULL)
				o->miss(o, absent->name, event, action, relation->relid,
						absent->why);
		}
		if (hooks_trace)
			ereport(NOTICE,
					(errmsg("%s did not fire: %s",
							describe_miss(absent->reach->hook, event, action,
										  relation->relid),
							absent->detail != NULL ? absent->detail :
							hooks_trace_reason(absent->why))));
	}
}

/*
 * The same for all relations of a run: of rows those on the tables above, too.
 */
void
hooks_trace_absent_of_run(const HookRun *run)
{
	ListCell   *lc;

	foreach(lc, run->pinned)
	{
		const HookRelation *relation = lfirst(lc);
		bool		all = run->event->level == HOOK_ROW ||
			run->event->phase == HOOK_BEFORE_COMMIT;

		hooks_trace_absent(relation, run->event,
						   all ? InvalidOid : relation->relid);
	}
}
