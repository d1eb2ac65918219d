/*
 * condition.c
 *		A hook's condition: one boolean expression over OLD and NEW.
 *
 * The rules are those of WHEN in CREATE TRIGGER (CreateTrigger in trigger.c).
 * The registry keeps the condition as PostgreSQL deparses it with nothing but
 * pg_catalog in sight, so that every other name is qualified; it is parsed
 * again when a chain is built.  Then the registrar's search_path follows behind
 * pg_catalog, for the operators that SQL has no place to name: those behind IS
 * DISTINCT FROM, NULLIF and CASE.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteManip.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "callback.h"
#include "compat.h"
#include "condition.h"

/*
 * Sets the search_path; returns the level to which AtEOXact_GUC() goes back.
 */
static int
fix_search_path(const char *search_path)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("search_path", search_path,
							 PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/*
 * The raw tree of a text that must be one expression and nothing else; 42601
 * otherwise, where what is how to call it.
 *
 * Such a text can stand between "(" and "\n)" wherever an expression can, and
 * means nothing else there.
 */
Node *
hooks_condition_parse(const char *text, const char *what)
{
	List	   *parsed = pg_parse_query(psprintf("SELECT %s", text));
	SelectStmt *select;
	ResTarget  *target;

	/* In parentheses it parses as well, but for "a;" or "ALL a" */
	if (list_length(pg_parse_query(psprintf("SELECT (%s\n)", text))) == 1 &&
		list_length(parsed) == 1 &&
		IsA(linitial_node(RawStmt, parsed)->stmt, SelectStmt))
	{
		select = (SelectStmt *) linitial_node(RawStmt, parsed)->stmt;
		if (select->op == SETOP_NONE && select->distinctClause == NIL &&
			select->intoClause == NULL && select->fromClause == NIL &&
			select->whereClause == NULL && select->groupClause == NIL &&
			select->havingClause == NULL && select->windowClause == NIL &&
			select->valuesLists == NIL && select->sortClause == NIL &&
			select->limitOffset == NULL && select->limitCount == NULL &&
			select->lockingClause == NIL && select->withClause == NULL &&
			list_length(select->targetList) == 1)
		{
			target = linitial_node(ResTarget, select->targetList);
			if (target->name == NULL && target->indirection == NIL &&
				!(IsA(target->val, ColumnRef) &&
				  IsA(linitial(((ColumnRef *) target->val)->fields), A_Star)))
				return target->val;
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("%s is not a single expression: %s", what, text)));
	return NULL;				/* keep compiler quiet */
}

/*
 * The condition as an expression over varno 1, OLD, and varno 2, NEW.
 */
static Node *
transform_condition(Relation rel, const char *text)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *nsitem;
	Node	   *condition;

	nsitem = addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
										   makeAlias("old", NIL), false, false);
	addNSItemToQuery(pstate, nsitem, false, true, true);
	nsitem = addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
										   makeAlias("new", NIL), false, false);
	addNSItemToQuery(pstate, nsitem, false, true, true);
	condition = transformWhereClause(pstate,
									 hooks_condition_parse(text, "condition of a hook"),
									 EXPR_KIND_TRIGGER_WHEN, "WHEN");
	assign_expr_collations(pstate, condition);
	free_parsestate(pstate);
	return condition;
}

/*
 * Refuses (42P17) references to rows that the hook does not have.
 */
static void
check_references(Relation rel, Node *condition, HookPhase phase,
				 HookLevel level, int actions)
{
	TupleDesc	desc = RelationGetDescr(rel);
	ListCell   *lc;

	foreach(lc, pull_var_clause(condition, 0))
	{
		Var		   *var = (Var *) lfirst(lc);
		bool		old = var->varno == PRS2_OLD_VARNO;
		const char *problem = NULL;

		if (phase != HOOK_BEFORE_CASCADE && level != HOOK_ROW)
			problem = "A hook of level statement has no row.";
		else if (actions & HOOK_TRUNCATE)
			problem = "Action truncate has no row.";
		else if (old && (actions & (HOOK_INSERT | HOOK_NAME)))
			problem = "An inserted row has no OLD.";
		else if (!old && (actions & HOOK_DELETE))
			problem = "A deleted row has no NEW.";
		else if (!old && phase == HOOK_BEFORE && var->varattno < 0)
			problem = "System columns of NEW are not known before the row is there.";
		else if (!old && phase == HOOK_BEFORE && desc->constr != NULL)
		{
			for (int i = 0; i < desc->natts; i++)
				if (TupleDescAttr(desc, i)->attgenerated &&
					(var->varattno == 0 || var->varattno == i + 1))
					problem = "Generated columns of NEW are not known before the row is there.";
		}
		if (problem != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("condition of a hook cannot reference %s here",
							old ? "OLD" : "NEW"),
					 errdetail_internal("%s", problem)));
	}
}

