/*
 * opt_in.h
 *		The parameter hooks.opt_in: hooks that fire in this session only.
 */
#ifndef HOOKS_OPT_IN_H
#define HOOKS_OPT_IN_H

#include "postgres.h"

extern void hooks_opt_in_init(void);
extern bool hooks_opt_in_names(const char *hook);

#endif							/* HOOKS_OPT_IN_H */
