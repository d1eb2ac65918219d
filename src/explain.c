/*
 * explain.c
 *		EXPLAIN (ANALYZE, HOOKS): the firings of the statement.
 *
 * From PostgreSQL 18 on, which lets extensions add options.  An observer
 * (trace.h) counts the firings from the moment when the options are read until
 * the command ends (executor.c), or an abort takes it off.
 */
#include "postgres.h"

#include "base/compat.h"
#include "explain.h"

#if HOOKS_EXPLAIN_OPTIONS

#include "commands/defrem.h"
#include "commands/explain.h"
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "firing/trace.h"

/* The firings of one hook for one event of one table */
typedef struct ExplainedHook
{
	char	   *name;
	const HookEvent *event;
	HookAction	action;			/* name or put; 0: that of the event */
	Oid			relation;
	HookMiss	why;			/* it does not fire; else HOOK_MISS_UNTOLD */
	int64		calls;			/* or how often it did not */
	int64		rows;
	double		ms;
	int64		failures;
	int64		vetoes;
} ExplainedHook;

/* What belongs to one EXPLAIN that has the option; in its memory */
typedef struct HooksExplained
{
	HookObserver observer;		/* must be first */
	MemoryContext context;
	bool		wanted;			/* the option is on */
	List	   *hooks;			/* of ExplainedHook, as they fired first */
} HooksExplained;

/* our number among the extensions of EXPLAIN; set once */
static int	extension_id;

static explain_validate_options_hook_type prev_explain_validate_options = NULL;
static explain_per_plan_hook_type prev_explain_per_plan = NULL;

/*
 * The entry to count in, made if there is none.
 */
static ExplainedHook *
get_explained(HooksExplained *explained, const char *name,
			  HookAction action, const HookEvent *event, Oid relation,
			  HookMiss why)
{
	MemoryContext old;
	ExplainedHook *hook;
	ListCell   *lc;

	foreach(lc, explained->hooks)
	{
		hook = lfirst(lc);
		if (hook->event == event && hook->action == action &&
			hook->relation == relation &&
			hook->why == why && strcmp(hook->name, name) == 0)
			return hook;
	}
	old = MemoryContextSwitchTo(explained->context);
	hook = palloc0(sizeof(ExplainedHook));
	hook->name = pstrdup(name);
	hook->action = action;
	hook->event = event;
	hook->relation = relation;
	hook->why = why;
	explained->hooks = lappend(explained->hooks, hook);
	MemoryContextSwitchTo(old);
	return hook;
}

static void
explain_begin(HookObserver *observer, const HookFiring *firing)
{
	(void) get_explained((HooksExplained *) observer, firing->subject->hook,
						 firing->subject->action, firing->subject->event,
						 firing->subject->relation, HOOK_MISS_UNTOLD);
}

static void
explain_end(HookObserver *observer, const HookFiring *firing,
			const HookEnded *ended)
{
	ExplainedHook *hook =
		get_explained((HooksExplained *) observer, firing->subject->hook,
					  firing->subject->action, firing->subject->event,
					  firing->subject->relation, HOOK_MISS_UNTOLD);

	if (ended->ending == HOOK_ENDED_UNCALLED)
		return;
	hook->calls++;
	hook->rows += ended->rows;
	hook->ms += ended->ms;
	hook->failures += ended->ending == HOOK_ENDED_FAILED;
	hook->vetoes += ended->ending == HOOK_ENDED_VETOED;
}

static void
explain_miss(HookObserver *observer, const char *name, const HookEvent *event,
			 HookAction action, Oid relid, HookMiss why)
{
	get_explained((HooksExplained *) observer, name, action, event, relid,
				  why)->calls++;
}

static void
explain_option(ExplainState *es, DefElem *option, ParseState *pstate)
{
	HooksExplained *explained = GetExplainExtensionState(es, extension_id);

	if (explained == NULL)
	{
		explained = palloc0(sizeof(HooksExplained));
		explained->context = CurrentMemoryContext;
		explained->observer.begin = explain_begin;
		explained->observer.end = explain_end;
		explained->observer.miss = explain_miss;
		SetExplainExtensionState(es, extension_id, explained);
	}
	explained->wanted = defGetBoolean(option);
}

/*
 * All options are known: 22023 if the statement is not executed.
 */
