/*
 * call.c
 *		Call one hook's callback.
 *
 * A callback is called as trigger.c calls a trigger function, through fmgr
 * with a TriggerData, so that it cannot tell the difference.  Its tg_trigger
 * is a copy of the real one with the hook's name and arguments.  Procedural
 * languages know their compiled functions by the OID in it, see compiled.c.
 *
 * Everything that must be looked up is in the HookRun, which lasts as long as
 * the executor's own memory of the trigger.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "firing/call.h"
#include "firing/call_condition.h"
#include "firing/compiled.h"
#include "firing/policy.h"
#include "firing/sandbox.h"
#include "firing/stats.h"
#include "firing/trace.h"

/*
 * The condition for the row of a trigger; at level statement, without a row.
 */
static bool
test_condition(HookRun *run, HookCall *call, TriggerData *trigdata)
{
	bool		insert = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event);

	return hooks_call_condition(run, call,
								insert ? NULL : trigdata->tg_trigslot,
								insert ? trigdata->tg_trigslot :
								trigdata->tg_newslot);
}

/* what the policy runs */
typedef struct CallbackCall
{
	HookRun    *run;
	HookCall   *call;
	TriggerData *trigdata;
	Oid			caller;
	bool		test;			/* the condition, which may throw */
	HookCalled	done;			/* called: the condition was true */
	HeapTuple	result;
} CallbackCall;

/*
 * Looks the callback up, when a statement first calls it: 42501 if the role
 * that it runs as may not execute it any more.
 */
static void
check_callback(HookRun *run, HookCall *call)
{
	const Hook *hook = call->member->hook;

	if (call->allowed != GetUserId())
	{
		AclResult	result = hooks_proc_aclcheck(hook->callback, GetUserId());

		if (result != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_FUNCTION,
						   format_procedure_qualified(hook->callback));
		call->allowed = GetUserId();
	}
	if (!OidIsValid(call->function.fn_oid))
	{
		short		nargs = hooks_word_takes_jsonb(hook->phase,
												   hook->actions) ? 1 : 0;

		call->fcinfo = MemoryContextAlloc(run->context,
										  SizeForFunctionCallInfo(nargs));
		fmgr_info_cxt(hook->callback, &call->function, run->context);
		InitFunctionCallInfoData(*call->fcinfo, &call->function, nargs,
								 InvalidOid, NULL, NULL);
	}
}

/*
 * Calls the function, counted as ExecCallTriggerFunc in trigger.c does.
 */
static inline Datum
invoke_function(HookCall *call)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	PgStat_FunctionCallUsage usage;
	bool		counted = pgstat_track_functions > call->function.fn_stats;
	Datum		result;

	fcinfo->isnull = false;
	if (unlikely(counted))
		pgstat_init_function_usage(fcinfo, &usage);
	result = FunctionCallInvoke(fcinfo);
	if (unlikely(counted))
		pgstat_end_function_usage(&usage, true);
	return result;
}

/*
 * Calls a callback that is a trigger function.
 */
static inline HeapTuple
invoke_trigger(HookCall *call, TriggerData *trigdata)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Datum		result;

	fcinfo->context = (Node *) trigdata;
	result = invoke_function(call);
	if (unlikely(fcinfo->isnull))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger function %u returned null value",
						fcinfo->flinfo->fn_oid)));
	return (HeapTuple) DatumGetPointer(result);
}

/*
 * How many rows a callback was given.
 */
static inline int64
rows_given(const TriggerData *trigdata)
{
	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		return 1;
	if (trigdata->tg_newtable != NULL)
		return tuplestore_tuple_count(trigdata->tg_newtable);
	return trigdata->tg_oldtable == NULL ? 0 :
		tuplestore_tuple_count(trigdata->tg_oldtable);
}

/*
 * The hook is in quarantine from now on.
 */
static void
take_out(HookCall *call)
{
	call->out = true;
	call->why_out = HOOK_MISS_QUARANTINED;
}

static void
call_callback(void *arg)
{
	CallbackCall *state = arg;
	HookRun    *run = state->run;
	HookSandbox sandbox;

	if (state->call->member->broken != NULL)
		ThrowErrorData(state->call->member->broken);
	hooks_sandbox_enter(&sandbox, state->call->member->hook, state->caller);
	if (run->row_source != NULL)
		state->done.called = run->row_source(run, state->call,
											 state->trigdata,
											 run->row_source_arg);
	else if (state->test)
		state->done.called = test_condition(run, state->call,
											state->trigdata);
	if (state->done.called)
	{
		check_callback(run, state->call);
		state->done.rows = rows_given(state->trigdata);
		state->result = invoke_trigger(state->call, state->trigdata);
	}
	hooks_sandbox_leave(&sandbox);
}

