/*
 * planned.h
 *		A hook's condition, planned for the rows of one table.
 */
#ifndef HOOKS_PLANNED_H
#define HOOKS_PLANNED_H

#include "postgres.h"

#include "utils/relcache.h"

#include "registry/hook.h"

extern Node *hooks_planned_condition(const Hook *hook, Relation rel);
extern bool hooks_planned_cannot_fail(Node *condition);

#endif							/* HOOKS_PLANNED_H */
