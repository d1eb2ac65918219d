/*
 * argument.h
 *		The arguments of an SQL function.
 */
#ifndef HOOKS_ARGUMENT_H
#define HOOKS_ARGUMENT_H

#include "postgres.h"

#include "fmgr.h"

extern const char *hooks_argument_name(FunctionCallInfo fcinfo, int n);
extern void hooks_argument_require(FunctionCallInfo fcinfo, int n);
extern char *hooks_argument_text(FunctionCallInfo fcinfo, int n);
extern char *hooks_argument_optional_text(FunctionCallInfo fcinfo, int n);

#endif							/* HOOKS_ARGUMENT_H */
