/*
 * context_event.c
 *		hooks.context() in a delivery.
 *
 * The statement that the delivery is about has long been committed, in another
 * session: its context is in the event.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "firing/context_event.h"

/*
 * The value of a key, NULL if there is none.
 */
static JsonbValue *
get_value(const JsonbContainer *object, const char *key)
{
	JsonbValue *value;

	value = getKeyJsonValueFromContainer(unconstify(JsonbContainer *, object),
										 key, strlen(key), NULL);
	return value == NULL || value->type == jbvNull ? NULL : value;
}

static char *
text_of_value(const JsonbValue *value)
{
	Datum		number;

	if (value == NULL)
		return NULL;
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			number = NumericGetDatum(value->val.numeric);
			return DatumGetCString(DirectFunctionCall1(numeric_out, number));
		case jbvBinary:
			return JsonbToCString(NULL, value->val.binary.data,
								  value->val.binary.len);
		default:
			return NULL;
	}
}

/*
 * The value of a key of an event as text; NULL for null or none.
 */
char *
hooks_context_event_text(const Jsonb *event, const char *key)
{
	return text_of_value(get_value(&event->root, key));
}

/* a table's qualified name, NULL if there is none of that name any more */
static char *
still_there(char *relation)
{
	LOCAL_FCINFO(fcinfo, 1);

	if (relation == NULL)
		return NULL;
	InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = CStringGetTextDatum(relation);
	fcinfo->args[0].isnull = false;
	(void) to_regclass(fcinfo);
	return fcinfo->isnull ? NULL : relation;
}

/*
 * The context of a delivery, as a row of hooks.context.
 */
Datum
hooks_context_of_event(const HookFiring *firing, TupleDesc desc)
{
	const Jsonb *event = firing->event;
	const JsonbValue *inner = get_value(&event->root, "context");
	const JsonbContainer *context = inner == NULL ? &event->root :
		inner->val.binary.data;
	char	   *values[] = {
		hooks_context_event_text(event, "hook"),
		hooks_context_event_text(event, "phase"),
		hooks_context_event_text(event, "action"),
		NULL,					/* level */
		psprintf("%u", firing->subject->relation),
		still_there(text_of_value(get_value(context, "root_relation"))),
		text_of_value(get_value(context, "root_action")),
		text_of_value(get_value(context, "cascade_depth")),
		text_of_value(get_value(context, "constraint_name")),
		hooks_context_event_text(event, "caller"),
		hooks_context_event_text(event, "session_user"),
		NULL,					/* columns */
		hooks_context_event_text(event, "statement"),
		hooks_context_event_text(event, "transaction_id"),
		hooks_context_event_text(event, "fired_at"),
		hooks_context_event_text(event, "metadata"),
	};

	AttInMetadata *meta;

	if (desc->natts != lengthof(values))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension hooks is of another version than its library"),
				 errdetail("Type \"context\" does not have the attributes that the library expects.")));
	meta = TupleDescGetAttInMetadata(desc);
	return HeapTupleGetDatum(BuildTupleFromCStrings(meta, values));
}
