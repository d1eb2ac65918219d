/*
 * hook.c
 *		One hook, as a row of hooks.registry and as a C structure.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/timestamp.h"

#include "hook.h"

static const HookOwnColumn registry_columns[Natts_registry] = {
	{INT8OID, false},			/* hook_id */
	{TEXTOID, false},			/* name */
	{TEXTOID, false},			/* phase */
	{TEXTOID, false},			/* action */
	{REGCLASSOID, true},		/* relation */
	{TEXTOID, false},			/* callback */
	{TEXTOID, true},			/* level */
	{TEXTOID, true},			/* condition */
	{NAMEARRAYOID, true},		/* columns */
	{TEXTARRAYOID, false},		/* arguments */
	{TEXTOID, false},			/* on_error */
	{INTERVALOID, true},		/* timeout */
	{INT4OID, true},			/* max_attempts */
	{INT4OID, false},			/* priority */
	{TEXTARRAYOID, false},		/* run_after */
	{TEXTOID, false},			/* run_as */
	{TEXTOID, false},			/* fire */
	{NAMEOID, true},			/* schema */
	{TEXTOID, true},			/* package */
	{TEXTOID, true},			/* description */
	{REGROLEOID, false},		/* owner */
	{TEXTOID, false},			/* search_path */
	{REGROLEARRAYOID, false},	/* function_owners */
	{BOOLOID, false},			/* enabled */
	{BOOLOID, false},			/* quarantined */
	{TIMESTAMPTZOID, false},	/* enabled_at */
};

const HookOwnTable hooks_registry_table = {
	"registry", Natts_registry, registry_columns
};

static char *
text_or_null(Datum value, bool isnull)
{
	return isnull ? NULL : TextDatumGetCString(value);
}

static ArrayType *
array_or_null(Datum value, bool isnull)
{
	ArrayType  *array = isnull ? NULL : DatumGetArrayTypePCopy(value);

	/* hooks.registry has a constraint, which others may have dropped */
	if (array != NULL && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("an array of hooks.registry contains nulls")));
	return array;
}

/*
 * A row of hooks.registry as a Hook, palloc'd.
 */
Hook *
hooks_hook_from_tuple(HeapTuple tuple, TupleDesc desc)
{
	Hook	   *hook = palloc0(sizeof(Hook));
	Datum		values[Natts_registry];
	bool		nulls[Natts_registry];
	char	   *level;

#define VALUE(column) (values[Anum_registry_##column - 1])
#define ISNULL(column) (nulls[Anum_registry_##column - 1])
#define TEXT(column) text_or_null(VALUE(column), ISNULL(column))
	heap_deform_tuple(tuple, desc, values, nulls);
	hook->hook_id = DatumGetInt64(VALUE(hook_id));
	hook->name = TEXT(name);
	hook->phase = hooks_event_parse_phase(TEXT(phase));
	hook->actions = hooks_event_parse_actions(TEXT(action));
	hook->relation = ISNULL(relation) ? InvalidOid :
		DatumGetObjectId(VALUE(relation));
	hook->callback = TEXT(callback);
	level = TEXT(level);
	hook->level = level == NULL ? HOOK_NO_LEVEL :
		hooks_event_parse_level(level);
	hook->condition = TEXT(condition);
	hook->columns = array_or_null(VALUE(columns), ISNULL(columns));
	hook->arguments = array_or_null(VALUE(arguments), ISNULL(arguments));
	hook->policy = hooks_event_parse_policy(TEXT(on_error));
	if (!ISNULL(timeout))
	{
		hook->timeout = palloc(sizeof(Interval));
		*hook->timeout = *DatumGetIntervalP(VALUE(timeout));
	}
	hook->max_attempts = ISNULL(max_attempts) ? 0 :
		DatumGetInt32(VALUE(max_attempts));
	hook->priority = DatumGetInt32(VALUE(priority));
	hook->run_after = array_or_null(VALUE(run_after), ISNULL(run_after));
	hook->run_as = hooks_event_parse_run_as(TEXT(run_as));
	hook->fire = hooks_event_parse_fire(TEXT(fire));
	hook->schema = ISNULL(schema) ? NULL :
		pstrdup(NameStr(*DatumGetName(VALUE(schema))));
	hook->package = TEXT(package);
	hook->description = TEXT(description);
	hook->owner = DatumGetObjectId(VALUE(owner));
	hook->search_path = TEXT(search_path);
	hook->function_owners = array_or_null(VALUE(function_owners),
										  ISNULL(function_owners));
	hook->enabled = DatumGetBool(VALUE(enabled));
	hook->quarantined = DatumGetBool(VALUE(quarantined));
	hook->enabled_at = DatumGetTimestampTz(VALUE(enabled_at));
	hook->tid = tuple->t_self;
#undef VALUE
#undef ISNULL
#undef TEXT
	return hook;
}

