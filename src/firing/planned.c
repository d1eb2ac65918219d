/*
 * planned.c
 *		A hook's condition, planned for the rows of one table.
 */
#include "postgres.h"

#include "access/attmap.h"
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteManip.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/identity.h"
#include "firing/planned.h"

/*
 * The columns of a partitioned table as those of a partition of it, which have
 * the same names.
 */
static AttrMap *
map_columns(Oid from, Relation to)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(from));
	AttrMap    *map;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", from);
	map = make_attrmap(((Form_pg_class) GETSTRUCT(tuple))->relnatts);
	ReleaseSysCache(tuple);
	for (int i = 0; i < map->maplen; i++)
	{
		char	   *name = get_attname(from, i + 1, true);

		if (name != NULL)
			map->attnums[i] = get_attnum(RelationGetRelid(to), name);
	}
	return map;
}

/*
 * An expression over the rows of a relation, given one over those of a
 * partitioned table above it.
 */
static Node *
map_to_partition(Node *condition, Oid from, Relation to)
{
	AttrMap    *map;
	bool		whole_row;

	if (from == RelationGetRelid(to))
		return condition;
	map = map_columns(from, to);
	condition = map_variable_attnos(condition, PRS2_OLD_VARNO, 0, map,
									to->rd_rel->reltype, &whole_row);
	return map_variable_attnos(condition, PRS2_NEW_VARNO, 0, map,
							   to->rd_rel->reltype, &whole_row);
}

/*
 * The condition of a hook as an expression ready to be initialized, over the
 * rows of its table or of a partition of it.  OLD is the inner and NEW the
 * outer tuple of the expression context.
 *
 * This happens in anybody's session.  Planning calls and inlines functions,
 * whose bodies it parses: so it is done as the hook's owner, under the hook's
 * search_path, in a security-restricted operation; what they set is undone.
 */
Node *
hooks_planned_condition(const Hook *hook, Relation rel)
{
	Node	   *condition = copyObject(hook->condition);
	HookIdentity before;

	hooks_identity_enter(&before, hook->owner, HOOKS_RESTRICTED,
						 hooks_hook_path(hook));
	if (OidIsValid(hook->relation))
		condition = map_to_partition(condition, hook->relation, rel);
	if (rel != NULL)
		condition = hooks_expand_generated(condition, rel);
	ChangeVarNodes(condition, PRS2_OLD_VARNO, INNER_VAR, 0);
	ChangeVarNodes(condition, PRS2_NEW_VARNO, OUTER_VAR, 0);
	condition = (Node *) expression_planner((Expr *) condition);
	hooks_identity_end(&before);
	return condition;
}

static bool
is_not_leakproof(Oid function, void *context)
{
	return !get_func_leakproof(function);
}

static bool
may_fail(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Const:
		case T_List:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_RelabelType:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CaseTestExpr:
		case T_CoalesceExpr:
			break;
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
			if (check_functions_in_node(node, is_not_leakproof, NULL))
				return true;
			break;
		default:
			return true;
	}
	return expression_tree_walker(node, may_fail, context);
}

/*
 * Can the condition be evaluated outside a subtransaction and as anybody?
 * Only if nothing is in it but leakproof functions: these promise to throw no
 * error that depends on their arguments, and only superusers can mark them so.
 */
bool
hooks_planned_cannot_fail(Node *condition)
{
	return !may_fail(condition, NULL);
}
