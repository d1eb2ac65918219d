/*
 * unnamed.c
 *		Operators that SQL has no place to name.
 *
 * IS DISTINCT FROM, NULLIF and CASE x WHEN y compare by an operator "=" that
 * is looked up in the search_path.  The text of an expression does not tell
 * which that was, so that pg_dump, which restores with nothing in sight but
 * pg_catalog, brings another one: of two citext columns, the one of text.
 * Where it is not one of pg_catalog, the expression is written out, with an
 * operator that the text names:
 *
 *		a IS DISTINCT FROM b	CASE WHEN a IS NULL THEN b IS NOT NULL
 *									 WHEN b IS NULL THEN true ELSE NOT a = b
 *									 END
 *		NULLIF(a, b)			CASE WHEN a IS NULL OR b IS NULL THEN a
 *									 WHEN a = b THEN NULL ELSE a END
 *		CASE a WHEN b THEN ...	CASE WHEN a = b THEN ...
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "registry/unnamed.h"

static bool
is_in_pg_catalog(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	bool		found;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	found = ((Form_pg_operator) GETSTRUCT(tuple))->oprnamespace ==
		PG_CATALOG_NAMESPACE;
	ReleaseSysCache(tuple);
	return found;
}

/* The most nodes that are written twice, as they multiply when nested */
#define MAX_NODES	1000

static bool
count_nodes(Node *node, void *count)
{
	return node != NULL &&
		(++*(int *) count > MAX_NODES ||
		 expression_tree_walker(node, count_nodes, count));
}

/*
 * Refuses what cannot be evaluated more than once (0A000), or is too large to
 * be written so many times (54001).
 */
static void
check_repeatable(Node *expression, int times, Oid operator)
{
	int			count = 0;

	if (count_nodes(expression, &count) || count > MAX_NODES / times)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("cannot keep operator %s of a comparison of such large expressions",
						format_operator_qualified(operator)),
				 errdetail("IS DISTINCT FROM, NULLIF and CASE have no place for its name."),
				 errhint("Write the comparison with OPERATOR().")));
	if (contain_volatile_functions(expression))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot keep operator %s of a comparison of volatile expressions",
						format_operator_qualified(operator)),
				 errdetail("IS DISTINCT FROM, NULLIF and CASE have no place for its name."),
				 errhint("Write the comparison with OPERATOR().")));
}

static Node *
make_null_test(Node *arg, NullTestType type)
{
	NullTest   *test = makeNode(NullTest);

	test->arg = copyObject((Expr *) arg);
	test->nulltesttype = type;
	test->location = -1;
	return (Node *) test;
}

static CaseWhen *
make_when(Node *condition, Node *result)
{
	CaseWhen   *when = makeNode(CaseWhen);

	when->expr = (Expr *) condition;
	when->result = (Expr *) result;
	when->location = -1;
	return when;
}

static Node *
make_case(Oid type, Oid collation, List *whens, Node *otherwise)
{
	CaseExpr   *result = makeNode(CaseExpr);

	result->casetype = type;
	result->casecollid = collation;
	result->args = whens;
	result->defresult = (Expr *) otherwise;
	result->location = -1;
	return (Node *) result;
}

/*
 * a = b, by the operator of an expression of the same form.
 */
static Node *
make_comparison(const OpExpr *from)
{
	OpExpr	   *op = makeNode(OpExpr);

	*op = *from;
	op->xpr.type = T_OpExpr;
	op->opresulttype = BOOLOID;
	op->args = copyObject(from->args);
	return (Node *) op;
}

static Node *
write_out_distinct(const DistinctExpr *distinct)
{
	Node	   *a = linitial(distinct->args);
	Node	   *b = lsecond(distinct->args);
	Node	   *differ = (Node *)
		makeBoolExpr(NOT_EXPR, list_make1(make_comparison(distinct)), -1);

	return make_case(BOOLOID, InvalidOid,
					 list_make2(make_when(make_null_test(a, IS_NULL),
										  make_null_test(b, IS_NOT_NULL)),
								make_when(make_null_test(b, IS_NULL),
										  makeBoolConst(true, false))),
					 differ);
}

