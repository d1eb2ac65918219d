/*
 * log_reader.c
 *		Rows of the log, as events for callbacks.
 *
 * A row of the log can be for several hooks.  Each gets the rows and columns
 * that it wanted when the row was written, even if its definition or the table
 * has changed since.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/jsonraw.h"
#include "firing/log.h"
#include "firing/origin.h"
#include "outbox/log_reader.h"

/* A key and its value, of an object that is being made */
typedef struct EventPair
{
	JsonbValue	key;
	JsonbValue	value;
} EventPair;

/* The pairs of an event: no more than it can have */
typedef struct EventPairs
{
	EventPair	pairs[16];
	int			n;
} EventPairs;

static char *
string_or_null(Datum value, bool isnull)
{
	return isnull ? NULL : TextDatumGetCString(value);
}

static Jsonb *
jsonb_or_null(Datum value, bool isnull)
{
	return isnull ? NULL : DatumGetJsonbP(value);
}

/*
 * Reads a row; what it points to is in the current memory context, or in the
 * tuple.
 */
void
hooks_log_reader_form(HookLogRow *row, HeapTuple tuple, TupleDesc desc)
{
	Datum		values[Natts_log];
	bool		nulls[Natts_log];
	HookLogEntry *entry = &row->entry;
	ArrayType  *hook_ids;

#define VALUE(column) (values[Anum_log_##column - 1])
#define ISNULL(column) (nulls[Anum_log_##column - 1])
#define STRING(column) string_or_null(VALUE(column), ISNULL(column))
#define JSON(column) jsonb_or_null(VALUE(column), ISNULL(column))
	Assert(desc->natts == Natts_log);
	heap_deform_tuple(tuple, desc, values, nulls);
	row->event_id = DatumGetInt64(VALUE(event_id));
	row->transaction_id = DatumGetFullTransactionId(VALUE(transaction_id));
	hook_ids = DatumGetArrayTypePCopy(VALUE(hook_ids));
	entry->nhooks = ArrayGetNItems(ARR_NDIM(hook_ids), ARR_DIMS(hook_ids));
	entry->hook_ids = (int64 *) ARR_DATA_PTR(hook_ids);
	entry->relation = DatumGetObjectId(VALUE(relation));
	entry->relation_name = STRING(relation_name);
	entry->action = STRING(action);
	entry->caller = STRING(caller);
	entry->session_user = STRING(session_user);
	entry->statement = STRING(statement);
	entry->metadata = JSON(metadata);
	entry->fired_at = DatumGetTimestampTz(VALUE(fired_at));
	entry->generation = DatumGetInt32(VALUE(generation));
	entry->root_relation = STRING(root_relation);
	entry->root_action = STRING(root_action);
	entry->cascade_depth = ISNULL(cascade_depth) ? HOOK_DEPTH_UNKNOWN :
		DatumGetInt32(VALUE(cascade_depth));
	entry->constraint_name = STRING(constraint_name);
	entry->old_rows = JSON(old_rows);
	entry->new_rows = JSON(new_rows);
	entry->selections = JSON(selections);
#undef VALUE
#undef ISNULL
#undef STRING
#undef JSON
}

/*
 * The index of a hook in the row's list of hooks; -1 if it is not there.
 */
int
hooks_log_reader_place(const HookLogRow *row, int64 hook_id)
{
	for (int i = 0; i < row->entry.nhooks; i++)
		if (row->entry.hook_ids[i] == hook_id)
			return i;
	return -1;
}

/*
 * The number of the delivery of a row to one of its hooks.
 */
int64
hooks_log_reader_delivery_id(const HookLogRow *row, int64 hook_id)
{
	int			place = hooks_log_reader_place(row, hook_id);

	Assert(place >= 0 && place < HOOK_LOG_MAX_HOOKS);
	return row->event_id * HOOK_LOG_MAX_HOOKS + place;
}

