/*
 * touch.c
 *		hooks.touch(): a ready callback that sets the time of a row.
 *
 * It sets the columns that its arguments name, where the statement did not:
 * on INSERT those that are null, on UPDATE those that are not assigned.  Also
 * a trigger function like any other, for CREATE TRIGGER.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "firing/context.h"
#include "registry/registry.h"
#include "registry/stamp.h"

/* Of one table, what touch() knows for all rows of a statement */
typedef struct Touch
{
	Oid			relid;
	int			n;				/* columns that this statement may leave */
	int		   *attnums;
	Datum	   *values;			/* the time, in the type of each */
	bool	   *nulls;			/* none is */
} Touch;

/*
 * Is it a hook on many tables that calls us?
 */
static bool
called_by_wide_hook(const TriggerData *trigdata)
{
	Hook	   *hook;

	if (hooks_firing == NULL || hooks_firing->trigdata != trigdata)
		return false;
	hook = hooks_registry_find(hooks_firing->subject->hook);
	return hook != NULL && !OidIsValid(hook->relation);
}

/*
 * The time of the transaction in the type of a column.
 */
static Datum
time_for(Form_pg_attribute att)
{
	Datum		now =
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());

	switch (att->atttypid)
	{
		case DATEOID:
			return DirectFunctionCall1(timestamptz_date, now);
		case TIMESTAMPOID:
			now = DirectFunctionCall1(timestamptz_timestamp, now);
			return DirectFunctionCall2(timestamp_scale, now,
									   Int32GetDatum(att->atttypmod));
		default:
			Assert(att->atttypid == TIMESTAMPTZOID);
			return DirectFunctionCall2(timestamptz_scale, now,
									   Int32GetDatum(att->atttypmod));
	}
}

/*
 * Looks the columns up, when a statement first calls us; 39P01 if we are not
 * called as a BEFORE ROW trigger, 22023, 42703, 42804 and 42P17 if we cannot
 * set them.
 */
static Touch *
prepare_touch(FunctionCallInfo fcinfo)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const Trigger *trigger;
	Relation	rel;
	MemoryContext old;
	Touch	   *touch;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.touch() was not called before a row is inserted or updated"),
				 errhint("Register it as hooks.register(name, 'before', 'insert, update', relation, 'hooks.touch', arguments => '{column}').")));
	trigger = trigdata->tg_trigger;
	rel = trigdata->tg_relation;
	if (trigger->tgnargs == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("hooks.touch needs the name of a column")));

	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	touch = palloc0(sizeof(Touch));
	touch->relid = RelationGetRelid(rel);
	touch->attnums = palloc(sizeof(int) * trigger->tgnargs);
	touch->values = palloc(sizeof(Datum) * trigger->tgnargs);
	touch->nulls = palloc0(sizeof(bool) * trigger->tgnargs);
	for (int i = 0; i < trigger->tgnargs; i++)
	{
		AttrNumber	attnum = hooks_stamp_find_column(rel,
													 trigger->tgargs[i]);

		if (attnum == InvalidAttrNumber)
		{
			if (called_by_wide_hook(trigdata))
				continue;
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							trigger->tgargs[i], RelationGetRelationName(rel)),
					 errhint("Register the hook again with the present name of the column.")));
		}
		if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) &&
			bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber,
						  trigdata->tg_updatedcols))
			continue;
		touch->attnums[touch->n] = attnum;
		touch->values[touch->n++] =
			time_for(TupleDescAttr(RelationGetDescr(rel), attnum - 1));
	}
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = touch;
	return touch;
}

PG_FUNCTION_INFO_V1(hooks_touch);

/*
 * hooks.touch() returns trigger
 *
 * Sets the columns that the arguments name to the time at which the
 * transaction began: on INSERT those that are null, on UPDATE those that the
 * statement does not assign.  The errors of prepare_touch().
 */
Datum
hooks_touch(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Touch	   *touch = fcinfo->flinfo->fn_extra;
	TupleDesc	desc;
	HeapTuple	row;

	if (touch == NULL ||
		touch->relid != RelationGetRelid(trigdata->tg_relation))
		touch = prepare_touch(fcinfo);
	desc = RelationGetDescr(trigdata->tg_relation);
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		row = trigdata->tg_newtuple;
		if (touch->n > 0)
			row = heap_modify_tuple_by_cols(row, desc, touch->n,
											touch->attnums, touch->values,
											touch->nulls);
		return PointerGetDatum(row);
	}
	row = trigdata->tg_trigtuple;
	for (int i = 0; i < touch->n; i++)
		if (heap_attisnull(row, touch->attnums[i], desc))
			row = heap_modify_tuple_by_cols(row, desc, 1, &touch->attnums[i],
											&touch->values[i],
											&touch->nulls[i]);
	return PointerGetDatum(row);
}
