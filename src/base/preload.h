/*
 * preload.h
 *		Is the library there before a session's first statement?
 */
#ifndef HOOKS_PRELOAD_H
#define HOOKS_PRELOAD_H

#include "postgres.h"

extern void hooks_preload_init(void);
extern bool hooks_preload_is_set(void);

#endif							/* HOOKS_PRELOAD_H */
