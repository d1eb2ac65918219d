/*
 * lock.h
 *		The locks of those who write the registry.
 */
#ifndef HOOKS_LOCK_H
#define HOOKS_LOCK_H

#include "postgres.h"

extern void hooks_lock_registry(void);
extern bool hooks_lock_hook(const char *name, bool wait);
extern bool hooks_lock_is_free(const char *name);
extern bool hooks_lock_try(const char *name);
extern void hooks_lock_name(const char *name);
extern void hooks_lock_release_name(const char *name);
extern void hooks_lock_release(const char *name);

#endif							/* HOOKS_LOCK_H */
