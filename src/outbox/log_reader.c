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
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/memutils.h"
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

/* the keys of an event as jsonb orders them: by length, then by bytes */
static const char *const event_keys[] = {
	"new", "old", "hook", "phase", "action", "caller", "attempt", "context",
	"fired_at", "metadata", "relation", "statement", "generation",
	"session_user", "transaction_id",
};

/* the first two are only there if there are such rows */
#define ROW_KEYS 2

/* the keys of its "context" */
static const char *const context_keys[] = {
	"root_action", "cascade_depth", "root_relation", "constraint_name",
};

/*
 * The same, as they begin the objects; made once, in TopMemoryContext.  Those
 * of events by whether they have old and new rows.
 */
static HookJsonRaw begun_events[2][2];
static HookJsonRaw begun_context;

static const text *
packed_or_null(Datum value, bool isnull)
{
	return isnull ? NULL : DatumGetTextPP(value);
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
	ArrayType  *hook_ids;

#define VALUE(column) (values[Anum_log_##column - 1])
#define ISNULL(column) (nulls[Anum_log_##column - 1])
#define TEXT(column) packed_or_null(VALUE(column), ISNULL(column))
#define JSON(column) jsonb_or_null(VALUE(column), ISNULL(column))
	Assert(desc->natts == Natts_log);
	heap_deform_tuple(tuple, desc, values, nulls);
	row->event_id = DatumGetInt64(VALUE(event_id));
	row->transaction_id = DatumGetFullTransactionId(VALUE(transaction_id));
	hook_ids = DatumGetArrayTypeP(VALUE(hook_ids));
	row->nhooks = ArrayGetNItems(ARR_NDIM(hook_ids), ARR_DIMS(hook_ids));
	row->hook_ids = (const int64 *) ARR_DATA_PTR(hook_ids);
	row->relation = DatumGetObjectId(VALUE(relation));
	row->relation_name = TEXT(relation_name);
	row->action = TEXT(action);
	row->caller = TEXT(caller);
	row->session_user = TEXT(session_user);
	row->statement = TEXT(statement);
	row->metadata = JSON(metadata);
	row->fired_at = DatumGetTimestampTz(VALUE(fired_at));
	row->generation = DatumGetInt32(VALUE(generation));
	row->root_relation = TEXT(root_relation);
	row->root_action = TEXT(root_action);
	row->cascade_depth = ISNULL(cascade_depth) ? HOOK_DEPTH_UNKNOWN :
		DatumGetInt32(VALUE(cascade_depth));
	row->constraint_name = TEXT(constraint_name);
	row->old_rows = JSON(old_rows);
	row->new_rows = JSON(new_rows);
	row->selections = JSON(selections);
#undef VALUE
#undef ISNULL
#undef TEXT
#undef JSON
}

/*
 * The index of a hook in the row's list of hooks; -1 if it is not there.
 */
