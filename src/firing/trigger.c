/*
 * trigger.c
 *		What PostgreSQL's trigger manager calls: dispatch(), capture() and
 *		log_row().
 *
 * Anybody may create a trigger on hooks.dispatch(), or call the others in a
 * WHEN of his own.  None then does anything: dispatch() knows its event by the
 * name of the trigger, and a table has one trigger of a name.  The others take
 * only system columns of OLD and NEW, which only WHEN can supply, and each
 * captured row is verified before a callback sees it (rows.c).
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "nodes/primnodes.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/own.h"
#include "base/settings.h"
#include "firing/batch.h"
#include "firing/batch_place.h"
#include "firing/bypass.h"
#include "firing/deleted.h"
#include "firing/fire.h"
#include "firing/fire_batch.h"
#include "firing/fire_closure.h"
#include "firing/fire_log.h"
#include "firing/noting.h"
#include "firing/trace.h"
#include "firing/truncate.h"

/* What dispatch() knows about its trigger; lives with the executor's memory */
typedef struct Dispatch
{
	const HookEvent *event;		/* NULL: not a trigger of ours */
	HookRun    *run;			/* NULL until needed; not for batches */
	bool		bypassed;		/* that nothing fires is counted */
} Dispatch;

/*
 * The event that a trigger stands for, if it is one of ours and as we made it.
 */
static const HookEvent *
event_of_trigger(const TriggerData *trigdata)
{
	const HookEvent *event =
		hooks_event_by_trigger(trigdata->tg_trigger->tgname);

	if (event == NULL ||
		trigdata->tg_trigger->tgtype != hooks_event_trigger_type(event) ||
		(trigdata->tg_trigger->tgqual != NULL) != hooks_event_has_when(event))
		return NULL;
	return hooks_truncate_event(event, trigdata);
}

PG_FUNCTION_INFO_V1(hooks_dispatch);

/*
 * hooks.dispatch() returns trigger
 *
 * Fires the chain of the table and event that the trigger stands for.  39P01
 * if it is not called as a trigger.
 */
Datum
hooks_dispatch(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Dispatch   *dispatch = fcinfo->flinfo->fn_extra;
	HeapTuple	row;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.dispatch() was not called by trigger manager")));
	if (dispatch == NULL)
	{
		dispatch = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
										  sizeof(Dispatch));
		dispatch->event = event_of_trigger(trigdata);
		fcinfo->flinfo->fn_extra = dispatch;
	}

	/* What a BEFORE ROW trigger returns if it has nothing to say */
	row = !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ? NULL :
		TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;
	if (dispatch->event == NULL)
		return PointerGetDatum(row);

	if (hooks_event_captures(dispatch->event))
	{
		Oid			relid = RelationGetRelid(trigdata->tg_relation);
		HookBatch  *batch = hooks_batch_take(dispatch->event, relid,
											 &trigdata->tg_trigtuple->t_self);

		if (batch != NULL)
		{
			/* in no list any more, it goes with the memory of this call */
			bool		logged = batch->event->phase == HOOK_AFTER_COMMIT;
			bool		adopted = !logged && hooks_deleted_adopt(batch);

			if (!adopted)
				MemoryContextSetParent(batch->context, CurrentMemoryContext);
			if (hooks_settings_kill_switch())
				 /* fires nothing */ ;
			else if (logged)
				hooks_fire_log_batch(batch, trigdata, fcinfo->flinfo->fn_mcxt);
			else
			{
				hooks_fire_batch(batch, trigdata, fcinfo->flinfo->fn_mcxt);
				hooks_fire_closure(batch, trigdata, fcinfo->flinfo->fn_mcxt);
			}
			if (!adopted)
				hooks_batch_free(batch);
		}
		return PointerGetDatum(NULL);
	}

	if (hooks_event_notes(dispatch->event))
	{
		hooks_noting_event(trigdata);
		return PointerGetDatum(NULL);
	}

	if (hooks_settings_kill_switch())
	{
		if (!dispatch->bypassed)
			hooks_bypass_event(RelationGetRelid(trigdata->tg_relation),
							   dispatch->event, HOOK_MISS_SWITCH);
		dispatch->bypassed = true;
		return PointerGetDatum(row);
	}
	if (dispatch->run == NULL)
	{
		Oid			relid = RelationGetRelid(trigdata->tg_relation);

		dispatch->run = hooks_fire_prepare(dispatch->event,
										   list_make1_oid(relid),
										   fcinfo->flinfo->fn_mcxt);
		hooks_chain_tell(linitial(dispatch->run->pinned), dispatch->event);
		if (unlikely(hooks_observed))
			hooks_trace_absent_of_run(dispatch->run);
		if (dispatch->event->action == HOOK_TRUNCATE)
			hooks_truncate_prepare(dispatch->run, trigdata->tg_relation);
	}
	if (dispatch->event->phase == HOOK_AFTER_COMMIT)
	{
		hooks_fire_log_statement(dispatch->run, trigdata);
		return PointerGetDatum(NULL);
	}
	if (dispatch->event->phase == HOOK_BEFORE_COMMIT)
	{
		hooks_noting_truncate(dispatch->run, trigdata);
		return PointerGetDatum(NULL);
	}
	return PointerGetDatum(hooks_fire_chain(dispatch->run, trigdata));
}

