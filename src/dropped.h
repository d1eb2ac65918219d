/*
 * dropped.h
 *		What the drop of objects means for the registry.
 */
#ifndef HOOKS_DROPPED_H
#define HOOKS_DROPPED_H

#include "postgres.h"

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

#include "registry.h"

extern void hooks_dropped_objects(Node *command);
extern void hooks_dropped_owners(DropOwnedStmt *command);
extern void hooks_dropped_remove(List *hooks);
extern void hooks_dropped_check_conditions(Node *command);

#endif							/* HOOKS_DROPPED_H */
