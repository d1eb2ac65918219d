/*
 * drop.h
 *		Hooks on "drop".
 */
#ifndef HOOKS_DROP_H
#define HOOKS_DROP_H

#include "postgres.h"

#include "nodes/nodes.h"

#include "ddl/dependents.h"
#include "registry/hook.h"

extern bool hooks_drop_fires_above(const Hook *hook, Oid relid,
								   const HookDependents *dependents);
extern void hooks_drop_fire(Node *command, const char *tag);

#endif							/* HOOKS_DROP_H */
