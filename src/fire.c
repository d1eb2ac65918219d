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
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "pgstat.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "context.h"
#include "fire.h"
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
		if (members[i]->hook->hook_id == member->hook->hook_id)
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
				 member->hook->relation == relation->relid) &&
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
 * Does a hook fire now, as far as that does not depend on the rows?  The
 * assigned columns count for updates only; NULL means not an update.
 */
bool
hooks_fire_is_due(HookCall *call, const Bitmapset *assigned)
{
	const HookMember *member = call->member;

	if (call->out || hooks_settings_is_paused(member->hook->hook_id))
		return false;
	return assigned == NULL || member->columns == NULL ||
		bms_overlap(assigned, member->columns);
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
								   sec_context | SECURITY_LOCAL_USERID_CHANGE);
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

/* what the policy runs */
typedef struct CallbackCall
{
	HookRun    *run;
	HookCall   *call;
	TriggerData *trigdata;
	HookFiring *firing;
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
	if (call->allowed != GetUserId())
	{
		AclResult	result = hooks_proc_aclcheck(member->callback, GetUserId());

		if (result != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_FUNCTION, member->hook->callback);
		call->allowed = GetUserId();
	}
	if (!OidIsValid(call->function.fn_oid))
		fmgr_info_cxt(member->callback, &call->function, run->context);
}

static void
call_callback(void *arg)
{
	CallbackCall *state = arg;
	HookCall   *call = state->call;
	LOCAL_FCINFO(fcinfo, 0);
	PgStat_FunctionCallUsage usage;
	HookSandbox sandbox;

	hooks_sandbox_enter(&sandbox, call->member->hook,
						hooks_statement_caller(state->firing->statement));
	if (state->run->row_source != NULL)
		state->fired = state->run->row_source(state->run, call,
											  state->trigdata,
											  state->run->row_source_arg);
	else if (state->test)
		state->fired = test_condition(state->run, call, state->trigdata);
	if (state->fired)
	{
		check_callback(state->run, call);
		InitFunctionCallInfoData(*fcinfo, &call->function, 0, InvalidOid,
								 (Node *) state->trigdata, NULL);
		pgstat_init_function_usage(fcinfo, &usage);
		state->result = (HeapTuple) DatumGetPointer(FunctionCallInvoke(fcinfo));
		pgstat_end_function_usage(&usage, true);
		if (fcinfo->isnull)
			ereport(ERROR,
					(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
					 errmsg("trigger function %u returned null value",
							fcinfo->flinfo->fn_oid)));
	}
	hooks_sandbox_leave(&sandbox);
}

/* what the callback sees as its trigger */
static void
make_trigger(HookCall *call, const Trigger *real)
{
	call->trigger = *real;
	call->trigger.tgname = call->member->hook->name;
	call->trigger.tgnargs = call->member->narguments;
	call->trigger.tgargs = call->member->arguments;
}

/*
 * Fires one hook.  trigdata is as for a trigger; its tg_trigger is replaced
 * for the call.  Returns what the callback returned; if its condition was not
 * met, or it failed and was isolated, the row unchanged.
 */
HeapTuple
hooks_fire_call(HookRun *run, HookCall *call, TriggerData *trigdata)
{
	const HookMember *member = call->member;
	Trigger    *real = trigdata->tg_trigger;
	bool		test = member->condition != NULL;
	HookFiring *firing;
	CallbackCall state;
	HookOutcome outcome;
	HeapTuple	unchanged;

	unchanged = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;

	/* What cannot fail is tested first, and saves the rest for most rows */
	if (test && member->condition_safe && run->row_source == NULL)
	{
		if (!test_condition(run, call, trigdata))
			return unchanged;
		test = false;
	}

	firing = hooks_context_push(member->hook->name);
	firing->phase = run->event->phase;
	firing->action = run->event->action;
	firing->naming = (member->hook->actions & HOOK_NAME) != 0;
	firing->level = run->event->level;
	firing->relation = RelationGetRelid(trigdata->tg_relation);
	firing->relation_name = RelationGetRelationName(trigdata->tg_relation);
	firing->columns = trigdata->tg_updatedcols;
	firing->referential = run->referential ||
		hooks_statement_in_referential_action();
	firing->constraint = run->constraint;

	if (call->trigger.tgoid != real->tgoid)
		make_trigger(call, real);
	trigdata->tg_trigger = &call->trigger;
	state.run = run;
	state.call = call;
	state.trigdata = trigdata;
	state.firing = firing;
	state.test = test;
	state.fired = true;
	state.result = NULL;
	outcome = hooks_policy_run(member, firing, call_callback, &state);
	trigdata->tg_trigger = real;
	hooks_context_pop(firing);

	if (outcome == HOOK_TAKEN_OUT)
		call->out = true;
	return outcome == HOOK_DONE && state.fired ? state.result : unchanged;
}

/*
 * KH004: a referential action has to have its way with the row, and PostgreSQL
 * itself does not look whether it had.
 */
static void
report_orphan(const HookCall *call, Relation rel, bool skipped)
{
	ereport(ERROR,
			(errcode(ERRCODE_HOOK_ORPHAN),
			 skipped ?
			 errmsg("hook \"%s\" skips a row of \"%s\" that a foreign key's action has to change or remove",
					call->member->hook->name, RelationGetRelationName(rel)) :
			 errmsg("hook \"%s\" undoes the change of a row of \"%s\" by a foreign key's action",
					call->member->hook->name, RelationGetRelationName(rel)),
			 errdetail("The row would refer to a row that is gone."),
			 errhint("Let the row pass, or veto the statement with hooks.cancel().")));
}

/*
 * Has a column that the referential action assigned another value now?
 */
static bool
undoes(TupleDesc desc, const Bitmapset *assigned, HeapTuple before,
	   HeapTuple after)
{
	int			x = -1;

	while ((x = bms_next_member(assigned, x)) >= 0)
	{
		AttrNumber	attnum = x + FirstLowInvalidHeapAttributeNumber;
		bool		isnull[2];
		Datum		value[2];
		Form_pg_attribute attr;

		if (attnum <= 0)
			continue;
		attr = TupleDescAttr(desc, attnum - 1);
		if (attr->attgenerated)
			continue;
		value[0] = heap_getattr(before, attnum, desc, &isnull[0]);
		value[1] = heap_getattr(after, attnum, desc, &isnull[1]);
		if (isnull[0] != isnull[1] ||
			(!isnull[0] && !datum_image_eq(value[0], value[1],
										   attr->attbyval, attr->attlen)))
			return true;
	}
	return false;
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
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	HeapTuple	proposed = NULL;

	if (before_row && update && run->length > 0 &&
		hooks_statement_in_referential_action())
		proposed = heap_copytuple(*row);

	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];
		HeapTuple	result;

		if (!hooks_fire_is_due(call, assigned))
			continue;
		if ((call->member->hook->actions & HOOK_NAME) &&
			!is_naming(call->member, update ? trigdata->tg_trigslot : NULL, slot))
			continue;
		result = hooks_fire_call(run, call, trigdata);
		if (!before_row)
			continue;
		if (result == NULL)
		{
			if ((update || delete) && hooks_statement_in_referential_action())
				report_orphan(call, trigdata->tg_relation, true);
			return NULL;
		}
		if (delete || result == *row)
			continue;
		if (proposed != NULL && undoes(desc, assigned, proposed, result))
			report_orphan(call, trigdata->tg_relation, false);
		/* as ExecBRInsertTriggers does, for hooks that look at the slot */
		ExecForceStoreHeapTuple(result, slot, false);
		*row = result;
	}
	return before_row ? *row : NULL;
}
