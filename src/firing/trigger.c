/*
 * trigger.c
 *		What PostgreSQL's trigger manager calls: dispatch() and capture().
 *
 * Anybody may create a trigger on hooks.dispatch(), or call hooks.capture() in
 * a WHEN of his own.  Neither then does anything: dispatch() goes by the name
 * of the trigger, of which a table has one; capture() takes nothing but the
 * system columns of OLD and NEW where only WHEN can supply them, and what was
 * captured is verified row by row before a callback sees it (rows.c).
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/settings.h"
#include "firing/batch.h"
#include "firing/deleted.h"
#include "firing/fire.h"
#include "firing/rows.h"
#include "firing/truncate.h"

/* What dispatch() knows about its trigger; lives with the executor's memory */
typedef struct Dispatch
{
	const HookEvent *event;		/* NULL: not a trigger of ours */
	HookRun    *run;			/* NULL until needed; not for batches */
} Dispatch;

/* Rows of a batch in the format of one table */
typedef struct BatchRows
{
	struct BatchRows *next;
	Oid			relid;
	int64		rows;
	Tuplestorestate *old_table;
	Tuplestorestate *new_table;
} BatchRows;

/* What a batch's firing carries to the row source */
typedef struct BatchFiring
{
	HookBatch  *batch;
	MemoryContext context;		/* of what outlives the firing of one hook */
	ResourceOwner owner;		/* of the tuplestores' files */
	BatchRows  *made;			/* for hooks without a condition */
} BatchFiring;

/* what the filter of one hook needs */
typedef struct BatchFilter
{
	HookRun    *run;
	HookCall   *call;
} BatchFilter;

static bool
filter_row(TupleTableSlot *old, TupleTableSlot *new, void *arg)
{
	BatchFilter *filter = arg;

	return hooks_call_condition(filter->run, filter->call, old, new);
}

/*
 * The rows of a batch in a table's format that all hooks without a condition
 * share; NULL if they were not made yet.
 */
static BatchRows *
find_rows(const BatchFiring *firing, Oid relid)
{
	BatchRows  *rows = firing->made;

	while (rows != NULL && rows->relid != relid)
		rows = rows->next;
	return rows;
}

/*
 * Makes them; a filter is for one hook, whose rows nobody else is given.
 */
static BatchRows *
make_rows(BatchFiring *firing, Relation target, BatchFilter *filter)
{
	MemoryContext old = MemoryContextSwitchTo(firing->context);
	BatchRows  *rows = palloc0(sizeof(BatchRows));

	rows->relid = RelationGetRelid(target);
	rows->rows = hooks_rows_fetch(firing->batch, target,
								  filter ? filter_row : NULL, filter,
								  firing->owner,
								  &rows->old_table, &rows->new_table);
	if (filter == NULL)
	{
		rows->next = firing->made;
		firing->made = rows;
	}
	MemoryContextSwitchTo(old);
	return rows;
}

/*
 * Gives a hook of a batch its transition tables.  They are made here, inside
 * the firing, as that may throw, and so may the condition.
 */
static bool
batch_row_source(HookRun *run, HookCall *call, TriggerData *trigdata, void *arg)
{
	BatchFiring *firing = arg;
	BatchFilter filter = {run, call};
	bool		filtered = call->member->condition != NULL;
	BatchRows  *rows = filtered ? NULL :
		find_rows(firing, RelationGetRelid(trigdata->tg_relation));

	if (rows == NULL)
		rows = make_rows(firing, trigdata->tg_relation,
						 filtered ? &filter : NULL);
	trigdata->tg_oldtable = rows->old_table;
	trigdata->tg_newtable = rows->new_table;
	call->trigger.tgoldtable = "old_table";
	call->trigger.tgnewtable = rows->new_table != NULL ? "new_table" : NULL;
	return rows->rows > 0;
}

/*
 * Closes the files of all tuplestores, also of those that an error left half
 * written: to end such a one would write once more, and might fail again.
 * Their memory goes with its context.
 */
static void
release_files(ResourceOwner owner)
{
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
	ResourceOwnerDelete(owner);
}

/*
 * The columns that the statement assigned, by their numbers in another table
 * of the same partition tree.
 */
static Bitmapset *
translate_columns(Bitmapset *columns, Oid from, Oid to)
{
	Bitmapset  *translated = NULL;
	int			x = -1;

	if (from == to)
		return columns;
	while ((x = bms_next_member(columns, x)) >= 0)
	{
		AttrNumber	attnum = x + FirstLowInvalidHeapAttributeNumber;
		char	   *name = get_attname(from, attnum, true);

		attnum = name == NULL ? InvalidAttrNumber : get_attnum(to, name);
		if (attnum != InvalidAttrNumber)
			translated = bms_add_member(translated,
										attnum - FirstLowInvalidHeapAttributeNumber);
	}
	return translated;
}

