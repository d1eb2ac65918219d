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

#include "event.h"
#include "registry.h"

extern Node *hooks_condition_parse(const char *text, const char *what);
extern char *hooks_condition_normalize(Relation rel, const char *text,
									   HookPhase phase, HookLevel level,
									   int actions, List **functions);
extern Node *hooks_condition_compile(Relation rel, const Hook *hook);
extern Node *hooks_condition_resolve(const Hook *hook, bool wait);
extern char *hooks_condition_deparse(const Hook *hook, Node *condition);
extern bool hooks_condition_cannot_fail(Node *condition);

#endif							/* HOOKS_CONDITION_H */
