/*
 * launch.h
 *		What the launcher does: starts workers when it is time.
 */
#ifndef HOOKS_LAUNCH_H
#define HOOKS_LAUNCH_H

#include "postgres.h"

extern bool hooks_launch_enter(void);
extern bool hooks_launch_starts(Oid database);
extern long hooks_launch_due(void);
extern bool hooks_launch_must_look(long *ms);
extern bool hooks_launch_is_in_the_way(void);
extern bool hooks_launch_leave(void);

#endif							/* HOOKS_LAUNCH_H */
