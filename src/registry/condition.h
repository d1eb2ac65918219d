/*
 * condition.h
 *		A hook's condition: one boolean expression over OLD and NEW.
 */
#ifndef HOOKS_CONDITION_H
#define HOOKS_CONDITION_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "registry/hook.h"

extern Node *hooks_condition_transform(const Hook *hook, Relation rel,
									   const char *source);
extern const char *hooks_condition_missing_row(const Hook *hook,
											   Node *condition, TupleDesc desc,
											   const char **why);
extern int	hooks_condition_fix_parameters(void);
extern char *hooks_condition_text(Oid relid, Node *condition);

#endif							/* HOOKS_CONDITION_H */
