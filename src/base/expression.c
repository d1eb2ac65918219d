/*
 * expression.c
 *		A user's text as one expression; the value of an expression.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "base/expression.h"

#define PARENTHESIS_PREFIX "SELECT ("

/*
 * Makes the position of an error one in the user's own text.  An error context
 * callback for whoever goes on with the expression; the argument is a
 * HookExpressionText.
 */
void
hooks_expression_point(void *arg)
{
	const HookExpressionText *parsed = arg;
	int			position = geterrposition();

	if (position <= 0)
		return;
	errposition(0);
	internalerrposition(Max(position - parsed->prefix, 1));
	internalerrquery(parsed->source);
}

static List *
parse_with(const char *prefix, const char *source, const char *suffix)
{
	HookExpressionText parsed = {source, strlen(prefix)};
	ErrorContextCallback context =
	{error_context_stack, hooks_expression_point, &parsed};
	List	   *trees;

	error_context_stack = &context;
	trees = pg_parse_query(psprintf("%s%s%s", prefix, source, suffix));
	error_context_stack = context.previous;
	return trees;
}

/*
 * The raw tree of a text that must be one expression and nothing else; 42601
 * otherwise, where what is how to call it.  Positions in the tree count the
 * seven letters of "SELECT " in front of the text.
 *
 * Such a text can be put between "(" and "\n)" wherever an expression can
 * stand, and has the same meaning there.
 */
Node *
hooks_expression_parse(const char *source, const char *what)
{
	List	   *parsed = parse_with(HOOKS_EXPRESSION_PREFIX, source, "");
	SelectStmt *select;
	ResTarget  *target;

	/*
	 * In parentheses, only an expression parses of what can follow SELECT, or
	 * a list of several: not "a;", "ALL a", a name for it, or most clauses.
	 * But "(SELECT a) UNION SELECT b" is a query in parentheses then.
	 */
	if (list_length(parse_with(PARENTHESIS_PREFIX, source, "\n)")) == 1 &&
		list_length(parsed) == 1)
		select = castNode(SelectStmt, linitial_node(RawStmt, parsed)->stmt);
	else
		select = NULL;
	if (select != NULL && select->op == SETOP_NONE &&
		select->sortClause == NIL && select->limitOffset == NULL &&
		select->limitCount == NULL && select->lockingClause == NIL)
	{
		target = linitial_node(ResTarget, select->targetList);
		if (list_length(select->targetList) == 1 &&
			!(IsA(target->val, ColumnRef) &&
			  IsA(linitial(((ColumnRef *) target->val)->fields), A_Star)))
			return target->val;
	}
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("%s is not a single expression: %s", what, source)));
	return NULL;				/* keep compiler quiet */
}

/*
 * The value of an expression over no rows, in the current memory context.  It
 * is planned and evaluated as the current user.
 */
Datum
hooks_expression_value(Node *expression, bool *isnull)
{
	EState	   *estate = CreateExecutorState();
	ExprState  *state = ExecPrepareExpr((Expr *) expression, estate);
	ExprContext *context = GetPerTupleExprContext(estate);
	Datum		value = ExecEvalExprSwitchContext(state, context, isnull);
	int16		length;
	bool		by_value;

	get_typlenbyval(exprType(expression), &length, &by_value);
	if (!*isnull)
		value = datumCopy(value, by_value, length);
	FreeExecutorState(estate);
	return value;
}
