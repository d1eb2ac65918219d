/*
 * path.h
 *		The search_path that a callback runs under.
 */
#ifndef HOOKS_PATH_H
#define HOOKS_PATH_H

#include "postgres.h"

#include "registry/hook.h"

extern char *hooks_path_current(void);
extern void hooks_path_tell(const Hook *hook);

#endif							/* HOOKS_PATH_H */