int
hooks_log_reader_place(const HookLogRow *row, int64 hook_id)
{
	for (int i = 0; i < row->nhooks; i++)
		if (row->hook_ids[i] == hook_id)
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
	return getKeyJsonValueFromContainer(unconstify(JsonbContainer *,
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

	if (row->selections == NULL)
		return false;
	pg_lltoa(hook_id, key);
	return find_value(row->selections, key, &selection) &&
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
 * A row with some of its columns.
 */
static Jsonb *
with_columns(JsonbContainer *row, JsonbContainer *columns)
{
	int			n = JsonContainerSize(columns);
	EventPair  *pairs = palloc(sizeof(EventPair) * Max(n, 1));
	int			found = 0;
	HookJsonRaw object;
	Jsonb	   *json;

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
	qsort(pairs, found, sizeof(EventPair), compare_pairs);
	hooks_jsonraw_begin(&object);
	for (int i = 0; i < found; i++)
		hooks_jsonraw_add(&object, &pairs[i].key);
	for (int i = 0; i < found; i++)
		hooks_jsonraw_add(&object, &pairs[i].value);
	json = hooks_jsonraw_end(&object, true);
	hooks_jsonraw_free(&object);
	return json;
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

/*
 * Begins an object with these keys, which "begun" has if it was made before.
 */
static void
begin_object(HookJsonRaw *object, HookJsonRaw *begun, const char *const *keys,
			 int n)
{
	if (begun->entries == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
		HookJsonRaw made;

		hooks_jsonraw_begin(&made);
		for (int i = 0; i < n; i++)
			hooks_jsonraw_add_string(&made, keys[i]);
		*begun = made;
		MemoryContextSwitchTo(old);
	}
	hooks_jsonraw_begin_like(object, begun);
}

/*
 * Begins an event, with its keys and its rows.
 */
static void
begin_event(HookJsonRaw *event, const HookLogRow *row, int64 hook_id)
{
	bool		has_old = row->old_rows != NULL;
	bool		has_new = row->new_rows != NULL;
	const char *keys[lengthof(event_keys)];
	int			n = 0;

	if (has_new)
		keys[n++] = event_keys[0];
	if (has_old)
		keys[n++] = event_keys[1];
	for (int i = ROW_KEYS; i < lengthof(event_keys); i++)
		keys[n++] = event_keys[i];
	begin_object(event, &begun_events[has_old][has_new], keys, n);
	if (has_new)
		hooks_jsonraw_add_json(event, rows_for(row, row->new_rows, hook_id));
	if (has_old)
		hooks_jsonraw_add_json(event, rows_for(row, row->old_rows, hook_id));
}

/*
 * Where the statement comes from.
 */
static Jsonb *
make_context(const HookLogRow *row)
{
	HookJsonRaw context;

	begin_object(&context, &begun_context, context_keys,
				 lengthof(context_keys));
	hooks_jsonraw_add_text(&context, row->root_action);
	if (row->cascade_depth == HOOK_DEPTH_UNKNOWN)
		hooks_jsonraw_add_json(&context, NULL);
	else
		hooks_jsonraw_add_integer(&context, row->cascade_depth);
	hooks_jsonraw_add_text(&context, row->root_relation);
	hooks_jsonraw_add_text(&context, row->constraint_name);
	return hooks_jsonraw_end(&context, true);
}

/*
 * The event as the callback of a hook gets it, with the number of the attempt.
 * palloc'd, with what it takes to make it.
 */
Jsonb *
hooks_log_reader_event(const HookLogRow *row, const Hook *hook, int attempt)
{
	HookJsonRaw event;
	Datum		fired_at = TimestampTzGetDatum(row->fired_at);
	int			utc = 0;
	char		time[MAXDATELEN + 1];
	char		transaction_id[MAXINT8LEN + 1];

	Assert(hooks_log_reader_place(row, hook->hook_id) >= 0);
	transaction_id[pg_ulltoa_n(U64FromFullTransactionId(row->transaction_id),
							   transaction_id)] = '\0';
	JsonEncodeDateTime(time, fired_at, TIMESTAMPTZOID, &utc);

	/* in the order of event_keys */
	begin_event(&event, row, hook->hook_id);
	hooks_jsonraw_add_string(&event, hook->name);
	hooks_jsonraw_add_string(&event,
							 hooks_word_of_phase(HOOK_AFTER_COMMIT));
	hooks_jsonraw_add_text(&event, row->action);
	hooks_jsonraw_add_text(&event, row->caller);
	hooks_jsonraw_add_integer(&event, attempt);
	hooks_jsonraw_add_json(&event, make_context(row));
	hooks_jsonraw_add_string(&event, time);
	hooks_jsonraw_add_json(&event, row->metadata);
	hooks_jsonraw_add_text(&event, row->relation_name);
	hooks_jsonraw_add_text(&event, row->statement);
	hooks_jsonraw_add_integer(&event, row->generation);
	hooks_jsonraw_add_text(&event, row->session_user);
	hooks_jsonraw_add_string(&event, transaction_id);
	return hooks_jsonraw_end(&event, true);
}
