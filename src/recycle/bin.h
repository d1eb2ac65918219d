/*
 * bin.h
 *		Which recycle bin this is.
 */
#ifndef HOOKS_BIN_H
#define HOOKS_BIN_H

#include "postgres.h"

#include "recycle/shape.h"

extern char *hooks_bin_mark(Oid relid, const HookShape *shape);

#endif							/* HOOKS_BIN_H */