static Node *
write_out_nullif(const NullIfExpr *nullif)
{
	Node	   *a = linitial(nullif->args);
	Node	   *b = lsecond(nullif->args);
	Node	   *null = (Node *) makeNullConst(exprType(a), exprTypmod(a),
											  exprCollation(a));

	List	   *nulls = list_make2(make_null_test(a, IS_NULL),
								   make_null_test(b, IS_NULL));

	return make_case(exprType(a), exprCollation(a),
					 list_make2(make_when((Node *) makeBoolExpr(OR_EXPR, nulls,
																-1),
										  copyObject(a)),
								make_when(make_comparison(nullif), null)),
					 copyObject(a));
}

/*
 * The left side of a comparison in CASE x WHEN: x, which a CaseTestExpr stands
 * for, and casts of it.
 */
static Node *
replace_test(Node *node, void *test)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, CaseTestExpr))
		return copyObject((Node *) test);
	if (IsA(node, ArrayCoerceExpr))
	{
		/* the CaseTestExpr in its elemexpr is its own */
		ArrayCoerceExpr *coerce = copyObject((ArrayCoerceExpr *) node);

		coerce->arg = (Expr *) replace_test((Node *) coerce->arg, test);
		return (Node *) coerce;
	}
	return expression_tree_mutator(node, replace_test, test);
}

/*
 * The operator of CASE x WHEN that is not in pg_catalog; InvalidOid if there
 * is none.
 */
static Oid
unnamed_in_case(const CaseExpr *expr)
{
	ListCell   *lc;

	if (expr->arg == NULL)
		return InvalidOid;
	foreach(lc, expr->args)
	{
		const OpExpr *op = (const OpExpr *) lfirst_node(CaseWhen, lc)->expr;

		if (IsA(op, OpExpr) && !is_in_pg_catalog(op->opno))
			return op->opno;
	}
	return InvalidOid;
}

static Node *
write_out_case(CaseExpr *expr)
{
	CaseExpr   *result = copyObject(expr);
	ListCell   *lc;

	foreach(lc, result->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, lc);

		if (IsA(when->expr, OpExpr))
		{
			ListCell   *left = list_head(((OpExpr *) when->expr)->args);

			lfirst(left) = replace_test(lfirst(left), expr->arg);
		}
		else
			when->expr = (Expr *) replace_test((Node *) when->expr, expr->arg);
	}
	result->arg = NULL;
	return (Node *) result;
}

static Node *
write_out(Node *node, void *context)
{
	Oid			operator;

	if (node == NULL)
		return NULL;
	node = expression_tree_mutator(node, write_out, context);
	switch (nodeTag(node))
	{
		case T_DistinctExpr:
			operator = ((DistinctExpr *) node)->opno;
			if (is_in_pg_catalog(operator))
				return node;
			check_repeatable(node, 1, operator);
			return write_out_distinct((DistinctExpr *) node);
		case T_NullIfExpr:
			operator = ((NullIfExpr *) node)->opno;
			if (is_in_pg_catalog(operator))
				return node;
			check_repeatable(node, 1, operator);
			return write_out_nullif((NullIfExpr *) node);
		case T_CaseExpr:
			operator = unnamed_in_case((CaseExpr *) node);
			if (!OidIsValid(operator))
				return node;
			check_repeatable((Node *) ((CaseExpr *) node)->arg,
							 list_length(((CaseExpr *) node)->args), operator);
			return write_out_case((CaseExpr *) node);
		default:
			return node;
	}
}

/*
 * The same expression, whose text names all operators that are not in
 * pg_catalog.  0A000 if that cannot be.
 */
Node *
hooks_unnamed_write_out(Node *expression)
{
	return write_out(expression, NULL);
}
