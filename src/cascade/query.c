/*
 * query.c
 *		The queries of a cascade's steps.
 *
 * A step's query joins a tuplestore, "f", of keys with the referencing table,
 * by the operators and collations that ri_triggers.c uses for the foreign key,
 * if compare.c allows them.  Every name in it is qualified, and every
 * identifier quoted.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/expression.h"
#include "base/identity.h"
#include "base/place.h"
#include "cascade/compare.h"
#include "cascade/query.h"
#include "registry/callback.h"

/*
 * The format of the input rows of a step's query: the leading columns, then
 * the key's.  For a step that copies a composite key, the columns of the new
 * key follow.
 */
TupleDesc
hooks_query_desc(const HookStep *step, bool checks)
{
	const HookForeignKey *key = step->key;
	int			first = checks ? 4 : 1;
	int			n = key->nkeys;
	bool		copies = step->copies && step->moves;
	TupleDesc	desc = CreateTemplateTupleDesc(first + n + (copies ? n : 0));

	TupleDescInitEntry(desc, 1, "event", INT8OID, -1, 0);
	if (checks)
	{
		TupleDescInitEntry(desc, 2, "change", INT8OID, -1, 0);
		TupleDescInitEntry(desc, 3, "relid", OIDOID, -1, 0);
		TupleDescInitEntry(desc, 4, "tid", TIDOID, -1, 0);
	}
	/* with the collation of the type, as parameters in ri_triggers.c have */
	for (int i = 0; i < n; i++)
	{
		Oid			type = checks ?
			get_atttype(key->referencing, key->referencing_keys[i]) :
			get_atttype(key->referenced, key->referenced_keys[i]);

		TupleDescInitEntry(desc, first + i + 1, psprintf("k%d", i + 1), type,
						   -1, 0);
		if (copies)
			TupleDescInitEntry(desc, first + n + i + 1, psprintf("n%d", i + 1),
							   type, -1, 0);
	}
	TupleDescFinalize(desc);
	return desc;
}

static bool
is_partitioned(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE;
}

static const char *
from_item(Oid relid, bool children, const char *alias)
{
	/* it may be gone: the route does not lock what is only referred to */
	if (get_rel_name(relid) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	return psprintf("%s%s %s", children ||
					is_partitioned(relid) ? "" : "ONLY ",
					hooks_place_quoted(relid),
					alias);
}

/*
 * SQL for the table that holds a row.  This is a constant where it can be, as
 * a system column prevents an index-only scan.
 */
static const char *
holder(Oid relid, bool children, const char *tableoid)
{
	return children || is_partitioned(relid) ? tableoid :
		psprintf("%u::pg_catalog.oid", relid);
}

static const char *
column_name(Oid relid, AttrNumber attnum)
{
	return quote_identifier(get_attname(relid, attnum, false));
}

/*
 * The type of a column; for a domain, its base type.
 */
static const char *
column_type(Oid relid, AttrNumber attnum)
{
	Oid			type;
	int32		typmod;
	Oid			collation;

	get_atttypetypmodcoll(relid, attnum, &type, &typmod, &collation);
	type = getBaseTypeAndTypmod(type, &typmod);
	return format_type_extended(type, typmod,
								FORMAT_TYPE_TYPEMOD_GIVEN |
								FORMAT_TYPE_FORCE_QUALIFY);
}

static const char *
collation_name(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->collnamespace),
									  NameStr(form->collname));
	ReleaseSysCache(tuple);
	return name;
}

/*
 * Appends the comparison of a key's column with what refers to it, as
 * ri_GenerateQual() in ri_triggers.c makes it.
 */
static void
append_comparison(StringInfo sql, const HookForeignKey *key, int i,
				  const char *referenced, const char *referencing)
{
	Oid			type;
	Oid			referencing_type;
	Oid			collation;
	Oid			referencing_collation;
	int32		typmod;

	get_atttypetypmodcoll(key->referenced, key->referenced_keys[i],
						  &type, &typmod, &collation);
	get_atttypetypmodcoll(key->referencing, key->referencing_keys[i],
						  &referencing_type, &typmod, &referencing_collation);
	hooks_compare_check(key, key->operators[i], type, referencing_type);
	if (i > 0)
		appendStringInfoString(sql, " AND ");
	generate_operator_clause(sql, referenced, type, key->operators[i],
							 referencing, referencing_type);
	if (OidIsValid(collation) && collation != referencing_collation &&
		!get_collation_isdeterministic(collation))
		appendStringInfo(sql, " COLLATE %s", collation_name(collation));
}

/*
 * SELECT 0, HOLDER, ctid, COLUMN ... FROM ONLY TABLE [WHERE (CONDITION)]
 * SELECT 0, tableoid, ctid FROM TABLE [WHERE (CONDITION)]
 *
 * The second form is for a table with children, whose columns can differ.
 * hooks_expression_parse() has checked the condition.
 */
char *
hooks_query_roots(const HookTable *table, bool children, const char *condition)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT 0::pg_catalog.int8, %s, ctid",
					 holder(table->relid, children, "tableoid"));
	foreach(lc, table->tree->columns)
	{
		if (!children)
			appendStringInfo(&sql, ", %s",
							 column_name(table->tree->root, lfirst_int(lc)));
	}
	appendStringInfo(&sql, " FROM %s",
					 from_item(table->relid, children, ""));
	if (condition != NULL)
		appendStringInfo(&sql, " WHERE (%s\n)", condition);
	return sql.data;
}

/*
 * f.k1 = c.KEY AND ...
 */
static void
append_key(StringInfo sql, const HookForeignKey *key)
{
	for (int i = 0; i < key->nkeys; i++)
		append_comparison(sql, key, i, psprintf("f.k%d", i + 1),
						  psprintf("c.%s",
								   column_name(key->referencing,
											   key->referencing_keys[i])));
}

