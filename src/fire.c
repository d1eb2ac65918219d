/*
 * fire.c
 *		Run a chain.
 *
 * A callback is called as trigger.c calls a trigger function, through fmgr
 * with a TriggerData, so that it cannot tell the difference.  Its tg_trigger is
 * a copy of the real one with the hook's name and arguments; the OID in it
 * stays, as procedural languages know their compiled functions by it.
 *
 * Everything that must be looked up is in the HookRun, which lasts as long as
 * the executor's own memory of the trigger.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "callback.h"
#include "compat.h"
#include "context.h"
#include "fire.h"
#include "orphan.h"
#include "policy.h"
#include "sandbox.h"
#include "settings.h"

static void
unpin_all(void *arg)
{
	HookRun    *run = arg;
	ListCell   *lc;

	foreach(lc, run->pinned)
		hooks_chain_unpin(lfirst(lc));
}

static bool
has_member(HookMember **members, int n, const HookMember *member)
{
	for (int i = 0; i < n; i++)
		if (members[i]->hook->hook_id == member->hook->hook_id &&
			members[i]->target == member->target)
			return true;
	return false;
}

/*
 * Makes a run of the hooks of an event on the given relations, in a context
 * that lives as long as the run shall.
 *
 * At level row a relation's chain includes the hooks of the partitioned tables
 * above it, as the rows are its own.  Statements and batches belong to the
 * table that a hook is on.
 */
HookRun *
hooks_fire_prepare(const HookEvent *event, List *relids, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	HookRun    *run = palloc0(sizeof(HookRun));
	HookMember **members = NULL;
	int			n = 0;
	ListCell   *lc;

	run->event = event;
	run->context = context;
	run->query = context;
	run->asks = event->action == HOOK_TRUNCATE ||
		(event->phase == HOOK_AFTER && event->level == HOOK_STATEMENT);
	run->unpin.func = unpin_all;
	run->unpin.arg = run;
	MemoryContextRegisterResetCallback(context, &run->unpin);

	foreach(lc, relids)
	{
		HookRelation *relation = hooks_chain_pin(lfirst_oid(lc));
		HookChain  *chain = hooks_chain_of(relation, event);

		run->pinned = lappend(run->pinned, relation);
		if (chain->length == 0)
			continue;
		members = members == NULL ?
			palloc(sizeof(HookMember *) * chain->length) :
			repalloc(members, sizeof(HookMember *) * (n + chain->length));
		for (int i = 0; i < chain->length; i++)
		{
			HookMember *member = chain->members[i];

			if ((event->level == HOOK_ROW ||
				 member->target == relation->relid) &&
				!has_member(members, n, member))
				members[n++] = member;
		}
	}
	if (list_length(relids) > 1 && n > 1)
		hooks_chain_sort(members, n, event->phase);

	run->length = n;
	run->calls = palloc0(sizeof(HookCall) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		run->calls[i].member = members[i];
		run->calls[i].out = !hooks_chain_role_fires(members[i]->hook->fire);
	}
	MemoryContextSwitchTo(old);
	return run;
}

/*
 * Evaluates a hook's condition for a row; true if it has none.
 */
bool
hooks_fire_condition(HookRun *run, HookCall *call,
					 TupleTableSlot *old, TupleTableSlot *new)
{
	bool		isnull;
	bool		result;

	if (call->member->condition == NULL)
		return true;
	if (call->condition == NULL)
	{
		MemoryContext context = MemoryContextSwitchTo(run->context);
		const Hook *hook = call->member->hook;
		Oid			userid;
		int			sec_context;

		if (run->econtext == NULL)
			run->econtext = CreateStandaloneExprContext();
		/* this is where the right to execute its functions is checked */
		GetUserIdAndSecContext(&userid, &sec_context);
		if (hook->run_as == HOOK_AS_OWNER)
			SetUserIdAndSecContext(hook->owner,
								   sec_context | SECURITY_LOCAL_USERID_CHANGE |
								   SECURITY_RESTRICTED_OPERATION);
		call->condition = ExecInitExpr((Expr *) call->member->condition, NULL);
		SetUserIdAndSecContext(userid, sec_context);
		MemoryContextSwitchTo(context);
	}
	run->econtext->ecxt_innertuple = old;
	run->econtext->ecxt_outertuple = new;
	result = DatumGetBool(ExecEvalExprSwitchContext(call->condition,
													run->econtext, &isnull));
	ResetExprContext(run->econtext);
	return !isnull && result;
}

