/*
 * condition.c
 *		A hook's condition: one boolean expression over OLD and NEW.
 *
 * The rules are those of WHEN in CREATE TRIGGER (CreateTrigger in trigger.c).
 * A text is parsed once, in hooks.register(), as its caller.  What is kept is
 * the tree, in which everything is known by its OID (definition.c): the text
 * that people are shown is made from it, and never read again.
 */
#include "postgres.h"

#include "access/attmap.h"
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
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
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "base/expression.h"
#include "base/identity.h"
#include "registry/condition.h"
#include "registry/unnamed.h"

/*
 * The parameters that the text of an expression depends on, as pg_dump sets
 * them: it must mean the same in every session.
 */
static const char *const fixed_parameters[][2] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"standard_conforming_strings", "on"},
	{"transform_null_equals", "off"},
	{"array_nulls", "on"},
	{"xmloption", "content"},
	{"DateStyle", "ISO, YMD"},
	{"IntervalStyle", "postgres"},
	{"extra_float_digits", "3"},
	{"bytea_output", "hex"},
	{"quote_all_identifiers", "off"},
	{"lc_monetary", "C"},
	{"TimeZone", "UTC"},
};

/*
 * Fixes them; returns the level to which AtEOXact_GUC() goes back.
 */
int
hooks_condition_fix_parameters(void)
{
	return hooks_identity_fix(fixed_parameters, lengthof(fixed_parameters));
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
			 errdetail("Its tables need not have the same columns."),
			 parser_errposition(pstate, column->location)));
	return NULL;				/* keep compiler quiet */
}

/*
 * 42702: a column of the table without OLD or NEW in front.
 */
static Node *
refuse_bare_column(ParseState *pstate, ColumnRef *column)
{
	Relation	rel = pstate->p_ref_hook_state;
	Node	   *first = linitial(column->fields);

	if (list_length(column->fields) == 1 && IsA(first, String) &&
		get_attnum(RelationGetRelid(rel), strVal(first)) != InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_COLUMN),
				 errmsg("column reference \"%s\" is ambiguous", strVal(first)),
				 errhint("Write OLD.%s or NEW.%s.",
						 quote_identifier(strVal(first)),
						 quote_identifier(strVal(first))),
				 parser_errposition(pstate, column->location)));
	return NULL;
}

/*
 * The condition as an expression over varno 1, OLD, and varno 2, NEW.  A wide
 * hook has no relation, and its condition no rows.
 */
static Node *
transform_condition(Relation rel, const char *source)
{
	ParseState *pstate = make_parsestate(NULL);
	Node	   *raw = hooks_expression_parse(source, "condition of a hook");
	HookExpressionText parsed = {source, strlen(HOOKS_EXPRESSION_PREFIX)};
	ErrorContextCallback context =
	{error_context_stack, hooks_expression_point, &parsed};
	ParseNamespaceItem *nsitem;
	Node	   *condition;

	pstate->p_sourcetext = psprintf(HOOKS_EXPRESSION_PREFIX "%s", source);
	if (rel != NULL)
	{
		nsitem = addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
											   makeAlias("old", NIL), false,
											   false);
		addNSItemToQuery(pstate, nsitem, false, true, true);
		nsitem = addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
											   makeAlias("new", NIL), false,
											   false);
		addNSItemToQuery(pstate, nsitem, false, true, true);
		pstate->p_pre_columnref_hook = refuse_bare_column;
		pstate->p_ref_hook_state = rel;
	}
	else
		pstate->p_post_columnref_hook = refuse_column;
	error_context_stack = &context;
	condition = transformWhereClause(pstate, raw, EXPR_KIND_TRIGGER_WHEN,
									 "WHEN");
	assign_expr_collations(pstate, condition);
	error_context_stack = context.previous;
	free_parsestate(pstate);
	return condition;
}

/*
 * Which row that a hook does not have its condition refers to, "OLD" or "NEW",
 * and why it does not, in *why; NULL if it refers to none.  Without desc
 * generated columns are not looked for.
 */
