/*
 * payload.c
 *		The event that a callback takes as jsonb.
 *
 * It tells what hooks.context() tells, and what the phase and action add.
 * Names of relations are qualified, under any search_path.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/place.h"
#include "base/settings.h"
#include "firing/payload.h"
#include "registry/event.h"

/* bytes that an event has room for around a shared value */
#define ROOM 1024

/* of the text of a statement, as pg_stat_activity shows it by default */
#define MAX_STATEMENT 1024

/*
 * A key of the object in hand; its value is to follow.
 */
void
hooks_payload_key(JsonbInState *state, const char *key)
{
	JsonbValue	value = {0};

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = strlen(key);
	hooks_jsonb_push(state, WJB_KEY, &value);
}

/*
 * A key and a string, or null.
 */
void
hooks_payload_add(JsonbInState *state, const char *key, const char *sql)
{
	JsonbValue	value = {0};

	hooks_payload_key(state, key);
	if (sql == NULL)
		value.type = jbvNull;
	else
	{
		value.type = jbvString;
		value.val.string.val = unconstify(char *, sql);
		value.val.string.len = strlen(sql);
	}
	hooks_jsonb_push(state, WJB_VALUE, &value);
}

/*
 * A number; null if it is less than 0, which means that it is not known.
 */
void
hooks_payload_push_integer(JsonbInState *state, JsonbIteratorToken token,
						   int64 number)
{
	JsonbValue	value = {0};

	value.type = number < 0 ? jbvNull : jbvNumeric;
	if (number >= 0)
		value.val.numeric = int64_to_numeric(number);
	hooks_jsonb_push(state, token, &value);
}

/*
 * A key and any jsonb, or null.
 */
void
hooks_payload_add_json(JsonbInState *state, const char *key, Jsonb *json)
{
	JsonbValue	value = {0};

	if (json == NULL)
	{
		hooks_payload_add(state, key, NULL);
		return;
	}
	hooks_payload_key(state, key);
	if (!JsonbExtractScalar(&json->root, &value))
	{
		value.type = jbvBinary;
		value.val.binary.data = &json->root;
		value.val.binary.len = VARSIZE(json) - VARHDRSZ;
	}
	hooks_jsonb_push(state, WJB_VALUE, &value);
}

static const char *
kind_of_relation(char relkind)
{
	switch (relkind)
	{
		case RELKIND_VIEW:
			return "view";
		case RELKIND_MATVIEW:
			return "materialized view";
		case RELKIND_FOREIGN_TABLE:
			return "foreign table";
		case RELKIND_PARTITIONED_TABLE:
			return "partitioned table";
		default:
			return "table";
	}
}

/*
 * The qualified name of a relation, NULL if it is none.  palloc'd.
 */
char *
hooks_payload_relation(Oid relid)
{
	char	   *name = OidIsValid(relid) ? get_rel_name(relid) : NULL;
	char	   *schema = name == NULL ? NULL :
		get_namespace_name(get_rel_namespace(relid));

	return name == NULL ? NULL : hooks_place_name(schema, name);
}

/*
 * The same of one that is open.
 */
char *
hooks_payload_name(Relation rel)
{
	char	   *schema = get_namespace_name(RelationGetNamespace(rel));

	return hooks_place_name(schema, RelationGetRelationName(rel));
}

/*
 * Adds what kind of relation it is, and the columns of it that a statement
 * reads or assigns.
 */
void
hooks_payload_add_relation(JsonbInState *state, Oid relid,
						   const Bitmapset *columns)
{
	int			x = -1;

	hooks_payload_add(state, "relation_kind",
					  kind_of_relation(get_rel_relkind(relid)));
	hooks_payload_key(state, "columns");
	hooks_jsonb_push(state, WJB_BEGIN_ARRAY, NULL);
	while ((x = bms_next_member(columns, x)) >= 0)
	{
		AttrNumber	attnum = x + FirstLowInvalidHeapAttributeNumber;
		char	   *name = get_attname(relid, attnum, true);
		JsonbValue	value = {0};

		if (name == NULL || attnum < 0)
			continue;
		value.type = jbvString;
		value.val.string.val = name;
		value.val.string.len = strlen(name);
		hooks_jsonb_push(state, WJB_ELEM, &value);
	}
	hooks_jsonb_push(state, WJB_END_ARRAY, NULL);
}

/*
 * What events tell of the text of a statement; NULL of none.
 */
const char *
hooks_payload_statement(const char *sql)
{
	if (sql == NULL || strlen(sql) <= MAX_STATEMENT)
		return sql;
	return pnstrdup(sql, pg_mbcliplen(sql, strlen(sql), MAX_STATEMENT));
}

/*
 * Adds where the rows of a firing come from, with the names of
 * hooks.context().  *sql is the statement that it goes back to.
 */