/*
 * SELECT f.event, HOLDER, c.ctid, c.xmin, c.COLUMN ...[, f.k1 ...][, f.n1 ...]
 *   FROM STORE f JOIN [ONLY] TABLE c ON f.k1 = c.KEY AND ... [ORDER BY 1, 2,
 *   3]
 *
 * A LEFT JOIN with f.k1 ... if moved rows may meet the events of the step.
 */
char *
hooks_query_rows(const HookStep *step, const char *name, bool ordered)
{
	const HookForeignKey *key = step->key;
	StringInfoData sql;
	ListCell   *lc;

	Assert(!step->recheck);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT f.event, %s, c.ctid, %s",
					 holder(key->referencing, false, "c.tableoid"),
					 step->set == NULL ? "NULL" : "c.xmin");
	foreach(lc, step->table->tree->columns)
	{
		appendStringInfo(&sql, ", c.%s",
						 column_name(step->table->tree->root, lfirst_int(lc)));
	}
	for (int i = 0; i < key->nkeys && step->meets; i++)
		appendStringInfo(&sql, ", f.k%d", i + 1);
	for (int i = 0; i < key->nkeys && step->copies && step->moves; i++)
	{
		Oid			referenced = get_atttype(key->referenced,
											 key->referenced_keys[i]);
		Oid			referencing = get_atttype(key->referencing,
											  key->referencing_keys[i]);

		hooks_compare_check_cast(key, getBaseType(referenced),
								 getBaseType(referencing));
		appendStringInfo(&sql, ", CAST(f.n%d AS %s)", i + 1,
						 column_type(key->referencing,
									 key->referencing_keys[i]));
	}
	appendStringInfo(&sql, " FROM %s f %s %s ON ",
					 quote_identifier(name),
					 step->meets ? "LEFT JOIN" : "JOIN",
					 from_item(key->referencing, false, "c"));
	append_key(&sql, key);
	if (ordered)
		appendStringInfoString(&sql, " ORDER BY 1, 2, 3");
	return sql.data;
}

/*
 * SELECT 0, HOLDER, count(*) FROM STORE f, [ONLY] TABLE c
 *  WHERE f.k1 = c.KEY AND ... [GROUP BY 2]
 */
char *
hooks_query_counts(const HookStep *step, const char *name)
{
	const HookForeignKey *key = step->key;
	StringInfoData sql;

	Assert(step->alone);
	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT 0::pg_catalog.int8, %s, pg_catalog.count(*) FROM %s f, %s WHERE ",
					 holder(key->referencing, false, "c.tableoid"),
					 quote_identifier(name),
					 from_item(key->referencing, false, "c"));
	append_key(&sql, key);
	if (is_partitioned(key->referencing))
		appendStringInfoString(&sql, " GROUP BY 2");
	return sql.data;
}

/*
 * SELECT f.event, f.relid, f.tid, f.change, p.tableoid, p.ctid, f.k1 ...
 *   FROM STORE f LEFT JOIN [ONLY] TABLE p ON p.KEY = f.k1 AND ... [ORDER BY 1]
 */
char *
hooks_query_checks(const HookStep *step, const char *name, bool ordered)
{
	const HookForeignKey *key = step->key;
	StringInfoData sql;

	Assert(step->recheck);
	initStringInfo(&sql);
	appendStringInfoString(&sql,
						   "SELECT f.event, f.relid, f.tid, f.change, p.tableoid, p.ctid");
	for (int i = 0; i < key->nkeys; i++)
		appendStringInfo(&sql, ", f.k%d", i + 1);
	appendStringInfo(&sql, " FROM %s f LEFT JOIN %s ON ",
					 quote_identifier(name),
					 from_item(key->referenced, false, "p"));
	for (int i = 0; i < key->nkeys; i++)
		append_comparison(&sql, key, i,
						  psprintf("p.%s",
								   column_name(key->referenced,
											   key->referenced_keys[i])),
						  psprintf("f.k%d", i + 1));
	if (ordered)
		appendStringInfoString(&sql, " ORDER BY 1");
	return sql.data;
}

/*
 * The values to which ON ... SET DEFAULT sets the columns of a key, in the
 * current memory context; columns that it does not set are null.  False if
 * they cannot be known beforehand: a default calls a volatile function, or one
 * of another user.
 */
bool
hooks_query_defaults(const HookStep *step, Datum *values, bool *nulls)
{
	const HookForeignKey *key = step->key;
	HookIdentity before;
	bool		known = true;
	Relation	rel;

	Assert(step->effect == HOOK_EFFECT_SET_DEFAULT);
	/* PostgreSQL sets them as the owner */
	hooks_identity_become_owner(&before, key->referencing);
	rel = table_open(key->referencing, NoLock);
	memset(nulls, true, sizeof(bool) * key->nkeys);
	for (int i = 0; i < key->nkeys && known; i++)
	{
		AttrNumber	attnum = key->referencing_keys[i];
		Node	   *value = NULL;

		if (bms_is_member(attnum, step->set))
			value = build_column_default(rel, attnum);
		/* the column's own type */
		while (value != NULL && IsA(value, CoerceToDomain))
			value = (Node *) ((CoerceToDomain *) value)->arg;
		if (value == NULL)
			continue;
		known = !contain_volatile_functions(value) &&
			!hooks_callback_expression_runs_code(value) &&
			!hooks_callback_type_runs_code(getBaseType(exprType(value)));
		if (!known)
			continue;
		values[i] = hooks_expression_value(value, &nulls[i]);
	}
	table_close(rel, NoLock);
	hooks_identity_end(&before);
	return known;
}
