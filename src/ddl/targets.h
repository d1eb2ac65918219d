/*
 * targets.h
 *		What a command that drops things names.
 */
#ifndef HOOKS_TARGETS_H
#define HOOKS_TARGETS_H

#include "nodes/parsenodes.h"

extern List *hooks_targets_find(Node *command, bool *cascade);

#endif							/* HOOKS_TARGETS_H */
