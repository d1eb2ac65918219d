/*
 * definition.h
 *		From the arguments of hooks.register() to a hook, or an error.
 */
#ifndef HOOKS_DEFINITION_H
#define HOOKS_DEFINITION_H

#include "postgres.h"

#include "fmgr.h"

#include "registry.h"

/* the position of "replace" among the arguments of hooks.register() */
#define HOOKS_ARG_REPLACE 19

extern void hooks_definition_require(FunctionCallInfo fcinfo, int arg,
									 const char *name);
extern char *hooks_definition_text(FunctionCallInfo fcinfo, int arg,
								   const char *name);
extern Hook *hooks_definition_make(FunctionCallInfo fcinfo);
extern void hooks_definition_check_run_after(const Hook *hook);

#endif							/* HOOKS_DEFINITION_H */
