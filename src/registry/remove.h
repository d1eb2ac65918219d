/*
 * remove.h
 *		Removes hooks, with the triggers that no other hook wants.
 */
#ifndef HOOKS_REMOVE_H
#define HOOKS_REMOVE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "registry/hook.h"

/*
 * A hook is about to go: waits until no other session is at a delivery that
 * the second one deletes; forgets what waits to be delivered.  Set by who
 * keeps deliveries, once; what this wing must not include.
 */
extern void (*hooks_remove_lock_deliveries) (const Hook *hook);
extern void (*hooks_remove_deliveries) (const Hook *hook);

extern void hooks_remove(List *hooks);

#endif							/* HOOKS_REMOVE_H */
