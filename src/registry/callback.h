/*
 * callback.h
 *		From the text of a callback to a function.
 */
#ifndef HOOKS_CALLBACK_H
#define HOOKS_CALLBACK_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "nodes/pg_list.h"

extern const char *hooks_callback_problem(Oid function, bool takes_jsonb);
extern char *hooks_callback_text(Oid function);
extern bool hooks_callback_takes_jsonb(const char *name);
extern Oid	hooks_callback_lookup(const char *name, bool takes_jsonb);
extern Oid	hooks_callback_lookup_plain(const char *name);
extern List *hooks_callback_functions(Node *expression);
extern bool hooks_callback_type_runs_code(Oid type);
extern bool hooks_callback_expression_runs_code(Node *expression);

#endif							/* HOOKS_CALLBACK_H */
