/*
 * watch.h
 *		The event triggers of the extension: that they are enabled.
 */
#ifndef HOOKS_WATCH_H
#define HOOKS_WATCH_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern List *hooks_watch_disabled(void);
extern void hooks_watch_enable(List *names);

#endif							/* HOOKS_WATCH_H */