/*
 * What capture() or log_row() knows about its call; lives with the executor's
 * memory.
 */
typedef struct CaptureCall
{
	bool		wanted;			/* some hook of the table can fire */
	bool		bypassed;		/* that none does is counted */
	HookCapture capture;
	MemoryContextCallback ends;
} CaptureCall;

static void
query_ends(void *arg)
{
	hooks_batch_place_query_ends(&((CaptureCall *) arg)->capture);
}

/*
 * Is an argument of the call this system column of OLD (INNER_VAR) or NEW
 * (OUTER_VAR)?  Plans refer to system columns below a join by other numbers,
 * so that only a trigger's WHEN has this.
 */
static bool
is_captured_column(FuncExpr *call, int n, int varno, AttrNumber attnum)
{
	Var		   *var = list_nth(call->args, n);

	return IsA(var, Var) && var->varno == varno && var->varattno == attnum &&
		var->varlevelsup == 0;
}

/*
 * Is a function called in the WHEN of a trigger for the action, as we make it?
 */
static bool
called_in_when(FmgrInfo *function, HookAction action)
{
	FuncExpr   *call = (FuncExpr *) function->fn_expr;
	bool		update = action == HOOK_UPDATE;
	int			row = action == HOOK_INSERT ? OUTER_VAR : INNER_VAR;

	return call != NULL && IsA(call, FuncExpr) &&
		list_length(call->args) == (update ? 3 : 2) &&
		is_captured_column(call, 0, row, TableOidAttributeNumber) &&
		is_captured_column(call, 1, row, SelfItemPointerAttributeNumber) &&
		(!update || is_captured_column(call, 2, OUTER_VAR,
									   SelfItemPointerAttributeNumber));
}

/*
 * The event of a phase for which its function is called in WHEN; 0A000 if it
 * is not.
 */
static const HookEvent *
event_of_when(FmgrInfo *function, HookPhase phase)
{
	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		const HookEvent *event = &hooks_events[i];

		if (event->phase == phase && hooks_event_has_when(event) &&
			called_in_when(function, event->action))
			return event;
	}
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("function hooks.%s() can only be called in the WHEN of a trigger of the extension hooks",
					hooks_event_when_function(phase))));
	return NULL;				/* keep compiler quiet */
}

/*
 * Tells whoever observes why no hook of a table fires for the rows.
 */
static void
tell_of_none(const HookRelation *relation, const HookEvent *event)
{
	const HookChain *chain = hooks_chain_of(relation, event);

	for (int i = 0; i < chain->length; i++)
		hooks_trace_miss_member(chain->members[i], event, relation->relid,
								hooks_trace_why_out(chain->members[i]));
	hooks_trace_absent(relation, event, InvalidOid);
}

/*
 * The hook of a chain that is to keep rows, if it fires; one that fails the
 * statement if there is such a one, as before says that there is.
 */
static const Hook *
find_keeper(const HookChain *chain, const Hook *before)
{
	Oid			keep = hooks_own_function("keep", 0);

	for (int i = 0; i < chain->length; i++)
	{
		const HookMember *member = chain->members[i];

		if (member->hook->callback == keep &&
			hooks_member_fires_here(member) &&
			!hooks_settings_is_paused(member->hook->hook_id) &&
			(before == NULL || before->policy != HOOK_ABORT))
			before = member->hook;
	}
	return before;
}

/*
 * Rows of a foreign partition are no rows of ours, and have no cascade.  But
 * what hooks.keep() is to keep and cannot is not deleted, and it is not told
 * of these rows: 0A000 whatever its condition is, or a WARNING if the hook
 * isolates its failures.
 */
static void
check_foreign(Oid relid, const HookEvent *event)
{
	const HookEvent *closure = hooks_event_closure(event);
	HookRelation *relation;
	const Hook *keeper;
	bool		fails;

	if (closure == NULL || hooks_settings_kill_switch())
		return;
	relation = hooks_chain_pin(relid);
	keeper = find_keeper(hooks_chain_of(relation, event), NULL);
	keeper = find_keeper(hooks_chain_of(relation, closure), keeper);
	fails = keeper != NULL && keeper->policy == HOOK_ABORT;
	hooks_chain_unpin(relation);
	if (keeper != NULL)
		ereport(fails ? ERROR : WARNING,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot keep rows of foreign table \"%s\"",
						get_rel_name(relid))));
}

