/*
 * rules.h
 *		Rules that keep rows from being put back.
 */
#ifndef HOOKS_RULES_H
#define HOOKS_RULES_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "utils/rel.h"

extern void hooks_rules_check(Relation rel, CmdType operation, bool kept);

#endif							/* HOOKS_RULES_H */
