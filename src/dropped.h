/*
 * dropped.h
 *		Removes hooks, by themselves or with what a command dropped.
 */
#ifndef HOOKS_DROPPED_H
#define HOOKS_DROPPED_H

#include "postgres.h"

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

extern void hooks_dropped_remove(List *hooks);
extern void hooks_dropped_objects(Node *command);

#endif							/* HOOKS_DROPPED_H */
