/*
 * stamp.h
 *		The columns that hooks.touch() can set, and the hooks that it can be
 *		the callback of.
 */
#ifndef HOOKS_STAMP_H
#define HOOKS_STAMP_H

#include "postgres.h"

#include "access/attnum.h"
#include "utils/relcache.h"

#include "registry/hook.h"

extern AttrNumber hooks_stamp_find_column(Relation rel, const char *name);
extern void hooks_stamp_check(const Hook *hook, Relation rel);

#endif							/* HOOKS_STAMP_H */
