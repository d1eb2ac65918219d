/*
 * ready.c
 *		What the ready callbacks for phase after share: who may call them,
 *		which columns they pass on, and the event as JSON text.
 *
 * They are trigger functions, but of hooks only, as they tell what
 * hooks.context() tells.  register() checks their arguments
 * (registry/ready_check.c).
 */
#include "postgres.h"

#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "firing/payload.h"
#include "ready/ready.h"
#include "registry/hook.h"

/* What a callback keeps for the other calls of a statement */
typedef struct ReadyCall
{
	Oid			relid;
	HookRowJson *rowjson;		/* of this table */
} ReadyCall;

/*
 * The firing that a callback is called in; 39P01 if it is none of phase after.
 */
HookFiring *
hooks_ready_begin(FunctionCallInfo fcinfo, const char *name)
{
	if (!CALLED_AS_TRIGGER(fcinfo) || hooks_firing == NULL ||
		hooks_firing->trigdata != (TriggerData *) fcinfo->context ||
		hooks_firing->subject->event->phase != HOOK_AFTER)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.%s() was not called by a hook in phase after",
						name),
				 errhint("Register it as hooks.register(name, 'after', action, relation, 'hooks.%s').",
						 name)));
	return hooks_firing;
}

/*
 * The first argument of the hook; NULL if there is none.
 */
char *
hooks_ready_argument(FunctionCallInfo fcinfo)
{
	const Trigger *trigger = ((TriggerData *) fcinfo->context)->tg_trigger;

	return trigger->tgnargs > 0 ? trigger->tgargs[0] : NULL;
}

/*
 * The columns that are passed on: all but those that the arguments of the hook
 * name after the first "skip".  A column that was renamed must not be passed
 * on under its new name: 42703 if the table has no column of the given name.
 * A hook on many tables names columns that only some of them have.
 */
static Bitmapset *
columns_of(const TriggerData *trigdata, int skip)
{
	const Trigger *trigger = trigdata->tg_trigger;
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	const Hook *hook = hooks_firing->subject->definition;
	Oid			relid = RelationGetRelid(trigdata->tg_relation);
	Bitmapset  *columns = NULL;

	for (int i = 1; i <= desc->natts; i++)
		columns = bms_add_member(columns, i);
	for (int i = skip; i < trigger->tgnargs; i++)
	{
		AttrNumber	attnum = get_attnum(relid, trigger->tgargs[i]);

		if (attnum > 0)
			columns = bms_del_member(columns, attnum);
		else if (OidIsValid(hook->relation))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							trigger->tgargs[i],
							RelationGetRelationName(trigdata->tg_relation)),
					 errdetail("The arguments of hook \"%s\" name it as a column to leave out.",
							   hook->name)));
	}
	return columns;
}

/*
 * How the rows of the firing become jsonb.  The arguments of the hook after
 * the first "skip" are columns to leave out.
 */
HookRowJson *
hooks_ready_rowjson(FunctionCallInfo fcinfo, int skip)
{
	const TriggerData *trigdata = (TriggerData *) fcinfo->context;
	ReadyCall  *call = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (call != NULL &&
		call->relid == RelationGetRelid(trigdata->tg_relation))
		return call->rowjson;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	call = palloc(sizeof(ReadyCall));
	call->relid = RelationGetRelid(trigdata->tg_relation);
	call->rowjson = hooks_rowjson_begin(trigdata->tg_relation,
										columns_of(trigdata, skip));
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = call;
	return call->rowjson;
}

/*
 * May the text of the statement be passed on?  Not if columns are left out, as
 * it can contain their values.
 */
bool
hooks_ready_tells_statement(const HookFiring *firing, int skip)
{
	return firing->trigdata->tg_trigger->tgnargs <= skip;
}

/*
 * The text of the event, but for its rows and the brace at its end, with the
 * text of the statement or without.  palloc'd.
 */
char *
hooks_ready_head(HookFiring *firing, bool with_statement)
{
	JsonbInState state = hooks_payload_begin(firing);
	const char *statement;
	Jsonb	   *event;
	char	   *json;

	hooks_payload_add_context(&state, firing, &statement);
	/* if a key comes twice, jsonb keeps the last value */
	hooks_payload_add(&state, "statement", with_statement ?
					  hooks_payload_statement(statement) : NULL);
	event = hooks_payload_end(&state);
	json = JsonbToCString(NULL, &event->root, VARSIZE(event));
	json[strlen(json) - 1] = '\0';
	return json;
}

/*
 * Adds a row to the text of an array of rows.
 */
void
hooks_ready_add_row(StringInfo rows, Jsonb *row)
{
	if (rows->len > 0)
		appendStringInfoString(rows, ", ");
	(void) JsonbToCString(rows, &row->root, VARSIZE(row));
}