/*
 * A copy of a table's trigger for an event.  Procedural languages keep what
 * they compile by the trigger's OID, so each table's rows need their own.
 */
static Trigger *
own_trigger(Relation rel, const HookEvent *event, Trigger *fallback)
{
	Trigger    *copy;

	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
		if (strcmp(rel->trigdesc->triggers[i].tgname, event->trigger) == 0)
		{
			copy = palloc(sizeof(Trigger));
			*copy = rel->trigdesc->triggers[i];
			copy->tgname = pstrdup(copy->tgname);
			copy->tgqual = NULL;
			copy->tgattr = NULL;
			copy->tgnattr = 0;
			return copy;
		}
	return fallback;
}

/*
 * Fires the before_cascade hooks of a batch: those on the tables that hold its
 * rows and on the partitioned tables above them.
 */
static void
fire_batch(const HookEvent *event, HookBatch *batch, TriggerData *row_trigger,
		   MemoryContext query)
{
	BatchFiring firing = {batch, CurrentMemoryContext, NULL, NULL};
	List	   *tables = hooks_batch_relations(batch);
	List	   *relids = list_copy(tables);
	HookRun    *run;
	ListCell   *lc;

	foreach(lc, tables)
	{
		HookRelation *relation = hooks_chain_pin(lfirst_oid(lc));

		relids = list_concat_unique_oid(relids, relation->ancestors);
		hooks_chain_unpin(relation);
	}
	run = hooks_fire_prepare(event, relids, CurrentMemoryContext);
	firing.owner = ResourceOwnerCreate(CurrentResourceOwner, "hooks batch");
	run->row_source = batch_row_source;
	run->row_source_arg = &firing;
	run->referential = batch->referential;
	run->batch = batch;
	run->origin = &batch->origin;
	run->query = query;

	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];
		Oid			relid = call->member->target;
		TriggerData trigdata = {0};
		Bitmapset  *assigned = NULL;
		BatchRows  *rows = find_rows(&firing, relid);
		Relation	rel;

		if (event->action == HOOK_UPDATE)
			assigned = translate_columns((Bitmapset *) row_trigger->tg_updatedcols,
										 RelationGetRelid(row_trigger->tg_relation),
										 relid);
		if (!hooks_fire_is_due(call, assigned) ||
			(rows != NULL && rows->rows == 0))
			continue;
		rel = table_open(relid, AccessShareLock);
		trigdata.type = T_TriggerData;
		trigdata.tg_event = TRIGGER_EVENT_BEFORE |
			(event->action == HOOK_UPDATE ?
			 TRIGGER_EVENT_UPDATE : TRIGGER_EVENT_DELETE);
		trigdata.tg_relation = rel;
		trigdata.tg_trigger = own_trigger(rel, event, row_trigger->tg_trigger);
		trigdata.tg_updatedcols = assigned;
		hooks_fire_call(run, call, &trigdata);
		table_close(rel, NoLock);
	}
	release_files(firing.owner);
}

/*
 * The event that a trigger stands for, if it is one of ours and as we made it.
 */
static const HookEvent *
event_of_trigger(const TriggerData *trigdata)
{
	const HookEvent *event = hooks_event_by_trigger(trigdata->tg_trigger->tgname);

	if (event == NULL ||
		trigdata->tg_trigger->tgtype != hooks_event_trigger_type(event) ||
		(trigdata->tg_trigger->tgqual != NULL) != hooks_event_captures(event))
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
		HookBatch  *batch = hooks_batch_take(dispatch->event,
											 RelationGetRelid(trigdata->tg_relation),
											 &trigdata->tg_trigtuple->t_self);

		if (batch != NULL)
		{
			/* in no list any more, it goes with the memory of this call */
			bool		adopted = hooks_deleted_adopt(batch);

			if (!adopted)
				MemoryContextSetParent(batch->context, CurrentMemoryContext);
			if (!hooks_settings_kill_switch())
				fire_batch(dispatch->event, batch, trigdata,
						   fcinfo->flinfo->fn_mcxt);
			if (!adopted)
				hooks_batch_free(batch);
		}
		return PointerGetDatum(NULL);
	}

	if (hooks_settings_kill_switch())
		return PointerGetDatum(row);
	if (dispatch->run == NULL)
	{
		dispatch->run = hooks_fire_prepare(dispatch->event,
										   list_make1_oid(RelationGetRelid(trigdata->tg_relation)),
										   fcinfo->flinfo->fn_mcxt);
		hooks_chain_tell(linitial(dispatch->run->pinned), dispatch->event);
		if (dispatch->event->action == HOOK_TRUNCATE)
			hooks_truncate_prepare(dispatch->run, trigdata->tg_relation);
	}
	return PointerGetDatum(hooks_fire_chain(dispatch->run, trigdata));
}

