/*
 * registry.c
 *		The hooks: their definitions, and the rows of hooks.registry.
 *
 * A definition says what a hook is (definition.c), its row in which state it
 * is.  Normally there are both.  A definition without a row is in force, as
 * one that was just registered; a row without a definition is of a hook that
 * is damaged.
 *
 * The table is read as catalog code does that, with no privilege check.
 * record.c writes it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "base/own.h"
#include "base/rights.h"
#include "registry/body.h"
#include "registry/definition.h"
#include "registry/present.h"
#include "registry/registry.h"

/*
 * The OID of hooks.registry.
 */
Oid
hooks_registry_relid(void)
{
	return hooks_own_relation(hooks_registry_table.name, RELKIND_RELATION);
}

/*
 * Who owns hooks.registry: a superuser.
 */
Oid
hooks_registry_owner(void)
{
	return hooks_rights_owner(hooks_registry_relid());
}

/*
 * The relations that have hooks, as OIDs.
 */
List *
hooks_registry_relations(void)
{
	Relation	registry =
		hooks_own_open(&hooks_registry_table, AccessShareLock);
	SysScanDesc scan = systable_beginscan(registry, InvalidOid, false, NULL, 0,
										  NULL);
	List	   *relids = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		relid = heap_getattr(tuple, Anum_registry_relation,
										 RelationGetDescr(registry), &isnull);

		if (!isnull)
			relids = lappend_oid(relids, DatumGetObjectId(relid));
	}
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return relids;
}

/* Which rows of the registry: all, or by one indexed column */
typedef struct RegistryKey
{
	const char *index;			/* NULL: no key; "": a key without index */
	AttrNumber	column;
	RegProcedure equal;			/* InvalidOid: where the column is null */
	Datum		value;
} RegistryKey;

static const RegistryKey all_rows = {NULL};
static const RegistryKey wide_rows =
{"registry_relation_idx", Anum_registry_relation};

/*
 * Begins a scan of the registry.  Nulls can be looked for in an index only, so
 * that without one (ignore_system_indexes) all rows come, and row_matches()
 * tells which are meant.
 */
static SysScanDesc
begin_scan(Relation registry, const RegistryKey *which)
{
	ScanKeyData key = {0};
	Oid			index = InvalidOid;
	int			nkeys = which->index != NULL ? 1 : 0;

	if (nkeys > 0 && which->index[0] != '\0' && !IgnoreSystemIndexes)
		index = hooks_own_find_index(registry, which->index, which->column);
	if (nkeys > 0 && OidIsValid(which->equal))
		ScanKeyInit(&key, which->column, BTEqualStrategyNumber, which->equal,
					which->value);
	else if (OidIsValid(index))
		ScanKeyEntryInitialize(&key, SK_ISNULL | SK_SEARCHNULL, which->column,
							   InvalidStrategy, InvalidOid, InvalidOid,
							   InvalidOid, (Datum) 0);
	else
		nkeys = 0;
	return systable_beginscan(registry, index, OidIsValid(index), NULL, nkeys,
							  &key);
}

static bool
row_matches(HeapTuple tuple, TupleDesc desc, const RegistryKey *which)
{
	return which->index == NULL || OidIsValid(which->equal) ||
		heap_attisnull(tuple, which->column, desc);
}

static int
compare_ids(const ListCell *a, const ListCell *b)
{
	int64		left = ((const Hook *) lfirst(a))->hook_id;
	int64		right = ((const Hook *) lfirst(b))->hook_id;

	return (left > right) - (left < right);
}

/*
 * The name of the hook that has a number; NULL if none has it.
 */
char *
hooks_registry_name_of(int64 hook_id)
{
	RegistryKey by_id =
	{"registry_hook_id_key", Anum_registry_hook_id, F_INT8EQ,
	Int64GetDatum(hook_id)};
	Relation	registry =
		hooks_own_open(&hooks_registry_table, AccessShareLock);
	SysScanDesc scan = begin_scan(registry, &by_id);
	HeapTuple	tuple = systable_getnext(scan);
	char	   *name = NULL;
	bool		isnull;

	if (HeapTupleIsValid(tuple))
		name = TextDatumGetCString(heap_getattr(tuple, Anum_registry_name,
												RelationGetDescr(registry),
												&isnull));
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return name;
}

/*
 * A copy of the row of a hook; NULL if it has none.
 */
HeapTuple
hooks_registry_row(const char *name)
{
	RegistryKey by_name = {"registry_pkey", Anum_registry_name, F_TEXTEQ,
		CStringGetTextDatum(name)};
	Relation	registry =
		hooks_own_open(&hooks_registry_table, AccessShareLock);
	SysScanDesc scan = begin_scan(registry, &by_name);
	HeapTuple	tuple = systable_getnext(scan);

	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return tuple;
}

/*
 * The hook of a row: read from its definition, or damaged.
 */
static Hook *
hook_of_row(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		name = heap_getattr(tuple, Anum_registry_name, desc, &isnull);
	Oid			definition = hooks_definition_find(TextDatumGetCString(name));
	Hook	   *hook = OidIsValid(definition) ?
		hooks_body_read(definition) : NULL;

	if (hook == NULL)
	{
		hook = hooks_hook_make();
		hook->damage = "it has no definition";
	}
	hooks_hook_read_row(hook, tuple, desc);
	return hook;
}

/*
 * The hooks of some rows, palloc'd, the oldest first.
 */