static int
to_int(const JsonbValue *number)
{
	Datum		datum = NumericGetDatum(number->val.numeric);

	Assert(number->type == jbvNumeric);
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, datum));
}

static bool
find_value(const Jsonb *object, const char *key, JsonbValue *value)
{
	return object != NULL &&
		getKeyJsonValueFromContainer(unconstify(JsonbContainer *,
												&object->root),
									 key, strlen(key), value) != NULL;
}

/*
 * Finds an array by its name in a hook's selection; false if there is none.
 * The selection limits what the hook gets.
 */
static bool
find_selection(const HookLogRow *row, int64 hook_id, const char *name,
			   JsonbValue *array)
{
	JsonbValue	selection;
	char		key[MAXINT8LEN + 1];

	pg_lltoa(hook_id, key);
	return find_value(row->entry.selections, key, &selection) &&
		selection.type == jbvBinary &&
		getKeyJsonValueFromContainer(selection.val.binary.data, name,
									 strlen(name), array) != NULL &&
		array->type == jbvBinary;
}

static int
compare_pairs(const void *a, const void *b)
{
	const JsonbValue *one = &((const EventPair *) a)->key;
	const JsonbValue *other = &((const EventPair *) b)->key;

	if (one->val.string.len != other->val.string.len)
		return one->val.string.len < other->val.string.len ? -1 : 1;
	return memcmp(one->val.string.val, other->val.string.val,
				  one->val.string.len);
}

/*
 * An object of these pairs, which it sorts.
 */
static Jsonb *
make_object(EventPair *pairs, int n)
{
	HookJsonRaw object;
	Jsonb	   *json;

	qsort(pairs, n, sizeof(EventPair), compare_pairs);
	hooks_jsonraw_begin(&object);
	for (int i = 0; i < n; i++)
		hooks_jsonraw_add(&object, &pairs[i].key);
	for (int i = 0; i < n; i++)
		hooks_jsonraw_add(&object, &pairs[i].value);
	json = hooks_jsonraw_end(&object, true);
	hooks_jsonraw_free(&object);
	return json;
}

/*
 * A row with some of its columns.
 */
static Jsonb *
with_columns(JsonbContainer * row, JsonbContainer * columns)
{
	int			n = JsonContainerSize(columns);
	EventPair  *pairs = palloc(sizeof(EventPair) * Max(n, 1));
	int			found = 0;

	for (int i = 0; i < n; i++)
	{
		JsonbValue *key = getIthJsonbValueFromContainer(columns, i);
		JsonbValue *value =
			getKeyJsonValueFromContainer(row, key->val.string.val,
										 key->val.string.len, NULL);

		if (value == NULL)
			continue;
		pairs[found].key = *key;
		pairs[found++].value = *value;
	}
	return make_object(pairs, found);
}

/*
 * The rows that a hook gets of an array of them.
 */
static Jsonb *
rows_for(const HookLogRow *row, Jsonb *rows, int64 hook_id)
{
	JsonbValue	places;
	JsonbValue	columns;
	bool		some_rows = find_selection(row, hook_id, "rows", &places);
	bool		some_columns = find_selection(row, hook_id, "columns",
											  &columns);
	int			n = JsonContainerSize(some_rows ? places.val.binary.data :
									  &rows->root);
	HookJsonRaw result;
	Jsonb	   *json;

	if (!some_rows && !some_columns)
		return rows;
	hooks_jsonraw_begin(&result);
	for (int i = 0; i < n; i++)
	{
		int			place = i;
		JsonbValue *element;

		if (some_rows)
		{
			JsonbValue *number =
				getIthJsonbValueFromContainer(places.val.binary.data, i);

			place = to_int(number);
		}
		element = getIthJsonbValueFromContainer(&rows->root, place);
		if (some_columns)
			hooks_jsonraw_add_json(&result,
								   with_columns(element->val.binary.data,
												columns.val.binary.data));
		else
			hooks_jsonraw_add(&result, element);
	}
	json = hooks_jsonraw_end(&result, false);
	hooks_jsonraw_free(&result);
	return json;
}

