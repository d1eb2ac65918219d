/*
 * expression.h
 *		A user's text as one expression; the value of an expression.
 */
#ifndef HOOKS_EXPRESSION_H
#define HOOKS_EXPRESSION_H

#include "postgres.h"

#include "nodes/nodes.h"

/* what hooks_expression_parse() puts in front of the text */
#define HOOKS_EXPRESSION_PREFIX "SELECT "

/* A text that is parsed, and what was put in front of it */
typedef struct HookExpressionText
{
	const char *source;
	int			prefix;			/* its length */
} HookExpressionText;

extern void hooks_expression_point(void *parsed);
extern Node *hooks_expression_parse(const char *source, const char *what);
extern Datum hooks_expression_value(Node *expression, bool *isnull);

#endif							/* HOOKS_EXPRESSION_H */
