/*
 * condition.c
 *		A hook's condition: one boolean expression over OLD and NEW.
 *
 * The rules are those of WHEN in CREATE TRIGGER (CreateTrigger in trigger.c).
 * The registry keeps the condition as PostgreSQL deparses it with nothing but
 * pg_catalog in sight, so that every other name is qualified, and under fixed
 * parameters; it is parsed again when a chain is built.  Then the registrar's
 * search_path follows behind pg_catalog, for the operators that SQL has no place
 * to name: those behind IS DISTINCT FROM, NULLIF and CASE.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parse_type.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteManip.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/typcache.h"

#include "attempt.h"
#include "callback.h"
#include "compat.h"
#include "condition.h"

/*
 * The parameters that a text depends on, as pg_dump sets them: it must mean the
 * same in every session.
 */
static const char *const fixed_parameters[][2] = {
	{"standard_conforming_strings", "on"},
	{"backslash_quote", "safe_encoding"},
	{"transform_null_equals", "off"},
	{"array_nulls", "on"},
	{"DateStyle", "ISO, YMD"},
	{"IntervalStyle", "postgres"},
	{"extra_float_digits", "3"},
	{"bytea_output", "hex"},
	{"xmloption", "content"},
	{"quote_all_identifiers", "off"},
	{"lc_monetary", "C"},
	{"TimeZone", "UTC"},
};

static void
fix_parameter(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Fixes them and the search_path; returns the level to which AtEOXact_GUC()
 * goes back.
 */
static int
fix_parameters(const char *search_path)
{
	int			level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(fixed_parameters); i++)
		fix_parameter(fixed_parameters[i][0], fixed_parameters[i][1]);
	fix_parameter("search_path", search_path);
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
 * 42P17: a column in the condition of a wide hook.
 */
static Node *
refuse_column(ParseState *pstate, ColumnRef *column, Node *var)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
			 errmsg("condition of a hook on more than one table cannot reference %s",
					NameListToString(column->fields)),
			 errdetail("Its tables need not have the same columns.")));
	return NULL;				/* keep compiler quiet */
}

/*
 * The condition as an expression over varno 1, OLD, and varno 2, NEW.  A wide
 * hook has no relation, and its condition no rows.
 */
static Node *
transform_condition(Relation rel, const char *text)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *nsitem;
	Node	   *condition;

	if (rel != NULL)
	{
		nsitem = addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
											   makeAlias("old", NIL), false, false);
		addNSItemToQuery(pstate, nsitem, false, true, true);
		nsitem = addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
											   makeAlias("new", NIL), false, false);
		addNSItemToQuery(pstate, nsitem, false, true, true);
	}
	else
		pstate->p_post_columnref_hook = refuse_column;
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
	ListCell   *lc;

	foreach(lc, pull_var_clause(condition, 0))
	{
		Var		   *var = (Var *) lfirst(lc);
		bool		old = var->varno == PRS2_OLD_VARNO;
		TupleDesc	desc = RelationGetDescr(rel);
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
 * Is a role in values of the type: itself, or what it is made of?
 */
static bool
has_role(Oid type)
{
	Oid			base = getBaseType(type);
	Oid			element = get_element_type(base);
	TupleDesc	desc;

	check_stack_depth();
	if (base == REGROLEOID)
		return true;
	if (OidIsValid(element))
		return has_role(element);
	if (get_typtype(base) != TYPTYPE_COMPOSITE)
		return false;
	desc = lookup_rowtype_tupdesc_copy(base, -1);
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped &&
			has_role(TupleDescAttr(desc, i)->atttypid))
			return true;
	return false;
}

/*
 * Refuses (0A000) constants that name a role, as PostgreSQL does in what it
 * keeps: roles are of all databases, so that nothing here would know when one is
 * renamed or dropped.
 */
static bool
refuse_roles(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Const) && !((Const *) node)->constisnull &&
		has_role(((Const *) node)->consttype))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("constant of the type %s cannot be used here",
						format_type_be(((Const *) node)->consttype)),
				 errdetail("A condition does not follow when the role is renamed or dropped."),
				 errhint("Compare its name instead, as in role::text = 'name'.")));
	return expression_tree_walker(node, refuse_roles, context);
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
 * A condition as the registry keeps it.
 */
static char *
deparse_condition(Oid relid, Node *condition)
{
	int			guc_level = fix_parameters("pg_catalog, pg_temp");
	List	   *context = !OidIsValid(relid) ? NIL :
		list_concat(deparse_context_for("old", relid),
					deparse_context_for("new", relid));
	char	   *text = deparse_expression(lift_new(condition, NULL), context,
										  true, false);

	AtEOXact_GUC(false, guc_level);
	return text;
}

/*
 * Refuses (0A000) constants that cannot be read without running somebody's code:
 * conditions are read in sessions that have nothing to do with their hook.
 */
