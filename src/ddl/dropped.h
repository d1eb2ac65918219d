/*
 * dropped.h
 *		Removes the hooks that go with what a command dropped.
 */
#ifndef HOOKS_DROPPED_H
#define HOOKS_DROPPED_H

#include "postgres.h"

#include "nodes/parsenodes.h"

extern void hooks_dropped_objects(Node *command);

#endif							/* HOOKS_DROPPED_H */
