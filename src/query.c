/*
 * query.c
 *		The queries of a cascade's steps.
 *
 * A step's query joins a tuplestore, "f", of keys with the referencing table, by
 * the operators and collations that ri_triggers.c uses for the foreign key.
 * Every name in it is qualified, and every identifier quoted.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "callback.h"
#include "query.h"
#include "rights.h"

/*
 * The rows that go into a step's query: leading columns, then the key's.
 */
TupleDesc
hooks_query_desc(const HookStep *step, bool checks)
{
	const HookForeignKey *key = step->key;
	int			first = checks ? 4 : 1;
	TupleDesc	desc = CreateTemplateTupleDesc(first + key->nkeys);

	TupleDescInitEntry(desc, 1, "event", INT8OID, -1, 0);
	if (checks)
	{
		TupleDescInitEntry(desc, 2, "change", INT8OID, -1, 0);
		TupleDescInitEntry(desc, 3, "relid", OIDOID, -1, 0);
		TupleDescInitEntry(desc, 4, "tid", TIDOID, -1, 0);
	}
	/* of the type's collation, as the parameters of ri_triggers.c's queries */
	for (int i = 0; i < key->nkeys; i++)
		TupleDescInitEntry(desc, first + i + 1, psprintf("k%d", i + 1),
						   checks ?
						   get_atttype(key->referencing, key->referencing_keys[i]) :
						   get_atttype(key->referenced, key->referenced_keys[i]),
						   -1, 0);
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
	const char *name = get_rel_name(relid);

	/* a table that is only referred to may not be one of the route */
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	return psprintf("%s%s %s", children || is_partitioned(relid) ? "" : "ONLY ",
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
											   name),
					alias);
}

/*
 * The table that holds a row of such an item: a constant if it can, as a system
 * column keeps PostgreSQL from reading an index only.
 */
static const char *
holder(Oid relid, bool children)
{
	return children || is_partitioned(relid) ? "tableoid" :
		psprintf("%u::pg_catalog.oid", relid);
}

static const char *
column_name(Oid relid, AttrNumber attnum)
{
	return quote_identifier(get_attname(relid, attnum, false));
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
 * Refuses (42501) a function that would be called in the name of who looks and
 * is neither PostgreSQL's or another superuser's nor his own.
 */
static void
check_function(const HookForeignKey *key, Oid function)
{
	Oid			owner = hooks_callback_owner(function);

	if (function < FirstNormalObjectId || superuser_arg(owner) ||
		owner == GetUserId())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("cannot follow foreign key \"%s\" of table \"%s\"",
					key->name, get_rel_name(key->referencing)),
			 errdetail("To compare its columns, a function of another role would be called.")));
}

/*
 * The same for what a cast calls, however that was made since.
 */
static void
check_cast(const HookForeignKey *key, Oid from, Oid to)
{
	Oid			cast;

	switch (find_coercion_pathway(to, from, COERCION_EXPLICIT, &cast))
	{
		case COERCION_PATH_FUNC:
			check_function(key, cast);
			break;
		case COERCION_PATH_ARRAYCOERCE:
			check_cast(key, getBaseType(get_element_type(from)),
					   getBaseType(get_element_type(to)));
			break;
		default:
			break;
	}
}

/*
 * The same for what a comparison calls: its operator, and the casts to what that
 * compares.
 */
static void
check_comparison(const HookForeignKey *key, Oid operator, Oid left, Oid right)
{
	Oid			inputs[2];
	Oid			types[2];

	check_function(key, get_opcode(operator));
	op_input_types(operator, &inputs[0], &inputs[1]);
	types[0] = getBaseType(left);
	types[1] = getBaseType(right);
	for (int i = 0; i < 2; i++)
		if (types[i] != inputs[i] && !IsPolymorphicType(inputs[i]))
			check_cast(key, types[i], inputs[i]);
}

/*
 * Appends the comparison of a key's column with what refers to it, as
 * ri_GenerateQual() in ri_triggers.c makes it.
 */
static void
append_comparison(StringInfo query, const HookForeignKey *key, int i,
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
	check_comparison(key, key->operators[i], type, referencing_type);
	if (i > 0)
		appendStringInfoString(query, " AND ");
	generate_operator_clause(query, referenced, type, key->operators[i],
							 referencing, referencing_type);
	if (OidIsValid(collation) && collation != referencing_collation &&
		!get_collation_isdeterministic(collation))
		appendStringInfo(query, " COLLATE %s", collation_name(collation));
}