/*
 * deparse_context_for() makes a context of one relation.  Two of them one
 * below the other serve for OLD and NEW if NEW's Vars point one level up.
 */
static Node *
lift_new(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = copyObject((Var *) node);

		if (var->varno == PRS2_NEW_VARNO)
		{
			var->varno = var->varnosyn = PRS2_OLD_VARNO;
			var->varlevelsup = 1;
		}
		return (Node *) var;
	}
	return expression_tree_mutator(node, lift_new, context);
}

/*
 * Checks a user's condition and returns it in the registry's form, with the
 * functions that it calls.
 *
 * PostgreSQL's own errors for what does not parse; 42601 for more than one
 * expression, 42P17 for OLD or NEW where the hook has none.
 */
char *
hooks_condition_normalize(Relation rel, const char *text, HookPhase phase,
						  HookLevel level, int actions, List **functions)
{
	Node	   *condition = transform_condition(rel, text);
	Oid			relid = RelationGetRelid(rel);
	char	   *normal;
	int			guc_level;

	check_references(rel, condition, phase, level, actions);
	*functions = hooks_condition_functions(condition);
	guc_level = fix_search_path("pg_catalog, pg_temp");
	normal = deparse_expression(lift_new(condition, NULL),
								list_concat(deparse_context_for("old", relid),
											deparse_context_for("new", relid)),
								true, false);
	AtEOXact_GUC(true, guc_level);
	return normal;
}

/*
 * The registry's form as an expression ready to be initialized, over the rows
 * of a relation: the hook's own or a partition of it.  OLD is the inner and
 * NEW the outer tuple of the expression context.
 *
 * This may happen in anybody's session.  Names are looked up, and whatever
 * functions parsing and planning call are called, as the hook's owner.
 */
Node *
hooks_condition_compile(Relation rel, const Hook *hook)
{
	Node	   *condition;
	Oid			userid;
	int			sec_context;
	int			restricted;
	int			guc_level;
	ListCell   *lc;

	GetUserIdAndSecContext(&userid, &sec_context);
	restricted = sec_context | SECURITY_LOCAL_USERID_CHANGE |
		SECURITY_RESTRICTED_OPERATION;
	guc_level = fix_search_path(hook->search_path[0] == '\0' ?
								"pg_catalog, pg_temp" :
								psprintf("pg_catalog, %s, pg_temp",
										 hook->search_path));
	SetUserIdAndSecContext(hook->owner, restricted);
	condition = transform_condition(rel, hook->condition);
	ChangeVarNodes(condition, PRS2_OLD_VARNO, INNER_VAR, 0);
	ChangeVarNodes(condition, PRS2_NEW_VARNO, OUTER_VAR, 0);
	/* before planning, which calls or inlines some of them */
	foreach(lc, hooks_condition_functions(condition))
		hooks_callback_check_owner(lfirst_oid(lc), hook);
	condition = (Node *) expression_planner((Expr *) condition);
	SetUserIdAndSecContext(userid, sec_context);
	AtEOXact_GUC(true, guc_level);
	return condition;
}

static bool
add_function(Oid function, void *context)
{
	List	  **functions = context;

	if (function >= FirstNormalObjectId)
		*functions = list_append_unique_oid(*functions, function);
	return false;
}

static bool
collect_functions(Node *node, void *context)
{
	if (node == NULL)
		return false;
	(void) check_functions_in_node(node, add_function, context);
	return expression_tree_walker(node, collect_functions, context);
}

/*
 * The functions that a condition calls, other than PostgreSQL's own.
 */
List *
hooks_condition_functions(Node *condition)
{
	List	   *functions = NIL;

	(void) collect_functions(condition, &functions);
	return functions;
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
hooks_condition_cannot_fail(Node *condition)
{
	return !may_fail(condition, NULL);
}
