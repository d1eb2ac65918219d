/*
 * gaps.c
 *		For whom and where the filters of a table do not apply.
 *
 * Two gaps are not reported.  Superusers always see all rows, and which
 * functions with SECURITY DEFINER read the table cannot be known.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_rewrite.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "base/rights.h"
#include "registry/filter.h"
#include "system/gaps.h"

/*
 * The names of roles with BYPASSRLS that can read the table, NULL if there are
 * none but superusers.
 */
static char *
roles_that_bypass(Oid relid)
{
	Relation	pg_authid = table_open(AuthIdRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(pg_authid, InvalidOid, false, NULL,
										  0, NULL);
	StringInfoData names;
	HeapTuple	tuple;

	initStringInfo(&names);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_authid form = (Form_pg_authid) GETSTRUCT(tuple);

		CHECK_FOR_INTERRUPTS();
		if (form->rolsuper || !form->rolbypassrls ||
			pg_class_aclcheck(relid, form->oid, ACL_SELECT) != ACLCHECK_OK)
			continue;
		appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
						 NameStr(form->rolname));
	}
	systable_endscan(scan);
	table_close(pg_authid, AccessShareLock);
	return names.len > 0 ? names.data : NULL;
}

/*
 * Does a view or materialized view read the table as a role to whom the
 * filters do not apply?
 */
static bool
view_reads_all(Oid view, Oid relid)
{
	Relation	rel = try_relation_open(view, AccessShareLock);
	bool		all;

	if (rel == NULL)
		return false;
	all = (rel->rd_rel->relkind == RELKIND_MATVIEW ||
		   (rel->rd_rel->relkind == RELKIND_VIEW &&
			!RelationHasSecurityInvoker(rel))) &&
		check_enable_rls(relid, rel->rd_rel->relowner, true) != RLS_ENABLED;
	relation_close(rel, AccessShareLock);
	return all;
}

/*
 * The views whose rules use the table, each once.
 */
static List *
views_on(Oid relid)
{
	Relation	pg_depend = table_open(DependRelationId, AccessShareLock);
	Relation	pg_rewrite = table_open(RewriteRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *views = NIL;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(pg_depend, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		ScanKeyData key;
		SysScanDesc rules;
		HeapTuple	rule;
		Oid			view = InvalidOid;

		CHECK_FOR_INTERRUPTS();
		if (form->classid != RewriteRelationId)
			continue;
		ScanKeyInit(&key, Anum_pg_rewrite_oid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(form->objid));
		rules = systable_beginscan(pg_rewrite, RewriteOidIndexId, true, NULL,
								   1, &key);
		rule = systable_getnext(rules);
		if (HeapTupleIsValid(rule))
			view = ((Form_pg_rewrite) GETSTRUCT(rule))->ev_class;
		systable_endscan(rules);
		if (OidIsValid(view) && view != relid)
			views = list_append_unique_oid(views, view);
	}
	systable_endscan(scan);
	table_close(pg_rewrite, AccessShareLock);
	table_close(pg_depend, AccessShareLock);
	return views;
}

/*
 * Sentences that say for whom and where the filters of a table do not apply.
 */
List *
hooks_gaps_find(Oid relid)
{
	const char *table = get_rel_name(relid);
	List	   *gaps = NIL;
	Oid			owner = hooks_rights_owner(relid);
	char	   *names;
	ListCell   *lc;

	if (!hooks_filter_is_on(relid))
		return list_make1(psprintf("row-level security of table \"%s\" is not enabled",
								   table));
	if (check_enable_rls(relid, owner, true) != RLS_ENABLED)
		gaps = lappend(gaps,
					   psprintf("filters of table \"%s\" do not apply to its owner \"%s\"%s",
								table, GetUserNameFromId(owner, false),
								superuser_arg(owner) ? "" :
								", as it has not FORCE ROW LEVEL SECURITY"));
	names = roles_that_bypass(relid);
	if (names != NULL)
		gaps = lappend(gaps,
					   psprintf("filters of table \"%s\" do not apply to roles with BYPASSRLS: %s",
								table, names));
	foreach(lc, views_on(relid))
	{
		if (view_reads_all(lfirst_oid(lc), relid))
			gaps = lappend(gaps,
						   psprintf("view \"%s\" shows all rows of table \"%s\", as it reads them as its owner",
									get_rel_name(lfirst_oid(lc)), table));
	}
	if (has_subclass(relid) &&
		find_inheritance_children(relid, NoLock) != NIL)
		gaps = lappend(gaps,
					   psprintf("filters of table \"%s\" do not apply to statements that name a partition or child of it",
								table));
	return gaps;
}