/*
 * SELECT 0, HOLDER, ctid, COLUMN ... FROM ONLY TABLE [WHERE (CONDITION)]
 * SELECT 0, tableoid, ctid FROM TABLE [WHERE (CONDITION)]
 *
 * The second is of a table with children, which have columns of their own.  The
 * condition is one that hooks_condition_parse() has seen.
 */
char *
hooks_query_roots(const HookTable *table, bool children, const char *condition)
{
	StringInfoData query;
	ListCell   *lc;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT 0::pg_catalog.int8, %s, ctid",
					 holder(table->relid, children));
	foreach(lc, table->columns)
		if (!children)
			appendStringInfo(&query, ", %s", column_name(table->relid, lfirst_int(lc)));
	appendStringInfo(&query, " FROM %s",
					 from_item(table->relid, children, ""));
	if (condition != NULL)
		appendStringInfo(&query, " WHERE (%s\n)", condition);
	return query.data;
}

/*
 * f.k1 = c.KEY AND ...
 */
static void
append_key(StringInfo query, const HookForeignKey *key)
{
	for (int i = 0; i < key->nkeys; i++)
		append_comparison(query, key, i, psprintf("f.k%d", i + 1),
						  psprintf("c.%s", column_name(key->referencing, key->referencing_keys[i])));
}

/*
 * SELECT f.event, HOLDER, c.ctid, SAME, c.xmin, c.COLUMN ...
 *   FROM STORE f, [ONLY] TABLE c WHERE f.k1 = c.KEY AND ... [ORDER BY 1, 2, 3]
 */
char *
hooks_query_rows(const HookStep *step, const char *name, bool ordered)
{
	const HookForeignKey *key = step->key;
	StringInfoData query;
	ListCell   *lc;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT f.event, %s, c.ctid, ",
					 holder(key->referencing, false));
	if (!step->knows_same)
		appendStringInfoString(&query, "false");
	else
	{
		int			n = 0;

		for (int i = 0; i < key->nkeys; i++)
		{
			Oid			type = get_atttype(key->referencing, key->referencing_keys[i]);

			if (step->defaults[i] == NULL)
				continue;
			if (n++ > 0)
				appendStringInfoString(&query, " AND ");
			generate_operator_clause(&query,
									 psprintf("c.%s", column_name(key->referencing, key->referencing_keys[i])),
									 type, key->own_operators[i],
									 step->defaults[i], type);
		}
	}
	appendStringInfoString(&query, step->set == NULL ? ", NULL" : ", c.xmin");
	foreach(lc, step->table->columns)
		appendStringInfo(&query, ", c.%s",
						 column_name(key->referencing, lfirst_int(lc)));
	appendStringInfo(&query, " FROM %s f, %s WHERE ",
					 quote_identifier(name),
					 from_item(key->referencing, false, "c"));
	append_key(&query, key);
	if (ordered)
		appendStringInfoString(&query, " ORDER BY 1, 2, 3");
	return query.data;
}

/*
 * SELECT 0, HOLDER, count(*) FROM STORE f, [ONLY] TABLE c
 *  WHERE f.k1 = c.KEY AND ... [GROUP BY 2]
 */
char *
hooks_query_counts(const HookStep *step, const char *name)
{
	const HookForeignKey *key = step->key;
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT 0::pg_catalog.int8, %s, pg_catalog.count(*) FROM %s f, %s WHERE ",
					 holder(key->referencing, false), quote_identifier(name),
					 from_item(key->referencing, false, "c"));
	append_key(&query, key);
	if (is_partitioned(key->referencing))
		appendStringInfoString(&query, " GROUP BY 2");
	return query.data;
}

/*
 * SELECT f.event, f.relid, f.tid, FREE, f.change, p.tableoid, p.ctid
 *   FROM STORE f LEFT JOIN [ONLY] TABLE p ON p.KEY = f.k1 AND ... [ORDER BY 1]
 *
 * FREE: by its nulls, the changed key need not exist.
 */
char *
hooks_query_checks(const HookStep *step, const char *name, bool ordered)
{
	const HookForeignKey *key = step->key;
	StringInfoData query;
	const char *value[INDEX_MAX_KEYS];

	for (int i = 0; i < key->nkeys; i++)
		value[i] = step->defaults[i] != NULL ? step->defaults[i] :
			psprintf("f.k%d", i + 1);
	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT f.event, f.relid, f.tid, ");
	for (int i = 0; i < key->nkeys; i++)
		appendStringInfo(&query, "%s%s IS NULL",
						 i == 0 ? "" : key->full ? " AND " : " OR ", value[i]);
	appendStringInfo(&query, ", f.change, p.tableoid, p.ctid FROM %s f LEFT JOIN %s ON ",
					 quote_identifier(name),
					 from_item(key->referenced, false, "p"));
	for (int i = 0; i < key->nkeys; i++)
		append_comparison(&query, key, i,
						  psprintf("p.%s", column_name(key->referenced, key->referenced_keys[i])),
						  value[i]);
	if (ordered)
		appendStringInfoString(&query, " ORDER BY 1");
	return query.data;
}

