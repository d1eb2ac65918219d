/*
 * log_reader.c
 *		Rows of the log, as events for callbacks.
 *
 * A row of the log is for several hooks.  Each gets the rows and columns that
 * it wanted when the row was written, whatever has become of its definition
 * and of the table since.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/xid8.h"

#include "base/jsonraw.h"
#include "firing/log.h"
#include "outbox/log_reader.h"

/* A key of an object that is being made, and its value */
typedef struct EventPair
{
	JsonbValue	key;
	JsonbValue	value;
} EventPair;

/* Keys that an event has besides those that the log keeps */
#define MORE_PAIRS 5

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
#define JSON(column) jsonb_or_null(VALUE(column), ISNULL(column))
	Assert(desc->natts == Natts_log);
	heap_deform_tuple(tuple, desc, values, nulls);
	row->event_id = DatumGetInt64(VALUE(event_id));
	row->transaction_id = DatumGetFullTransactionId(VALUE(transaction_id));
	hook_ids = DatumGetArrayTypePCopy(VALUE(hook_ids));
	row->nhooks = ArrayGetNItems(ARR_NDIM(hook_ids), ARR_DIMS(hook_ids));
	row->hook_ids = (int64 *) ARR_DATA_PTR(hook_ids);
	row->relation = ISNULL(relation) ? InvalidOid :
		DatumGetObjectId(VALUE(relation));
	row->action = TextDatumGetCString(VALUE(action));
	row->event = JSON(event);
	row->old_rows = JSON(old_rows);
	row->new_rows = JSON(new_rows);
	row->selections = JSON(selections);
#undef VALUE
#undef ISNULL
#undef JSON
}

/*
 * The place of a hook among those that the row is for, -1 if it is not.
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

	Assert(place >= 0 && place <= PG_UINT16_MAX);
	return row->event_id * (PG_UINT16_MAX + 1) + place;
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
 * How many events follow from each other up to this one.
 */
int
hooks_log_reader_generation(const HookLogRow *row)
{
	JsonbValue	value;

	return find_value(row->event, "generation", &value) ? to_int(&value) : 1;
}

/*
 * What is to be left out for a hook: the array of a name in its selection;
 * false if there is none.
 */
static bool
find_selection(const HookLogRow *row, int64 hook_id, const char *name,
			   JsonbValue *array)
{
	JsonbValue	selection;
	char		key[MAXINT8LEN + 1];

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

static void
put_string(JsonbValue *value, const char *string)
{
	value->type = jbvString;
	value->val.string.val = unconstify(char *, string);
	value->val.string.len = strlen(string);
}

static void
put_container(JsonbValue *value, Jsonb *json)
{
	value->type = jbvBinary;
	value->val.binary.data = &json->root;
	value->val.binary.len = VARSIZE(json) - VARHDRSZ;
}

/*
 * What the callback of a hook gets, at which attempt.  palloc'd.
 */
Jsonb *
hooks_log_reader_event(const HookLogRow *row, const Hook *hook, int attempt)
{
	int			kept = JsonContainerSize(&row->event->root);
	EventPair  *pairs = palloc(sizeof(EventPair) * (kept + MORE_PAIRS));
	JsonbIterator *iterator = JsonbIteratorInit(&row->event->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	int			n = 0;

	Assert(hooks_log_reader_place(row, hook->hook_id) >= 0);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			pairs[n].key = value;
		else if (token == WJB_VALUE)
			pairs[n++].value = value;
	}
	put_string(&pairs[n].key, "hook");
	put_string(&pairs[n++].value, hook->name);
	put_string(&pairs[n].key, "phase");
	put_string(&pairs[n++].value, hooks_event_phase_word(hook->phase));
	put_string(&pairs[n].key, "attempt");
	pairs[n].value.type = jbvNumeric;
	pairs[n++].value.val.numeric = int64_to_numeric(attempt);
	if (row->old_rows != NULL)
	{
		put_string(&pairs[n].key, "old");
		put_container(&pairs[n++].value,
					  rows_for(row, row->old_rows, hook->hook_id));
	}
	if (row->new_rows != NULL)
	{
		put_string(&pairs[n].key, "new");
		put_container(&pairs[n++].value,
					  rows_for(row, row->new_rows, hook->hook_id));
	}
	Assert(n <= kept + MORE_PAIRS);
	return make_object(pairs, n);
}
