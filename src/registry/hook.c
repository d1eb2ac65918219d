/*
 * hook.c
 *		One hook: the same as another, and as a row of hooks.registry.
 *
 * The row keeps the hook's state.  The rest of it is there to be read by
 * people:  nothing in it is resolved, parsed or run.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/timestamp.h"

#include "registry/callback.h"
#include "registry/condition.h"
#include "registry/hook.h"

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
	{TEXTOID, false},			/* activation */
	{NAMEOID, true},			/* schema */
	{TEXTOID, true},			/* package */
	{TEXTOID, true},			/* description */
	{NAMEARRAYOID, true},		/* payload */
	{REGROLEOID, false},		/* owner */
	{TEXTOID, false},			/* search_path */
	{BOOLOID, false},			/* enabled */
	{BOOLOID, false},			/* quarantined */
	{TIMESTAMPTZOID, false},	/* enabled_at */
};

const HookOwnTable hooks_registry_table = {
	"registry", Natts_registry, registry_columns
};

/*
 * A hook of which nothing is known yet, palloc'd.
 */
Hook *
hooks_hook_make(void)
{
	Hook	   *hook = palloc0(sizeof(Hook));

	ItemPointerSetInvalid(&hook->tid);
	hook->enabled = true;
	return hook;
}

/*
 * Adds what a row of hooks.registry tells of a hook: its state and, of a hook
 * that has no name yet, what is known without its definition.
 */
void
hooks_hook_read_row(Hook *hook, HeapTuple tuple, TupleDesc desc)
{
	Datum		values[Natts_registry];
	bool		nulls[Natts_registry];

#define VALUE(column) (values[Anum_registry_##column - 1])
#define ISNULL(column) (nulls[Anum_registry_##column - 1])
	Assert(desc->natts == Natts_registry);
	heap_deform_tuple(tuple, desc, values, nulls);
	hook->hook_id = DatumGetInt64(VALUE(hook_id));
	hook->enabled = DatumGetBool(VALUE(enabled));
	hook->quarantined = DatumGetBool(VALUE(quarantined));
	hook->enabled_at = DatumGetTimestampTz(VALUE(enabled_at));
	hook->tid = tuple->t_self;
	if (hook->name == NULL)
	{
		hook->name = TextDatumGetCString(VALUE(name));
		hook->relation = ISNULL(relation) ? InvalidOid :
			DatumGetObjectId(VALUE(relation));
		hook->schema = ISNULL(schema) ? InvalidOid :
			get_namespace_oid(NameStr(*DatumGetName(VALUE(schema))), true);
		hook->schema_gone = !ISNULL(schema) && !OidIsValid(hook->schema);
		hook->package = ISNULL(package) ? NULL :
			TextDatumGetCString(VALUE(package));
		hook->owner = DatumGetObjectId(VALUE(owner));
	}
#undef VALUE
#undef ISNULL
}

/*
 * The names of columns of the hook's relation, as name[]; NULL for none.
 */
ArrayType *
hooks_hook_column_names(const Hook *hook, List *columns)
{
	Datum	   *names;
	int			n = 0;
	ListCell   *lc;

	if (columns == NIL)
		return NULL;
	names = palloc(sizeof(Datum) * list_length(columns));
	foreach(lc, columns)
	{
		/* a name fills all of its bytes */
		NameData   *name = palloc0(sizeof(NameData));

		namestrcpy(name, get_attname(hook->relation, lfirst_int(lc), false));
		names[n++] = NameGetDatum(name);
	}
	return construct_array(names, n, NAMEOID, NAMEDATALEN, false,
						   TYPALIGN_CHAR);
}

/*
 * A whole hook as a row: its state, and what it is in words and names of now.
 */