/*
 * A Hook as a row.
 */
HeapTuple
hooks_hook_to_tuple(const Hook *hook, TupleDesc desc)
{
	Datum		values[Natts_registry];
	bool		nulls[Natts_registry] = {false};
	NameData	schema;

#define SET(column, isnull, value) \
	do { \
		nulls[Anum_registry_##column - 1] = (isnull); \
		values[Anum_registry_##column - 1] = nulls[Anum_registry_##column - 1] ? (Datum) 0 : (value); \
	} while (0)
#define SET_TEXT(column, string) \
	SET(column, (string) == NULL, CStringGetTextDatum(string))
	SET(hook_id, false, Int64GetDatum(hook->hook_id));
	SET_TEXT(name, hook->name);
	SET_TEXT(phase, hooks_event_phase_word(hook->phase));
	SET_TEXT(action, hooks_event_action_list(hook->actions));
	SET(relation, !OidIsValid(hook->relation), ObjectIdGetDatum(hook->relation));
	SET_TEXT(callback, hook->callback);
	SET_TEXT(level, hooks_event_level_word(hook->level));
	SET_TEXT(condition, hook->condition);
	SET(columns, hook->columns == NULL, PointerGetDatum(hook->columns));
	SET(arguments, false, PointerGetDatum(hook->arguments));
	SET_TEXT(on_error, hooks_event_policy_word(hook->policy));
	SET(timeout, hook->timeout == NULL, IntervalPGetDatum(hook->timeout));
	SET(max_attempts, hook->max_attempts == 0, Int32GetDatum(hook->max_attempts));
	SET(priority, false, Int32GetDatum(hook->priority));
	SET(run_after, false, PointerGetDatum(hook->run_after));
	SET_TEXT(run_as, hooks_event_run_as_word(hook->run_as));
	SET_TEXT(fire, hooks_event_fire_word(hook->fire));
	if (hook->schema != NULL)
		namestrcpy(&schema, hook->schema);
	SET(schema, hook->schema == NULL, NameGetDatum(&schema));
	SET_TEXT(package, hook->package);
	SET_TEXT(description, hook->description);
	SET(owner, false, ObjectIdGetDatum(hook->owner));
	SET_TEXT(search_path, hook->search_path);
	SET(function_owners, false, PointerGetDatum(hook->function_owners));
	SET(enabled, false, BoolGetDatum(hook->enabled));
	SET(quarantined, false, BoolGetDatum(hook->quarantined));
	SET(enabled_at, false, TimestampTzGetDatum(hook->enabled_at));
#undef SET
#undef SET_TEXT
	return heap_form_tuple(desc, values, nulls);
}

static bool
same_string(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_array(ArrayType *a, ArrayType *b)
{
	return a == NULL || b == NULL ? a == b :
		datumIsEqual(PointerGetDatum(a), PointerGetDatum(b), false, -1);
}

/*
 * Are two hooks of one name the same definition?  Who registered them, and
 * under which search_path, is no part of it, nor whether they are enabled; but
 * another role's functions are others.
 */
bool
hooks_hook_same(const Hook *a, const Hook *b)
{
	return a->phase == b->phase && a->actions == b->actions &&
		a->relation == b->relation &&
		same_string(a->callback, b->callback) && a->level == b->level &&
		same_string(a->condition, b->condition) &&
		same_array(a->columns, b->columns) &&
		same_array(a->arguments, b->arguments) && a->policy == b->policy &&
		(a->timeout == NULL || b->timeout == NULL ?
		 a->timeout == b->timeout :
		 memcmp(a->timeout, b->timeout, sizeof(Interval)) == 0) &&
		a->max_attempts == b->max_attempts && a->priority == b->priority &&
		same_array(a->run_after, b->run_after) && a->run_as == b->run_as &&
		a->fire == b->fire && same_string(a->schema, b->schema) &&
		same_string(a->package, b->package) &&
		same_string(a->description, b->description) &&
		same_array(a->function_owners, b->function_owners);
}

/*
 * The elements of an array of text or name, none of them NULL, as strings.
 */
char **
hooks_hook_strings(ArrayType *array, int *count)
{
	bool		names;
	Datum	   *elements;
	char	  **strings;

	*count = 0;
	if (array == NULL)
		return NULL;
	names = ARR_ELEMTYPE(array) == NAMEOID;
	deconstruct_array(array, ARR_ELEMTYPE(array),
					  names ? NAMEDATALEN : -1, false,
					  names ? TYPALIGN_CHAR : TYPALIGN_INT,
					  &elements, NULL, count);
	strings = palloc(sizeof(char *) * (*count + 1));
	for (int i = 0; i < *count; i++)
		strings[i] = names ? pstrdup(NameStr(*DatumGetName(elements[i]))) :
			TextDatumGetCString(elements[i]);
	strings[*count] = NULL;
	return strings;
}
