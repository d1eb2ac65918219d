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

#include "registry/event.h"

extern Node *hooks_condition_parse(const char *text, const char *what);
extern Node *hooks_condition_transform(Relation rel, const char *text,
									   HookPhase phase, HookLevel level,
									   int actions);
extern char *hooks_condition_text(Oid relid, Node *condition);
extern Node *hooks_condition_compile(Node *condition, Oid relid, Relation rel,
									 Oid owner);
extern bool hooks_condition_cannot_fail(Node *condition);

#endif							/* HOOKS_CONDITION_H */
