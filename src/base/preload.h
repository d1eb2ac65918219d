/*
 * preload.h
 *		Is the library there before a session's first statement?
 */
#ifndef HOOKS_PRELOAD_H
#define HOOKS_PRELOAD_H

#include "postgres.h"

extern void hooks_preload_init(void);
extern bool hooks_preload_is_set(void);
extern bool hooks_preload_was_early(void);
extern bool hooks_preload_is_shared(void);
extern void hooks_preload_require_shared(const char *what);

#endif							/* HOOKS_PRELOAD_H */