static bool
refuse_constants_that_call(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, TypeCast) && IsA(((TypeCast *) node)->arg, A_Const))
	{
		Oid			type = LookupTypeNameOid(NULL, ((TypeCast *) node)->typeName,
											 true);

		/* A domain itself is checked when the condition is evaluated */
		if (OidIsValid(type) && hooks_callback_type_runs_code(getBaseType(type)))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("condition of a hook cannot have a constant of type %s",
							format_type_be(type)),
					 errdetail("Reading it may run a CHECK of a domain, or another user's function."),
					 errhint("Cast a constant of a domain's base type in two steps.")));
	}
	return raw_expression_tree_walker(node, refuse_constants_that_call, context);
}

/*
 * Checks a user's condition and returns it in the registry's form, with the
 * functions that it calls.  rel is NULL for a wide hook.
 *
 * PostgreSQL's own errors for what does not parse; 42601 for more than one
 * expression, 42P17 for OLD or NEW where the hook has none, 0A000 for constants
 * that cannot be kept.
 */
char *
hooks_condition_normalize(Relation rel, const char *text, HookPhase phase,
						  HookLevel level, int actions, List **functions)
{
	Node	   *condition = transform_condition(rel, text);
	char	   *normal;
	int			guc_level;

	check_references(rel, condition, phase, level, actions);
	(void) refuse_roles(condition, NULL);
	*functions = hooks_callback_functions(condition);
	normal = deparse_condition(rel == NULL ? InvalidOid : RelationGetRelid(rel),
							   condition);
	guc_level = fix_parameters("pg_catalog, pg_temp");
	(void) refuse_constants_that_call(hooks_condition_parse(normal, "condition of a hook"), NULL);
	AtEOXact_GUC(false, guc_level);
	return normal;
}

/*
 * The registry's form as an expression over varno 1, OLD, and varno 2, NEW; rel
 * is NULL for a wide hook.  PostgreSQL's own errors for what is not there.
 *
 * This may happen in anybody's session.  Names are looked up, and whatever
 * functions parsing calls are called, as the hook's owner, and what they set is
 * undone.  Planning, which calls or inlines some more, comes after a look at
 * whose they are.
 */
static Node *
parse_as_owner(Relation rel, const Hook *hook, bool plan)
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
	guc_level = fix_parameters(hook->search_path[0] == '\0' ?
							   "pg_catalog, pg_temp" :
							   psprintf("pg_catalog, %s, pg_temp",
										hook->search_path));
	SetUserIdAndSecContext(hook->owner, restricted);
	(void) refuse_constants_that_call(hooks_condition_parse(hook->condition, "condition of a hook"),
									  NULL);
	condition = transform_condition(OidIsValid(hook->relation) ? rel : NULL,
									hook->condition);
	if (plan)
	{
		condition = hooks_expand_generated(condition, rel);
		ChangeVarNodes(condition, PRS2_OLD_VARNO, INNER_VAR, 0);
		ChangeVarNodes(condition, PRS2_NEW_VARNO, OUTER_VAR, 0);
		foreach(lc, hooks_callback_functions(condition))
			hooks_callback_check_owner(lfirst_oid(lc), hook);
		condition = (Node *) expression_planner((Expr *) condition);
	}
	SetUserIdAndSecContext(userid, sec_context);
	AtEOXact_GUC(false, guc_level);
	return condition;
}

/*
 * The registry's form as an expression ready to be initialized, over the rows
 * of a relation: the hook's own or a partition of it.  OLD is the inner and
 * NEW the outer tuple of the expression context.
 */
Node *
hooks_condition_compile(Relation rel, const Hook *hook)
{
	return parse_as_owner(rel, hook, true);
}

typedef struct Resolution
{
	const Hook *hook;
	Relation	rel;
	Node	   *condition;
} Resolution;

static void
resolve(void *arg)
{
	Resolution *resolution = arg;

	resolution->condition = parse_as_owner(resolution->rel, resolution->hook,
										   false);
}

/*
 * The condition of a hook, from the registry, as an expression that knows what
 * it refers to by OIDs and column numbers, over the rows of the hook's own
 * relation.  NULL if something in it is not there any more; also, unless told to
 * wait, if somebody keeps others from the relation.
 */
Node *
hooks_condition_resolve(const Hook *hook, bool wait)
{
	Resolution	resolution = {hook, NULL, NULL};
	ErrorData  *error;

	if (OidIsValid(hook->relation))
	{
		if (!wait && !ConditionalLockRelationOid(hook->relation, AccessShareLock))
			return NULL;
		resolution.rel = try_relation_open(hook->relation,
										   wait ? AccessShareLock : NoLock);
		if (resolution.rel == NULL)
			return NULL;
	}
	error = hooks_attempt(resolve, &resolution);
	/* who looks must not keep others from the table */
	if (resolution.rel != NULL)
		relation_close(resolution.rel, AccessShareLock);
	return error != NULL ? NULL : resolution.condition;
}

/*
 * The same expression in the registry's form, with the names of now.
 */
char *
hooks_condition_deparse(const Hook *hook, Node *condition)
{
	return deparse_condition(hook->relation, condition);
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