/*
 * Is this the moment at which the hook's columns become all non-null?
 */
static bool
is_naming(const HookMember *member, TupleTableSlot *old, TupleTableSlot *new)
{
	bool		was_named = old != NULL;
	int			x = -1;

	while ((x = bms_next_member(member->columns, x)) >= 0)
	{
		AttrNumber	attnum = x + FirstLowInvalidHeapAttributeNumber;

		if (slot_attisnull(new, attnum))
			return false;
		if (old != NULL && slot_attisnull(old, attnum))
			was_named = false;
	}
	return !was_named;
}

/*
 * The condition for the row of a trigger; at level statement, without a row.
 */
static bool
test_condition(HookRun *run, HookCall *call, TriggerData *trigdata)
{
	bool		insert = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event);

	return hooks_fire_condition(run, call,
								insert ? NULL : trigdata->tg_trigslot,
								insert ? trigdata->tg_trigslot :
								trigdata->tg_newslot);
}

/* What the firings of all hooks for one row have in common */
typedef struct Surroundings
{
	Oid			caller;			/* InvalidOid if not known */
	Oid			at_home;		/* see hooks_sandbox_is_needless() */
	int			nest_level;
	bool		referential;
	const HookOrigin *origin;	/* NULL if it can wait until somebody asks */
	HookOrigin	found;
} Surroundings;

/* what the policy runs */
typedef struct CallbackCall
{
	HookRun    *run;
	HookCall   *call;
	TriggerData *trigdata;
	Oid			caller;
	bool		test;			/* the condition, which may throw */
	bool		fired;			/* the condition was true */
	HeapTuple	result;
} CallbackCall;

/*
 * Looks the callback up, when a statement first calls it: 42883 if it is gone,
 * 42501 if the role it runs as may not execute it any more.
 */
static void
check_callback(HookRun *run, HookCall *call)
{
	const HookMember *member = call->member;

	if (!OidIsValid(member->callback))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("callback %s of hook \"%s\" does not exist",
						member->hook->callback, member->hook->name)));
	if (!OidIsValid(call->function.fn_oid))
		hooks_callback_check_owner(member->callback, member->hook);
	if (call->allowed != GetUserId())
	{
		AclResult	result = hooks_proc_aclcheck(member->callback, GetUserId());

		if (result != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_FUNCTION, member->hook->callback);
		call->allowed = GetUserId();
	}
	if (!OidIsValid(call->function.fn_oid))
	{
		short		nargs = hooks_event_takes_jsonb(member->hook->phase,
													member->hook->actions) ? 1 : 0;

		call->fcinfo = MemoryContextAlloc(run->context,
										  SizeForFunctionCallInfo(nargs));
		fmgr_info_cxt(member->callback, &call->function, run->context);
		InitFunctionCallInfoData(*call->fcinfo, &call->function, nargs,
								 InvalidOid, NULL, NULL);
	}
}

/*
 * Calls the function, counted as ExecCallTriggerFunc in trigger.c does.
 */
static inline Datum
call_function(HookCall *call)
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
invoke(HookCall *call, TriggerData *trigdata)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Datum		result;

	fcinfo->context = (Node *) trigdata;
	result = call_function(call);
	if (unlikely(fcinfo->isnull))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger function %u returned null value",
						fcinfo->flinfo->fn_oid)));
	return (HeapTuple) DatumGetPointer(result);
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
		state->fired = run->row_source(run, state->call, state->trigdata,
									   run->row_source_arg);
	else if (state->test)
		state->fired = test_condition(run, state->call, state->trigdata);
	if (state->fired)
	{
		check_callback(run, state->call);
		state->result = invoke(state->call, state->trigdata);
	}
	hooks_sandbox_leave(&sandbox);
}