static EventPair *
add_pair(EventPairs *pairs, const char *key)
{
	EventPair  *pair = &pairs->pairs[pairs->n++];

	Assert(pairs->n <= lengthof(pairs->pairs));
	pair->key.type = jbvString;
	pair->key.val.string.val = unconstify(char *, key);
	pair->key.val.string.len = strlen(key);
	return pair;
}

/*
 * Adds a string, or null.
 */
static void
add_string(EventPairs *pairs, const char *key, const char *string)
{
	JsonbValue *value = &add_pair(pairs, key)->value;

	value->type = string == NULL ? jbvNull : jbvString;
	value->val.string.val = unconstify(char *, string);
	value->val.string.len = string == NULL ? 0 : strlen(string);
}

/*
 * Adds a number; null if it is less than 0.
 */
static void
add_integer_pair(EventPairs *pairs, const char *key, int64 number)
{
	JsonbValue *value = &add_pair(pairs, key)->value;

	value->type = number < 0 ? jbvNull : jbvNumeric;
	if (number >= 0)
		value->val.numeric = int64_to_numeric(number);
}

static void
add_jsonb(EventPairs *pairs, const char *key, Jsonb *json)
{
	JsonbValue *value = &add_pair(pairs, key)->value;

	if (json == NULL)
		value->type = jbvNull;
	else if (!JsonbExtractScalar(&json->root, value))
	{
		value->type = jbvBinary;
		value->val.binary.data = &json->root;
		value->val.binary.len = VARSIZE(json) - VARHDRSZ;
	}
}

/*
 * Where the statement comes from.
 */
static Jsonb *
make_context(const HookLogEntry *entry)
{
	EventPairs	pairs = {0};

	add_string(&pairs, "root_relation", entry->root_relation);
	add_string(&pairs, "root_action", entry->root_action);
	add_integer_pair(&pairs, "cascade_depth", entry->cascade_depth);
	add_string(&pairs, "constraint_name", entry->constraint_name);
	return make_object(pairs.pairs, pairs.n);
}

/*
 * The event as the callback of a hook gets it, with the number of the attempt.
 * palloc'd.
 */
Jsonb *
hooks_log_reader_event(const HookLogRow *row, const Hook *hook, int attempt)
{
	const HookLogEntry *entry = &row->entry;
	EventPairs	pairs = {0};
	Datum		fired_at = TimestampTzGetDatum(entry->fired_at);
	int			utc = 0;

	Assert(hooks_log_reader_place(row, hook->hook_id) >= 0);
	add_string(&pairs, "hook", hook->name);
	add_string(&pairs, "phase", hooks_event_phase_word(HOOK_AFTER_COMMIT));
	add_string(&pairs, "action", entry->action);
	add_string(&pairs, "relation", entry->relation_name);
	add_string(&pairs, "caller", entry->caller);
	add_string(&pairs, "session_user", entry->session_user);
	add_string(&pairs, "statement", entry->statement);
	add_string(&pairs, "transaction_id",
			   psprintf(UINT64_FORMAT,
						U64FromFullTransactionId(row->transaction_id)));
	add_string(&pairs, "fired_at",
			   JsonEncodeDateTime(NULL, fired_at, TIMESTAMPTZOID, &utc));
	add_jsonb(&pairs, "metadata", entry->metadata);
	add_jsonb(&pairs, "context", make_context(entry));
	add_integer_pair(&pairs, "generation", entry->generation);
	add_integer_pair(&pairs, "attempt", attempt);
	if (entry->old_rows != NULL)
		add_jsonb(&pairs, "old", rows_for(row, entry->old_rows,
										  hook->hook_id));
	if (entry->new_rows != NULL)
		add_jsonb(&pairs, "new", rows_for(row, entry->new_rows,
										  hook->hook_id));
	return make_object(pairs.pairs, pairs.n);
}