const char *
hooks_condition_missing_row(const Hook *hook, Node *condition, TupleDesc desc,
							const char **why)
{
	ListCell   *lc;

	foreach(lc, pull_var_clause(condition, 0))
	{
		Var		   *var = (Var *) lfirst(lc);
		bool		old = var->varno == PRS2_OLD_VARNO;

		*why = NULL;
		if (hook->level == HOOK_STATEMENT &&
			hook->phase != HOOK_BEFORE_CASCADE &&
			hook->phase != HOOK_BEFORE_CLOSURE)
			*why = "A hook of level statement has no row.";
		else if (hook->actions & HOOK_TRUNCATE)
			*why = "Action truncate has no row.";
		else if (old &&
				 (hook->actions & (HOOK_INSERT | HOOK_NAME | HOOK_PUT)))
			*why = "An inserted row has no OLD.";
		else if (!old && (hook->actions & HOOK_DELETE))
			*why = "A deleted row has no NEW.";
		else if (!old && hook->phase == HOOK_BEFORE && var->varattno < 0)
			*why = "System columns of NEW are not known before the row is there.";
		else if (!old && hook->phase == HOOK_BEFORE && desc != NULL &&
				 desc->constr != NULL)
		{
			for (int i = 0; i < desc->natts; i++)
				if (TupleDescAttr(desc, i)->attgenerated &&
					(var->varattno == 0 || var->varattno == i + 1))
					*why = "Generated columns of NEW are not known before the row is there.";
		}
		if (*why != NULL)
			return old ? "OLD" : "NEW";
	}
	return NULL;
}

/*
 * Refuses (42P17) references to rows that the hook does not have.
 */
static void
check_references(const Hook *hook, Node *condition, Relation rel)
{
	const char *why;
	const char *row = hooks_condition_missing_row(hook, condition,
												  rel == NULL ? NULL :
												  RelationGetDescr(rel), &why);

	if (row != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("condition of a hook cannot reference %s here", row),
				 errdetail_internal("%s", why)));
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
 * keeps: roles are of all databases, so that nothing here would know when one
 * is renamed or dropped.
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
 * How deep the nodes of a condition may lie in each other.  Others read it, in
 * whatever depth of the stack they are: generous for who writes by hand, and
 * no more than a small part of the smallest stack.
 */
#define MAX_DEPTH 500

static bool
is_too_deep(Node *node, void *context)
{
	int		   *depth = context;
	bool		result;

	if (node == NULL)
		return false;
	if (*depth == MAX_DEPTH)
		return true;
	(*depth)++;
	result = expression_tree_walker(node, is_too_deep, context);
	(*depth)--;
	return result;
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
 * A condition as text, in a form that means the same under an empty
 * search_path and in every session; NULL for none.
 */
char *
hooks_condition_text(Oid relid, Node *condition)
{
	int			guc_level;
	List	   *context;
	char	   *source;

	if (condition == NULL)
		return NULL;
	guc_level = hooks_condition_fix_parameters();
	context = !OidIsValid(relid) ? NIL :
		list_concat(deparse_context_for("old", relid),
					deparse_context_for("new", relid));
	source = deparse_expression(lift_new(condition, NULL), context, true,
								false);
	AtEOXact_GUC(false, guc_level);
	return source;
}

/*
 * A user's text as an expression over varno 1, OLD, and varno 2, NEW, for a
 * hook of which phase, level and actions are known.  rel is NULL for a wide
 * hook.  Names are looked up as the current user.
 *
 * PostgreSQL's own errors for what does not parse; 42601 for more than one
 * expression, 42P17 for OLD or NEW where the hook has none, 0A000 for
 * constants that cannot be kept, 54001 for too many levels.
 */
Node *
hooks_condition_transform(const Hook *hook, Relation rel, const char *source)
{
	Node	   *condition = transform_condition(rel, source);
	int			depth = 0;

	if (is_too_deep(condition, &depth))
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("condition of a hook is nested too deeply"),
				 errdetail("The limit is %d levels.", MAX_DEPTH)));
	check_references(hook, condition, rel);
	(void) refuse_roles(condition, NULL);
	return hooks_unnamed_write_out(condition);
}