/*
 * What hooks.context() tells of all calls of a hook by a statement.
 */
static void
prepare_subject(HookRun *run, HookCall *call, Relation rel)
{
	HookSubject *subject = &call->subject;

	subject->hook = call->member->hook->name;
	subject->event = run->event;
	subject->naming = (call->member->hook->actions & HOOK_NAME) != 0;
	subject->relation = RelationGetRelid(rel);
	subject->relation_name = RelationGetRelationName(rel);
	subject->batch = run->batch;
	subject->query = run->query;
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
	call->trigger.tgname = member->hook->name;
	call->trigger.tgnargs = member->narguments;
	call->trigger.tgargs = member->arguments;

	prepare_subject(run, call, trigdata->tg_relation);
	call->simple = member->condition == NULL && member->columns == NULL &&
		member->broken == NULL &&
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
static HeapTuple
fire_call(HookRun *run, HookCall *call, TriggerData *trigdata,
		  const Surroundings *around)
{
	const HookMember *member = call->member;
	Trigger    *real = trigdata->tg_trigger;
	bool		test = member->condition != NULL;
	HookFiring *firing;
	HeapTuple	result;

	if (unlikely(call->trigger.tgoid != real->tgoid))
		prepare_call(run, call, trigdata);

	/* What cannot fail is tested first, and saves the rest for most rows */
	if (test && member->condition_safe && run->row_source == NULL)
	{
		if (!test_condition(run, call, trigdata))
			return row_unchanged(trigdata);
		test = false;
	}

	firing = hooks_context_push(&call->subject, around->nest_level);
	firing->trigdata = trigdata;
	firing->origin = around->origin;
	firing->caller = around->caller;
	trigdata->tg_trigger = &call->trigger;

	if (call->simple && call->allowed == around->at_home &&
		hooks_sandbox_is_needless(member->hook, around->at_home))
	{
		/* The usual case of most rows: nothing to do but call */
		ErrorContextCallback context;

		context.callback = hooks_policy_add_context;
		context.arg = firing;
		context.previous = error_context_stack;
		error_context_stack = &context;
		result = invoke(call, trigdata);
		error_context_stack = context.previous;
	}
	else
	{
		CallbackCall state = {run, call, trigdata, around->caller, test, true, NULL};

		HookOutcome outcome;

		outcome = hooks_policy_run(member, firing, call_callback, &state);
		result = outcome == HOOK_DONE && state.fired ? state.result :
			row_unchanged(trigdata);
		if (outcome == HOOK_TAKEN_OUT)
			call->out = true;
	}
	trigdata->tg_trigger = real;
	hooks_context_pop(firing);
	return result;
}

static inline void
look_around(const HookRun *run, const TriggerData *trigdata,
			Surroundings *around)
{
	around->nest_level = GetCurrentTransactionNestLevel();
	around->referential = run->referential ||
		hooks_statement_in_referential_action();
	around->origin = run->origin;
	if (unlikely(hooks_statement == NULL || run->asks) && run->origin == NULL)
	{
		hooks_statement_origin(hooks_statement, run->event, trigdata,
							   &around->found);
		around->origin = &around->found;
	}

	/* TRUNCATE is no statement of the executor's */
	around->caller = run->event->action == HOOK_TRUNCATE ? GetUserId() :
		hooks_statement_caller(hooks_statement, around->origin, run->query);
	around->at_home = around->caller == GetSessionUserId() ?
		around->caller : InvalidOid;
}

/*
 * Fires one hook of a batch.
 */
void
hooks_fire_call(HookRun *run, HookCall *call, TriggerData *trigdata)
{
	Surroundings around;

	look_around(run, trigdata, &around);
	(void) fire_call(run, call, trigdata, &around);
}

/*
 * Fires the hooks of a run for a trigger's event, in order.
 *
 * For a BEFORE ROW trigger each hook sees the row as the ones before it left
 * it; returns the row to go on with, NULL to skip it.  Otherwise returns NULL.
 */
HeapTuple
hooks_fire_chain(HookRun *run, TriggerData *trigdata)
{
	TriggerEvent event = trigdata->tg_event;
	bool		before_row = TRIGGER_FIRED_FOR_ROW(event) &&
		TRIGGER_FIRED_BEFORE(event);
	bool		update = TRIGGER_FIRED_BY_UPDATE(event);
	bool		delete = TRIGGER_FIRED_BY_DELETE(event);
	const Bitmapset *assigned = update ? trigdata->tg_updatedcols : NULL;
	HeapTuple  *row = update ? &trigdata->tg_newtuple : &trigdata->tg_trigtuple;
	TupleTableSlot *slot = update ? trigdata->tg_newslot : trigdata->tg_trigslot;
	HeapTuple	proposed = NULL;
	Surroundings around;

	look_around(run, trigdata, &around);
	if (before_row && update && around.referential && run->length > 0)
		proposed = heap_copytuple(*row);

	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];
		HeapTuple	result;

		if (!hooks_fire_is_due(call, assigned))
			continue;
		if (call->member->columns != NULL &&
			(call->member->hook->actions & HOOK_NAME) &&
			!is_naming(call->member, update ? trigdata->tg_trigslot : NULL, slot))
			continue;
		result = fire_call(run, call, trigdata, &around);
		if (!before_row)
			continue;
		if (result == NULL)
		{
			if ((update || delete) && around.referential)
				hooks_orphan_report(call->member->hook->name,
									trigdata->tg_relation, true);
			return NULL;
		}
		if (delete || result == *row)
			continue;
		if (proposed != NULL &&
			hooks_orphan_undoes(RelationGetDescr(trigdata->tg_relation),
								assigned, proposed, result))
			hooks_orphan_report(call->member->hook->name,
								trigdata->tg_relation, false);
		/* as ExecBRInsertTriggers does, for hooks that look at the slot */
		ExecForceStoreHeapTuple(result, slot, false);
		*row = result;
	}
	return before_row ? *row : NULL;
}

