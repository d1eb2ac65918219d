/*
 * drop.h
 *		Hooks on "drop".
 */
#ifndef HOOKS_DROP_H
#define HOOKS_DROP_H

#include "postgres.h"

#include "nodes/nodes.h"

extern void hooks_drop_fire(Node *command, const char *tag);

#endif							/* HOOKS_DROP_H */
