/*
 * callback.h
 *		From the text of a callback to a function and back.
 */
#ifndef HOOKS_CALLBACK_H
#define HOOKS_CALLBACK_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "nodes/pg_list.h"
#include "utils/array.h"

#include "registry.h"

extern Oid	hooks_callback_lookup(const char *text, bool takes_jsonb);
extern Oid	hooks_callback_resolve(const char *signature);
extern Oid	hooks_callback_owner(Oid function);
extern List *hooks_callback_functions(Node *expression);
extern bool hooks_callback_type_runs_code(Oid type);
extern bool hooks_callback_expression_runs_code(Node *expression);
extern ArrayType *hooks_callback_owners(List *functions);
extern bool hooks_callback_owner_is_known(Oid function, const Hook *hook);
extern void hooks_callback_check_owner(Oid function, const Hook *hook);
extern char *hooks_callback_signature(Oid function);

#endif							/* HOOKS_CALLBACK_H */