/* what the policy runs for a callback that takes jsonb */
typedef struct EventCall
{
	HookRun    *run;
	HookCall   *call;
	Oid			caller;
	HookEventMaker make;
	void	   *arg;
} EventCall;

static void
call_with_event(void *arg)
{
	EventCall  *state = arg;
	HookCall   *call = state->call;
	HookSandbox sandbox;

	if (call->member->broken != NULL)
		ThrowErrorData(call->member->broken);
	hooks_sandbox_enter(&sandbox, call->member->hook, state->caller);
	if (hooks_fire_condition(state->run, call, NULL, NULL))
	{
		check_callback(state->run, call);
		call->fcinfo->args[0].value =
			JsonbPGetDatum(state->make(hooks_firing, state->arg));
		call->fcinfo->args[0].isnull = false;
		(void) call_function(call);
	}
	hooks_sandbox_leave(&sandbox);
}

/*
 * Fires the hooks of a run whose callbacks take the event as jsonb, which
 * make(firing, arg) makes for each, inside its firing.  Whether the command is
 * about the relation directly is for hooks.context().
 */
void
hooks_fire_event(HookRun *run, Relation rel, bool direct, HookEventMaker make,
				 void *arg)
{
	HookOrigin	origin = {direct ? 0 : HOOK_DEPTH_UNKNOWN};
	Oid			caller = GetUserId();	/* whoever issued a statement around it */

	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];
		EventCall	state = {run, call, caller, make, arg};
		HookFiring *firing;

		if (!hooks_fire_is_due(call, NULL))
			continue;
		prepare_subject(run, call, rel);
		firing = hooks_context_push(&call->subject,
									GetCurrentTransactionNestLevel());
		firing->trigdata = NULL;
		firing->origin = &origin;
		firing->caller = caller;
		(void) hooks_policy_run(call->member, firing, call_with_event, &state);
		hooks_context_pop(firing);
	}
}