HeapTuple
hooks_hook_to_row(const Hook *hook, TupleDesc desc)
{
	Datum		values[Natts_registry];
	bool		nulls[Natts_registry] = {false};
	ArrayType  *columns = hooks_hook_column_names(hook, hook->columns);
	ArrayType  *payload = hooks_hook_column_names(hook, hook->payload);
	NameData	schema;

	Assert(hook->damage == NULL && desc->natts == Natts_registry);
#define SET(column, isnull, value) \
	do { \
		nulls[Anum_registry_##column - 1] = (isnull); \
		values[Anum_registry_##column - 1] = \
			nulls[Anum_registry_##column - 1] ? (Datum) 0 : (value); \
	} while (0)
#define SET_TEXT(column, string) \
	SET(column, (string) == NULL, CStringGetTextDatum(string))
	SET(hook_id, false, Int64GetDatum(hook->hook_id));
	SET_TEXT(name, hook->name);
	SET_TEXT(phase, hooks_word_of_phase(hook->phase));
	SET_TEXT(action, hooks_word_action_list(hook->actions));
	SET(relation, !OidIsValid(hook->relation),
		ObjectIdGetDatum(hook->relation));
	SET_TEXT(callback, hooks_callback_text(hook->callback));
	SET_TEXT(level, hooks_word_of_level(hook->level));
	SET_TEXT(condition, hooks_condition_text(hook->relation, hook->condition));
	SET(columns, columns == NULL, PointerGetDatum(columns));
	SET(arguments, false, PointerGetDatum(hook->arguments));
	SET_TEXT(on_error, hooks_word_of_policy(hook->policy));
	SET(timeout, hook->timeout == NULL, IntervalPGetDatum(hook->timeout));
	SET(max_attempts, hook->max_attempts == 0,
		Int32GetDatum(hook->max_attempts));
	SET(priority, false, Int32GetDatum(hook->priority));
	SET(run_after, false, PointerGetDatum(hook->run_after));
	SET_TEXT(run_as, hooks_word_of_run_as(hook->run_as));
	SET_TEXT(fire, hooks_word_of_fire(hook->fire));
	SET_TEXT(activation, hooks_word_of_activation(hook->activation));
	if (OidIsValid(hook->schema))
		namestrcpy(&schema, get_namespace_name(hook->schema));
	SET(schema, !OidIsValid(hook->schema), NameGetDatum(&schema));
	SET_TEXT(package, hook->package);
	SET_TEXT(description, hook->description);
	SET(payload, payload == NULL, PointerGetDatum(payload));
	SET(owner, false, ObjectIdGetDatum(hook->owner));
	SET_TEXT(search_path, hook->search_path);
	SET(enabled, false, BoolGetDatum(hook->enabled));
	SET(quarantined, false, BoolGetDatum(hook->quarantined));
	SET(enabled_at, false, TimestampTzGetDatum(hook->enabled_at));
#undef SET
#undef SET_TEXT
	return heap_form_tuple(desc, values, nulls);
}

/*
 * A row with the state of a hook, and else as it was.
 */
HeapTuple
hooks_hook_change_row(const Hook *hook, HeapTuple tuple, TupleDesc desc)
{
	Datum		values[Natts_registry];
	bool		nulls[Natts_registry] = {false};
	bool		change[Natts_registry] = {false};

#define CHANGE(column, value) \
	(change[Anum_registry_##column - 1] = true, \
	 values[Anum_registry_##column - 1] = (value))
	CHANGE(hook_id, Int64GetDatum(hook->hook_id));
	CHANGE(enabled, BoolGetDatum(hook->enabled));
	CHANGE(quarantined, BoolGetDatum(hook->quarantined));
	CHANGE(enabled_at, TimestampTzGetDatum(hook->enabled_at));
#undef CHANGE
	return heap_modify_tuple(tuple, desc, values, nulls, change);
}

/*
 * Do two rows show the same?
 */
bool
hooks_hook_same_row(HeapTuple a, HeapTuple b, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		null_a;
		bool		null_b;
		Datum		value_a = heap_getattr(a, i + 1, desc, &null_a);
		Datum		value_b = heap_getattr(b, i + 1, desc, &null_b);

		if (null_a != null_b ||
			(!null_a && !datum_image_eq(value_a, value_b, att->attbyval,
										att->attlen)))
			return false;
	}
	return true;
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

static bool
same_columns(List *a, List *b)
{
	return list_difference_int(a, b) == NIL &&
		list_difference_int(b, a) == NIL;
}

static bool
has_all(ArrayType *array, ArrayType *others)
{
	int			n;
	int			nothers;
	char	  **strings = hooks_hook_strings(array, &n);
	char	  **found = hooks_hook_strings(others, &nothers);

	for (int i = 0; i < nothers; i++)
	{
		int			at = 0;

		while (at < n && strcmp(strings[at], found[i]) != 0)
			at++;
		if (at == n)
			return false;
	}
	return true;
}

/*
 * Are two hooks of one name the same definition?  Who registered them, and
 * under which search_path, is no part of it, nor is the order of names where
 * they are a set.
 */
bool
hooks_hook_same(const Hook *a, const Hook *b)
{
	return a->phase == b->phase && a->actions == b->actions &&
		a->relation == b->relation && a->schema == b->schema &&
		a->callback == b->callback && a->level == b->level &&
		equal(a->condition, b->condition) &&
		same_columns(a->columns, b->columns) &&
		same_array(a->arguments, b->arguments) && a->policy == b->policy &&
		(a->timeout == NULL || b->timeout == NULL ?
		 a->timeout == b->timeout :
		 memcmp(a->timeout, b->timeout, sizeof(Interval)) == 0) &&
		a->max_attempts == b->max_attempts && a->priority == b->priority &&
		has_all(a->run_after, b->run_after) &&
		has_all(b->run_after, a->run_after) && a->run_as == b->run_as &&
		a->fire == b->fire && a->activation == b->activation &&
		same_string(a->package, b->package) &&
		same_string(a->description, b->description) &&
		same_columns(a->payload, b->payload);
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

/*
 * A hook's search_path in which temporary objects come last, unless it says
 * where they come.
 */
char *
hooks_hook_path(const Hook *hook)
{
	return hook->search_path[0] == '\0' ? pstrdup("pg_temp") :
		psprintf("%s, pg_temp", hook->search_path);
}