static void
explain_validate(ExplainState *es, List *options, ParseState *pstate)
{
	HooksExplained *explained = GetExplainExtensionState(es, extension_id);

	if (explained != NULL && explained->wanted)
	{
		if (!es->analyze)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("EXPLAIN option %s requires ANALYZE", "HOOKS")));
		hooks_trace_push(&explained->observer);
	}
	if (prev_explain_validate_options != NULL)
		prev_explain_validate_options(es, options, pstate);
}

static void
print_text(const ExplainedHook *hook, const char *action,
		   const char *relation, ExplainState *es)
{
	ExplainIndentText(es);
	appendStringInfo(es->str, "Hook %s (%s %s on %s):", hook->name,
					 hooks_word_of_phase(hook->event->phase), action,
					 relation);
	if (hook->why != HOOK_MISS_UNTOLD)
		appendStringInfo(es->str, " not fired=" INT64_FORMAT " (%s)\n",
						 hook->calls, hooks_trace_reason(hook->why));
	else
	{
		if (es->timing)
			appendStringInfo(es->str, " time=%.3f", hook->ms);
		appendStringInfo(es->str, " calls=" INT64_FORMAT " rows=" INT64_FORMAT,
						 hook->calls, hook->rows);
		if (hook->failures > 0)
			appendStringInfo(es->str, " failed=" INT64_FORMAT, hook->failures);
		if (hook->vetoes > 0)
			appendStringInfo(es->str, " vetoed=" INT64_FORMAT, hook->vetoes);
		appendStringInfoChar(es->str, '\n');
	}
}

static void
print_properties(const ExplainedHook *hook, const char *action,
				 const char *relation, ExplainState *es)
{
	ExplainOpenGroup("Hook", NULL, true, es);
	ExplainPropertyText("Hook Name", hook->name, es);
	ExplainPropertyText("Phase", hooks_word_of_phase(hook->event->phase),
						es);
	ExplainPropertyText("Action", action, es);
	ExplainPropertyText("Relation", relation, es);
	if (hook->why != HOOK_MISS_UNTOLD)
	{
		ExplainPropertyInteger("Not Fired", NULL, hook->calls, es);
		ExplainPropertyText("Reason", hooks_trace_reason(hook->why), es);
	}
	else
	{
		if (es->timing)
			ExplainPropertyFloat("Time", "ms", hook->ms, 3, es);
		ExplainPropertyInteger("Calls", NULL, hook->calls, es);
		ExplainPropertyInteger("Rows", NULL, hook->rows, es);
		ExplainPropertyInteger("Failed", NULL, hook->failures, es);
		ExplainPropertyInteger("Vetoed", NULL, hook->vetoes, es);
	}
	ExplainCloseGroup("Hook", NULL, true, es);
}

/*
 * A plan was executed and printed.
 */
static void
explain_plan(PlannedStmt *plan, IntoClause *into, ExplainState *es,
			 const char *sql, ParamListInfo params, QueryEnvironment *env)
{
	HooksExplained *explained = GetExplainExtensionState(es, extension_id);
	ListCell   *lc;

	if (explained != NULL && explained->wanted)
	{
		ExplainOpenGroup("Hooks", "Hooks", false, es);
		foreach(lc, explained->hooks)
		{
			const ExplainedHook *hook = lfirst(lc);
			const char *action =
				hooks_word_of_action(hook->action != 0 ? hook->action :
									 hook->event->action);
			const char *relation = get_rel_name(hook->relation);

			if (hook->calls == 0)
				continue;
			if (relation == NULL)
				relation = "?";
			if (es->format == EXPLAIN_FORMAT_TEXT)
				print_text(hook, action, relation, es);
			else
				print_properties(hook, action, relation, es);
		}
		ExplainCloseGroup("Hooks", "Hooks", false, es);
		explained->hooks = NIL; /* a rule may have made several plans */
	}
	if (prev_explain_per_plan != NULL)
		prev_explain_per_plan(plan, into, es, sql, params, env);
}

/*
 * Adds the option.  From _PG_init() only.
 */
void
hooks_explain_init(void)
{
	extension_id = GetExplainExtensionId("hooks");
	hooks_register_explain_option("hooks", explain_option);
	prev_explain_validate_options = explain_validate_options_hook;
	explain_validate_options_hook = explain_validate;
	prev_explain_per_plan = explain_per_plan_hook;
	explain_per_plan_hook = explain_plan;
}

#else

void
hooks_explain_init(void)
{
}

#endif