/*
 * What hooks.context() tells of all calls of a hook by a statement.
 */
void
hooks_call_prepare_subject(HookRun *run, HookCall *call, Oid relid,
						   const char *name)
{
	HookSubject *subject = &call->subject;

	hooks_stats_begin(call->member->tally);
	subject->hook = call->member->hook->name;
	subject->definition = call->member->hook;
	subject->event = run->event;
	subject->action = call->action == run->event->action ? 0 : call->action;
	subject->relation = relid;
	subject->relation_name = name;
	subject->tally = call->member->tally;
	subject->batch = run->batch;
	subject->query_cxt = run->query_cxt;
}

/*
 * What stays the same for all calls of a trigger function: what it sees as its
 * trigger, and the subject.
 */
static void
prepare_call(HookRun *run, HookCall *call, const TriggerData *trigdata)
{
	const HookMember *member = call->member;

	call->trigger = *trigdata->tg_trigger;
	call->prepared_for = call->trigger.tgoid;
	call->trigger.tgoid = hooks_compiled_number(member->hook,
												call->prepared_for);
	call->trigger.tgname = member->hook->name;
	call->trigger.tgnargs = member->narguments;
	call->trigger.tgargs = member->arguments;

	hooks_call_prepare_subject(run, call,
							   RelationGetRelid(trigdata->tg_relation),
							   RelationGetRelationName(trigdata->tg_relation));
	call->measured = hooks_track_timing || run->event->level != HOOK_ROW;
	call->observed = hooks_observed;
	call->simple = !call->observed &&
		member->condition == NULL && member->broken == NULL &&
		run->row_source == NULL && hooks_policy_is_plain(member) &&
		member->hook->run_as == HOOK_AS_OWNER;
}

/* what a BEFORE ROW trigger returns to let the row pass as it is */
static inline HeapTuple
row_unchanged(const TriggerData *trigdata)
{
	return TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;
}

/*
 * Fires one hook.  trigdata is as for a trigger; its tg_trigger is replaced
 * for the call.  Returns what the callback returned; if its condition was not
 * met, or it failed and was isolated, the row unchanged.
 */
HeapTuple
hooks_call_trigger(HookRun *run, HookCall *call, TriggerData *trigdata,
				   const HookSurroundings *around)
{
	const HookMember *member = call->member;
	Trigger    *real = trigdata->tg_trigger;
	bool		test = member->condition != NULL;
	HookFiring *firing;
	HeapTuple	result;
	instr_time	begun;

	Assert(!hooks_word_takes_jsonb(member->hook->phase,
								   member->hook->actions));
	if (unlikely(call->prepared_for != real->tgoid))
		prepare_call(run, call, trigdata);

	/* What cannot fail is tested first, and saves the rest for most rows */
	if (test && run->row_source == NULL && hooks_call_condition_is_safe(call))
	{
		if (!test_condition(run, call, trigdata))
		{
			if (unlikely(call->observed))
				hooks_trace_miss(call, HOOK_MISS_CONDITION);
			return row_unchanged(trigdata);
		}
		test = false;
	}

	firing = hooks_context_push(&call->subject, around->nest_level);
	firing->trigdata = trigdata;
	firing->origin = around->origin;
	firing->caller = around->caller;
	trigdata->tg_trigger = &call->trigger;
	if (unlikely(call->measured))
		INSTR_TIME_SET_CURRENT(begun);

	if (call->simple && call->allowed == around->at_home &&
		hooks_sandbox_is_needless(member->hook, around->at_home))
	{
		/* The usual case of most rows: nothing to do but call */
		ErrorContextCallback context;

		context.callback = hooks_policy_add_context;
		context.arg = firing;
		context.previous = error_context_stack;
		error_context_stack = &context;
		result = invoke_trigger(call, trigdata);
		error_context_stack = context.previous;
		hooks_stats_count(member->tally, rows_given(trigdata));
	}
	else
	{
		CallbackCall state =
		{run, call, trigdata, around->caller, test, {true, 0}, NULL};

		HookOutcome outcome;

		outcome = call->observed ?
			hooks_trace_run(call, firing, call_callback, &state,
							&state.done) :
			hooks_policy_run(member, firing, call_callback, &state);
		result = outcome == HOOK_DONE && state.done.called ? state.result :
			row_unchanged(trigdata);
		if (outcome == HOOK_TAKEN_OUT)
			take_out(call);
		if (outcome != HOOK_DONE)
			hooks_stats_count_failure(member->tally, false);
		else if (state.done.called)
			hooks_stats_count(member->tally, state.done.rows);
	}
	if (unlikely(call->measured))
		hooks_stats_measure(member->tally, &begun);
	trigdata->tg_trigger = real;
	hooks_context_pop(firing);
	return result;
}

