/*
 * convert.c
 *		From the registry of version 1.0 to definitions.
 *
 * The registry of 1.0 had nothing but text.  ALTER EXTENSION hooks UPDATE
 * copies its rows and calls hooks.convert_hook() for each, which resolves the
 * text once, as the hook's owner, and makes the definition.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/attempt.h"
#include "base/identity.h"
#include "base/own.h"
#include "base/rights.h"
#include "registry/arguments.h"
#include "registry/callback.h"
#include "registry/compose.h"
#include "registry/condition.h"
#include "registry/path.h"
#include "registry/record.h"
#include "registry/registry.h"

/* A row, and what is made of it */
typedef struct Conversion
{
	HookArguments given;
	char	   *search_path;	/* as 1.0 kept it */
	Oid			owner;
	/* who owned its functions then, regrole[] */
	ArrayType  *function_owners;
	Hook	   *hook;			/* with the row's state */
} Conversion;

static char *
text_or_null(Datum value, bool isnull)
{
	return isnull ? NULL : TextDatumGetCString(value);
}

static ArrayType *
array_or_null(Datum value, bool isnull)
{
	return isnull ? NULL : DatumGetArrayTypePCopy(value);
}

static Conversion *
read_row(HeapTuple tuple, TupleDesc desc)
{
	Conversion *conversion = palloc0(sizeof(Conversion));
	HookArguments *given = &conversion->given;
	Datum		values[Natts_registry];
	bool		nulls[Natts_registry];

#define VALUE(column) (values[Anum_registry_##column - 1])
#define ISNULL(column) (nulls[Anum_registry_##column - 1])
#define TEXT(column) text_or_null(VALUE(column), ISNULL(column))
#define ARRAY(column) array_or_null(VALUE(column), ISNULL(column))
	heap_deform_tuple(tuple, desc, values, nulls);
	given->name = TEXT(name);
	given->phase = TEXT(phase);
	given->action = TEXT(action);
	given->wide = ISNULL(relation);
	given->relation = given->wide ? InvalidOid :
		DatumGetObjectId(VALUE(relation));
	given->callback = TEXT(callback);
	given->level = TEXT(level);
	given->condition = TEXT(condition);
	given->columns = ARRAY(columns);
	given->arguments = ARRAY(arguments);
	given->on_error = TEXT(on_error);
	if (!ISNULL(timeout))
	{
		given->timeout = palloc(sizeof(Interval));
		*given->timeout = *DatumGetIntervalP(VALUE(timeout));
	}
	given->priority = DatumGetInt32(VALUE(priority));
	given->run_after = ARRAY(run_after);
	given->run_as = TEXT(run_as);
	given->fire = TEXT(fire);
	given->schema = ISNULL(schema) ? NULL :
		pstrdup(NameStr(*DatumGetName(VALUE(schema))));
	given->package = TEXT(package);
	given->description = TEXT(description);
	given->activation = "always";
	conversion->search_path = TEXT(search_path);
	conversion->owner = DatumGetObjectId(VALUE(owner));
	conversion->hook = hooks_hook_make();
	hooks_hook_read_row(conversion->hook, tuple, desc);
#undef VALUE
#undef ISNULL
#undef TEXT
#undef ARRAY
	return conversion;
}

/*
 * Refuses (42501) a function that belongs to another role than any of the
 * hook's did when it was registered: a name that got free in 1.0 must not
 * become a way to run code as the hook's owner.
 */
static void
check_owner(Oid function, const Conversion *conversion)
{
	Oid			owner = hooks_rights_function_owner(function);
	Oid		   *owners = (Oid *) ARR_DATA_PTR(conversion->function_owners);
	int			n = ArrayGetNItems(ARR_NDIM(conversion->function_owners),
								   ARR_DIMS(conversion->function_owners));

	for (int i = 0; i < n; i++)
		if (owners[i] == owner)
			return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("function %s belongs to another role than when the hook was registered",
					format_procedure_qualified(function))));
}

/*
 * Makes the definition of a row.  Its text is what 1.0 made of the user's: it
 * is qualified, so that the search_path is pg_catalog.  Only operators that
 * SQL cannot name, as that of IS DISTINCT FROM, are looked up behind that.
 */
static void
convert(void *arg)
{
	Conversion *conversion = arg;
	int			guc_level;
	Hook	   *hook;
	HookIdentity before;
	ListCell   *lc;

	if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(conversion->owner)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("its owner does not exist")));
	guc_level = hooks_condition_fix_parameters();
	hooks_identity_enter(&before, conversion->owner, HOOKS_RESTRICTED,
						 conversion->search_path[0] == '\0' ? HOOKS_SAFE_PATH :
						 psprintf("pg_catalog, %s, pg_temp",
								  conversion->search_path));
	hook = hooks_compose(&conversion->given);
	check_owner(hook->callback, conversion);
	foreach(lc, hooks_callback_functions(hook->condition))
	{
		check_owner(lfirst_oid(lc), conversion);
	}
	hooks_identity_set("search_path", conversion->search_path);
	hook->search_path = hooks_path_current();
	hooks_identity_end(&before);
	AtEOXact_GUC(false, guc_level);

	hook->enabled = conversion->hook->enabled;
	hook->quarantined = conversion->hook->quarantined;
	hook->enabled_at = conversion->hook->enabled_at;
	hooks_record_replace(hook, conversion->hook);
}

/*
 * The row of a hook; XX000 if there is none.
 */
static Conversion *
find_row(Datum name)
{
	Relation	registry =
		hooks_own_open(&hooks_registry_table, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Conversion *conversion;

	ScanKeyInit(&key, Anum_registry_name, BTEqualStrategyNumber, F_TEXTEQ,
				name);
	scan = systable_beginscan(registry,
							  hooks_own_find_index(registry, "registry_pkey",
												   Anum_registry_name),
							  true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "hook has no row");
	conversion = read_row(tuple, RelationGetDescr(registry));
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return conversion;
}

PG_FUNCTION_INFO_V1(hooks_convert_hook);

/*
 * hooks.convert_hook(name text, function_owners regrole[]) returns boolean
 *
 * Makes the definition of a row.  False: its text cannot be resolved; the hook
 * is told of with a WARNING and left disabled, without a definition.
 */
Datum
hooks_convert_hook(PG_FUNCTION_ARGS)
{
	Conversion *conversion = find_row(PG_GETARG_DATUM(0));
	ErrorData  *error;

	CHECK_FOR_INTERRUPTS();
	conversion->function_owners = PG_GETARG_ARRAYTYPE_P(1);
	error = hooks_attempt(convert, conversion);
	if (error != NULL)
	{
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("hook \"%s\" is left disabled, as its definition could not be made: %s",
						conversion->given.name, error->message),
				 errhint("Register it again with replace => true.")));
		conversion->hook->enabled = false;
		hooks_record_update(conversion->hook);
	}
	PG_RETURN_BOOL(error == NULL);
}
