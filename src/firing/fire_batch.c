/*
 * fire_batch.c
 *		Fires the hooks of a batch, with its rows.
 *
 * fire.c runs the hooks of one table's trigger; here the rows may lie in many
 * partitions, and the hooks on all of these and on the tables above them form
 * one run.  Each hook gets the rows that belong to its table, in that table's
 * format.  Hooks on one table share the transition tables, unless they have
 * conditions.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/resowner.h"

#include "firing/call_condition.h"
#include "firing/fire.h"
#include "firing/fire_batch.h"
#include "firing/rows.h"

/* Rows of a batch in the format of one table */
typedef struct BatchRows
{
	struct BatchRows *next;
	Oid			relid;
	int64		rows;
	Tuplestorestate *old_table;
	Tuplestorestate *new_table;
} BatchRows;

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
find_rows(const HookBatchFiring *firing, Oid relid)
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
make_rows(HookBatchFiring *firing, Relation target, BatchFilter *filter)
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
batch_row_source(HookRun *run, HookCall *call, TriggerData *trigdata,
				 void *arg)
{
	HookBatchFiring *firing = arg;
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
										attnum -
										FirstLowInvalidHeapAttributeNumber);
	}
	return translated;
}

/*
 * A copy of a table's trigger of the same name as the one that fires; that one
 * if the table has none.  Procedural languages keep what
 * they compile by the trigger's OID, so each table's rows need their own.
 */
static Trigger *
own_trigger(Relation rel, Trigger *fired)
{
	Trigger    *copy;

	for (int i = 0; rel->trigdesc != NULL &&
		 i < rel->trigdesc->numtriggers; i++)
		if (strcmp(rel->trigdesc->triggers[i].tgname, fired->tgname) == 0)
		{
			copy = palloc(sizeof(Trigger));
			*copy = rel->trigdesc->triggers[i];
			copy->tgname = pstrdup(copy->tgname);
			copy->tgqual = NULL;
			copy->tgattr = NULL;
			copy->tgnattr = 0;
			return copy;
		}
	return fired;
}

/*
 * A run of the hooks of an event for a batch: those on the tables that hold
 * its rows and on the partitioned tables above them.  query_cxt is the
 * executor's memory of the query whose trigger fires.
 */
HookRun *
hooks_fire_batch_prepare(HookBatch *batch, const HookEvent *event,
						 MemoryContext query_cxt)
{
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
	run->referential = batch->referential;
	run->batch = batch;
	run->origin = &batch->origin;
	run->query_cxt = query_cxt;
	if (unlikely(hooks_observed))
		hooks_trace_absent_of_run(run);
	return run;
}

/*
 * The columns of a table that the statement assigned, if it is an update.
 */
Bitmapset *
hooks_fire_batch_assigned(const HookBatch *batch,
						  const TriggerData *row_trigger, Oid relid)
{
	if (batch->event->action != HOOK_UPDATE)
		return NULL;
	return translate_columns((Bitmapset *) row_trigger->tg_updatedcols,
							 RelationGetRelid(row_trigger->tg_relation),
							 relid);
}

/*
 * Begins to fire the hooks of a run, which get rows of the firing's batch.
 */
void
hooks_fire_batch_begin(HookBatchFiring *firing, HookRun *run)
{
	firing->batch = NULL;
	firing->context = CurrentMemoryContext;
	firing->owner = ResourceOwnerCreate(CurrentResourceOwner, "hooks batch");
	firing->made = NULL;
	run->row_source = batch_row_source;
	run->row_source_arg = firing;
}

/*
 * Fires a hook of the run that is due, with the rows of the firing's batch
 * that are of its table.  assigned are the columns of this table that the
 * statement has assigned, if it is an update.
 */
void
hooks_fire_batch_call(HookBatchFiring *firing, HookRun *run, HookCall *call,
					  TriggerData *row_trigger, Bitmapset *assigned)
{
	Oid			relid = call->member->target;
	BatchRows  *rows = find_rows(firing, relid);
	TriggerData trigdata = {0};
	Relation	rel;

	Assert(firing->batch->tables != NULL);
	if (rows != NULL && rows->rows == 0)
	{
		hooks_fire_tell(call, HOOK_MISS_NO_ROWS);
		return;
	}
	rel = table_open(relid, AccessShareLock);
	trigdata.type = T_TriggerData;
	trigdata.tg_event = TRIGGER_EVENT_BEFORE |
		(run->event->action == HOOK_UPDATE ?
		 TRIGGER_EVENT_UPDATE : TRIGGER_EVENT_DELETE);
	trigdata.tg_relation = rel;
	trigdata.tg_trigger = own_trigger(rel, row_trigger->tg_trigger);
	trigdata.tg_updatedcols = assigned;
	hooks_fire_call(run, call, &trigdata);
	table_close(rel, NoLock);
}

void
hooks_fire_batch_end(HookBatchFiring *firing)
{
	release_files(firing->owner);
}

/*
 * Fires the before_cascade hooks of a batch: those on the tables that hold its
 * rows and on the partitioned tables above them.  row_trigger is what the
 * trigger manager has called dispatch() with for the batch's first row, and
 * query the executor's memory of that query.
 */
void
hooks_fire_batch(HookBatch *batch, TriggerData *row_trigger,
				 MemoryContext query_cxt)
{
	HookRun    *run = hooks_fire_batch_prepare(batch, batch->event, query_cxt);
	HookBatchFiring firing;

	Assert(batch->event->phase == HOOK_BEFORE_CASCADE);
	hooks_fire_batch_begin(&firing, run);
	firing.batch = batch;
	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];
		Bitmapset  *assigned = hooks_fire_batch_assigned(batch, row_trigger,
														 call->member->target);

		if (hooks_fire_is_due(call, assigned))
			hooks_fire_batch_call(&firing, run, call, row_trigger, assigned);
	}
	hooks_fire_batch_end(&firing);
}