/*
 * Does an expression mean something else to another role?
 */
static bool
depends_on_role(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SQLValueFunction))
		switch (((SQLValueFunction *) node)->op)
		{
			case SVFOP_CURRENT_ROLE:
			case SVFOP_CURRENT_USER:
			case SVFOP_USER:
				return true;
			default:
				break;
		}
	return expression_tree_walker(node, depends_on_role, context);
}

/*
 * What a step sets the columns of its key to; false if that cannot be known
 * beforehand (a default that calls a volatile or somebody's function, or depends
 * on the role that the table belongs to), or leaves nothing to look up.
 */
bool
hooks_query_defaults(HookStep *step)
{
	const HookForeignKey *key = step->key;
	bool		is_default = step->effect == HOOK_EFFECT_SET_DEFAULT;
	bool		some = false;
	HookIdentity before;
	Relation	rel;

	if (step->recheck)
	{
		step->defaults = palloc0(sizeof(char *) * key->nkeys);
		return true;
	}
	if (step->copies || step->effect == HOOK_EFFECT_BLOCKED ||
		step->effect == HOOK_EFFECT_DELETE || (!is_default && !key->full))
		return false;
	step->defaults = palloc0(sizeof(char *) * key->nkeys);
	rel = table_open(key->referencing, NoLock);
	for (int i = 0; i < key->nkeys; i++)
	{
		AttrNumber	attnum = key->referencing_keys[i];
		Oid			type;
		int32		typmod;
		Oid			collation;
		Node	   *value = NULL;
		const char *text = "NULL";

		if (!bms_is_member(attnum, step->set))
			continue;
		if (is_default)
			value = build_column_default(rel, attnum);
		if (value != NULL)
		{
			/* the column's own type, or one that the default takes for a while */
			while (IsA(value, CoerceToDomain))
				value = (Node *) ((CoerceToDomain *) value)->arg;

			/* it is looked up as the owner of the other table */
			if (contain_volatile_functions(value) ||
				(depends_on_role(value, NULL) &&
				 rel->rd_rel->relowner != hooks_rights_owner(key->referenced)) ||
				hooks_callback_expression_runs_code(value) ||
				hooks_callback_type_runs_code(getBaseType(exprType(value))))
			{
				table_close(rel, NoLock);
				return false;
			}
			/* as it will be read */
			hooks_rights_become_owner(&before, key->referencing);
			text = deparse_expression(value, NIL, false, false);
			hooks_rights_become(&before);
			some = true;
		}
		get_atttypetypmodcoll(key->referencing, attnum, &type, &typmod, &collation);
		type = getBaseTypeAndTypmod(type, &typmod);
		step->defaults[i] = psprintf("CAST((%s) AS %s)", text,
									 format_type_extended(type, typmod,
														  FORMAT_TYPE_TYPEMOD_GIVEN |
														  FORMAT_TYPE_FORCE_QUALIFY));
	}
	table_close(rel, NoLock);
	step->knows_same = some;
	return some || key->full;
}

/*
 * Finds the row that the defaults of a key refer to; *relid is InvalidOid if
 * there is none, or not one for all.
 */
void
hooks_query_default_row(const HookStep *step, Oid *relid, ItemPointer tid)
{
	const HookForeignKey *key = step->key;
	StringInfoData query;
	HookIdentity before;
	bool		isnull;

	*relid = InvalidOid;
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT p.tableoid, p.ctid FROM %s WHERE ",
					 from_item(key->referenced, false, "p"));
	for (int i = 0; i < key->nkeys; i++)
	{
		if (step->defaults[i] == NULL)
			return;
		append_comparison(&query, key, i,
						  psprintf("p.%s", column_name(key->referenced, key->referenced_keys[i])),
						  step->defaults[i]);
	}
	hooks_rights_become_owner(&before, key->referenced);
	if (SPI_execute(query.data, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look up defaults of foreign key \"%s\"", key->name);
	hooks_rights_become(&before);
	if (SPI_processed == 1)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;

		*relid = DatumGetObjectId(SPI_getbinval(tuple, desc, 1, &isnull));
		*tid = *(ItemPointer) DatumGetPointer(SPI_getbinval(tuple, desc, 2, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
}
