/*
 * filter.c
 *		Row filters: restrictive policies of PostgreSQL's row-level security
 *		whose names are ours.
 *
 * The policy is all that there is of a filter: PostgreSQL applies it, renames
 * and drops it with what it uses, and dumps it.  Whoever owns a table can make
 * one by hand; it is a filter then, like any other.  So two tables can have
 * filters of one name, though register_filter() does not make them.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_policy.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/readfuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/place.h"
#include "registry/condition.h"
#include "registry/filter.h"
#include "registry/lock.h"

/*
 * The filter that a policy is, NULL if it is none.
 */
static HookFilter *
filter_of_policy(HeapTuple tuple, TupleDesc desc)
{
	Form_pg_policy form = (Form_pg_policy) GETSTRUCT(tuple);
	const char *name = NameStr(form->polname);
	HookFilter *filter;
	Datum		expression;
	bool		isnull;

	if (form->polpermissive ||
		strncmp(name, HOOKS_FILTER_PREFIX, strlen(HOOKS_FILTER_PREFIX)) != 0)
		return NULL;
	filter = palloc(sizeof(HookFilter));
	filter->name = pstrdup(name + strlen(HOOKS_FILTER_PREFIX));
	filter->relation = form->polrelid;
	expression = heap_getattr(tuple, Anum_pg_policy_polqual, desc, &isnull);
	filter->expression = isnull ? NULL :
		stringToNode(TextDatumGetCString(expression));
	return filter;
}

/*
 * Looks at the policies of a table, or of all for InvalidOid.  Adds filters to
 * a list; returns whether there is a permissive policy.
 */
static bool
scan_policies(Oid relid, List **filters)
{
	Relation	pg_policy = table_open(PolicyRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		permissive = false;

	ScanKeyInit(&key, Anum_pg_policy_polrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(pg_policy, PolicyPolrelidPolnameIndexId,
							  OidIsValid(relid), NULL,
							  OidIsValid(relid) ? 1 : 0, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		HookFilter *filter =
			filter_of_policy(tuple, RelationGetDescr(pg_policy));

		CHECK_FOR_INTERRUPTS();
		permissive |= ((Form_pg_policy) GETSTRUCT(tuple))->polpermissive;
		if (filter != NULL)
			*filters = lappend(*filters, filter);
	}
	systable_endscan(scan);
	table_close(pg_policy, AccessShareLock);
	return permissive;
}

/*
 * All filters of the database.
 */
List *
hooks_filter_all(void)
{
	List	   *filters = NIL;

	(void) scan_policies(InvalidOid, &filters);
	return filters;
}

/*
 * Those of a name.
 */
List *
hooks_filter_named(const char *name)
{
	List	   *named = NIL;
	ListCell   *lc;

	foreach(lc, hooks_filter_all())
	{
		if (strcmp(((HookFilter *) lfirst(lc))->name, name) == 0)
			named = lappend(named, lfirst(lc));
	}
	return named;
}

/*
 * Those of a table, by name.
 */
List *
hooks_filter_of_relation(Oid relid)
{
	List	   *filters = NIL;

	(void) scan_policies(relid, &filters);
	return filters;
}

/*
 * Is row-level security enabled for a table?
 */
bool
hooks_filter_is_on(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		on;

	if (!HeapTupleIsValid(tuple))
		return false;
	on = ((Form_pg_class) GETSTRUCT(tuple))->relrowsecurity;
	ReleaseSysCache(tuple);
	return on;
}

/*
 * Has a table a permissive policy?  Without one, row-level security shows
 * nobody anything.
 */
bool
hooks_filter_has_permissive(Oid relid)
{
	List	   *filters = NIL;

	return scan_policies(relid, &filters);
}

/*
 * The name of the policy, quoted for SQL.
 */
char *
hooks_filter_policy(const char *name)
{
	return pstrdup(quote_identifier(psprintf(HOOKS_FILTER_PREFIX "%s", name)));
}

/*
 * The expression as text, in a form that means the same under an empty
 * search_path and in every session; NULL for none.
 */
char *
hooks_filter_text(const HookFilter *filter)
{
	int			guc_level;
	List	   *context;
	char	   *deparsed;

	if (filter->expression == NULL)
		return NULL;
	guc_level = hooks_condition_fix_parameters();
	context = deparse_context_for(get_rel_name(filter->relation),
								  filter->relation);
	deparsed = deparse_expression(filter->expression, context, false, false);
	AtEOXact_GUC(false, guc_level);
	return deparsed;
}

/*
 * 42710 if a name is a filter's.
 */
void
hooks_filter_refuse_name(const char *name)
{
	List	   *filters = hooks_filter_named(name);
	const HookFilter *first;

	if (filters == NIL)
		return;
	first = linitial(filters);
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("filter \"%s\" of table \"%s\" already exists", name,
					get_rel_name(first->relation)),
			 errhint("A filter is replaced with replace => true. Hooks and filters do not have the same name.")));
}

/*
 * Drops the policy as the current user, who must own the table: 42501.
 */
void
hooks_filter_drop(const HookFilter *filter)
{
	char	   *command = psprintf("DROP POLICY %s ON %s",
								   hooks_filter_policy(filter->name),
								   hooks_place_quoted(filter->relation));

	SPI_connect();
	if (SPI_execute(command, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not execute \"%s\"", command);
	SPI_finish();
}

/*
 * The filters of a name on tables that the current user owns; 42501 if there
 * are some, but they are others'.
 */
static List *
find_to_remove(const char *name)
{
	List	   *filters = hooks_filter_named(name);
	List	   *own = NIL;
	ListCell   *lc;

	foreach(lc, filters)
	{
		const HookFilter *filter = lfirst(lc);

		if (hooks_class_ownercheck(filter->relation, GetUserId()))
			own = lappend(own, lfirst(lc));
	}
	if (filters != NIL && own == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of the table of filter \"%s\"", name)));
	return own;
}

/*
 * Drops the filters of a name on tables that the current user owns, under the
 * lock of the name.  False if there are none of the name; 42501 if they are
 * others'.
 */
bool
hooks_filter_remove(const char *name)
{
	List	   *filters;
	ListCell   *lc;

	if (find_to_remove(name) == NIL)
		return false;
	(void) hooks_lock_hook(name, true);
	filters = find_to_remove(name);
	foreach(lc, filters)
	{
		hooks_filter_drop(lfirst(lc));
	}
	if (filters == NIL)
		hooks_lock_release_name(name);
	return filters != NIL;
}