static List *
scan_registry(const RegistryKey *which)
{
	Relation	registry =
		hooks_own_open(&hooks_registry_table, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(registry);
	SysScanDesc scan = begin_scan(registry, which);
	List	   *hooks = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		if (row_matches(tuple, desc, which))
			hooks = lappend(hooks, hook_of_row(tuple, desc));
	}
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	list_sort(hooks, compare_ids);
	return hooks;
}

/*
 * The hook of a definition, with its row if it has one; NULL if the function
 * is gone.
 */
Hook *
hooks_registry_by_definition(Oid definition)
{
	Hook	   *hook = hooks_body_read(definition);
	HeapTuple	tuple = hook == NULL ? NULL : hooks_registry_row(hook->name);
	Relation	registry;

	if (HeapTupleIsValid(tuple))
	{
		registry = hooks_own_open(&hooks_registry_table, AccessShareLock);
		hooks_hook_read_row(hook, tuple, RelationGetDescr(registry));
		table_close(registry, AccessShareLock);
	}
	return hook;
}

/*
 * Adds the hooks of definitions that have no row.
 */
static List *
add_without_row(List *hooks, List *definitions)
{
	ListCell   *lc;

	foreach(lc, definitions)
	{
		Hook	   *hook;

		CHECK_FOR_INTERRUPTS();
		hook = hooks_registry_by_definition(lfirst_oid(lc));
		if (hook != NULL && !hooks_hook_has_row(hook))
			hooks = lappend(hooks, hook);
	}
	list_sort(hooks, compare_ids);
	return hooks;
}

/*
 * Has the registry a wide hook?
 */
bool
hooks_registry_has_wide(Relation registry)
{
	SysScanDesc scan = begin_scan(registry, &wide_rows);
	TupleDesc	desc = RelationGetDescr(registry);
	bool		found = false;
	HeapTuple	tuple;

	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = row_matches(tuple, desc, &wide_rows);
	systable_endscan(scan);
	return found;
}

/*
 * All hooks.
 */
List *
hooks_registry_all(void)
{
	return add_without_row(scan_registry(&all_rows), hooks_definition_all());
}

/*
 * The wide hooks.
 */
List *
hooks_registry_wide(void)
{
	return (hooks_present_kinds() & HOOKS_WIDE) == 0 ? NIL :
		scan_registry(&wide_rows);
}

/*
 * The hook of a name, NULL if there is none.  palloc'd.
 */
Hook *
hooks_registry_find(const char *name)
{
	RegistryKey by_name = {"registry_pkey", Anum_registry_name, F_TEXTEQ,
		CStringGetTextDatum(name)};
	List	   *found = scan_registry(&by_name);
	Oid			definition;

	if (found != NIL)
		return linitial(found);
	definition = hooks_definition_find(name);
	return OidIsValid(definition) ? hooks_body_read(definition) : NULL;
}

/*
 * The same, 42704 if there is none.
 */
Hook *
hooks_registry_get(const char *name)
{
	Hook	   *hook = hooks_registry_find(name);

	if (hook == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("hook \"%s\" does not exist", name)));
	return hook;
}

/*
 * Is an OID in a list of them, in ascending order?
 */
static bool
has_definition(const List *oids, Oid oid)
{
	int			low = 0;
	int			high = list_length(oids);

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (list_nth_oid(oids, middle) == oid)
			return true;
		if (list_nth_oid(oids, middle) < oid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/*
 * Adds the hooks of rows for a relation that are damaged; those that are whole
 * are known.
 */
static List *
add_damaged(List *hooks, Oid relid, const List *whole)
{
	RegistryKey by_relation =
	{"registry_relation_idx", Anum_registry_relation, F_OIDEQ,
	ObjectIdGetDatum(relid)};
	Relation	registry =
		hooks_own_open(&hooks_registry_table, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(registry);
	SysScanDesc scan = begin_scan(registry, &by_relation);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		name = heap_getattr(tuple, Anum_registry_name, desc,
										&isnull);
		Hook	   *hook;

		CHECK_FOR_INTERRUPTS();
		if (has_definition(whole,
						   hooks_definition_find(TextDatumGetCString(name))))
			continue;
		hook = hook_of_row(tuple, desc);
		if (hook->damage != NULL)
			hooks = lappend(hooks, hook);
	}
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return hooks;
}

/*
 * The hooks on a relation, the oldest first.  Which these are is told by their
 * definitions; those that are damaged, by their rows.
 */
List *
hooks_registry_of_relation(Oid relid)
{
	List	   *hooks = NIL;
	List	   *whole = NIL;
	ListCell   *lc;

	foreach(lc, hooks_definition_using(RelationRelationId, relid))
	{
		Hook	   *hook;

		CHECK_FOR_INTERRUPTS();
		hook = hooks_registry_by_definition(lfirst_oid(lc));
		if (hook == NULL || hook->damage != NULL)
			continue;
		whole = lappend_oid(whole, hook->definition);
		if (hook->relation == relid)
			hooks = lappend(hooks, hook);
	}
	hooks = add_damaged(hooks, relid, whole);
	list_sort(hooks, compare_ids);
	return hooks;
}

List *
hooks_registry_of_package(const char *package)
{
	List	   *hooks = NIL;
	ListCell   *lc;

	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);

		if (hook->package != NULL && strcmp(hook->package, package) == 0)
			hooks = lappend(hooks, hook);
	}
	return hooks;
}