/*
 * Begins a firing for an occasion.
 */
static HookFiring *
begin_firing(HookRun *run, HookCall *call, const HookOccasion *occasion)
{
	HookFiring *firing;

	hooks_call_prepare_subject(run, call, occasion->relid,
							   occasion->relation_name);
	call->subject.actions = occasion->actions;
	call->subject.occurrence = occasion->occurrence;
	firing = hooks_context_push(&call->subject,
								GetCurrentTransactionNestLevel());
	firing->trigdata = NULL;
	firing->origin = occasion->origin;
	firing->caller = occasion->caller;
	return firing;
}

/* what the policy runs for a condition alone */
typedef struct ConditionTest
{
	HookRun    *run;
	HookCall   *call;
	Oid			caller;
	TupleTableSlot *old;
	TupleTableSlot *new;
	bool		met;
} ConditionTest;

static void
evaluate_condition(void *arg)
{
	ConditionTest *test = arg;
	HookSandbox sandbox;

	hooks_sandbox_enter(&sandbox, test->call->member->hook, test->caller);
	test->met = hooks_call_condition(test->run, test->call, test->old,
									 test->new);
	hooks_sandbox_leave(&sandbox);
}

/*
 * Evaluates the condition of a hook for a row before its callback is called,
 * as the hook's role and under its policy; false if it failed and was
 * isolated.
 */
bool
hooks_call_test(HookRun *run, HookCall *call, const HookOccasion *occasion,
				TupleTableSlot *old, TupleTableSlot *new)
{
	ConditionTest test = {run, call, occasion->caller, old, new, false};
	HookFiring *firing;
	HookOutcome outcome;

	if (call->member->condition == NULL)
		return true;
	if (hooks_call_condition_is_safe(call))
		return hooks_call_condition(run, call, old, new);
	firing = begin_firing(run, call, occasion);
	outcome = hooks_policy_run(call->member, firing, evaluate_condition,
							   &test);
	hooks_context_pop(firing);
	if (outcome == HOOK_TAKEN_OUT)
		take_out(call);
	return outcome == HOOK_DONE && test.met;
}

/* what the policy runs for a callback that takes jsonb */
typedef struct EventCall
{
	HookRun    *run;
	HookCall   *call;
	const HookOccasion *occasion;
	HookCalled	done;			/* called: the condition was true */
} EventCall;

static void
call_with_event(void *arg)
{
	EventCall  *state = arg;
	HookCall   *call = state->call;
	const HookOccasion *occasion = state->occasion;
	HookSandbox sandbox;

	if (call->member->broken != NULL)
		ThrowErrorData(call->member->broken);
	hooks_sandbox_enter(&sandbox, call->member->hook, occasion->caller);

	/* at commit there are no rows: it was tested when they were written */
	state->done.called = state->run->event->phase == HOOK_BEFORE_COMMIT ||
		hooks_call_condition(state->run, call, NULL, NULL);
	if (state->done.called)
	{
		state->done.rows = occasion->rows;
		check_callback(state->run, call);
		call->fcinfo->args[0].value =
			JsonbPGetDatum(occasion->make(hooks_firing, occasion->arg));
		call->fcinfo->args[0].isnull = false;
		(void) invoke_function(call);
	}
	hooks_sandbox_leave(&sandbox);

	/* no deferred constraint of its own may fail what the client does */
	if (state->done.called && state->run->event->phase == HOOK_STARTUP)
		AfterTriggerFireDeferred();
}

/*
 * Fires one hook whose callback takes the event as jsonb, which is made inside
 * the firing.
 */
void
hooks_call_event(HookRun *run, HookCall *call, const HookOccasion *occasion)
{
	EventCall	state = {run, call, occasion, {false, 0}};
	HookFiring *firing;
	HookOutcome outcome;
	instr_time	begun;

	Assert(hooks_word_takes_jsonb(call->member->hook->phase,
								  call->member->hook->actions));
	firing = begin_firing(run, call, occasion);
	INSTR_TIME_SET_CURRENT(begun);
	outcome = unlikely(hooks_observed) ?
		hooks_trace_run(call, firing, call_with_event, &state, &state.done) :
		hooks_policy_run(call->member, firing, call_with_event, &state);
	if (outcome != HOOK_DONE)
		hooks_stats_count_failure(call->member->tally, false);
	else if (state.done.called)
		hooks_stats_count(call->member->tally, state.done.rows);
	hooks_stats_measure(call->member->tally, &begun);
	hooks_context_pop(firing);
}
