/*
 * remove.h
 *		Removes hooks, with the triggers that no other hook wants.
 */
#ifndef HOOKS_REMOVE_H
#define HOOKS_REMOVE_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern void hooks_remove(List *hooks);

#endif							/* HOOKS_REMOVE_H */
