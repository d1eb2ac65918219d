/*
 * death.h
 *		Deliveries that ended their workers.
 */
#ifndef HOOKS_DEATH_H
#define HOOKS_DEATH_H

#include "postgres.h"

extern void hooks_death_serve(Oid extension);
extern void hooks_death_add(Oid database, int64 delivery, int alone);
extern bool hooks_death_at(int64 delivery, int *crashes);
extern int	hooks_death_alone(int64 hook_id);
extern void hooks_death_forget(bool written);

#endif							/* HOOKS_DEATH_H */