/* What capture() knows about its call; lives with the executor's memory */
typedef struct CaptureCall
{
	bool		wanted;			/* some hook of the table can fire */
	HookCapture capture;
	MemoryContextCallback ends;
} CaptureCall;

static void
query_ends(void *arg)
{
	hooks_batch_query_ends(((CaptureCall *) arg)->capture.query);
}

/*
 * Is an argument of the call this system column of OLD (INNER_VAR) or NEW
 * (OUTER_VAR)?  Plans refer to system columns below a join by other numbers,
 * so that only a trigger's WHEN has this.
 */
static bool
is_system_column(FuncExpr *call, int n, int varno, AttrNumber attnum)
{
	Var		   *var = list_nth(call->args, n);

	return IsA(var, Var) && var->varno == varno && var->varattno == attnum &&
		var->varlevelsup == 0;
}

static bool
called_in_when(FmgrInfo *function, bool update)
{
	FuncExpr   *call = (FuncExpr *) function->fn_expr;

	return call != NULL && IsA(call, FuncExpr) &&
		list_length(call->args) == (update ? 3 : 2) &&
		is_system_column(call, 0, INNER_VAR, TableOidAttributeNumber) &&
		is_system_column(call, 1, INNER_VAR, SelfItemPointerAttributeNumber) &&
		(!update || is_system_column(call, 2, OUTER_VAR,
									 SelfItemPointerAttributeNumber));
}

/*
 * Prepares the capture of rows of a table by one query; NULL if it has none.
 */
static CaptureCall *
prepare_capture(FmgrInfo *function, Oid relid, bool update)
{
	CaptureCall *call;
	HookRelation *relation;
	HookChain  *chain;

	if (!called_in_when(function, update))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function hooks.capture() can only be called in the WHEN of a trigger of the extension hooks")));

	/*
	 * A row that moves between partitions comes here once more as the
	 * partitioned table's, for which nothing but foreign keys has an event.
	 */
	if (!OidIsValid(relid))
		return NULL;

	call = MemoryContextAllocZero(function->fn_mcxt, sizeof(CaptureCall));
	call->capture.event = hooks_event_find(HOOK_BEFORE_CASCADE, HOOK_STATEMENT,
										   update ? HOOK_UPDATE : HOOK_DELETE);
	call->capture.relid = relid;
	call->capture.query = function->fn_mcxt;
	function->fn_extra = call;

	/* Rows of a foreign partition are no rows of ours, and have no cascade */
	if (get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE)
		return call;

	relation = hooks_chain_pin(relid);
	call->capture.root = relation->root;
	chain = hooks_chain_of(relation, call->capture.event);
	hooks_chain_tell(relation, call->capture.event);
	for (int i = 0; i < chain->length; i++)
		call->wanted |= hooks_chain_role_fires(chain->members[i]->hook->fire);
	hooks_chain_unpin(relation);
	if (call->wanted)
	{
		call->ends.func = query_ends;
		call->ends.arg = call;
		MemoryContextRegisterResetCallback(function->fn_mcxt, &call->ends);
	}
	return call;
}

PG_FUNCTION_INFO_V1(hooks_capture);

/*
 * hooks.capture(relation oid, old_row tid [, new_row tid]) returns boolean
 *
 * In the WHEN of a before_cascade trigger: adds a deleted or updated row to its
 * batch; true for the first row of a batch, so that one event is queued.  0A000
 * if it is called anywhere else.
 */
Datum
hooks_capture(PG_FUNCTION_ARGS)
{
	CaptureCall *call = fcinfo->flinfo->fn_extra;
	bool		update = PG_NARGS() == 3;

	if (unlikely(call == NULL))
	{
		Oid			relid = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);

		call = prepare_capture(fcinfo->flinfo, relid, update);
	}
	if (unlikely(call == NULL))
		PG_RETURN_BOOL(false);
	if (!call->wanted || hooks_settings_kill_switch())
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(hooks_batch_add(&call->capture,
								   (ItemPointer) PG_GETARG_POINTER(1),
								   update ? (ItemPointer) PG_GETARG_POINTER(2) : NULL));
}