/*
 * Prepares the capture of rows of a table by one query; NULL if it has none.
 */
static CaptureCall *
prepare_capture(FmgrInfo *function, Oid relid, HookPhase phase)
{
	const HookEvent *event = event_of_when(function, phase);
	CaptureCall *call;
	HookRelation *relation;
	const HookEvent *closure = hooks_event_closure(event);

	/*
	 * A row that moves between partitions comes here once more as the
	 * partitioned table's, for which only foreign keys have an event.
	 */
	if (!OidIsValid(relid))
		return NULL;

	call = MemoryContextAllocZero(function->fn_mcxt, sizeof(CaptureCall));
	call->capture.event = event;
	call->capture.relid = relid;
	call->capture.query_cxt = function->fn_mcxt;
	function->fn_extra = call;

	if (get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE)
	{
		check_foreign(relid, event);
		return call;
	}

	relation = hooks_chain_pin(relid);
	call->capture.root = relation->root;
	hooks_chain_tell(relation, event);
	call->wanted = hooks_chain_captures(relation, event);
	if (!call->wanted)
	{
		hooks_fire_leave_out(hooks_chain_of(relation, event));
		if (closure != NULL)
			hooks_fire_leave_out(hooks_chain_of(relation, closure));
		if (unlikely(hooks_observed))
		{
			tell_of_none(relation, event);
			if (closure != NULL)
				tell_of_none(relation, closure);
		}
	}
	hooks_chain_unpin(relation);
	if (call->wanted)
	{
		call->ends.func = query_ends;
		call->ends.arg = call;
		MemoryContextRegisterResetCallback(function->fn_mcxt, &call->ends);
	}
	return call;
}

/*
 * Adds a row to its batch; true for the first one.
 */
static inline bool
capture_row(FunctionCallInfo fcinfo, HookPhase phase)
{
	CaptureCall *call = fcinfo->flinfo->fn_extra;
	bool		update = PG_NARGS() == 3;

	if (unlikely(call == NULL))
	{
		Oid			relid = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);

		call = prepare_capture(fcinfo->flinfo, relid, phase);
	}
	if (unlikely(call == NULL) || !call->wanted)
		return false;
	if (hooks_settings_kill_switch())
	{
		if (!call->bypassed)
			hooks_bypass_event(call->capture.relid, call->capture.event,
							   HOOK_MISS_SWITCH);
		call->bypassed = true;
		return false;
	}
	return hooks_batch_add(&call->capture, (ItemPointer) PG_GETARG_POINTER(1),
						   update ? (ItemPointer) PG_GETARG_POINTER(2) : NULL);
}

PG_FUNCTION_INFO_V1(hooks_capture);

/*
 * hooks.capture(relation oid, old_row tid [, new_row tid]) returns boolean
 *
 * In the WHEN of a before_cascade trigger: adds a deleted or updated row to
 * its batch; true for the first row of a batch, so that one event is queued.
 * 0A000 if it is called anywhere else.
 */
Datum
hooks_capture(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(capture_row(fcinfo, HOOK_BEFORE_CASCADE));
}

PG_FUNCTION_INFO_V1(hooks_log_row);

/*
 * hooks.log_row(relation oid, row tid [, new_row tid]) returns boolean
 *
 * In the WHEN of an after_commit trigger: adds an inserted, deleted or updated
 * row to its batch; true for the first row of a batch, so that one event is
 * queued.  0A000 if it is called anywhere else.
 */
Datum
hooks_log_row(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(capture_row(fcinfo, HOOK_AFTER_COMMIT));
}

PG_FUNCTION_INFO_V1(hooks_note);

/*
 * hooks.note(relation oid, row tid [, new_row tid]) returns boolean
 *
 * In the WHEN of a before_commit trigger: counts an inserted, deleted or
 * updated row for the hooks that want it; true if the query needs an event to
 * tell which columns it assigns.  0A000 if it is called anywhere else.
 */
Datum
hooks_note(PG_FUNCTION_ARGS)
{
	HookNoteCall *call = fcinfo->flinfo->fn_extra;

	if (unlikely(call == NULL))
	{
		Oid			relid = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
		const HookEvent *event = event_of_when(fcinfo->flinfo,
											   HOOK_BEFORE_COMMIT);

		call = hooks_noting_prepare(event, relid, fcinfo->flinfo->fn_mcxt);
		fcinfo->flinfo->fn_extra = call;
	}
	if (hooks_settings_kill_switch())
	{
		hooks_noting_left_out(call, event_of_when(fcinfo->flinfo,
												  HOOK_BEFORE_COMMIT));
		PG_RETURN_BOOL(false);
	}
	PG_RETURN_BOOL(hooks_noting_row(call,
									(ItemPointer) PG_GETARG_POINTER(1),
									PG_NARGS() == 3 ? (ItemPointer)
									PG_GETARG_POINTER(2) : NULL));
}