void
hooks_payload_add_context(JsonbInState *state, const HookFiring *firing,
						  const char **sql)
{
	HookOrigin	found;
	Oid			root;
	const char *action;
	const HookOrigin *origin = hooks_context_find(firing, &found, &root,
												  &action, sql);

	hooks_payload_key(state, "context");
	hooks_jsonb_push(state, WJB_BEGIN_OBJECT, NULL);
	hooks_payload_add(state, "root_relation", hooks_payload_relation(root));
	hooks_payload_add(state, "root_action", action);
	hooks_payload_key(state, "cascade_depth");
	hooks_payload_push_integer(state, WJB_VALUE, origin->depth);
	hooks_payload_add(state, "constraint_name",
					  OidIsValid(origin->constraint) ?
					  get_constraint_name(origin->constraint) : NULL);
	hooks_jsonb_push(state, WJB_END_OBJECT, NULL);
}

/*
 * Begins an event with what all have.
 */
JsonbInState
hooks_payload_begin(HookFiring *firing)
{
	const HookSubject *subject = firing->subject;
	JsonbInState state = {0};
	FullTransactionId transaction;

	if (firing->fired_at == 0)
		firing->fired_at = GetCurrentTimestamp();
	hooks_jsonb_push(&state, WJB_BEGIN_OBJECT, NULL);
	hooks_payload_add(&state, "hook", subject->hook);
	hooks_payload_add(&state, "phase",
					  hooks_word_of_phase(subject->event->phase));
	hooks_payload_add(&state, "action",
					  hooks_context_action_word(subject));
	hooks_payload_add(&state, "relation",
					  hooks_payload_relation(subject->relation));
	hooks_payload_add(&state, "caller",
					  GetUserNameFromId(firing->caller, true));
	hooks_payload_add(&state, "session_user",
					  GetUserNameFromId(GetSessionUserId(), true));
	hooks_payload_add(&state, "statement",
					  subject->occurrence != NULL ?
					  subject->occurrence->sql : debug_query_string);
	transaction = hooks_context_transaction(firing);
	hooks_payload_add(&state, "transaction_id",
					  !FullTransactionIdIsValid(transaction) ? NULL :
					  psprintf(UINT64_FORMAT,
							   U64FromFullTransactionId(transaction)));
	hooks_payload_add(&state, "fired_at",
					  JsonEncodeDateTime(NULL,
										 TimestampTzGetDatum(firing->fired_at),
										 TIMESTAMPTZOID, NULL));
	hooks_payload_add_json(&state, "metadata", hooks_settings_metadata());
	return state;
}

Jsonb *
hooks_payload_end(JsonbInState *state)
{
	hooks_jsonb_push(state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(state->result);
}

/*
 * Makes a value that many events have; it lives in the current context.
 */
HookPayloadValue *
hooks_payload_share(Jsonb *json)
{
	HookPayloadValue *value = palloc0(sizeof(HookPayloadValue));

	value->context = CurrentMemoryContext;
	value->length = INTALIGN(VARSIZE(json) - VARHDRSZ);
	value->data = palloc0(value->length);
	memcpy(value->data, &json->root, VARSIZE(json) - VARHDRSZ);
	return value;
}

/*
 * Makes room before and after the value.
 */
static void
make_room(HookPayloadValue *value, Size before, Size after)
{
	char	   *buffer;

	if (before <= value->before && after <= value->after)
		return;
	before = MAXALIGN(before + ROOM);
	after += ROOM;
	buffer =
		MemoryContextAlloc(value->context, before + value->length + after);
	memcpy(buffer + before, value->data, value->length);
	pfree(value->data - value->before);
	value->data = buffer + before;
	value->before = before;
	value->after = after;
}

/*
 * Ends an event with a value that many have: without a copy of the value,
 * around which the rest is written.  So the result is valid until the next
 * such call.
 */
Jsonb *
hooks_payload_end_shared(JsonbInState *state, const char *key,
						 HookPayloadValue *value)
{
	Jsonb	   *event;
	Jsonb	   *result;
	JsonbValue	place;
	int			entries;
	int			i;
	Size		before;
	Size		after;

	/* An empty array keeps the place */
	hooks_payload_key(state, key);
	hooks_jsonb_push(state, WJB_BEGIN_ARRAY, NULL);
	hooks_jsonb_push(state, WJB_END_ARRAY, NULL);
	event = hooks_payload_end(state);
	(void) getKeyJsonValueFromContainer(&event->root, key, strlen(key),
										&place);
	before = (char *) place.val.binary.data - (char *) event;
	after = VARSIZE(event) - before - place.val.binary.len;
	if (before + value->length + after > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("event of hook is too large"),
				 errdetail("Its \"%s\" has %zu bytes.", key, value->length)));
	make_room(value, before, after);
	result = (Jsonb *) (value->data - before);
	memcpy(result, event, before);
	memcpy(value->data + value->length,
		   (char *) event + before + place.val.binary.len, after);
	SET_VARSIZE(result, before + value->length + after);

	/*
	 * The entry of the value, whose length has changed.  In a small object
	 * none after the first is an offset.
	 */
	entries = 2 * JsonContainerSize(&result->root);
	Assert(entries <= JB_OFFSET_STRIDE);
	for (i = entries / 2; i < entries; i++)
		if (JBE_ISCONTAINER(result->root.children[i]) &&
			(char *) &result->root.children[entries] +
			INTALIGN(getJsonbOffset(&result->root, i)) == value->data)
			break;
	Assert(i < entries && !JBE_HAS_OFF(result->root.children[i]));
	result->root.children[i] += value->length - place.val.binary.len;
	pfree(event);
	return result;
}
